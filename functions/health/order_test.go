package health_test

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestOrder takes work orders from opened to confirmed, with a reopening, and reads
// what came of them.
func TestOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		operator := w.organisation(gatepost.KindOperator, "")
		owner, mender := w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.company, gatepost.RoleMaintainer)
		other, engineer := w.SignIn(w.company, gatepost.RoleMaintainer), w.SignIn(operator, gatepost.RoleMaintainer)
		chief := w.SignIn(operator, gatepost.RoleSupervisor)
		w.Do(owner, "PUT", "/v1/health/setting", m{"due_hours": []int{1, 2, 3}, "automatic": []string{}}).Refused(gatepost.Forbidden, "")
		w.Do(chief, "PUT", "/v1/health/setting", m{"due_hours": []int{0, 2, 3}, "automatic": []string{}}).Refused(gatepost.Invalid, "due_hours")
		w.Do(chief, "PUT", "/v1/health/setting", m{"due_hours": []int{1, 2, 3}, "automatic": []string{"unwatched"}}).Refused(gatepost.Invalid, "automatic")
		w.Do(chief, "PUT", "/v1/health/setting", m{"due_hours": []int{1, 2, 3}, "automatic": []string{"black"}}).Want(200)
		w.run()
		w.says(func(st *gatepost.CameraStatus) { st.Online = false })
		w.pass(6 * time.Minute)
		if items := w.Do(owner, "GET", "/v1/work-orders", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("an order for a kind that has none by itself: %v", items)
		}
		fault := w.faults()[0].ID
		for _, c := range []struct {
			body  m
			code  gatepost.Code
			field string
		}{
			{m{"description": "x"}, gatepost.Invalid, "camera_id"},
			{m{"camera_id": w.camera.ID}, gatepost.Invalid, "description"},
			{m{"camera_id": gatepost.NewID(), "description": "x"}, gatepost.NotFound, ""},
			{m{"fault_id": gatepost.NewID()}, gatepost.Invalid, "fault_id"},
			{m{"fault_id": fault, "organisation_id": w.organisation(gatepost.KindBusiness, "").ID}, gatepost.Invalid, "organisation_id"},
			{m{"fault_id": fault, "assignee_id": gatepost.NewID()}, gatepost.Invalid, "assignee_id"},
		} {
			w.Do(owner, "POST", "/v1/work-orders", c.body).Refused(c.code, c.field)
		}
		opened := w.clock()
		reply := w.Do(owner, "POST", "/v1/work-orders", m{"fault_id": fault}).Want(201)
		w.is("due", reply.String("due_at"), opened.Add(2*time.Hour).Format(time.RFC3339))
		w.is("evidence", reply.String("evidence", "en"), "It is offline: it stopped pushing.")
		w.Do(owner, "POST", "/v1/work-orders", m{"fault_id": fault}).Refused(gatepost.Conflict, "fault_id")
		id := "/v1/work-orders/" + reply.String("id")
		done := m{"cause": "power", "note": "换了电源"}

		w.Do(w.SignIn(w.organisation(gatepost.KindBusiness, ""), gatepost.RoleOwner), "POST", id+"/take", nil).Refused(gatepost.NotFound, "")
		w.Do(owner, "POST", id+"/take", nil).Refused(gatepost.Forbidden, "")
		w.Do(mender, "POST", id+"/done", done).Refused(gatepost.Forbidden, "")
		w.Do(owner, "POST", id+"/assign", m{"organisation_id": operator.ID}).Want(200)
		w.Do(mender, "POST", id+"/take", nil).Refused(gatepost.Forbidden, "")
		w.Do(engineer, "POST", id+"/assign", m{"organisation_id": w.company.ID}).Want(200)
		w.Do(mender, "POST", id+"/take", nil).Want(200)
		w.Do(other, "POST", id+"/take", nil).Refused(gatepost.Conflict, "")
		w.Do(other, "POST", id+"/done", done).Refused(gatepost.Forbidden, "")
		w.Do(mender, "POST", id+"/done", m{"cause": "magic", "note": "x"}).Refused(gatepost.Invalid, "")
		w.Do(mender, "POST", id+"/done", done).Want(200)
		w.Do(mender, "POST", id+"/confirm", nil).Refused(gatepost.Forbidden, "")
		w.Do(owner, "POST", id+"/reopen", m{"remark": "still dark"}).Want(200)
		w.pass(3 * time.Hour)
		if items := w.Do(mender, "GET", "/v1/work-orders?overdue=true", nil).Want(200).Items(); len(items) != 1 || items[0]["overdue"] != true || items[0]["reopenings"] != 1.0 {
			t.Errorf("overdue: %v", items)
		}
		w.Do(mender, "POST", id+"/take", nil).Want(200)
		finished := w.clock()
		w.Do(mender, "POST", id+"/done", done).Want(200)

		// The camera is back: nobody needs to confirm it.
		w.says(func(st *gatepost.CameraStatus) { st.Online = true })
		w.pass(7 * time.Minute)
		items := w.Do(owner, "GET", "/v1/work-orders?closed=true", nil).Want(200).Items()
		if len(items) != 1 || items[0]["state"] != "confirmed" || items[0]["cause"] != "power" || items[0]["overdue"] != true {
			t.Errorf("orders %v", items)
		}
		w.Do(owner, "POST", id+"/reopen", m{"remark": "again"}).Refused(gatepost.Conflict, "")

		month := "month=" + gatepost.MonthOf(w.clock()).String()
		w.Do(owner, "GET", "/v1/health/figures?"+month, nil).Refused(gatepost.Forbidden, "")
		county := w.SignIn(w.organisation(gatepost.KindGovernment, "330102"), gatepost.RoleOwner)
		w.Do(county, "GET", "/v1/health/figures?division=3301&"+month, nil).Refused(gatepost.Forbidden, "")
		w.Do(county, "GET", "/v1/health/figures?month=2999-01", nil).Refused(gatepost.Invalid, "month")
		figures := w.Do(county, "GET", "/v1/health/figures?"+month, nil).Want(200).Items()
		if len(figures) != 1 || figures[0]["division"] != "330102" || figures[0]["class"] != 2.0 || figures[0]["orders_confirmed"] != 1.0 || figures[0]["orders_overdue"] != 1.0 ||
			figures[0]["mean_repair_ms"] != float64(finished.Sub(opened).Milliseconds()) {
			t.Errorf("figures %v, want the repair to have taken %s", figures, finished.Sub(opened))
		}
		w.is("told who repairs", w.told(w.company), []string{"fault_opened", "order_opened", "order_assigned", "order_reopened", "fault_over"})
		w.is("told the owner", w.told(w.shop), []string{"fault_opened", "order_assigned", "order_taken", "order_done", "order_taken", "order_done", "fault_over"})
	})
}

// TestOrderOfFault: a fault says whether its repair is ordered, and no more once that is withdrawn.
func TestOrderOfFault(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		owner := w.SignIn(w.shop, gatepost.RoleOwner)
		w.run()
		w.says(func(st *gatepost.CameraStatus) { st.Online = false })
		w.pass(6 * time.Minute)
		order := w.Do(owner, "GET", "/v1/work-orders", nil).Want(200).Items()[0]["id"].(string)
		ordered := func(want any) {
			t.Helper()
			if items := w.Do(owner, "GET", "/v1/faults", nil).Want(200).Items(); len(items) != 1 || items[0]["work_order_id"] != want {
				t.Errorf("faults, with their orders: %v, want %v", items, want)
			}
		}
		ordered(order)
		w.Do(owner, "POST", "/v1/work-orders/"+order+"/withdraw", m{"remark": "by mistake"}).Want(200)
		ordered(nil)
	})
}
