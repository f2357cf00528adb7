package duty_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/duty"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// room is a sub-control centre of a county with a class 1 camera of a shop, and a
// clock that the test sets.
type room struct {
	*functest.API
	t            *testing.T
	store        *sqlstore.Store
	function     *duty.Function
	centre, shop gatepost.Organisation
	camera       gatepost.Camera

	mu  sync.Mutex
	now time.Time
}

func newRoom(t *testing.T, s *sqlstore.Store) *room {
	r := &room{t: t, store: s, now: time.Now().UTC().Truncate(time.Second)}
	r.function = duty.New(duty.Options{Store: s, Now: r.clock})
	r.API = functest.New(t, r.function.Register)
	r.centre, r.shop = r.organisation(gatepost.KindSubControl, "330102"), r.organisation(gatepost.KindBusiness, "330102")
	r.camera = r.newCamera(1)
	r.hear(true)
	return r
}

func (r *room) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *room) wait(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *room) organisation(kind gatepost.OrganisationKind, division string) gatepost.Organisation {
	r.t.Helper()
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: string(kind) + " of " + division, Kind: kind, Division: division, CreatedAt: r.clock()}
	if err := r.store.CreateOrganisation(r.t.Context(), o); err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *room) newCamera(class gatepost.WatchClass) gatepost.Camera {
	r.t.Helper()
	return r.change(storetest.NewCamera(r.t, r.store, r.shop.ID).ID, func(c *gatepost.Camera) {
		c.Division, c.Class, c.State = "330102001", class, gatepost.CameraInService
	})
}

func (r *room) change(id string, change func(*gatepost.Camera)) gatepost.Camera {
	r.t.Helper()
	c, err := r.store.UpdateCamera(r.t.Context(), id, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		change(c)
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// hear has a gateway speak of the camera now.
func (r *room) hear(online bool) {
	r.t.Helper()
	now := r.clock()
	if err := r.store.PutStatuses(r.t.Context(), []gatepost.CameraStatus{{CameraID: r.camera.ID, Node: "gw", Online: online, Since: now, SeenAt: now}}); err != nil {
		r.t.Fatal(err)
	}
}

// look is how somebody watches, as a gateway tells it.
type look struct {
	gatepost.Look
	r *room
}

func (r *room) look(o gatepost.Organisation, share string) *look {
	r.t.Helper()
	now := r.clock()
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: r.camera.ID, Action: gatepost.ActionLive, UserID: "officer", Organisation: o.ID, ShareID: share,
		ExpiresAt: now.Add(time.Hour), CreatedAt: now}
	if err := r.store.CreateGrant(r.t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "officer"}); err != nil {
		r.t.Fatal(err)
	}
	l := &look{gatepost.Look{ID: gatepost.NewID(), GrantID: g.ID, CameraID: r.camera.ID, Transport: "whep", Start: now, End: now}, r}
	l.tell(false)
	return l
}

func (l *look) tell(ended bool) {
	l.r.t.Helper()
	l.End, l.Ended = l.r.clock(), ended
	if err := l.r.store.PutLooks(l.r.t.Context(), "gw", []gatepost.Look{l.Look}, l.End); err != nil {
		l.r.t.Fatal(err)
	}
}

