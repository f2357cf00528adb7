package admission

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestJudge(t *testing.T) {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	well := func() (stream.Stats, *Recorder) {
		return stream.Stats{Online: true, Since: ago(time.Hour), LastUnit: now}, &Recorder{Run: "r", LastPart: ago(200 * time.Millisecond)}
	}
	for _, c := range []struct {
		name    string
		offline bool
		change  func(s *stream.Stats, r *Recorder)
		want    verdict
	}{
		{name: "well", want: verdict{recording: true}},
		{name: "offline", offline: true, change: func(_ *stream.Stats, r *Recorder) { r.Stuck = time.Hour }},
		{name: "no key frame yet", change: func(s *stream.Stats, _ *Recorder) { s.Online, s.Since = false, ago(19*time.Second) }},
		{name: "no key frame", change: func(s *stream.Stats, _ *Recorder) { s.Online, s.Since = false, ago(21*time.Second) },
			want: verdict{false, gatepost.ProblemKeyFrames, ago(21 * time.Second)}},
		{name: "the muxer takes its time", change: func(s *stream.Stats, r *Recorder) { s.Since, r.Run = ago(time.Second), "" }},
		{name: "the muxer refuses", change: func(s *stream.Stats, r *Recorder) { s.Since, r.Run = ago(3*time.Second), "" },
			want: verdict{false, gatepost.ProblemTracks, ago(3 * time.Second)}},
		{name: "the first part is on its way", change: func(s *stream.Stats, r *Recorder) {
			s.Since, r.LastPart = ago(time.Second), ago(time.Minute)
		}},
		{name: "no first part", change: func(s *stream.Stats, r *Recorder) { s.Since, r.LastPart = ago(11*time.Second), time.Time{} },
			want: verdict{false, gatepost.ProblemRecorder, ago(11 * time.Second)}},
		{name: "no more parts", change: func(_ *stream.Stats, r *Recorder) { r.LastPart = ago(12 * time.Second) },
			want: verdict{false, gatepost.ProblemRecorder, ago(12 * time.Second)}},
		{name: "the camera stalls, and so do its parts", change: func(s *stream.Stats, r *Recorder) {
			s.LastUnit, r.LastPart = ago(time.Minute), ago(time.Minute)
		}, want: verdict{recording: true}},
		{name: "the publisher waits for a recorder that hangs", change: func(s *stream.Stats, r *Recorder) {
			s.LastUnit, r.LastPart, r.Stuck = ago(time.Minute), ago(time.Minute), time.Minute
		}, want: verdict{false, gatepost.ProblemRecorder, ago(time.Minute)}},
		{name: "a slow disk", change: func(_ *stream.Stats, r *Recorder) { r.Stuck = 2 * time.Second }, want: verdict{recording: true}},
		{name: "a full disk", change: func(_ *stream.Stats, r *Recorder) { r.Failing, r.LastPart = true, ago(time.Second) },
			want: verdict{false, gatepost.ProblemStorage, ago(time.Second)}},
		{name: "an upload", change: func(_ *stream.Stats, r *Recorder) { r.UploadLag = 40 * time.Second }, want: verdict{recording: true}},
		{name: "the object store is away", change: func(_ *stream.Stats, r *Recorder) { r.UploadLag = 50 * time.Second },
			want: verdict{true, gatepost.ProblemUpload, ago(50 * time.Second)}},
	} {
		s, r := well()
		if c.change != nil {
			c.change(&s, r)
		}
		got := judge(now, !c.offline, ago(time.Hour), s, r)
		if got.recording != c.want.recording || got.problem != c.want.problem || !got.since.Equal(c.want.since) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	s, _ := well()
	if got := judge(now, true, ago(time.Hour), s, nil); got != (verdict{recording: true}) {
		t.Errorf("nobody tells: %+v", got)
	}
}

// recorder is a sink that says how it stands.
type recorder struct {
	mu       sync.Mutex
	run      string
	last     time.Time
	since    time.Time // of being stuck
	restarts int
	works    bool          // after a restart
	gop      time.Duration // that a new one waits for a key frame
	key      time.Time     // when that comes
}

func (r *recorder) Start(run string, _ *cmaf.Init) { r.mu.Lock(); defer r.mu.Unlock(); r.run = run }
func (r *recorder) End(string)                     { r.mu.Lock(); defer r.mu.Unlock(); r.run = "" }
func (r *recorder) Part(*cmaf.Part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.IsZero() && !time.Now().Before(r.key) {
		r.last = time.Now()
	}
}

func (r *recorder) state() Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Recorder{Run: r.run, LastPart: r.last, LastRecording: "rec"}
	if !r.since.IsZero() {
		s.Stuck = time.Since(r.since)
	}
	return s
}

func (r *recorder) restart() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restarts++
	if r.works {
		r.since, r.last, r.key = time.Time{}, time.Time{}, time.Now().Add(r.gop)
	}
	return r.works
}

func (r *recorder) hang(works bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since, r.works = time.Now(), works
}

func (r *rig) record() *recorder {
	rec := &recorder{}
	r.options.Outlets = func(gatepost.PublishPermit) (Outlets, error) {
		return Outlets{Sinks: []cmaf.Sink{rec}, Recorder: rec.state, Restart: rec.restart}, nil
	}
	return rec
}

