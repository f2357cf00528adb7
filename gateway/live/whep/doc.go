// Package whep shows cameras live over WebRTC (WHEP, draft-ietf-wish-whep).
//
// Each watched camera has one feed: it reads the camera's stream, turns every access
// unit into RTP payloads once (packetiser.go), keeps those since the last key frame,
// and hands them to its viewers (feed.go), in a few shares that each have a goroutine
// (share.go). A viewer only writes headers of its own and encrypts (output.go), so a
// hundred viewers of a camera cost one packetisation; the packets of a picture leave
// together (rtc.Batch).
//
// A viewer passes through three states (viewer.go):
//
//	connecting   answered, not yet reachable; at most ConnectTimeout
//	catching up  begins with the last key frame and is sent what followed it, several
//	             times faster than it was taken; timestamps follow the sending, so
//	             the browser shows a short fast motion and is then live, instead
//	             of being late by a GOP for ever
//	live         each picture as it comes, sent by the viewer's share
//
// It returns to catching up, at most once for each key frame, when the browser
// says that it lost the picture (PLI). When the camera goes away the viewer stays as
// it is; the run that begins on its return is placed after what was sent before, so
// timestamps go on growing.
//
// What a browser cannot play over WebRTC is refused at once with a reason, so that
// the player takes LL-HLS: pictures out of order (b_frames), a codec that it did not
// offer (codec_not_supported). AAC is left out.
package whep
