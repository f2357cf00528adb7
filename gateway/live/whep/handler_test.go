package whep_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// slices returns the coded slices of a unit, without parameter sets.
func slicesOf(units [][]byte) [][]byte { return media.Normalise(media.H264, units).Data }

// check compares pictures with those of the clip from first on, and their times.
func check(t *testing.T, src *source, got []picture, first int) {
	t.Helper()
	for i, p := range got {
		want := slicesOf(src.pictures[(first+i)%len(src.pictures)])
		have := slicesOf(p.units)
		if len(have) != len(want) || !bytes.Equal(have[0], want[0]) {
			t.Fatalf("picture %d is not the clip's %d", i, first+i)
		}
		if key := (first+i)%50 == 0; key && (len(p.units) != 3 || p.units[0][0]&0x1f != 7 || p.units[1][0]&0x1f != 8) {
			t.Fatalf("key frame %d without its parameter sets in front", first+i)
		}
		if i > 0 && int32(p.time-got[i-1].time) <= 0 {
			t.Fatalf("picture %d: time goes from %d to %d", i, got[i-1].time, p.time)
		}
	}
}

// A viewer begins with the cached GOP, catches up, and is live: nothing is
// missing, and a real decoder is content.
func TestWatch(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(120, 0)
	v := newViewer(t, video, audio).watch(g, "cam")
	got := v.take(20)
	src.write(80, 4*time.Millisecond)
	got = append(got, v.take(80)...)
	check(t, src, got, 100)

	if burst := got[19].at.Sub(got[0].at); burst > 400*time.Millisecond {
		t.Errorf("800 ms of cached pictures took %v", burst)
	}
	if span := got[19].time - got[0].time; span > 90000*4/10 {
		t.Errorf("the cached pictures span %d ticks: the viewer would stay late", span)
	}
	for i := 21; i < len(got); i++ {
		if d := got[i].time - got[i-1].time; d != 3600 {
			t.Errorf("live picture %d comes %d ticks after the one before", i, d)
		}
	}
	if n := decoded(t, got); n != len(got) {
		t.Errorf("ffmpeg decodes %d of %d pictures", n, len(got))
	}
	if n := g.handler.Viewers("cam"); n != 1 {
		t.Errorf("%d viewers", n)
	}
}

// decoded counts what ffmpeg makes of the pictures; any complaint fails the test.
func decoded(t *testing.T, pictures []picture) int {
	t.Helper()
	var annexB []byte
	for _, p := range pictures {
		annexB = media.AppendAnnexB(annexB, p.units)
	}
	file := filepath.Join(t.TempDir(), "got.h264")
	if err := os.WriteFile(file, annexB, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatalf("ffprobe: %s", out)
	}
	return n
}

// Three viewers read the stream once.
func TestViewersShareOneFeed(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	var viewers []*viewer
	for range 3 {
		viewers = append(viewers, newViewer(t, video).watch(g, "cam"))
	}
	for _, v := range viewers {
		check(t, src, v.take(10), 50)
	}
	if st := src.stream.Stats(); st.Readers != 1 {
		t.Errorf("%d readers of the stream for 3 viewers", st.Readers)
	}
	if n := g.handler.Viewers("cam"); n != 3 {
		t.Errorf("%d viewers counted", n)
	}
	for _, v := range viewers {
		req, err := http.NewRequest("DELETE", g.url+v.location, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer good")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("DELETE: %d", res.StatusCode)
		}
		v.waitOver("DELETE")
	}
	if st := src.stream.Stats(); st.Readers != 0 || g.handler.Viewers("cam") != 0 {
		t.Errorf("%d readers, %d viewers after the last has left", st.Readers, g.handler.Viewers("cam"))
	}
}

// The camera drops out and comes back with other times: the same connection goes
// on, times go on growing.
func TestReconnect(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	got := v.take(10)
	src.publisher.Close("network")
	src.next = 150
	src.publish(&media.Track{Codec: media.H264, ClockRate: 90000})
	src.write(30, 4*time.Millisecond)
	second := v.take(30)
	check(t, src, got, 50)
	check(t, src, second, 150)
	if step := int32(second[0].time - got[9].time); step <= 0 || step > 90000*10 {
		t.Errorf("over the reconnect time steps by %d ticks", step)
	}
	if second[29].time-second[0].time != 29*3600 {
		t.Errorf("30 pictures span %d ticks", second[29].time-second[0].time)
	}
}

