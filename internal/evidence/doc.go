// Package evidence is the file in which footage leaves the system as evidence,
// and how anybody checks it without an account.
//
// # The file
//
// A ZIP of five files, stored and not compressed, in this order:
//
//	manifest.json  what it is, who exported it and why, and the SHA-256 of every other file
//	manifest.sig   a signed note over the manifest's SHA-256
//	README.txt     how to check it, in Chinese and English
//	restore.txt    the few bytes of the clip that were changed to join it, as they were
//	clip.mp4       the footage, playable anywhere
//
// # Invariants
//
//  1. Every byte of the file follows from the manifest, its signature and the
//     contents of the other files: headers hold nothing else, the directory at
//     the end is that of the headers, and nothing precedes, follows or lies between.
//  2. The clip with its bytes restored is an init segment and ranges of source
//     objects, in order. Where a range is all of an object's media, init segment
//     and range have the SHA-256 that was recorded of the object at ingest.
//  3. The ledger has an entry of kind export with the clip's SHA-256, and the
//     manifest the proof of it.
//
// Verify reads nothing on the file's word alone: lengths are bounded, nothing is
// decompressed or written, names are compared and never opened.
package evidence
