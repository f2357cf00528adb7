package srt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest/ingesttest"
)

// The client of the library leaves a goroutine behind when it is rejected; the
// listener, which is ours, does not.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/datarhei/gosrt.DialWithContext.func1"))
}

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
	ln, err := Listen("127.0.0.1:0")
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
		for _, secret := range []string{ingesttest.Key, r.admitter.Passphrase} {
			if strings.Contains(log.b.String(), secret) {
				t.Errorf("a secret is in the log:\n%s", log.b.String())
			}
		}
	})
	return r
}

func (r *running) url(rest string) string {
	return "srt://" + r.address + "?pkt_size=1316&streamid=" + rest
}

func (r *running) encrypted() string {
	return r.url("publish:" + ingesttest.Camera + "&passphrase=" + r.admitter.Passphrase)
}

// tail is how many of the last units may stay in SRT's latency when the caller
// says goodbye: 120 ms and some.
const tail = 16

func TestPush(t *testing.T) {
	// Without zerolatency an encoder keeps half a second of pictures back and
	// sends them all in the moment before it closes.
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"}
	inClear := func(r *running) string { return r.url("publish:" + ingesttest.Camera + ":" + ingesttest.Key) }
	for _, c := range []struct {
		name   string
		url    func(*running) string
		args   []string
		audio  bool
		codecs string
		frames int
	}{
		{"encrypted H.264 AAC", (*running).encrypted, append(x264, "-c:a", "aac"), true, "h264 aac", 300},
		{"in the clear, B-frames", inClear, []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"}, false, "h264", 75},
		{"H.265 Opus", inClear, []string{"-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params", "log-level=error", "-c:a", "libopus"}, true, "h265 opus", 75},
		{"access control form", func(r *running) string {
			return r.url("#!::m=publish,r=" + ingesttest.Camera + ",s=" + ingesttest.Key)
		}, append(x264, "-c:a", "aac"), true, "h264 aac", 75},
		{"other audio is ignored", inClear, append(x264, "-c:a", "mp2"), true, "h264", 75},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			push := ingesttest.Push(t, append(append(ingesttest.Source(c.frames, c.audio), c.args...), "-f", "mpegts", c.url(r))...)
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
			got := s.Check(t)
			if got > c.frames || got < c.frames-tail {
				t.Errorf("%d frames came, %d were sent", got, c.frames)
			}
			// Nothing but the tail may be missing: times are without a gap.
			var last int64
			n := 0
			for _, u := range s.Units(t, got) {
				if !s.Tracks()[u.Track].Codec.Video() {
					continue
				}
				if n > 0 && u.DTS-last > 3600+90 {
					t.Errorf("gap of %d ticks before frame %d", u.DTS-last, n)
				}
				last = u.DTS
				n++
			}
			if lost, received := s.Loss(); lost != 0 || received == 0 {
				t.Errorf("%d packets lost, %d received", lost, received)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	r := start(t, nil)
	live := ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts", r.encrypted())...)
	r.admitter.Next(t).Units(t, 1)
	for _, c := range []struct {
		name, id, passphrase string
		want                 gosrt.RejectionReason
	}{
		{"wrong passphrase", "publish:" + ingesttest.Camera, strings.Repeat("ab", 20), gosrt.REJ_BADSECRET},
		{"no passphrase, no key", "publish:" + ingesttest.Camera, "", gosrt.REJ_UNSECURE},
		{"key in the wrong place", "publish:" + ingesttest.Key + ":x", "", gosrt.REJX_NOTFOUND},
		{"wrong key", "publish:" + ingesttest.Camera + ":wrong", "", gosrt.REJX_UNAUTHORIZED},
		{"unknown", "publish:" + ingesttest.Unknown + ":" + ingesttest.Key, "", gosrt.REJX_NOTFOUND},
		{"unknown, encrypted", "publish:" + ingesttest.Unknown, r.admitter.Passphrase, gosrt.REJX_NOTFOUND},
		{"suspended", "publish:" + ingesttest.Suspended, r.admitter.Passphrase, gosrt.REJX_FORBIDDEN},
		{"control plane away", "publish:" + ingesttest.Away + ":" + ingesttest.Key, "", gosrt.REJX_DOWN},
		{"control plane away, encrypted", "publish:" + ingesttest.Away, r.admitter.Passphrase, gosrt.REJX_DOWN},
		{"second publisher", "publish:" + ingesttest.Camera, r.admitter.Passphrase, gosrt.REJX_CONFLICT},
		{"reading", "read:" + ingesttest.Camera, "", gosrt.REJX_BAD_MODE},
		{"reading, access control form", "#!::r=" + ingesttest.Camera, "", gosrt.REJX_BAD_MODE},
		{"another form", "hello", "", gosrt.REJX_BAD_REQUEST},
		{"none", "", "", gosrt.REJX_BAD_REQUEST},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := gosrt.DefaultConfig()
			config.StreamId, config.Passphrase = c.id, c.passphrase
			conn, err := gosrt.Dial("srt", r.address, config)
			if err == nil {
				conn.Close()
				t.Fatal("let in")
			}
			// The library's client prints the code in base 32.
			if want := "(" + strconv.FormatInt(int64(c.want), 32) + ")"; !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want %d", err, c.want)
			}
		})
	}
	// And ffmpeg as the second publisher, while the first goes on.
	if out, err := ingesttest.Push(t, append(ingesttest.Source(25, false), "-c:v", "libx264", "-f", "mpegts", r.encrypted())...).Wait(t); err == nil {
		t.Errorf("a second publisher was let in: %s", out)
	}
	live.Kill()
}

