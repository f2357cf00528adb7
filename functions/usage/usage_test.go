package usage_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/usage"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a shop's cameras, all of one night in service, and a police station.
type world struct {
	t       *testing.T
	s       *sqlstore.Store
	f       *usage.Function
	now     time.Time
	shop    gatepost.Organisation
	police  gatepost.Organisation
	cameras []gatepost.Camera
}

var begin = time.Date(2026, 3, 10, 0, 0, 0, 0, gatepost.Zone)

func newWorld(t *testing.T, s *sqlstore.Store, cameras int) *world {
	t.Helper()
	w := &world{t: t, s: s, now: begin, shop: storetest.NewOrganisation(t, s, gatepost.KindBusiness)}
	w.police = gatepost.Organisation{ID: gatepost.NewID(), Name: "派出所", Kind: gatepost.KindSubControl, Division: "330102", CreatedAt: begin}
	if err := s.CreateOrganisation(t.Context(), w.police); err != nil {
		t.Fatal(err)
	}
	for range cameras {
		c, err := s.CreateCamera(t.Context(), gatepost.Camera{ID: gatepost.NewID(), Name: "c", Division: "330102001", Place: gatepost.PlaceMarket, Class: 1,
			Owner: w.shop.ID, Responsible: w.shop.ID, Funder: w.shop.ID, Beneficiary: w.shop.ID, RetentionDays: 30, State: gatepost.CameraEnrolled,
			CreatedAt: begin, UpdatedAt: begin}, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", Allowed: true})
		if err != nil {
			t.Fatal(err)
		}
		w.cameras = append(w.cameras, c)
	}
	w.f = usage.New(usage.Options{Store: s, Now: func() time.Time { return w.now }})
	return w
}

func (w *world) move(c gatepost.Camera, at time.Time, state gatepost.CameraState) {
	w.t.Helper()
	if _, err := w.s.UpdateCamera(w.t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.State, c.UpdatedAt = state, at
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: c.ID, Allowed: true}, nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// answered has a department ask for footage, and the shop answer with a window of a camera.
func (w *world) answered(c gatepost.Camera, from, to time.Time) gatepost.Organisation {
	w.t.Helper()
	asker, now := storetest.NewOrganisation(w.t, w.s, gatepost.KindDepartment), time.Now()
	q := gatepost.FootageRequest{ID: gatepost.NewID(), Organisation: asker.ID, AskedBy: "u", AskedAt: now, From: from, To: to, CaseNumber: "n", Reason: "r", Expires: now.Add(time.Hour)}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRequest, Actor: "u", Allowed: true}
	if err := w.s.CreateFootageRequest(w.t.Context(), q, entry); err != nil {
		w.t.Fatal(err)
	}
	a := gatepost.FootageAnswer{ID: gatepost.NewID(), Request: q.ID, Grantee: asker.ID, Holder: w.shop.ID, Cameras: []string{c.ID}, From: from, To: to, CaseNumber: "n",
		AnsweredBy: "u", AnsweredAt: now, Until: now.Add(time.Hour)}
	if err := w.s.AnswerFootageRequest(w.t.Context(), a, gatepost.Notification{Organisation: asker.ID, Kind: "n", At: now}, entry); err != nil {
		w.t.Fatal(err)
	}
	return asker
}

func (w *world) day(c gatepost.Camera, at time.Time) (gatepost.CameraDay, bool) {
	w.t.Helper()
	list, err := w.s.CameraDays(w.t.Context(), c.ID, gatepost.DayOf(at), gatepost.DayOf(at))
	if err != nil {
		w.t.Fatal(err)
	}
	if len(list) == 0 {
		return gatepost.CameraDay{}, false
	}
	return list[0], true
}

func (w *world) run() {
	w.t.Helper()
	if err := w.f.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), 2)
		c, other := w.cameras[0], w.cameras[1]
		w.move(c, begin.Add(6*time.Hour), gatepost.CameraInService)
		w.move(other, begin.Add(time.Hour), gatepost.CameraRetired)
		storetest.NewRecording(t, w.s, c, begin.Add(7*time.Hour), func(r *gatepost.Recording) { r.End, r.RunEnd = r.Start.Add(3*time.Hour), gatepost.EndNetwork })
		w.look(c, begin.Add(8*time.Hour), 30*time.Minute)

		w.now = begin.AddDate(0, 0, 1).Add(time.Hour)
		w.run()
		if d, ok := w.day(c, begin); ok {
			t.Fatalf("the day was measured before it was due: %+v", d)
		}
		w.now = w.now.Add(time.Hour)
		w.run()
		d, ok := w.day(c, begin)
		want := gatepost.Service{Due: 18 * time.Hour, Recorded: 3 * time.Hour, Online: 3 * time.Hour, Offline: time.Hour, Network: 14 * time.Hour,
			WatchDue: 18 * time.Hour, Watched: 30 * time.Minute, Bytes: 1000, Objects: 1}
		if !ok || d.Service != want || d.State != gatepost.CameraInService || d.Owner != w.shop.ID || d.Division != "330102001" {
			t.Errorf("measured %+v, want %+v", d, want)
		}
		if d, ok := w.day(other, begin); !ok || d.State != gatepost.CameraRetired || d.Due != 0 {
			t.Errorf("the day on which it was retired: %+v %v", d, ok)
		}

		// What lay in a spool comes late; days that were missed are caught up.
		storetest.NewRecording(t, w.s, c, begin.Add(10*time.Hour), func(r *gatepost.Recording) { r.End = r.Start.Add(30 * time.Minute) })
		w.now = begin.AddDate(0, 0, 4).Add(3 * time.Hour)
		w.run()
		if d, _ := w.day(c, begin); d.Recorded != 3*time.Hour+30*time.Minute || d.Objects != 2 {
			t.Errorf("what came late is not in it: %+v", d)
		}
		for n := 1; n <= 3; n++ {
			at := begin.AddDate(0, 0, n)
			if d, ok := w.day(c, at); !ok || d.Due != 24*time.Hour || d.Offline != 24*time.Hour {
				t.Errorf("day %d: %+v %v", n, d, ok)
			}
			if d, ok := w.day(other, at); ok {
				t.Errorf("a retired camera has a day: %+v", d)
			}
		}
		runs, err := w.s.DayRuns(t.Context(), 0, 100)
		if err != nil || len(runs) != 5 { // four days, the first of them twice
			t.Errorf("runs: %+v %v", runs, err)
		}
		for _, r := range runs {
			if r.FinishedAt == nil || r.Cameras != 2 {
				t.Errorf("run %+v", r)
			}
		}
	})
}

