// Package playlist reads HLS playlists, multivariant and media, from the text of
// the specification (RFC 8216 and draft-pantos-hls-rfc8216bis, sections by the
// numbers of the latter). It shares nothing with what writes them here.
//
// Reading is strict: what the specification forbids is reported as a Fault, with
// its line. What can still be understood is returned all the same, so that one
// fault does not hide the next.
package playlist

import "time"

// Fault is something that a playlist must not contain.
type Fault struct {
	Rule string // id of the rule, as package validator lists them
	Line int    // from 1; 0 for the whole of it
	Text string
}

// Playlist is a multivariant or a media playlist.
type Playlist struct {
	Version      int // EXT-X-VERSION; 1 without it
	Multivariant bool
	Variants     []Variant

	// Of media playlists:
	TargetDuration        time.Duration
	PartTarget            time.Duration // 0: no EXT-X-PART-INF
	HoldBack              time.Duration // 0: not given
	PartHoldBack          time.Duration // 0: not given
	CanSkipUntil          time.Duration // 0: not given
	CanBlockReload        bool
	MediaSequence         int64
	DiscontinuitySequence int64
	Independent           bool // EXT-X-INDEPENDENT-SEGMENTS
	Ended                 bool // EXT-X-ENDLIST
	Type                  string
	Start                 *time.Duration // TIME-OFFSET of EXT-X-START
	Delta                 bool           // there is an EXT-X-SKIP
	Skipped               int64          // SKIPPED-SEGMENTS
	Segments              []Segment      // the last one is open if it has no URI
	Hints                 []Hint
}

// Variant is an EXT-X-STREAM-INF with its URI.
type Variant struct {
	URI           string
	Bandwidth     int64
	Codecs        []string
	Width, Height int
}

// Segment is a media segment, or the parts of one that is not whole yet.
type Segment struct {
	MSN           int64
	Sequence      int64 // discontinuity sequence number; of a delta update only once it is merged
	Discontinuity bool
	Map           string // URI of the EXT-X-MAP in force; "" if there is none, or if it was skipped
	DateTime      time.Time
	Duration      time.Duration // EXTINF
	URI           string
	Gap           bool
	Parts         []Part
	Line          int
}

// Part is an EXT-X-PART.
type Part struct {
	URI         string
	Duration    time.Duration
	Independent bool
	Gap         bool
	Line        int
}

// Hint is an EXT-X-PRELOAD-HINT.
type Hint struct {
	Type, URI string
}

// Open returns the segment that still grows, or nil.
func (p *Playlist) Open() *Segment {
	if n := len(p.Segments); n > 0 && p.Segments[n-1].URI == "" {
		return &p.Segments[n-1]
	}
	return nil
}

// Whole returns the segments that have a URI.
func (p *Playlist) Whole() []Segment {
	if p.Open() != nil {
		return p.Segments[:len(p.Segments)-1]
	}
	return p.Segments
}

// Duration returns the sum of the durations of the whole segments (§3).
func (p *Playlist) Duration() time.Duration {
	var d time.Duration
	for _, s := range p.Whole() {
		d += s.Duration
	}
	return d
}

// Newest returns the position of the newest part: the number of its segment and
// its index there. index is -1 when the newest thing is a segment without parts.
func (p *Playlist) Newest() (msn int64, index int) {
	n := len(p.Segments)
	if n == 0 {
		return p.MediaSequence - 1, -1
	}
	s := &p.Segments[n-1]
	return s.MSN, len(s.Parts) - 1
}

// Next returns what a client asks for by blocking reload: the part that comes
// after the newest one (§6.2.5.2).
func (p *Playlist) Next() (msn int64, part int) {
	msn, index := p.Newest()
	if p.Open() == nil {
		return msn + 1, 0
	}
	return msn, index + 1
}

// Holds tells whether p contains what a blocking reload for msn and part asks
// for. A part of -1 means the whole segment. A part beyond the last of its
// segment means the first of the next one (§6.2.5.2).
func (p *Playlist) Holds(msn int64, part int) bool {
	last, index := p.Newest()
	switch {
	case part < 0:
		return last > msn || (last == msn && p.Open() == nil)
	case last > msn:
		return true
	case last < msn:
		return false
	}
	return index >= part
}
