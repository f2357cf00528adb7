package hls

import (
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// segment is a row of parts under one media sequence number.
type segment struct {
	msn           int64
	discs         int64 // discontinuities up to and including its own
	discontinuity bool  // EXT-X-DISCONTINUITY stands before it
	init          *initSegment
	first         int64         // number of its first part
	start         time.Duration // media time of its first part within its run
	clock         time.Duration // media time of its first part within the ring
	duration      time.Duration
	wall          time.Time
	parts         []part
	name          string // "" until it is needed
	bytes         int64
	closed        bool
	hidden        time.Duration // on the ring's clock, when its parts left the playlist; 0 before
	unlisted      time.Duration // and when it did itself
}

// partsShown is how far from the live edge playlists still show parts (RFC
// 8216bis §6.2.2).
const partsShown = 3 * TargetDuration

// past tells whether nobody may ask for a segment any more that has left the
// playlist: its parts, for three target durations after they were shown; itself,
// until it was there for its own duration and that of a playlist, which it has
// been in for all but its own duration (RFC 8216bis §6.2.2).
func (r *Ring) past(s *segment) bool {
	slack := 2 * r.options.PartTarget
	return r.clock > s.hidden+3*TargetDuration+slack && r.clock > s.unlisted+2*TargetDuration+slack
}

// part is a part with what is made of it when it is first needed.
type part struct {
	*cmaf.Part
	name    string
	content *Content
}

// longest is the most that EXTINF may say under a target duration: it is rounded
// to the nearest second for the comparison (RFC 8216bis §4.4.3.1).
const longest = TargetDuration + 499*time.Millisecond

// mustEndBefore tells whether p belongs to the next segment.
func (s *segment) mustEndBefore(p *cmaf.Part, least time.Duration) bool {
	// A key frame begins a segment, or lies in one that began with a key
	// frame: players that look for one look no further than that.
	if p.Independent && (s.duration >= least || !s.parts[0].Independent) {
		return true
	}
	return s.spanUntil(p.Start)+p.Duration > TargetDuration
}

// spanUntil returns the media time from the segment's start to at, or its
// duration where at does not follow on.
func (s *segment) spanUntil(at time.Duration) time.Duration {
	return max(s.duration, min(at-s.start, longest))
}

func (s *segment) add(p *cmaf.Part, number int64, name string) {
	if len(s.parts) == 0 {
		s.first, s.start, s.wall = number, p.Start, p.NTP
	}
	s.parts = append(s.parts, part{Part: p, name: name})
	s.bytes += int64(len(p.Data))
	// Frames that never came leave time between parts; it is the segment's.
	s.duration = min(max(s.spanUntil(p.Start)+p.Duration, s.duration), longest)
}

// end returns where the segment ends on the ring's clock.
func (s *segment) end() time.Duration { return s.clock + s.duration }

// open returns the segment that still grows, or nil.
func (r *Ring) open() *segment {
	if n := len(r.segments); n > 0 && !r.segments[n-1].closed {
		return r.segments[n-1]
	}
	return nil
}

func (r *Ring) openSegment(p *cmaf.Part) *segment {
	if r.discontinue {
		r.discs++
	}
	s := &segment{
		msn:           r.msn,
		discs:         r.discs,
		discontinuity: r.discontinue,
		init:          r.init,
		clock:         r.clock,
	}
	r.discontinue = false
	r.msn++
	r.segments = append(r.segments, s)
	return s
}

// closeSegment ends the open segment, if there is one. next is the media time of
// the part that follows in the same run, 0 when none is known.
func (r *Ring) closeSegment(next time.Duration) {
	s := r.open()
	if s == nil {
		return
	}
	s.closed = true
	s.duration = s.spanUntil(next)
	if next-s.start > longest {
		r.discontinue = true // so much is missing that no segment can last until there
	}
	r.clock = s.end()
	if s.duration >= time.Second/2 {
		r.peak = max(r.peak, s.bytes*8*int64(time.Second)/int64(s.duration))
	}
}

// startPart returns the newest key frame that lies at least PartHoldBack before
// the live edge, failing that the oldest one there is; on the ring's clock.
func (r *Ring) startPart() (s *segment, at time.Duration, ok bool) {
	edge := r.clock
	for i := len(r.segments) - 1; i >= r.listed; i-- {
		seg := r.segments[i]
		for k := len(seg.parts) - 1; k >= 0; k-- {
			if p := seg.parts[k]; p.Independent {
				s, at, ok = seg, seg.clock+max(0, p.Start-seg.start), true
				if edge-at >= r.options.PartHoldBack {
					return s, at, ok
				}
			}
		}
	}
	return s, at, ok
}

// shown returns the duration of the media that playlists show.
func (r *Ring) shown() time.Duration {
	if r.listed >= len(r.segments) {
		return 0
	}
	return r.clock - r.segments[r.listed].clock
}

// whole returns where the last whole segment ends. The playlist is as long as its
// whole segments (RFC 8216bis §3).
func (r *Ring) whole() time.Duration {
	if s := r.open(); s != nil {
		return s.clock
	}
	return r.clock
}

// evict takes segments off the playlist and out of memory: those before the
// window, but not the GOP at which players start; whatever exceeds MaxBytes.
func (r *Ring) evict() {
	for _, s := range r.segments {
		if s.hidden == 0 && s.closed && r.clock-s.clock > partsShown {
			s.hidden = r.clock
		}
	}
	start, _, _ := r.startPart()
	for r.listed+2 < len(r.segments) {
		first, second := r.segments[r.listed], r.segments[r.listed+1]
		if r.whole()-second.clock < r.options.Window || first == start {
			break
		}
		first.unlisted = r.clock
		if first.hidden == 0 {
			first.hidden = r.clock
		}
		r.listed++
	}
	gone, bytes := 0, r.bytes
	for gone+2 < len(r.segments) {
		if !(gone < r.listed && r.past(r.segments[gone])) && bytes <= r.options.MaxBytes {
			break
		}
		bytes -= r.segments[gone].bytes
		gone++
	}
	r.remove(gone)
}

// shed takes out of memory, while nobody watches, what lies before the GOP at
// which a player would start.
func (r *Ring) shed() {
	r.rendered = rendered{}
	start, _, ok := r.startPart()
	if !ok {
		return
	}
	gone := 0
	for r.segments[gone] != start {
		gone++
	}
	r.remove(gone)
	r.listed = 0
}

// remove takes the oldest segments out of memory.
func (r *Ring) remove(gone int) {
	if gone == 0 {
		return
	}
	for _, s := range r.segments[:gone] {
		r.bytes -= s.bytes
	}
	n := copy(r.segments, r.segments[gone:])
	clear(r.segments[n:])
	r.segments = r.segments[:n]
	r.listed = max(0, r.listed-gone)
}
