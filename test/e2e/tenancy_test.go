package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/test/harness"
)

// trespass is what an operation answers somebody of another organisation who
// knows every id.
type trespass struct {
	ids   map[string]string // values of the path's parameters
	query string            // what it is never called without
	body  any
	want  []int
}

// TestTenancy calls every operation of the OpenAPI document as people of other
// organisations with the ids of Bob's, a shopkeeper. An operation that the table does
// not know fails the test: whoever adds one decides who may call it.
func TestTenancy(t *testing.T) {
	t.Parallel()
	s := harness.NewServerWith(t, []string{"GATEPOST_NODE_KEY=" + nodeKey})
	bob := newTenant(s, "bob")
	var c harness.Camera
	s.Call("POST", "/v1/cameras", map[string]any{"name": "a camera of Bob's alone", "division": "330102", "sign_posted": true, "not_banned_place": true}, &c, 201, bob.token)
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

	var outage, repair struct{ ID string }
	s.Call("POST", "/v1/outages", map[string]string{"camera_id": c.ID, "from": harness.Stamp(now), "to": later, "reason": "bobs-case"}, &outage, 201, bob.token)
	s.Call("POST", "/v1/work-orders", map[string]string{"camera_id": c.ID, "description": "bobs-case"}, &repair, 201, bob.token)

	byID := func(id string) map[string]string { return map[string]string{"id": id} }
	filters := map[string]string{"camera_id": c.ID, "owner_id": bob.organisation, "from": from, "to": to, "action": "live"}
	ofBobs := func(more map[string]any) map[string]any {
		more["camera_id"] = c.ID
		return more
	}
	camera := trespass{ids: byID(c.ID), want: []int{404}}
	public := trespass{want: []int{200, 204}}
	none := trespass{want: []int{200}} // a list, of which nothing may be Bob's
	node := trespass{ids: byID(c.ID), body: map[string]any{}, want: []int{401}}
	table := func(w trespasser) map[string]trespass {
		return map[string]trespass{
			"get-jwks": public, "list-divisions": public, "get-me": public, "accept-undertaking": {body: map[string]any{"undertaking": 1}, want: []int{204}}, "delete-session": public,
			"create-session":  {body: map[string]string{"login": "bob", "password": "not the password of bob"}, want: []int{401}},
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

			"create-grant":    {body: ofBobs(map[string]any{"action": "live", "purpose": "case", "reason": "curious"}), want: []int{404}},
			"delete-grant":    {ids: byID(live.ID), want: []int{404}},
			"create-clip":     {body: ofBobs(map[string]any{"from": from, "to": to, "purpose": "case", "reason": "curious"}), want: []int{404}},
			"create-evidence": {body: ofBobs(map[string]any{"from": from, "to": to, "purpose": "other", "reason": "curious"}), want: []int{404}}, "list-evidence": none,
			"get-evidence": {ids: byID(export), want: []int{404}}, "link-evidence": {ids: byID(export), want: []int{404}}, "remove-evidence": {ids: byID(export), want: []int{404}},
			"get-evidence-keys": public, "replace-evidence-key": {want: []int{403}},
			"withdraw-evidence-key": {ids: byID("any"), body: map[string]string{"reason": "curious"}, want: []int{403}},
			"create-hold":           {body: ofBobs(map[string]any{"from": from, "to": to, "until": later, "case_number": "x", "reason": "curious"}), want: []int{404}},
			"delete-hold":           {ids: byID(hold.ID), want: []int{404}},
			"create-share":          {body: ofBobs(map[string]any{"actions": []string{"live"}, "expires_at": later}), want: []int{404}},
			"delete-share":          {ids: byID(share.ID), want: []int{404}}, "list-share-openings": {ids: byID(share.ID), want: []int{404}},
			"revoke-shares":     {body: ofBobs(map[string]any{}), want: []int{404}},
			"list-signing-keys": {want: []int{403}}, "withdraw-signing-key": {ids: byID("any"), body: map[string]string{"reason": "curious"}, want: []int{403}},
			// Whoever holds a token may use it; ids alone open nothing.
			"open-share":   {body: map[string]string{"token": share.ID}, want: []int{401}},
			"renew-share":  {body: map[string]string{"token": live.Token}, want: []int{403}},
			"get-playlist": {ids: map[string]string{"token": playback.ID}, want: []int{401}},
			"get-picture":  {ids: map[string]string{"token": playback.ID}, query: "?at=" + from, want: []int{401}},
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
			"open-support-window":  {body: ofBobs(map[string]any{"reason": "curious", "until": later}), want: []int{404}},
			"list-support-windows": none, "close-support-window": {ids: byID(window.ID), want: []int{404}},
			"list-notifications": none, "list-webhooks": none, "list-deliveries": none,
			"create-webhook": {body: map[string]any{"url": "ftp://example.org"}, want: []int{422}}, "delete-webhook": {ids: byID(hook.ID), want: []int{404}},
			"retry-delivery": {ids: byID(hook.ID), want: []int{404}},
			"list-ledger":    {want: []int{200, 404}}, "export-ledger": {want: []int{200, 404}}, "prove-ledger-entry": {ids: byID(entries.Items[0].ID), want: []int{404}},
			// Heads and proofs of the tree are for everybody; they name nobody.
			"get-ledger-checkpoint": public, "get-ledger-key": public, "prove-ledger-consistency": {want: []int{200, 422}},

			// Whoever holds a token may use it; ids alone open nothing.
			"create-invitation": {body: map[string]any{"contact": w.division + w.role + "@example.org", "role": "owner", "organisation_id": bob.organisation}, want: []int{403}},
			"list-invitations":  none, "delete-invitation": {ids: byID(invitation.ID), want: []int{404}},
			"open-invitation":   {body: map[string]any{"token": invitation.ID}, want: []int{404}},
			"accept-invitation": {body: map[string]any{"token": invitation.ID, "undertaking": 1, "name": "eve", "password": "eve has a long password"}, want: []int{404}},
			"get-contact":       {want: []int{200}}, "set-contact": {body: map[string]any{"contact": "me" + w.division + w.role + "@example.org"}, want: []int{202}},
			"verify-contact": {body: map[string]any{"code": "no code"}, want: []int{404, 422}}, "update-contact": {body: map[string]any{"notify": true}, want: []int{409}},
			"list-messages": none, "retry-message": {ids: byID(message.ID), want: []int{403}},
			"list-plans": {want: []int{200}}, "put-plan": {ids: map[string]string{"name": "basic"}, body: map[string]any{"cameras": 1, "retention_days": 30}, want: []int{403}},
			"get-organisation-plan": {ids: byID(bob.organisation), want: []int{404}},
			"set-organisation-plan": {ids: byID(bob.organisation), body: map[string]any{"plan": "basic"}, want: []int{403}},
			"get-retention-policy":  public, "list-retention-policies": {want: []int{403}}, "get-camera-retention": camera,
			"put-retention-policy": {body: retentionRules, want: []int{403}}, "dry-run-retention": {body: map[string]any{}, want: []int{403}}, "list-retention-runs": {want: []int{403}},
			"list-tasks": {want: []int{403}}, "list-task-runs": {want: []int{403}},
			"create-restore": {body: ofBobs(map[string]any{"from": from, "to": to, "purpose": "case", "reason": "curious"}), want: []int{404}}, "list-restores": none,
			"get-restore":                {ids: byID(hold.ID), want: []int{404}},
			"list-deletion-certificates": {want: []int{200, 404}}, "list-deletion-orders": {want: []int{200, 404}}, "get-hold-use": none,
			"create-deletion-order": {body: ofBobs(map[string]any{"from": from, "to": to, "decision": "x", "reason": "curious"}), want: []int{404}},
			"decide-deletion-order": {ids: byID(deletion.ID), body: map[string]any{"approve": true}, want: []int{404}},
			"get-signup":            public, "verify-signup": {body: map[string]any{"token": invitation.ID, "code": "123456"}, want: []int{404}},
			"accept-signup": {body: map[string]any{"token": invitation.ID, "undertaking": 1}, want: []int{404}},
			"begin-signup": {body: map[string]any{"organisation": "eve's", "division": "330102", "name": "eve", "contact": w.division + w.role + "@example.org", "password": "eve has a long password"},
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

			"list-faults": none, "list-outages": none, "list-work-orders": none, "get-health-setting": public, "get-health-figures": {want: []int{403, 422}}, // 422 without a month
			"create-outage": {body: ofBobs(map[string]any{"from": harness.Stamp(now.Add(2 * time.Hour)), "to": harness.Stamp(now.Add(3 * time.Hour)), "reason": "curious"}), want: []int{404}},
			"end-outage":    {ids: byID(outage.ID), want: []int{404}}, "create-work-order": {body: ofBobs(map[string]any{"description": "curious"}), want: []int{404}},
			"assign-work-order": {ids: byID(repair.ID), body: map[string]any{"organisation_id": bob.organisation}, want: []int{404}}, "take-work-order": {ids: byID(repair.ID), want: []int{404}},
			"finish-work-order":  {ids: byID(repair.ID), body: map[string]any{"cause": "power", "note": "curious"}, want: []int{404}},
			"confirm-work-order": {ids: byID(repair.ID), want: []int{404}}, "reopen-work-order": {ids: byID(repair.ID), body: map[string]any{"remark": "curious"}, want: []int{404}},
			"withdraw-work-order": {ids: byID(repair.ID), body: map[string]any{"remark": "curious"}, want: []int{404}},
			"put-health-setting":  {body: map[string]any{"due_hours": []int{1, 1, 1}, "automatic": []string{}}, want: []int{403}},

			"report-measurement": node, "srt-passphrase": node, "authorise-publish": node, "close-recording": node, "sync-node": node,
		}
	}

	state := func() map[string]string {
		all := map[string]string{}
		for _, path := range []string{"/v1/cameras/" + c.ID, "/v1/shares", "/v1/holds", "/v1/deletion-orders", "/v1/outages", "/v1/work-orders", "/v1/api-keys", "/v1/grants?camera_id=" + c.ID, "/v1/cameras", "/v1/support-windows", "/v1/cross-grants", "/v1/webhooks", "/v1/notifications", "/v1/users", "/v1/invitations", "/v1/me/contact", "/v1/messages", "/v1/organisations/" + bob.organisation + "/plan", "/v1/evidence"} {
			status, body := s.Raw("GET", path, nil, bob.token)
			if status != http.StatusOK {
				t.Fatalf("GET %s: %d %s", path, status, body)
			}
			all[path] = string(body)
		}
		return all
	}

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
	// missing is a call with ids of nothing in the place of Bob's, if it has any.
	var pairs []string
	for _, id := range []string{c.ID, bob.organisation, bob.user, live.ID, playback.ID, share.ID, hold.ID, key.ID, deletion.ID, incident.ID, cross.ID, footage.ID, window.ID,
		hook.ID, shifts.Items[0].ID, handover.ID, invitation.ID, message.ID, entries.Items[0].ID, export, outage.ID, repair.ID} {
		pairs = append(pairs, id, gatepost.NewID())
	}
	replace := strings.NewReplacer(pairs...)
	missing := func(target string, body any) (string, any, bool) {
		sent, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		twin, without := replace.Replace(target), replace.Replace(string(sent))
		if body == nil {
			return twin, nil, twin != target
		}
		return twin, json.RawMessage(without), twin != target || without != string(sent)
	}
	for _, w := range trespassers(bob, c) {
		_, token := person(s, t, w.kind, w.division, w.role)
		table := table(w)
		before, known := state(), 0
		for path, methods := range doc.Paths {
			for method, op := range methods {
				method = strings.ToUpper(method)
				try, ok := table[op.OperationID]
				if !ok {
					t.Errorf("%s %s (%s): who may call it?", method, path, op.OperationID)
					continue
				}
				known++
				may, rightly := w.may[op.OperationID]
				if rightly {
					try.want = may.want
				}
				at := path
				for name, value := range try.ids {
					at = strings.ReplaceAll(at, "{"+name+"}", value)
				}
				// Asked for all, and for Bob's.
				targets := []string{at + try.query}
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
					status, body := s.Raw(method, target, try.body, token)
					if refused := status == http.StatusForbidden && !rightly && !leads(w.role); !refused && !slices.Contains(try.want, status) {
						t.Errorf("%s: %s %s (%s): %d, want %v: %s", w, method, target, op.OperationID, status, try.want, body)
					}
					if twin, sent, ok := missing(target, try.body); ok && !rightly {
						if other, said := s.Raw(method, twin, sent, token); other != status || status >= 400 && !bytes.Equal(said, body) {
							t.Errorf("%s: %s %s (%s) tells that it exists: %d %s, and for what is not there %d %s", w, method, target, op.OperationID, status, body, other, said)
						}
					}
					for _, secret := range []string{"Bob's", "bob's", "bobs-case", c.NationalID, c.StreamKey, bob.organisation, bob.user, share.Token} {
						if strings.Contains(string(body), secret) && !slices.Contains(may.tells, secret) {
							t.Errorf("%s: %s %s (%s) tells %q: %s", w, method, target, op.OperationID, secret, body)
						}
					}
				}
			}
		}
		if known != len(table) {
			t.Errorf("%s: %d operations of %d in the table exist", w, known, len(table))
		}
		changed := map[string]bool{}
		for _, may := range w.may {
			for _, path := range may.changes {
				changed[path] = true
			}
		}
		for path, after := range state() {
			if (after != before[path]) != changed[path] {
				t.Errorf("%s: what Bob sees of %s changed %t, want %t:\n%s\n%s", w, path, after != before[path], changed[path], before[path], after)
			}
		}
	}
}

