package health_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/health"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// world is a shop with a class 2 camera that a company answers for, and a clock that
// the test sets.
type world struct {
	*functest.API
	t             *testing.T
	store         *sqlstore.Store
	function      *health.Function
	shop, company gatepost.Organisation
	camera        gatepost.Camera

	mu     sync.Mutex
	now    time.Time
	status gatepost.CameraStatus
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	w := &world{t: t, store: s, now: gatepost.MonthOf(time.Now()).Last().End().UTC().Add(24 * time.Hour)} // early in a month
	w.function = health.New(health.Options{Store: s, Now: w.clock})
	w.API = functest.New(t, w.function.Register)
	w.shop, w.company = w.organisation(gatepost.KindBusiness, ""), w.organisation(gatepost.KindBusiness, "")
	w.camera = w.change(storetest.NewCamera(t, s, w.shop.ID).ID, func(c *gatepost.Camera) {
		c.Division, c.Class, c.State, c.Responsible = "330102001", 2, gatepost.CameraInService, w.company.ID
	})
	w.says(func(st *gatepost.CameraStatus) { st.Online, st.Recording = true, true })
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) organisation(kind gatepost.OrganisationKind, division string) gatepost.Organisation {
	w.t.Helper()
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: string(kind) + " of " + division, Kind: kind, Division: division, CreatedAt: w.clock()}
	if err := w.store.CreateOrganisation(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) change(id string, change func(*gatepost.Camera)) gatepost.Camera {
	w.t.Helper()
	c, err := w.store.UpdateCamera(w.t.Context(), id, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		change(c)
		c.UpdatedAt = w.clock()
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// says has a gateway say something else of the camera from now on; it goes on saying
// it as time passes.
func (w *world) says(change func(*gatepost.CameraStatus)) {
	w.t.Helper()
	was := w.status
	change(&w.status)
	if now := w.clock(); w.status.Online != was.Online || w.status.Since.IsZero() {
		w.status.Since = now
	}
	w.hear()
}

func (w *world) hear() {
	w.t.Helper()
	now := w.clock()
	w.status.CameraID, w.status.Node, w.status.SeenAt = w.camera.ID, "gw", now
	m := &w.status.Measurement
	m.From, m.To, m.FramesReceived = now.Add(-10*time.Second), now, 250
	if m.BitsPerSecond == 0 {
		m.BitsPerSecond = 2_000_000
	}
	if err := w.store.PutStatuses(w.t.Context(), []gatepost.CameraStatus{w.status}); err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass, with a round every half minute.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	const step = 30 * time.Second
	for ; d > 0; d -= step {
		w.mu.Lock()
		w.now = w.now.Add(step)
		w.mu.Unlock()
		w.hear()
		w.run()
	}
}

func (w *world) run() {
	w.t.Helper()
	if err := w.function.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) faults() []gatepost.Fault {
	w.t.Helper()
	list, err := w.store.Faults(w.t.Context(), gatepost.HealthScope{}, true, "", "", "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// told lists the acts that an organisation was told of, the oldest first.
func (w *world) told(o gatepost.Organisation) (acts []string) {
	w.t.Helper()
	list, err := w.store.Notifications(w.t.Context(), o.ID, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range slices.Backward(list) {
		acts = append(acts, n.Detail["act"])
	}
	return acts
}

// ledger lists the acts in the ledger on the camera's health, sorted.
func (w *world) ledger() (acts []string) {
	w.t.Helper()
	entries, err := w.store.LedgerByCamera(w.t.Context(), w.camera.ID, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == gatepost.LedgerHealth {
			acts = append(acts, e.Detail["act"])
		}
	}
	slices.Sort(acts)
	return acts
}

func (w *world) is(what string, got, want any) {
	w.t.Helper()
	if g, ok := got.([]string); ok {
		if !slices.Equal(g, want.([]string)) {
			w.t.Errorf("%s: %v, want %v", what, got, want)
		}
		return
	}
	if got != want {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestFault follows a camera that goes away, comes and goes, and is repaired.
func TestFault(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		w.pass(time.Hour)
		w.is("faults of a camera that is well", len(w.faults()), 0)

		// Short absences are nothing, however many: each is forgotten.
		for range 3 {
			w.says(func(st *gatepost.CameraStatus) { st.Online = false })
			w.pass(2 * time.Minute)
			w.says(func(st *gatepost.CameraStatus) { st.Online = true })
			w.pass(4 * time.Minute)
		}
		w.is("faults after short absences", len(w.faults()), 0)

		begin := w.clock()
		w.says(func(st *gatepost.CameraStatus) { st.Online, st.EndReason = false, gatepost.EndNetwork })
		w.pass(4*time.Minute + 30*time.Second)
		w.is("faults before their time", len(w.faults()), 0)
		w.pass(time.Minute)
		list := w.faults()
		if len(list) != 1 || list[0].Kind != gatepost.FaultOffline || !list[0].From.Equal(begin) || list[0].Until != nil ||
			list[0].Evidence != (gatepost.Words{ZH: "设备离线:网络连接中断。", EN: "It is offline: the connection broke."}) {
			t.Fatalf("faults %+v", list)
		}
		// Back for a moment, again and again: it stays one fault.
		for range 4 {
			w.says(func(st *gatepost.CameraStatus) { st.Online = true })
			w.pass(2 * time.Minute)
			w.says(func(st *gatepost.CameraStatus) { st.Online = false })
			w.pass(2 * time.Minute)
		}
		end := w.clock()
		w.says(func(st *gatepost.CameraStatus) { st.Online = true })
		w.pass(6 * time.Minute)
		list = w.faults()
		if len(list) != 1 || list[0].Until == nil || list[0].Until.Sub(end) > 30*time.Second || list[0].Until.Before(end) {
			t.Fatalf("faults after the end at %s: %+v", end, list)
		}
		w.pass(time.Hour)
		w.is("told the owner", w.told(w.shop), []string{"fault_opened", "fault_over"})
		w.is("told who answers for it", w.told(w.company), []string{"fault_opened", "fault_over"})
		w.is("the ledger", w.ledger(), []string{"fault_opened", "fault_over", "order_opened", "order_withdrawn"})
	})
}

// TestNeverReported: a camera that came into service and was never heard of is offline since then.
func TestNeverReported(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		mute := w.change(storetest.NewCamera(t, w.store, w.shop.ID).ID, func(c *gatepost.Camera) { c.State = gatepost.CameraInService })
		begin := w.clock()
		w.pass(4*time.Minute + 30*time.Second)
		w.is("faults before their time", len(w.faults()), 0)
		w.pass(time.Minute)
		list := w.faults()
		if len(list) != 1 || list[0].CameraID != mute.ID || list[0].Kind != gatepost.FaultOffline || !list[0].From.Equal(begin) || list[0].Until != nil {
			t.Fatalf("faults %+v, in service since %s", list, begin)
		}
		for range 20 {
			if err := w.store.PutStatuses(t.Context(), []gatepost.CameraStatus{{CameraID: mute.ID, Node: "gw", Online: true, Recording: true, Since: begin, SeenAt: w.clock().Add(30 * time.Second)}}); err != nil {
				t.Fatal(err)
			}
			w.pass(30 * time.Second)
		}
		if list := w.faults(); len(list) != 1 || list[0].Until == nil {
			t.Errorf("it pushes, and its fault goes on: %+v", list)
		}
	})
}

// TestKinds opens and closes a fault of every kind that a gateway's word may tell.
func TestKinds(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	for _, c := range []struct {
		kind        gatepost.FaultKind
		after       time.Duration
		wrong, well func(*gatepost.CameraStatus)
	}{
		{gatepost.FaultKeyFrames, 5 * time.Minute, func(st *gatepost.CameraStatus) { st.Problem, st.ProblemSince = gatepost.ProblemKeyFrames, w.clock() },
			func(st *gatepost.CameraStatus) { st.Problem = "" }},
		{gatepost.FaultRecording, 5 * time.Minute, func(st *gatepost.CameraStatus) { st.Problem, st.ProblemSince = gatepost.ProblemUpload, w.clock() },
			func(st *gatepost.CameraStatus) { st.Problem = "" }},
		{gatepost.FaultBlack, 30 * time.Second, func(st *gatepost.CameraStatus) { st.Picture, st.PictureSince = gatepost.PictureBlack, w.clock() },
			func(st *gatepost.CameraStatus) { st.Picture, st.PictureSince = gatepost.PictureGood, w.clock() }},
		{gatepost.FaultFrozen, 30 * time.Second, func(st *gatepost.CameraStatus) { st.Picture, st.PictureSince = gatepost.PictureFrozen, w.clock() },
			func(st *gatepost.CameraStatus) { st.Picture, st.PictureSince = gatepost.PictureGood, w.clock() }},
		{gatepost.FaultBitRate, 15 * time.Minute, func(st *gatepost.CameraStatus) { st.Measurement.BitsPerSecond = 10_000 },
			func(st *gatepost.CameraStatus) { st.Measurement.BitsPerSecond = 1_000_000 }},
		{gatepost.FaultClock, 15 * time.Minute, func(st *gatepost.CameraStatus) { st.Measurement.ClockSkewPPM = -5000 },
			func(st *gatepost.CameraStatus) { st.Measurement.ClockSkewPPM = 100 }},
	} {
		before := len(w.faults())
		w.says(c.wrong)
		w.pass(c.after - 30*time.Second)
		w.is(string(c.kind)+" before its time", len(w.faults()), before)
		w.pass(time.Minute)
		if list := w.faults(); len(list) != before+1 || list[0].Kind != c.kind || list[0].Until != nil || list[0].Evidence.ZH == "" || list[0].Evidence.EN == "" {
			t.Errorf("%s: %+v", c.kind, list)
		}
		w.says(c.well)
		w.pass(6 * time.Minute)
		if list := w.faults(); list[0].Until == nil {
			t.Errorf("%s goes on: %+v", c.kind, list[0])
		}
	}
}

// TestUnknown holds that nothing is made of what nobody knows: a gateway that is
// silent, rounds that were missed.
func TestUnknown(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	w.run()
	w.says(func(st *gatepost.CameraStatus) { st.Problem, st.ProblemSince = gatepost.ProblemStorage, w.clock() })
	w.pass(time.Minute)
	silent := func(d time.Duration) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now = w.now.Add(d)
	}
	for range 10 {
		silent(time.Minute)
		w.run()
	}
	w.is("faults of a camera of which nobody speaks", len(w.faults()), 0)
	silent(time.Hour)
	w.hear()
	w.run()
	w.is("faults in the first round after a long time", len(w.faults()), 0)
	w.pass(30 * time.Second)
	w.is("faults in the second", len(w.faults()), 1)
}

// TestOutage plans outages around what goes wrong.
func TestOutage(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	w.run()
	owner, mender := w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.company, gatepost.RoleMaintainer)
	plan := func(token string, from, to time.Duration) functest.Reply {
		t.Helper()
		return w.Do(token, "POST", "/v1/outages", m{"camera_id": w.camera.ID, "from": w.clock().Add(from).Format(time.RFC3339), "to": w.clock().Add(to).Format(time.RFC3339), "reason": "换电源"})
	}
	plan(w.SignIn(w.shop, gatepost.RoleWatcher), 0, time.Hour).Refused(gatepost.NotFound, "")
	plan(w.SignIn(w.organisation(gatepost.KindPolice, "330102"), gatepost.RoleOwner), 0, time.Hour).Refused(gatepost.Forbidden, "")
	plan(w.SignIn(w.organisation(gatepost.KindBusiness, ""), gatepost.RoleOwner), 0, time.Hour).Refused(gatepost.NotFound, "")
	plan(owner, -time.Hour, time.Hour).Refused(gatepost.Invalid, "from")
	plan(owner, time.Hour, time.Minute).Refused(gatepost.Invalid, "to")
	plan(owner, time.Hour, 40*24*time.Hour).Refused(gatepost.Invalid, "to")
	id := plan(mender, 10*time.Minute, 40*time.Minute).Want(201).String("id")
	plan(owner, 20*time.Minute, time.Hour).Refused(gatepost.Conflict, "from")

	// It goes away with the outage, and is not back at its end.
	w.pass(11 * time.Minute)
	w.says(func(st *gatepost.CameraStatus) { st.Online = false })
	w.pass(15 * time.Minute)
	w.is("faults under the outage", len(w.faults()), 0)
	w.Do(w.SignIn(w.organisation(gatepost.KindBusiness, ""), gatepost.RoleOwner), "POST", "/v1/outages/"+id+"/end", nil).Refused(gatepost.NotFound, "")
	end := w.clock()
	w.Do(owner, "POST", "/v1/outages/"+id+"/end", nil).Want(204)
	w.Do(owner, "POST", "/v1/outages/"+id+"/end", nil).Refused(gatepost.Conflict, "")
	w.pass(6 * time.Minute)
	if list := w.faults(); len(list) != 1 || !list[0].From.Equal(end) {
		t.Errorf("faults after the outage that ended at %s: %+v", end, list)
	}
	// An outage that is planned now excuses nothing.
	plan(owner, 0, time.Hour).Want(201)
	w.pass(10 * time.Minute)
	if list := w.faults(); len(list) != 1 || list[0].Until != nil {
		t.Errorf("the fault under an outage that was planned after it: %+v", list)
	}
	if items := w.Do(mender, "GET", "/v1/outages", nil).Want(200).Items(); len(items) != 2 || items[1]["to"] != end.Format(time.RFC3339) {
		t.Errorf("outages %v", items)
	}
	w.change(w.camera.ID, func(c *gatepost.Camera) { c.State = gatepost.CameraSuspended })
	w.pass(30 * time.Second)
	if list := w.faults(); list[0].Until == nil {
		t.Errorf("the fault of a suspended camera goes on: %+v", list)
	}
}

// TestTwoRounds runs rounds in two processes at once.
func TestTwoRounds(t *testing.T) {
	w := newWorld(t, storetest.OpenPostgres(t))
	other := health.New(health.Options{Store: w.store, Now: w.clock})
	pass := func(d time.Duration) {
		for ; d > 0; d -= time.Minute {
			w.mu.Lock()
			w.now = w.now.Add(time.Minute)
			w.mu.Unlock()
			w.hear()
			var g sync.WaitGroup
			for _, f := range []*health.Function{w.function, other} {
				g.Go(func() {
					if err := f.Run(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			g.Wait()
		}
	}
	const times = 3
	for range times {
		w.says(func(st *gatepost.CameraStatus) { st.Online = false })
		pass(8 * time.Minute)
		w.says(func(st *gatepost.CameraStatus) { st.Online = true })
		pass(8 * time.Minute)
	}
	if list := w.faults(); len(list) != times || slices.ContainsFunc(list, func(f gatepost.Fault) bool { return f.Until == nil }) {
		t.Errorf("%d faults, want %d, all over: %+v", len(list), times, list)
	}
	w.is("told", len(w.told(w.shop)), 2*times)
	w.is("entries", len(w.ledger()), 4*times)
}

// TestWho holds who sees faults, and who does not.
func TestWho(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	w.run()
	w.says(func(st *gatepost.CameraStatus) { st.Online = false })
	w.pass(6 * time.Minute)
	order := w.Do(w.SignIn(w.shop, gatepost.RoleOwner), "GET", "/v1/work-orders", nil).Want(200).Items()
	if len(order) != 1 || order[0]["kind"] != "offline" || order[0]["organisation_id"] != w.company.ID {
		t.Fatalf("orders %v", order)
	}
	for _, c := range []struct {
		name         string
		kind         gatepost.OrganisationKind
		division     string
		role         gatepost.Role
		organisation *gatepost.Organisation
		sees         int // -1: is refused
	}{
		{"owner", "", "", gatepost.RoleOwner, &w.shop, 1},
		{"its maintainer", "", "", gatepost.RoleMaintainer, &w.shop, 1},
		{"its watcher", "", "", gatepost.RoleWatcher, &w.shop, -1},
		{"who answers for it", "", "", gatepost.RoleMaintainer, &w.company, 1},
		{"another shop", gatepost.KindBusiness, "330102001", gatepost.RoleOwner, nil, 0},
		{"the operator", gatepost.KindOperator, "", gatepost.RoleMaintainer, nil, 1},
		{"the operator's watcher", gatepost.KindOperator, "", gatepost.RoleWatcher, nil, -1},
		{"the county's police", gatepost.KindPolice, "330102", gatepost.RoleSupervisor, nil, 1},
		{"the town's government", gatepost.KindGovernment, "330102001", gatepost.RoleOwner, nil, 1},
		{"another county's police", gatepost.KindPolice, "330103", gatepost.RoleOwner, nil, 0},
		{"police of nowhere", gatepost.KindPolice, "", gatepost.RoleOwner, nil, 0},
		{"a department", gatepost.KindDepartment, "330102", gatepost.RoleOwner, nil, 0},
		{"a third party", gatepost.KindThirdParty, "330102", gatepost.RoleOwner, nil, -1},
		{"an administrator", gatepost.KindOperator, "", gatepost.RoleAdmin, nil, 1},
	} {
		o := c.organisation
		if o == nil {
			made := w.organisation(c.kind, c.division)
			o = &made
		}
		token := w.SignIn(*o, c.role)
		for _, path := range []string{"/v1/faults", "/v1/work-orders"} {
			reply := w.Do(token, "GET", path, nil)
			if c.sees < 0 {
				reply.Refused(gatepost.Forbidden, "")
				continue
			}
			if got := len(reply.Want(200).Items()); got != c.sees {
				t.Errorf("%s sees %d of %s, want %d", c.name, got, path, c.sees)
			}
		}
		body := m{"camera_id": w.camera.ID, "description": "no light"}
		reply := w.Do(token, "POST", "/v1/work-orders", body)
		if c.sees == 1 {
			withdrawn := w.Do(token, "POST", "/v1/work-orders/"+reply.Want(201).String("id")+"/withdraw", m{"remark": "by mistake"}).Want(200)
			w.is(c.name+" withdraws", withdrawn.String("state"), "withdrawn")
		} else {
			reply.Refused(gatepost.NotFound, "")
		}
	}
}
