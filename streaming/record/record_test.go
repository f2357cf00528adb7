package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const camera = "0190f000-0000-7000-8000-00000000cafe"

// kept is what a Sink was told.
type kept struct {
	run    string
	inits  []*cmaf.Init
	parts  []*cmaf.Part
	reason string
}

func (k *kept) Start(run string, init *cmaf.Init) { k.run = run; k.inits = append(k.inits, init) }
func (k *kept) Part(p *cmaf.Part)                 { k.parts = append(k.parts, p) }
func (k *kept) End(reason string)                 { k.reason = reason }

// replay gives a Sink what k was told.
func (k *kept) replay(s cmaf.Sink) {
	s.Start(k.run, k.inits[0])
	for _, p := range k.parts {
		s.Part(p)
	}
	s.End(k.reason)
}

var began = time.Date(2026, 11, 23, 8, 0, 0, 123456000, time.UTC)

// mux sends a clip through a stream and a muxer as if it came in real time.
func mux(tb testing.TB, clip *mediatest.Clip) *kept {
	tb.Helper()
	k := &kept{}
	now := began
	first := time.Duration(-1)
	muxer := cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{k}})
	s := stream.New(stream.Options{Camera: camera, Sinks: []stream.Sink{muxer}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
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
	p.Close("publisher_closed")
	if len(k.parts) == 0 {
		tb.Fatal("the clip made no parts")
	}
	return k
}

// clip is real H.264 with AAC, a key frame each second.
func clip(tb testing.TB, seconds string) *kept {
	tb.Helper()
	return mux(tb, mediatest.TS(tb, append(mediatest.Source("64x48", "25", seconds, true),
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-g", "25", "-bf", "0", "-c:a", "aac", "-b:a", "16k")...))
}

// runner is a Writer that runs, and what its callbacks were told.
type runner struct {
	*Writer
	mu        sync.Mutex
	closed    []Closed
	abandoned []string
	ends      []string
	errs      []error
	wait      func()
}

func start(tb testing.TB, o Options, change func(*Writer)) *runner {
	tb.Helper()
	r := &runner{}
	do := func(fn func()) { r.mu.Lock(); defer r.mu.Unlock(); fn() }
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	o.Camera = camera
	o.OnClosed = func(c Closed) { do(func() { r.closed = append(r.closed, c) }) }
	o.OnAbandoned = func(path, _ string) { do(func() { r.abandoned = append(r.abandoned, path) }) }
	o.OnRunEnd = func(reason string) { do(func() { r.ends = append(r.ends, reason) }) }
	o.OnError = func(err error) { do(func() { r.errs = append(r.errs, err) }) }
	w, err := NewWriter(o)
	if err != nil {
		tb.Fatal(err)
	}
	if change != nil {
		change(w)
	}
	r.Writer = w
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Run(tb.Context()); err != nil {
			tb.Errorf("run: %v", err)
		}
	})
	r.wait = wg.Wait
	tb.Cleanup(func() { w.Close(EndShutdown); wg.Wait() })
	return r
}

// finish closes the writer and waits for it.
func (r *runner) finish() []Closed {
	r.Close(EndShutdown)
	r.wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// check compares a closed file with what its bytes say.
func check(tb testing.TB, c Closed) {
	tb.Helper()
	b, err := os.ReadFile(c.Path)
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if hex.EncodeToString(sum[:]) != c.SHA256 || int64(len(b)) != c.Bytes {
		tb.Errorf("%s: %d bytes and their SHA-256 are not those of the description (%d bytes)", c.Path, len(b), c.Bytes)
	}
	scan, err := cmaf.ScanFragments(bytes.NewReader(b), int64(len(b)))
	if err != nil || scan.Torn || scan.InitLen != c.InitLen {
		tb.Fatalf("%s: %+v %v", c.Path, scan, err)
	}
	independent := make(map[int64]bool)
	var frames int64
	for _, f := range scan.Fragments {
		independent[f.Offset] = f.Independent
		frames += int64(f.Frames)
	}
	at, offset := time.Duration(0), c.InitLen
	for i, s := range c.Segments {
		if s.Start != at || s.Offset != offset || s.Length <= 0 || s.Duration <= 0 || !independent[s.Offset] {
			tb.Errorf("%s: segment %d does not touch the one before or is not independent: %+v", c.Path, i, s)
		}
		at, offset = s.Start+s.Duration, s.Offset+s.Length
	}
	if at != c.Duration || offset != c.Bytes || frames != c.Frames {
		tb.Errorf("%s: segments end at %s and byte %d, %d frames; want %s, %d, %d", c.Path, at, offset, frames, c.Duration, c.Bytes, c.Frames)
	}
	if d := c.End.Sub(c.Start) - c.Duration; d < -50*time.Millisecond || d > 50*time.Millisecond {
		tb.Errorf("%s: lasts %s by the wall and %s by the media", c.Path, c.End.Sub(c.Start), c.Duration)
	}
	d, err := readDescription(c.Path)
	if err != nil || !d.Complete || !reflect.DeepEqual(d.Closed, c) {
		tb.Errorf("%s: the description on disk is %+v %v, want %+v", c.Path, d, err, c)
	}
}

func TestWriter(t *testing.T) {
	k := clip(t, "5")
	r := start(t, Options{Target: 2 * time.Second, RetentionDays: 30}, nil)
	k.replay(r)
	k.run = "0190f000-0000-7000-8000-000000000002"
	k.reason = "network"
	k.replay(r)
	closed := r.finish()
	if len(closed) != 6 || len(r.errs) > 0 {
		t.Fatalf("%d files, errors %v", len(closed), r.errs)
	}
	var whole []byte
	for i, c := range closed {
		check(t, c)
		seq := i % 3
		want := Closed{Seq: seq, RunEnd: "", PriorEnd: ""}
		if seq == 2 {
			want.RunEnd = []string{"publisher_closed", "network"}[i/3]
		}
		if i == 3 {
			want.PriorEnd = "publisher_closed"
		}
		if c.Seq != want.Seq || c.RunEnd != want.RunEnd || c.PriorEnd != want.PriorEnd || c.RetentionDays != 30 || c.Width != 64 || c.Height != 48 ||
			c.Codecs != k.inits[0].Codecs || c.Camera != camera {
			t.Errorf("file %d: %+v", i, c)
		}
		if seq > 0 {
			before := closed[i-1]
			if !before.End.Equal(c.Start) || before.MediaTime+before.Duration != c.MediaTime || before.Run != c.Run || before.InitSHA256 != c.InitSHA256 {
				t.Errorf("files %d and %d do not touch: %+v %+v", i-1, i, before, c)
			}
		} else if !c.Start.Equal(k.parts[0].NTP.Truncate(time.Microsecond)) {
			t.Errorf("file %d starts at %s", i, c.Start)
		}
		if i < 3 {
			b, _ := os.ReadFile(c.Path)
			whole = append(whole, b[c.InitLen:]...)
		}
	}
	var want []byte
	for _, p := range k.parts {
		want = append(want, p.Data...)
	}
	if !bytes.Equal(whole, want) {
		t.Errorf("%d bytes of media were recorded, want %d", len(whole), len(want))
	}
	var frames int64
	for _, c := range closed[:3] {
		frames += c.Frames
	}
	if frames != 125 {
		t.Errorf("%d frames, want 125", frames)
	}
	for _, c := range closed[:3] {
		counted := mediatest.FFprobe(t, "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", c.Path)
		if strings.TrimSpace(string(counted)) != fmt.Sprint(c.Frames) {
			t.Errorf("ffprobe counts %q frames in %s, want %d", counted, c.Path, c.Frames)
		}
	}
	if !slices.Equal(r.ends, []string{"publisher_closed", "network"}) {
		t.Errorf("ends: %q", r.ends)
	}
}

func TestAudioOnly(t *testing.T) {
	k := mux(t, mediatest.TS(t, "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=7", "-c:a", "aac"))
	r := start(t, Options{Target: 4 * time.Second}, nil)
	k.replay(r)
	closed := r.finish()
	if len(closed) != 2 {
		t.Fatalf("%d files", len(closed))
	}
	for _, c := range closed {
		check(t, c)
		if c.Width != 0 || len(c.Segments) > 3 || c.Frames == 0 {
			t.Errorf("%+v", c)
		}
	}
}

// A change of parameters in mid-run begins a new file of the same run; the same
// parameters again do not.
func TestNewInit(t *testing.T) {
	k := clip(t, "3")
	other := *k.inits[0]
	other.Data = append(bytes.Clone(other.Data), 0, 0, 0, 8, 'f', 'r', 'e', 'e')
	r := start(t, Options{}, nil)
	r.Start("run", k.inits[0])
	second := slices.IndexFunc(k.parts[1:], func(p *cmaf.Part) bool { return p.Independent }) + 1
	for _, p := range k.parts[:second] {
		r.Part(p)
	}
	again := *k.inits[0]
	r.Start("run", &again)
	r.Part(k.parts[second])
	r.Start("run", &other)
	for _, p := range k.parts[second+1:] { // the first ones are not independent
		r.Part(p)
	}
	r.Close("publisher_timeout")
	r.Part(k.parts[0]) // dropped
	closed := r.finish()
	if len(closed) != 2 || closed[0].Run != closed[1].Run || closed[1].Seq != 1 || closed[0].RunEnd != "" || closed[1].RunEnd != "publisher_timeout" ||
		closed[0].InitSHA256 == closed[1].InitSHA256 || closed[0].Segments[1].Length != int64(len(k.parts[second].Data)) {
		t.Fatalf("%+v", closed)
	}
	check(t, closed[0])
	if r.Stats().Lost == 0 {
		t.Error("frames before the key frame were not counted as lost")
	}
}

// Run ids that come again, or that no file can be named after, are replaced.
func TestRunIDs(t *testing.T) {
	k := clip(t, "1")
	r := start(t, Options{}, nil)
	for _, run := range []string{"run", "run", "../run", ""} {
		k.run = run
		k.replay(r)
	}
	closed := r.finish()
	seen := make(map[string]bool)
	for i, c := range closed {
		check(t, c)
		if seen[c.Run] || !plain(c.Run) || c.Seq != 0 || (c.PriorEnd != "") != (i > 0) {
			t.Errorf("file %d: %+v", i, c)
		}
		seen[c.Run] = true
	}
	if len(closed) != 4 {
		t.Errorf("%d files", len(closed))
	}
}

// disk is storage that fails from its nth write on, for a while.
type disk struct {
	Storage
	fail func(op string) error
}

func (d *disk) Write(b []byte) (int, error) {
	if err := d.fail("write"); err != nil {
		n, _ := d.Storage.Write(b[:len(b)/2]) // a full disk takes a bit still
		return n, err
	}
	return d.Storage.Write(b)
}

func (d *disk) Sync() error { return errors.Join(d.fail("sync"), d.Storage.Sync()) }
func (d *disk) Truncate(n int64) error {
	return errors.Join(d.fail("truncate"), d.Storage.Truncate(n))
}

var errFull = errors.New("no space left on device")

func TestDiskFailures(t *testing.T) {
	k := clip(t, "4")
	for _, c := range []struct {
		name      string
		bad       map[string][2]int // failing operations: from call, to call
		files     []string          // RunEnd of each
		abandoned int
	}{
		{"one write", map[string][2]int{"write": {4, 5}}, []string{"storage", "publisher_closed"}, 0},
		{"the init segment", map[string][2]int{"write": {0, 1}}, []string{"publisher_closed"}, 0},
		{"the first part", map[string][2]int{"write": {1, 2}}, []string{"publisher_closed"}, 0},
		{"write and truncate", map[string][2]int{"write": {4, 5}, "truncate": {0, 1}}, []string{"publisher_closed"}, 1},
		{"write and sync", map[string][2]int{"write": {4, 5}, "sync": {0, 1}}, []string{"publisher_closed"}, 1},
		{"sync at the end", map[string][2]int{"sync": {0, 1}}, nil, 1},
		{"create at first", map[string][2]int{"create": {0, 2}}, []string{"publisher_closed"}, 0},
		{"all the time", map[string][2]int{"write": {0, 1000}}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := make(map[string]int)
			fail := func(op string) error {
				n := calls[op]
				calls[op]++
				if r, ok := c.bad[op]; ok && n >= r[0] && n < r[1] {
					return errFull
				}
				return nil
			}
			r := start(t, Options{SyncEvery: time.Hour}, func(w *Writer) {
				w.create = func(path string) (Storage, error) {
					if err := fail("create"); err != nil {
						return nil, err
					}
					s, err := create(path)
					return &disk{s, fail}, err
				}
			})
			k.replay(r)
			closed := r.finish()
			var ends []string
			for i, f := range closed {
				check(t, f)
				ends = append(ends, f.RunEnd)
				if i > 0 && (f.Run == closed[i-1].Run || f.Seq != 0 || f.PriorEnd != "storage") {
					t.Errorf("file %d does not begin a run after a failure: %+v", i, f)
				}
			}
			if !slices.Equal(ends, c.files) || len(r.abandoned) != c.abandoned || !errors.Is(errors.Join(r.errs...), errFull) {
				t.Errorf("files end with %q, want %q; %d abandoned, want %d; errors %v", ends, c.files, len(r.abandoned), c.abandoned, r.errs)
			}
			for _, path := range r.abandoned {
				got, err := Recover(path, EndStorage)
				if err != nil || got.RunEnd != EndStorage {
					t.Errorf("recover: %+v %v", got, err)
				}
				check(t, got)
				closed = append(closed, got)
			}
			left, err := filepath.Glob(filepath.Join(r.o.Dir, "*"))
			if err != nil || len(left) != 2*len(closed) {
				t.Errorf("%d files make %d names: %q", len(closed), len(left), left)
			}
			if c.name != "sync at the end" && r.Stats().Lost == 0 {
				t.Error("nothing counts as lost")
			}
		})
	}
}

// A file that could neither be begun nor removed does not stand in the way of
// the next.
func TestFirstFileStays(t *testing.T) {
	k := clip(t, "4")
	n := 0
	r := start(t, Options{}, func(w *Writer) {
		w.create = func(path string) (Storage, error) {
			s, err := create(path)
			if n++; n == 1 {
				return nil, errors.Join(errFull, err, s.Close())
			}
			return s, err
		}
	})
	k.replay(r)
	closed := r.finish()
	if len(closed) != 1 || len(r.errs) != 1 {
		t.Errorf("%d files closed, want 1; errors %v", len(closed), r.errs)
	}
}

// When the next file cannot be begun, the last one says that the run ended.
func TestRotationFails(t *testing.T) {
	k := clip(t, "6")
	n := 0
	r := start(t, Options{Target: 2 * time.Second}, func(w *Writer) {
		w.create = func(path string) (Storage, error) {
			if n++; n == 2 {
				return nil, errFull
			}
			return create(path)
		}
	})
	k.replay(r)
	closed := r.finish()
	if len(closed) < 2 || closed[0].RunEnd != "storage" || closed[1].PriorEnd != "storage" || closed[1].Seq != 0 || closed[1].Run == closed[0].Run {
		t.Fatalf("%+v", closed)
	}
}

// The publisher waits when the disk does, and nothing is lost.
func TestPushback(t *testing.T) {
	k := clip(t, "4")
	gate := make(chan struct{})
	r := start(t, Options{QueueBytes: 4096}, func(w *Writer) {
		w.create = func(path string) (Storage, error) {
			<-gate
			return create(path)
		}
	})
	done := make(chan struct{})
	go func() { defer close(done); k.replay(r) }()
	deadline := time.After(10 * time.Second)
	for r.Stats().Queued < 3000 {
		select {
		case <-done:
			t.Fatal("the publisher did not wait")
		case <-deadline:
			t.Fatalf("only %d bytes are queued", r.Stats().Queued)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if q := r.Stats().Queued; q > 4096+len(k.inits[0].Data) {
		t.Errorf("%d bytes are queued", q)
	}
	close(gate)
	<-done
	closed := r.finish()
	if len(closed) != 1 || closed[0].Frames != 100 || r.Stats().Lost != 0 {
		t.Errorf("%+v, %+v", closed, r.Stats())
	}
	check(t, closed[0])
}

// Written media is synced within SyncEvery though nothing more arrives.
func TestSyncEvery(t *testing.T) {
	k := clip(t, "2")
	synced := make(chan struct{}, 100)
	r := start(t, Options{SyncEvery: 50 * time.Millisecond}, func(w *Writer) {
		w.create = func(path string) (Storage, error) {
			s, err := create(path)
			return &disk{s, func(op string) error {
				if op == "sync" {
					synced <- struct{}{}
				}
				return nil
			}}, err
		}
	})
	r.Start("run", k.inits[0])
	for i := range 3 {
		r.Part(k.parts[i])
		select {
		case <-synced:
		case <-time.After(5 * time.Second):
			t.Fatalf("part %d was not synced", i)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{}, {Dir: "x"}, {Camera: "c"}, {Dir: "x", Camera: "../c"}, {Dir: "x", Camera: "a_b"}} {
		if _, err := NewWriter(o); err == nil {
			t.Errorf("%+v passes", o)
		}
	}
}

// shm is a directory in memory where there is one: these tests sync a lot.
func shm(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gatepost-record-")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
