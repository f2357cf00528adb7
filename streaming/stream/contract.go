package stream

import "github.com/gatepost-video/gatepost/streaming/media"

// Sink takes everything that a stream's publishers send, in order, on the
// publisher's goroutine. cmaf.Muxer is the one that matters.
type Sink interface {
	// StartRun begins a run. It is called with the first random access
	// point at hand, so that parameter sets are known. It is called again
	// with the same run id and new tracks when parameters change in mid-run.
	StartRun(run *media.Run)
	// WriteUnit takes a unit with PTS and DTS set, DTS growing by track.
	WriteUnit(u *media.Unit)
	// EndRun says why the run ended.
	EndRun(reason string)
}
