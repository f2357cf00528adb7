// Package playback is what people do with an archive: see on a timeline what is
// there and why something is not, play any window of it as HLS, see a small picture
// of any moment, and take a clip of it away.
//
// It knows what is in an object by its row alone; only clips and pictures read media. A
// playlist's segments are byte ranges of objects. Their URIs lead back here, and
// from here by a redirect to a presigned URL, so that each is checked against the
// token, and bytes outside its window are never signed.
//
// A window of up to two hours is listed by GOPs, a longer one by whole objects,
// so that 24 hours are one light playlist. Both are cut at the same bytes.
package playback
