package gatepost

import (
	"cmp"
	"net/url"
)

// Addresses are where the world reaches this deployment, known once every
// listener is open. HTTP and Media are base URLs without a trailing slash,
// e.g. "https://video.example:8080"; the others are host:port, "" for a
// protocol that is not served.
type Addresses struct {
	HTTP  string // portal and API
	Media string // the media plane: LL-HLS, WHEP, WHIP
	RTSP  string
	RTSPS string
	RTMP  string
	RTMPS string
	SRT   string
}

// PublishURLs are the complete URLs that one camera pushes to. They hold the stream key
// (RTSP, RTMP) or the passphrase derived from it (SRT), so they are shown once
// and never logged. A protocol that is not served has none. To WHIP the key is
// presented as bearer token (RFC 9725 §4.2).
type PublishURLs struct {
	RTSP  string `json:"rtsp,omitempty"`
	RTSPS string `json:"rtsps,omitempty"`
	RTMP  string `json:"rtmp,omitempty"`
	RTMPS string `json:"rtmps,omitempty"`
	SRT   string `json:"srt,omitempty"`
	WHIP  string `json:"whip,omitempty"`
}

// PlayURLs are where a media token is played. Live: HLS and WHEP; playback: Playlist.
// HLS and Playlist hold the token.
type PlayURLs struct {
	HLS      string `json:"hls,omitempty"`      // multivariant playlist, opens as it stands
	WHEP     string `json:"whep,omitempty"`     // the token is presented as bearer token
	Playlist string `json:"playlist,omitempty"` // VOD playlist of the token's window
}

// srtPacketBytes is the SRT payload size that we ask for: seven MPEG-TS
// packets, which fit into one Ethernet frame.
const srtPacketBytes = "1316"

// Publish returns the URLs for a camera and its stream key.
func (a Addresses) Publish(cameraID, key string) PublishURLs {
	id, secret := url.PathEscape(cameraID), url.PathEscape(key)
	var u PublishURLs
	if a.RTSP != "" {
		u.RTSP = "rtsp://" + a.RTSP + "/" + id + "/" + secret
	}
	if a.RTSPS != "" {
		u.RTSPS = "rtsps://" + a.RTSPS + "/" + id + "/" + secret
	}
	if a.RTMP != "" {
		u.RTMP = "rtmp://" + a.RTMP + "/live/" + id + "?key=" + url.QueryEscape(key)
	}
	if a.RTMPS != "" {
		u.RTMPS = "rtmps://" + a.RTMPS + "/live/" + id + "?key=" + url.QueryEscape(key)
	}
	if a.SRT != "" {
		u.SRT = "srt://" + a.SRT + "?streamid=publish:" + id + "&passphrase=" + SRTPassphrase(key) + "&pkt_size=" + srtPacketBytes
	}
	if a.Media != "" {
		u.WHIP = a.Media + "/whip/" + id
	}
	return u
}

// Play returns the URLs for a grant's media token.
func (a Addresses) Play(g Grant, token string) PlayURLs {
	token = url.PathEscape(token)
	if g.Action == ActionPlayback {
		return PlayURLs{Playlist: a.HTTP + "/v1/playback/" + token + "/index.m3u8"}
	}
	media := cmp.Or(a.Media, a.HTTP)
	return PlayURLs{HLS: media + "/hls/" + token + "/index.m3u8", WHEP: media + "/whep/" + url.PathEscape(g.CameraID)}
}

// Embed returns the address of the page that shows a share link in a frame. The
// token lies in the fragment, which no browser sends and no server logs; the link's id
// tells the server whose pages may show it, and opens nothing.
func (a Addresses) Embed(shareID, token string) string {
	return a.HTTP + "/embed/" + url.PathEscape(shareID) + "#" + token
}

// Share returns the address of a share link's page in the portal, with the token
// in the fragment as well.
func (a Addresses) Share(token string) string { return a.HTTP + "/s#" + token }
