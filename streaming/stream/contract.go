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

// Mover is a Sink that keeps the bytes of units as well, in another shape. What
// the stream keeps for readers then moves there, so that nothing is kept twice.
type Mover interface {
	// Moved calls f for each unit whose bytes have a new place since the
	// last call, with a unit that is the same but for lying there. It is
	// called after WriteUnit, by the publisher.
	Moved(f func(before, now *media.Unit))
}
