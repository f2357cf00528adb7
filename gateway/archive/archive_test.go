package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const cameraID = "0190f000-0000-7000-8000-00000000cafe"

// feed sends real H.264 with AAC, a key frame each second, through a stream and
// a muxer into sinks, and ends the run for a reason unless that is empty.
func feed(tb testing.TB, seconds, reason string, sinks ...cmaf.Sink) (frames int64) {
	tb.Helper()
	clip := mediatest.TS(tb, append(mediatest.Source("64x48", "25", seconds, true),
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-g", "25", "-bf", "0", "-c:a", "aac")...)
	muxer := cmaf.NewMuxer(cmaf.Options{Sinks: sinks})
	began := time.Now()
	now := began
	first := time.Duration(-1)
	s := stream.New(stream.Options{Camera: cameraID, Sinks: []stream.Sink{muxer}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	p, err := s.Publish(clip.Tracks)
	if err != nil {
		tb.Fatal(err)
	}
	for _, u := range clip.Units {
		at := media.Duration(u.DTS, clip.Tracks[u.Track].ClockRate)
		if first < 0 {
			first = at
		}
		if arrival := began.Add(at - first); arrival.After(now) {
			now = arrival
		}
		if err := p.Write(u); err != nil {
			tb.Fatal(err)
		}
	}
	if reason != "" {
		p.Close(reason)
	} else {
		muxer.Flush()
	}
	return int64(clip.Count(0))
}

// plane is a control plane that is away for its first calls.
type plane struct {
	mu    sync.Mutex
	away  int // calls that fail still
	rows  map[string]gatepost.Recording
	calls int
	check func(gatepost.Recording) error
	lose  int // answers that are lost though the row was made
}

func (p *plane) RecordingClosed(_ context.Context, r gatepost.Recording) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.away > 0 {
		p.away--
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}
	}
	if p.check != nil {
		if err := p.check(r); err != nil {
			return err
		}
	}
	if p.rows == nil {
		p.rows = make(map[string]gatepost.Recording)
	}
	id := fmt.Sprintf("%s/%s/%d", r.CameraID, r.Run, r.Seq)
	if before, ok := p.rows[id]; ok && (before.ID != r.ID || before.Key != r.Key || before.SHA256 != r.SHA256) {
		return fmt.Errorf("%s came twice and differs: %+v, %+v", id, before, r)
	}
	p.rows[id] = r
	if p.lose > 0 {
		p.lose--
		return errors.New("the answer was lost")
	}
	return nil
}

func (p *plane) all() []gatepost.Recording {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []gatepost.Recording
	for _, r := range p.rows {
		out = append(out, r)
	}
	return out
}

// flaky is a store whose first puts fail.
type flaky struct {
	objstore.Store
	mu   sync.Mutex
	fail int
	puts int
}

func (f *flaky) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	f.mu.Lock()
	f.puts++
	fail := f.fail > 0
	f.fail--
	f.mu.Unlock()
	if fail {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the bucket is away"}
	}
	return f.Store.Put(ctx, key, r, size)
}

type setup struct {
	*Archive
	store *flaky
	plane *plane
	stop  func()
}

func start(tb testing.TB, o Options, store *flaky, control *plane) *setup {
	tb.Helper()
	if store == nil {
		store = newStore(tb)
	}
	if control == nil {
		control = &plane{}
	}
	if o.Spool == "" {
		o.Spool = filepath.Join(tb.TempDir(), "spool")
	}
	o.Objects, o.Control, o.Log = store, control, slog.New(slog.DiscardHandler)
	a, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Run(ctx); err != nil {
			tb.Errorf("run: %v", err)
		}
	})
	s := &setup{a, store, control, func() { cancel(); wg.Wait() }}
	tb.Cleanup(s.stop)
	return s
}

func newStore(tb testing.TB) *flaky {
	tb.Helper()
	d, err := dir.Open(filepath.Join(tb.TempDir(), "objects"), dir.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close() })
	return &flaky{Store: d}
}

