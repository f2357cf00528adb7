package admission

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// control is a control plane with cameras by id.
type control struct {
	mu         sync.Mutex
	away       bool
	silent     bool              // takes questions and answers none
	keys       map[string]string // camera → key
	suspended  map[string]bool
	epoch      int64
	acceptance bool
	asked      int
	syncs      []gatepost.SyncRequest
	reply      gatepost.SyncReply
	measured   []gatepost.Measurement
}

func (c *control) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

var errAway = &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}

// wait is silence.
func (c *control) wait(ctx context.Context) error {
	c.mu.Lock()
	silent := c.silent
	c.mu.Unlock()
	if silent {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (c *control) AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (gatepost.PublishPermit, error) {
	if err := c.wait(ctx); err != nil {
		return gatepost.PublishPermit{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	key, ok := c.keys[req.CameraID]
	switch {
	case c.away:
		return gatepost.PublishPermit{}, errAway
	case !ok:
		return gatepost.PublishPermit{}, &gatepost.Error{Code: gatepost.NotFound}
	case !req.Proven && req.Key != key:
		return gatepost.PublishPermit{}, &gatepost.Error{Code: gatepost.Unauthenticated}
	case c.suspended[req.CameraID]:
		return gatepost.PublishPermit{}, &gatepost.Error{Code: gatepost.Forbidden}
	}
	c.epoch++
	return gatepost.PublishPermit{CameraID: req.CameraID, Epoch: c.epoch, RetentionDays: 30, NeedsAcceptance: c.acceptance}, nil
}

func (c *control) SRTPassphrase(ctx context.Context, camera string) (string, error) {
	if err := c.wait(ctx); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return "", errAway
	}
	if key, ok := c.keys[camera]; ok {
		return gatepost.SRTPassphrase(key), nil
	}
	return "", &gatepost.Error{Code: gatepost.NotFound}
}

func (c *control) Sync(_ context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return gatepost.SyncReply{}, errAway
	}
	c.syncs = append(c.syncs, req)
	r := c.reply
	c.reply = gatepost.SyncReply{Cursor: r.Cursor}
	return r, nil
}

func (c *control) ReportMeasurement(_ context.Context, _ string, m gatepost.Measurement) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return errAway
	}
	c.measured = append(c.measured, m)
	return nil
}

// last returns the last status of a camera that was told.
func (c *control) last(camera string) (status gatepost.CameraStatus, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.syncs {
		for _, s := range r.Cameras {
			if s.CameraID == camera {
				status = s
				times++
			}
		}
	}
	return status, times
}

// outlet records what a channel's sinks hear.
type outlet struct {
	mu     sync.Mutex
	runs   int
	parts  int
	ends   []string
	closed int
}

func (o *outlet) Start(string, *cmaf.Init) { o.mu.Lock(); o.runs++; o.mu.Unlock() }
func (o *outlet) Part(*cmaf.Part)          { o.mu.Lock(); o.parts++; o.mu.Unlock() }
func (o *outlet) End(reason string)        { o.mu.Lock(); o.ends = append(o.ends, reason); o.mu.Unlock() }

func (o *outlet) heard() (runs, closed int, ends []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.runs, o.closed, slices.Clone(o.ends)
}

