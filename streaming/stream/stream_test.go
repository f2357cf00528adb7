package stream_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Parameter sets of x264: 320×180, the same with a full-range flag in its VUI,
// and 640×360.
var (
	smallSPS    = unhex("6742c00cda05067e7c0440000003004000000c83c50aa8")
	smallVUISPS = unhex("6742c00cda05067e7c05b2000003000200000300641e2855")
	largeSPS    = unhex("6742c01eda0280bfe5c044000003000400000300c83c58ba80")
	pps         = unhex("68ce0fc8")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// sink records what a stream does, one line each.
type sink struct {
	events []string
	units  []*media.Unit
	firsts []int // index into units where each run begins
	runs   []*media.Run
}

func (s *sink) StartRun(run *media.Run) {
	width, _, _ := run.Tracks[0].PictureSize()
	s.events = append(s.events, fmt.Sprintf("start %s %d tracks %d", run.ID, len(run.Tracks), width))
	if len(s.runs) == 0 || s.runs[len(s.runs)-1].ID != run.ID {
		s.firsts = append(s.firsts, len(s.units))
	}
	s.runs = append(s.runs, run)
}

func (s *sink) WriteUnit(u *media.Unit) { s.units = append(s.units, u) }

func (s *sink) EndRun(reason string) { s.events = append(s.events, "end "+reason) }

// bench is a stream with a clock of its own and one sink.
type bench struct {
	t    testing.TB
	sink sink
	s    *stream.Stream
	now  time.Time
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	runs := 0
	b.s = stream.New(stream.Options{
		Camera: "test", Sinks: []stream.Sink{&b.sink}, Now: func() time.Time { return b.now },
		NewRunID: func() string { runs++; return fmt.Sprintf("run%d", runs) },
		Log:      slog.New(slog.DiscardHandler),
	})
	return b
}

var (
	videoTrack = &media.Track{Codec: media.H264, ClockRate: 90000}
	audioTrack = &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}
)

func (b *bench) publish(tracks ...*media.Track) *stream.Publisher {
	b.t.Helper()
	p, err := b.s.Publish(tracks)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) write(p *stream.Publisher, u *media.Unit) {
	b.t.Helper()
	if err := p.Write(u); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) expect(events ...string) {
	b.t.Helper()
	if !slices.Equal(b.sink.events, events) {
		b.t.Fatalf("events %q, want %q", b.sink.events, events)
	}
}

const frame = 3600 // ticks of a picture at 25 per second

func key(pts int64, sps []byte) *media.Unit {
	return &media.Unit{PTS: pts, DTS: media.NoDTS, Data: [][]byte{{9, 0xf0}, sps, pps, {0x65, 0x88, 1}}}
}

func inter(pts int64) *media.Unit {
	return &media.Unit{PTS: pts, DTS: media.NoDTS, Data: [][]byte{{0x41, 0x9a, 1}}}
}

func audio(pts int64) *media.Unit {
	return &media.Unit{Track: 1, PTS: pts, DTS: pts, Data: [][]byte{{0xfc, 1}}, Key: true}
}

// pictures writes n pictures from number from on in real time, a key frame
// every 25th.
func (b *bench) pictures(p *stream.Publisher, from, n int) {
	b.t.Helper()
	for i := from; i < from+n; i++ {
		if i%25 == 0 {
			b.write(p, key(int64(i)*frame, smallSPS))
		} else {
			b.write(p, inter(int64(i)*frame))
		}
		b.now = b.now.Add(40 * time.Millisecond)
	}
}

func TestRunBeginsAtTheFirstKeyFrame(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack, audioTrack)
	if b.s.Online() {
		t.Error("online before the first key frame")
	}
	b.write(p, audio(0))
	b.write(p, inter(0))
	b.write(p, &media.Unit{PTS: frame, DTS: media.NoDTS, Data: [][]byte{{0x65, 0x88, 1}}}) // no parameter sets yet
	b.expect()
	b.write(p, &media.Unit{PTS: 2 * frame, DTS: media.NoDTS, Data: [][]byte{smallSPS, pps}}) // in a unit of their own
	b.write(p, &media.Unit{PTS: 3 * frame, DTS: media.NoDTS, Data: [][]byte{{0x65, 0x88, 1}}})
	b.expect("start run1 2 tracks 320")
	b.write(p, audio(8000))
	b.write(p, inter(4*frame))
	p.Close(string(gatepost.EndClosed))
	p.Close("again")
	b.expect("start run1 2 tracks 320", "end publisher_closed")
	if len(b.sink.units) != 3 || !b.sink.units[0].Key || b.sink.units[1].Track != 1 || b.sink.units[2].PTS != 4*frame {
		t.Errorf("units %+v", b.sink.units)
	}
	if got := b.sink.runs[0]; !got.Start.Equal(b.now) || got.Tracks[0].SPS == nil || videoTrack.SPS != nil {
		t.Errorf("run %+v", got)
	}
	if err := p.Write(inter(5 * frame)); !errors.Is(err, stream.ErrEnded) {
		t.Errorf("a write after the end: %v", err)
	}
	if b.s.Online() {
		t.Error("online after the end")
	}
}