// look puts a live look of the police station.
func (w *world) look(c gatepost.Camera, start time.Time, length time.Duration) {
	w.t.Helper()
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u", Organisation: w.police.ID, CreatedAt: start, ExpiresAt: start.Add(24 * time.Hour)}
	if err := w.s.CreateGrant(w.t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u", CameraID: c.ID, Allowed: true}); err != nil {
		w.t.Fatal(err)
	}
	l := gatepost.Look{ID: gatepost.NewID(), GrantID: g.ID, CameraID: c.ID, Transport: "hls", Start: start, End: start.Add(length), Bytes: 500, Ended: true}
	if err := w.s.PutLooks(w.t.Context(), "n", []gatepost.Look{l}, l.End); err != nil {
		w.t.Fatal(err)
	}
}

// TestRunAtOnce measures in several processes at once, with more than one page.
func TestRunAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		const cameras = 120
		w := newWorld(t, open(t), cameras)
		for _, c := range w.cameras {
			w.move(c, begin.Add(12*time.Hour), gatepost.CameraInService)
		}
		w.now = begin.AddDate(0, 0, 2).Add(12 * time.Hour)
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				if err := w.f.Run(context.WithoutCancel(t.Context())); err != nil {
					t.Errorf("run: %v", err)
				}
			})
		}
		work.Wait()
		w.run() // whoever lost the last page has left it to the others
		runs, err := w.s.DayRuns(t.Context(), 0, 10)
		if err != nil || len(runs) != 2 {
			t.Fatalf("runs: %+v %v", runs, err)
		}
		for _, r := range runs {
			if r.Cameras != cameras || r.FinishedAt == nil {
				t.Errorf("run %+v did not measure each camera once", r)
			}
		}
		sums, err := w.s.UsageByOwner(t.Context(), "", gatepost.DayOf(begin), gatepost.DayOf(begin)+1, "", 10)
		want := []gatepost.ServiceUse{{Key: w.shop.ID, Cameras: cameras, Days: 2 * cameras,
			Service: gatepost.Service{Due: cameras * 36 * time.Hour, Offline: cameras * 36 * time.Hour, WatchDue: cameras * 36 * time.Hour}}}
		if err != nil || !reflect.DeepEqual(sums, want) {
			t.Errorf("usage %+v %v, want %+v", sums, err, want)
		}
	})
}