func (r *running) dial(t *testing.T) gosrt.Conn {
	t.Helper()
	config := gosrt.DefaultConfig()
	config.StreamId = "publish:" + ingesttest.Camera + ":" + ingesttest.Key
	conn, err := gosrt.Dial("srt", r.address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestEnds(t *testing.T) {
	push := func(r *running) *ingesttest.FFmpeg {
		return ingesttest.Push(t, append(ingesttest.Source(1000, false), "-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts", r.encrypted())...)
	}
	t.Run("killed", func(t *testing.T) {
		r := start(t, func(o *Options) { o.ReadTimeout = 2 * time.Second })
		p := push(r)
		s := r.admitter.Next(t)
		s.Units(t, 5)
		p.Kill()
		if got := s.Reason(t); got != gatepost.EndTimeout {
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
	t.Run("shutdown", func(t *testing.T) {
		var s *ingesttest.Session
		t.Run("run", func(t *testing.T) {
			r := start(t, nil)
			push(r)
			s = r.admitter.Next(t)
			s.Units(t, 5)
		})
		if got := s.Reason(t); got != gatepost.EndShutdown {
			t.Errorf("ended with %q", got)
		}
	})
	t.Run("connected, then nothing", func(t *testing.T) {
		r := start(t, func(o *Options) { o.HandshakeTimeout = 300 * time.Millisecond })
		r.dial(t)
		if got := r.admitter.Next(t).Reason(t); got != gatepost.EndTimeout {
			t.Errorf("ended with %q", got)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		r := start(t, func(o *Options) { o.HandshakeTimeout = time.Second })
		conn := r.dial(t)
		s := r.admitter.Next(t)
		for i := range 100 {
			_, _ = conn.Write(bytes.Repeat([]byte{0x47, byte(i), 0xff}, 400))
		}
		if got := s.Reason(t); got == "" || got == gatepost.EndClosed {
			t.Errorf("ended with %q", got)
		}
	})
}

func TestPortInUse(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if second, err := Listen(ln.Addr().String()); err == nil {
		second.Close()
		t.Error("two listeners share a port")
	}
}

func TestPerHost(t *testing.T) {
	r := start(t, func(o *Options) { o.MaxPerHost = 1 })
	r.dial(t)
	config := gosrt.DefaultConfig()
	config.StreamId = "publish:" + ingesttest.Camera + ":" + ingesttest.Key
	if conn, err := gosrt.Dial("srt", r.address, config); err == nil {
		conn.Close()
		t.Error("a second session was let in")
	}
}

func TestGarbageDatagrams(t *testing.T) {
	r := start(t, nil)
	c, err := net.Dial("udp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 200 {
		_, _ = c.Write(bytes.Repeat([]byte{byte(i), 0x80, 0}, i))
	}
	r.dial(t) // still works
}
