package gatepost

import "time"

// Clip is a file that was assembled from recordings.
type Clip struct {
	From, To time.Time // wall time of the first frame and of the end of the last, µs
	Bytes    int64
	Sources  []ClipSource // in order; the clip is the init segment of the first and their ranges
	Undo     []Undo       // what was changed to join them, in order of offset
}

// ClipSource is a recording and the bytes [Offset, Offset+Length) of its
// object that are in a clip.
type ClipSource struct {
	Recording
	Offset, Length int64
}

// Undo says what bytes of a clip were before they were changed.
type Undo struct {
	Offset int64 // in the clip
	Was    []byte
}
