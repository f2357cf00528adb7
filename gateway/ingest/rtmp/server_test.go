package rtmp

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest/ingesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type running struct {
	admitter *ingesttest.Admitter
	address  string
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

func start(t *testing.T, change func(*Options)) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	r := &running{admitter: ingesttest.NewAdmitter(), address: ln.Addr().String()}
	opts := Options{Admitter: r.admitter, Listener: ln, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&opts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(opts).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if strings.Contains(log.b.String(), ingesttest.Key) {
			t.Errorf("the key is in the log:\n%s", log.b.String())
		}
	})
	return r
}

func (r *running) url(rest string) string { return "rtmp://" + r.address + "/" + rest }

const (
	queryKey = "live/" + ingesttest.Camera + "?key=" + ingesttest.Key
	pathKey  = "live/" + ingesttest.Camera + "/" + ingesttest.Key
)

func TestPush(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast"}
	for _, c := range []struct {
		name, url string
		args      []string
		audio     bool
		codecs    string
		frames    int
	}{
		{"H.264 AAC", queryKey, append(x264, "-c:a", "aac"), true, "h264 aac", 100},
		{"key in the path", pathKey, append(x264, "-c:a", "aac"), true, "h264 aac", 50},
		{"B-frames, no audio", queryKey, append(x264, "-bf", "2"), false, "h264", 75},
		{"G.711 A", queryKey, append(x264, "-c:a", "pcm_alaw", "-ar", "8000"), true, "h264 g711a", 50},
		{"G.711 µ", queryKey, append(x264, "-c:a", "pcm_mulaw", "-ar", "8000"), true, "h264 g711u", 50},
		{"other audio is ignored", queryKey, append(x264, "-c:a", "libmp3lame", "-ar", "44100"), true, "h264", 50},
		{"shorter than our patience", queryKey, append(x264, "-flvflags", "no_metadata"), false, "h264", 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			push := ingesttest.Push(t, append(append(ingesttest.Source(c.frames, c.audio), c.args...), "-f", "flv", r.url(c.url))...)
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
				t.Errorf("%d messages lost, %d received", lost, received)
			}
			if s.Tracks()[0].SPS == nil {
				t.Error("no SPS in the track")
			}
		})
	}
}

