// Package cmaf turns access units into CMAF parts, once, for live viewers and
// for the recording alike; and it reads such parts back, after a crash and for
// clips.
//
// A Muxer is a stream.Sink. Media time is zero at the presentation of a run's
// first video frame (or audio frame, when there is no video), for all tracks.
// Decode times are moved so that they are zero there too, and composition
// offsets are signed (trun version 1): no edit list is needed, and audio stays
// aligned.
//
// A part begins at every key frame, and ends with the frame that fills it: that
// frame's duration is predicted from those before, so that a part goes out at
// once. The decode time of the next part is exact (tfdt), so that errors of
// prediction do not add up.
package cmaf
