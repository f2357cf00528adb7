package whip_test

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest/whip"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// Pictures of which one NAL unit is made of several packets.
var (
	sps     = []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0xc8}
	pps     = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
	keyUnit = append([]byte{0x65, 0x88}, make([]byte, 5000)...)
	unit    = append([]byte{0x41, 0x9a}, make([]byte, 3000)...)
)

// pusher packetises pictures as a camera does.
type pusher struct {
	t          *testing.T
	track      *webrtc.TrackLocalStaticRTP
	packetiser rtp.Packetizer
	time       uint32
}

func newPusher(t *testing.T, c *camera) *pusher {
	return &pusher{t: t, track: c.video, packetiser: rtp.NewPacketizer(1200, 0, 0, &codecs.H264Payloader{}, rtp.NewRandomSequencer(), 90000), time: 1 << 31}
}

// push sends one picture, leaving out those of its packets that lose names.
func (p *pusher) push(key bool, lose ...int) {
	p.t.Helper()
	units := [][]byte{unit}
	if key {
		units = [][]byte{sps, pps, keyUnit}
	}
	lost := map[int]bool{}
	for _, i := range lose {
		lost[i] = true
	}
	for i, packet := range p.packetiser.Packetize(media.AppendAnnexB(nil, units), 0) {
		packet.Timestamp = p.time
		if lost[i] {
			continue
		}
		if err := p.track.WriteRTP(packet); err != nil {
			p.t.Fatal(err)
		}
	}
	p.time += 3600
}

func (g *gateway) session(t *testing.T, method string, c *camera, etag, contentType, body string) (*http.Response, string) {
	t.Helper()
	return g.request(t, method, c.location, body, map[string]string{"Authorization": "Bearer " + key, "Content-Type": contentType, "If-Match": etag})
}

const fragType = "application/trickle-ice-sdpfrag"

// A picture with a missing packet is dropped whole, counted, and a key frame is
// asked for; those around it pass.
func TestLostPackets(t *testing.T) {
	g := start(t, whip.Options{Reorder: 50 * time.Millisecond})
	c := newCamera(t)
	c.connect(t, g)
	p, s := newPusher(t, c), g.last(t)
	p.push(true)
	p.push(false)
	s.wait(t, "two pictures", func() bool { return len(s.units) == 2 })
	for len(c.pli) > 0 {
		<-c.pli
	}
	p.push(false, 1)    // its middle
	p.push(false, 2)    // its end, so that the next one's beginning is in doubt, but shows
	p.push(false, 0)    // its beginning
	p.push(false, 0, 1) // nearly all
	p.push(false)
	timeout := time.After(20 * time.Second)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	asked := false
	for !asked { // time goes by the packets that arrive
		select {
		case <-c.pli:
			asked = true
		case <-ticker.C:
			p.push(false)
		case <-timeout:
			t.Fatal("no key frame is asked for")
		}
	}
	p.push(true)
	s.wait(t, "the key frame", func() bool { return s.units[len(s.units)-1].Key })
	s.wait(t, "five lost packets", func() bool { return s.lost == 5 })
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, u := range s.units {
		want := 3002
		if u.Key {
			want = len(sps) + len(pps) + 5002
		}
		if u.Size() != want {
			t.Errorf("unit %d of %d bytes was passed on, whole it has %d", i, u.Size(), want)
		}
		if frame := (u.PTS - s.units[0].PTS) / 3600; frame >= 2 && frame <= 5 {
			t.Errorf("picture %d was passed on", frame)
		}
	}
}

// A browser sends key frames only when asked.
func TestAsksForKeyFrames(t *testing.T) {
	g := start(t, whip.Options{KeyInterval: 200 * time.Millisecond})
	c := newCamera(t)
	c.connect(t, g)
	p := newPusher(t, c)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(20 * time.Second)
	for asked := 0; asked < 3; {
		select {
		case <-ticker.C:
			p.push(false)
		case <-c.pli:
			p.push(true)
			asked++
		case <-timeout:
			t.Fatalf("asked %d times", asked)
		}
	}
}

