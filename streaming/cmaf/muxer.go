package cmaf

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// DefaultPartDuration is the duration of parts when Options gives none.
const DefaultPartDuration = 200 * time.Millisecond

// audioPatience is how much audio may come without a video frame before video
// counts as stalled.
const audioPatience = 500 * time.Millisecond

// Options configures a Muxer. The zero value works, though nobody hears of its
// parts.
type Options struct {
	// PartDuration is the media time that fills a part. Default: 200 ms.
	PartDuration time.Duration
	// Sinks take the parts, in order.
	Sinks []Sink
	// Log takes errors of runs that cannot be put into MP4. Default:
	// slog.Default().
	Log *slog.Logger
}

// MaxPartDuration returns the most that any part lasts for a given
// Options.PartDuration: so much that PartDuration is 85 % of it, the least that a
// part between two others may last (RFC 8216bis §4.4.4.9).
func MaxPartDuration(part time.Duration) time.Duration {
	if part <= 0 {
		part = DefaultPartDuration
	}
	return (part * 20 / 17).Truncate(time.Millisecond)
}

// Muxer makes parts from the units of one camera. It implements stream.Sink and
// stream.Mover; its methods may be called from several goroutines.
type Muxer struct {
	options Options

	mu     sync.Mutex
	run    string // id of the open run; "" when sinks have been told of none
	tracks []*track
	lead   *track // video, or audio when there is no video
	other  *track // audio beside video
	origin origin
	seq    uint32

	audioOnly time.Duration // of audio that came since the last video frame

	moved []move // what Moved has still to tell
}

// origin is media time zero: the decode time of the leading track's first
// sample, in ticks of rate.
type origin struct {
	set   bool
	ticks int64
	rate  int
	delay int64 // from there to the first picture's presentation: audio before it is left out
}

