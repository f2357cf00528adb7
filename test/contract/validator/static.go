package validator

import (
	"time"

	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// drift is how far dates and durations may be from the times of samples. It is
// what a client does not notice: less than a frame of 25 fps. A server's wall clock
// follows its sources by that much, and the duration of the last frame of a part
// is known only when the next one comes.
const drift = 25 * time.Millisecond

// rounding is what durations lose by being written down.
const rounding = time.Millisecond

// checkAlone checks what one full or delta playlist says by itself.
func (v *Validator) checkAlone(p *playlist.Playlist) {
	if p.HoldBack > 0 && p.HoldBack < 3*p.TargetDuration {
		v.report("hold-back", "HOLD-BACK %v, target duration %v", p.HoldBack, p.TargetDuration)
	}
	if p.PartTarget > 0 && p.PartHoldBack > 0 && p.PartHoldBack < 3*p.PartTarget {
		v.report("part-hold-back", "PART-HOLD-BACK %v, part target %v", p.PartHoldBack, p.PartTarget)
	}
	if p.CanSkipUntil > 0 && p.CanSkipUntil < 6*p.TargetDuration {
		v.report("skip-boundary", "CAN-SKIP-UNTIL %v, target duration %v", p.CanSkipUntil, p.TargetDuration)
	}
	if p.Type != "" {
		v.report("live-type", "EXT-X-PLAYLIST-TYPE:%s", p.Type)
	}
	types := map[string]int{}
	for _, h := range p.Hints {
		if types[h.Type]++; types[h.Type] == 2 {
			v.report("hint-once", "two hints of type %s", h.Type)
		}
	}
	if p.Ended && len(p.Hints) > 0 {
		v.report("hint-ended", "EXT-X-ENDLIST and a hint at %s", p.Hints[0].URI)
	}
	if !p.Ended && p.PartTarget > 0 && (!p.CanBlockReload || types["PART"] == 0) {
		v.report("low-latency", "CAN-BLOCK-RELOAD %v, %d hints at parts", p.CanBlockReload, types["PART"])
	}
	for i := range p.Segments {
		v.checkSegmentAlone(p, i)
	}
	v.checkDates(p)
}

func (v *Validator) checkSegmentAlone(p *playlist.Playlist, i int) {
	s := &p.Segments[i]
	if s.URI != "" && s.Duration.Round(time.Second) > p.TargetDuration {
		v.report("extinf-target", "%s lasts %v, target duration %v", s.URI, s.Duration, p.TargetDuration)
	}
	if s.Map == "" && !p.Delta {
		v.report("map", "segment %d has no EXT-X-MAP", s.MSN)
	}
	for k, part := range s.Parts {
		if part.Duration > p.PartTarget && p.PartTarget > 0 {
			v.report("part-most", "%s lasts %v, part target %v", part.URI, part.Duration, p.PartTarget)
		}
		// Of the segment that still grows, the newest part may be the last one.
		last := k == len(s.Parts)-1
		if !part.Independent && !part.Gap && !last && !s.Parts[k+1].Gap && part.Duration < p.PartTarget*85/100 {
			v.report("part-least", "%s lasts %v, part target %v", part.URI, part.Duration, p.PartTarget)
		}
	}
}

// checkDates compares EXT-X-PROGRAM-DATE-TIME with the durations.
func (v *Validator) checkDates(p *playlist.Playlist) {
	dated := false
	for _, s := range p.Segments {
		dated = dated || !s.DateTime.IsZero()
	}
	for i := range p.Segments {
		s := &p.Segments[i]
		if dated && s.Discontinuity && s.DateTime.IsZero() {
			v.report("date-time-missing", "segment %d has no date", s.MSN)
		}
		if i == 0 || s.DateTime.IsZero() || p.Segments[i-1].DateTime.IsZero() {
			continue
		}
		before := &p.Segments[i-1]
		off := s.DateTime.Sub(before.DateTime.Add(before.Duration))
		switch {
		case s.Discontinuity && off <= -time.Second:
			v.report("date-time-ambiguous", "segment %d begins %v before the end of the one before", s.MSN, -off)
		case !s.Discontinuity && off.Abs() > drift:
			v.report("date-time", "segment %d begins %v after the end of the one before", s.MSN, off)
		}
	}
}
