package playlist

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Ids of the rules that reading alone can find broken.
const (
	RuleText       = "text"        // §4: UTF-8 without BOM or control characters
	RuleHeader     = "header"      // §4.4.1.1
	RuleAttribute  = "attribute"   // §4.2
	RuleOnce       = "tag-once"    // §4.4.1.2, §4.4.2, §4.4.3, §4.4.5
	RuleMixed      = "tag-mixed"   // §4.4.4, §4.4.6
	RuleRequired   = "required"    // attributes and tags that must be there
	RuleExtinf     = "extinf"      // §4.4.4.1
	RuleOrder      = "tag-order"   // §4.4.3.2, §4.4.3.3
	RulePartsFirst = "parts-first" // §4.4.4.9
	RuleVersion    = "version"     // §8
)

// once are the tags that may stand once only.
var once = map[string]bool{
	"EXTM3U": true, "EXT-X-VERSION": true, "EXT-X-INDEPENDENT-SEGMENTS": true, "EXT-X-START": true,
	"EXT-X-TARGETDURATION": true, "EXT-X-MEDIA-SEQUENCE": true, "EXT-X-DISCONTINUITY-SEQUENCE": true,
	"EXT-X-ENDLIST": true, "EXT-X-PLAYLIST-TYPE": true, "EXT-X-I-FRAMES-ONLY": true, "EXT-X-PART-INF": true,
	"EXT-X-SERVER-CONTROL": true, "EXT-X-SKIP": true,
}

// reader is the state of one reading.
type reader struct {
	p      *Playlist
	faults []Fault
	line   int
	seen   map[string]int // tags, with how many times
	needs  int            // the version that the tags ask for
	media  bool           // a tag of media playlists was seen

	variant   *Variant // waits for its URI
	segment   Segment  // collects what applies to the next URI
	begun     bool     // something was collected
	extinf    bool
	mapURI    string
	sequence  int64
	segmented bool // the first segment or part has begun
}

// Parse reads a playlist.
func Parse(body []byte) (*Playlist, []Fault) {
	r := &reader{p: &Playlist{Version: 1}, seen: make(map[string]int), needs: 1}
	if !utf8.Valid(body) || strings.HasPrefix(string(body), "\ufeff") {
		r.fault(RuleText, "not UTF-8, or with a byte order mark")
	}
	for line := range strings.Lines(string(body)) {
		r.line++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c >= 0x7f && c < 0xa0 }) {
			r.fault(RuleText, "control character in %q", line)
		}
		if r.line == 1 && line != "#EXTM3U" {
			r.fault(RuleHeader, "the first line is %q", line)
		}
		switch {
		case strings.HasPrefix(line, "#EXT"):
			r.tag(line[1:])
		case line != "" && line[0] != '#':
			r.uri(line)
		}
	}
	r.finish()
	return r.p, r.faults
}

func (r *reader) fault(rule, format string, args ...any) {
	r.faults = append(r.faults, Fault{Rule: rule, Line: r.line, Text: fmt.Sprintf(format, args...)})
}

// want reports err, if there is any, as a fault of syntax.
func (r *reader) want(err error) {
	if err != nil {
		r.fault(RuleAttribute, "%v", err)
	}
}

func (r *reader) uri(line string) {
	if r.variant != nil {
		r.variant.URI = line
		r.p.Variants = append(r.p.Variants, *r.variant)
		r.variant = nil
		return
	}
	if r.p.Multivariant {
		r.fault(RuleMixed, "URI without EXT-X-STREAM-INF in a multivariant playlist")
		return
	}
	if !r.extinf {
		r.fault(RuleExtinf, "%s has no EXTINF", line)
	}
	r.segment.URI = line
	r.closeSegment()
}

// closeSegment ends the segment whose tags were collected.
func (r *reader) closeSegment() {
	s := r.segment
	s.MSN = r.p.MediaSequence + r.p.Skipped + int64(len(r.p.Segments))
	s.Sequence, s.Map = r.sequence, r.mapURI
	if s.Line == 0 {
		s.Line = r.line
	}
	r.p.Segments = append(r.p.Segments, s)
	r.segment, r.begun, r.extinf, r.segmented = Segment{}, false, false, true
}

// finish looks at what the playlist lacks, once it is read.
func (r *reader) finish() {
	if r.variant != nil {
		r.fault(RuleRequired, "EXT-X-STREAM-INF without a URI")
	}
	if r.begun && len(r.segment.Parts) > 0 {
		r.segment.URI = ""
		r.closeSegment()
	}
	if r.line == 0 {
		r.fault(RuleHeader, "there is nothing")
	}
	r.line = 0 // what follows is no single line's
	if !r.p.Multivariant && r.media {
		if r.seen["EXT-X-TARGETDURATION"] == 0 {
			r.fault(RuleRequired, "no EXT-X-TARGETDURATION (§4.4.3.1)")
		}
		parts := false
		for _, s := range r.p.Segments {
			parts = parts || len(s.Parts) > 0
		}
		if parts && r.seen["EXT-X-PART-INF"] == 0 {
			r.fault(RuleRequired, "parts without EXT-X-PART-INF (§4.4.3.7)")
		}
		if r.seen["EXT-X-PART-INF"] > 0 && r.p.PartHoldBack == 0 {
			r.fault(RuleRequired, "EXT-X-PART-INF without PART-HOLD-BACK (§4.4.3.8)")
		}
	}
	if r.p.Version < r.needs {
		r.fault(RuleVersion, "EXT-X-VERSION is %d where %d is needed", r.p.Version, r.needs)
	}
}

// Merge returns the playlist of which delta is the update, given an earlier full
// one (§6.3.7). It fails when the two do not fit together.
func Merge(earlier, delta *Playlist) (*Playlist, error) {
	out := *delta
	out.Delta, out.Skipped, out.Segments = false, 0, nil
	for _, s := range earlier.Whole() {
		if s.MSN >= delta.MediaSequence && s.MSN < delta.MediaSequence+delta.Skipped {
			s.Parts = nil // what is skipped has lost its parts
			out.Segments = append(out.Segments, s)
		}
	}
	if int64(len(out.Segments)) != delta.Skipped {
		return nil, fmt.Errorf("%d segments skipped from %d, of which the playlist before has %d", delta.Skipped, delta.MediaSequence, len(out.Segments))
	}
	out.Segments = append(out.Segments, delta.Segments...)
	sequence, m := delta.DiscontinuitySequence, ""
	for i := range out.Segments {
		s := &out.Segments[i]
		if s.Discontinuity {
			sequence++
		}
		s.Sequence = sequence
		if s.Map == "" {
			s.Map = m
		}
		m = s.Map
	}
	return &out, nil
}

// Span returns the media time between the beginnings of two segments of p, by
// their numbers.
func (p *Playlist) Span(from, to int64) time.Duration {
	var d time.Duration
	for _, s := range p.Segments {
		if s.MSN >= from && s.MSN < to {
			d += s.Duration
		}
	}
	return d
}