func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			tb.Fatalf("not within 30 s: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// spooled lists the media files in the spool.
func (s *setup) spooled(tb testing.TB) []string {
	tb.Helper()
	left, err := filepath.Glob(filepath.Join(s.o.Spool, "*"))
	if err != nil {
		tb.Fatal(err)
	}
	return left
}

// check compares the rows with the objects, and returns the frames in them.
func (s *setup) check(tb testing.TB) (frames int64) {
	tb.Helper()
	objects := make(map[string]bool)
	for info, err := range s.store.List(tb.Context(), "", "") {
		if err != nil {
			tb.Fatal(err)
		}
		objects[info.Key] = true
	}
	rows := s.plane.all()
	for _, r := range rows {
		if !objects[r.Key] || r.Key != gatepost.RecordingKey(r.RetentionDays, r.CameraID, r.Start, r.Run, r.Seq) || !gatepost.ValidID(r.ID) || r.ID[14] != '7' {
			tb.Errorf("row without its object, or wrong: %+v", r)
			continue
		}
		o, err := s.store.Get(tb.Context(), r.Key, 0, -1)
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(o)
		if err = errors.Join(err, o.Close()); err != nil {
			tb.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != r.SHA256 || int64(len(b)) != r.Bytes {
			tb.Errorf("object %s is not what its row says", r.Key)
		}
		scan, err := cmaf.ScanFragments(bytes.NewReader(b), int64(len(b)))
		if err != nil || scan.Torn || len(r.Segments) == 0 || r.Codecs == "" {
			tb.Errorf("object %s: %+v %v", r.Key, scan, err)
		}
		frames += r.Frames
	}
	if len(objects) != len(rows) {
		tb.Errorf("%d objects and %d rows", len(objects), len(rows))
	}
	return frames
}

func TestArchive(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := start(t, Options{Target: 2 * time.Second, Metrics: NewMetrics(registry)}, nil, nil)
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	want := feed(t, "5", "network", sink)
	want += feed(t, "1", "publisher_closed", sink)
	until(t, "4 rows", func() bool { return len(s.plane.all()) == 4 && s.Stats().Waiting == 0 })
	if got := s.check(t); got != want {
		t.Errorf("%d frames, want %d", got, want)
	}
	for _, r := range s.plane.all() {
		last := r.Seq == 2 || r.Run != "" && r.PriorEnd != ""
		if (r.RunEnd != "") != last || (r.PriorEnd == gatepost.EndNetwork) != (r.RunEnd == gatepost.EndClosed) {
			t.Errorf("run ends: %+v", r)
		}
	}
	if c := sink.State(); c.Run != "" || c.LastObject.IsZero() || c.LastRecording == "" || c.LostFrames != 0 || c.UploadLag != 0 || c.SpoolBytes != 0 {
		t.Errorf("%+v", c)
	}
	if st := s.Stats(); st.SpoolBytes != 0 || st.Uploaded != 4 || st.Failures != 0 || st.Lag != 0 {
		t.Errorf("%+v", st)
	}
	families, err := registry.Gather()
	if err != nil || len(families) < 6 {
		t.Errorf("metrics: %v %v", families, err)
	}
	s.stop()
	if left := s.spooled(t); len(left) != 0 {
		t.Errorf("left in the spool: %q", left)
	}
	if _, err := s.Sink(cameraID, 30); gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("a sink of a stopped archive: %v", err)
	}
}

func TestOutages(t *testing.T) {
	for _, c := range []struct {
		name  string
		store *flaky
		plane *plane
	}{
		{"the object store fails", &flaky{fail: 5}, &plane{}},
		{"the control plane is away", &flaky{}, &plane{away: 5}},
		{"both", &flaky{fail: 3}, &plane{away: 3}},
		{"answers are lost", &flaky{}, &plane{lose: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.store.Store = newStore(t).Store
			s := start(t, Options{Target: time.Second}, c.store, c.plane)
			sink, err := s.Sink(cameraID, 30)
			if err != nil {
				t.Fatal(err)
			}
			want := feed(t, "4", "publisher_closed", sink)
			until(t, "nothing waits", func() bool { return s.Stats().Uploaded == 4 && s.Stats().Waiting == 0 })
			if got := s.check(t); got != want {
				t.Errorf("%d frames, want %d", got, want)
			}
			if s.Stats().Failures == 0 {
				t.Error("nothing failed")
			}
			if left := s.spooled(t); len(left) != 0 {
				t.Errorf("left in the spool: %q", left)
			}
		})
	}
}

// An object that vanished while its row could not be made is put again.
func TestObjectVanishes(t *testing.T) {
	control := &plane{}
	s := start(t, Options{}, nil, control)
	control.check = func(r gatepost.Recording) error {
		if control.calls == 1 {
			return errors.Join(errors.New("away"), s.store.Delete(context.Background(), r.Key))
		}
		return nil
	}
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	want := feed(t, "1", "publisher_closed", sink)
	until(t, "the row", func() bool { return s.Stats().Uploaded == 1 })
	if got := s.check(t); got != want || s.store.puts != 2 {
		t.Errorf("%d frames, want %d; %d puts", got, want, s.store.puts)
	}
}

// A stop closes what is open; what cannot be uploaded in time is there at the
// next start.
func TestStopAndStartAgain(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "spool")
	store := newStore(t)
	store.fail = 1 << 30
	s := start(t, Options{Spool: spool, Target: time.Second, StopTimeout: 200 * time.Millisecond}, store, nil)
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	want := feed(t, "3", "", sink)
	until(t, "a file is open", func() bool { return !sink.State().LastPart.IsZero() })
	_, err = New(Options{Spool: spool})
	if gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("a second archive on the same spool: %v", err)
	}
	s.stop()
	if left := s.spooled(t); len(left) != 6 {
		t.Errorf("in the spool: %q", left)
	}

	store.mu.Lock()
	store.fail = 0
	store.mu.Unlock()
	s = start(t, Options{Spool: spool}, store, s.plane)
	sink, err = s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	want += feed(t, "1", "publisher_closed", sink)
	until(t, "4 rows", func() bool { return s.Stats().Uploaded == 4 })
	if got := s.check(t); got != want {
		t.Errorf("%d frames, want %d", got, want)
	}
	ends := 0
	for _, r := range s.plane.all() {
		if r.RunEnd == gatepost.EndShutdown {
			ends++
		}
		if r.RunEnd == gatepost.EndClosed && r.PriorEnd != gatepost.EndShutdown {
			t.Errorf("the run after the stop does not know of it: %+v", r)
		}
	}
	if ends != 1 {
		t.Errorf("%d rows say that the run ended with the stop", ends)
	}
}