func TestAudioAlone(t *testing.T) {
	b := newBench(t)
	p := b.publish(&media.Track{Codec: media.G711A, ClockRate: 8000})
	b.write(p, &media.Unit{PTS: 160, DTS: 160, Data: [][]byte{make([]byte, 160)}})
	b.expect("start run1 1 tracks 0")
	if !b.sink.units[0].Key {
		t.Error("audio is not a key")
	}
}

func TestPublishRefusesNothing(t *testing.T) {
	b := newBench(t)
	for name, tracks := range map[string][]*media.Track{
		"none": nil, "nil": {nil}, "unknown": {{Codec: "mp2", ClockRate: 90000}}, "no clock": {{Codec: media.H264}},
		"aac without config": {{Codec: media.AAC, ClockRate: 48000}},
	} {
		if _, err := b.s.Publish(tracks); !errors.Is(err, stream.ErrNoTracks) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := b.publish(audioTrack, nil, videoTrack, videoTrack, audioTrack)
	if err := p.Write(&media.Unit{Track: 5}); err == nil {
		t.Error("a unit of no track is taken")
	}
	for _, track := range []int{1, 3, 4} {
		if err := p.Write(&media.Unit{Track: track, Data: [][]byte{{1}}}); err != nil {
			t.Errorf("track %d: %v", track, err)
		}
	}
	u := key(0, smallSPS)
	u.Track = 2
	b.write(p, u)
	if got := b.sink.units[0].Track; got != 1 || b.sink.runs[0].Tracks[1].Codec != media.H264 {
		t.Errorf("video is track %d of %v", got, b.sink.runs[0].Tracks)
	}
}

func TestTakeover(t *testing.T) {
	b := newBench(t)
	first := b.publish(videoTrack)
	b.pictures(first, 0, 3)
	second := b.publish(videoTrack)
	if err := first.Write(inter(3 * frame)); !errors.Is(err, stream.ErrEnded) {
		t.Errorf("the replaced publisher writes: %v", err)
	}
	first.Close("publisher_closed") // its own end comes late and changes nothing
	b.pictures(second, 0, 3)
	if _, err := b.s.PublishReplacing([]*media.Track{videoTrack}, "suspended"); err != nil {
		t.Fatal(err)
	}
	b.expect("start run1 1 tracks 320", "end replaced", "start run2 1 tracks 320", "end suspended")
	b.s.Close("gateway_shutdown")
	b.s.Close("gateway_shutdown")
	if _, err := b.s.Publish([]*media.Track{videoTrack}); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("publish after Close: %v", err)
	}
}

func TestParameterChanges(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	m := b.s.Meter()
	defer m.Close()
	for i, sps := range [][]byte{smallSPS, smallVUISPS, smallSPS, largeSPS, {0x67, 1, 2}, largeSPS} {
		b.write(p, key(int64(i)*frame, sps))
		b.now = b.now.Add(40 * time.Millisecond)
	}
	b.expect("start run1 1 tracks 320", "start run1 1 tracks 640")
	if len(b.sink.units) != 6 {
		t.Errorf("%d units", len(b.sink.units))
	}
	if !b.sink.runs[0].Start.Equal(b.sink.runs[1].Start) {
		t.Error("the run's start moved")
	}
	if got := m.Snapshot(); got.ParameterChanges != 1 || got.Width != 640 || got.VideoCodec != "h264" {
		t.Errorf("measured %+v", got)
	}
}

// TestMeasurementConverts is a promise to who fills the root package's type.
func TestMeasurementConverts(t *testing.T) {
	if got := gatepost.Measurement(stream.Measurement{FPS: 25}); got.FPS != 25 {
		t.Error(got)
	}
}
