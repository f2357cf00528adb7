// Package picture looks at a key frame of each camera now and then and tells whether it
// shows anything: whether it is black, and whether it is always the same.
//
// It judges pictures, not what is on them: a picture is decoded by ffmpeg to 320 pixels of
// width, looked at as a heap of brightnesses, and forgotten. Nothing of it is kept but a
// hash, nothing leaves the gateway but a word. Without ffmpeg nothing is checked.
//
// Black is a picture on which next to nothing is brighter than video's black, twice
// running. Frozen is the same small picture, bit by bit, four times running, each time
// from another key frame: a sensor's noise alone makes two pictures of a quiet corridor
// differ. See docs/design/health.md for what that cannot tell.
//
// One ffmpeg runs at a time, at a low priority, and is killed when it takes too long.
package picture

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// Options configure a Checker. Cameras and Stream are required.
type Options struct {
	Cameras func() []string             // ids of those that push
	Stream  func(string) *stream.Stream // of a camera; nil when it is gone
	Every   time.Duration               // each camera is looked at this often, or as often as one ffmpeg can; 0: never
	FFmpeg  string                      // default "ffmpeg", from PATH
	Logger  *slog.Logger                // default slog.Default()
	Metrics prometheus.Registerer       // nil: none
}

// Checker looks at pictures while Run runs.
type Checker struct {
	opts    Options
	results *prometheus.CounterVec
	lap     prometheus.Gauge

	mu      sync.Mutex
	cameras map[string]*history
}

// New makes a Checker.
func New(o Options) *Checker {
	if o.FFmpeg == "" {
		o.FFmpeg = "ffmpeg"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	c := &Checker{opts: o, cameras: map[string]*history{},
		results: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_picture_samples_total",
			Help: "Key frames looked at, by result: good, black, same (as the one before), failed (not decoded)."}, []string{"result"}),
		lap: prometheus.NewGauge(prometheus.GaugeOpts{Name: "gatepost_picture_lap_seconds",
			Help: "How long it took to look at every camera once; longer than --picture-interval: one ffmpeg does not keep up."}),
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(c.results, c.lap)
	}
	return c
}

// State tells what was found on a camera's pictures, and since when it is so. It is
// PictureUnchecked until two were looked at.
func (c *Checker) State(cameraID string) (gatepost.PictureState, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.cameras[cameraID]; h != nil {
		return h.state, h.since
	}
	return gatepost.PictureUnchecked, time.Time{}
}

// Run looks at pictures until ctx ends. It returns at once when it is switched off, or
// there is no ffmpeg.
func (c *Checker) Run(ctx context.Context) error {
	if c.opts.Every <= 0 {
		return nil
	}
	path, err := exec.LookPath(c.opts.FFmpeg)
	if err != nil {
		c.opts.Logger.Warn("there is no ffmpeg: pictures are not checked for being black or frozen", "err", err)
		return nil
	}
	d := decoder{path: path}
	for ctx.Err() == nil {
		c.round(ctx, d)
	}
	return nil
}

// round looks at every camera once, spread over Every.
func (c *Checker) round(ctx context.Context, d decoder) {
	began := time.Now()
	ids := c.opts.Cameras()
	slices.Sort(ids)
	c.forget(ids)
	for i, id := range ids {
		if c.wait(ctx, began.Add(time.Duration(i)*c.opts.Every/time.Duration(len(ids)))) != nil {
			return
		}
		c.look(ctx, d, id)
	}
	c.lap.Set(time.Since(began).Seconds())
	_ = c.wait(ctx, began.Add(c.opts.Every)) // Run asks ctx itself
}

func (c *Checker) wait(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err()
}

// forget drops what is known of cameras that do not push any more.
func (c *Checker) forget(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.cameras {
		if _, ok := slices.BinarySearch(ids, id); !ok {
			delete(c.cameras, id)
		}
	}
}

// look decodes a camera's newest key frame and judges it. One that was looked at before
// says nothing: no newer one has come.
func (c *Checker) look(ctx context.Context, d decoder, id string) {
	s := c.opts.Stream(id)
	if s == nil {
		return
	}
	unit, run := s.KeyFrame()
	if unit == nil || !run.Tracks[unit.Track].Codec.Video() || c.seen(id, unit) {
		return
	}
	luma, err := d.decode(ctx, run.Tracks[unit.Track], unit)
	if err != nil {
		if ctx.Err() == nil {
			c.results.WithLabelValues("failed").Inc()
			c.opts.Logger.Warn("a key frame cannot be decoded", "camera", id, "err", err)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results.WithLabelValues(c.of(id).add(time.Now().UTC().Truncate(time.Millisecond), luma)).Inc()
}

// seen notes that a key frame is looked at, and tells whether it was before.
func (c *Checker) seen(id string, unit *media.Unit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.of(id)
	if h.unit == unitKey(unit) {
		return true
	}
	h.unit = unitKey(unit)
	return false
}

func (c *Checker) of(id string) *history {
	if c.cameras[id] == nil {
		c.cameras[id] = &history{}
	}
	return c.cameras[id]
}

// key tells one unit of a camera from another.
type key struct {
	at  time.Time
	pts int64
}

func unitKey(u *media.Unit) key { return key{u.NTP, u.PTS} }

var errPicture = errors.New("ffmpeg gave no picture")
