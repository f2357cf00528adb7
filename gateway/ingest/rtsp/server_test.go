package rtsp

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest/ingesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a server under test.
type running struct {
	admitter *ingesttest.Admitter
	address  string
	log      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(t *testing.T, change func(*Options)) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rtp, rtcp, err := ListenUDP("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{admitter: ingesttest.NewAdmitter(), address: ln.Addr().String(), log: &lockedBuffer{}}
	opts := Options{Admitter: r.admitter, Listener: ln, RTP: rtp, RTCP: rtcp, Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&opts)
	}
	if opts.RTP == nil {
		rtp.Close()
		rtcp.Close()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(opts).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if strings.Contains(r.log.String(), ingesttest.Key) {
			t.Errorf("the key is in the log:\n%s", r.log)
		}
	})
	return r
}

func (r *running) url(rest string) string { return "rtsp://" + r.address + "/" + rest }

const pathKey = ingesttest.Camera + "/" + ingesttest.Key

func TestPush(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast"}
	for _, c := range []struct {
		name, url string
		args      []string
		audio     bool
		codecs    string
		frames    int
	}{
		{"tcp H.264 AAC", pathKey, append(x264, "-bf", "0", "-c:a", "aac", "-rtsp_transport", "tcp"), true, "h264 aac", 100},
		{"udp H.264 AAC", pathKey, append(x264, "-bf", "0", "-c:a", "aac", "-rtsp_transport", "udp"), true, "h264 aac", 100},
		{"tcp B-frames, key in query", ingesttest.Camera + "?key=" + ingesttest.Key, append(x264, "-bf", "2", "-rtsp_transport", "tcp"), false, "h264", 75},
		{"udp H.265", pathKey, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-rtsp_transport", "udp"}, false, "h265", 50},
		{"tcp H.265 G.711 A", pathKey, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-c:a", "pcm_alaw", "-ar", "8000", "-rtsp_transport", "tcp"}, true, "h265 g711a", 50},
		{"tcp G.711 µ", pathKey, append(x264, "-c:a", "pcm_mulaw", "-ar", "8000", "-rtsp_transport", "tcp"), true, "h264 g711u", 50},
		{"tcp Opus", pathKey, append(x264, "-c:a", "libopus", "-rtsp_transport", "tcp"), true, "h264 opus", 50},
		{"tcp LATM", pathKey, append(x264, "-c:a", "aac", "-rtpflags", "latm", "-rtsp_transport", "tcp"), true, "h264 aac", 50},
		{"tcp other audio is ignored", pathKey, append(x264, "-c:a", "libmp3lame", "-rtsp_transport", "tcp"), true, "h264", 50},
		{"tcp slices", pathKey, append(x264, "-slices", "4", "-rtsp_transport", "tcp"), false, "h264", 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			push := ingesttest.Push(t, append(append(ingesttest.Source(c.frames, c.audio), c.args...), "-f", "rtsp", r.url(c.url))...)
			s := r.admitter.Next(t)
			if out, err := push.Wait(t); err != nil {
				t.Fatalf("ffmpeg: %v\n%s", err, out)
			}
			if reason := s.Reason(t); reason != gatepost.EndClosed {
				t.Errorf("ended with %q", reason)
			}
			if got := s.Codecs(); got != c.codecs {
				t.Errorf("tracks %q, want %q", got, c.codecs)
			}
			if got := s.Check(t); got != c.frames {
				t.Errorf("%d frames came, %d were sent", got, c.frames)
			}
			if lost, received := s.Loss(); lost != 0 || received < uint64(c.frames) {
				t.Errorf("%d packets lost, %d received", lost, received)
			}
			if s.Tracks()[0].SPS == nil {
				t.Error("no SPS in the track")
			}
		})
	}
}

func TestPushBasic(t *testing.T) {
	r := start(t, nil)
	push := ingesttest.Push(t, append(ingesttest.Source(25, false), "-c:v", "libx264", "-preset", "ultrafast", "-rtsp_transport", "tcp",
		"-f", "rtsp", "rtsp://"+ingesttest.Camera+":"+ingesttest.Key+"@"+r.address+"/"+ingesttest.Camera)...)
	s := r.admitter.Next(t)
	if out, err := push.Wait(t); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	s.Reason(t)
	if got := s.Check(t); got != 25 {
		t.Errorf("%d frames", got)
	}
}

func TestPushTLS(t *testing.T) {
	r := start(t, func(o *Options) {
		o.TLS, o.RTP, o.RTCP = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, nil, nil
	})
	push := ingesttest.Push(t, append(ingesttest.Source(25, false), "-c:v", "libx264", "-preset", "ultrafast", "-rtsp_transport", "tcp",
		"-f", "rtsp", "rtsps://"+r.address+"/"+pathKey)...)
	s := r.admitter.Next(t)
	if out, err := push.Wait(t); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	s.Reason(t)
	if got := s.Check(t); got != 25 {
		t.Errorf("%d frames", got)
	}
}

const h264SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
	"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LADNoPEvIhAAADAAEAAAMAMg8UKqA=,aM48gA==\r\na=control:streamid=0\r\n"

// dial opens a plain connection.
func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(ingesttest.Wait))
	return c
}

