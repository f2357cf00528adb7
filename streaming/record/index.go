package record

import "time"

// audioSegment is the least duration of a segment when there is no video, as
// every part could begin one then.
const audioSegment = 2 * time.Second

// index gathers what is to be known of a file from its parts.
type index struct {
	video    bool
	begun    bool
	first    time.Duration // media time of the first part
	end      time.Duration // media time of the latest end of a part
	endNTP   time.Time     // wall time that belongs to end
	frames   int64
	segments []Segment
}

// stretch is one part, be it fresh or found in a file.
type stretch struct {
	offset, length  int64
	start, duration time.Duration
	ntp             time.Time
	independent     bool
	frames          int
}

func (x *index) add(p stretch) {
	if !x.begun {
		x.begun, x.first, x.end, x.endNTP = true, p.start, p.start, p.ntp
	}
	at := max(0, p.start-x.first)
	last := len(x.segments) - 1
	if last < 0 || p.independent && (x.video || at-x.segments[last].Start >= audioSegment) {
		if last >= 0 {
			x.segments[last].Duration = max(0, at-x.segments[last].Start)
		}
		x.segments = append(x.segments, Segment{Offset: p.offset, Start: at})
		last++
	}
	x.segments[last].Length = p.offset + p.length - x.segments[last].Offset
	x.frames += int64(p.frames)
	// Audio may be ahead of the video of the next part.
	if end := p.start + p.duration; end >= x.end {
		x.end = end
		if !p.ntp.IsZero() {
			x.endNTP = p.ntp.Add(p.duration)
		}
	}
}

// continueAt tells that the next file of the same run begins at p: the last
// frame lasts until then, whatever was predicted of it.
func (x *index) continueAt(start time.Duration, ntp time.Time) {
	if off := start - x.end; off < -maxCorrection || off > maxCorrection || start <= x.first {
		return
	}
	x.end = start
	if off := ntp.Sub(x.endNTP); off >= -maxCorrection && off <= maxCorrection {
		x.endNTP = ntp
	}
}

// maxCorrection bounds what continueAt believes; a stream ends the run where
// its clock jumps over five seconds.
const maxCorrection = 5 * time.Second

// describe writes what was gathered into c, whose Start is set.
func (x *index) describe(c *Closed) {
	if last := len(x.segments) - 1; last >= 0 {
		x.segments[last].Duration = max(0, x.end-x.first-x.segments[last].Start)
	}
	c.MediaTime = x.first
	c.Duration = x.end - x.first
	c.Frames = x.frames
	c.Segments = x.segments
	c.End = x.endNTP.UTC().Truncate(time.Microsecond)
	if !c.End.After(c.Start) {
		c.End = c.Start.Add(c.Duration).Truncate(time.Microsecond)
	}
}
