package share_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/share"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/internal/token"
)

type m = map[string]any

type world struct {
	*functest.API
	function                                 *share.Function
	store                                    *sqlstore.Store
	issuer                                   *token.Issuer
	verifier                                 *token.Verifier
	camera                                   gatepost.Camera
	owner, watcher, stranger, admin, carrier string
	neighbours                               gatepost.Camera
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	t.Helper()
	issuer := token.NewIssuer(s, token.IssuerOptions{})
	w := &world{store: s, issuer: issuer, verifier: token.NewVerifier(issuer, token.VerifierOptions{})}
	w.function = share.New(share.Options{Store: s, Tokens: issuer, Verifier: w.verifier,
		Addresses: gatepost.Addresses{HTTP: "http://v:8080", Media: "http://v:8081"}})
	w.API = functest.New(t, w.function.Register)
	shop, neighbour, operator := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindOperator)
	w.camera, w.neighbours = storetest.NewCamera(t, s, shop.ID), storetest.NewCamera(t, s, neighbour.ID)
	w.owner, w.watcher, w.stranger = w.SignIn(shop, gatepost.RoleOwner), w.SignIn(shop, gatepost.RoleWatcher), w.SignIn(neighbour, gatepost.RoleOwner)
	w.admin, w.carrier = w.SignIn(operator, gatepost.RoleAdmin), w.SignIn(operator, gatepost.RoleOwner)
	return w
}

func stamp(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }

// link is a request for a live link of an hour, with more.
func (w *world) link(more m) m {
	body := m{"camera_id": w.camera.ID, "actions": []string{"live"}, "expires_at": stamp(time.Hour)}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func (w *world) make(t *testing.T, more m) (id, raw string) {
	t.Helper()
	r := w.Do(w.owner, "POST", "/v1/shares", w.link(more)).Want(201)
	return r.String("id"), r.String("token")
}

func (w *world) open(raw string) functest.Reply {
	return w.Do("", "POST", "/v1/shares/open", m{"token": raw})
}

func TestShare(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	end := time.Now().Add(-time.Hour)
	r := w.Do(w.owner, "POST", "/v1/shares", w.link(m{"actions": []string{"playback", "live"}, "from": end.Add(-time.Hour), "to": end,
		"max_uses": 3, "label": "保险公司 4711"})).Want(201)
	id, raw := r.String("id"), r.String("token")
	if r.String("url") != "http://v:8080/s#"+raw || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", r.Text, r.Header)
	}
	o := w.open(raw).Want(201)
	if o.String("camera", "name") != w.camera.Name || o.String("label") != "保险公司 4711" || strings.Contains(o.Text, w.camera.Owner) {
		t.Errorf("opened: %s", o.Text)
	}
	for _, action := range []string{"live", "playback"} {
		media := o.String("grants", action, "token")
		got, err := w.verifier.Media(t.Context(), media)
		if err != nil || string(got.Action) != action || got.Subject != "share:"+id || got.CameraID != w.camera.ID || got.Label != "保险公司 4711" {
			t.Errorf("%s token %+v %v", action, got, err)
		}
		if action == "playback" && (got.To.Sub(got.From) != time.Hour || o.String("grants", action, "urls", "playlist") != "http://v:8080/v1/playback/"+media+"/index.m3u8") {
			t.Errorf("window %s to %s: %s", got.From, got.To, o.Text)
		}
		if left := time.Until(got.ExpiresAt); left > 15*time.Minute || left < 14*time.Minute {
			t.Errorf("%s lasts %s", action, left)
		}
		g, err := w.store.Grant(t.Context(), got.GrantID)
		if err != nil || g.ShareID != id || g.UserID != "" || g.Purpose != "share" || !g.ExpiresAt.Equal(got.ExpiresAt) {
			t.Errorf("grant %+v %v", g, err)
		}
	}
	items := w.Do(w.owner, "GET", "/v1/shares?camera_id="+w.camera.ID, nil).Want(200).Items()
	if len(items) != 1 || items[0]["uses"] != 1.0 || items[0]["max_uses"] != 3.0 || items[0]["from"] == nil || strings.Contains(fmt.Sprint(items), raw) {
		t.Errorf("list %v", items)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	opened := slices.IndexFunc(entries, func(e gatepost.LedgerEntry) bool { return e.Actor == "share:"+id })
	if opened < 0 || entries[opened].Kind != gatepost.LedgerShare || entries[opened].Detail["grant_live"] == "" || strings.Contains(fmt.Sprint(entries), raw) {
		t.Errorf("ledger %+v", entries)
	}

	// A grant never outlives its link.
	_, short := w.make(t, m{"expires_at": stamp(90 * time.Second)})
	expires, err := time.Parse(time.RFC3339, w.open(short).Want(201).String("grants", "live", "expires_at"))
	if err != nil || time.Until(expires) > 90*time.Second {
		t.Errorf("a grant of a link of 90 s lasts %s, %v", time.Until(expires), err)
	}
}

func TestShareRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	for _, c := range []struct {
		name   string
		token  string
		body   any
		status int
		field  string
	}{
		{"nobody", "", w.link(nil), 401, ""},
		{"a watcher", w.watcher, w.link(nil), 403, ""},
		{"the operator", w.carrier, w.link(nil), 403, ""},
		{"another's camera", w.stranger, w.link(nil), 404, ""},
		{"no such camera", w.owner, w.link(m{"camera_id": gatepost.NewID()}), 404, ""},
		{"camera with dots", w.owner, w.link(m{"camera_id": "../x"}), 404, ""},
		{"nothing", w.owner, w.link(m{"actions": []string{}}), 422, "actions"},
		{"null actions", w.owner, w.link(m{"actions": nil}), 422, "actions"},
		{"one action as text", w.owner, w.link(m{"actions": "live"}), 422, "actions"},
		{"unknown action", w.owner, w.link(m{"actions": []string{"steer"}}), 422, "actions[0]"},
		{"live twice", w.owner, w.link(m{"actions": []string{"live", "live"}}), 422, "actions"},
		{"live with a window", w.owner, w.link(m{"from": stamp(-time.Hour), "to": stamp(0)}), 422, "from"},
		{"playback without a window", w.owner, w.link(m{"actions": []string{"playback"}}), 422, "from"},
		{"window backwards", w.owner, w.link(m{"actions": []string{"playback"}, "from": stamp(0), "to": stamp(-time.Hour)}), 422, "from"},
		{"window ahead", w.owner, w.link(m{"actions": []string{"playback"}, "from": stamp(-time.Hour), "to": stamp(time.Hour)}), 422, "to"},
		{"no end", w.owner, m{"camera_id": w.camera.ID, "actions": []string{"live"}}, 422, "expires_at"},
		{"ended", w.owner, w.link(m{"expires_at": stamp(-time.Second)}), 422, "expires_at"},
		{"ends now", w.owner, w.link(m{"expires_at": stamp(0)}), 422, "expires_at"},
		{"a century", w.owner, w.link(m{"expires_at": "2199-01-01T00:00:00Z"}), 422, "expires_at"},
		{"-1 uses", w.owner, w.link(m{"max_uses": -1}), 422, "max_uses"},
		{"half a use", w.owner, w.link(m{"max_uses": 0.5}), 422, "max_uses"},
		{"uses without end", w.owner, w.link(m{"max_uses": 1e18}), 422, "max_uses"},
		{"long label", w.owner, w.link(m{"label": strings.Repeat("标", 101)}), 422, "label"},
		{"label with an escape", w.owner, w.link(m{"label": "\x1b[31m"}), 422, "label"},
		{"uses of one's own", w.owner, w.link(m{"uses": -100}), 422, "uses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.Do(c.token, "POST", "/v1/shares", c.body)
			if r.Status != c.status {
				t.Fatalf("status %d, want %d: %s", r.Status, c.status, r.Text)
			}
			r.Refused(gatepost.Code(r.String("code")), c.field)
		})
	}
	if shares, err := w.store.Shares(t.Context(), "", "", "", 10); err != nil || len(shares) != 0 {
		t.Errorf("%d links came from refused requests, %v", len(shares), err)
	}
}

func TestOpenRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	ctx := t.Context()
	id, raw := w.make(t, m{"max_uses": 2})
	media := w.open(raw).Want(201).String("grants", "live", "token")
	access, err := w.issuer.Access(ctx, token.Access{Subject: gatepost.Subject{UserID: "u", Organisation: "o", Role: gatepost.RoleAdmin}, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	ghost, err := w.issuer.Share(ctx, token.Share{ShareID: gatepost.NewID(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(raw, ".")
	for _, c := range []struct {
		name   string
		body   any
		status int
	}{
		{"media token", m{"token": media}, 401},
		{"access token", m{"token": access}, 401},
		{"no signature", m{"token": parts[0] + "." + parts[1] + "."}, 401},
		{"alg none", m{"token": "eyJhbGciOiJub25lIn0." + parts[1] + "."}, 401},
		{"signature of another", m{"token": parts[0] + "." + parts[1] + "." + strings.Split(ghost, ".")[2]}, 401},
		{"an id for a token", m{"token": id}, 401},
		{"genuine, of a link that does not exist", m{"token": ghost}, 404},
		{"empty", m{"token": ""}, 422},
		{"none", m{}, 422},
		{"huge", m{"token": strings.Repeat("a", 5000)}, 422},
		{"number", m{"token": 1}, 422},
		{"with a wish", m{"token": raw, "max_uses": 9}, 422},
		{"not JSON", `token=`, 400},
	} {
		r := w.Do("", "POST", "/v1/shares/open", c.body)
		if r.Status != c.status || strings.Contains(r.Text, parts[2]) {
			t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
		r.Refused(gatepost.Code(r.String("code")), "")
		if r := w.Do("", "POST", "/v1/shares/renew", c.body); c.name != "media token" && r.Status/100 != 4 {
			t.Errorf("renewed with %s: %s", c.name, r.Text)
		}
	}
	if sh, _ := w.store.Share(ctx, id); sh.Uses != 1 {
		t.Errorf("refused tokens counted: %d uses", sh.Uses)
	}
}

// TestEnds tells the three ways in which a link ends apart.
func TestEnds(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	gone := func(r functest.Reply, word string) {
		t.Helper()
		r.Want(410).Refused(gatepost.Gone, "")
		if !strings.Contains(r.String("detail"), word) {
			t.Errorf("it does not say %q: %s", word, r.Text)
		}
	}
	_, used := w.make(t, m{"max_uses": 1})
	media := w.open(used).Want(201).String("grants", "live", "token")
	gone(w.open(used), "used")
	renewed := w.Do("", "POST", "/v1/shares/renew", m{"token": media}).Want(200)
	again, err := w.verifier.Media(t.Context(), renewed.String("token"))
	if err != nil || again.CameraID != w.camera.ID || renewed.String("urls", "hls") == "" {
		t.Errorf("a running look of a used-up link is not renewed: %s %v", renewed.Text, err)
	}
	first, err := w.verifier.Media(t.Context(), media)
	if err != nil || again.GrantID != first.GrantID {
		t.Errorf("renewing made another grant: %v %v", again, err)
	}

	revokedID, revoked := w.make(t, nil)
	running := w.open(revoked).Want(201).String("grants", "live", "token")
	for _, c := range []struct {
		name, token, id string
		status          int
	}{
		{"nobody", "", revokedID, 401}, {"a stranger", w.stranger, revokedID, 404}, {"a watcher", w.watcher, revokedID, 403},
		{"the operator", w.carrier, revokedID, 404}, {"unknown", w.owner, gatepost.NewID(), 404}, {"dots", w.owner, "..%2f" + revokedID, 404},
	} {
		if r := w.Do(c.token, "DELETE", "/v1/shares/"+c.id, nil); r.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
	}
	w.Do(w.owner, "DELETE", "/v1/shares/"+revokedID, nil).Want(204)
	w.Do(w.owner, "DELETE", "/v1/shares/"+revokedID, nil).Want(204)
	gone(w.open(revoked), "revoked")
	gone(w.Do("", "POST", "/v1/shares/renew", m{"token": running}), "revoked")
	grant, err := w.verifier.Media(t.Context(), running)
	if err != nil {
		t.Fatal(err)
	}
	if ids, _, err := w.store.RevocationsSince(t.Context(), 0, time.Now(), 10); err != nil || !slices.Contains(ids, grant.GrantID) {
		t.Errorf("gateways do not learn of the revoked look: %v %v", ids, err)
	}

	// Expiry is counted in whole seconds, and waited for.
	_, short := w.make(t, m{"expires_at": stamp(2 * time.Second)})
	look := w.open(short).Want(201).String("grants", "live", "token")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for w.open(short).Status == 201 {
		select {
		case <-ctx.Done():
			t.Fatal("the link does not expire")
		case <-tick.C:
		}
	}
	gone(w.open(short), "expired")
	gone(w.Do("", "POST", "/v1/shares/renew", m{"token": look}), "ended")

	// An ordinary grant's token is not renewed here.
	own, err := w.issuer.Media(t.Context(), token.Media{GrantID: gatepost.NewID(), CameraID: w.camera.ID, Action: gatepost.ActionLive, Subject: "u", ExpiresAt: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	w.Do("", "POST", "/v1/shares/renew", m{"token": own}).Want(403).Refused(gatepost.Forbidden, "")
}

func TestListOfOthers(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	w.make(t, nil)
	w.make(t, nil)
	for _, c := range []struct {
		name, token, query string
		status, items      int
	}{
		{"owner", w.owner, "", 200, 2},
		{"page", w.owner, "?limit=1", 200, 1},
		{"neighbour", w.stranger, "", 200, 0},
		{"neighbour at the camera", w.stranger, "?camera_id=" + w.camera.ID, 404, 0},
		{"admin", w.admin, "", 200, 2},
		{"admin at another camera", w.admin, "?camera_id=" + w.neighbours.ID, 200, 0},
		{"watcher", w.watcher, "", 403, 0},
		{"operator", w.carrier, "", 403, 0},
		{"nobody", "", "", 401, 0},
		{"limit", w.owner, "?limit=-1", 422, 0},
		{"injection", w.owner, "?camera_id=%27%20OR%201=1", 404, 0},
	} {
		r := w.Do(c.token, "GET", "/v1/shares"+c.query, nil)
		if r.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		} else if r.Status == 200 && len(r.Items()) != c.items {
			t.Errorf("%s: %d links, want %d", c.name, len(r.Items()), c.items)
		}
	}
}

// TestOneUse holds on both engines, through the operation.
func TestOneUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		_, raw := w.make(t, m{"max_uses": 1})
		var opened, refused atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				switch r := w.open(raw); r.Status {
				case 201:
					opened.Add(1)
				case 410:
					refused.Add(1)
				default:
					t.Errorf("status %d: %s", r.Status, r.Text)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 || refused.Load() != 7 {
			t.Errorf("opened %d times, refused %d times", opened.Load(), refused.Load())
		}
	})
}
