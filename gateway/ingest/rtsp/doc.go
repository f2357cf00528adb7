// Package rtsp takes the streams of cameras that push by RTSP: ANNOUNCE, SETUP,
// RECORD (RFC 2326 §10.3, §10.11), over TCP interleaved and UDP unicast, and by
// RTSPS.
//
// A camera names itself and its stream key in the URL,
// rtsp://host:8554/<camera-id>/<key>, because every push client can do that; or
// in ?key=<key>; or by Basic authentication with its id as user and its key as
// password. Digest cannot work: only a hash of the key is kept.
//
// Refusals:
//
//	401  wrong or missing key, with a Basic challenge
//	403  the camera is suspended or retired
//	404  no such camera
//	405  DESCRIBE: this server takes streams and gives none
//	415  no track that the gateway can carry
//	453  another publisher is live. RTSP has no 409; "Not Enough Bandwidth" is
//	     what RFC 2326 §11.3.4 offers for a resource that could not be reserved,
//	     and clients take it as a reason to try again later
//	455  SETUP without ANNOUNCE
//	503  the control plane is away, or too many attempts
//
// Packets that come by UDP wait for those before them (Options.Reorder). Packets that are
// lost are counted; the access unit they belong to is dropped whole, and the session goes on.
//
// One line is logged when a publisher is admitted or refused and when it ends.
// No line holds a URL, or an error of the library before admission: they may
// hold the key.
package rtsp
