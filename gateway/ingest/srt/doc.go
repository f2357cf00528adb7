// Package srt takes the streams of cameras and encoders that push MPEG-TS by
// SRT (draft-sharabayko-srt-01), caller to listener, live mode.
//
// Stream ids:
//
//	publish:<camera-id>             encrypted; the passphrase proves the key
//	publish:<camera-id>:<key>       in the clear
//	#!::m=publish,r=<camera-id>     encrypted (SRT access control guidelines)
//	#!::m=publish,r=<camera-id>,s=<key>
//
// The passphrase is gatepost.SRTPassphrase of the stream key, so that the key
// itself never crosses the network. With encryption, a key in the stream id is
// not looked at: the passphrase has proved it.
//
// Refusals, as handshake rejection codes:
//
//	1010 REJ_BADSECRET      wrong passphrase
//	1011 REJ_UNSECURE       neither passphrase nor key
//	1400 REJX_BAD_REQUEST   a stream id of another form
//	1401 REJX_UNAUTHORIZED  wrong key
//	1402 REJX_OVERLOAD      too many attempts or sessions from this host
//	1403 REJX_FORBIDDEN     the camera is suspended or retired
//	1404 REJX_NOTFOUND      no such camera
//	1405 REJX_BAD_MODE      reading: this server takes streams and gives none
//	1407 REJX_CONFLICT      another publisher is live
//	1503 REJX_DOWN          the control plane is away
//
// SRT holds packets back for its latency (120 ms unless the caller asks for
// more), and a caller's goodbye overtakes them: the last moment of a stream that
// is closed in order does not arrive. That is the protocol's live mode.
//
// One line is logged when a publisher is admitted or refused and when it ends.
// No line holds a URL, or an error of the library before admission: they may
// hold the key.
package srt
