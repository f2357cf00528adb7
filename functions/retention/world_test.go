package retention_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/integrity"
	"github.com/gatepost-video/gatepost/functions/retention"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// engines runs a test on stores of rows and objects: SQLite with a directory, and
// PostgreSQL with S3; all four pairs when all is true.
func engines(t *testing.T, all bool, test func(*testing.T, *sqlstore.Store, objstore.Store)) {
	rows := map[string]func(*testing.T) *sqlstore.Store{"SQLite": storetest.OpenSQLite, "PostgreSQL": storetest.OpenPostgres}
	objects := map[string]func(*testing.T) objstore.Store{"directory": newDir, "S3": newS3}
	for _, pair := range [][2]string{{"SQLite", "directory"}, {"PostgreSQL", "S3"}, {"SQLite", "S3"}, {"PostgreSQL", "directory"}} {
		if !all && (pair[0] == "SQLite") != (pair[1] == "directory") {
			continue
		}
		t.Run(pair[0]+" and "+pair[1], func(t *testing.T) { test(t, rows[pair[0]](t), objects[pair[1]](t)) })
	}
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

const bucket = "retention"

func newS3(t *testing.T) objstore.Store {
	t.Helper()
	return openS3(t, objtest.StartS3(t))
}

func openS3(t *testing.T, server *objtest.S3Server) objstore.Store {
	t.Helper()
	s, err := backend.Open(t.Context(), server.Bucket(t, bucket), backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// world is stores with a clock of their own.
type world struct {
	t       *testing.T
	store   *sqlstore.Store
	objects objstore.Store
	now     time.Time
}

var begin = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, store *sqlstore.Store, objects objstore.Store) *world {
	return &world{t: t, store: store, objects: objects, now: begin}
}

// rows is what sweep and integrity need of the database.
type rows interface {
	retention.Store
	integrity.Store
}

// everyCamera is more cameras than any test has: each round is a lap.
const everyCamera = 10_000

// sweeper is a round of the sweep and of what finishes its tombstones.
func (w *world) sweeper(store rows, objects objstore.Store) func(context.Context) error {
	now, log := func() time.Time { return w.now }, slog.New(slog.DiscardHandler)
	sweep := retention.New(retention.Options{Store: store, Objects: objects, Cameras: everyCamera, Now: now, Log: log})
	finish := integrity.New(integrity.Options{Store: store, Objects: objects, OrphanAge: -1, Now: now, Log: log})
	return func(ctx context.Context) error {
		if err := sweep.Run(ctx); err != nil {
			return err
		}
		return finish.Run(ctx)
	}
}

func (w *world) camera(owner string, change func(*gatepost.Camera)) gatepost.Camera {
	w.t.Helper()
	c := storetest.NewCamera(w.t, w.store, owner)
	return w.change(c, func(c *gatepost.Camera) {
		c.Division = "330106"
		if change != nil {
			change(c)
		}
	})
}

func (w *world) change(c gatepost.Camera, change func(*gatepost.Camera)) gatepost.Camera {
	w.t.Helper()
	c, err := w.store.UpdateCamera(w.t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		change(c)
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: c.ID}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// recorded makes the row and the object of a minute that ends at a time.
func (w *world) recorded(c gatepost.Camera, end time.Time, prefix int) gatepost.Recording {
	w.t.Helper()
	r := minute(c, end, prefix)
	w.keep([]gatepost.Recording{r})
	return r
}

// minute is a recording that ends at a time.
func minute(c gatepost.Camera, end time.Time, prefix int) gatepost.Recording {
	return storetest.Recording(c, end.Add(-time.Minute), func(r *gatepost.Recording) { r.Bytes, r.RetentionDays = 4, prefix })
}

// keep makes objects and rows.
func (w *world) keep(list []gatepost.Recording) {
	w.t.Helper()
	g, ctx := errgroup.WithContext(w.t.Context())
	g.SetLimit(8)
	for _, r := range list {
		g.Go(func() error {
			if err := w.objects.Put(ctx, r.Key, strings.NewReader("film"), 4); err != nil {
				return err
			}
			return w.store.InsertRecording(ctx, r)
		})
	}
	if err := g.Wait(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) policy(change func(*gatepost.RetentionPolicy)) gatepost.RetentionPolicy {
	w.t.Helper()
	p, err := w.store.RetentionPolicy(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	change(&p)
	p.Version++
	p.ChangedAt = w.now
	if err := p.Check(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.PutRetentionPolicy(w.t.Context(), p, gatepost.LedgerEntry{Kind: gatepost.LedgerRetention, Actor: "u"}); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) hold(c gatepost.Camera, from, to, until time.Time) gatepost.Hold {
	w.t.Helper()
	h := gatepost.Hold{ID: gatepost.NewID(), CameraID: c.ID, From: from, To: to, Case: gatepost.NewID(), Reason: "r", Until: until, By: "u", CreatedAt: w.now}
	if _, err := w.store.CreateHold(w.t.Context(), h, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: c.ID}); err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *world) release(h gatepost.Hold) {
	w.t.Helper()
	if err := w.store.ReleaseHold(w.t.Context(), h.ID, w.now, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: h.CameraID}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) incident(by gatepost.Organisation, area gatepost.Area, parts []gatepost.AreaPart, from, to time.Time, drill bool) {
	w.t.Helper()
	i := gatepost.Incident{ID: gatepost.NewID(), Kind: gatepost.IncidentEmergency, Drill: drill, Name: "n", Reason: "r", Area: area, Levels: []string{"county"},
		Organisation: by.ID, Division: "33", CreatedBy: "u", CreatedAt: w.now, Start: from, End: to}
	if err := w.store.CreateIncident(w.t.Context(), i, parts, 0, func([]gatepost.Incident) error { return nil }, gatepost.LedgerEntry{Kind: gatepost.LedgerIncident, Actor: "u"}); err != nil {
		w.t.Fatal(err)
	}
}

// order makes an approved deletion order.
func (w *world) order(c gatepost.Camera, from, to time.Time) gatepost.DeletionOrder {
	w.t.Helper()
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerDeletion, Actor: "u", CameraID: c.ID}
	o := gatepost.DeletionOrder{ID: gatepost.NewID(), CameraID: c.ID, From: from, To: to, Decision: "d", Reason: "r", OrderedBy: "u", OrderedAt: w.now}
	if err := w.store.CreateDeletionOrder(w.t.Context(), o, entry); err != nil {
		w.t.Fatal(err)
	}
	o, err := w.store.UpdateDeletionOrder(w.t.Context(), o.ID, func(o *gatepost.DeletionOrder) (gatepost.LedgerEntry, error) {
		o.DecidedBy, o.DecidedAt, o.Approved = "v", &w.now, true
		return entry, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// stored returns the ids of every row, the keys of their objects, and the keys of
// every object there is.
func (w *world) stored() (ids, keys, objects []string) {
	w.t.Helper()
	for after := ""; ; {
		list, err := w.store.RecordingsAfter(w.t.Context(), after, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].ID
		for _, r := range list {
			if r.Garbage {
				w.t.Fatalf("a tombstone is left of %s", r.Key)
			}
			ids, keys = append(ids, r.ID), append(keys, r.Key)
			if r.OtherKey != "" { // its move ends in an hour
				keys = append(keys, r.OtherKey)
			}
		}
	}
	for info, err := range w.objects.List(w.t.Context(), "", "") {
		if err != nil {
			w.t.Fatal(err)
		}
		objects = append(objects, info.Key)
	}
	slices.Sort(keys)
	slices.Sort(objects)
	return ids, keys, objects
}

// certified sums up the certificates: how many recordings, and of how many bytes; none
// speaks of a recording twice, so that the sum is of what is gone.
func (w *world) certified() (recordings, bytes int64) {
	w.t.Helper()
	for before := ""; ; {
		list, err := w.store.DeletionCertificates(w.t.Context(), "", "", before, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			return recordings, bytes
		}
		before = list[len(list)-1].ID
		for _, c := range list {
			recordings, bytes = recordings+c.Recordings, bytes+c.Bytes
		}
	}
}

// outcome is all that a sweep leaves behind of an owner's, in words that are the same
// however it came about.
func (w *world) outcome(owner string) string {
	w.t.Helper()
	ids, keys, objects := w.stored()
	slices.Sort(ids)
	list, err := w.store.DeletionCertificates(w.t.Context(), owner, "", "", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var certificates []string
	for _, c := range list {
		certificates = append(certificates, fmt.Sprint(c.Day.Format(time.DateOnly), " ", strings.Split(c.Rule, ":")[0], " ", c.Recordings, " ", c.Bytes, " ", c.IssuedAt != nil))
	}
	slices.Sort(certificates)
	orders, err := w.store.DeletionOrders(w.t.Context(), owner, "", "", 10)
	if err != nil {
		w.t.Fatal(err)
	}
	done := 0
	for _, o := range orders {
		if o.DoneAt != nil {
			done++
		}
	}
	if !slices.Equal(keys, objects) {
		w.t.Errorf("rows and objects:\n%q\n%q", keys, objects)
	}
	prefixes := map[string]int{}
	for _, key := range keys {
		parts := strings.Split(key, "/")
		prefixes[strings.Join(parts[:len(parts)-5], "/")]++ // without camera, date and file
	}
	return fmt.Sprint(len(ids), " rows; ", len(objects), " objects under ", prefixes, "; orders done ", done, "; certificates ", strings.Join(certificates, ", "))
}