// NewMuxer makes a Muxer. It starts no goroutine and needs no closing.
func NewMuxer(o Options) *Muxer {
	if o.PartDuration <= 0 {
		o.PartDuration = DefaultPartDuration
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Muxer{options: o}
}

// MaxPartDuration returns the most that any part of m lasts.
func (m *Muxer) MaxPartDuration() time.Duration { return MaxPartDuration(m.options.PartDuration) }

// StartRun implements stream.Sink. Called again with the same run id, it
// announces a new init segment; media time goes on.
func (m *Muxer) StartRun(run *media.Run) {
	m.mu.Lock()
	defer m.mu.Unlock()
	init, err := newInit(run.Tracks)
	again := m.run == run.ID
	var sound []sample
	if again && err == nil {
		sound = m.holdSound(run.Tracks)
	}
	m.flush()
	if err != nil {
		if !errors.Is(err, errNothingCarried) {
			m.options.Log.Error("run cannot be muxed", "run", run.ID, "err", err)
		}
		m.tracks, m.lead, m.other = nil, nil, nil
		return
	}
	if !again {
		m.origin, m.seq = origin{}, 0
	}
	m.setTracks(run.Tracks, again)
	if len(sound) > 0 {
		m.other.pending = append(m.other.pending, sound...)
	}
	m.run = run.ID
	m.audioOnly = 0
	for _, s := range m.options.Sinks {
		s.Start(run.ID, init)
	}
}

// holdSound takes the sound that waits for the next picture, when the tracks are
// about to change and that sound's own does not: it goes with the pictures after the
// change. A part without any, in the midst of a run, is more than some players take.
func (m *Muxer) holdSound(tracks []*media.Track) []sample {
	if m.other == nil || len(m.lead.pending) > 0 {
		return nil
	}
	for _, t := range []*track{m.lead, m.other} {
		i := int(t.id) - 1
		if i >= len(tracks) || t.codec != tracks[i].Codec || t == m.other && t.source.Compare(tracks[i]) != media.Unchanged {
			return nil
		}
	}
	sound := m.other.pending
	m.other.pending = nil
	return sound
}

func (m *Muxer) setTracks(tracks []*media.Track, again bool) {
	before := m.tracks
	m.tracks = make([]*track, len(tracks))
	m.lead, m.other = nil, nil
	for i, t := range tracks {
		if codec, err := sampleEntry(t); codec == nil || err != nil {
			continue
		}
		next := newTrack(i+1, t, m.options.PartDuration)
		if again && i < len(before) && before[i] != nil && before[i].rate == next.rate {
			next.carryOn(before[i])
		}
		m.tracks[i] = next
		switch {
		case t.Codec.Video():
			m.lead, m.other = next, m.lead
		case m.lead == nil:
			m.lead = next
		default:
			m.other = next
		}
	}
}

// WriteUnit implements stream.Sink.
func (m *Muxer) WriteUnit(u *media.Unit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.Track < 0 || u.Track >= len(m.tracks) || m.tracks[u.Track] == nil || len(u.Data) == 0 {
		return
	}
	switch t := m.tracks[u.Track]; {
	case t.video:
		m.audioOnly = 0
		m.writeVideo(t, u)
	case t == m.lead:
		m.writeLeadingAudio(t, u)
	case t == m.other:
		m.writeAudio(t, u)
	}
}

func (m *Muxer) writeVideo(t *track, u *media.Unit) {
	if !m.origin.set {
		m.origin = origin{set: true, ticks: u.DTS, rate: t.rate, delay: u.PTS - u.DTS}
	}
	pts := u.PTS - m.origin.in(t.rate)
	dts := u.DTS - m.origin.in(t.rate)
	if t.have && dts <= t.last {
		dts = t.last + 1 // the stream promises otherwise; a file must not break for it
	}
	s := sample{dts: max(0, dts), offset: clamp32(pts - dts), size: t.sampleSize(u), unit: u, ntp: u.NTP, key: u.Key}
	m.append(t, s, u.Key)
}

// append adds a sample to the leading track, closing the part before it where
// it must not be part of it, and the part with it where it fills it.
func (m *Muxer) append(t *track, s sample, boundary bool) {
	t.observe(s.dts)
	frame := t.predict()
	if len(t.pending) > 0 {
		span := s.dts - t.pending[0].dts
		if boundary || span >= t.target || span+frame > t.bound {
			m.emit(s.dts, boundary)
		}
	}
	t.pending = append(t.pending, s)
	t.have, t.last = true, s.dts
	if end := s.dts + frame - t.pending[0].dts; end+frame/4 >= t.target || end+frame > t.bound {
		m.emit(s.dts+frame, false)
	}
}

func (m *Muxer) writeLeadingAudio(t *track, u *media.Unit) {
	if !m.origin.set {
		m.origin = origin{set: true, ticks: u.PTS, rate: t.rate}
	}
	for i, s := range t.audioSamples(u, m.origin) {
		if i > 0 {
			s.ntp = s.ntp.Add(media.Duration(s.dts-t.audio[0].dts, t.rate))
		}
		m.append(t, s, false)
	}
}

func (m *Muxer) writeAudio(t *track, u *media.Unit) {
	if !m.origin.set {
		return
	}
	for _, s := range t.audioSamples(u, m.origin) {
		t.pending = append(t.pending, s)
		t.have, t.last = true, s.dts
		m.audioOnly += media.Duration(s.duration, t.rate)
	}
	if m.audioOnly < audioPatience {
		return
	}
	if len(m.lead.pending) > 0 { // video stalls: do not keep its last frames
		m.flush()
	}
	if n := len(t.pending); n > 0 && t.pending[n-1].end()-t.pending[0].dts >= t.target {
		m.emitAudio(n)
	}
}

// EndRun implements stream.Sink.
func (m *Muxer) EndRun(reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flush()
	if m.run == "" {
		return
	}
	m.run = ""
	m.tracks, m.lead, m.other = nil, nil, nil
	for _, s := range m.options.Sinks {
		s.End(reason)
	}
}

// Flush sends what the open part holds, if anything. The owner calls it when
// nothing has come for some time, so that the last frames do not wait for the
// next one. While a unit is being written it does nothing: it waits for no sink.
func (m *Muxer) Flush() {
	if !m.mu.TryLock() {
		return
	}
	defer m.mu.Unlock()
	m.flush()
}

func (m *Muxer) flush() {
	if m.lead == nil {
		return
	}
	if n := len(m.lead.pending); n > 0 {
		m.emit(m.lead.pending[n-1].dts+m.lead.predict(), false)
	}
	if m.other != nil && len(m.other.pending) > 0 {
		m.emitAudio(len(m.other.pending))
	}
}

// in returns the origin in ticks of another rate.
func (o origin) in(rate int) int64 { return media.Rescale(o.ticks, o.rate, rate) }

func clamp32(v int64) int32 { return int32(max(-1<<31, min(1<<31-1, v))) }
