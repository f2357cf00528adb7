package hold_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/hold"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

func TestHold(t *testing.T) {
	s := storetest.OpenSQLite(t)
	api := functest.New(t, hold.New(hold.Options{Store: s}).Register)
	shop, neighbour, operator := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindOperator)
	camera := storetest.NewCamera(t, s, shop.ID)
	owner, watcher, stranger := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher), api.SignIn(neighbour, gatepost.RoleOwner)
	admin, carrier := api.SignIn(operator, gatepost.RoleAdmin), api.SignIn(operator, gatepost.RoleOwner)
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	body := func(more m) m {
		b := m{"camera_id": camera.ID, "from": at(-time.Hour), "to": at(time.Hour), "case_number": "2026-17", "reason": "盗窃案", "until": at(1000 * time.Hour)}
		for k, v := range more {
			b[k] = v
		}
		return b
	}

	first := api.Do(owner, "POST", "/v1/holds", body(nil)).Want(201)
	if first.String("case_number") != "2026-17" || first.String("created_by") != owner || first.Body["recordings"] != 0.0 {
		t.Errorf("laid: %s", first.Text)
	}
	id := first.String("id")
	api.Do(admin, "POST", "/v1/holds", body(m{"case_number": "2026-18"})).Want(201)
	if r := api.Do(admin, "POST", "/v1/holds", body(m{"from": at(-2 * time.Hour)})); !strings.Contains(r.Text, id) {
		t.Errorf("a second hold of the same case does not name the first: %s", r.Text)
	} else {
		r.Refused(gatepost.Conflict, "from")
	}
	beside := api.Do(owner, "POST", "/v1/holds", body(m{"from": at(-3 * time.Hour), "to": at(-2 * time.Hour)})).Want(201)
	api.Do(owner, "DELETE", "/v1/holds/"+beside.String("id"), nil).Want(204)

	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		token  string
		body   any
		status int
		field  string
	}{
		{"nobody", "", body(nil), 401, ""},
		{"watcher", watcher, body(nil), 403, ""},
		{"operator", carrier, body(nil), 403, ""},
		{"stranger", stranger, body(nil), 404, ""},
		{"unknown camera", owner, body(m{"camera_id": gatepost.NewID()}), 404, ""},
		{"backwards", owner, body(m{"from": at(0), "to": at(-time.Hour)}), 422, "from"},
		{"in the future", owner, body(m{"from": at(time.Minute)}), 422, "from"},
		{"too far ahead", owner, body(m{"to": at(32 * day)}), 422, "to"},
		{"too long", owner, body(m{"from": at(-367 * day)}), 422, "from"},
		{"before footage", owner, body(m{"from": "1900-01-01T00:00:00Z"}), 422, "from"},
		{"over", owner, body(m{"until": at(-time.Second)}), 422, "until"},
		{"for ever", owner, body(m{"until": "9999-01-01T00:00:00Z"}), 422, "until"},
		{"no case", owner, body(m{"case_number": ""}), 422, "case_number"},
		{"blank case", owner, body(m{"case_number": " "}), 422, "case_number"},
		{"no reason", owner, m{"camera_id": camera.ID, "from": at(-time.Hour), "to": at(0), "case_number": "1", "until": at(time.Hour)}, 422, "reason"},
		{"control character", owner, body(m{"reason": "a\x7fb"}), 422, "reason"},
		{"huge reason", owner, body(m{"reason": strings.Repeat("x", 501)}), 422, "reason"},
		{"unknown field", owner, body(m{"released_at": at(0)}), 422, "released_at"},
	} {
		r := api.Do(c.token, "POST", "/v1/holds", c.body)
		if r.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
		r.Refused(gatepost.Code(r.String("code")), c.field)
	}

	for _, c := range []struct {
		name, token, query string
		status, items      int
	}{
		{"owner", owner, "", 200, 3}, {"owner at the camera", owner, "?camera_id=" + camera.ID, 200, 3}, {"admin", admin, "", 200, 3},
		{"stranger", stranger, "", 200, 0}, {"stranger at the camera", stranger, "?camera_id=" + camera.ID, 404, 0},
		{"watcher", watcher, "", 403, 0}, {"operator", carrier, "", 403, 0}, {"limit", owner, "?limit=1000", 422, 0},
	} {
		r := api.Do(c.token, "GET", "/v1/holds"+c.query, nil)
		if r.Status != c.status {
			t.Errorf("list for %s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		} else if r.Status == 200 && len(r.Items()) != c.items {
			t.Errorf("list for %s: %d holds, want %d", c.name, len(r.Items()), c.items)
		}
	}

	for _, c := range []struct {
		name, token, id string
		status          int
	}{
		{"nobody", "", id, 401}, {"stranger", stranger, id, 404}, {"watcher", watcher, id, 403}, {"unknown", owner, gatepost.NewID(), 404},
		{"dots", owner, "..%2f" + id, 404}, {"owner", owner, id, 204}, {"owner again", owner, id, 204},
	} {
		if r := api.Do(c.token, "DELETE", "/v1/holds/"+c.id, nil); r.Status != c.status {
			t.Errorf("release by %s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
	}
	if active, err := s.ActiveHolds(t.Context(), camera.ID, time.Now().Add(-time.Minute), time.Now(), time.Now()); err != nil || len(active) != 1 {
		t.Errorf("%d active holds, %v, want the administrator's", len(active), err)
	}
	entries, err := s.LedgerByCamera(t.Context(), camera.ID, "", 100)
	laid := 0
	for _, e := range entries {
		if e.Kind == gatepost.LedgerHold {
			laid++
		}
	}
	if err != nil || laid != 5 {
		t.Errorf("%d entries about holds, %v, want three laid and two released", laid, err)
	}
}

func TestHoldUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f := hold.New(hold.Options{Store: s})
		api := functest.New(t, f.Register)
		shop, neighbour := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		camera, other := storetest.NewCamera(t, s, shop.ID), storetest.NewCamera(t, s, neighbour.ID)
		owner, watcher := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher)
		operator := storetest.NewOrganisation(t, s, gatepost.KindOperator)
		storetest.NewUser(t, s, operator.ID, gatepost.RoleAdmin)
		admin := api.SignIn(operator, gatepost.RoleAdmin)
		begin := time.Now().Add(-24 * time.Hour)
		for i := range 4 {
			storetest.NewRecording(t, s, camera, begin.Add(time.Duration(i)*time.Minute), nil)
		}
		storetest.NewRecording(t, s, other, begin, nil)
		lay := func(token, camera, number string, from, to time.Duration) string {
			t.Helper()
			return api.Do(token, "POST", "/v1/holds", m{"camera_id": camera, "from": begin.Add(from), "to": begin.Add(to), "case_number": number, "reason": "r",
				"until": time.Now().Add(time.Hour)}).Want(201).String("id")
		}
		lay(owner, camera.ID, "1", 0, 2*time.Minute)
		second := lay(owner, camera.ID, "2", time.Minute, 3*time.Minute) // one recording is kept by both
		lay(admin, other.ID, "1", 0, time.Minute)
		use := func(token string, recordings float64, warning string, organisations int) {
			t.Helper()
			items := api.Do(token, "GET", "/v1/holds/use", nil).Want(200).Items()
			if len(items) != organisations || items[0]["organisation_id"] != shop.ID || items[0]["recordings"] != recordings || items[0]["bytes"] != 1000*recordings || items[0]["warning"] != warning {
				t.Errorf("%v; want %v recordings of the shop, warning %s", items, recordings, warning)
			}
		}
		use(owner, 3, "none", 1)
		use(admin, 3, "none", 2)
		for i, c := range []struct {
			bytes   int64
			warning string
			told    int
		}{{3760, "none", 0}, {3745, "near", 1}, {3000, "near", 1}, {2999, "over", 2}, {3000, "near", 2}, {3760, "none", 2}, {3745, "near", 3}, {0, "none", 3}} {
			p := gatepost.DefaultRetentionPolicy()
			p.Version, p.HoldBytes = i+1, c.bytes
			if err := s.PutRetentionPolicy(t.Context(), p, gatepost.LedgerEntry{Kind: gatepost.LedgerRetention, Actor: "u"}); err != nil {
				t.Fatal(err)
			}
			use(owner, 3, c.warning, 1)
			for range 2 { // told once
				if err := f.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, o := range []gatepost.Organisation{shop, operator} {
				told, err := s.Notifications(t.Context(), o.ID, "", 10)
				if err != nil || len(told) != c.told || c.told > 0 && (told[0].Kind != gatepost.NotifyHoldCapacity || told[0].Detail["organisation"] != shop.ID) {
					t.Errorf("%s: %+v %v, want %d", c.warning, told, err, c.told)
				}
			}
		}
		api.Do(owner, "DELETE", "/v1/holds/"+second, nil).Want(204)
		use(owner, 2, "none", 1)
		api.Do(watcher, "GET", "/v1/holds/use", nil).Refused(gatepost.Forbidden, "")
	})
}
