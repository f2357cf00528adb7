// Package rtmp takes the streams of cameras and encoders that push by RTMP and
// RTMPS, enhanced RTMP v2 included.
//
// The URL is rtmp://host:1935/live/<camera-id>?key=<key>, or
// /live/<camera-id>/<key>; how a client divides it into application and stream
// name does not matter.
//
// A refused publisher gets an onStatus of level "error", then the connection
// closes:
//
//	NetStream.Publish.Denied   wrong or missing key (code=401), suspended (403)
//	NetStream.Publish.BadName  no such camera (404), another publisher is live (409)
//	NetStream.Publish.Failed   nothing that can be carried (415), too many attempts
//	                           (429), the control plane is away (503)
//	NetStream.Play.Failed      reading: this server takes streams and gives none
//
// The library reads and writes chunks; the commands and the FLV tags inside are
// read here, so that a codec we do not know, or broken audio, never ends a
// session.
//
// One line is logged when a publisher is admitted or refused and when it ends.
// No line holds a URL, or an error of the library before admission: they may
// hold the key.
package rtmp
