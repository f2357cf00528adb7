package gatepost

import "testing"

func TestAddresses(t *testing.T) {
	a := Addresses{HTTP: "https://v.example", Media: "https://v.example:8081", RTSP: "v.example:8554", RTMP: "v.example:1935", SRT: "[::1]:8890"}
	const id, key = "0193", "k1"
	want := PublishURLs{
		RTSP: "rtsp://v.example:8554/0193/k1",
		RTMP: "rtmp://v.example:1935/live/0193?key=k1",
		SRT:  "srt://[::1]:8890?streamid=publish:0193&passphrase=" + SRTPassphrase(key) + "&pkt_size=1316",
		WHIP: "https://v.example:8081/whip/0193",
	}
	if got := a.Publish(id, key); got != want {
		t.Errorf("publish:\n got %+v\nwant %+v", got, want)
	}
	if got := (Addresses{}).Publish(id, key); got != (PublishURLs{}) {
		t.Errorf("nothing served, yet %+v", got)
	}
	if got, want := a.Play(Grant{Action: ActionLive, CameraID: id}, "t.t.t"), (PlayURLs{HLS: "https://v.example:8081/hls/t.t.t/index.m3u8", WHEP: "https://v.example:8081/whep/0193"}); got != want {
		t.Errorf("live: got %+v, want %+v", got, want)
	}
	if got, want := a.Play(Grant{Action: ActionPlayback}, "t/../t"), (PlayURLs{Playlist: "https://v.example/v1/playback/t%2F..%2Ft/index.m3u8"}); got != want {
		t.Errorf("playback: got %+v, want %+v", got, want)
	}
	if got := a.Share("t"); got != "https://v.example/s#t" {
		t.Errorf("share: %s", got)
	}
}