// trespasser is who calls every operation.
type trespasser struct {
	kind, division, role string
	may                  map[string]right // by operation, besides what the table says
}

func (w trespasser) String() string { return w.role + " of " + w.kind + " of " + w.division }

// right is what somebody may rightly do or learn.
type right struct {
	want    []int    // statuses, in place of the table's
	tells   []string // of Bob's
	changes []string // what Bob sees changed
	why     string   // for whoever reads this table
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

// trespassers are those who call every operation, with what each rightly gets of it.
func trespassers(bob tenant, c harness.Camera) []trespasser {
	duty := map[string]right{
		"list-watches": {want: []int{200}, why: "units watch the class 1 cameras of their own division"}, "list-watch-alarms": {want: []int{200, 422}},
		"get-watch-setting": {want: []int{200}}, "list-shifts": {want: []int{200, 422}, why: "units keep a rota of their own people"}, "list-duty-gaps": {want: []int{200, 422}},
		"list-handovers": {want: []int{200}}, "list-programmes": {want: []int{200}, why: "and read what is planned and built in their division"},
		"get-coverage": {want: []int{200}}, "list-uncontrolled": {want: []int{409}},
	}
	reports := map[string]right{"list-reports": {want: []int{200}, why: "police read the reports of their division"}, "get-settlement-terms": {want: []int{404}}}
	leads := with(duty, map[string]right{
		"update-watch-setting": {want: []int{200}, why: "of their own division"}, "create-shifts": {want: []int{422}, why: "they assign their own people, and Bob is none"},
		"ask-footage":     {want: []int{201}, why: "units ask for footage, and owners say nothing"},
		"create-incident": {want: []int{403, 422}, why: "police activate incidents in their own division, and Bob's is not in it"},
		"ask-cross-grant": {want: []int{201}, tells: []string{"bob's", bob.organisation}, changes: []string{"/v1/cross-grants", "/v1/notifications"},
			why: "units ask the holder of a camera whose id they were given, and are told whom they asked"},
		"list-cross-grants": {want: []int{200}, tells: []string{"bob's", bob.organisation}, why: "what they asked for themselves"},
	})
	governs := with(with(leads, reports), map[string]right{"create-programme": {want: []int{201}, why: "for their own division"}, "create-report": {want: []int{409}}})
	// Whoever may know of a camera is told why he may do no more with it.
	knows := right{want: []int{403}, why: "refused by not_yours or police_role, in words"}
	sees := right{want: []int{200}, tells: []string{"Bob's", c.NationalID, bob.organisation}, why: "police of the division know of the camera, by rule division"}
	said := right{want: []int{200, 422}, why: "what is known of it: its state, what is recorded, for how long"}
	repairs := right{want: []int{200}, tells: []string{"Bob's", "bob's", "bobs-case", bob.organisation, bob.user}, why: "police of the division know what is wrong with its cameras, and ask for repairs"}
	near := with(with(duty, reports), map[string]right{
		"list-outages": repairs, "list-work-orders": repairs,
		"create-work-order": {want: []int{201}, tells: repairs.tells, changes: []string{"/v1/work-orders", "/v1/notifications"}}, "create-outage": knows, "end-outage": knows,
		"assign-work-order": knows, "take-work-order": knows, "finish-work-order": knows, "confirm-work-order": knows, "reopen-work-order": knows, "withdraw-work-order": knows,
		"get-camera": sees, "list-cameras": sees, "get-timeline": said, "get-camera-retention": said, "list-camera-days": said, "explain-access": said,
		"update-camera": knows, "rotate-camera-key": knows, "measure-camera": knows, "suspend-camera": knows, "resume-camera": knows, "retire-camera": knows, "sign-off-camera": knows,
		"create-grant": knows, "create-clip": knows, "create-restore": knows, "create-evidence": knows, "create-hold": knows, "create-share": knows, "revoke-shares": knows, "create-deletion-order": knows,
		"open-support-window": knows, "list-shares": knows, "list-holds": knows, "list-grants": {want: []int{403, 422}}, "list-ledger": knows, "export-ledger": knows,
		"list-deletion-orders": knows, "list-deletion-certificates": knows, "create-incident": {want: []int{403}}, "create-shifts": {want: []int{403}},
	})
	return []trespasser{
		{kind: "business", division: "330106", role: "owner"},
		{kind: "business", division: "330108", role: "maintainer"},
		{kind: "police", division: "3302", role: "owner", may: governs},
		{kind: "sub_control", division: "330203", role: "owner", may: leads},
		{kind: "sub_control", division: "330105", role: "supervisor", may: leads},
		{kind: "police", division: "330102", role: "maintainer", may: near},
	}
}

// leads tells whether a role may do what its organisation may; others are refused it
// whatever they name.
func leads(role string) bool { return role == "owner" || role == "supervisor" }

func with(rights, more map[string]right) map[string]right {
	all := maps.Clone(rights)
	maps.Copy(all, more)
	return all
}
