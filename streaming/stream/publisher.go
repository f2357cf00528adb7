package stream

import (
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	backLimitDTS = 500 * time.Millisecond // decode times may step back by this much and are flattened
	backLimitPTS = 2 * time.Second        // presentation times may: B-frames
)

// Publisher writes one connection of a camera into its Stream. Its methods may
// be called from several goroutines.
type Publisher struct {
	s      *Stream
	inputs []*input // by index of Publish's tracks; nil for one that is not carried
	lead   *input   // the video track, or the audio track when there is none
	other  *input   // the audio track beside video

	// Under s.mu:
	run   *media.Run // nil while waiting for a key frame
	clock clock
	split bool // wall and media time are apart: cut the run at the next key frame
	ended bool
}

// input is one carried track.
type input struct {
	index int // in the run's tracks
	track *media.Track
	next  *media.Track // with parameter sets that came since the last key frame
	dts   media.DTSEstimator

	have    bool // a unit came in this run, or since the last jump
	arrival time.Time
	basis   int64 // highest DTS (or PTS where there is none) given
	last    int64 // last DTS handed on
	handed  bool  // last is set
	highest int64 // highest PTS handed on
	shift   int64 // audio beside video: added to its times after a jump of its own
}

func newPublisher(s *Stream, tracks []*media.Track) (*Publisher, error) {
	p := &Publisher{s: s, inputs: make([]*input, len(tracks))}
	var audio *input
	for i, t := range tracks {
		if t == nil || t.ClockRate < 1 {
			continue
		}
		switch in := (&input{track: t, next: t}); {
		case t.Codec.Video():
			if p.lead == nil {
				p.inputs[i], p.lead = in, in
			}
		case audio == nil && t.Check() == nil:
			p.inputs[i], audio = in, in
		}
	}
	switch {
	case p.lead == nil && audio == nil:
		return nil, ErrNoTracks
	case p.lead == nil:
		p.lead = audio
	case audio != nil:
		p.other = audio
	}
	n := 0
	for _, in := range p.inputs {
		if in != nil {
			in.index = n
			n++
		}
	}
	return p, nil
}

func (p *Publisher) declared() []*media.Track {
	var tracks []*media.Track
	for _, in := range p.inputs {
		if in != nil {
			tracks = append(tracks, in.track)
		}
	}
	return tracks
}

// Write hands on one unit, whose Track is an index into the tracks given to
// Publish. The unit and what it points to must not be changed any more. Units
// before the first key frame are dropped. It fails with ErrEnded once the
// publisher was closed or replaced, and when the track does not exist.
func (p *Publisher) Write(u *media.Unit) error {
	if u.Track < 0 || u.Track >= len(p.inputs) {
		return fmt.Errorf("stream: no track %d", u.Track)
	}
	in := p.inputs[u.Track]
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.ended {
		return ErrEnded
	}
	if in == nil {
		return nil
	}
	now := p.s.options.Now()
	au := media.Normalise(in.track.Codec, u.Data)
	if in.track.Codec.Video() {
		in.next = in.next.With(au)
	}
	if !au.Picture {
		return nil
	}
	pts, dts := u.PTS, u.DTS
	if dts != media.NoDTS || !in.track.Codec.Video() {
		if dts == media.NoDTS {
			dts = pts
		}
		if p.jumped(in, now, dts, backLimitDTS) {
			p.jump(in, now, dts)
		}
	} else if p.jumped(in, now, pts, backLimitPTS) {
		p.jump(in, now, pts)
	}
	if in == p.lead && au.Key {
		p.keyFrame(in, now, pts)
	}
	if p.run == nil {
		return nil
	}
	if dts == media.NoDTS {
		dts = in.dts.Next(pts, au.Data)
	}
	pts += in.shift
	dts += in.shift
	if in.handed && dts <= in.last {
		dts = in.last + 1
	}
	pts = max(pts, dts)
	p.hand(in, now, au, pts, dts)
	return nil
}

// hand gives a unit with its final times to sinks, readers and meters.
func (p *Publisher) hand(in *input, now time.Time, au media.AccessUnit, pts, dts int64) {
	reordered := in.handed && pts < in.highest
	if !in.handed || pts > in.highest {
		in.highest = pts
	}
	in.last, in.handed = dts, true
	at := media.Duration(pts, in.track.ClockRate)
	if in == p.lead && p.clock.observe(now, at) {
		p.split = true
	}
	out := &media.Unit{Track: in.index, PTS: pts, DTS: dts, NTP: p.clock.at(at), Data: au.Data, Key: au.Key}
	for _, sink := range p.s.options.Sinks {
		sink.WriteUnit(out)
	}
	p.s.ring.push(out, p.run, in == p.lead && au.Key)
	p.s.moved()
	p.s.observe(observation{
		now: now, track: in.track, lead: in == p.lead, key: au.Key, reordered: reordered,
		size: out.Size(), dts: dts,
	})
}

