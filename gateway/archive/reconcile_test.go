package archive

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// wellDisk is a spool file whose every write asks before.
type wellDisk struct {
	*os.File
	before func()
}

func (d wellDisk) Write(b []byte) (int, error) { d.before(); return d.File.Write(b) }

// createWith makes spool files whose writes call before, with the number of the
// write in the process.
func createWith(before func(n int64)) func(string) (record.Storage, error) {
	var n atomic.Int64
	return func(path string) (record.Storage, error) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if err != nil {
			return nil, err
		}
		return wellDisk{f, func() { before(n.Add(1)) }}, nil
	}
}

// repairs returns how often a repair was counted.
func repairs(t *testing.T, r *prometheus.Registry, action string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "gatepost_archive_repairs_total" {
			continue
		}
		for _, m := range f.Metric {
			if m.Label[0].GetValue() == action {
				return m.Counter.GetValue()
			}
		}
	}
	t.Fatalf("no counter of %s", action)
	return 0
}

// A recorder that hangs in the disk is replaced; what it holds is stored when
// the disk answers.
func TestRestartStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		release := make(chan struct{})
		s := start(t, Options{Metrics: NewMetrics(registry), Create: createWith(func(n int64) {
			if n == 4 {
				<-release
			}
		})}, nil, nil)
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		before := feed(t, "2", "", sink)
		time.Sleep(20 * time.Second)
		if st := sink.State(); st.Stuck < 19*time.Second || st.Run == "" {
			t.Fatalf("stuck, and says %+v", st)
		}
		if !sink.Restart() {
			t.Fatal("not restarted")
		}
		if st := sink.State(); st.Stuck > time.Second {
			t.Errorf("restarted, and says %+v", st)
		}
		if sink.Restart() {
			t.Error("a third recorder beside two that hang, or might")
		}
		after := feed(t, "1", "publisher_closed", sink)
		until(t, "the row of the second recorder", func() bool { return len(s.plane.all()) == 1 })
		close(release)
		until(t, "both rows", func() bool { return len(s.plane.all()) == 2 && s.Stats().Waiting == 0 })
		if got := s.check(t); got != before+after {
			t.Errorf("%d frames, want %d and %d", got, before, after)
		}
		var storage, prior int
		for _, r := range s.plane.all() {
			if r.RunEnd == gatepost.EndStorage {
				storage++
			}
			if r.PriorEnd == gatepost.EndStorage {
				prior++
			}
		}
		if storage != 1 || prior != 1 || repairs(t, registry, repairRecorder) != 1 {
			t.Errorf("%d runs ended by the disk, %d began after that, %v restarts", storage, prior, repairs(t, registry, repairRecorder))
		}
		s.stop()
	})
}

// What the publisher was about to give a recorder that is replaced is lost, and
// counted.
func TestRestartCountsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, Options{Create: createWith(func(int64) { <-release })}, nil, nil)
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		feed(t, "2", "", sink)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 2 { // the first waits, the second comes without a key frame
				sink.Part(&cmaf.Part{Data: make([]byte, record.DefaultQueueBytes), Frames: 7})
			}
		}()
		synctest.Wait()
		if !sink.Restart() {
			t.Fatal("not restarted")
		}
		synctest.Wait()
		if got := sink.State().LostFrames; got != 2*7 {
			t.Errorf("%d frames are counted as lost, want both parts'", got)
		}
		close(release)
		sink.Close(gatepost.EndClosed)
		<-done
		s.stop()
	})
}

// A recorder whose goroutine died leaves a file that nobody knows of; what it had not
// written is counted.
func TestDeadRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		s := start(t, Options{Metrics: NewMetrics(registry), Create: createWith(func(n int64) {
			if n == 6 {
				runtime.Goexit()
			}
		})}, nil, nil)
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		fed := feed(t, "2", "", sink)
		time.Sleep(time.Minute)
		if sink.State().Stuck < 50*time.Second {
			t.Errorf("dead, and says %+v", sink.State())
		}
		// Its file was taken up already: nobody writes it any more.
		rows := s.plane.all()
		if len(rows) != 1 || rows[0].RunEnd != gatepost.EndStorage || repairs(t, registry, repairSpool) != 1 {
			t.Fatalf("rows: %+v", rows)
		}
		if kept, lost := int64(rows[0].Frames), sink.State().LostFrames; kept == 0 || lost == 0 || kept+lost != fed {
			t.Errorf("of %d frames %d are stored and %d counted as lost", fed, kept, lost)
		}
		if !sink.Restart() {
			t.Error("not restarted")
		}
		feed(t, "1", "publisher_closed", sink)
		until(t, "the row after it", func() bool { return len(s.plane.all()) == 2 && s.Stats().Waiting == 0 })
		s.check(t)
		s.stop()
	})
}

// hanging is a store whose first put takes no notice of its context.
type hanging struct {
	*flaky
	first   atomic.Bool
	release chan struct{}
}

func (h *hanging) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	if h.first.CompareAndSwap(false, true) {
		<-h.release
	}
	return h.flaky.Put(context.WithoutCancel(ctx), key, r, size)
}

