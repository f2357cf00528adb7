package integrity

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// world is a store, its objects and a camera with recordings on both sides.
type world struct {
	*Service
	store   *sqlstore.Store
	objects objstore.Store
	camera  gatepost.Camera
	now     time.Time
}

func newWorld(t *testing.T, store *sqlstore.Store, objects objstore.Store) *world {
	t.Helper()
	w := &world{store: store, objects: objects, now: time.Now().UTC().Truncate(time.Microsecond)}
	w.camera = storetest.NewCamera(t, store, storetest.NewOrganisation(t, store, gatepost.KindBusiness).ID)
	w.Service = w.service(-1)
	return w
}

func (w *world) service(orphanAge time.Duration) *Service {
	return New(Options{Store: w.store, Objects: w.objects, OrphanAge: orphanAge, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)})
}

func newDir(t *testing.T) objstore.Store {
	t.Helper()
	d, err := dir.Open(filepath.Join(t.TempDir(), "objects"), dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// recorded makes a row and its object, of an age in days.
func (w *world) recorded(t *testing.T, age, retention int) gatepost.Recording {
	t.Helper()
	r := storetest.NewRecording(t, w.store, w.camera, w.now.AddDate(0, 0, -age).Add(-2*time.Minute), func(r *gatepost.Recording) { r.RetentionDays = retention })
	w.put(t, r.Key, int(r.Bytes))
	return r
}

func (w *world) put(t *testing.T, key string, size int) {
	t.Helper()
	if err := w.objects.Put(t.Context(), key, strings.NewReader(strings.Repeat("x", size)), int64(size)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) remove(t *testing.T, key string) {
	t.Helper()
	if err := w.objects.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

func (w *world) there(t *testing.T, key string) bool {
	t.Helper()
	_, err := w.objects.Stat(t.Context(), key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) hold(t *testing.T, r gatepost.Recording) {
	t.Helper()
	h := gatepost.Hold{ID: gatepost.NewID(), CameraID: r.CameraID, From: r.Start, To: r.End, Until: w.now.Add(time.Hour), CreatedAt: w.now}
	if n, err := w.store.CreateHold(t.Context(), h, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u"}); err != nil || n != 1 {
		t.Fatalf("hold: %d %v", n, err)
	}
}

func TestCheck(t *testing.T) {
	t.Run("SQLite and a directory", func(t *testing.T) { testCheck(t, newWorld(t, storetest.OpenSQLite(t), newDir(t))) })
	t.Run("PostgreSQL and S3", func(t *testing.T) {
		objects, err := backend.Open(t.Context(), objtest.StartS3(t).Bucket(t, "check"), backend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer objects.Close()
		testCheck(t, newWorld(t, storetest.OpenPostgres(t), objects))
	})
}

func testCheck(t *testing.T, w *world) {
	ctx := t.Context()
	want := func(what string, s *Service, repair bool, want Report) {
		t.Helper()
		got, err := s.Check(ctx, repair)
		for _, f := range []*Finding{&got.Missing, &got.Orphans, &got.Sizes, &got.Foreign} {
			slices.Sort(f.Examples)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", what, got, err, want)
		}
	}
	want("nothing", w.Service, false, Report{})

	var all []gatepost.Recording
	for _, age := range []int{0, 1, 1, 2, 3, 10, 11} {
		all = append(all, w.recorded(t, age, 30))
	}
	w.put(t, "clip/1.mp4", 5) // none of ours
	want("agreeing", w.Service, false, Report{Rows: 7, RowBytes: 7000, Objects: 7, ObjectBytes: 7000})

	w.remove(t, all[1].Key)  // its day has another object
	w.remove(t, all[5].Key)  // its day has none
	w.remove(t, all[6].Key)  // held
	w.put(t, all[3].Key, 77) // of another size
	orphan := gatepost.RecordingKey(30, w.camera.ID, all[0].Start, "0190f000", 3)
	stranger := gatepost.RecordingKey(90, gatepost.NewID(), all[0].Start, "0190f000", 0)
	w.put(t, orphan, 10)
	w.put(t, stranger, 10)
	w.put(t, "rec/README", 3)
	w.put(t, "rec/30/c/2026/13/45/x.mp4", 3)
	w.hold(t, all[6])
	if n, err := w.store.MarkGarbage(ctx, []string{all[4].ID}, w.now); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	keys := func(list ...string) []string { slices.Sort(list); return list }
	found := Report{
		Rows: 6, RowBytes: 6000, Objects: 8, ObjectBytes: 3*1000 + 77 + 10 + 10 + 3 + 3,
		Missing: Finding{Count: 3, Bytes: 3000, Examples: keys(all[1].Key, all[5].Key, all[6].Key)},
		Orphans: Finding{Count: 2, Bytes: 20, Examples: keys(orphan, stranger)},
		Sizes:   Finding{Count: 1, Bytes: 77, Examples: []string{all[3].Key}},
		Foreign: Finding{Count: 2, Bytes: 6, Examples: keys("rec/README", "rec/30/c/2026/13/45/x.mp4")},
		Garbage: 1,
	}
	want("disagreeing", w.Service, false, found)
	young := found
	young.Orphans, young.Young = Finding{}, 2
	want("orphans that are young", w.service(0), false, young)

	repaired := found
	repaired.Missing.Repaired, repaired.Orphans.Repaired, repaired.Garbage, repaired.Removed = 2, 2, 0, 1
	want("repairing", w.Service, true, repaired)
	if repaired.Agree() || !(Report{Missing: Finding{Count: 2, Repaired: 2}}).Agree() {
		t.Error("agreement")
	}
	if w.there(t, orphan) || w.there(t, all[4].Key) || !w.there(t, all[3].Key) || !w.there(t, "rec/README") {
		t.Error("the repair removed the wrong objects")
	}
	found.Rows, found.RowBytes, found.Objects, found.ObjectBytes, found.Garbage = 4, 4000, 5, 2*1000+77+3+3, 0
	found.Missing = Finding{Count: 1, Bytes: 1000, Examples: []string{all[6].Key}}
	found.Orphans = Finding{}
	want("after the repair", w.Service, false, found)
	for _, s := range []string{"rows 4", "missing objects 1", "size mismatches 1"} {
		if !strings.Contains(found.String(), s) {
			t.Errorf("%q does not say %q", found, s)
		}
	}
}

func TestRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), newDir(t))
		stays, ended := w.recorded(t, 31, 30), w.recorded(t, 31, 30)
		w.end(t, ended)
		for range 2 { // run twice, same result
			if err := w.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !w.there(t, stays.Key) || w.there(t, ended.Key) {
				t.Fatal("the wrong objects are gone")
			}
			if _, err := w.store.Recording(t.Context(), ended.ID); gatepost.CodeOf(err) != gatepost.NotFound {
				t.Fatalf("the row of what was ended: %v", err)
			}
		}
		if r, err := w.Check(t.Context(), false); err != nil || !r.Agree() || r.Rows != 1 {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// A recording that moves has two objects, neither of which is an orphan; what ends it
// deletes both.
func TestMoving(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), newDir(t))
		var all []gatepost.Recording
		for i, days := range []int{0, 90} { // one before, one after its copy became the object
			r := w.recorded(t, 31+i, 30)
			to := gatepost.RecordingKey(days, r.CameraID, r.Start, r.Run, r.Seq)
			if ok, err := w.store.BeginMove(t.Context(), r.ID, to, w.now); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if err := w.objects.Copy(t.Context(), r.Key, to); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				if ok, err := w.store.FinishMove(t.Context(), r.ID, to, days, gatepost.ClassHot, w.now); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
			all = append(all, r)
		}
		held := w.recorded(t, 40, 0) // has moved to hold/
		if r, err := w.Check(t.Context(), true); err != nil || !r.Agree() || r.Rows != 3 || r.Objects != 5 || r.Orphans.Count != 0 {
			t.Errorf("%+v %v", r, err)
		}
		w.remove(t, held.Key)
		if r, err := w.Check(t.Context(), false); err != nil || r.Missing.Count != 1 || !slices.Equal(r.Missing.Examples, []string{held.Key}) {
			t.Errorf("a held object that is gone: %+v %v", r, err)
		}
		w.put(t, held.Key, int(held.Bytes))
		w.end(t, all[0])
		w.end(t, all[1])
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := w.Check(t.Context(), false); err != nil || !r.Agree() || r.Rows != 1 || r.Objects != 1 {
			t.Errorf("after the end: %+v %v", r, err)
		}
	})
}

// end lays a tombstone.
func (w *world) end(t *testing.T, r gatepost.Recording) {
	t.Helper()
	if n, err := w.store.MarkGarbage(t.Context(), []string{r.ID}, w.now); n != 1 || err != nil {
		t.Fatalf("end %s: %d %v", r.ID, n, err)
	}
}

// away is a store whose deletes fail.
type away struct {
	objstore.Store
	err error
}

func (a *away) Delete(ctx context.Context, keys ...string) error {
	if a.err != nil {
		return a.err
	}
	return a.Store.Delete(ctx, keys...)
}

// A row stays, as garbage, until its object is gone.
func TestRunWhileObjectsAreAway(t *testing.T) {
	objects := &away{newDir(t), &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}}
	w := newWorld(t, storetest.OpenSQLite(t), objects)
	old := w.recorded(t, 31, 30)
	w.end(t, old)
	if err := w.Run(t.Context()); gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("run: %v", err)
	}
	if r, err := w.store.Recording(t.Context(), old.ID); err != nil || !r.Garbage {
		t.Errorf("its row: %+v %v", r, err)
	}
	objects.err = nil
	if err := w.Run(t.Context()); err != nil || w.there(t, old.Key) {
		t.Errorf("run again: %v", err)
	}
}

// A row whose key no store takes does not keep the others from going.
func TestRunWithABadKey(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), newDir(t))
	old := w.recorded(t, 31, 30)
	bad := old
	bad.ID, bad.Run, bad.Key, bad.Segments = gatepost.NewID(), "bad", "../../etc/passwd", nil
	if err := w.store.InsertRecording(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	w.end(t, old)
	w.end(t, bad)
	if err := w.Run(t.Context()); gatepost.CodeOf(err) != gatepost.Invalid || w.there(t, old.Key) {
		t.Errorf("run: %v", err)
	}
	if _, err := w.store.Recording(t.Context(), bad.ID); err != nil {
		t.Errorf("the bad row: %v", err)
	}
}
