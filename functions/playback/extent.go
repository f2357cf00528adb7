package playback

import (
	"time"

	"github.com/gatepost-video/gatepost"
)

// extent is what a window opens of a recording: a run of whole segments.
type extent struct {
	offset, end     int64 // bytes [offset, end) of the object
	start, duration time.Duration
	segments        []gatepost.Segment // empty when the row came without them
	whole           bool               // all of its media
}

// inside tells whether a recording lies in a window whole.
func inside(r *gatepost.Recording, from, to time.Time) bool {
	return !r.Start.Before(from) && !r.End.After(to)
}

// extentOf returns the segments of a recording that overlap a window. A recording
// that does not lie in the window whole must have its segments.
func extentOf(r *gatepost.Recording, from, to time.Time) (extent, bool) {
	if inside(r, from, to) {
		return extent{offset: r.InitLen, end: r.Bytes, duration: r.Duration, segments: r.Segments, whole: true}, r.Bytes > r.InitLen
	}
	first, last := -1, -1
	for i, s := range r.Segments {
		if wall(r, s.Start).Before(to) && wall(r, s.Start+s.Duration).After(from) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return extent{}, false
	}
	segments := r.Segments[first : last+1]
	a, b := segments[0], segments[len(segments)-1]
	return extent{
		offset: a.Offset, end: b.Offset + b.Length,
		start: a.Start, duration: b.Start + b.Duration - a.Start,
		segments: segments, whole: len(segments) == len(r.Segments),
	}, true
}

// wall returns the wall time of a media time within a recording. The two clocks
// differ by parts per million.
func wall(r *gatepost.Recording, at time.Duration) time.Time {
	if r.Duration > 0 {
		return r.Start.Add(time.Duration(float64(at) * float64(r.End.Sub(r.Start)) / float64(r.Duration)))
	}
	return r.Start.Add(at)
}

// follows tells whether b goes on where a ends: in the same run, with nothing
// missing between them, behind the same init segment.
func follows(a, b *gatepost.Recording) bool {
	gap := b.MediaTime - a.MediaTime - a.Duration
	return a.Run == b.Run && b.Seq == a.Seq+1 && a.InitSHA256 == b.InitSHA256 && gap < gatepost.Seam && gap > -gatepost.Seam
}