// Packets that come in another order, and twice, are put in order.
func TestReordered(t *testing.T) {
	g := start(t, whip.Options{})
	c := newCamera(t)
	c.connect(t, g)
	p, s := newPusher(t, c), g.last(t)
	p.push(true)
	s.wait(t, "the key frame", func() bool { return len(s.units) == 1 })
	var packets []*rtp.Packet
	for range 10 {
		for _, packet := range p.packetiser.Packetize(media.AppendAnnexB(nil, [][]byte{unit}), 0) {
			packet.Timestamp = p.time
			packets = append(packets, packet)
		}
		p.time += 3600
	}
	for i := 0; i+3 < len(packets); i += 3 {
		packets[i], packets[i+2] = packets[i+2], packets[i]
	}
	for i, packet := range packets {
		for range 1 + i%2 {
			if err := c.video.WriteRTP(packet); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.wait(t, "ten pictures", func() bool { return len(s.units) == 11 })
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, u := range s.units[1:] {
		if u.Size() != 3002 || u.PTS-s.units[0].PTS != int64(i+1)*3600 {
			t.Errorf("unit %d: %d bytes at %d", i, u.Size(), u.PTS-s.units[0].PTS)
		}
	}
	if s.lost != 0 {
		t.Errorf("%d lost", s.lost)
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*testing.T, *gateway, *camera)
		want gatepost.EndReason
	}{
		{"DELETE", func(t *testing.T, g *gateway, c *camera) {
			if res, body := g.session(t, "DELETE", c, "", "", ""); res.StatusCode != 200 {
				t.Errorf("%d %s", res.StatusCode, body)
			}
			if res, _ := g.session(t, "DELETE", c, "", "", ""); res.StatusCode != 404 {
				t.Errorf("second DELETE: %d", res.StatusCode)
			}
		}, gatepost.EndClosed},
		{"goodbye", func(_ *testing.T, _ *gateway, c *camera) { _ = c.conn.GracefulClose() }, gatepost.EndClosed},
		{"silence", func(*testing.T, *gateway, *camera) {}, gatepost.EndTimeout},
		{"replaced", func(t *testing.T, g *gateway, _ *camera) { close(g.last(t).done) }, gatepost.EndReplaced},
		{"shutdown", func(_ *testing.T, g *gateway, _ *camera) { g.stop() }, gatepost.EndShutdown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := start(t, whip.Options{Timeout: 2 * time.Second})
			cam := newCamera(t)
			cam.connect(t, g)
			s := g.last(t)
			newPusher(t, cam).push(true)
			s.wait(t, "a picture", func() bool { return len(s.units) == 1 })
			c.end(t, g, cam)
			if reason := s.waitEnd(t); reason != c.want {
				t.Errorf("ended with %q, want %q", reason, c.want)
			}
		})
	}
}

