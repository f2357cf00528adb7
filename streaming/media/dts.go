package media

import (
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// maxReorder is the most pictures that H.264 and H.265 let a decoder hold back.
const maxReorder = 16

// DTSEstimator derives decode times for one video track from a protocol that
// carries presentation times only. It never fails: where the bitstream cannot
// be followed it estimates. The zero value wants a SetTrack.
//
// With a reorder depth of n, at most n pictures that come earlier in decoding
// order are shown later than any given one. So when a picture arrives, the
// (n+1)-th largest presentation time seen so far belongs to the picture whose
// turn to be shown it is, and is used as the decode time: it grows strictly and
// never exceeds the picture's own presentation time.
type DTSEstimator struct {
	track *Track
	depth int
	poc   *h264.DTSExtractor // when the SPS does not tell the depth
	frame int64              // nominal ticks of a picture

	recent []int64 // the largest presentation times, ascending, at most maxReorder+1
	count  int     // pictures since the last SetTrack or Reset, up to maxReorder
	first  int64
	last   int64
	have   bool
}

// SetTrack tells the parameters of the pictures that follow; the next one must
// be a key frame. Decode times go on growing.
func (e *DTSEstimator) SetTrack(t *Track) {
	e.track = t
	e.poc = nil
	depth, known := t.ReorderDepth()
	e.depth = depth
	if t.Codec == H264 && !known && t.Check() == nil {
		e.poc = &h264.DTSExtractor{}
		e.poc.Initialize() //nolint:misspell // the library's name
	}
	e.frame = t.FrameTicks()
	if e.frame == 0 {
		e.frame = int64(t.ClockRate) / 25
	}
	e.restart()
}

// Reset forgets all times, for a new run.
func (e *DTSEstimator) Reset() {
	e.have = false
	if e.track != nil {
		e.SetTrack(e.track)
	}
}

func (e *DTSEstimator) restart() {
	e.recent = e.recent[:0]
	e.count = 0
}

// Next returns the decode time of a picture: more than that of the picture
// before. data is the access unit as Normalise left it.
func (e *DTSEstimator) Next(pts int64, data [][]byte) int64 {
	dts := e.ranked(pts)
	if e.poc != nil {
		if d, ok := e.extract(pts, data); ok {
			dts = d
		}
	}
	if e.have && dts <= e.last {
		dts = e.last + 1
	}
	e.have = true
	e.last = dts
	return dts
}

// extract follows the picture order count. Once that fails it is given up: the
// ranks of presentation times, kept all along, then carry on.
func (e *DTSEstimator) extract(pts int64, data [][]byte) (int64, bool) {
	if e.count == 1 { // the extractor wants the SPS in band
		data = append([][]byte{e.track.SPS}, data...)
	}
	dts, err := e.poc.Extract(data, pts)
	if err != nil {
		e.poc = nil
		return 0, false
	}
	return dts, true
}

func (e *DTSEstimator) ranked(pts int64) int64 {
	at, _ := slices.BinarySearch(e.recent, pts)
	if later := len(e.recent) - at; later > e.depth { // the SPS lied, or did not tell
		e.depth = min(later, maxReorder)
	}
	e.recent = slices.Insert(e.recent, at, pts)
	if len(e.recent) > maxReorder+1 {
		e.recent = slices.Delete(e.recent, 0, 1)
	}
	if e.count == 0 {
		e.first = pts
	}
	e.count = min(e.count+1, maxReorder+1)
	if n := len(e.recent); n > e.depth {
		return e.recent[n-1-e.depth]
	}
	return e.first - int64(e.depth-e.count+1)*e.frame
}