// A recorder that does nothing is known to the control plane within half a
// minute, replaced, and well again.
func TestRecorderIsRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		rec := r.record()
		r.feed(r.admitted(nil))
		time.Sleep(5 * time.Second)
		if st, _ := r.control.last(r.camera); !st.Online || !st.Recording || st.Problem != "" || st.LastRecording != "rec" {
			t.Fatalf("well, and says %+v", st)
		}
		began := time.Now()
		rec.hang(true)
		time.Sleep(15 * time.Second)
		st, _ := r.control.last(r.camera)
		if st.Recording || st.Problem != gatepost.ProblemRecorder || began.Sub(st.ProblemSince).Abs() > 200*time.Millisecond {
			t.Errorf("stuck, and says %+v", st)
		}
		time.Sleep(15 * time.Second)
		if st, _ := r.control.last(r.camera); !st.Recording || st.Problem != "" || !st.ProblemSince.IsZero() || rec.restarts != 1 {
			t.Errorf("after %d restarts: %+v", rec.restarts, st)
		}
	})
}

// A recorder that was just restarted has nothing to show before its first key
// frame: that is no reason to restart it again.
func TestRecorderIsRestartedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		rec := r.record()
		rec.gop = 15 * time.Second
		r.feed(r.admitted(nil))
		time.Sleep(time.Minute)
		rec.hang(true)
		time.Sleep(time.Minute)
		if st, _ := r.control.last(r.camera); !st.Recording || st.Problem != "" || rec.restarts != 1 {
			t.Errorf("after %d restarts: %+v", rec.restarts, st)
		}
	})
}

// Sound that MP4 does not carry, and nothing else: it can be heard live by
// WebRTC, and cannot be recorded.
func TestTracksThatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		r.record()
		s := r.admitted(nil)
		if err := s.Start([]*media.Track{{Codec: media.G711A, ClockRate: 8000, SampleRate: 8000, Channels: 1}}); err != nil {
			t.Fatal(err)
		}
		write(t, s, 10*time.Second, true, 160, []byte{1, 2, 3})
		if st, _ := r.control.last(r.camera); !st.Online || st.Recording || st.Problem != gatepost.ProblemTracks {
			t.Errorf("%+v", st)
		}
	})
}

// A camera that never sends a key frame pushes for nothing.
func TestNoKeyFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		r.record()
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(r.Metrics())
		s := r.admitted(nil)
		if err := s.Start([]*media.Track{{Codec: media.H264, ClockRate: 90000}}); err != nil {
			t.Fatal(err)
		}
		write(t, s, 30*time.Second, false, 1800, []byte{0x41, 0x9a, 1})
		if st, _ := r.control.last(r.camera); !st.Online || st.Recording || st.Problem != gatepost.ProblemKeyFrames {
			t.Errorf("%+v", st)
		}
		names := gathered(t, registry)
		for _, want := range []string{
			`gatepost_camera_recording_problem camera problem=key_frames 1`, `gatepost_node_cameras state=not_recording 1`,
			`gatepost_camera_recording camera 0`, `gatepost_recording_problems_total problem=key_frames 1`,
		} {
			if !slices.Contains(names, want) {
				t.Errorf("no %s in\n%s", want, strings.Join(names, "\n"))
			}
		}
		s.End(gatepost.EndClosed)
		time.Sleep(2 * time.Minute)
		for _, n := range gathered(t, registry) {
			if strings.HasPrefix(n, "gatepost_camera_") {
				t.Errorf("%s of a camera that is gone", n)
			}
		}
	})
}

// write sends a unit every 20 ms for a time.
func write(t *testing.T, s ingest.Session, d time.Duration, key bool, step int64, data []byte) {
	t.Helper()
	for i := int64(0); i < int64(d/(20*time.Millisecond)); i++ {
		if err := s.Write(&media.Unit{PTS: i * step, DTS: i * step, Data: [][]byte{data}, Key: key}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// gathered lists every series as its name, its labels and its value; the
// camera's id is left out.
func gathered(t *testing.T, r prometheus.Gatherer) (out []string) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			line := f.GetName()
			for _, l := range m.Label {
				line += " " + l.GetName()
				if l.GetName() != "camera" {
					line += "=" + l.GetValue()
				}
			}
			out = append(out, line+" "+strconv.FormatFloat(m.GetGauge().GetValue()+m.GetCounter().GetValue(), 'g', -1, 64))
		}
	}
	return out
}

// A scrape of ten thousand cameras.
func BenchmarkCollect(b *testing.B) {
	a := New(Options{Control: &control{}, Viewers: map[string]func(string) int{"whep": func(string) int { return 1 }, "llhls": func(string) int { return 2 }}})
	state := Recorder{Run: "r", LastPart: time.Now(), LastObject: time.Now()}
	for range 10_000 {
		id := gatepost.NewID()
		c := newChannel(a, id, Outlets{Recorder: func() Recorder { return state }})
		c.status.Online, c.status.Recording = true, true
		c.status.Measurement = gatepost.Measurement{To: time.Now(), FPS: 25}
		a.channels[id] = c
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(a.Metrics())
	b.ReportAllocs()
	for b.Loop() {
		families, err := registry.Gather()
		if err != nil {
			b.Fatal(err)
		}
		if n := len(families); n < 15 {
			b.Fatal(n)
		}
	}
}