func TestOperations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), 3)
		for i, c := range w.cameras {
			w.move(c, begin, gatepost.CameraInService)
			storetest.NewRecording(t, w.s, c, begin.Add(time.Duration(i+1)*time.Hour), nil)
			w.look(c, begin.Add(23*time.Hour+30*time.Minute), time.Hour)
		}
		w.now = begin.AddDate(0, 0, 2).Add(3 * time.Hour)
		w.run()
		api := functest.New(t, w.f.Register)
		owner, watcher := api.SignIn(w.shop, gatepost.RoleOwner), api.SignIn(w.shop, gatepost.RoleWatcher)
		operator := api.SignIn(storetest.NewOrganisation(t, w.s, gatepost.KindOperator), gatepost.RoleMaintainer)
		stranger := api.SignIn(storetest.NewOrganisation(t, w.s, gatepost.KindBusiness), gatepost.RoleOwner)
		const march = "?from=2026-03-10&to=2026-03-11"

		items := api.Do(owner, "GET", "/v1/usage"+march+"&limit=2", nil).Want(200).Items()
		if len(items) != 2 || items[0]["id"] != w.cameras[0].ID || items[0]["stored_bytes"] != 1000.0 || items[0]["viewed_ms"] != 3600000.0 || items[0]["live_looks"] != 1.0 {
			t.Errorf("usage of the shop's cameras: %v", items)
		}
		if s := items[0]["service"].(map[string]any); s["due_ms"] != 2*86400000.0 || s["recorded_ms"] != 60000.0 || s["watched_ms"] != 3600000.0 {
			t.Errorf("service: %v", s)
		}
		items = api.Do(operator, "GET", "/v1/usage"+march+"&by=organisation", nil).Want(200).Items()
		if len(items) != 1 || items[0]["name"] != w.shop.Name || items[0]["cameras"] != 3.0 || items[0]["camera_days"] != 6.0 || items[0]["viewed_bytes"] != 1500.0 {
			t.Errorf("usage by owner: %v", items)
		}
		if items := api.Do(stranger, "GET", "/v1/usage"+march, nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger sees %v", items)
		}
		api.Do(watcher, "GET", "/v1/usage"+march, nil).Refused(gatepost.Forbidden, "")
		api.Do(owner, "GET", "/v1/usage"+march+"&owner_id="+w.police.ID, nil).Refused(gatepost.Forbidden, "")
		api.Do(operator, "GET", "/v1/usage"+march, nil).Refused(gatepost.Invalid, "owner_id")
		api.Do(owner, "GET", "/v1/usage?from=2026-03-11&to=2026-03-10", nil).Refused(gatepost.Invalid, "to")
		api.Do(owner, "GET", "/v1/usage?from=2026-02-30&to=2026-03-10", nil).Refused(gatepost.Invalid, "from")
		api.Do(owner, "GET", "/v1/usage?from=2020-01-01&to=2026-03-10", nil).Refused(gatepost.TooLarge, "to")

		days := api.Do(owner, "GET", "/v1/cameras/"+w.cameras[0].ID+"/days"+march, nil).Want(200).Items()
		if len(days) != 2 || days[0]["day"] != "2026-03-10" || days[1]["state"] != "in_service" {
			t.Errorf("days: %v", days)
		}
		if s := days[0]["service"].(map[string]any); s["bytes"] == nil || s["objects"] == nil {
			t.Errorf("its owner does not see how much was stored: %v", s)
		}
		api.Do(stranger, "GET", "/v1/cameras/"+w.cameras[0].ID+"/days"+march, nil).Refused(gatepost.NotFound, "")
		days = api.Do(api.SignIn(w.police, gatepost.RoleWatcher), "GET", "/v1/cameras/"+w.cameras[0].ID+"/days"+march, nil).Want(200).Items()
		if len(days) != 2 || days[0]["service"].(map[string]any)["due_ms"] != 86400000.0 || days[0]["service"].(map[string]any)["bytes"] != nil {
			t.Errorf("days for local police, without volumes: %v", days)
		}
		// An answered footage request opens a day and a half: of the half, nothing is told.
		asker := w.answered(w.cameras[0], begin, begin.Add(36*time.Hour))
		days = api.Do(api.SignIn(asker, gatepost.RoleOwner), "GET", "/v1/cameras/"+w.cameras[0].ID+"/days"+march, nil).Want(200).Items()
		if len(days) != 1 || days[0]["day"] != "2026-03-10" {
			t.Errorf("days for whom a day and a half are open: %v", days)
		}
		if runs := api.Do(operator, "GET", "/v1/usage/runs?before=2026-03-11", nil).Want(200).Items(); len(runs) != 1 || runs[0]["cameras"] != 3.0 {
			t.Errorf("runs: %v", runs)
		}
		api.Do(owner, "GET", "/v1/usage/runs", nil).Refused(gatepost.Forbidden, "")
	})
}
