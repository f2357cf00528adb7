// Package stream joins one publisher to many readers.
//
// A Stream belongs to one camera and outlives its publishers. Its present
// Publisher writes access units; they go to the synchronous sinks (the muxer,
// whose parts serve live viewers and the recording alike), into the GOP cache,
// and to readers, each with its own bounded queue. A reader that falls behind
// is skipped to the next key frame and counted; it never delays anyone else.
//
// Times are made fit here, once, for everything downstream: decode times are
// derived where the protocol has none, wall time is smoothed (at most 500 ppm),
// and a jump of over five seconds ends the run and begins a new one.
package stream