func TestRevocation(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	v.take(10)
	g.handler.CloseGrant("another")
	if n := g.handler.Viewers("cam"); n != 1 {
		t.Fatalf("%d viewers", n)
	}
	g.mu.Lock()
	g.revoked = true
	g.mu.Unlock()
	began := time.Now()
	g.handler.CloseGrant("g1")
	v.waitOver("revocation")
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("dark only after %v", d)
	}
	if res, body := g.post(t, "cam", "good", newViewer(t, video).offer()); res.StatusCode != 410 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestKeyWithdrawn(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream, "far": src.stream}, nil)
	src.write(60, 0)
	if res, body := g.post(t, "far", "good", newViewer(t, video).offer()); res.StatusCode != 403 {
		t.Errorf("from outside of the token's networks: %d %s", res.StatusCode, body)
	}
	v := newViewer(t, video).watch(g, "cam")
	v.take(10)
	g.handler.CloseKey("k2")
	if n := g.handler.Viewers("cam"); n != 1 {
		t.Fatalf("%d viewers after another key was withdrawn", n)
	}
	g.handler.CloseKey("k1")
	v.waitOver("withdrawal")
}

func TestExpiry(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	g.expires = time.Now().Add(1500 * time.Millisecond)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	v.take(10)
	v.waitOver("expiry")
	if early := time.Until(g.expires); early > 0 {
		t.Errorf("ended %v too early", early)
	}
}

func TestShutdown(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	v.take(10)
	g.stop()
	v.waitOver("shutdown")
	if res, _ := g.post(t, "cam", "good", newViewer(t, video).offer()); res.StatusCode != 503 {
		t.Errorf("after the end: %d", res.StatusCode)
	}
}

// lossy drops every nth RTP packet that it is given to send; retransmissions pass.
type lossy struct {
	net.PacketConn
	n, dropped int
	seen       map[[2]byte]bool // sequence numbers
}

func (l *lossy) WriteTo(b []byte, to net.Addr) (int, error) {
	if len(b) > 200 && b[0]>>6 == 2 { // RTP (RFC 7983), and large enough to be video
		seq := [2]byte(b[2:4])
		if !l.seen[seq] {
			l.seen[seq] = true
			if len(l.seen)%l.n == 0 {
				l.dropped++
				return len(b), nil
			}
		}
	}
	return l.PacketConn.WriteTo(b, to)
}

// What is lost on the way is sent again on request.
func TestLoss(t *testing.T) {
	src := newSource(t)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{PacketConn: conn, n: 11, seen: map[[2]byte]bool{}}
	g := start(t, streams{"cam": src.stream}, l)
	src.write(110, 0)
	v := newViewer(t, video).watch(g, "cam")
	got := v.take(1)
	src.write(90, 10*time.Millisecond)
	got = append(got, v.take(85)...) // a loss near the end is noticed only by what follows it
	check(t, src, got, 100)
	g.stop()
	if l.dropped < 5 {
		t.Errorf("only %d packets were dropped", l.dropped)
	}
}

// A browser that lost the picture gets the GOP again, once for each key frame.
func TestPictureLoss(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	check(t, src, v.take(10), 50)
	src.write(60, 20*time.Millisecond) // over a second, and the key frame 100
	check(t, src, v.take(60), 60)
	track := <-v.track
	pli := []rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}}
	for range 3 {
		if err := v.conn.WriteRTCP(pli); err != nil {
			t.Fatal(err)
		}
	}
	again := v.take(20)
	check(t, src, again, 100)
	src.write(10, 5*time.Millisecond)
	check(t, src, v.take(10), 120) // and not 100 a second time
}

// Opus and G.711 go along when they are offered, AAC stays behind.
func TestAudio(t *testing.T) {
	for _, c := range []struct {
		name  string
		track media.Track
		frame []byte
		ticks int64
		want  int     // packets of 10 units
		steps []int64 // ticks from one to the next, in turn
	}{
		{"opus", media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}, []byte{0xfc, 0xff, 0xfe}, 960, 10, []int64{960}},
		{"g711a", media.Track{Codec: media.G711A, ClockRate: 8000, SampleRate: 8000, Channels: 1}, bytes.Repeat([]byte{0xd5}, 160), 160, 10, []int64{160}},
		{"g711u, long", media.Track{Codec: media.G711U, ClockRate: 8000, SampleRate: 8000, Channels: 1}, bytes.Repeat([]byte{0xff}, 1600), 1600, 20, []int64{960, 640}},
		{"aac", media.Track{Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 2, AudioConfig: []byte{0x11, 0x90}}, []byte{1, 2, 3}, 1024, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := newSource(t)
			src.publish(&media.Track{Codec: media.H264, ClockRate: 90000}, &c.track)
			g := start(t, streams{"cam": src.stream}, nil)
			src.write(10, 0)
			v := newViewer(t, video, audio).watch(g, "cam")
			v.take(10)
			var pts int64
			for range 10 {
				err := src.publisher.Write(&media.Unit{Track: 1, PTS: src.clockTicks(c.track.ClockRate) + pts, DTS: media.NoDTS, Data: [][]byte{c.frame}, Key: true})
				if err != nil {
					t.Fatal(err)
				}
				pts += c.ticks
			}
			src.write(1, 0)
			v.take(1) // video goes on whatever the audio is
			timeout := time.After(patience)
			var last uint32
			for i := range c.want {
				select {
				case p := <-v.audio:
					if i > 0 && int64(p.Timestamp-last) != c.steps[(i-1)%len(c.steps)] {
						t.Errorf("packet %d: %d ticks", i, p.Timestamp-last)
					}
					last = p.Timestamp
				case <-timeout:
					t.Fatalf("%d of %d audio packets", i, c.want)
				}
			}
			if len(v.audio) > 0 {
				t.Error("more audio than was sent")
			}
		})
	}
}