// An upload that hangs is tried again beside, and does no harm when it comes back.
func TestUploadHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		store := &hanging{flaky: newStore(t), release: make(chan struct{})}
		s := start(t, Options{Metrics: NewMetrics(registry), Uploads: 1}, &flaky{Store: store}, nil)
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		want := feed(t, "1", "publisher_closed", sink)
		time.Sleep(30 * time.Second)
		if st := sink.State(); st.UploadLag < 29*time.Second || len(s.plane.all()) != 0 {
			t.Errorf("it hangs, and says %+v", st)
		}
		time.Sleep(time.Minute)
		until(t, "the row", func() bool { return len(s.plane.all()) == 1 && s.Stats().Waiting == 0 })
		close(store.release)
		want += feed(t, "1", "publisher_closed", sink)
		until(t, "the next row", func() bool { return len(s.plane.all()) == 2 && s.Stats().Waiting == 0 })
		synctest.Wait()
		if got := s.check(t); got != want || s.replaced.Load() != 0 || repairs(t, registry, repairUpload) != 1 {
			t.Errorf("%d frames, want %d; %d workers hang, %v requeued", got, want, s.replaced.Load(), repairs(t, registry, repairUpload))
		}
		s.stop()
	})
}

// The same for a file that was recovered first: both attempts know of it.
func TestUploadOfLeftoverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := filepath.Join(t.TempDir(), "spool")
		leave(t, spool)
		store := &hanging{flaky: newStore(t), release: make(chan struct{})}
		s := start(t, Options{Spool: spool, Uploads: 1}, &flaky{Store: store}, nil)
		until(t, "the upload hangs", store.first.Load)
		time.Sleep(time.Minute + 30*time.Second)
		until(t, "the row", func() bool { return len(s.plane.all()) == 1 && s.Stats().Waiting == 0 })
		close(store.release)
		synctest.Wait()
		if s.replaced.Load() != 0 || len(s.plane.all()) != 1 {
			t.Errorf("%d workers hang, rows %+v", s.replaced.Load(), s.plane.all())
		}
		s.stop()
	})
}

// A row that was lost is made again, as long as its object is there.
func TestMissingRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		s := start(t, Options{Metrics: NewMetrics(registry)}, nil, nil)
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		feed(t, "1", "publisher_closed", sink)
		until(t, "the row", func() bool { return sink.State().LastRecording != "" })
		forget := func() {
			s.plane.mu.Lock()
			defer s.plane.mu.Unlock()
			clear(s.plane.rows)
		}
		row := s.plane.all()[0]
		forget()
		s.Missing([]string{gatepost.NewID(), row.ID})
		until(t, "the row again", func() bool { return len(s.plane.all()) == 1 && sink.State().LastRecording == row.ID })
		if repairs(t, registry, repairRow) != 1 {
			t.Error("not counted")
		}
		if err := s.store.Delete(t.Context(), row.Key); err != nil {
			t.Fatal(err)
		}
		forget()
		s.Missing([]string{row.ID})
		until(t, "it is given up", func() bool { return s.Stats().Waiting == 0 })
		if rows := s.plane.all(); len(rows) != 0 || repairs(t, registry, repairRow) != 1 {
			t.Errorf("a row without an object: %+v", rows)
		}
		s.stop()
	})
}

// An upload that hangs keeps nobody from stopping, and what another attempt has come to
// is not lost: the file was recovered before it hung.
func TestStopWhileUploadHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := filepath.Join(t.TempDir(), "spool")
		leave(t, spool)
		store := &hanging{flaky: newStore(t), release: make(chan struct{})}
		a, err := New(Options{Spool: spool, Uploads: 1, Objects: &flaky{Store: store}, Control: &plane{}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		time.Sleep(time.Second)
		cancel()
		time.Sleep(time.Minute)
		select {
		case err := <-ended:
			if gatepost.CodeOf(err) != gatepost.Unavailable {
				t.Errorf("ended with %v", err)
			}
		default:
			t.Error("it waits for an upload that hangs")
		}
		close(store.release)
		synctest.Wait()
	})
}

// leave puts a spool file of a killed process into a directory.
func leave(t *testing.T, spool string) {
	t.Helper()
	if err := os.MkdirAll(spool, 0o750); err != nil {
		t.Fatal(err)
	}
	w, err := record.NewWriter(record.Options{Dir: spool, Camera: cameraID, RetentionDays: 30})
	if err != nil {
		t.Fatal(err)
	}
	feed(t, "1", "publisher_closed", w)
	w.Close(record.EndShutdown)
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A recording that is past its days of retention may be without a row.
func TestMissingRowPastRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		s := start(t, Options{Metrics: NewMetrics(registry)}, nil, nil)
		sink, err := s.Sink(cameraID, 1)
		if err != nil {
			t.Fatal(err)
		}
		feed(t, "1", "publisher_closed", sink)
		until(t, "the row", func() bool { return sink.State().LastRecording != "" })
		row := s.plane.all()[0]
		time.Sleep(25 * time.Hour)
		if st := sink.State(); st.LastRecording != "" || !st.LastObject.Equal(row.End) {
			t.Errorf("it says %+v", st)
		}
		s.plane.mu.Lock()
		clear(s.plane.rows)
		s.plane.mu.Unlock()
		s.Missing([]string{row.ID})
		time.Sleep(time.Minute)
		if len(s.plane.all()) != 0 || repairs(t, registry, repairRow) != 0 {
			t.Error("a recording came back that has expired")
		}
		s.stop()
	})
}

// Cameras are forgotten that nobody records, and no others.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Options{}, nil, nil)
		known := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.cameras)
		}
		sink, err := s.Sink(cameraID, 30)
		if err != nil {
			t.Fatal(err)
		}
		feed(t, "1", "publisher_closed", sink)
		time.Sleep(3 * forgetAfter)
		if known() != 1 {
			t.Fatalf("%d cameras are known, want the one that is recorded", known())
		}
		sink.Close(gatepost.EndClosed)
		time.Sleep(forgetAfter - 2*time.Hour)
		if known() != 1 {
			t.Errorf("%d cameras are known within a day", known())
		}
		time.Sleep(4 * time.Hour)
		if known() != 0 {
			t.Errorf("%d cameras are known after a day", known())
		}
		s.stop()
	})
}
