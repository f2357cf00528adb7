// Package llhls serves Low-Latency HLS over net/http:
//
//	/hls/{token}/index.m3u8   the multivariant playlist of one viewer
//	/hls/{token}/live.m3u8    his media playlist, with blocking reload
//	/part/{capability}/{name} init segments, parts and segments, the same for all
//	/hls/{token}/pass         admits a viewer at a cache that knows the edge key
//	/edge/{capability}/{epoch}
//	                          the playlist that such a cache gives to whom it admitted
//
// A playlist needs a media token; parts are reached by unguessable names, so that
// a cache may keep them for everybody. hls.Ring explains why a name tells nothing
// about the next one.
//
// # Revocation
//
// Revoke ends a viewer in mid-play: whatever he waits for is answered with gone
// at once, his next playlist is refused by the Authoriser, and all URIs of the
// camera that were handed out so far are withdrawn: they open only what existed
// already, for RevokeGrace. The camera's other viewers find new ones in their next
// playlist; what they are fetching when it happens they still get.
//
// An expired grant withdraws nothing: no playlist shows its viewer the names that
// come after.
//
// # A camera that goes away
//
// While its ring lingers (30 s) playlists go on as they were, blocking requests
// wait for the camera's return, and players stall without an error. After that,
// playlists answer 503 with code unavailable, which players retry (hls.js does
// not retry any 4xx).
//
// The token never reaches a log, a header or a playlist.
package llhls
