// Package record writes the parts of a camera into spool files, each of which
// is, byte for byte, the object that it becomes.
//
// A Writer takes parts as a cmaf.Sink. They pass a queue, bounded in bytes,
// that makes the publisher wait rather than drop; one goroutine writes them and
// syncs the file at least every second. A new file begins about every minute at
// a key frame, at a new init segment, and at a new run.
//
// # Files
//
// A spool file <camera>_<run>_<seq>.mp4 has a description beside it, the same
// name with .json. The order of writing makes a crash harmless:
//
//	description (synced) → media → description of the closed file (synced)
//
// and, when the object is stored elsewhere, Remove: media, then description. So
// a description without media is nothing, media without the closing description
// is a crash's, and media without any description does not exist.
//
// # States of a run
//
//	waiting  no file is open; the next key frame begins one
//	writing  a file is open
//
// An error of the disk closes the file at its last whole part, ends the run for
// the recording with the reason "storage", and goes back to waiting, under a new
// run id: what follows is not connected with what was.
package record