// TestChild is the process that TestKill kills.
func TestChild(t *testing.T) {
	spool := os.Getenv("GATEPOST_TEST_SPOOL")
	if spool == "" {
		t.Skip("runs as the child of TestKill")
	}
	s := start(t, Options{Spool: spool, Target: 2 * time.Second}, nil, &plane{away: 1 << 30})
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	frames := feed(t, "5", "", sink)
	until(t, "all is written", func() bool { return !sink.State().LastPart.IsZero() && sink.State().Stuck == 0 })
	fmt.Printf("written %d\n", frames)
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
}

func TestKill(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "spool")
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "GATEPOST_TEST_SPOOL="+spool)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var want int64
	lines := bufio.NewScanner(out)
	for want == 0 && lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "written %d", &want)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if want == 0 {
		t.Fatal("the child wrote nothing")
	}

	s := start(t, Options{Spool: spool}, nil, nil)
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	want += feed(t, "1", "publisher_closed", sink)
	until(t, "4 rows", func() bool { return s.Stats().Uploaded == 4 && s.Stats().Waiting == 0 })
	if got := s.check(t); got != want {
		t.Errorf("%d frames, want %d", got, want)
	}
	for _, r := range s.plane.all() {
		crashed := r.Seq == 2
		after := r.RunEnd == gatepost.EndClosed
		if (r.RunEnd == gatepost.EndCrash) != crashed || (r.PriorEnd == gatepost.EndCrash) != after {
			t.Errorf("after the kill: %+v", r)
		}
	}
	if left := s.spooled(t); len(left) != 0 {
		t.Errorf("left in the spool: %q", left)
	}
}

func TestDiskLow(t *testing.T) {
	a, err := New(Options{Spool: t.TempDir(), Reserve: 1000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.lock.Close()
	for _, c := range []struct {
		free int64
		low  bool
	}{{5000, false}, {1000, false}, {999, true}, {500, true}, {1100, true}, {1249, true}, {1250, false}, {5000, false}, {0, true}} {
		a.free = func(string) (int64, error) { return c.free, nil }
		a.checkDisk()
		if got := a.Stats(); got.DiskLow != c.low || got.DiskFree != c.free {
			t.Errorf("%d bytes free: low %v, %d free", c.free, got.DiskLow, got.DiskFree)
		}
	}
	a.free = func(string) (int64, error) { return 0, errors.New("no disk") }
	a.checkDisk()
	if !a.Stats().DiskLow {
		t.Error("a disk that cannot be asked is no longer low")
	}
	if free, err := freeBytes(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("free: %d %v", free, err)
	}
}

func TestNewRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Options{Spool: filepath.Join(file, "spool")})
	if gatepost.CodeOf(err) != gatepost.Unavailable || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
	s := start(t, Options{}, nil, nil)
	for _, id := range []string{"", "../x", "a_b", "a/b"} {
		if _, err := s.Sink(id, 30); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("sink of %q: %v", id, err)
		}
	}
}

// One file that never succeeds does not hold up the others, and is not tried
// again at each of their successes.
func TestPoison(t *testing.T) {
	control := &plane{}
	poison := ""
	attempts := 0
	control.check = func(r gatepost.Recording) error {
		if poison == "" {
			poison = r.ID
		}
		if r.ID == poison {
			attempts++
			return errors.New("never")
		}
		return nil
	}
	s := start(t, Options{Target: 500 * time.Millisecond, StopTimeout: time.Millisecond}, nil, control)
	sink, err := s.Sink(cameraID, 30)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, "10", "publisher_closed", sink)
	until(t, "the others", func() bool { return s.Stats().Uploaded == 9 })
	control.mu.Lock()
	defer control.mu.Unlock()
	if attempts > 4 {
		t.Errorf("tried %d times", attempts)
	}
	if left := s.spooled(t); len(left) != 2 {
		t.Errorf("in the spool: %q", left)
	}
}
