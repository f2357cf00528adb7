package duty_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// member adds somebody to the centre and returns his token, which is his id.
func (r *room) member(o gatepost.Organisation, role gatepost.Role) string {
	r.t.Helper()
	token := r.SignIn(o, role)
	if err := r.store.CreateUser(r.t.Context(), gatepost.User{ID: token, Login: token, Name: "name of " + token, Organisation: o.ID, Role: role, CreatedAt: r.clock()}); err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *room) at(d time.Duration) string { return r.clock().Add(d).Format(time.RFC3339) }

// assign enters a shift and returns its id.
func (r *room) assign(leader, user string, from, to time.Duration) string {
	r.t.Helper()
	return r.Do(leader, "POST", "/v1/duty/shifts", m{"user_id": user, "from": r.at(from), "to": r.at(to)}).Want(201).Items()[0]["id"].(string)
}

func TestRota(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		r := newRoom(t, open(t))
		leader, first, second := r.member(r.centre, gatepost.RoleSupervisor), r.member(r.centre, gatepost.RoleWatcher), r.member(r.centre, gatepost.RoleWatcher)
		mechanic, stranger := r.member(r.centre, gatepost.RoleMaintainer), r.member(r.shop, gatepost.RoleOwner)
		for _, c := range []struct {
			name, token string
			body        m
			code        gatepost.Code
			field       string
		}{
			{"nobody", "", m{}, gatepost.Unauthenticated, ""},
			{"a shop", stranger, m{}, gatepost.Forbidden, ""},
			{"a watcher", first, m{}, gatepost.Forbidden, ""},
			{"ends before it begins", leader, m{"to": r.at(-time.Minute)}, gatepost.Invalid, "to"},
			{"two days", leader, m{"to": r.at(48 * time.Hour)}, gatepost.Invalid, "to"},
			{"over", leader, m{"from": r.at(-2 * time.Hour), "to": r.at(-time.Hour)}, gatepost.Invalid, "to"},
			{"somebody else's", leader, m{"user_id": stranger}, gatepost.Invalid, "user_id"},
			{"nobody of that id", leader, m{"user_id": gatepost.NewID()}, gatepost.Invalid, "user_id"},
			{"a maintainer", leader, m{"user_id": mechanic}, gatepost.Invalid, "user_id"},
			{"again, but when", leader, m{"times": 2}, gatepost.Invalid, "every_days"},
			{"over itself", leader, m{"from": r.at(0), "to": r.at(24*time.Hour + time.Second), "every_days": 1, "times": 2}, gatepost.Invalid, "to"},
			{"for ever", leader, m{"every_days": 28, "times": 200}, gatepost.Invalid, "times"},
		} {
			body := m{"user_id": first, "from": r.at(0), "to": r.at(8 * time.Hour)}
			for k, v := range c.body {
				body[k] = v
			}
			r.Do(c.token, "POST", "/v1/duty/shifts", body).Refused(c.code, c.field)
		}
		week := r.Do(leader, "POST", "/v1/duty/shifts", m{"user_id": first, "from": r.at(time.Hour), "to": r.at(9 * time.Hour), "every_days": 7, "times": 4}).Want(201).Items()
		if len(week) != 4 || week[3]["from"] != r.at(time.Hour+21*24*time.Hour) || week[0]["user_name"] != "name of "+first {
			t.Errorf("entered %v", week)
		}
		for _, c := range []struct {
			name     string
			from, to time.Duration
			code     gatepost.Code
		}{
			{"the same", time.Hour, 9 * time.Hour, gatepost.Conflict},
			{"its last second", 9*time.Hour - time.Second, 10 * time.Hour, gatepost.Conflict},
			{"around one of the next weeks", 7 * 24 * time.Hour, 7*24*time.Hour + 20*time.Hour, gatepost.Conflict},
		} {
			r.Do(leader, "POST", "/v1/duty/shifts", m{"user_id": first, "from": r.at(c.from), "to": r.at(c.to)}).Refused(c.code, "from")
		}
		r.assign(leader, first, 9*time.Hour, 10*time.Hour) // touching is no overlap
		r.assign(leader, second, time.Hour, 9*time.Hour)   // nor is somebody else
		window := "?from=" + r.at(0) + "&to=" + r.at(24*time.Hour)
		if items := r.Do(second, "GET", "/v1/duty/shifts"+window, nil).Want(200).Items(); len(items) != 3 {
			t.Errorf("a day: %v", items)
		}
		r.Do(stranger, "GET", "/v1/duty/shifts"+window, nil).Refused(gatepost.Forbidden, "")

		last := "/v1/duty/shifts/" + week[3]["id"].(string)
		r.Do(first, "DELETE", last, nil).Refused(gatepost.Forbidden, "")
		r.Do(r.SignIn(r.organisation(gatepost.KindPolice, "33"), gatepost.RoleOwner), "DELETE", last, nil).Refused(gatepost.NotFound, "")
		r.Do(leader, "DELETE", last, nil).Want(204)
		r.Do(leader, "DELETE", last, nil).Refused(gatepost.NotFound, "")

		// Taken up and left, by its own person, in time.
		shift := "/v1/duty/shifts/" + week[0]["id"].(string)
		r.Do(first, "POST", shift+"/check-in", nil).Refused(gatepost.Conflict, "")
		r.wait(31 * time.Minute)
		r.Do(second, "POST", shift+"/check-in", nil).Refused(gatepost.Forbidden, "")
		r.Do(first, "POST", shift+"/check-out", nil).Refused(gatepost.Conflict, "")
		if r.Do(first, "POST", shift+"/check-in", nil).Want(200).String("checked_in") != r.at(0) {
			t.Error("not checked in now")
		}
		r.Do(first, "POST", shift+"/check-in", nil).Refused(gatepost.Conflict, "")
		r.wait(time.Hour)
		r.Do(leader, "DELETE", shift, nil).Refused(gatepost.Conflict, "")
		r.Do(first, "POST", shift+"/check-out", nil).Want(200)
		r.Do(first, "POST", shift+"/check-out", nil).Refused(gatepost.Conflict, "")
		r.wait(10 * time.Hour)
		r.Do(first, "POST", "/v1/duty/shifts/"+gatepost.NewID()+"/check-in", nil).Refused(gatepost.NotFound, "")
	})
}

