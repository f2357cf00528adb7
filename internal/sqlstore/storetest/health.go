package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("health figures", testHealthFigures)
	register("health facts", testHealthFacts)
}

// testHealthFacts holds since when a camera counts as in service.
func testHealthFacts(t *testing.T, s *sqlstore.Store) {
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	begin := now()
	facts := func() []gatepost.CameraHealth {
		t.Helper()
		list, err := s.CameraHealth(t.Context(), begin, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	change := func(after time.Duration, change func(*gatepost.Camera)) {
		t.Helper()
		if _, err := s.UpdateCamera(t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			change(c)
			c.UpdatedAt = begin.Add(after)
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if list := facts(); len(list) != 0 {
		t.Errorf("a camera that is not in service: %+v", list)
	}
	state := func(state gatepost.CameraState) func(*gatepost.Camera) {
		return func(c *gatepost.Camera) { c.State = state }
	}
	change(time.Minute, state(gatepost.CameraInService))
	change(2*time.Minute, func(c *gatepost.Camera) { c.Class = 1 })
	if list := facts(); len(list) != 1 || !list[0].InService.Equal(begin.Add(time.Minute)) || list[0].Reported {
		t.Errorf("in service: %+v", list)
	}
	change(3*time.Minute, state(gatepost.CameraSuspended))
	change(4*time.Minute, state(gatepost.CameraInService))
	if list := facts(); len(list) != 1 || !list[0].InService.Equal(begin.Add(4*time.Minute)) {
		t.Errorf("in service again: %+v", list)
	}
	suspicion := gatepost.Fault{ID: nextID(), CameraID: c.ID, Kind: gatepost.FaultOffline, From: begin}
	for range 2 {
		if err := s.SuspectFaults(t.Context(), []gatepost.Fault{suspicion}); err != nil {
			t.Fatal(err)
		}
		suspicion.ID = nextID()
	}
	change(5*time.Minute, state(gatepost.CameraSuspended))
	if list := facts(); len(list) != 1 || !list[0].InService.IsZero() || len(list[0].Faults) != 1 {
		t.Errorf("suspended, with a suspicion: %+v", list)
	}
	if list, err := s.Faults(t.Context(), gatepost.HealthScope{}, true, "", "", "", 10); err != nil || len(list) != 0 {
		t.Errorf("a suspicion is listed: %+v %v", list, err)
	}
}

// testHealthFigures compares sums with an addition of all rows, one by one.
func testHealthFigures(t *testing.T, s *sqlstore.Store) {
	const seed = 5
	random := rand.New(rand.NewPCG(seed, seed))
	owner := NewOrganisation(t, s, gatepost.KindBusiness)
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, gatepost.Zone).UTC()
	from, to := begin.Add(10*time.Hour), begin.Add(30*time.Hour)
	at := func(first int) time.Time {
		return begin.Add(time.Duration(first+random.IntN(45*60-first)) * time.Minute)
	}
	divisions := []string{"330102001", "330102002", "3301", "330203"}
	var faults []gatepost.Fault
	var orders []gatepost.WorkOrder
	for range 60 {
		c := NewCamera(t, s, owner.ID)
		f := gatepost.Fault{ID: nextID(), CameraID: c.ID, Kind: gatepost.FaultKinds[random.IntN(3)], Division: divisions[random.IntN(4)], Class: gatepost.WatchClass(1 + random.IntN(3)), From: at(0)}
		if err := s.SuspectFaults(t.Context(), []gatepost.Fault{f}); err != nil {
			t.Fatal(err)
		}
		o := gatepost.WorkOrder{ID: nextID(), CameraID: c.ID, FaultID: f.ID, Division: f.Division, Class: f.Class, Organisation: owner.ID, State: gatepost.OrderOpen, OpenedBy: "system"}
		if random.IntN(6) > 0 {
			opened := f.From.Add(5 * time.Minute)
			f.OpenedAt, o.OpenedAt, o.DueAt = &opened, opened, opened.Add(time.Duration(random.IntN(10))*time.Hour)
			if err := s.OpenFault(t.Context(), f, &o, nil, nil); err != nil {
				t.Fatal(err)
			}
			orders = append(orders, turn(t, s, o, random))
			faults = append(faults, f)
		}
		if random.IntN(3) > 0 {
			until := f.From.Add(time.Duration(random.IntN(20*60)) * time.Minute)
			f.Until = &until
			if err := s.CloseFault(t.Context(), f, nil, nil); err != nil {
				t.Fatal(err)
			}
			if len(faults) > 0 && faults[len(faults)-1].ID == f.ID {
				faults[len(faults)-1] = f
			}
		}
	}
	for _, now := range []time.Time{begin.Add(100 * time.Hour), begin.Add(20 * time.Hour)} {
		for _, division := range []string{"", "33", "3301", "330102", "330102001", "330203", "44"} {
			got, err := s.HealthFigures(t.Context(), division, from, to, now)
			if err != nil {
				t.Fatal(err)
			}
			end := to
			if now.Before(to) {
				end = now
			}
			if want := addUp(faults, orders, division, from, end); !reflect.DeepEqual(got, want) {
				t.Errorf("division %q at %s (seed %d):\n got %+v\nwant %+v", division, now, seed, got, want)
			}
		}
	}
}

// turn takes a work order as far as chance will have it.
func turn(t *testing.T, s *sqlstore.Store, o gatepost.WorkOrder, random *rand.Rand) gatepost.WorkOrder {
	t.Helper()
	step := func() *time.Time {
		later := o.OpenedAt.Add(time.Duration(random.IntN(600)) * time.Minute)
		return &later
	}
	switch random.IntN(4) {
	case 0:
		return o
	case 1:
		o.State, o.ClosedAt = gatepost.OrderWithdrawn, step()
	case 2:
		o.State, o.DoneAt = gatepost.OrderDone, step()
	case 3:
		o.State, o.DoneAt = gatepost.OrderConfirmed, step()
		closed := o.DoneAt.Add(time.Duration(random.IntN(600)) * time.Minute)
		o.ClosedAt = &closed
	}
	if _, err := s.UpdateWorkOrder(t.Context(), o.ID, func(now *gatepost.WorkOrder) ([]gatepost.Notification, gatepost.LedgerEntry, error) {
		now.State, now.DoneAt, now.ClosedAt = o.State, o.DoneAt, o.ClosedAt
		return nil, gatepost.LedgerEntry{Kind: gatepost.LedgerHealth, Actor: "test"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// addUp is HealthFigures, minute by minute and row by row.
func addUp(faults []gatepost.Fault, orders []gatepost.WorkOrder, division string, from, to time.Time) []gatepost.HealthFigure {
	sums := map[string]*gatepost.HealthFigure{}
	kinds := map[string]map[gatepost.FaultKind]*gatepost.FaultFigure{}
	of := func(code string, class gatepost.WatchClass) (*gatepost.HealthFigure, map[gatepost.FaultKind]*gatepost.FaultFigure) {
		code = code[:min(len(code), 6)]
		key := fmt.Sprintf("%-9s%d", code, class)
		if sums[key] == nil {
			sums[key], kinds[key] = &gatepost.HealthFigure{Division: code, Class: class}, map[gatepost.FaultKind]*gatepost.FaultFigure{}
		}
		return sums[key], kinds[key]
	}
	within := func(t *time.Time) int64 {
		if t != nil && !t.Before(from) && t.Before(to) {
			return 1
		}
		return 0
	}
	for _, f := range faults {
		if division != "" && !gatepost.Within(f.Division, division) {
			continue
		}
		lasted := time.Duration(0)
		for minute := from; minute.Before(to); minute = minute.Add(time.Minute) {
			if !minute.Before(f.From) && (f.Until == nil || minute.Before(*f.Until)) {
				lasted += time.Minute
			}
		}
		if opened := within(f.OpenedAt); opened > 0 || lasted > 0 || f.From.Before(to) && (f.Until == nil || f.Until.After(from)) {
			_, by := of(f.Division, f.Class)
			if by[f.Kind] == nil {
				by[f.Kind] = &gatepost.FaultFigure{Kind: f.Kind}
			}
			by[f.Kind].Opened += opened
			by[f.Kind].Lasted += lasted
		}
	}
	for _, o := range orders {
		if division != "" && !gatepost.Within(o.Division, division) || !o.OpenedAt.Before(to) || o.ClosedAt != nil && o.ClosedAt.Before(from) && o.DueAt.Before(from) {
			continue
		}
		h, _ := of(o.Division, o.Class)
		h.Opened += within(&o.OpenedAt)
		h.Closed += within(o.ClosedAt)
		if within(&o.DueAt) == 1 && o.Overdue(o.DueAt.Add(time.Millisecond)) {
			h.Overdue++
		}
		if o.State == gatepost.OrderConfirmed && within(o.ClosedAt) == 1 {
			h.Repaired++
			h.RepairTime += o.DoneAt.Sub(o.OpenedAt)
		}
	}
	list := []gatepost.HealthFigure{}
	for _, key := range slices.Sorted(maps.Keys(sums)) {
		for _, kind := range slices.Sorted(maps.Keys(kinds[key])) {
			sums[key].Faults = append(sums[key].Faults, *kinds[key][kind])
		}
		list = append(list, *sums[key])
	}
	return list
}