// An offer whose sender never comes is given up.
func TestNeverConnects(t *testing.T) {
	g := start(t, whip.Options{ConnectTimeout: time.Second})
	res, _ := g.request(t, "POST", "/whip/cam", newCamera(t).offer(t), map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer " + key})
	if res.StatusCode != 201 {
		t.Fatal(res.Status)
	}
	if reason := g.last(t).waitEnd(t); reason != gatepost.EndTimeout {
		t.Errorf("ended with %q", reason)
	}
}

func TestTrickle(t *testing.T) {
	g := start(t, whip.Options{})
	c := newCamera(t)
	c.connect(t, g)
	const candidate = "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
	for _, x := range []struct {
		name, etag, contentType, body string
		want                          int
	}{
		{"a candidate", c.etag, fragType, candidate, 204},
		{"one of several tags", `"other", ` + c.etag, fragType, candidate, 204},
		{"a name that nobody resolves", c.etag, fragType, strings.Replace(candidate, "127.0.0.1", "0f1d.local", 1), 204},
		{"end of candidates", c.etag, fragType, "a=end-of-candidates\r\n", 204},
		{"no If-Match", "", fragType, candidate, 428},
		{"an ICE session that is no more", `"old"`, fragType, candidate, 412},
		{"another type", c.etag, "application/sdp", candidate, 415},
		{"no fragment", c.etag, fragType, "hello", 400},
		{"no candidate", c.etag, fragType, "m=video 9 X 0\r\na=mid:0\r\na=candidate:nonsense\r\n", 400},
		{"another ICE session's", c.etag, fragType, "a=ice-ufrag:other\r\n" + candidate, 400},
		{"restart without credentials", "*", fragType, candidate, 400},
		{"too large", c.etag, fragType, strings.Repeat("a", 65<<10), 413},
	} {
		if res, body := g.session(t, "PATCH", c, x.etag, x.contentType, x.body); res.StatusCode != x.want {
			t.Errorf("%s: %d %s, want %d", x.name, res.StatusCode, body, x.want)
		}
	}
	res, _ := g.request(t, "PATCH", c.location, candidate, map[string]string{"Authorization": "Bearer other", "Content-Type": fragType, "If-Match": c.etag})
	if res.StatusCode != 401 {
		t.Errorf("another key: %d", res.StatusCode)
	}
}

// After an ICE restart the same media go on over another path.
func TestRestart(t *testing.T) {
	g := start(t, whip.Options{})
	c := newCamera(t)
	c.connect(t, g)
	p, s := newPusher(t, c), g.last(t)
	p.push(true)
	s.wait(t, "a picture", func() bool { return len(s.units) == 1 })

	offer, err := c.conn.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.conn)
	if err := c.conn.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	local := c.conn.LocalDescription().SDP
	fragment := "a=ice-ufrag:" + attribute(local, "ice-ufrag") + "\r\na=ice-pwd:" + attribute(local, "ice-pwd") + "\r\n"
	res, body := g.session(t, "PATCH", c, "*", fragType, fragment)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != fragType {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if etag := res.Header.Get("ETag"); etag == c.etag || etag == "" {
		t.Errorf("ETag %s after %s", etag, c.etag)
	}
	f, err := rtc.ParseFragment(body)
	if err != nil || f.Ufrag == "" || len(f.Candidates) == 0 {
		t.Fatalf("%s: %v", body, err)
	}
	before := c.conn.CurrentRemoteDescription().SDP
	remote := strings.NewReplacer(
		attribute(before, "ice-ufrag"), f.Ufrag, attribute(before, "ice-pwd"), f.Pwd,
	).Replace(before)
	connected := make(chan struct{})
	var once sync.Once
	c.conn.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) {
		if s == webrtc.ICEConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	if err := c.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: remote}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(15 * time.Second):
		t.Fatal("not connected after the restart")
	}
	p.push(true)
	s.wait(t, "a picture after the restart", func() bool { return len(s.units) == 2 })
	if res, _ := g.session(t, "PATCH", c, c.etag, fragType, "a=end-of-candidates\r\n"); res.StatusCode != 412 {
		t.Errorf("the old ETag: %d", res.StatusCode)
	}
	if res, _ := g.session(t, "PATCH", c, "*", fragType, fragment); res.StatusCode != 400 {
		t.Errorf("a restart with the same credentials: %d", res.StatusCode)
	}
}

func attribute(sdp, key string) string {
	_, rest, _ := strings.Cut(sdp, "a="+key+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// More publishers than allowed are refused before anybody is admitted.
func TestMaxSessions(t *testing.T) {
	g := start(t, whip.Options{MaxSessions: 1})
	newCamera(t).connect(t, g)
	res, body := g.request(t, "POST", "/whip/cam", newCamera(t).offer(t), map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer " + key})
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || len(g.sessions) != 1 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// A half-open request does not hold a place for ever, and others pass it.
func TestHalfOpen(t *testing.T) {
	g := start(t, whip.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("POST /whip/cam HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: application/sdp\r\nContent-Length: 1000\r\n\r\nv=0")); err != nil {
		t.Fatal(err)
	}
	newCamera(t).connect(t, g)
}