// rig is an Admission under test, inside a synctest bubble.
type rig struct {
	*Admission
	t       *testing.T
	control *control
	camera  string
	key     string
	mu      sync.Mutex
	outlets []*outlet
	revoked []string
	stop    func()
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, camera: gatepost.NewID(), key: gatepost.NewSecret(20)}
	r.control = &control{keys: map[string]string{r.camera: r.key}, suspended: map[string]bool{}}
	r.Admission = New(Options{
		Control: r.control, Node: "node",
		Outlets: func(gatepost.PublishPermit) (Outlets, error) {
			o := &outlet{}
			r.mu.Lock()
			r.outlets = append(r.outlets, o)
			r.mu.Unlock()
			return Outlets{Sinks: []cmaf.Sink{o}, Close: func() { o.mu.Lock(); o.closed++; o.mu.Unlock() }}, nil
		},
		OnRevoked: func(ids []string) { r.revoked = append(r.revoked, ids...) },
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

func (r *rig) request(change func(*ingest.Request)) ingest.Request {
	q := ingest.Request{CameraID: r.camera, Key: r.key, Protocol: "rtsp", Remote: "10.0.0.1:1234"}
	if change != nil {
		change(&q)
	}
	return q
}

func (r *rig) admitted(change func(*ingest.Request)) ingest.Session {
	r.t.Helper()
	s, err := r.Admit(r.t.Context(), r.request(change))
	if err != nil {
		r.t.Fatalf("Admit: %v", err)
	}
	return s
}

func (r *rig) refused(want gatepost.Code, change func(*ingest.Request)) {
	r.t.Helper()
	if s, err := r.Admit(r.t.Context(), r.request(change)); gatepost.CodeOf(err) != want {
		r.t.Fatalf("Admit: %v, %v; want %s", s, err, want)
	}
}

// feed pushes Opus in real time until the returned function is called or the
// session ends.
func (r *rig) feed(s ingest.Session) (stop func()) {
	r.t.Helper()
	if err := s.Start([]*media.Track{{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}}); err != nil {
		r.t.Fatal(err)
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := int64(0); ; i++ {
			if s.Write(&media.Unit{PTS: i * 960, DTS: i * 960, NTP: time.Now(), Data: [][]byte{{0xfc, 1, 2}}, Key: true}) != nil {
				return
			}
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(quit); <-done })
	r.t.Cleanup(stop)
	synctest.Wait()
	return stop
}

func isDone(s ingest.Session) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		suspended := gatepost.NewID()
		r.control.keys[suspended], r.control.suspended[suspended] = r.key, true
		r.refused(gatepost.NotFound, func(q *ingest.Request) { q.CameraID = "../etc" })
		r.refused(gatepost.NotFound, func(q *ingest.Request) { q.CameraID = "" })
		r.refused(gatepost.NotFound, func(q *ingest.Request) { q.CameraID = gatepost.NewID() })
		r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key = "" })
		r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key = "x" })
		r.refused(gatepost.Forbidden, func(q *ingest.Request) { q.CameraID = suspended })
		r.control.set(func() { r.control.away = true })
		r.refused(gatepost.Unavailable, nil)
		if r.Stream(r.camera) != nil {
			t.Error("a refused camera has a stream")
		}
	})
}

