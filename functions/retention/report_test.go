package retention_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/retention"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestReports deletes a day, and reads what is told of it.
func TestReports(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), newDir(t))
		api := functest.New(t, retention.New(retention.Options{Store: w.store, Objects: w.objects, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}).Register)
		shop, operator := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), storetest.NewOrganisation(t, w.store, gatepost.KindOperator)
		owner, watcher, admin := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher), api.SignIn(operator, gatepost.RoleAdmin)
		stranger := api.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), gatepost.RoleOwner)
		c := w.camera(shop.ID, nil)
		var sum gatepost.DeletionSum
		for i := range 5 {
			r := w.recorded(c, begin.Add(-40*day+time.Duration(i)*time.Hour), 30)
			if i < 3 { // the others are held
				sum.Add(r.Key, r.SHA256)
			}
		}
		h := w.hold(c, begin.Add(-40*day+150*time.Minute), begin.Add(-39*day), begin.Add(1000*day))
		w.recorded(c, begin.Add(-20*day), 30)
		w.policy(func(p *gatepost.RetentionPolicy) { p.Prices.Hot = 1 << 19 })

		dry := func(body m, cameras, recordings, cost float64) {
			t.Helper()
			r := api.Do(admin, "POST", "/v1/retention/dry-run", body).Want(200)
			if r.Body["cameras"] != cameras || r.Body["recordings"] != recordings || r.Body["bytes"] != 4*recordings || r.Body["monthly_cost"] != cost {
				t.Errorf("%v: %s", body, r.Text)
			}
		}
		dry(m{}, 1, 3, 12.0/2048)
		shorter := rules(0, m{"general": m{"floor_days": 1, "ceiling_days": 10}})
		delete(shorter, "version")
		dry(m{"policy": shorter}, 1, 4, 0)
		dry(m{"after": c.ID}, 0, 0, 0)
		api.Do(admin, "POST", "/v1/retention/dry-run", m{"policy": m{}}).Refused(gatepost.Invalid, "")
		api.Do(owner, "POST", "/v1/retention/dry-run", m{}).Refused(gatepost.Forbidden, "")
		if ids, _, _ := w.stored(); len(ids) != 6 {
			t.Fatalf("a dry run deleted: %d are left", len(ids))
		}

		sweep := w.sweeper(w.store, w.objects)
		round := func(after time.Duration) {
			t.Helper()
			w.now = w.now.Add(after)
			if err := sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		round(0)
		round(time.Minute)
		runs := api.Do(admin, "GET", "/v1/retention/runs?quiet=true", nil).Want(200).Items()
		if len(runs) != 2 || runs[1]["ended"] != 3.0 || runs[1]["ended_bytes"] != 12.0 || runs[0]["ended"] != 0.0 || runs[1]["cameras"] != 1.0 {
			t.Errorf("runs: %v", runs)
		}
		api.Do(owner, "GET", "/v1/retention/runs", nil).Refused(gatepost.Forbidden, "")

		certificates := func(who string) []map[string]any {
			t.Helper()
			return api.Do(who, "GET", "/v1/retention/certificates?camera_id="+c.ID, nil).Want(200).Items()
		}
		if list := certificates(owner); len(list) != 1 || list[0]["digest"] != "" || list[0]["recordings"] != 3.0 {
			t.Errorf("while a hold keeps the rest of the day: %v", list)
		}
		round(25 * time.Hour)
		list := certificates(admin)
		if len(list) != 1 || list[0]["digest"] != sum.Digest() || list[0]["bytes"] != 12.0 || list[0]["day"] != "2025-11-22" || list[0]["rule"] != "policy:1/ordinary:30" {
			t.Errorf("issued: %v, want the digest %s", list, sum.Digest())
		}
		w.release(h)
		round(time.Minute)
		round(time.Minute)
		if list := certificates(owner); len(list) != 2 || list[0]["recordings"] != 2.0 || list[0]["digest"] == "" {
			t.Errorf("what the hold kept: %v", list)
		}
		entries, err := w.store.LedgerRows(t.Context(), gatepost.LedgerFilter{Kind: gatepost.LedgerDeletion}, "", 10)
		if err != nil || len(entries) != 2 || !strings.Contains(entries[1].Detail, sum.Digest()) {
			t.Errorf("the ledger: %+v %v", entries, err)
		}
		api.Do(stranger, "GET", "/v1/retention/certificates?camera_id="+c.ID, nil).Refused(gatepost.NotFound, "")
		if list := api.Do(stranger, "GET", "/v1/retention/certificates", nil).Want(200).Items(); len(list) != 0 {
			t.Errorf("a stranger reads %v", list)
		}
		api.Do(watcher, "GET", "/v1/retention/certificates", nil).Refused(gatepost.Forbidden, "")
		for _, query := range []string{"", "?camera_id=" + c.ID} {
			if r := api.Do(api.SignIn(operator, gatepost.RoleSupervisor), "GET", "/v1/retention/certificates"+query, nil).Refused(gatepost.Forbidden, ""); !strings.Contains(r.String("detail"), "certificates") {
				t.Errorf("the operator is told of something else: %s", r.Text)
			}
		}
	})
}

func TestOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), newDir(t))
		api := functest.New(t, retention.New(retention.Options{Store: w.store, Objects: w.objects, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}).Register)
		shop := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness)
		owner, supervisor, watcher := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleSupervisor), api.SignIn(shop, gatepost.RoleWatcher)
		stranger := api.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), gatepost.RoleOwner)
		c := w.camera(shop.ID, nil)
		at := w.now.Add(-2 * day)
		first, second, kept := w.recorded(c, at, 30), w.recorded(c, at.Add(time.Minute), 30), w.recorded(c, at.Add(time.Hour), 30)
		h := w.hold(c, second.Start.Add(time.Second), second.End, w.now.Add(day))
		body := func(more m) m {
			b := m{"camera_id": c.ID, "from": first.Start, "to": second.End, "decision": "2026-3", "reason": "本人申请"}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		const path = "/v1/deletion-orders"
		api.Do(watcher, "POST", path, body(nil)).Refused(gatepost.Forbidden, "")
		api.Do(stranger, "POST", path, body(nil)).Refused(gatepost.NotFound, "")
		api.Do(owner, "POST", path, body(m{"from": w.now.Add(time.Hour), "to": w.now.Add(2 * time.Hour)})).Refused(gatepost.Invalid, "to")
		api.Do(owner, "POST", path, body(m{"to": first.Start})).Refused(gatepost.Invalid, "from")
		api.Do(owner, "POST", path, body(m{"decision": " "})).Refused(gatepost.Invalid, "decision")
		order := api.Do(owner, "POST", path, body(nil)).Want(201)
		id := order.String("id")
		decide := func(who, id string, approve bool) functest.Reply {
			t.Helper()
			return api.Do(who, "POST", path+"/"+id+"/decide", m{"approve": approve})
		}
		decide(owner, id, true).Refused(gatepost.Forbidden, "")
		decide(stranger, id, true).Refused(gatepost.NotFound, "")
		decide(supervisor, gatepost.NewID(), true).Refused(gatepost.NotFound, "")

		sweep := w.sweeper(w.store, w.objects)
		there := func(what, state string, want ...gatepost.Recording) {
			t.Helper()
			for range 2 {
				if err := sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if ids, _, objects := w.stored(); len(ids) != len(want) || len(objects) != len(want) {
				t.Errorf("%s: %d rows and %d objects, want %d", what, len(ids), len(objects), len(want))
			}
			for _, r := range want {
				if _, err := w.store.Recording(t.Context(), r.ID); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			if list := api.Do(owner, "GET", path+"?camera_id="+c.ID, nil).Want(200).Items(); list[len(list)-1]["state"] != state {
				t.Errorf("%s: %v, want %s", what, list, state)
			}
		}
		there("nobody approved", "open", first, second, kept)
		decide(supervisor, id, true).Want(200)
		decide(supervisor, id, false).Refused(gatepost.Conflict, "")
		there("approved, and some of it held", "approved", second, kept)
		if gone, err := w.store.MissingRecordings(t.Context(), []string{first.ID, gatepost.NewID()}); err != nil || len(gone) != 1 {
			t.Errorf("a gateway is asked for what was deleted by order: %q %v", gone, err)
		}
		w.release(h)
		there("the hold is gone", "done", kept)
		late := w.recorded(c, at.Add(30*time.Second), 30)
		there("what came late", "done", kept)
		if list, err := w.store.DeletionCertificates(t.Context(), "", c.ID, "", 10); err != nil || len(list) != 1 || list[0].Recordings != 3 || list[0].Rule != gatepost.OrderRule(id) {
			t.Errorf("certificates: %+v %v (late %s)", list, err, late.ID)
		}
		refused := api.Do(supervisor, "POST", path, body(m{"from": kept.Start, "to": kept.End})).Want(201).String("id")
		if r := decide(owner, refused, false).Want(200); r.String("state") != "refused" {
			t.Errorf("refused: %s", r.Text)
		}
		there("refused", "done", kept)
		if list := api.Do(stranger, "GET", path, nil).Want(200).Items(); len(list) != 0 {
			t.Errorf("a stranger reads %v", list)
		}
	})
}

// TestOrderUnderHold: what is held is not done, also before anything of it has come, and
// the order outlives the hold.
func TestOrderUnderHold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), newDir(t))
		shop := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness)
		c := w.camera(shop.ID, func(c *gatepost.Camera) { c.RetentionDays = 360 })
		w.policy(func(p *gatepost.RetentionPolicy) { p.General.Ceiling = 365 })
		from := w.now.Add(-time.Hour)
		h := w.hold(c, from, w.now, w.now.Add(1000*day))
		o := w.order(c, from, w.now)
		late := func(after time.Duration) { w.recorded(c, from.Add(after), 360) }
		sweep := w.sweeper(w.store, w.objects)
		is := func(what string, done bool, rows int) {
			t.Helper()
			if err := sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := w.store.DeletionOrder(t.Context(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			if ids, _, _ := w.stored(); (got.DoneAt != nil) != done || len(ids) != rows {
				t.Errorf("%s: done %v, %d rows; want %v, %d", what, got.DoneAt, len(ids), done, rows)
			}
		}
		is("nothing is there, and held", false, 0)
		w.now = w.now.Add(2 * gatepost.DeletionOrderStands)
		late(10 * time.Minute)
		is("it came late, and is held", false, 1)
		w.release(h)
		is("released", true, 0)
		w.now = w.now.Add(20 * day)
		late(20 * time.Minute)
		is("later still", true, 0)
		h = w.hold(c, from, from.Add(time.Hour), w.now.Add(60*day))
		is("held, and nothing is there", true, 0)
		late(30 * time.Minute)
		is("something came into the later hold", false, 1)
		w.now = w.now.Add(61 * day)
		is("that hold is over", true, 0)
		w.hold(c, from.Add(time.Hour), from.Add(2*time.Hour), w.now.Add(60*day))
		late(time.Hour + 30*time.Second)
		is("it reaches out of the window, into a hold", false, 1)
		w.now = w.now.Add(61 * day)
		is("that hold is over too", true, 0)
		w.now = w.now.Add(gatepost.DeletionOrderStands + day)
		late(40 * time.Minute)
		is("nobody waits for it any more", true, 1)
	})
}
