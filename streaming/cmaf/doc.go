// Package cmaf turns access units into CMAF parts, once, for live viewers and
// for the recording alike; and it reads such parts back, after a crash and for
// clips.
//
// A Muxer is a stream.Sink. Media time is zero at the decode time of a run's
// first video frame (or audio frame, when there is no video), for all tracks.
// No edit list is needed: with B-frames the first picture is presented as much
// later as it was reordered, and audio begins with it. Decode times are never
// negative and composition offsets hardly ever (trun version 1 could), because
// players do not agree on what negative ones mean without an edit list.
//
// A part begins at every key frame, and ends with the frame that fills it: that
// frame's duration is predicted from those before, so that a part goes out at
// once. The decode time of the next part is exact (tfdt), so that errors of
// prediction do not add up.
package cmaf