func TestHandover(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		r := newRoom(t, open(t))
		leader, first, second := r.member(r.centre, gatepost.RoleSupervisor), r.member(r.centre, gatepost.RoleWatcher), r.member(r.centre, gatepost.RoleWatcher)
		night, day := r.assign(leader, first, 0, 8*time.Hour), r.assign(leader, second, 8*time.Hour, 16*time.Hour)
		words := m{"shift_id": night, "happened": " a lamp is out \r\n the gate was repaired", "open_matters": "order the lamp"}
		r.Do(first, "POST", "/v1/duty/handovers", words).Refused(gatepost.Conflict, "") // not taken up
		r.Do(first, "POST", "/v1/duty/shifts/"+night+"/check-in", nil).Want(200)
		r.Do(second, "POST", "/v1/duty/handovers", words).Refused(gatepost.Forbidden, "")
		r.Do(first, "POST", "/v1/duty/handovers", m{"shift_id": night, "happened": " \n "}).Refused(gatepost.Invalid, "happened")
		r.Do(first, "POST", "/v1/duty/handovers", m{"shift_id": night, "happened": "x\u202e"}).Refused(gatepost.Invalid, "happened")
		r.Do(first, "POST", "/v1/duty/handovers", m{"shift_id": gatepost.NewID(), "happened": "x"}).Refused(gatepost.Invalid, "shift_id")
		note := r.Do(first, "POST", "/v1/duty/handovers", words).Want(201)
		if note.String("happened") != "a lamp is out\nthe gate was repaired" {
			t.Errorf("written down: %s", note.Text)
		}
		path := "/v1/duty/handovers/" + note.String("id") + "/acknowledge"
		r.Do(first, "POST", path, nil).Refused(gatepost.Forbidden, "") // his own
		r.wait(8 * time.Hour)
		r.Do(second, "POST", path, nil).Refused(gatepost.Conflict, "") // not on duty yet
		r.Do(second, "POST", "/v1/duty/shifts/"+day+"/check-in", nil).Want(200)
		stranger := r.SignIn(r.organisation(gatepost.KindPolice, "3301"), gatepost.RoleOwner)
		r.Do(stranger, "POST", path, nil).Refused(gatepost.NotFound, "")
		if by := r.Do(second, "POST", path, nil).Want(200).String("acknowledged_by"); by != second {
			t.Errorf("acknowledged by %s", by)
		}
		r.Do(second, "POST", path, nil).Refused(gatepost.Conflict, "")
		items := r.Do(leader, "GET", "/v1/duty/handovers", nil).Want(200).Items()
		if len(items) != 1 || items[0]["acknowledged_by_name"] != "name of "+second || items[0]["author_name"] != "name of "+first {
			t.Errorf("list %v", items)
		}
		if items := r.Do(stranger, "GET", "/v1/duty/handovers", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger's list: %v", items)
		}
		rows, err := r.store.LedgerRows(t.Context(), gatepost.LedgerFilter{Kind: gatepost.LedgerDuty}, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var acts []string
		for _, e := range rows {
			var detail struct{ Act string }
			if err := json.Unmarshal([]byte(e.Detail), &detail); err != nil {
				t.Fatal(err)
			}
			acts = append(acts, detail.Act)
		}
		slices.Sort(acts)
		if got := strings.Join(acts, " "); got != "acknowledge assign assign check_in check_in hand_over" {
			t.Errorf("the ledger says %s", got)
		}
		r.wait(20 * time.Hour)
		r.Do(first, "POST", "/v1/duty/handovers", words).Refused(gatepost.Gone, "")
	})
}