func TestPushTLS(t *testing.T) {
	r := start(t, func(o *Options) { o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t)}} })
	push := ingesttest.Push(t, append(ingesttest.Source(25, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", "rtmps://"+r.address+"/"+queryKey)...)
	s := r.admitter.Next(t)
	if out, err := push.Wait(t); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	s.Reason(t)
	if got := s.Check(t); got != 25 {
		t.Errorf("%d frames", got)
	}
}

// TestEnhanced pushes what ffmpeg 5.1 cannot: enhanced RTMP, by another
// implementation of it.
func TestEnhanced(t *testing.T) {
	vps := []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x7b, 0x18, 0xb0, 0x24}
	sps := []byte{0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x7b, 0xa0, 0x07, 0x82, 0x00, 0x88, 0x7d, 0xb6, 0x71, 0x8b, 0x92, 0x44, 0x80, 0x53, 0x88, 0x88, 0x92, 0xcf, 0x24, 0xa6, 0x92, 0x72, 0xc9, 0x12, 0x49, 0x22, 0xdc, 0x91, 0xaa, 0x48, 0xfc, 0xa2, 0x23, 0xff, 0x00, 0x01, 0x00, 0x01, 0x6a, 0x02, 0x02, 0x02, 0x01}
	pps := []byte{0x44, 0x01, 0xc0, 0x25, 0x2f, 0x05, 0x32, 0x40}
	for _, c := range []struct {
		name   string
		video  *gortmplib.Track
		audio  *gortmplib.Track
		codecs string
	}{
		{"H.265 Opus", &gortmplib.Track{Codec: &codecs.H265{VPS: vps, SPS: sps, PPS: pps}}, &gortmplib.Track{Codec: &codecs.Opus{IDHeader: &opus.IDHeader{Version: 1, ChannelCount: 2}}}, "h265 opus"},
		{"AV1", &gortmplib.Track{Codec: &codecs.AV1{}}, nil, "av1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			u, err := url.Parse(r.url(queryKey))
			if err != nil {
				t.Fatal(err)
			}
			client := &gortmplib.Client{URL: u, Publish: true}
			if err := client.Initialize(context.Background()); err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			s := r.admitter.Next(t)
			w := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{c.video}}
			if c.audio != nil {
				w.Tracks = append(w.Tracks, c.audio)
			}
			if err := w.Initialize(); err != nil {
				t.Fatal(err)
			}
			const frames = 60
			for i := range frames {
				pts := time.Duration(i) * 40 * time.Millisecond
				if c.audio != nil {
					if err := w.WriteOpus(c.audio, pts, []byte{0xfc, 1, 2, 3}); err != nil {
						t.Fatal(err)
					}
				}
				if _, ok := c.video.Codec.(*codecs.H265); ok {
					nal := []byte{0x26, 1, 0x80, 1, 2}
					if i%10 != 0 {
						nal = []byte{0x02, 1, 0x80, byte(i)}
					}
					err = w.WriteH265(c.video, pts, pts, [][]byte{nal})
				} else {
					tu := [][]byte{{0x30, byte(i)}}
					if i%10 == 0 {
						tu = [][]byte{{8, 0, 0, 0, 66, 167, 191, 228, 96, 13, 0, 64}, {0x30, 0x10}}
					}
					err = w.WriteAV1(c.video, pts, tu)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			want := frames
			if c.audio != nil {
				want *= 2
			}
			s.Units(t, want)
			client.Close()
			if got := s.Reason(t); got != gatepost.EndNetwork {
				t.Errorf("ended with %q", got)
			}
			if got := s.Check(t); got != frames {
				t.Errorf("%d frames came", got)
			}
			if got := s.Codecs(); got != c.codecs {
				t.Errorf("tracks %q", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	r := start(t, nil)
	live := ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", r.url(queryKey))...)
	r.admitter.Next(t).Units(t, 1)
	for _, c := range []struct{ name, path, want string }{
		{"wrong key", "live/" + ingesttest.Camera + "?key=wrong", "code=401"},
		{"wrong key in the path", "live/" + ingesttest.Camera + "/wrong", "code=401"},
		{"key in the wrong place", "live/" + ingesttest.Key, "code=404"},
		{"no key", "live/" + ingesttest.Camera, "code=401"},
		{"unknown", "live/" + ingesttest.Unknown + "?key=" + ingesttest.Key, "code=404"},
		{"strange path", "live/a/b/c/d", "code=404"},
		{"suspended", "live/" + ingesttest.Suspended + "?key=" + ingesttest.Key, "code=403"},
		{"second publisher", queryKey, "code=409"},
		{"control plane away", "live/" + ingesttest.Away + "?key=" + ingesttest.Key, "code=503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := ingesttest.Push(t, append(ingesttest.Source(25, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", r.url(c.path))...).Wait(t)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v: %q, want %s", err, out, c.want)
			}
		})
	}
	t.Run("reading", func(t *testing.T) {
		out, err := ingesttest.Push(t, "-hide_banner", "-nostdin", "-i", r.url(queryKey), "-f", "null", "-").Wait(t)
		if err == nil || !strings.Contains(out, "code=405") {
			t.Errorf("%v: %q", err, out)
		}
	})
	live.Kill()
}

func TestNothingUsable(t *testing.T) {
	r := start(t, nil)
	push := ingesttest.Push(t, append(ingesttest.Source(250, false), "-c:v", "flv1", "-f", "flv", r.url(queryKey))...)
	s := r.admitter.Next(t)
	out, err := push.Wait(t)
	if err == nil {
		t.Errorf("accepted: %s", out)
	}
	if got := s.Reason(t); got != gatepost.EndProtocol {
		t.Errorf("ended with %q", got)
	}
}

func TestKilledStoppedSilent(t *testing.T) {
	push := func(r *running) *ingesttest.FFmpeg {
		return ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", r.url(queryKey))...)
	}
	t.Run("killed", func(t *testing.T) {
		r := start(t, nil)
		p := push(r)
		s := r.admitter.Next(t)
		s.Units(t, 5)
		p.Kill()
		if got := s.Reason(t); got != gatepost.EndNetwork {
			t.Errorf("ended with %q", got)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		r := start(t, nil)
		p := push(r)
		s := r.admitter.Next(t)
		s.Units(t, 5)
		s.Stop()
		if _, err := p.Wait(t); err == nil {
			t.Error("ffmpeg did not notice")
		}
		s.Reason(t)
	})
	t.Run("silent", func(t *testing.T) {
		r := start(t, func(o *Options) { o.ReadTimeout = 300 * time.Millisecond })
		u, _ := url.Parse(r.url(queryKey))
		client := &gortmplib.Client{URL: u, Publish: true}
		if err := client.Initialize(context.Background()); err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if got := r.admitter.Next(t).Reason(t); got != gatepost.EndTimeout {
			t.Errorf("ended with %q", got)
		}
	})
}

func TestHalfOpenAndGarbage(t *testing.T) {
	r := start(t, func(o *Options) { o.HandshakeTimeout = 300 * time.Millisecond })
	hello := append([]byte{3}, make([]byte, 1536)...)
	for name, b := range map[string][]byte{
		"nothing": nil, "half a handshake": hello[:700], "handshake, then nothing": append(hello, make([]byte, 1536)...),
		"HTTP": []byte("GET / HTTP/1.1\r\n\r\n"), "wrong version": append([]byte{9}, make([]byte, 3072)...), "RTMPE": append([]byte{6}, make([]byte, 3072)...),
		"garbage after the handshake": append(append(hello, make([]byte, 1536)...), bytes.Repeat([]byte{0xff, 0x03, 0x00}, 5000)...),
		"endless":                     append(append(hello, make([]byte, 1536)...), bytes.Repeat([]byte{2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0, 1}, 40000)...),
		"nested objects":              append(append(hello, make([]byte, 1536)...), nested()...),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", r.address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(ingesttest.Wait))
			_, _ = c.Write(b)
			if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "broken pipe") {
				t.Errorf("the connection stayed open: %v", err)
			}
		})
	}
	if n := len(r.admitter.Requests()); n != 0 {
		t.Errorf("%d requests for admission", n)
	}
}

// nested is a command of objects within objects, in chunks of 128 bytes.
func nested() []byte {
	body := append([]byte{2, 0, 7}, "connect"...)
	for len(body) < 30000 {
		body = append(body, 3, 0, 1, 'a')
	}
	out := []byte{3, 0, 0, 0, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), 20, 0, 0, 0, 0}
	for first := true; len(body) > 0; first = false {
		if !first {
			out = append(out, 0xc3)
		}
		n := min(128, len(body))
		out = append(out, body[:n]...)
		body = body[n:]
	}
	return out
}
