package contract

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/live/llhls"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/hls"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// origin is one camera and what serves it: the real stream, muxer, ring and
// handler.
type origin struct {
	ring    *hls.Ring
	handler http.Handler
	camera  *stream.Stream

	mu        sync.Mutex
	disturbed time.Time // when the source was last disturbed
	ongoing   bool
}

func newOrigin(o hls.Options) *origin {
	c := &origin{ring: hls.New(o)}
	c.handler = llhls.New(llhls.Options{Authoriser: c, Rings: c})
	muxer := cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{c.ring}, Log: slog.New(slog.DiscardHandler)})
	c.camera = stream.New(stream.Options{Camera: "camera", Sinks: []stream.Sink{muxer}, Log: slog.New(slog.DiscardHandler)})
	return c
}

// Ring implements llhls.Rings.
func (c *origin) Ring(string) *hls.Ring { return c.ring }

// Verify implements llhls.Authoriser: everybody may watch.
func (c *origin) Verify(_ context.Context, token string) (llhls.Viewer, error) {
	return llhls.Viewer{GrantID: token, CameraID: "camera", Action: gatepost.ActionLive}, nil
}

// disturb runs f, during which the source is not what it should be.
func (c *origin) disturb(f func()) {
	c.mu.Lock()
	c.ongoing = true
	c.mu.Unlock()
	f()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ongoing, c.disturbed = false, time.Now()
}

func (c *origin) wasDisturbed(since time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ongoing || !c.disturbed.Before(since)
}

// clip is a clip that can be played over and over.
type clip struct {
	*mediatest.Clip
	length time.Duration // of its video
	first  time.Duration // the time of its first unit
}

// newClip encodes seconds of a test picture, which must be a whole number of
// frames, audio frames included.
func newClip(tb testing.TB, size, fps, seconds string, audio bool, args ...string) *clip {
	tb.Helper()
	args = append(mediatest.Source(size, fps, seconds, audio), args...)
	if audio {
		args = append(args, "-c:a", "aac", "-b:a", "32k")
	}
	c := &clip{Clip: mediatest.TS(tb, args...)}
	c.length, _ = time.ParseDuration(seconds + "s")
	c.first = media.Duration(c.Units[0].PTS, c.Tracks[c.Units[0].Track].ClockRate)
	slices.SortStableFunc(c.Units, func(a, b *media.Unit) int { return cmp.Compare(c.time(a), c.time(b)) })
	return c
}

// time returns when a unit is sent, from the first one on.
func (c *clip) time(u *media.Unit) time.Duration {
	return media.Duration(u.DTS, c.Tracks[u.Track].ClockRate) - c.first
}

// withoutAudio returns c with its video alone.
func (c *clip) withoutAudio() *clip {
	out := &clip{Clip: &mediatest.Clip{}, length: c.length, first: c.first}
	for i, t := range c.Tracks {
		if !t.Codec.Video() {
			continue
		}
		out.Tracks = []*media.Track{t}
		for _, u := range c.Units {
			if u.Track == i {
				copied := *u
				copied.Track = 0
				out.Units = append(out.Units, &copied)
			}
		}
	}
	return out
}

// h264 are the options of a small H.264 encoding with a key frame every gop frames.
func h264(gop string, more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "ultrafast", "-b:v", "100k", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", "0"}, more...)
}

// connection is one connection of the camera. Its media clock goes on from clip to
// clip.
type connection struct {
	origin *origin
	to     *stream.Publisher
	began  time.Time
	at     time.Duration // media time played so far
	skew   time.Duration // added to all times
}

func (c *origin) connect(tb testing.TB, first *clip) *connection {
	tb.Helper()
	p, err := c.camera.Publish(first.Tracks)
	if err != nil {
		tb.Fatal(err)
	}
	return &connection{origin: c, to: p, began: time.Now()}
}

// play sends a clip for a time, rounded up to whole clips, as fast as it was
// recorded. lost tells which of the media time never arrives; nil: all arrives.
func (c *connection) play(ctx context.Context, tb testing.TB, k *clip, d time.Duration, lost func(since time.Duration) bool) {
	tb.Helper()
	begin := c.at
	for end := c.at + d; c.at < end && ctx.Err() == nil; c.at += k.length {
		for _, u := range k.Units {
			rate := k.Tracks[u.Track].ClockRate
			next := *u
			next.PTS += media.Ticks(c.at+c.skew-k.first, rate)
			if next.DTS != media.NoDTS {
				next.DTS += media.Ticks(c.at+c.skew-k.first, rate)
			}
			since := k.time(u) + c.at
			if !sleepUntil(ctx, c.began.Add(since)) {
				return
			}
			if lost != nil && lost(since-begin) {
				continue
			}
			if err := c.to.Write(&next); err != nil {
				tb.Error(err)
				return
			}
		}
	}
	sleepUntil(ctx, c.began.Add(c.at))
}

// silent lets time go by in which nothing arrives.
func (c *connection) silent(ctx context.Context, d time.Duration) {
	c.origin.disturb(func() { sleepUntil(ctx, time.Now().Add(d)) })
	c.at += d
}

func (c *connection) close() { c.to.Close("network") }

func sleepUntil(ctx context.Context, t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pipes is a net.Listener without a network, for bubbles.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case p.conns <- b:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// serve serves handler by HTTP over pipes and returns a client of it. stop ends
// all of it.
func serve(tb testing.TB, handler http.Handler) (client *http.Client, stop func()) {
	tb.Helper()
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 8, DisableCompression: true}
	return &http.Client{Transport: transport}, func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			tb.Error(err)
		}
	}
}
