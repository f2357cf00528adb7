package grant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/grant"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/internal/token"
)

type m = map[string]any

type world struct {
	*functest.API
	store                                                        *sqlstore.Store
	verifier                                                     *token.Verifier
	shop                                                         gatepost.Organisation
	camera                                                       gatepost.Camera
	owner, watcher, maintainer, stranger, police, admin, carrier string
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	t.Helper()
	return newWorldOf(t, s, grant.Options{})
}

// newWorldOf makes one with options of its own.
func newWorldOf(t *testing.T, s *sqlstore.Store, o grant.Options) *world {
	t.Helper()
	issuer := token.NewIssuer(s, token.IssuerOptions{})
	o.Store, o.Tokens, o.Addresses = s, issuer, gatepost.Addresses{HTTP: "http://v:8080", Media: "http://v:8081"}
	w := &world{store: s, verifier: token.NewVerifier(issuer, token.VerifierOptions{}), API: functest.New(t, grant.New(o).Register)}
	w.shop = storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	operator := storetest.NewOrganisation(t, s, gatepost.KindOperator)
	w.camera = storetest.NewCamera(t, s, w.shop.ID)
	w.owner, w.watcher, w.maintainer = w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.shop, gatepost.RoleWatcher), w.SignIn(w.shop, gatepost.RoleMaintainer)
	w.stranger = w.SignIn(storetest.NewOrganisation(t, s, gatepost.KindBusiness), gatepost.RoleOwner)
	w.police = w.SignIn(storetest.NewOrganisation(t, s, gatepost.KindPolice), gatepost.RoleSupervisor)
	w.admin, w.carrier = w.SignIn(operator, gatepost.RoleAdmin), w.SignIn(operator, gatepost.RoleOwner)
	return w
}

func stamp(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }

func TestLive(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	r := w.Do(w.watcher, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "live"}).Want(201)
	raw := r.String("token")
	got, err := w.verifier.Media(t.Context(), raw)
	if err != nil || got.GrantID != r.String("id") || got.CameraID != w.camera.ID || got.Action != gatepost.ActionLive || got.Subject != w.watcher ||
		got.Label != r.String("label") || got.Label == "" {
		t.Errorf("token %+v %v", got, err)
	}
	if r.String("urls", "hls") != "http://v:8081/hls/"+raw+"/index.m3u8" || r.String("urls", "whep") != "http://v:8081/whep/"+w.camera.ID {
		t.Errorf("urls: %s", r.Text)
	}
	if strings.Contains(r.Text, "playlist") || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", r.Text, r.Header)
	}
	expires, err := time.Parse(time.RFC3339Nano, r.String("expires_at"))
	if left := time.Until(expires); err != nil || left > time.Hour || left < 59*time.Minute || !expires.Equal(got.ExpiresAt) {
		t.Errorf("expires in %s, %v; token %v", left, err, got.ExpiresAt)
	}
	stored, err := w.store.Grant(t.Context(), got.GrantID)
	if err != nil || stored.Purpose != "own" || stored.Organisation != w.shop.ID || stored.UserID != w.watcher || !stored.ExpiresAt.Equal(expires) {
		t.Errorf("stored %+v %v", stored, err)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 10)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if e := entries[0]; e.Kind != gatepost.LedgerGrant || !e.Allowed || e.Actor != w.watcher || e.Detail["grant"] != got.GrantID || strings.Contains(fmt.Sprint(e), raw) {
		t.Errorf("ledger %+v", e)
	}
}

func TestPlayback(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	end := time.Now().Add(-time.Hour)
	from, to := end.Add(-time.Hour), end
	r := w.Do(w.admin, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "playback", "from": from, "to": to,
		"purpose": "case", "reason": "盗窃案", "case_number": "2026-17"}).Want(201)
	raw := r.String("token")
	got, err := w.verifier.Media(t.Context(), raw)
	if err != nil || got.Action != gatepost.ActionPlayback || got.To.Sub(got.From) != time.Hour {
		t.Errorf("token %+v %v", got, err)
	}
	if r.String("urls", "playlist") != "http://v:8080/v1/playback/"+raw+"/index.m3u8" || strings.Contains(r.Text, "whep") {
		t.Errorf("urls: %s", r.Text)
	}
	w.Do(w.owner, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "playback", "from": stamp(-time.Minute), "to": stamp(20 * time.Second)}).Want(201)

	items := w.Do(w.owner, "GET", "/v1/grants?camera_id="+w.camera.ID, nil).Want(200).Items()
	if len(items) != 2 {
		t.Fatalf("%d looks", len(items))
	}
	last := items[1]
	if items[0]["user_id"] != w.owner {
		last = items[0] // both in one millisecond
	}
	if last["purpose"] != "case" || last["reason"] != "盗窃案" || last["case_number"] != "2026-17" || last["user_id"] != w.admin || last["organisation_name"] == "" || last["from"] == nil {
		t.Errorf("the owner sees %v", last)
	}
	if strings.Contains(fmt.Sprint(items), raw) {
		t.Error("the list shows a token")
	}
}

