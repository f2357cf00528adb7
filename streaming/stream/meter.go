package stream

import (
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Measurement is what a Meter saw over an interval. Its fields are those of the
// root package's Measurement, in the same order, so that one converts to the
// other.
type Measurement struct {
	From, To         time.Time
	VideoCodec       string // "h264", "h265", "av1" or ""
	AudioCodec       string // "aac", "opus", "g711a", "g711u" or ""
	Width, Height    int
	FPS              float64       // pictures per second of media time
	BitsPerSecond    int64         // of payload, by arrival
	KeyInterval      time.Duration // the longest seen; 0 when fewer than two key frames were
	FramesReceived   int64         // pictures; without video, audio units
	PacketsLost      int64
	PacketsReceived  int64
	ClockSkewPPM     float64 // media clock against ours over up to five minutes of the run; positive: the camera's runs fast
	TimestampJumps   int
	HasBFrames       bool
	ParameterChanges int
}

// Meter measures a stream from its making or last Reset on. Several may run at
// once: one for acceptance, one for status. Its methods may be called from
// several goroutines.
type Meter struct {
	s *Stream

	mu sync.Mutex
	m  Measurement

	bits      int64
	arrived   time.Time // first arrival
	have      bool      // a lead unit came in this interval and run
	lastDTS   int64
	rate      int
	steps     int64 // lead units with one before them
	stepTime  time.Duration
	sinceKey  time.Duration // media time since the last key frame
	hadKey    bool
	skew      skew
	origin    int64
	originAt  time.Time
	windowEnd time.Time
	least     delay
	any       bool
}

// Meter makes a meter that measures from now on. The caller closes it.
func (s *Stream) Meter() *Meter {
	m := &Meter{s: s}
	m.m.From = s.options.Now()
	s.state.Lock()
	s.state.meters[m] = struct{}{}
	s.state.Unlock()
	return m
}

// Close takes the meter off the stream.
func (m *Meter) Close() {
	m.s.state.Lock()
	defer m.s.state.Unlock()
	delete(m.s.state.meters, m)
}

// Snapshot returns what was measured since the meter was made or reset.
func (m *Meter) Snapshot() Measurement {
	tracks := m.s.Tracks()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshot(tracks)
}

// Reset returns what Snapshot would, and begins a new interval.
func (m *Meter) Reset() Measurement {
	tracks := m.s.Tracks()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.snapshot(tracks)
	m.m = Measurement{From: out.To}
	m.bits, m.steps, m.stepTime = 0, 0, 0
	m.arrived = time.Time{}
	if m.have { // the next unit still has one before it
		m.arrived = out.To
	}
	return out
}

func (m *Meter) snapshot(tracks []*media.Track) Measurement {
	out := m.m
	out.To = m.s.options.Now()
	for _, t := range tracks {
		if !t.Codec.Video() {
			out.AudioCodec = string(t.Codec)
			continue
		}
		out.VideoCodec = string(t.Codec)
		if w, h, err := t.PictureSize(); err == nil {
			out.Width, out.Height = w, h
		}
	}
	if m.stepTime > 0 {
		out.FPS = float64(m.steps) / m.stepTime.Seconds()
	}
	if !m.arrived.IsZero() {
		out.BitsPerSecond = int64(float64(m.bits) / max(1, out.To.Sub(m.arrived).Seconds()))
	}
	out.ClockSkewPPM = m.skew.ppm()
	return out
}

// observation is one unit as a meter sees it.
type observation struct {
	now       time.Time
	track     *media.Track
	lead      bool
	key       bool
	reordered bool
	size      int
	dts       int64
}

func (m *Meter) observe(o observation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arrived.IsZero() {
		m.arrived = o.now
	}
	m.bits += 8 * int64(o.size)
	if !o.lead {
		return
	}
	m.m.FramesReceived++
	m.m.HasBFrames = m.m.HasBFrames || o.reordered
	if m.have && m.rate == o.track.ClockRate {
		step := media.Duration(o.dts-m.lastDTS, m.rate)
		m.steps++
		m.stepTime += step
		m.sinceKey += step
	} else {
		m.restart(o)
	}
	m.have, m.lastDTS, m.rate = true, o.dts, o.track.ClockRate
	if o.key && o.track.Codec.Video() {
		if m.hadKey {
			m.m.KeyInterval = max(m.m.KeyInterval, m.sinceKey)
		}
		m.hadKey, m.sinceKey = true, 0
	}
	m.drift(o)
}

// restart begins the measuring of times in a new run.
func (m *Meter) restart(o observation) {
	m.origin, m.originAt = o.dts, o.now
	m.windowEnd = o.now.Add(skewWindow)
	m.any, m.hadKey, m.sinceKey = false, false, 0
	m.skew = skew{}
}

// drift notes, once in a window, the unit that came with the least delay.
func (m *Meter) drift(o observation) {
	wall := o.now.Sub(m.originAt)
	d := delay{wall, wall - media.Duration(o.dts-m.origin, m.rate)}
	if !m.any || d.late < m.least.late {
		m.least, m.any = d, true
	}
	if o.now.Before(m.windowEnd) {
		return
	}
	m.skew.add(m.least)
	m.windowEnd, m.any = o.now.Add(skewWindow), false
}

func (s *Stream) eachMeter(f func(*Meter)) {
	s.state.Lock()
	defer s.state.Unlock()
	for m := range s.state.meters {
		f(m)
	}
}

func (s *Stream) observe(o observation) {
	s.state.Lock()
	defer s.state.Unlock()
	s.state.lastUnit = o.now
	s.state.reordered = s.state.reordered || o.reordered
	for m := range s.state.meters {
		m.observe(o)
	}
}

func (s *Stream) observeLoss(lost, received uint64) {
	s.eachMeter(func(m *Meter) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.m.PacketsLost += int64(lost)
		m.m.PacketsReceived += int64(received)
	})
}

func (s *Stream) observeJump() {
	s.eachMeter(func(m *Meter) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.m.TimestampJumps++
		m.have = false
	})
}

func (s *Stream) observeChange() {
	s.eachMeter(func(m *Meter) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.m.ParameterChanges++
	})
}

// observeStart tells that times begin anew.
func (s *Stream) observeStart() {
	s.eachMeter(func(m *Meter) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.have = false
	})
}

func (s *Stream) touchIdle() {
	s.state.Lock()
	defer s.state.Unlock()
	s.state.idleSince = s.options.Now()
}
