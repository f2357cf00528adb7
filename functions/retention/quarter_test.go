package retention_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

const day = 24 * time.Hour

// quarter is a simulation: everything that happened, remembered beside the stores, and
// the rule written down once more.
type quarter struct {
	*world
	r       *rand.Rand
	owner   gatepost.Organisation
	police  gatepost.Organisation
	cameras []gatepost.Camera
	numbers map[string]int // of cameras, by id
	policy  gatepost.RetentionPolicy

	there     map[string]gatepost.Recording // what must be there, by id
	holds     []gatepost.Hold
	incidents []simulated
	orders    []gatepost.DeletionOrder
	gone      int64
}

// simulated is an incident as the simulation remembers it.
type simulated struct {
	county   string
	from, to time.Time
}

// TestQuarter runs cameras of three counties through a quarter, day by day: with
// faults, incidents and drills, holds, orders, and changes of policy, category and
// days. Each day two sweepers go at once, and afterwards exactly what the rule
// keeps is there, as rows and as objects. GATEPOST_LONG=1 takes 2,000 cameras and every
// pair of stores.
func TestQuarter(t *testing.T) {
	cameras, days, daily, long := 6, 60, 2, os.Getenv("GATEPOST_LONG") != ""
	if long {
		cameras, days, daily = 2000, 92, 1
	}
	engines(t, long, func(t *testing.T, store *sqlstore.Store, objects objstore.Store) {
		q := newQuarter(t, store, objects, cameras)
		for i := range days {
			if q.day(daily); long && i%10 == 9 {
				t.Logf("day %d: %d recordings are there, %d were deleted", i+1, len(q.there), q.gone)
			}
		}
		if q.gone < int64(cameras) {
			t.Errorf("only %d recordings were deleted: the quarter tried nothing", q.gone)
		}
		if recordings, bytes := q.certified(); recordings != q.gone || bytes != 4*q.gone {
			t.Errorf("certificates of %d recordings and %d bytes, want %d of 4 bytes each", recordings, bytes, q.gone)
		}
	})
}

func newQuarter(t *testing.T, store *sqlstore.Store, objects objstore.Store, cameras int) *quarter {
	q := &quarter{world: newWorld(t, store, objects), r: rand.New(rand.NewPCG(7, uint64(cameras))), numbers: map[string]int{}, there: map[string]gatepost.Recording{}}
	q.owner, q.police = storetest.NewOrganisation(t, store, gatepost.KindBusiness), storetest.NewOrganisation(t, store, gatepost.KindPolice)
	q.policy = q.world.policy(func(p *gatepost.RetentionPolicy) {
		p.General, p.KeyTarget, p.IncidentDays = gatepost.DayBounds{Floor: 5, Ceiling: 20}, gatepost.DayBounds{Floor: 15, Ceiling: 30}, 25
	})
	for i := range cameras {
		q.cameras = append(q.cameras, q.camera(q.owner.ID, func(c *gatepost.Camera) {
			c.Division, c.RetentionDays = q.county(i), q.r.IntN(40)
			c.Category = gatepost.LegalCategories[i%2]
		}))
		q.numbers[q.cameras[i].ID] = i
	}
	return q
}

func (q *quarter) county(i int) string { return []string{"330102", "330105", "330106"}[i%3] }

func (q *quarter) chance(percent int) bool { return q.r.IntN(100) < percent }

// day lets happen what happens in a day, sweeps and compares.
func (q *quarter) day(daily int) {
	q.t.Helper()
	var list []gatepost.Recording
	for _, c := range q.cameras {
		if q.chance(10) {
			continue // it has a fault today
		}
		for range daily {
			end := q.now.Add(-time.Duration(q.r.IntN(int(day/time.Second))) * time.Second)
			list = append(list, minute(c, end, q.policy.Bounds(c.Category).Clamp(c.RetentionDays)))
		}
	}
	q.keep(list)
	for _, r := range list {
		q.there[r.ID] = r
	}
	q.happen()
	q.sweep()
	q.compare()
	q.now = q.now.Add(day)
}

