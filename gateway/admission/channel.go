package admission

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// channel is one camera's live media on this gateway.
type channel struct {
	a       *Admission
	camera  string
	stream  *stream.Stream
	muxer   *cmaf.Muxer
	outlets Outlets
	log     *slog.Logger

	mu      sync.Mutex
	gone    bool     // dropped: nobody is admitted any more
	session *session // nil between publishers
	status  gatepost.CameraStatus
	changed bool                           // status differs from what the control plane heard
	meter   *measurer                      // of the statuses
	told    gatepost.RecordingProblem      // that was logged last
	packets struct{ lost, received int64 } // since the channel was made, up to the last measurement
	labels  labels

	restarted time.Time // the recorder, the last time; of the reconcile loop
}

func newChannel(a *Admission, camera string, outlets Outlets) *channel {
	c := &channel{a: a, camera: camera, outlets: outlets, log: a.options.Logger.With("camera", camera)}
	c.labels = labelsOf(camera, a.options.Viewers)
	sinks := append(slices.Clip(outlets.Sinks), runCounter{a.metrics.runs})
	c.muxer = cmaf.NewMuxer(cmaf.Options{PartDuration: a.options.PartDuration, Sinks: sinks})
	c.stream = stream.New(stream.Options{Camera: camera, Sinks: []stream.Sink{c.muxer}, NewRunID: gatepost.NewID, Log: a.options.Logger})
	c.status = gatepost.CameraStatus{CameraID: camera, Node: a.options.Node, Since: time.Now()}
	c.meter = newMeasurer(c.stream)
	return c
}

// present returns the session that is open, or nil.
func (c *channel) present() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// errGone says that a channel was dropped between being found and being used.
var errGone = errors.New("admission: channel dropped")

// admit makes a new session, replacing the one that is there. It fails with
// Conflict when that one is healthy, unless its secret was rotated since, and
// with errGone.
func (c *channel) admit(req ingest.Request, permit gatepost.PublishPermit, secret string) (*session, error) {
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return nil, errGone
	}
	old := c.session
	rotated := old != nil && old.secret != "" && secret != "" && old.secret != secret
	if old != nil && !rotated && old.silence() < c.a.options.TakeoverSilence {
		c.mu.Unlock()
		return nil, errLive()
	}
	s := newSession(c, req, permit, secret)
	c.session = s
	c.mu.Unlock()
	if old != nil {
		old.finish(gatepost.EndReplaced)
		c.log.Info("publisher replaced", "epoch", permit.Epoch)
	}
	if c.outlets.Permit != nil {
		c.outlets.Permit(permit)
	}
	return s, nil
}

// started marks the camera online.
func (c *channel) started(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != s {
		return
	}
	c.status.Epoch, c.status.Protocol = s.permit.Epoch, s.req.Protocol
	c.status.Online, c.status.EndReason = true, ""
	c.status.Since = time.Now()
	c.changed = true
}

// ended marks the camera offline, unless another session has come.
func (c *channel) ended(s *session, reason gatepost.EndReason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != s {
		return
	}
	c.session = nil
	c.status.Epoch = s.permit.Epoch
	c.status.Online = false
	c.settle(verdict{})
	c.status.EndReason = reason
	c.status.Since = time.Now()
	c.changed = true
}

// report returns the camera's status when it changed, or when all are wanted.
func (c *channel) report(all bool) (gatepost.CameraStatus, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.Epoch == 0 {
		return gatepost.CameraStatus{}, false // admitted, nothing came yet
	}
	c.look(time.Now())
	c.picture()
	if !c.changed && (!all || !c.status.Online) {
		return gatepost.CameraStatus{}, false
	}
	if all && c.status.Online {
		c.measure()
	}
	c.status.Viewers = c.a.viewers(c.camera)
	c.changed = false
	return c.status, true
}

// picture puts what the camera's pictures show into the status. The caller holds mu.
func (c *channel) picture() {
	var state gatepost.PictureState
	var since time.Time
	if of := c.a.options.Picture; of != nil && c.status.Online {
		state, since = of(c.camera)
	}
	if state == c.status.Picture {
		return
	}
	c.status.Picture, c.status.PictureSince, c.changed = state, since, true
	if state == gatepost.PictureBlack || state == gatepost.PictureFrozen {
		c.log.Warn("a camera's pictures show nothing of use", "picture", state, "since", since)
	}
}

// measure puts the last measurement that is whole into the status, and before the
// first what there is. While the control plane is away it is asked for at every try.
func (c *channel) measure() {
	whole := func(m gatepost.Measurement) bool { return m.To.Sub(m.From) >= c.a.options.FullEvery }
	m := c.meter.snapshot()
	switch {
	case whole(m):
		m = c.meter.reset()
		c.packets.lost += m.PacketsLost
		c.packets.received += m.PacketsReceived
	case whole(c.status.Measurement):
		return
	}
	c.status.Measurement = m
}

// flush sends the frames of an open part when nothing has come for a while, so
// that a stalled camera's last pictures are seen and recorded.
func (c *channel) flush() {
	if s := c.present(); s != nil && s.silence() > stall {
		c.muxer.Flush()
	}
}

// unheard puts a status back that the control plane did not hear.
func (c *channel) unheard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = true
}

// retire marks the channel as gone when nobody has needed it for linger, and
// tells whether it did.
func (c *channel) retire(linger time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = c.session == nil && !c.changed && c.stream.Idle() >= linger &&
		c.a.viewers(c.camera) == 0
	return c.gone
}

func (c *channel) close(reason gatepost.EndReason) {
	c.stream.Close(string(reason))
	c.meter.close()
	if c.outlets.Close != nil {
		c.outlets.Close()
	}
}