func TestGapsOfTheDay(t *testing.T) {
	r := newRoom(t, storetest.OpenSQLite(t))
	leader, first := r.member(r.centre, gatepost.RoleSupervisor), r.member(r.centre, gatepost.RoleWatcher)
	begin := r.clock()
	shift := r.assign(leader, first, time.Hour, 3*time.Hour)
	r.run()
	r.wait(90 * time.Minute)
	r.hear(true)
	r.run() // an alarm
	r.Do(first, "POST", "/v1/duty/shifts/"+shift+"/check-in", nil).Want(200)
	r.wait(30 * time.Minute)
	at := func(d time.Duration) string { return begin.Add(d).Format(time.RFC3339) }
	var got []string
	items := r.Do(leader, "GET", "/v1/duty/gaps?from="+at(0)+"&to="+at(4*time.Hour), nil).Want(200).Items()
	for _, g := range items {
		got = append(got, g["kind"].(string)+" "+g["from"].(string)+" "+g["to"].(string))
	}
	want := []string{"rota " + at(0) + " " + at(time.Hour), "watch " + at(0) + " " + at(2*time.Hour), "attendance " + at(time.Hour) + " " + at(90*time.Minute), "rota " + at(3*time.Hour) + " " + at(4*time.Hour)}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("gaps\n%v\nwant\n%v", got, want)
	}
	if len(items) == 4 && (items[1]["camera_name"] != r.camera.Name || items[2]["user_name"] != "name of "+first) {
		t.Errorf("unnamed: %v", items)
	}
	r.Do(r.SignIn(r.shop, gatepost.RoleOwner), "GET", "/v1/duty/gaps?from="+at(0)+"&to="+at(time.Hour), nil).Refused(gatepost.Forbidden, "")
	r.Do(leader, "GET", "/v1/duty/gaps?from="+at(0)+"&to="+at(2000*time.Hour), nil).Refused(gatepost.Invalid, "to")
}

// TestGapsAreTold: a unit is told once of each gap in its rota, some hours before it
// begins; of none that a shift fills in time, and not where nobody keeps a rota.
func TestGapsAreTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		r := newRoom(t, open(t))
		leader, watcher := r.member(r.centre, gatepost.RoleSupervisor), r.member(r.centre, gatepost.RoleWatcher)
		office := r.organisation(gatepost.KindDepartment, "330102") // keeps office hours
		clerk := r.member(office, gatepost.RoleSupervisor)
		begin := r.clock()
		gap := func(from, to time.Duration) string {
			words := begin.Add(from).Format(time.RFC3339)
			if to > 0 {
				words += " " + begin.Add(to).Format(time.RFC3339)
			}
			return words
		}
		told := func(organisation string) (list []string) {
			t.Helper()
			for range 2 { // in two processes
				if err := r.function.RunRota(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			notifications, err := r.store.Notifications(t.Context(), organisation, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range notifications {
				if n.Kind == gatepost.NotifyDutyGap {
					list = append(list, strings.TrimSpace(n.Detail["from"]+" "+n.Detail["to"]))
				}
			}
			slices.Reverse(list)
			return list
		}
		want := func(when string, gaps ...string) {
			t.Helper()
			if got := told(r.centre.ID); !slices.Equal(got, gaps) {
				t.Errorf("%s: %v, want %v", when, got, gaps)
			}
		}
		want("without a rota")
		r.assign(leader, watcher, 0, 8*time.Hour)
		r.assign(leader, watcher, 8*time.Hour+time.Minute, 12*time.Hour) // a minute is none
		r.assign(leader, watcher, 14*time.Hour, 20*time.Hour)
		r.assign(clerk, clerk, 0, 2*time.Hour)
		want("long before")
		r.wait(5 * time.Hour)
		want("before the minute")
		r.wait(4 * time.Hour) // nine o'clock: three hours before noon
		want("before noon", gap(12*time.Hour, 14*time.Hour))
		r.wait(4 * time.Hour) // thirteen: within the gap
		want("within it", gap(12*time.Hour, 14*time.Hour))
		r.wait(4 * time.Hour) // seventeen: three hours before the last ends
		want("before the end of the rota", gap(12*time.Hour, 14*time.Hour), gap(20*time.Hour, 0))
		r.assign(leader, watcher, 3*time.Hour, 13*time.Hour) // from twenty on
		want("filled", gap(12*time.Hour, 14*time.Hour), gap(20*time.Hour, 0))
		if list := told(office.ID); len(list) != 0 {
			t.Errorf("the office is told %v", list)
		}
	})
}