// TestRefused is the attacker's table.
func TestRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	live := func(more m) m {
		body := m{"camera_id": w.camera.ID, "action": "live"}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	window := func(from, to any) m { return m{"camera_id": w.camera.ID, "action": "playback", "from": from, "to": to} }
	good := m{"purpose": "case", "reason": "for a test"}
	for _, c := range []struct {
		name   string
		token  string
		body   any
		status int
		field  string
	}{
		{"nobody", "", live(nil), 401, ""},
		{"forged", "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.", live(nil), 401, ""},
		{"another business", w.stranger, live(good), 404, ""},
		{"police without more", w.police, live(good), 404, ""},
		{"operator", w.carrier, live(good), 403, ""},
		{"maintainer", w.maintainer, live(good), 403, ""},
		{"no such camera", w.owner, live(m{"camera_id": gatepost.NewID()}), 404, ""},
		{"camera with dots", w.owner, live(m{"camera_id": "../" + w.camera.ID}), 404, ""},
		{"camera by injection", w.admin, live(m{"camera_id": "' OR '1'='1"}), 404, ""},
		{"empty camera", w.owner, live(m{"camera_id": ""}), 422, "camera_id"},
		{"no camera", w.owner, m{"action": "live"}, 422, "camera_id"},
		{"no action", w.owner, m{"camera_id": w.camera.ID}, 422, "action"},
		{"unknown action", w.owner, live(m{"action": "steer"}), 422, "action"},
		{"unknown field", w.owner, live(m{"expires_at": stamp(1000 * time.Hour)}), 422, "expires_at"},
		{"another's name", w.owner, live(m{"user_id": "u"}), 422, "user_id"},
		{"live with a window", w.owner, live(m{"from": stamp(-time.Hour), "to": stamp(0)}), 422, "from"},
		{"admin without purpose", w.admin, live(nil), 422, "purpose"},
		{"admin without reason", w.admin, live(m{"purpose": "case"}), 422, "reason"},
		{"admin with a blank reason", w.admin, live(m{"purpose": "case", "reason": "  "}), 422, "reason"},
		{"admin as if it were his own", w.admin, live(m{"purpose": "own", "reason": "just so"}), 422, "purpose"},
		{"control character", w.owner, live(m{"reason": "a\u0000b"}), 422, "reason"},
		{"forged line", w.owner, live(m{"purpose": "a\nb"}), 422, "purpose"},
		{"huge reason", w.owner, live(m{"reason": strings.Repeat("x", 100_000)}), 422, "reason"},
		{"huge case", w.owner, live(m{"case_number": strings.Repeat("9", 65)}), 422, "case_number"},
		{"no window", w.owner, m{"camera_id": w.camera.ID, "action": "playback"}, 422, "from"},
		{"no end", w.owner, m{"camera_id": w.camera.ID, "action": "playback", "from": stamp(-time.Hour)}, 422, "to"},
		{"backwards", w.owner, window(stamp(-time.Hour), stamp(-2*time.Hour)), 422, "from"},
		{"empty", w.owner, window("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 422, "from"},
		{"future", w.owner, window(stamp(time.Hour), stamp(2*time.Hour)), 422, "to"},
		{"a year", w.owner, window(stamp(-365*24*time.Hour), stamp(0)), 422, "from"},
		{"nonsense time", w.owner, window("yesterday", stamp(0)), 422, "from"},
		{"a number as time", w.owner, window(1, stamp(0)), 422, "from"},
		{"a window of another's", w.stranger, window(stamp(-time.Hour), stamp(0)), 404, ""},
		{"not JSON", w.owner, `{`, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.Do(c.token, "POST", "/v1/grants", c.body)
			if r.Status != c.status {
				t.Fatalf("status %d, want %d: %s", r.Status, c.status, r.Text)
			}
			r.Refused(gatepost.Code(r.String("code")), c.field)
		})
	}
	if grants, err := w.store.GrantsByCamera(t.Context(), w.camera.ID, "", 10); err != nil || len(grants) != 0 {
		t.Errorf("%d grants came from refused requests, %v", len(grants), err)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 100)
	refused := 0
	for _, e := range entries {
		if e.Kind == gatepost.LedgerDecision && !e.Allowed && e.Detail["rule"] != "" {
			refused++
		}
	}
	if err != nil || refused != 5 {
		t.Errorf("%d refusals in the ledger, %v, want 5", refused, err)
	}
}

func TestRevoke(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		ask := func(who string) string {
			return w.Do(who, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "live", "purpose": "case", "reason": "for a test"}).Want(201).String("id")
		}
		watchers, admins := ask(w.watcher), ask(w.admin)
		for _, c := range []struct {
			name, token, id string
			status          int
		}{
			{"nobody", "", watchers, 401},
			{"a stranger", w.stranger, watchers, 404},
			{"the operator", w.carrier, watchers, 404},
			{"a watcher, somebody else's", w.watcher, admins, 403},
			{"unknown", w.owner, gatepost.NewID(), 404},
			{"dots", w.owner, "..%2f" + watchers, 404},
			{"too long", w.owner, strings.Repeat("a", 65), 422},
		} {
			if r := w.Do(c.token, "DELETE", "/v1/grants/"+c.id, nil); r.Status != c.status {
				t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
			}
		}
		w.Do(w.watcher, "DELETE", "/v1/grants/"+watchers, nil).Want(204) // his own
		w.Do(w.owner, "DELETE", "/v1/grants/"+admins, nil).Want(204)     // at his camera
		w.Do(w.owner, "DELETE", "/v1/grants/"+admins, nil).Want(204)     // again
		revoked, _, err := w.store.RevocationsSince(t.Context(), 0, time.Now(), 10)
		if err != nil || len(revoked) != 2 {
			t.Errorf("gateways learn of %d revocations, %v", len(revoked), err)
		}
		for _, item := range w.Do(w.owner, "GET", "/v1/grants?camera_id="+w.camera.ID, nil).Want(200).Items() {
			if item["revoked_at"] == nil {
				t.Errorf("not revoked in the list: %v", item)
			}
		}
	})
}

func TestListRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	for _, c := range []struct {
		name, token, query string
		status             int
	}{
		{"no camera", w.owner, "", 422},
		{"a stranger", w.stranger, "?camera_id=" + w.camera.ID, 404},
		{"a watcher", w.watcher, "?camera_id=" + w.camera.ID, 403},
		{"the operator", w.carrier, "?camera_id=" + w.camera.ID, 403},
		{"negative limit", w.owner, "?camera_id=" + w.camera.ID + "&limit=-5", 422},
		{"nobody", "", "?camera_id=" + w.camera.ID, 401},
	} {
		if r := w.Do(c.token, "GET", "/v1/grants"+c.query, nil); r.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
	}
}

func TestRetiredShowsItsArchiveOnly(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	if _, err := w.store.UpdateCamera(t.Context(), w.camera.ID, true, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.State = gatepost.CameraRetired
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.Do(w.owner, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "live"}).Want(409).Refused(gatepost.Conflict, "")
	w.Do(w.owner, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "playback", "from": stamp(-time.Hour), "to": stamp(0)}).Want(201)
}

// TestAskedAgain: a look that goes on is registered anew, with the reason that it is asked
// for with then; what was registered stays as it is.
func TestAskedAgain(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	reasons := []string{"a call", "the same call, still", "a call"}
	var ids []string
	for _, reason := range reasons {
		ids = append(ids, w.Do(w.admin, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "live", "purpose": "patrol", "reason": reason}).Want(201).String("id"))
	}
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", len(ids))
	if err != nil || len(entries) != len(ids) {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, id := range ids {
		if g, err := w.store.Grant(t.Context(), id); err != nil || g.Reason != reasons[i] || g.RevokedAt != nil {
			t.Errorf("look %d: %+v %v", i, g, err)
		}
		if e := entries[len(ids)-1-i]; e.Detail["grant"] != id || e.Detail["reason"] != reasons[i] {
			t.Errorf("entry of look %d: %+v", i, e)
		}
	}
	w.Do(w.admin, "POST", "/v1/grants", m{"camera_id": w.camera.ID, "action": "live", "purpose": "patrol"}).Refused(gatepost.Invalid, "reason")
}
