package retention_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestMillion sweeps a million recordings that are over, from PostgreSQL and S3, in less than 15
// minutes. Without GATEPOST_LONG it sweeps some thousands.
func TestMillion(t *testing.T) {
	cameras, most := 2, time.Minute
	if os.Getenv("GATEPOST_LONG") != "" {
		cameras, most = 698, 15*time.Minute
	}
	a := storetest.NewArchive(t, storetest.Postgres(t), cameras, 1)
	server := objtest.StartS3(t)
	w := newWorld(t, a.Store, openS3(t, server))
	n := w.fill(filepath.Join(server.Dir, bucket))
	w.now = a.To.AddDate(0, 0, 91)

	sweep := w.sweeper(w.store, w.objects)
	rounds, begin := 0, time.Now()
	for left := true; left; rounds++ {
		if err := sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := w.store.RecordingsAfter(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		left = len(list) > 0
		if time.Since(begin) > most {
			t.Fatalf("%d rounds took %v, and recordings are left", rounds, time.Since(begin))
		}
	}
	took := time.Since(begin)
	t.Logf("%d recordings of %d cameras in %v and %d rounds, %.0f a second", n, cameras, took, rounds, float64(n)/took.Seconds())
	if took > most {
		t.Errorf("it took %v, at most %v", took, most)
	}
	if _, keys, objects := w.stored(); len(keys)+len(objects) > 0 {
		t.Errorf("%d rows and %d objects are left", len(keys), len(objects))
	}
	if recordings, _ := w.certified(); recordings != n {
		t.Errorf("certificates of %d recordings, %d were deleted", recordings, n)
	}
}

// fill makes the objects of all rows, of a few bytes each, in the directory of a bucket: a million
// puts are not what is measured. It says how many.
func (w *world) fill(bucket string) (n int64) {
	w.t.Helper()
	for after := ""; ; {
		list, err := w.store.RecordingsAfter(w.t.Context(), after, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			return n
		}
		n, after = n+int64(len(list)), list[len(list)-1].ID
		for _, r := range list {
			file := filepath.Join(bucket, filepath.FromSlash(r.Key))
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("film"), 0o600)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