// Pictures out of order are noticed though nothing announced them.
func TestBFramesLater(t *testing.T) {
	src := newSource(t)
	g := start(t, streams{"cam": src.stream}, nil)
	src.write(60, 0)
	v := newViewer(t, video).watch(g, "cam")
	v.take(10)
	src.reorder()
	v.waitOver("a B-frame")
	if res, body := g.post(t, "cam", "good", newViewer(t, video).offer()); res.StatusCode != 406 || !strings.Contains(body, `"reason":"b_frames"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestRefusals(t *testing.T) {
	live, h265, aac, gone, never := newSource(t), newSource(t), newSource(t), newSource(t), newSource(t)
	live.write(10, 0)
	h265.publish(&media.Track{Codec: media.H265, ClockRate: 90000})
	aac.publish(&media.Track{Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 2, AudioConfig: []byte{0x11, 0x90}})
	gone.publisher.Close("network")
	gone.clock.Store(time.Now().Add(-time.Minute).UnixNano())
	gone.publish(&media.Track{Codec: media.H264, ClockRate: 90000})
	gone.publisher.Close("network")
	never.stream.Close("gateway_shutdown")
	g := start(t, streams{"live": live.stream, "h265": h265.stream, "aac": aac.stream, "gone": gone.stream, "other": live.stream}, nil)
	offer := newViewer(t, video, audio).offer()
	noH265 := strings.ReplaceAll(offer, "H265", "VP9")
	for _, c := range []struct {
		name, camera, token, offer string
		want                       int
		reason                     string
	}{
		{"no token", "live", "", offer, 401, ""},
		{"forged token", "live", "bad", offer, 401, ""},
		{"another camera's token", "other", "good", offer, 403, ""},
		{"not here", "nowhere", "good", offer, 503, "camera_offline"},
		{"offline", "gone", "good", offer, 503, "camera_offline"},
		{"H.265 not offered", "h265", "good", noH265, 406, "codec_not_supported"},
		{"H.264 not offered", "live", "good", strings.ReplaceAll(offer, "H264", "VP9"), 406, "codec_not_supported"},
		{"only AAC to hear", "aac", "good", offer, 406, "codec_not_supported"},
		{"sendonly", "live", "good", strings.ReplaceAll(offer, "a=recvonly", "a=sendonly"), 406, "codec_not_supported"},
		{"not SDP", "live", "good", "v=1", 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := g.post(t, c.camera, c.token, c.offer)
			var problem struct {
				Status int    `json:"status"`
				Code   string `json:"code"`
				Reason string `json:"reason"`
			}
			if err := json.Unmarshal([]byte(body), &problem); err != nil {
				t.Fatalf("%d %s", res.StatusCode, body)
			}
			if res.StatusCode != c.want || problem.Status != c.want || problem.Code == "" || problem.Reason != c.reason {
				t.Errorf("%d %s, want %d %q", res.StatusCode, body, c.want, c.reason)
			}
		})
	}
	if n := g.handler.Viewers("live"); n != 0 {
		t.Errorf("%d viewers", n)
	}
}

// An offer with the camera's H.265 is answered with it.
func TestH265Offered(t *testing.T) {
	src := newSource(t)
	src.publish(&media.Track{Codec: media.H265, ClockRate: 90000})
	g := start(t, streams{"cam": src.stream}, nil)
	res, answer := g.post(t, "cam", "good", newViewer(t, video).offer())
	if res.StatusCode != 201 || !strings.Contains(answer, "H265/90000") || strings.Contains(answer, "H264") {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
}