func (q *quarter) happen() {
	some := func() int { return q.r.IntN(len(q.cameras)) }
	ago := func(most int) time.Time { return q.now.Add(-time.Duration(q.r.IntN(most*24)) * time.Hour) }
	if q.chance(15) {
		i := some()
		q.cameras[i] = q.change(q.cameras[i], func(c *gatepost.Camera) { c.RetentionDays = q.r.IntN(40) })
	}
	if q.chance(8) {
		i := some()
		q.cameras[i] = q.change(q.cameras[i], func(c *gatepost.Camera) { c.Category = gatepost.LegalCategories[q.r.IntN(2)] })
	}
	if q.chance(6) {
		q.policy = q.world.policy(func(p *gatepost.RetentionPolicy) {
			p.General.Floor = 1 + q.r.IntN(12)
			p.General.Ceiling = p.General.Floor + q.r.IntN(15)
			p.IncidentDays = 5 + q.r.IntN(35)
		})
	}
	if q.chance(20) {
		from := ago(20)
		q.holds = append(q.holds, q.hold(q.cameras[some()], from, from.Add(time.Duration(1+q.r.IntN(100))*time.Hour), q.now.Add(time.Duration(1+q.r.IntN(40))*day+time.Hour)))
	}
	if n := len(q.holds); n > 0 && q.chance(5) {
		if h := &q.holds[q.r.IntN(n)]; h.ReleasedAt == nil {
			q.release(*h)
			h.ReleasedAt = &q.now
		}
	}
	if q.chance(20) {
		i := simulated{q.county(some()), q.now.Add(-12 * time.Hour), q.now.Add(time.Duration(q.r.IntN(12)) * time.Hour)}
		drill := q.chance(30)
		area := gatepost.Area{Divisions: []string{i.county}}
		q.incident(q.police, area, access.Parts(area), i.from, i.to, drill)
		if !drill {
			q.incidents = append(q.incidents, i)
		}
	}
	if q.chance(10) {
		from := ago(10)
		q.orders = append(q.orders, q.order(q.cameras[some()], from, from.Add(3*time.Hour)))
	}
}

// sweep lets two sweepers go at once.
func (q *quarter) sweep() {
	q.t.Helper()
	var work sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		work.Go(func() { errs[i] = q.sweeper(q.store, q.objects)(q.t.Context()) })
	}
	work.Wait()
	for _, err := range errs {
		if err != nil {
			q.t.Fatal(err)
		}
	}
}

// compare takes away what must be gone by now, and holds that all else is there.
func (q *quarter) compare() {
	q.t.Helper()
	for id, r := range q.there {
		if q.over(r) {
			delete(q.there, id)
			q.gone++
		}
	}
	ids, keys, objects := q.stored()
	for _, id := range ids {
		if _, ok := q.there[id]; !ok {
			q.t.Fatalf("%s: %s is still there", q.now.Format(time.DateOnly), id)
		}
	}
	if len(ids) != len(q.there) {
		q.t.Fatalf("%s: %d recordings are there, %d must be", q.now.Format(time.DateOnly), len(ids), len(q.there))
	}
	if !slices.Equal(keys, objects) {
		q.t.Fatalf("%s: rows and objects disagree:\n%q\n%q", q.now.Format(time.DateOnly), keys, objects)
	}
}

// over is the rule without any of the code that it judges.
func (q *quarter) over(r gatepost.Recording) bool {
	overlaps := func(from, to time.Time) bool { return r.Start.Before(to) && r.End.After(from) }
	for _, h := range q.holds {
		if h.CameraID == r.CameraID && h.ReleasedAt == nil && q.now.Before(h.Until) && overlaps(h.From, h.To) {
			return false
		}
	}
	for _, o := range q.orders {
		if o.CameraID == r.CameraID && overlaps(o.From, o.To) {
			return true
		}
	}
	c := q.cameras[q.numbers[r.CameraID]]
	floor, ceiling := q.policy.General.Floor, q.policy.General.Ceiling
	if c.Category == gatepost.CategoryKeyTarget {
		floor, ceiling = q.policy.KeyTarget.Floor, q.policy.KeyTarget.Ceiling
	}
	days := c.RetentionDays
	if days < floor {
		days = floor
	}
	if days > ceiling {
		days = ceiling
	}
	for _, i := range q.incidents {
		if i.county == c.Division && overlaps(i.from, i.to) && days < q.policy.IncidentDays {
			days = q.policy.IncidentDays
		}
	}
	return q.now.Sub(r.End) > time.Duration(days)*day
}