// ask sends a request and returns the head of the answer.
func ask(t *testing.T, c net.Conn, method, url, headers, body string) string {
	t.Helper()
	if body != "" {
		headers += fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body))
	}
	if _, err := fmt.Fprintf(c, "%s %s RTSP/1.0\r\nCSeq: 1\r\n%s\r\n%s", method, url, headers, body); err != nil {
		t.Fatal(err)
	}
	var head []byte
	b := make([]byte, 1)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatalf("%s: %v after %q", method, err, head)
		}
		head = append(head, b[0])
	}
	return string(head)
}

func TestRefusals(t *testing.T) {
	r := start(t, nil)
	live := ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-rtsp_transport", "tcp", "-f", "rtsp", r.url(pathKey))...)
	r.admitter.Next(t).Units(t, 1)
	audioOnlyMP3 := "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 14\r\na=control:streamid=0\r\n"
	for _, c := range []struct {
		name, method, path, headers, body, want string
	}{
		{"wrong key", "ANNOUNCE", ingesttest.Camera + "/wrong", "", h264SDP, "401 Unauthorized"},
		{"wrong key in the query", "ANNOUNCE", ingesttest.Camera + "?key=wrong", "", h264SDP, "401 Unauthorized"},
		{"key in the wrong place", "ANNOUNCE", ingesttest.Key, "", h264SDP, "401 Unauthorized"},
		{"no key", "ANNOUNCE", ingesttest.Camera, "", h264SDP, "401 Unauthorized"},
		{"wrong Basic", "ANNOUNCE", ingesttest.Camera, "Authorization: Basic YTpi\r\n", h264SDP, "401 Unauthorized"},
		{"broken Basic", "ANNOUNCE", ingesttest.Camera, "Authorization: Basic %%%\r\n", h264SDP, "401 Unauthorized"},
		{"unknown", "ANNOUNCE", ingesttest.Unknown + "/" + ingesttest.Key, "", h264SDP, "404 Not Found"},
		{"strange path", "ANNOUNCE", "a/b/c/d", "", h264SDP, "404 Not Found"},
		{"empty path", "ANNOUNCE", "", "", h264SDP, "404 Not Found"},
		{"suspended", "ANNOUNCE", ingesttest.Suspended + "/" + ingesttest.Key, "", h264SDP, "403 Forbidden"},
		{"second publisher", "ANNOUNCE", pathKey, "", h264SDP, "453 Not Enough Bandwidth"},
		{"control plane away", "ANNOUNCE", ingesttest.Away + "/" + ingesttest.Key, "", h264SDP, "503 Service Unavailable"},
		{"nothing usable", "ANNOUNCE", pathKey, "", audioOnlyMP3, "415 Unsupported Media Type"},
		{"no SDP", "ANNOUNCE", pathKey, "", "", "400 Bad Request"},
		{"garbage SDP", "ANNOUNCE", pathKey, "", "\x00\xff garbage", "400 Bad Request"},
		{"reading", "DESCRIBE", pathKey, "", "", "405 Method Not Allowed"},
		{"setup without announce", "SETUP", pathKey + "/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", "", "455 Method Not Valid"},
		{"play", "PLAY", pathKey, "Session: 1\r\n", "", "501 Not Implemented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := ask(t, r.dial(t), c.method, r.url(c.path), c.headers, c.body)
			if !strings.HasPrefix(head, "RTSP/1.0 "+c.want) {
				t.Errorf("got %q, want %s", head, c.want)
			}
			if strings.Contains(c.want, "401") && !strings.Contains(c.headers, "Basic") && !strings.Contains(head, "WWW-Authenticate: Basic") {
				t.Errorf("no challenge in %q", head)
			}
		})
	}
	// ffmpeg as the second publisher, while the first goes on.
	out, err := ingesttest.Push(t, append(ingesttest.Source(50, false), "-c:v", "libx264", "-rtsp_transport", "tcp", "-f", "rtsp", r.url(pathKey))...).Wait(t)
	if err == nil {
		t.Errorf("a second publisher was let in: %s", out)
	}
	live.Kill()
}

