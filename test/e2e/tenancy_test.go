package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// trespass is what an operation answers somebody of another organisation who
// knows every id.
type trespass struct {
	ids  map[string]string // values of the path's parameters
	body any
	want []int
}

// TestTenancy calls every operation of the OpenAPI document as the owner of one
// organisation with the ids of another's. An operation that the table does not
// know fails the test: whoever adds one decides who may call it.
func TestTenancy(t *testing.T) {
	t.Parallel()
	s := harness.NewServerWith(t, []string{"GATEPOST_NODE_KEY=" + nodeKey})
	alice, bob := newTenant(s, "alice"), newTenant(s, "bob")
	c := bob.enrol("a camera of Bob's alone")
	now := time.Now()
	from, to, later := harness.Stamp(now.Add(-time.Hour)), harness.Stamp(now.Add(-time.Minute)), harness.Stamp(now.Add(time.Hour))

	var live, playback, share, hold, key struct{ ID, Token string }
	s.Call("POST", "/v1/grants", map[string]string{"camera_id": c.ID, "action": "live"}, &live, 201, bob.token)
	s.Call("POST", "/v1/grants", map[string]string{"camera_id": c.ID, "action": "playback", "from": from, "to": to}, &playback, 201, bob.token)
	s.Call("POST", "/v1/shares", map[string]any{"camera_id": c.ID, "actions": []string{"live"}, "expires_at": later, "label": "a label of Bob's"}, &share, 201, bob.token)
	s.Call("POST", "/v1/holds", map[string]string{"camera_id": c.ID, "from": from, "to": to, "until": later, "case_number": "bobs-case", "reason": "theft"}, &hold, 201, bob.token)
	s.Call("POST", "/v1/api-keys", map[string]string{"name": "a key of Bob's"}, &key, 201, bob.token)
	var deletion struct{ ID string }
	s.Call("POST", "/v1/deletion-orders", map[string]string{"camera_id": c.ID, "from": from, "to": to, "decision": "bobs-case", "reason": "asked for"}, &deletion, 201, bob.token)

	// What others have to do with Bob: a department that asks for his camera, police
	// with an incident around it, the operator whom he asks to help.
	_, commander := person(s, t, "police", "3301", "supervisor")
	_, asker := person(s, t, "department", "330102", "supervisor")
	var incident, cross, window, hook, footage struct{ ID string }
	s.Call("POST", "/v1/incidents", map[string]any{"kind": "emergency", "name": "about bobs-case", "reason": "bobs-case", "levels": []string{"city"},
		"area": map[string]any{"divisions": []string{"330102"}}, "end": later}, &incident, 201, commander)
	s.Call("POST", "/v1/cross-grants", map[string]any{"cameras": []string{c.ID}, "actions": []string{"live"}, "purpose": "inspection", "reason": "bobs-case", "until": later}, &cross, 201, asker)
	s.Call("POST", "/v1/footage-requests", map[string]any{"area": map[string]any{"circle": map[string]any{"centre": map[string]float64{"longitude": 120, "latitude": 30}, "metres": 9000}},
		"from": from, "to": to, "case_number": "bobs-case", "reason": "bobs-case"}, &footage, 201, asker)
	var officer, handover struct{ ID string }
	var shifts struct{ Items []struct{ ID string } }
	s.Call("GET", "/v1/me", nil, &officer, 200, commander)
	s.Call("POST", "/v1/duty/shifts", map[string]any{"user_id": officer.ID, "from": from, "to": later}, &shifts, 201, commander)
	s.Call("POST", "/v1/duty/shifts/"+shifts.Items[0].ID+"/check-in", nil, nil, 200, commander)
	s.Call("POST", "/v1/duty/handovers", map[string]any{"shift_id": shifts.Items[0].ID, "happened": "bobs-case"}, &handover, 201, commander)
	s.Call("POST", "/v1/support-windows", map[string]any{"reason": "bobs-case", "until": later}, &window, 201, bob.token)
	s.Call("POST", "/v1/webhooks", map[string]any{"url": "https://bobs-case.example.org/"}, &hook, 201, bob.token)
	var invitation, message struct{ ID string }
	s.Call("POST", "/v1/invitations", map[string]any{"contact": "bobs-case@example.org", "role": "watcher"}, &invitation, 201, bob.token)
	s.Call("PUT", "/v1/me/contact", map[string]any{"contact": "bobs-case@example.org"}, nil, 202, bob.token)
	var messages struct{ Items []struct{ ID string } }
	s.Call("GET", "/v1/messages", nil, &messages, 200, bob.token)
	if len(messages.Items) == 0 {
		t.Fatal("no message of Bob's")
	}
	message.ID = messages.Items[0].ID
	var entries struct{ Items []struct{ ID string } }
	s.Call("GET", "/v1/ledger?camera_id="+c.ID, nil, &entries, 200, bob.token)
	export := bobsExport(t, s, c.ID, bob)
	if len(entries.Items) == 0 {
		t.Fatal("nothing in Bob's ledger")
	}

	byID := func(id string) map[string]string { return map[string]string{"id": id} }
	filters := map[string]string{"camera_id": c.ID, "owner_id": bob.organisation, "from": from, "to": to, "action": "live"}
	with := func(more map[string]any) map[string]any {
		more["camera_id"] = c.ID
		return more
	}
	camera := trespass{ids: byID(c.ID), want: []int{404}}
	public := trespass{want: []int{200, 204}}
	none := trespass{want: []int{200}} // a list, of which nothing may be Bob's
	node := trespass{ids: byID(c.ID), body: map[string]any{}, want: []int{401}}
	table := map[string]trespass{
		"get-jwks": public, "list-divisions": public, "get-me": public, "delete-session": public,
		"create-session":  {body: map[string]string{"login": "bob", "password": "alice has a long password"}, want: []int{401}},
		"refresh-session": {want: []int{401}},

		"list-api-keys": none, "list-cameras": none, "list-organisations": none,
		"list-shares": {want: []int{200, 404}}, "list-holds": {want: []int{200, 404}}, "list-grants": {want: []int{404, 422}},
		"list-users": none, "update-user": {ids: byID(bob.user), body: map[string]any{"disabled": true}, want: []int{404}},
		"create-user":         {body: map[string]string{"login": "eve", "name": "eve", "password": "eve has a long password", "organisation_id": bob.organisation, "role": "owner"}, want: []int{403}},
		"create-organisation": {body: map[string]string{"name": "eve's", "kind": "police"}, want: []int{403}},
		"create-api-key":      {body: map[string]string{"name": "mine"}, want: []int{201}},
		"delete-api-key":      {ids: byID(key.ID), want: []int{404}},

		"create-camera": {body: map[string]any{"name": "mine", "owner_id": bob.organisation, "sign_posted": true, "not_banned_place": true}, want: []int{403, 422}},
		"get-camera":    camera, "rotate-camera-key": camera, "measure-camera": camera, "suspend-camera": camera, "resume-camera": camera, "retire-camera": camera,
		"update-camera": {ids: byID(c.ID), body: map[string]string{"name": "mine now"}, want: []int{404}},
		"get-timeline":  {ids: byID(c.ID), want: []int{404, 422}}, // 422 without a window

		"create-grant":    {body: with(map[string]any{"action": "live", "purpose": "case", "reason": "curious"}), want: []int{404}},
		"delete-grant":    {ids: byID(live.ID), want: []int{404}},
		"create-clip":     {body: with(map[string]any{"from": from, "to": to, "purpose": "case", "reason": "curious"}), want: []int{404}},
		"create-evidence": {body: with(map[string]any{"from": from, "to": to, "purpose": "other", "reason": "curious"}), want: []int{404}}, "list-evidence": none,
		"get-evidence": {ids: byID(export), want: []int{404}}, "link-evidence": {ids: byID(export), want: []int{404}}, "remove-evidence": {ids: byID(export), want: []int{404}},
		"get-evidence-keys": public, "replace-evidence-key": {want: []int{403}},
		"create-hold":  {body: with(map[string]any{"from": from, "to": to, "until": later, "case_number": "x", "reason": "curious"}), want: []int{404}},
		"delete-hold":  {ids: byID(hold.ID), want: []int{404}},
		"create-share": {body: with(map[string]any{"actions": []string{"live"}, "expires_at": later}), want: []int{404}},
		"delete-share": {ids: byID(share.ID), want: []int{404}}, "list-share-openings": {ids: byID(share.ID), want: []int{404}},
		"revoke-shares":     {body: with(map[string]any{}), want: []int{404}},
		"list-signing-keys": {want: []int{403}}, "withdraw-signing-key": {ids: byID("any"), body: map[string]string{"reason": "curious"}, want: []int{403}},
		// Whoever holds a token may use it; ids alone open nothing.
		"open-share":   {body: map[string]string{"token": share.ID}, want: []int{401}},
		"renew-share":  {body: map[string]string{"token": live.Token}, want: []int{403}},
		"get-playlist": {ids: map[string]string{"token": playback.ID}, want: []int{401}},
		"get-segment":  {ids: map[string]string{"token": playback.ID, "recording": c.ID}, want: []int{401}},
		"head-segment": {ids: map[string]string{"token": playback.ID, "recording": c.ID}, want: []int{401}},

		"create-wall":    {body: map[string]any{"cameras": []string{c.ID}, "purpose": "case", "reason": "curious"}, want: []int{201}}, // of refusals
		"explain-access": {ids: byID(c.ID), want: []int{404, 422}},                                                                    // 422 without an action

		"create-incident": {body: map[string]any{"kind": "emergency", "name": "x", "reason": "curious", "levels": []string{"city"}, "area": map[string]any{"divisions": []string{"330102"}}, "end": later}, want: []int{403}},
		"list-incidents":  none, "get-incident": {ids: byID(incident.ID), want: []int{404}}, "approve-incident": {ids: byID(incident.ID), want: []int{404}}, "end-incident": {ids: byID(incident.ID), want: []int{404}},
		"list-incident-cameras": {ids: byID(incident.ID), want: []int{404}}, "list-incident-looks": {ids: byID(incident.ID), want: []int{404}},
		"ask-cross-grant":   {body: map[string]any{"cameras": []string{c.ID}, "actions": []string{"live"}, "purpose": "x", "reason": "curious", "until": later}, want: []int{403}},
		"list-cross-grants": none, "revoke-cross-grant": {ids: byID(cross.ID), want: []int{404}},
		"answer-cross-grant": {ids: byID(cross.ID), body: map[string]any{"approve": true}, want: []int{404}},
		"ask-footage": {body: map[string]any{"area": map[string]any{"circle": map[string]any{"centre": map[string]float64{"longitude": 120, "latitude": 30}, "metres": 9000}},
			"from": from, "to": to, "case_number": "x", "reason": "curious"}, want: []int{403}},
		"list-footage-requests": none, "withdraw-footage-request": {ids: byID(footage.ID), want: []int{404}}, "list-footage-requests-received": none,
		"list-footage-request-cameras": {ids: byID(footage.ID), want: []int{404}}, "revoke-footage-answer": {ids: byID(footage.ID), want: []int{404}},
		"answer-footage-request": {ids: byID(footage.ID), body: map[string]any{"cameras": []string{c.ID}}, want: []int{404}},
		"list-watches":           {want: []int{403}}, "list-watch-alarms": {want: []int{403, 422}}, "get-watch-setting": {want: []int{403}}, "list-shifts": {want: []int{403, 422}}, "list-duty-gaps": {want: []int{403, 422}},
		"update-watch-setting": {body: map[string]any{"alarm_after_seconds": 600}, want: []int{403}}, "list-handovers": {want: []int{403}},
		"create-shifts": {body: map[string]any{"user_id": bob.user, "from": from, "to": later}, want: []int{403}},
		"delete-shift":  {ids: byID(c.ID), want: []int{404}}, "check-in-shift": {ids: byID(c.ID), want: []int{404}}, "check-out-shift": {ids: byID(c.ID), want: []int{404}},
		"create-handover": {body: map[string]any{"shift_id": shifts.Items[0].ID, "happened": "curious"}, want: []int{422}}, "acknowledge-handover": {ids: byID(handover.ID), want: []int{404}},
		"open-support-window":  {body: with(map[string]any{"reason": "curious", "until": later}), want: []int{404}},
		"list-support-windows": none, "close-support-window": {ids: byID(window.ID), want: []int{404}},
		"list-notifications": none, "list-webhooks": none, "list-deliveries": none,
		"create-webhook": {body: map[string]any{"url": "ftp://example.org"}, want: []int{422}}, "delete-webhook": {ids: byID(hook.ID), want: []int{404}},
		"retry-delivery": {ids: byID(hook.ID), want: []int{404}},
		"list-ledger":    {want: []int{200, 404}}, "export-ledger": {want: []int{200, 404}}, "prove-ledger-entry": {ids: byID(entries.Items[0].ID), want: []int{404}},
		// Heads and proofs of the tree are for everybody; they name nobody.
		"get-ledger-checkpoint": public, "get-ledger-key": public, "prove-ledger-consistency": {want: []int{200, 422}},

		// Whoever holds a token may use it; ids alone open nothing.
		"create-invitation": {body: map[string]any{"contact": "eve@example.org", "role": "owner", "organisation_id": bob.organisation}, want: []int{403}},
		"list-invitations":  none, "delete-invitation": {ids: byID(invitation.ID), want: []int{404}},
		"open-invitation":   {body: map[string]any{"token": invitation.ID}, want: []int{404}},
		"accept-invitation": {body: map[string]any{"token": invitation.ID, "name": "eve", "password": "eve has a long password"}, want: []int{404}},
		"get-contact":       {want: []int{200}}, "set-contact": {body: map[string]any{"contact": "alice@example.org"}, want: []int{202}},
		"verify-contact": {body: map[string]any{"code": "no code"}, want: []int{404, 422}}, "update-contact": {body: map[string]any{"notify": true}, want: []int{409}},
		"list-messages": none, "retry-message": {ids: byID(message.ID), want: []int{403}},
		"list-plans": {want: []int{200}}, "put-plan": {ids: map[string]string{"name": "basic"}, body: map[string]any{"cameras": 1, "retention_days": 30}, want: []int{403}},
		"get-organisation-plan": {ids: byID(bob.organisation), want: []int{404}},
		"set-organisation-plan": {ids: byID(bob.organisation), body: map[string]any{"plan": "basic"}, want: []int{403}},
		"get-retention-policy":  public, "list-retention-policies": {want: []int{403}}, "get-camera-retention": camera,
		"put-retention-policy": {body: retentionRules, want: []int{403}}, "dry-run-retention": {body: map[string]any{}, want: []int{403}}, "list-retention-runs": {want: []int{403}},
		"list-deletion-certificates": {want: []int{200, 404}}, "list-deletion-orders": {want: []int{200, 404}}, "get-hold-use": none,
		"create-deletion-order": {body: with(map[string]any{"from": from, "to": to, "decision": "x", "reason": "curious"}), want: []int{404}},
		"decide-deletion-order": {ids: byID(deletion.ID), body: map[string]any{"approve": true}, want: []int{404}},
		"get-signup":            public, "verify-signup": {body: map[string]any{"token": invitation.ID, "code": "123456"}, want: []int{404}},
		"accept-signup": {body: map[string]any{"token": invitation.ID, "undertaking": 1}, want: []int{404}},
		"begin-signup": {body: map[string]any{"organisation": "eve's", "division": "330102", "name": "eve", "contact": "eve@example.org", "password": "eve has a long password"},
			want: []int{202}},

		"create-programme": {body: map[string]any{"year": now.Year(), "targets": []any{}}, want: []int{403}}, "list-programmes": {want: []int{403}},
		"get-programme": {ids: byID(c.ID), want: []int{404}}, "update-programme": {ids: byID(c.ID), body: map[string]any{"targets": []any{}}, want: []int{404}},
		"submit-programme": {ids: byID(c.ID), want: []int{404}}, "review-programme": {ids: byID(c.ID), body: map[string]any{"approve": true}, want: []int{404}},
		"sign-off-camera": {ids: byID(c.ID), body: map[string]any{"passed": true}, want: []int{404}}, "get-coverage": {want: []int{403}}, "list-uncontrolled": {want: []int{403}},
		"create-report": {body: map[string]any{"month": "2026-01"}, want: []int{403}}, "list-reports": {want: []int{403}}, "get-report": {ids: byID(c.ID), want: []int{404}},
		"refresh-report": {ids: byID(c.ID), want: []int{404}}, "submit-report": {ids: byID(c.ID), want: []int{404}}, "get-report-file": {ids: byID(c.ID), want: []int{404}},
		"review-report": {ids: byID(c.ID), body: map[string]any{"accept": true}, want: []int{404}}, "get-settlement-terms": {want: []int{403}},
		"put-settlement-terms": {body: map[string]any{"prices_fen": []int{1, 2, 3}, "owed_continuity": 1, "deduction_factor": 1, "deduction_cap": 1}, want: []int{403}},
		"list-usage":           {want: []int{403, 422}}, "list-usage-runs": {want: []int{403}}, "list-camera-days": {ids: byID(c.ID), want: []int{404, 422}}, // 422 without days

		"report-measurement": node, "srt-passphrase": node, "authorise-publish": node, "close-recording": node, "sync-node": node,
	}

	state := func() string {
		var all []string
		for _, path := range []string{"/v1/cameras/" + c.ID, "/v1/shares", "/v1/holds", "/v1/deletion-orders", "/v1/api-keys", "/v1/grants?camera_id=" + c.ID, "/v1/cameras", "/v1/support-windows", "/v1/cross-grants", "/v1/webhooks", "/v1/notifications", "/v1/users", "/v1/invitations", "/v1/me/contact", "/v1/messages", "/v1/organisations/" + bob.organisation + "/plan", "/v1/evidence"} {
			status, body := s.Raw("GET", path, nil, bob.token)
			if status != http.StatusOK {
				t.Fatalf("GET %s: %d %s", path, status, body)
			}
			all = append(all, string(body))
		}
		return strings.Join(all, "\n")
	}
	before := state()

	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
		}
	}
	_, raw := s.Raw("GET", "/openapi.json", nil, "-")
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	known := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			method = strings.ToUpper(method)
			try, ok := table[op.OperationID]
			if !ok {
				t.Errorf("%s %s (%s): who may call it?", method, path, op.OperationID)
				continue
			}
			known++
			at := path
			for name, value := range try.ids {
				at = strings.ReplaceAll(at, "{"+name+"}", value)
			}
			// Asked for all, and for Bob's.
			targets := []string{at}
			query := url.Values{}
			for _, p := range op.Parameters {
				if value := filters[p.Name]; p.In == "query" && value != "" {
					query.Set(p.Name, value)
				}
			}
			if len(query) > 0 {
				targets = append(targets, at+"?"+query.Encode())
			}
			for _, target := range targets {
				status, body := s.Raw(method, target, try.body, alice.token)
				if !slices.Contains(try.want, status) {
					t.Errorf("%s %s (%s): %d, want %v: %s", method, target, op.OperationID, status, try.want, body)
				}
				for _, secret := range []string{"Bob's", "bob's", "bobs-case", c.NationalID, c.StreamKey, bob.organisation, share.Token} {
					if strings.Contains(string(body), secret) {
						t.Errorf("%s %s (%s) tells %q: %s", method, target, op.OperationID, secret, body)
					}
				}
			}
		}
	}
	if known != len(table) {
		t.Errorf("%d operations of %d in the table exist", known, len(table))
	}
	if after := state(); after != before {
		t.Errorf("what is Bob's changed:\n%s\n%s", before, after)
	}
}

