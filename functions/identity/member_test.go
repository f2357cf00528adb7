package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestDeactivation holds that somebody who may not act any more is out at once:
// access token, refresh cookie, API key and running looks.
func TestDeactivation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		admin, _ := p.login("admin", adminPassword)
		shop := storetest.NewOrganisation(t, p.store, gatepost.KindBusiness)
		camera := storetest.NewCamera(t, p.store, shop.ID)
		make := func(login string, role gatepost.Role) string {
			t.Helper()
			a, err := p.service.CreateUser(t.Context(), identity.NewUser{Login: login, Name: login, Password: "password-" + login, Organisation: shop.ID, Role: role})
			if err != nil {
				t.Fatal(err)
			}
			return a.User.ID
		}
		make("boss", gatepost.RoleOwner)
		clerk := make("clerk", gatepost.RoleWatcher)
		boss, _ := p.login("boss", "password-boss")
		s, cookie := p.login("clerk", "password-clerk")
		var key struct{ Key string }
		p.do("POST", "/v1/api-keys", s.AccessToken, "", map[string]any{"name": "till"}).decode(t, &key)
		g := gatepost.Grant{ID: gatepost.NewID(), CameraID: camera.ID, Action: gatepost.ActionLive, UserID: clerk, Organisation: shop.ID,
			ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now()}
		if err := p.store.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: clerk}); err != nil {
			t.Fatal(err)
		}

		for _, c := range []struct {
			name, token string
			body        map[string]any
			status      int
		}{
			{"himself", boss.AccessToken, map[string]any{"disabled": true}, 409}, // below with his own id
			{"a watcher", s.AccessToken, map[string]any{"disabled": true}, 403},
			{"an administrator made by an owner", boss.AccessToken, map[string]any{"role": "admin"}, 403},
			{"no such role", boss.AccessToken, map[string]any{"role": "king"}, 422},
		} {
			id := clerk
			if c.status == 409 {
				id = boss.User.ID
			}
			if a := p.do("PATCH", "/v1/users/"+id, c.token, "", c.body); a.status != c.status {
				t.Errorf("%s: %d %s", c.name, a.status, a.body)
			}
		}
		if a := p.do("PATCH", "/v1/users/"+admin.User.ID, boss.AccessToken, "", map[string]any{"disabled": true}); a.status != 404 {
			t.Errorf("another organisation's user: %d %s", a.status, a.body)
		}
		if a := p.do("GET", "/v1/me", s.AccessToken, "", nil); a.status != 200 {
			t.Errorf("before: %d %s", a.status, a.body)
		}
		if a := p.do("PATCH", "/v1/users/"+clerk, boss.AccessToken, "", map[string]any{"disabled": true}); a.status != 200 {
			t.Fatalf("deactivate: %d %s", a.status, a.body)
		}
		within(t, 5*time.Second, func() bool { return p.do("GET", "/v1/me", s.AccessToken, "", nil).status == 401 }, "the access token still opens")
		within(t, 10*time.Second, func() bool { return p.do("GET", "/v1/me", key.Key, "", nil).status == 401 }, "the API key still opens")
		if a := p.do("POST", "/v1/session/refresh", "", cookie, nil); a.status != 401 {
			t.Errorf("refresh: %d %s", a.status, a.body)
		}
		if a := p.do("POST", "/v1/session", "", "", map[string]string{"login": "clerk", "password": "password-clerk"}); a.status != 403 {
			t.Errorf("sign in: %d %s", a.status, a.body)
		}
		if revoked, _, err := p.store.RevocationsSince(t.Context(), 0, time.Now(), 10); err != nil || !slices.Equal(revoked, []string{g.ID}) {
			t.Errorf("revoked %v %v, want his look", revoked, err)
		}
		if a := p.do("PATCH", "/v1/users/"+clerk, boss.AccessToken, "", map[string]any{"disabled": false, "role": "responder"}); a.status != 200 {
			t.Errorf("reactivate: %d %s", a.status, a.body)
		}
		again, _ := p.login("clerk", "password-clerk")
		if again.User.Role != string(gatepost.RoleResponder) {
			t.Errorf("role %s", again.User.Role)
		}
		// A new role counts for tokens that were signed under the old one.
		if a := p.do("PATCH", "/v1/users/"+clerk, boss.AccessToken, "", map[string]any{"role": "owner"}); a.status != 200 {
			t.Errorf("promote: %d %s", a.status, a.body)
		}
		within(t, 5*time.Second, func() bool { return p.do("GET", "/v1/users", again.AccessToken, "", nil).status == 200 }, "the new role does not count")
	})
}

// within waits until a condition holds.
func within(t *testing.T, limit time.Duration, holds func() bool, message string) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); {
		if time.Now().After(end) {
			t.Error(message)
			return
		}
		<-time.After(50 * time.Millisecond)
	}
}

