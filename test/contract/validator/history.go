package validator

import (
	"crypto/sha256"
	"hash"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/fragment"
	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// segment is what is known of a segment, over all playlists that showed it.
type segment struct {
	playlist.Segment               // as it was shown last; its parts as far as they were ever shown
	whole            bool          // its URI was shown
	shown            time.Time     // when it was first shown whole
	longest          time.Duration // of the playlists that showed it
	fetched          int           // parts that were fetched
	joined           hash.Hash     // of the bytes of these
	sum              time.Duration // of the parts that were fetched
	checked          bool          // it was fetched whole
	lacking          bool          // one of its parts could not be fetched
	lead             *fragment.Track
	begin            time.Duration // decode time of its leading track's first sample; with lead
}

// checkAfter compares a full playlist with what was published before. at is when
// it became so.
func (v *Validator) checkAfter(p *playlist.Playlist, at time.Time) {
	before := v.last
	if before != nil {
		if v.shifted(p) {
			before = nil // what was known says nothing any more
			clear(v.known)
			clear(v.uris)
			clear(v.ends)
		} else {
			v.checkHead(before, p)
		}
	}
	newest, parts := int64(-1), 0
	if before != nil {
		newest, parts = before.Newest()
	}
	freshPart, freshSegment := "", false
	for i := range p.Segments {
		s := &p.Segments[i]
		k := v.known[s.MSN]
		if k == nil {
			k = &segment{Segment: *s, joined: sha256.New()}
			k.Parts = nil
			v.known[s.MSN] = k
			if s.Discontinuity && i > 0 {
				v.count(func(c *Counts) { c.Discontinuities++ })
			}
		}
		v.checkSegment(k, s, i == 0)
		for n, part := range s.Parts {
			if before != nil && freshPart == "" && (s.MSN > newest || s.MSN == newest && n > parts) {
				freshPart = part.URI
			}
		}
		if s.URI != "" && !k.whole {
			k.whole, k.shown, freshSegment = true, at, true
			v.uris[s.URI] = s.MSN
			k.URI, k.Duration = s.URI, s.Duration
		}
		k.longest = max(k.longest, p.Duration())
	}
	if before != nil {
		v.checkPace(before, p, freshPart, freshSegment, at)
		v.noteRemoved(before, p, at)
		v.forget(p)
	}
	if freshPart != "" || before == nil {
		v.newPart = at
	}
	if freshSegment || before == nil {
		v.newSegment = at
	}
	v.last, v.interrupted = p, false
}

// checkHead compares what two playlists say of themselves.
func (v *Validator) checkHead(before, p *playlist.Playlist) {
	if p.TargetDuration != before.TargetDuration {
		v.report("target-constant", "was %v, is %v", before.TargetDuration, p.TargetDuration)
	}
	if p.PartTarget != before.PartTarget {
		v.report("published-changed", "PART-TARGET was %v, is %v", before.PartTarget, p.PartTarget)
	}
	if p.MediaSequence < before.MediaSequence {
		v.report("media-sequence", "was %d, is %d", before.MediaSequence, p.MediaSequence)
	}
	if p.DiscontinuitySequence < before.DiscontinuitySequence {
		v.report("discontinuity-sequence", "was %d, is %d", before.DiscontinuitySequence, p.DiscontinuitySequence)
	}
	was, index := before.Newest()
	if is, now := p.Newest(); is < was || is == was && now < index && p.Open() != nil {
		v.report("published-changed", "the newest part was %d of segment %d, is %d of %d", index, was, now, is)
	}
	if p.MediaSequence > before.MediaSequence && p.Duration() < 3*p.TargetDuration && !v.interrupted {
		v.report("live-window", "%v are left of segments %d to %d", p.Duration(), p.MediaSequence, p.MediaSequence+int64(len(p.Whole()))-1)
	}
}

// shifted tells whether a segment of p has another number than it had.
func (v *Validator) shifted(p *playlist.Playlist) bool {
	for _, s := range p.Whole() {
		if was, ok := v.uris[s.URI]; ok && was != s.MSN {
			v.report("media-sequence", "segment %d is %d now", was, s.MSN)
			return true
		}
	}
	return false
}

// checkSegment compares a segment with what earlier playlists said of it, and
// notes what is new.
func (v *Validator) checkSegment(k *segment, s *playlist.Segment, first bool) {
	if k.whole && k.URI != s.URI {
		v.report("published-changed", "segment %d was %s, is %s", s.MSN, k.URI, s.URI)
		return
	}
	if k.whole && k.Duration != s.Duration || k.Map != s.Map || !k.DateTime.Equal(s.DateTime) || k.Discontinuity != s.Discontinuity && !first {
		v.report("published-changed", "segment %d was %v, %q, %v, discontinuity %v; is %v, %q, %v, %v", s.MSN,
			k.Duration, k.Map, k.DateTime, k.Discontinuity, s.Duration, s.Map, s.DateTime, s.Discontinuity)
	}
	if k.Sequence != s.Sequence {
		v.report("discontinuity-sequence", "segment %d had %d, has %d", s.MSN, k.Sequence, s.Sequence)
	}
	same := func(a, b playlist.Part) bool {
		return a.URI == b.URI && a.Duration == b.Duration && a.Independent == b.Independent && a.Gap == b.Gap
	}
	held := k.Parts
	if k.whole { // the oldest parts may have left
		held = held[max(0, len(held)-len(s.Parts)):]
	}
	switch {
	case len(held) > len(s.Parts), k.whole && len(held) < len(s.Parts), !slices.EqualFunc(held, s.Parts[:len(held)], same):
		v.report("published-changed", "the parts of segment %d were %v, are %v", s.MSN, k.Parts, s.Parts)
	case len(s.Parts) > len(k.Parts):
		k.Parts = slices.Clone(s.Parts)
	}
}

// checkPace checks that parts and segments come in time, and as hinted.
func (v *Validator) checkPace(before, p *playlist.Playlist, freshPart string, freshSegment bool, at time.Time) {
	if freshPart != "" && len(before.Hints) > 0 && !v.interrupted {
		hinted := false
		for _, h := range before.Hints {
			hinted = hinted || h.URI == freshPart
		}
		if !hinted {
			v.report("hint-kept", "%s was hinted at, %s came", before.Hints[0].URI, freshPart)
		}
	}
	if v.interrupted { // nobody could tell
		return
	}
	since := v.newPart
	if freshPart != "" && at.Sub(since) > p.PartTarget+v.options.Slack && !v.options.Disturbed(since) {
		v.report("part-late", "%v after the part before: %s", at.Sub(since), freshPart)
	}
	since = v.newSegment
	if freshSegment && at.Sub(since) > p.TargetDuration*3/2+v.options.Slack && !v.options.Disturbed(since) {
		v.report("segment-late", "%v after the segment before", at.Sub(since))
	}
}

// noteRemoved arranges that what has left the playlist is asked for once more,
// just before it may go.
func (v *Validator) noteRemoved(before, p *playlist.Playlist, at time.Time) {
	if v.interrupted { // the presentation was removed, and this is another one
		return
	}
	withParts := make(map[int64]bool)
	for i := range p.Segments {
		withParts[p.Segments[i].MSN] = len(p.Segments[i].Parts) > 0
	}
	for i := range before.Segments {
		s := &before.Segments[i]
		if len(s.Parts) > 0 && !withParts[s.MSN] {
			v.askLater("part-gone-early", s.Parts[len(s.Parts)-1].URI, at.Add(3*p.TargetDuration))
		}
		if k := v.known[s.MSN]; s.MSN < p.MediaSequence && k != nil && k.whole {
			v.askLater("segment-gone-early", k.URI, k.shown.Add(k.Duration+k.longest))
			v.askLater("not-found", k.URI, k.shown.Add(k.Duration+k.longest+4*time.Minute))
		}
	}
}

// remembered is for how many segments more than the playlist shows it is kept in
// mind what they were.
const remembered = 64

// forget lets go of what left the playlist long ago.
func (v *Validator) forget(p *playlist.Playlist) {
	for msn, k := range v.known {
		if msn >= p.MediaSequence-remembered {
			continue
		}
		delete(v.known, msn)
		delete(v.uris, k.URI)
		delete(v.sums, k.URI)
		for _, part := range k.Parts {
			delete(v.sums, part.URI)
		}
	}
}
