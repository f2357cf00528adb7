// Package archive brings what cameras send to rest: spool file, object, row.
//
// A Sink takes the parts of one camera and writes spool files (streaming/record).
// Each finished file passes these steps, and only then leaves the spool:
//
//	object stored → row made → spool file removed
//
// Every step may be repeated: the object has the same key and bytes, the row
// the same camera, run and number. A step that fails is tried again, with
// growing pauses, for as long as the disk lasts; the only copy is never
// deleted. At the start the files that an earlier process left go the same way,
// those that were cut off by a crash after being cut at their last whole part.
//
// Recording does not wait for uploading: while the object store or the control
// plane is away the spool grows. When the disk is nearly full the owner is
// told, so that viewers go; recordings never do.
package archive