func TestTakeover(t *testing.T) {
	srt := func(q *ingest.Request) { q.Proven, q.Key, q.Protocol, q.Remote = true, "", "srt", "10.0.0.2:1" }
	t.Run("a live session keeps others out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.stop()
			first := r.admitted(nil)
			r.feed(first)
			began := time.Now()
			r.refused(gatepost.Conflict, nil)
			r.refused(gatepost.Conflict, func(q *ingest.Request) { q.Remote = "10.9.9.9:1" })
			if d := time.Since(began); d > 200*time.Millisecond {
				t.Errorf("it took %v to see that the first is alive", d)
			}
			if isDone(first) {
				t.Error("the first was ended")
			}
		})
	})
	t.Run("and so by another protocol", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.stop()
			if _, err := r.SRTPassphrase(t.Context(), r.camera); err != nil {
				t.Fatal(err)
			}
			first := r.admitted(srt)
			r.feed(first)
			r.refused(gatepost.Conflict, nil)
			r.refused(gatepost.Conflict, srt)
			if isDone(first) {
				t.Error("the first was ended")
			}
		})
	})
	t.Run("a silent one is replaced at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.stop()
			first := r.admitted(nil)
			r.feed(first)()
			stream := r.Stream(r.camera)
			time.Sleep(3 * time.Second)
			began := time.Now()
			second := r.admitted(nil)
			if time.Since(began) != 0 || !isDone(first) || isDone(second) {
				t.Errorf("after %v: first done %v, second done %v", time.Since(began), isDone(first), isDone(second))
			}
			r.feed(second)
			if r.Stream(r.camera) != stream {
				t.Error("viewers lost their stream")
			}
			runs, _, ends := r.outlets[0].heard()
			if runs != 2 || len(ends) != 1 || ends[0] != string(gatepost.EndReplaced) {
				t.Errorf("%d runs, ended %q", runs, ends)
			}
			first.End(gatepost.EndNetwork) // its protocol notices late
			if isDone(second) {
				t.Error("the end of the first ended the second")
			}
		})
	})
	t.Run("a quick reconnect waits for the silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.stop()
			first := r.admitted(nil)
			r.feed(first)()
			began := time.Now()
			r.admitted(nil)
			if d := time.Since(began); d < 1900*time.Millisecond || d > 2100*time.Millisecond || !isDone(first) {
				t.Errorf("admitted after %v, first done %v", d, isDone(first))
			}
		})
	})
	t.Run("a rotated key replaces a live session", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.stop()
			first := r.admitted(nil)
			r.feed(first)
			rotated := gatepost.NewSecret(20)
			r.control.set(func() { r.control.keys[r.camera] = rotated })
			r.admitted(func(q *ingest.Request) { q.Key = rotated })
			if !isDone(first) {
				t.Error("the old key's session goes on")
			}
			r.refused(gatepost.Unauthenticated, nil)
		})
	})
}

// What the control plane refused does not count again when it is away.
func TestRefusedProofIsForgotten(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(*rig)
		want   gatepost.Code
	}{
		{"rotated", func(r *rig) { r.control.keys[r.camera] = gatepost.NewSecret(20) }, gatepost.Unauthenticated},
		{"removed", func(r *rig) { delete(r.control.keys, r.camera) }, gatepost.NotFound},
		{"suspended", func(r *rig) { r.control.suspended[r.camera] = true }, gatepost.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				defer r.stop()
				r.admitted(nil).End(gatepost.EndClosed)
				r.control.set(func() { c.refuse(r) })
				r.refused(c.want, nil)
				r.control.set(func() { r.control.away = true })
				r.refused(gatepost.Unavailable, nil)
			})
		})
	}
}

func TestWrongKeysAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		r.admitted(nil).End(gatepost.EndClosed)
		for range failureLimit {
			r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key = gatepost.NewSecret(20) })
		}
		asked := r.control.asked
		r.refused(gatepost.RateLimited, func(q *ingest.Request) { q.Key = gatepost.NewSecret(20) })
		if r.control.asked != asked {
			t.Error("the control plane was asked all the same")
		}
		r.admitted(nil).End(gatepost.EndClosed) // a camera that is known behind the same address
		r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key, q.Remote = gatepost.NewSecret(20), "10.0.0.7:1" })
		time.Sleep(failureWindow + time.Second)
		r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key = gatepost.NewSecret(20) })
	})
}

// Who brings no key, or names no camera, makes work as well: a wrong SRT
// passphrase comes as no key.
func TestAttemptsWithoutKeyAreLimited(t *testing.T) {
	for name, change := range map[string]func(*ingest.Request){
		"no key":    func(q *ingest.Request) { q.Key = "" },
		"no camera": func(q *ingest.Request) { q.CameraID = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				defer r.stop()
				for range failureLimit {
					if _, err := r.Admit(t.Context(), r.request(change)); gatepost.CodeOf(err) == gatepost.RateLimited {
						t.Fatal("limited too early")
					}
				}
				r.refused(gatepost.RateLimited, change)
				r.refused(gatepost.RateLimited, nil)
			})
		})
	}
}

func TestAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		r.control.acceptance = true
		short := r.admitted(nil)
		stop := r.feed(short)
		time.Sleep(10 * time.Second)
		stop()
		short.End(gatepost.EndClosed)
		s := r.admitted(nil)
		r.feed(s)
		s.Lost(1, 50)
		time.Sleep(29 * time.Second)
		r.control.set(func() {
			if len(r.control.measured) != 0 {
				t.Error("measured too early")
			}
			r.control.away = true
		})
		time.Sleep(5 * time.Second)
		r.control.set(func() { r.control.away = false })
		time.Sleep(2 * time.Minute)
		r.control.set(func() {
			if len(r.control.measured) != 1 {
				t.Fatalf("%d measurements", len(r.control.measured))
			}
			m := r.control.measured[0]
			if d := m.To.Sub(m.From); d != 30*time.Second || m.FramesReceived < 1490 || m.FramesReceived > 1510 || m.PacketsLost != 1 || m.PacketsReceived != 50 {
				t.Errorf("%+v", m)
			}
			r.control.reply.Measure = []string{r.camera}
		})
		time.Sleep(40 * time.Second)
		r.control.set(func() {
			if len(r.control.measured) != 2 {
				t.Errorf("asked to measure again: %d measurements", len(r.control.measured))
			}
		})
	})
}

func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		viewers := 1
		var mu sync.Mutex
		r.options.Viewers = map[string]func(string) int{"whep": func(string) int { mu.Lock(); defer mu.Unlock(); return viewers }}
		s := r.admitted(nil)
		stop := r.feed(s)
		stop()
		s.End(gatepost.EndClosed)
		time.Sleep(5 * time.Minute)
		if r.Stream(r.camera) == nil {
			t.Error("a stream with a viewer was dropped")
		}
		mu.Lock()
		viewers = 0
		mu.Unlock()
		time.Sleep(5 * time.Second)
		if _, closed, ends := r.outlets[0].heard(); r.Stream(r.camera) != nil || closed != 1 || len(ends) != 1 {
			t.Errorf("stream %v, outlets closed %d times, ended %q", r.Stream(r.camera), closed, ends)
		}
		r.feed(r.admitted(nil))
		if len(r.outlets) != 2 {
			t.Errorf("%d outlets", len(r.outlets))
		}
	})
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.admitted(nil)
		r.feed(s)
		r.stop()
		if _, closed, ends := r.outlets[0].heard(); !isDone(s) || closed != 1 || !slices.Equal(ends, []string{string(gatepost.EndShutdown)}) {
			t.Errorf("done %v, closed %d, ended %q", isDone(s), closed, ends)
		}
		if st, _ := r.control.last(r.camera); st.Online || st.EndReason != gatepost.EndShutdown {
			t.Errorf("last word: %+v", st)
		}
		r.refused(gatepost.Unavailable, nil)
	})
}

func TestNothingToCarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		s := r.admitted(nil)
		if err := s.Start(nil); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("Start: %v", err)
		}
		s.End(gatepost.EndProtocol)
		s.End(gatepost.EndClosed)
		if err := s.Write(&media.Unit{}); err == nil {
			t.Error("wrote after the end")
		}
		if err := s.Start(nil); err == nil {
			t.Error("started after the end")
		}
	})
}

func TestLogsHoldNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := newRig(t)
		r.stop() // so that nothing but this test logs
		r.closed = false
		r.options.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		wrong := gatepost.NewSecret(20)
		r.admitted(nil)
		r.refused(gatepost.Unauthenticated, func(q *ingest.Request) { q.Key = wrong })
		r.refused(gatepost.NotFound, func(q *ingest.Request) { q.CameraID = wrong })
		time.Sleep(3 * time.Second)
		r.admitted(nil) // replaces, and says so
		if log.Len() == 0 || strings.Contains(log.String(), wrong) || strings.Contains(log.String(), r.key) {
			t.Errorf("log:\n%s", log.String())
		}
	})
}