func TestOptions(t *testing.T) {
	r := start(t, nil)
	head := ask(t, r.dial(t), "OPTIONS", "*", "", "")
	if !strings.Contains(head, "200 OK") || strings.Contains(head, "DESCRIBE") || !strings.Contains(head, "ANNOUNCE") {
		t.Errorf("%q", head)
	}
}

func TestKilledAndSilentPublishers(t *testing.T) {
	for _, c := range []struct {
		transport string
		want      gatepost.EndReason
	}{{"tcp", gatepost.EndNetwork}, {"udp", gatepost.EndTimeout}} {
		t.Run(c.transport, func(t *testing.T) {
			r := start(t, func(o *Options) { o.ReadTimeout = 2 * time.Second })
			push := ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-rtsp_transport", c.transport, "-f", "rtsp", r.url(pathKey))...)
			s := r.admitter.Next(t)
			s.Units(t, 10)
			push.Kill()
			if got := s.Reason(t); got != c.want {
				t.Errorf("ended with %q, want %q", got, c.want)
			}
		})
	}
	t.Run("silent tcp", func(t *testing.T) {
		r := start(t, func(o *Options) { o.ReadTimeout = 500 * time.Millisecond })
		c := r.dial(t)
		r.record(t, c)
		s := r.admitter.Next(t)
		if got := s.Reason(t); got != gatepost.EndTimeout {
			t.Errorf("ended with %q", got)
		}
	})
}

// record brings a hand-made publisher to RECORD and returns the session's id.
func (r *running) record(t *testing.T, c net.Conn) (id string) {
	t.Helper()
	if head := ask(t, c, "ANNOUNCE", r.url(pathKey), "", h264SDP); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	head := ask(t, c, "SETUP", r.url(pathKey+"/streamid=0"), "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n", "")
	if !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	_, rest, _ := strings.Cut(head, "Session: ")
	id, _, _ = strings.Cut(rest, ";")
	if head := ask(t, c, "RECORD", r.url(pathKey), "Session: "+id+"\r\n", ""); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	return id
}