func (r *room) run() {
	r.t.Helper()
	if err := r.function.Run(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// alarms lists the alarms, newest first.
func (r *room) alarms() []gatepost.WatchAlarm {
	r.t.Helper()
	list, err := r.store.WatchAlarms(r.t.Context(), "", time.UnixMilli(1), r.clock().Add(time.Hour), "", 10)
	if err != nil {
		r.t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b gatepost.WatchAlarm) int { return b.Since.Compare(a.Since) })
	return list
}

// told lists the acts that an organisation was told of, sorted.
func (r *room) told(o gatepost.Organisation) (acts []string) {
	r.t.Helper()
	list, err := r.store.Notifications(r.t.Context(), o.ID, "", 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, n := range list {
		acts = append(acts, n.Detail["act"])
	}
	slices.Sort(acts)
	return acts
}

// ledger counts the entries on duty about the camera.
func (r *room) ledger() int {
	r.t.Helper()
	rows, err := r.store.LedgerRows(r.t.Context(), gatepost.LedgerFilter{CameraID: r.camera.ID, Kind: gatepost.LedgerDuty}, "", 100)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(rows)
}

func TestUnwatched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		r := newRoom(t, open(t))
		station := r.organisation(gatepost.KindPolice, "330102001")
		city := r.organisation(gatepost.KindPolice, "3301")
		r.newCamera(2)
		begin := r.clock()
		r.run()
		r.wait(59 * time.Second)
		r.hear(true)
		r.run()
		if got := r.alarms(); len(got) != 0 {
			t.Fatalf("before its time: %+v", got)
		}
		r.wait(time.Second)
		for range 2 {
			r.run()
		}
		got := r.alarms()
		if len(got) != 1 || got[0].CameraID != r.camera.ID || !got[0].Since.Equal(begin) || got[0].Cause != gatepost.CauseUnattended || got[0].ClosedAt != nil {
			t.Fatalf("alarms %+v", got)
		}
		if !slices.Equal(r.told(r.centre), []string{"unwatched"}) || !slices.Equal(r.told(station), []string{"unwatched"}) || len(r.told(city)) != 0 || r.ledger() != 1 {
			t.Errorf("told %v %v %v, %d entries", r.told(r.centre), r.told(station), r.told(city), r.ledger())
		}

		// The owner and a guest do not watch for the centre.
		r.look(r.shop, "")
		r.look(r.centre, "a share")
		r.run()
		if got := r.alarms(); got[0].ClosedAt != nil {
			t.Errorf("closed by somebody who is not on duty: %+v", got)
		}
		officer := r.look(r.centre, "")
		r.run()
		if got := r.alarms(); len(got) != 1 || got[0].ClosedAt == nil || !slices.Equal(r.told(r.centre), []string{"unwatched", "watched_again"}) || r.ledger() != 2 {
			t.Errorf("watched again: %+v, told %v, %d entries", got, r.told(r.centre), r.ledger())
		}

		// Two watch; one leaves; then the other, a while before anybody hears of it.
		second := r.look(city, "")
		r.wait(time.Minute)
		officer.tell(true)
		r.hear(true)
		r.run()
		if board := r.board(); board["watched"] != true || len(board["watchers"].([]any)) != 1 || board["others"] != 2.0 {
			t.Errorf("the board shows %v", board)
		}
		left := r.clock()
		second.tell(true)
		r.wait(40 * time.Second)
		r.run()
		if board := r.board(); board["watched"] != false || board["since"] != left.Format(time.RFC3339) {
			t.Errorf("the board shows %v, want unwatched since %s", board, left)
		}
		r.wait(20 * time.Second)
		r.hear(true)
		r.run()
		if got := r.alarms(); len(got) != 2 || !got[0].Since.Equal(left) {
			t.Errorf("the second alarm: %+v", got)
		}

		// A camera that need not be watched any more is no alarm.
		r.change(r.camera.ID, func(c *gatepost.Camera) { c.Class = 2 })
		r.run()
		if got := r.alarms(); got[0].ClosedAt == nil || !slices.Equal(r.told(r.centre), []string{"no_longer_due", "unwatched", "unwatched", "watched_again"}) {
			t.Errorf("of class 2: %+v, told %v", got, r.told(r.centre))
		}
		r.wait(time.Hour)
		r.hear(true)
		r.run()
		if got := r.alarms(); len(got) != 2 {
			t.Errorf("of class 2: %+v", got)
		}
	})
}

// board returns the one camera of the board.
func (r *room) board() m {
	r.t.Helper()
	items := r.Do(r.SignIn(r.centre, gatepost.RoleWatcher), "GET", "/v1/duty/cameras", nil).Want(200).Items()
	if len(items) != 1 {
		r.t.Fatalf("board %v", items)
	}
	return items[0]
}

// TestAway holds that nobody is blamed while the control plane heard nothing: a
// look that it had to give up goes on when the gateway speaks again.
func TestAway(t *testing.T) {
	r := newRoom(t, storetest.OpenSQLite(t))
	officer := r.look(r.centre, "")
	r.run()
	r.wait(5 * time.Minute)
	if n, err := r.store.CloseLooks(t.Context(), r.clock().Add(-time.Minute), r.clock(), 10); err != nil || n != 1 {
		t.Fatalf("closed %d %v", n, err)
	}
	r.run()
	if got := r.alarms(); len(got) != 0 {
		t.Errorf("an alarm of what nobody knows: %+v", got)
	}
	officer.tell(false)
	r.hear(true)
	r.run()
	r.wait(2 * time.Minute)
	officer.tell(false)
	r.hear(true)
	r.run()
	if got := r.alarms(); len(got) != 0 {
		t.Errorf("he watched all the time: %+v", got)
	}
	// A camera without a picture cannot be watched, and that is an alarm of its own.
	officer.tell(true)
	r.hear(false)
	r.wait(5 * time.Minute)
	r.run()
	r.run()
	if got := r.alarms(); len(got) != 1 || got[0].Cause != gatepost.CauseOffline {
		t.Errorf("offline: %+v", got)
	}
}

