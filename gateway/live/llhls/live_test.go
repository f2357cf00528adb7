package llhls_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
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

const cam = "0193a000-0000-7000-8000-000000000001"

// gateway is a gateway of one camera. Its tokens are the ids of grants.
type gateway struct {
	ring    *hls.Ring // nil: the camera is not here
	handler *llhls.Handler
	server  *httptest.Server
	mux     *http.ServeMux

	mu       sync.Mutex
	grants   map[string]error // a token's error; nil: it verifies
	expires  map[string]time.Time
	verified int
	answers  map[int]int // by status
}

func newGateway(tb testing.TB, ring *hls.Ring) *gateway {
	tb.Helper()
	g := &gateway{ring: ring, grants: map[string]error{"viewer": nil}, expires: map[string]time.Time{}, answers: map[int]int{}}
	g.handler = llhls.New(llhls.Options{Authoriser: g, Rings: g, FirstPart: 500 * time.Millisecond})
	g.mux = http.NewServeMux()
	g.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		g.handler.ServeHTTP(rec, r)
		if r.URL.Path == "/favicon.ico" {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.answers[rec.status]++
	})
	g.server = httptest.NewServer(g.mux)
	tb.Cleanup(func() {
		if ring != nil {
			ring.Close()
		}
		g.server.CloseClientConnections()
		g.server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return g
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (g *gateway) Ring(camera string) *hls.Ring {
	if camera != cam {
		return nil
	}
	return g.ring
}

func (g *gateway) Verify(_ context.Context, token string) (llhls.Viewer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.verified++
	err, ok := g.grants[token]
	if !ok {
		err = &gatepost.Error{Code: gatepost.Unauthenticated, Message: "not ours"}
	}
	if err != nil {
		return llhls.Viewer{}, err
	}
	v := llhls.Viewer{GrantID: token, CameraID: cam, Action: gatepost.ActionLive, ExpiresAt: g.expires[token]}
	switch token {
	case "playback":
		v.Action = gatepost.ActionPlayback
	case "elsewhere":
		v.CameraID = "another"
	case "bound":
		v.Networks = "203.0.113.0/24"
	case "near":
		v.Networks, v.KeyID = "127.0.0.0/8", "key"
	}
	return v, nil
}

// revoke does what the gateway's admission does.
func (g *gateway) revoke(grant string) {
	g.mu.Lock()
	g.grants[grant] = &gatepost.Error{Code: gatepost.Gone, Message: "revoked"}
	g.mu.Unlock()
	g.handler.Revoke(grant)
}

func (g *gateway) allow(grants ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range grants {
		g.grants[id] = nil
	}
}

func (g *gateway) url(token string) string { return g.server.URL + "/hls/" + token + "/index.m3u8" }

// clips are made once; each is a key frame every gop frames, at 25 fps.
var clips = map[int]func(testing.TB) *mediatest.Clip{25: clip("25", "2"), 250: clip("250", "20")}

func clip(gop, seconds string) func(testing.TB) *mediatest.Clip {
	var once sync.Once
	var c *mediatest.Clip
	return func(tb testing.TB) *mediatest.Clip {
		once.Do(func() {
			c = mediatest.TS(tb, append(mediatest.Source("320x180", "25", seconds, true),
				"-c:v", "libx264", "-preset", "ultrafast", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", "0", "-c:a", "aac")...)
		})
		if c == nil {
			tb.Skip("no clip")
		}
		return c
	}
}

// push plays a clip into a ring over and over, as one run, until stop is called or
// the test ends. What lies in the past is pushed at once.
func push(tb testing.TB, ring *hls.Ring, c *mediatest.Clip, run string, past time.Duration) (stop func()) {
	tb.Helper()
	start := time.Now().Add(-past)
	var wall atomic.Int64 // µs since start at which the present unit arrives
	at := func() time.Time { return start.Add(time.Duration(wall.Load()) * time.Microsecond) }
	muxer := cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{ring}})
	camera := stream.New(stream.Options{Camera: cam, Sinks: []stream.Sink{muxer}, Now: at, Log: slog.New(slog.DiscardHandler)})
	publisher, err := camera.Publish(c.Tracks)
	if err != nil {
		tb.Fatal(err)
	}
	var frames int64
	for _, u := range c.Units {
		if c.Tracks[u.Track].Codec.Video() {
			frames++
		}
	}
	length := time.Duration(frames) * time.Second / 25
	first := media.Duration(c.Units[0].PTS, c.Tracks[c.Units[0].Track].ClockRate)
	ctx, cancel := context.WithCancel(tb.Context())
	var wg sync.WaitGroup
	caught := make(chan struct{})
	wg.Go(func() {
		defer publisher.Close("network")
		var late sync.Once
		for round := time.Duration(0); ; round++ {
			for _, u := range c.Units {
				rate := c.Tracks[u.Track].ClockRate
				next := *u
				next.PTS += media.Ticks(round*length, rate)
				next.DTS = next.PTS
				since := media.Duration(next.PTS, rate) - first
				wall.Store(max(wall.Load(), since.Microseconds()))
				if wait := time.Until(start.Add(since)); wait > 0 {
					late.Do(func() { close(caught) })
					select {
					case <-time.After(wait):
					case <-ctx.Done():
						return
					}
				}
				if err := publisher.Write(&next); err != nil {
					tb.Error(err)
					late.Do(func() { close(caught) })
					return
				}
			}
		}
	})
	<-caught
	stop = func() { cancel(); wg.Wait() }
	tb.Cleanup(stop)
	return stop
}
