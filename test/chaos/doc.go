// Package chaos breaks things under a recording gateway and counts frames.
//
// Its cameras number every frame in the frame itself, so that afterwards each
// frame of each object is known by its number. After every fault the same holds:
// a frame that reached the gateway and was older than a second is in the archive,
// or lies in a stretch that the timeline calls a gap, for the reason that was
// the true one; rows and objects agree; every object decodes; goroutines and
// memory are back where they were.
//
// make test runs the short form, make chaos (GATEPOST_LONG) the long one. What
// was observed is in docs/reliability.md. There is nothing here but tests.
package chaos
