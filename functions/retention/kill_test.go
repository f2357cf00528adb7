package retention_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

var errKilled = errors.New("killed")

// life is that of a process which dies at a step that changes something: before it
// is done, or after, when nobody hears of it.
type life struct {
	at    int
	after bool
	step  int
	dead  bool
}

func (l *life) do(change func() error) error {
	l.step++
	if l.dead || l.step == l.at && !l.after {
		l.dead = true
		return errKilled
	}
	err := change()
	if l.step == l.at {
		l.dead = true
		return errKilled
	}
	return err
}

// mortalRows and mortalObjects are stores in the hands of a process that dies.
type mortalRows struct {
	*sqlstore.Store
	*life
}

func (m mortalRows) EndRecordings(ctx context.Context, e gatepost.Ending) (n, bytes int64, err error) {
	err = m.do(func() error { n, bytes, err = m.Store.EndRecordings(ctx, e); return err })
	return n, bytes, err
}

func (m mortalRows) EndByOrder(ctx context.Context, order string, ids []string, now time.Time) (n, bytes int64, err error) {
	err = m.do(func() error { n, bytes, err = m.Store.EndByOrder(ctx, order, ids, now); return err })
	return n, bytes, err
}

func (m mortalRows) UpdateDeletionOrder(ctx context.Context, id string, change func(*gatepost.DeletionOrder) (gatepost.LedgerEntry, error)) (o gatepost.DeletionOrder, err error) {
	err = m.do(func() error { o, err = m.Store.UpdateDeletionOrder(ctx, id, change); return err })
	return o, err
}

func (m mortalRows) IssueCertificates(ctx context.Context, cameraID string, now time.Time) (n int, err error) {
	err = m.do(func() error { n, err = m.Store.IssueCertificates(ctx, cameraID, now); return err })
	return n, err
}

func (m mortalRows) PutRetentionRun(ctx context.Context, r gatepost.RetentionRun) error {
	return m.do(func() error { return m.Store.PutRetentionRun(ctx, r) })
}

func (m mortalRows) DropRecordings(ctx context.Context, ids []string, now time.Time) (n int, err error) {
	err = m.do(func() error { n, err = m.Store.DropRecordings(ctx, ids, now); return err })
	return n, err
}

func (m mortalRows) BeginMove(ctx context.Context, id, to string, now time.Time) (ok bool, err error) {
	err = m.do(func() error { ok, err = m.Store.BeginMove(ctx, id, to, now); return err })
	return ok, err
}

func (m mortalRows) FinishMove(ctx context.Context, id, to string, days int, class gatepost.StorageClass, began time.Time) (ok bool, err error) {
	err = m.do(func() error { ok, err = m.Store.FinishMove(ctx, id, to, days, class, began); return err })
	return ok, err
}

func (m mortalRows) EndMove(ctx context.Context, id, other string) error {
	return m.do(func() error { return m.Store.EndMove(ctx, id, other) })
}

type mortalObjects struct {
	objstore.Store
	*life
}

func (m mortalObjects) Copy(ctx context.Context, from, to string) error {
	return m.do(func() error { return m.Store.Copy(ctx, from, to) })
}

func (m mortalObjects) Delete(ctx context.Context, keys ...string) error {
	return m.do(func() error { return m.Store.Delete(ctx, keys...) })
}

// TestKilledAnywhere kills a sweeper before and after each step that changes anything, and lets
// another go on: whatever the step, the end is the same.
func TestKilledAnywhere(t *testing.T) {
	engines(t, false, func(t *testing.T, store *sqlstore.Store, objects objstore.Store) {
		end := ""
		steps := 0
		for at := 0; at <= steps; at++ {
			for _, after := range []bool{false, true} {
				l := &life{at: at, after: after}
				outcome := killed(t, store, objects, l)
				if at == 0 { // nobody died
					end, steps = outcome, l.step
					if steps < 12 {
						t.Fatalf("only %d steps: %s", steps, outcome)
					}
					continue
				}
				if !l.dead {
					t.Fatalf("nobody died at step %d", at)
				}
				if outcome != end {
					t.Errorf("killed at step %d of %d, after it: %v:\n%s\nwant\n%s", at, steps, after, outcome, end)
				}
			}
		}
		t.Logf("%d steps: %s", steps, end)
	})
}

// killed makes footage of every kind, lets a sweeper go that dies, then another that does not, and
// says what there is in the end. Afterwards the stores are as empty as before.
func killed(t *testing.T, store *sqlstore.Store, objects objstore.Store, l *life) string {
	t.Helper()
	w := newWorld(t, store, objects)
	shop, police := storetest.NewOrganisation(t, store, gatepost.KindBusiness), storetest.NewOrganisation(t, store, gatepost.KindPolice)
	c := w.camera(shop.ID, nil)
	raised := w.camera(shop.ID, func(c *gatepost.Camera) { c.RetentionDays = 90 })
	ago := func(days int) time.Time { return w.now.Add(-time.Duration(days) * day) }
	for _, age := range []int{1, 29, 31, 31, 32, 33, 50} {
		w.recorded(c, ago(age), 30)
	}
	w.recorded(raised, ago(40), 30) // moves to rec/90/
	w.recorded(raised, ago(91), 30)
	held := w.recorded(c, ago(60), 30) // moves to hold/
	h := w.hold(c, held.Start, held.End, w.now.Add(1000*day))
	w.recorded(c, ago(70), 30)
	area := gatepost.Area{Divisions: []string{"330106"}}
	w.incident(police, area, []gatepost.AreaPart{{Division: "330106"}}, ago(70).Add(-time.Hour), ago(70).Add(time.Hour), false) // and it to rec/180/
	ordered := w.recorded(c, ago(2), 30)
	w.order(c, ordered.Start, ordered.End)

	dying, living := w.sweeper(mortalRows{store, l}, mortalObjects{objects, l}), w.sweeper(store, objects)
	if err := dying(t.Context()); (err != nil) != l.dead {
		t.Fatalf("step %d: %v, dead: %v", l.at, err, l.dead)
	}
	for range 3 { // what a move left is cleared away after an hour, certificates wait for a day
		w.now = w.now.Add(90 * time.Minute)
		if err := living(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	outcome := w.outcome(shop.ID)
	w.release(h)
	w.now = w.now.Add(10_000 * day)
	for range 2 {
		if err := living(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if ids, _, objects := w.stored(); len(ids)+len(objects) > 0 {
		t.Fatalf("left: %q %q", ids, objects)
	}
	return outcome
}