// jumped compares a unit's time with the one before it and with the wall clock.
// Time that stands still while the wall clock goes on is no jump by itself: a
// stalled connection looks the same and catches up.
func (p *Publisher) jumped(in *input, now time.Time, t int64, back time.Duration) bool {
	had, basis, arrival := in.have, in.basis, in.arrival
	in.have, in.arrival = true, now
	if !had || t > basis {
		in.basis = t
	}
	if !had {
		return false
	}
	step := media.Duration(t-basis, in.track.ClockRate)
	return step-max(0, now.Sub(arrival)) > jumpLimit || step < -back
}

// jump reacts to a jump of in to time t. Audio beside video never ends a run:
// it is moved to where it belongs by its arrival.
func (p *Publisher) jump(in *input, now time.Time, t int64) {
	in.basis = t
	p.s.observeJump()
	if in == p.other {
		if p.run != nil {
			in.shift = media.Ticks(now.Round(0).Sub(p.clock.base), in.track.ClockRate) - t
		}
		return
	}
	if p.run != nil {
		p.s.options.Log.Warn("timestamps jumped", "camera", p.s.options.Camera, "run", p.run.ID)
		p.endRun(reasonJump)
	}
}

// keyFrame begins a run, or takes over new parameters.
func (p *Publisher) keyFrame(in *input, now time.Time, pts int64) {
	if p.run != nil && p.split {
		p.s.observeJump()
		p.endRun(reasonJump)
	}
	if in.next != in.track {
		p.takeParameters(in)
	}
	if p.run != nil || in.track.Check() != nil {
		return
	}
	if in.track.Codec.Video() {
		in.dts.SetTrack(in.track)
		in.dts.Reset()
	}
	p.clock = clock{}
	p.clock.observe(now, media.Duration(pts, in.track.ClockRate))
	p.run = &media.Run{ID: p.s.options.NewRunID(), Start: p.clock.at(media.Duration(pts, in.track.ClockRate)), Tracks: p.declared()}
	p.s.startRun(p.run, false)
}

// takeParameters makes the parameter sets that came with or before a key frame
// the track's own, if they are whole and differ by more than display hints.
func (p *Publisher) takeParameters(in *input) {
	switch in.track.Compare(in.next) {
	case media.Unchanged, media.Cosmetic:
		in.next = in.track
		return
	}
	if in.next.Check() != nil { // not whole yet, or broken: go on with the old ones
		return
	}
	known := in.track.Check() == nil
	in.track = in.next
	if p.run != nil {
		p.restartRun()
	}
	if known {
		p.s.observeChange()
	}
}

// restartRun announces new parameters in the same run.
func (p *Publisher) restartRun() {
	p.lead.dts.SetTrack(p.lead.track)
	p.run = &media.Run{ID: p.run.ID, Start: p.run.Start, Tracks: p.declared()}
	p.s.startRun(p.run, true)
}

func (p *Publisher) endRun(reason string) {
	run := p.run
	p.run = nil
	p.split = false
	p.clock = clock{}
	for _, in := range p.inputs {
		if in != nil {
			in.handed, in.shift = false, 0
			if in == p.other && reason == reasonJump {
				in.have = false // it most likely jumps too
			}
		}
	}
	p.s.endRun(run, reason)
}

// Close ends the publisher and its run with reason, one of the root package's
// EndReason. It does nothing when the publisher has ended before.
func (p *Publisher) Close(reason string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.end(reason)
}

// end is Close under s.mu.
func (p *Publisher) end(reason string) {
	if p.ended {
		return
	}
	p.ended = true
	if p.run != nil {
		p.endRun(reason)
	}
	if p.s.publisher == p {
		p.s.publisher = nil
		p.s.state.Lock()
		p.s.state.publisher = false
		p.s.state.since = p.s.options.Now()
		p.s.state.Unlock()
		p.s.touchIdle()
	}
}

// Lost adds packets that never arrived, and packets that did, since the last
// call, for the statistics.
func (p *Publisher) Lost(packets, received uint64) { p.s.observeLoss(packets, received) }