// retentionRules is a policy without a fault.
var retentionRules = map[string]any{"version": 0, "general": map[string]any{"floor_days": 1, "ceiling_days": 1}, "key_target": map[string]any{"floor_days": 1, "ceiling_days": 1},
	"incident_days": 1, "infrequent_after_days": 0, "archive_after_days": 0, "hold_bytes": 0, "prices": map[string]any{"hot": 0, "infrequent": 0, "archive": 0}}

// bobsExport is evidence that Bob exports of a recording that was reported of his
// camera; there is no object behind it, so that it is never made.
func bobsExport(t *testing.T, s *harness.Server, camera string, bob tenant) string {
	t.Helper()
	start := time.Now().Add(-30 * time.Minute)
	if status, body := s.Raw("POST", "/v1/node/recordings", dayRecording(camera, "019aaaaa-0000-7000-8000-000000000001", 0, start), nodeKey); status >= 300 {
		t.Fatalf("report a recording: %d %s", status, body)
	}
	var export struct{ ID string }
	s.Call("POST", "/v1/evidence", map[string]string{"camera_id": camera, "from": harness.Stamp(start), "to": harness.Stamp(start.Add(time.Minute)),
		"purpose": "case", "reason": "theft", "case_number": "bobs-case"}, &export, 202, bob.token)
	harness.Eventually(t, 30*time.Second, "the export has failed", func() error {
		var now struct{ State, Problem string }
		s.Call("GET", "/v1/evidence/"+export.ID, nil, &now, 200, bob.token)
		if now.State != "failed" {
			return fmt.Errorf("%s %s", now.State, now.Problem)
		}
		return nil
	})
	return export.ID
}