// TestOneAlarm runs rounds in two processes at once, again and again, on the real
// server.
func TestOneAlarm(t *testing.T) {
	r := newRoom(t, storetest.OpenPostgres(t))
	rounds := func() {
		var g sync.WaitGroup
		for range 2 {
			process := duty.New(duty.Options{Store: r.store, Now: r.clock})
			g.Go(func() {
				for range 5 {
					if err := process.Run(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		g.Wait()
	}
	const times = 4
	for range times {
		r.hear(true)
		rounds() // nobody watches from now on
		r.wait(2 * time.Minute)
		r.hear(true)
		rounds()
		officer := r.look(r.centre, "")
		rounds()
		r.wait(time.Second)
		officer.tell(true)
	}
	got := r.alarms()
	if len(got) != times || slices.ContainsFunc(got, func(a gatepost.WatchAlarm) bool { return a.ClosedAt == nil }) {
		t.Errorf("%d alarms, want %d, all closed: %+v", len(got), times, got)
	}
	if told := r.told(r.centre); len(told) != 2*times || r.ledger() != 2*times {
		t.Errorf("told %v, %d entries", told, r.ledger())
	}
}

func TestSetting(t *testing.T) {
	r := newRoom(t, storetest.OpenSQLite(t))
	city := r.organisation(gatepost.KindPolice, "3301")
	leader, chief := r.SignIn(r.centre, gatepost.RoleSupervisor), r.SignIn(city, gatepost.RoleOwner)
	get := func(token string) (any, string) {
		reply := r.Do(token, "GET", "/v1/duty/setting", nil).Want(200)
		return reply.Body["alarm_after_seconds"], reply.String("set_by")
	}
	if after, by := get(leader); after != 60.0 || by != "" {
		t.Errorf("default: %v by %q", after, by)
	}
	for _, c := range []struct {
		name, token string
		body        m
		code        gatepost.Code
		field       string
	}{
		{"a shop", r.SignIn(r.shop, gatepost.RoleOwner), m{"alarm_after_seconds": 60}, gatepost.Forbidden, ""},
		{"a watcher", r.SignIn(r.centre, gatepost.RoleWatcher), m{"alarm_after_seconds": 60}, gatepost.Forbidden, ""},
		{"an administrator", r.SignIn(r.shop, gatepost.RoleAdmin), m{"alarm_after_seconds": 60}, gatepost.Conflict, ""},
		{"at once", leader, m{"alarm_after_seconds": 1}, gatepost.Invalid, ""},
		{"never", leader, m{"alarm_after_seconds": 100000}, gatepost.Invalid, ""},
	} {
		r.Do(c.token, "PUT", "/v1/duty/setting", c.body).Refused(c.code, c.field)
	}
	r.Do(chief, "PUT", "/v1/duty/setting", m{"alarm_after_seconds": 600}).Want(200)
	if after, by := get(leader); after != 600.0 || by != "3301" {
		t.Errorf("of the city: %v by %q", after, by)
	}
	r.Do(leader, "PUT", "/v1/duty/setting", m{"alarm_after_seconds": 20}).Want(200)
	if after, by := get(leader); after != 20.0 || by != "330102" {
		t.Errorf("of the county: %v by %q", after, by)
	}
	r.run()
	r.wait(20 * time.Second)
	r.hear(true)
	r.run()
	if got := r.alarms(); len(got) != 1 {
		t.Errorf("after 20 s: %+v", got)
	}
	r.Do(r.SignIn(r.shop, gatepost.RoleOwner), "GET", "/v1/duty/cameras", nil).Refused(gatepost.Forbidden, "")
	from, to := r.clock().Add(-time.Hour).Format(time.RFC3339), r.clock().Add(time.Hour).Format(time.RFC3339)
	if items := r.Do(leader, "GET", "/v1/duty/alarms?from="+from+"&to="+to, nil).Want(200).Items(); len(items) != 1 || items[0]["camera_name"] != r.camera.Name {
		t.Errorf("alarms %v", items)
	}
	elsewhere := r.SignIn(r.organisation(gatepost.KindPolice, "330103"), gatepost.RoleOwner)
	if items := r.Do(elsewhere, "GET", "/v1/duty/alarms?from="+from+"&to="+to, nil).Want(200).Items(); len(items) != 0 {
		t.Errorf("another county's alarms: %v", items)
	}
	if items := r.Do(elsewhere, "GET", "/v1/duty/cameras", nil).Want(200).Items(); len(items) != 0 {
		t.Errorf("another county's board: %v", items)
	}
	r.Do(leader, "GET", "/v1/duty/alarms?from="+to+"&to="+from, nil).Refused(gatepost.Invalid, "to")
}
