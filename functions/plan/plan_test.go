package plan_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/plan"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

func TestPlan(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api := functest.New(t, plan.New(plan.Options{Store: s}).Register, camera.New(camera.Options{Store: s}).Register)
		shop, other := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		owner := api.SignIn(shop, gatepost.RoleOwner)
		admin := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindOperator), gatepost.RoleAdmin)
		at := "/v1/organisations/" + shop.ID + "/plan"
		if plans := api.Do(owner, "GET", "/v1/plans", nil).Want(200).Items(); len(plans) != 3 || plans[0]["name"] != gatepost.DefaultPlan {
			t.Errorf("plans: %v", plans)
		}
		if u := api.Do(owner, "GET", at, nil).Want(200); u.Body["plan"] != nil {
			t.Errorf("a plan from nowhere: %s", u.Text)
		}
		api.Do(owner, "PUT", "/v1/plans/huge", m{"cameras": 100, "retention_days": 30}).Refused(gatepost.Forbidden, "")
		api.Do(owner, "PUT", at, m{"plan": "extended"}).Refused(gatepost.Forbidden, "")
		api.Do(owner, "GET", "/v1/organisations/"+other.ID+"/plan", nil).Refused(gatepost.NotFound, "")
		api.Do(admin, "PUT", "/v1/plans/Huge", m{"cameras": 100, "retention_days": 30}).Refused(gatepost.Invalid, "name")
		api.Do(admin, "PUT", "/v1/plans/short", m{"cameras": 1, "retention_days": 29}).Refused(gatepost.Invalid, "retention_days")
		api.Do(admin, "PUT", at, m{"plan": "none-such"}).Refused(gatepost.Invalid, "plan")
		api.Do(admin, "PUT", "/v1/organisations/"+gatepost.NewID()+"/plan", m{"plan": "basic"}).Refused(gatepost.NotFound, "")
		api.Do(admin, "PUT", "/v1/plans/stall", m{"cameras": 2, "retention_days": 40}).Want(200)
		api.Do(admin, "PUT", at, m{"plan": "stall"}).Want(200)

		enrol := func(name string, days int) functest.Reply {
			t.Helper()
			return api.Do(owner, "POST", "/v1/cameras", m{"name": name, "retention_days": days, "not_banned_place": true, "sign_posted": true})
		}
		enrol("too long", 41).Refused(gatepost.Invalid, "retention_days")
		first := enrol("first", 30).Want(201).String("id")
		enrol("second", 40).Want(201)
		enrol("third", 30).Refused(gatepost.Conflict, "plan")
		entries, err := s.LedgerByActor(t.Context(), owner, "", 2)
		if err != nil || len(entries) != 2 || entries[0].Allowed || entries[0].Detail["rule"] != "plan" || entries[0].Detail["field"] != "plan" || !entries[1].Allowed {
			t.Errorf("ledger: %+v %v", entries, err)
		}
		if u := api.Do(owner, "GET", at, nil).Want(200); u.Body["cameras"] != 2.0 || u.String("plan", "name") != "stall" {
			t.Errorf("use: %s", u.Text)
		}
		api.Do(owner, "PATCH", "/v1/cameras/"+first, m{"retention_days": 60}).Refused(gatepost.Invalid, "retention_days")
		api.Do(owner, "PATCH", "/v1/cameras/"+first, m{"retention_days": 35}).Want(200)

		// A camera of another's comes only where there is room.
		foreign := storetest.NewCamera(t, s, other.ID)
		api.Do(admin, "PATCH", "/v1/cameras/"+foreign.ID, m{"owner_id": shop.ID}).Refused(gatepost.Conflict, "plan")
		api.Do(owner, "POST", "/v1/cameras/"+first+"/retire", m{}).Want(200)
		api.Do(admin, "PATCH", "/v1/cameras/"+foreign.ID, m{"owner_id": shop.ID}).Want(200)

		// A plan that shrinks takes nothing away.
		api.Do(admin, "PUT", "/v1/plans/stall", m{"cameras": 1, "retention_days": 30}).Want(200)
		api.Do(owner, "PATCH", "/v1/cameras/"+foreign.ID, m{"name": "renamed"}).Want(200)
		enrol("fourth", 30).Refused(gatepost.Conflict, "plan")
		api.Do(admin, "PUT", at, m{"plan": ""}).Want(200)
		enrol("fourth", 90).Want(201)
	})
}

// TestLastPlace holds that the last place of a plan is taken once, by however many
// at the same moment.
func TestLastPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api := functest.New(t, camera.New(camera.Options{Store: s}).Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		p := gatepost.Plan{Name: "one", Cameras: 1, RetentionDays: 30}
		entry := gatepost.LedgerEntry{Kind: gatepost.LedgerOrganisation, Actor: "system"}
		if err := s.PutPlan(t.Context(), p, entry); err != nil {
			t.Fatal(err)
		}
		if err := s.AssignPlan(t.Context(), shop.ID, p.Name, entry); err != nil {
			t.Fatal(err)
		}
		owner := api.SignIn(shop, gatepost.RoleOwner)
		replies := make([]functest.Reply, 6)
		var work sync.WaitGroup
		for i := range replies {
			work.Go(func() {
				replies[i] = api.Do(owner, "POST", "/v1/cameras", m{"name": "last", "not_banned_place": true, "sign_posted": true})
			})
		}
		work.Wait()
		made := 0
		for _, r := range replies {
			if r.Status == 201 {
				made++
			} else {
				r.Refused(gatepost.Conflict, "plan")
			}
		}
		if use, err := s.PlanUse(t.Context(), shop.ID); err != nil || made != 1 || use.Cameras != 1 {
			t.Errorf("%d were enrolled, %d are there, %v; want one", made, use.Cameras, err)
		}
	})
}
