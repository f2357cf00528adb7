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

	"github.com/gatepost-video/gatepost"
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

// lossy drops every nth RTP packet that it is given to send, counting each packet
// once; retransmissions pass.
type lossy struct {
	net.PacketConn
	n, seen, dropped int
}

func (l *lossy) WriteTo(b []byte, to net.Addr) (int, error) {
	if len(b) > 200 && b[0]>>6 == 2 { // RTP (RFC 7983), and large enough to be video
		if l.seen++; l.seen%l.n == 0 {
			l.dropped++
			return len(b), nil
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
	l := &lossy{PacketConn: conn, n: 11}
	g := start(t, streams{"cam": src.stream}, l)
	src.write(110, 0)
	v := newViewer(t, video).watch(g, "cam")
	v.take(1)
	src.write(90, 10*time.Millisecond)
}

var _ = rtcp.PictureLossIndication{}

func TestRefusals(t *testing.T) {
	src := newSource(t)
	src.write(60, 0)
	var _ = gatepost.Invalid
	var _ = json.Valid
}