// send writes pictures of one packet each to channel 0, from one number on.
func send(t *testing.T, c net.Conn, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		p := rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3600, SSRC: 9},
			Payload: []byte{0x65, 0x88, 0x84, byte(i)}}
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(interleavedFrame(0, b)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDirect: all packets but the first of a camera that records take the way
// past the library. It fails when the library changes so that they do not.
func TestDirect(t *testing.T) {
	r := start(t, nil)
	c := r.dial(t)
	r.record(t, c)
	s := r.admitter.Next(t)
	const n = 50
	send(t, c, 0, n)
	s.Units(t, n)
	c.Close()
	s.Reason(t)
	if want := fmt.Sprintf(" direct=%d\n", n-1); !strings.Contains(r.log.String(), want) {
		t.Errorf("no %q in the log:\n%s", want, r.log)
	}
}

// TestPacketsAfterTeardown: a camera whose packets go on behind its TEARDOWN is
// cut off, and nothing else happens.
func TestPacketsAfterTeardown(t *testing.T) {
	r := start(t, nil)
	c := r.dial(t)
	id := r.record(t, c)
	s := r.admitter.Next(t)
	send(t, c, 0, 10)
	s.Units(t, 10)
	if head := ask(t, c, "TEARDOWN", r.url(pathKey), "Session: "+id+"\r\n", ""); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	if got := s.Reason(t); got != gatepost.EndClosed {
		t.Errorf("ended with %q", got)
	}
	send(t, c, 10, 1)
	if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection stayed open: %v", err)
	}
	ask(t, r.dial(t), "OPTIONS", "*", "", "") // the server still serves
}

func TestStopped(t *testing.T) {
	r := start(t, nil)
	push := ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-rtsp_transport", "tcp", "-f", "rtsp", r.url(pathKey))...)
	s := r.admitter.Next(t)
	s.Units(t, 5)
	s.Stop()
	if _, err := push.Wait(t); err == nil {
		t.Error("ffmpeg did not notice that it was stopped")
	}
	s.Reason(t)
}

func TestHalfOpen(t *testing.T) {
	r := start(t, func(o *Options) { o.HandshakeTimeout = 300 * time.Millisecond })
	for name, first := range map[string]string{"nothing": "", "half a request": "ANNOUNCE rtsp://", "a request, then nothing": "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			c := r.dial(t)
			if _, err := io.WriteString(c, first); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection stayed open: %v", err)
			}
		})
	}
	t.Run("announced, then nothing", func(t *testing.T) {
		c := r.dial(t)
		ask(t, c, "ANNOUNCE", r.url(pathKey), "", h264SDP)
		if got := r.admitter.Next(t).Reason(t); got == "" {
			t.Error("no reason")
		}
	})
}

func TestPerHost(t *testing.T) {
	r := start(t, func(o *Options) { o.MaxPerHost = 2 })
	for range 2 {
		ask(t, r.dial(t), "OPTIONS", "*", "", "")
	}
	c := r.dial(t)
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("a third connection was let in: %d", n)
	}
}

func TestGarbage(t *testing.T) {
	r := start(t, nil)
	for _, b := range []string{"\x00\x01\x02\x03", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("A", 1<<16), "ANNOUNCE rtsp://[::1]:%zz/" + ingesttest.Key + " RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"$\x00\xff\xff" + strings.Repeat("x", 70000), "ANNOUNCE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n"} {
		c := r.dial(t)
		_, _ = io.WriteString(c, b)
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}
	// Garbage where RTP belongs, from an admitted publisher.
	c := r.dial(t)
	r.record(t, c)
	s := r.admitter.Next(t)
	for _, b := range []string{"", "\x80", "\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\x80\x60\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x7c\x85", strings.Repeat("\xff", 2000)} {
		_, _ = c.Write(append([]byte{'$', 0, byte(len(b) >> 8), byte(len(b))}, b...))
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if got := s.Reason(t); got != gatepost.EndNetwork {
		t.Errorf("ended with %q", got)
	}
	if lost, _ := s.Loss(); lost == 0 {
		t.Error("garbage was not counted")
	}
	// And the server still works.
	ask(t, r.dial(t), "OPTIONS", "*", "", "")
}