func TestOwnersManageMembers(t *testing.T) {
	p := newPlane(t, storetest.OpenSQLite(t))
	shop, other := storetest.NewOrganisation(t, p.store, gatepost.KindBusiness), storetest.NewOrganisation(t, p.store, gatepost.KindBusiness)
	if _, err := p.service.CreateUser(t.Context(), identity.NewUser{Login: "boss", Password: "password-boss", Organisation: shop.ID, Role: gatepost.RoleOwner}); err != nil {
		t.Fatal(err)
	}
	boss, _ := p.login("boss", "password-boss")
	body := func(organisation string, role gatepost.Role) map[string]any {
		return map[string]any{"login": "u" + gatepost.NewSecret(16)[:8], "name": "U", "password": "password-u", "organisation_id": organisation, "role": role}
	}
	if a := p.do("POST", "/v1/users", boss.AccessToken, "", body(shop.ID, gatepost.RoleWatcher)); a.status != 201 {
		t.Errorf("his own: %d %s", a.status, a.body)
	}
	if a := p.do("POST", "/v1/users", boss.AccessToken, "", body(other.ID, gatepost.RoleWatcher)); a.status != 403 {
		t.Errorf("another organisation's: %d %s", a.status, a.body)
	}
	if a := p.do("POST", "/v1/users", boss.AccessToken, "", body(shop.ID, gatepost.RoleAdmin)); a.status != 403 {
		t.Errorf("an administrator: %d %s", a.status, a.body)
	}
	var list struct{ Items []struct{ Login string } }
	p.do("GET", "/v1/users", boss.AccessToken, "", nil).decode(t, &list)
	if len(list.Items) != 2 {
		t.Errorf("members %+v, want the two of the shop", list.Items)
	}
}

// TestLoginsAreNotGuessed: that a login is taken is told an organisation a few times,
// and each time is in the ledger; who adds people whose logins are free is not held up.
func TestLoginsAreNotGuessed(t *testing.T) {
	p := newPlane(t, storetest.OpenSQLite(t))
	at := time.Now() // stands still, however long the attempts take
	p.clock.Store(&at)
	admin, _ := p.login("admin", adminPassword)
	add := func(token, login, organisation string) answer {
		return p.do("POST", "/v1/users", token, "", map[string]any{"login": login, "name": "x", "password": "long enough", "organisation_id": organisation, "role": "watcher"})
	}
	want := func(a answer, status int) {
		t.Helper()
		if a.status != status {
			t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
		}
	}
	owner := func(login string) (token, organisation, id string) {
		t.Helper()
		o := storetest.NewOrganisation(t, p.store, gatepost.KindBusiness)
		if _, err := p.service.CreateUser(t.Context(), identity.NewUser{Login: login, Name: login, Password: "password-" + login, Organisation: o.ID, Role: gatepost.RoleOwner}); err != nil {
			t.Fatal(err)
		}
		s, _ := p.login(login, "password-"+login)
		return s.AccessToken, o.ID, s.User.ID
	}
	boss, shop, bossID := owner("boss")
	other, elsewhere, _ := owner("other")
	for range 10 {
		want(add(boss, "other", shop), 409)
		want(add(admin.AccessToken, "other", shop), 409)
	}
	want(add(boss, "other", shop), 429)
	want(add(boss, "nobody-yet", shop), 429)
	want(add(other, "boss", elsewhere), 409)
	want(add(admin.AccessToken, "boss", shop), 409)
	later := at.Add(10 * time.Minute)
	p.clock.Store(&later)
	for _, login := range []string{"clerk-1", "clerk-2", "clerk-3"} {
		want(add(boss, login, shop), 201)
	}
	refused := 0
	entries, err := p.store.LedgerByActor(t.Context(), bossID, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Detail["act"] == "login_taken" && !e.Allowed {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d refusals are in the ledger", refused)
	}
}

// TestUndertaking: whoever was added by another accepts the undertaking himself, once.
func TestUndertaking(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		shop := storetest.NewOrganisation(t, p.store, gatepost.KindBusiness)
		if _, err := p.service.CreateUser(t.Context(), identity.NewUser{Login: "clerk", Name: "clerk", Password: "password-clerk", Organisation: shop.ID, Role: gatepost.RoleWatcher}); err != nil {
			t.Fatal(err)
		}
		clerk, _ := p.login("clerk", "password-clerk")
		accepted := func(want int) {
			t.Helper()
			var me struct {
				ID          string
				Undertaking int
			}
			p.do("GET", "/v1/me", clerk.AccessToken, "", nil).decode(t, &me)
			if me.ID != clerk.User.ID || me.Undertaking != want {
				t.Errorf("he is %+v, want version %d", me, want)
			}
		}
		accept := func(version, status int) {
			t.Helper()
			if a := p.do("POST", "/v1/me/undertaking", clerk.AccessToken, "", map[string]any{"undertaking": version}); a.status != status {
				t.Errorf("version %d: %d %s", version, a.status, a.body)
			}
		}
		accepted(0)
		accept(gatepost.UndertakingVersion+1, 422)
		accepted(0)
		for range 2 {
			accept(gatepost.UndertakingVersion, 204)
			accepted(gatepost.UndertakingVersion)
		}
		list, err := p.store.Undertakings(t.Context(), shop.ID)
		if err != nil || len(list) != 1 || list[0].UserID != clerk.User.ID {
			t.Errorf("undertakings: %+v %v", list, err)
		}
		entries, err := p.store.LedgerByActor(t.Context(), clerk.User.ID, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		entries = slices.DeleteFunc(entries, func(e gatepost.LedgerEntry) bool { return e.Detail["act"] != "undertaking" })
		if len(entries) != 1 {
			t.Errorf("the ledger has %d entries of it", len(entries))
		}
	})
}
