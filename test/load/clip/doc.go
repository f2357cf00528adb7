// Package clip makes the pictures that load is made of: H.264 at a steady bit
// rate, encoded once by ffmpeg and kept in a cache directory.
//
// Every picture that is sent carries a mark, an SEI message (H.264 §D.2.7,
// user_data_unregistered) with its time of sending and its number. Whoever finds
// the mark again, in a part, an RTP packet or a recording, knows how old the
// picture is and whether one before it is missing.
package clip
