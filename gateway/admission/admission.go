package admission

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// Control is what admission asks the control plane.
type Control interface {
	// AuthorisePublish fails with Unauthenticated, NotFound, Forbidden
	// (suspended or retired) and Unavailable.
	AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (gatepost.PublishPermit, error)
	// SRTPassphrase fails with NotFound and Unavailable.
	SRTPassphrase(ctx context.Context, cameraID string) (string, error)
	// Sync fails with Unavailable.
	Sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error)
	// ReportMeasurement hands over the first measurement of a camera.
	ReportMeasurement(ctx context.Context, cameraID string, m gatepost.Measurement) error
}

// Outlets are where a channel's parts go, made once for each channel.
type Outlets struct {
	Sinks    []cmaf.Sink
	Permit   func(gatepost.PublishPermit) // told of each later permit; may be nil
	Recorder func() Recorder              // how the recording stands; nil: well while a run is open
	Restart  func() bool                  // replaces a recorder that does nothing, and tells whether it did; nil with Recorder
	Close    func()                       // called once, after the last End
}

// PictureOf tells what a camera's pictures show, and since when.
type PictureOf func(cameraID string) (gatepost.PictureState, time.Time)

// Options configure an Admission. Control and Outlets are required.
type Options struct {
	Control Control
	Outlets func(gatepost.PublishPermit) (Outlets, error)

	Node        string                               // this gateway's name in statuses
	Viewers     map[string]func(cameraID string) int // by transport, for statuses and metrics; may be nil
	OnRevoked   func(grantIDs []string)              // told of revoked grants, once each; may be nil
	OnWithdrawn func(keyIDs []string)                // told with each sync of all signing keys that are withdrawn; may be nil
	OnMissing   func(recordingIDs []string)          // told of stored recordings that have no row; may be nil
	Picture     PictureOf                            // what a camera's pictures show; nil: nobody looks
	Looks       *Looks                               // of the viewers of this gateway; nil: none are told

	PartDuration     time.Duration // of cmaf parts; 0: the muxer's default
	Linger           time.Duration // a channel without publisher and viewer is kept this long; default 1 min
	TakeoverSilence  time.Duration // a session silent for this long may be replaced by its camera; default 2 s
	AcceptanceWindow time.Duration // what is measured of a camera's first push; default 30 s
	SyncEvery        time.Duration // default 2 s
	FullEvery        time.Duration // default 10 s
	Logger           *slog.Logger  // default slog.Default()
}

func (o *Options) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Linger, time.Minute)
	def(&o.TakeoverSilence, 2*time.Second)
	def(&o.AcceptanceWindow, 30*time.Second)
	def(&o.SyncEvery, 2*time.Second)
	def(&o.FullEvery, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Admission admits publishers and holds their channels. Run must be running for
// statuses, revocations and the end of idle channels.
type Admission struct {
	options Options
	metrics *Metrics
	failed  *failures
	revoked revocations
	work    sync.WaitGroup            // measurements under way
	heard   atomic.Pointer[time.Time] // when the control plane last answered a sync, or the beginning

	mu          sync.Mutex
	closed      bool
	channels    map[string]*channel
	proofs      map[string]proof  // of cameras admitted by this process
	passphrases map[string]string // of cameras that came by SRT, for when the control plane is away
}

// proof is what a camera proved when it was last admitted.
type proof struct {
	secret string // see secretOf
	permit gatepost.PublishPermit
}

// New makes an Admission.
func New(o Options) *Admission {
	o.setDefaults()
	a := &Admission{options: o, failed: newFailures(), channels: map[string]*channel{}, proofs: map[string]proof{}, passphrases: map[string]string{}}
	a.metrics = newMetrics(a)
	a.options.Control = counted{o.Control, a.metrics}
	now := time.Now()
	a.heard.Store(&now)
	return a
}

// Metrics returns the collector of this Admission, to be registered once.
func (a *Admission) Metrics() *Metrics { return a.metrics }

// viewers counts a camera's viewers on all transports.
func (a *Admission) viewers(cameraID string) (n int) {
	for _, count := range a.options.Viewers {
		n += count(cameraID)
	}
	return n
}

// Admit implements ingest.Admitter. It logs nothing: the protocol does, with what
// it knows.
func (a *Admission) Admit(ctx context.Context, req ingest.Request) (ingest.Session, error) {
	s, err := a.admit(ctx, req)
	if err != nil {
		a.metrics.refused(req.Protocol, gatepost.CodeOf(err))
		return nil, err
	}
	a.metrics.admitted(req.Protocol)
	return s, nil
}

func (a *Admission) admit(ctx context.Context, req ingest.Request) (*session, error) {
	// A camera that has proved its secret here before does not suffer from
	// others behind the same address that get theirs wrong.
	host := ingest.Host(req.Remote)
	secret := a.secretOf(req)
	known, seen := a.known(req.CameraID, secret)
	if !seen && !a.failed.allow(host, time.Now()) {
		return nil, &gatepost.Error{Code: gatepost.RateLimited, Message: "too many wrong keys from this address; try again in a minute"}
	}
	if !gatepost.ValidID(req.CameraID) {
		a.failed.add(host, time.Now())
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "no such camera; copy the publish URL from its enrolment"}
	}
	if !req.Proven && req.Key == "" {
		a.failed.add(host, time.Now())
		return nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "no stream key; copy the publish URL from the camera's enrolment"}
	}
	if seen {
		if err := a.conflict(ctx, req.CameraID); err != nil {
			return nil, err
		}
	}
	var permit gatepost.PublishPermit
	err := ask(ctx, seen, func(ctx context.Context) (err error) {
		permit, err = a.options.Control.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: req.CameraID, Key: req.Key,
			Proven: req.Proven, Protocol: req.Protocol, Remote: req.Remote, Node: a.options.Node})
		return err
	})
	switch code := gatepost.CodeOf(err); {
	case code == gatepost.Unavailable && seen:
		permit = known.permit // the control plane is away; the camera is known
		permit.Epoch++
		permit.NeedsAcceptance = false
	case code == gatepost.Unauthenticated || code == gatepost.NotFound:
		a.failed.add(host, time.Now())
		a.disprove(req.CameraID, secret)
		return nil, err
	case code == gatepost.Forbidden:
		a.disprove(req.CameraID, secret)
		return nil, err
	case err != nil:
		return nil, err
	}
	return a.open(req, permit, secret)
}

// knownPatience is how long a camera that is known waits for the control plane:
// some give up a handshake after three seconds.
const knownPatience = time.Second

// ask puts a question to the control plane. When the answer can do without it,
// silence counts as Unavailable, and soon.
func ask(ctx context.Context, known bool, question func(context.Context) error) error {
	if !known {
		return question(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, knownPatience)
	defer cancel()
	err := question(bounded)
	if err != nil && bounded.Err() != nil {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane does not answer", Err: err}
	}
	return err
}

// secretOf returns what tells a camera's present secret from a rotated one: a
// hash of its SRT passphrase, which follows from the stream key, so that it is
// the same whichever protocol it comes by. It is "" when that cannot be told.
func (a *Admission) secretOf(req ingest.Request) string {
	if req.Proven {
		a.mu.Lock()
		defer a.mu.Unlock()
		if p := a.passphrases[req.CameraID]; p != "" {
			return gatepost.HashKey(p)
		}
		return ""
	}
	if len(req.Key) < 16 { // none of ours
		return ""
	}
	return gatepost.HashKey(gatepost.SRTPassphrase(req.Key))
}

// known tells whether a camera proved the same secret to this process before.
func (a *Admission) known(cameraID, secret string) (proof, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.proofs[cameraID]
	return p, ok && secret != "" && p.secret == secret
}

// disprove forgets what a camera proved by a secret that the control plane has
// refused since: it must not open the door when that is away.
func (a *Admission) disprove(cameraID, secret string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.proofs[cameraID]; ok && secret != "" && p.secret == secret {
		delete(a.proofs, cameraID)
	}
}

// conflict fails while the camera's present session is healthy. One that is
// merely quiet at the moment is watched until it shows life, or has been silent
// for Options.TakeoverSilence: a camera that comes back at once need not try
// twice.
func (a *Admission) conflict(ctx context.Context, cameraID string) error {
	s := a.session(cameraID)
	if s == nil {
		return nil
	}
	const look = 20 * time.Millisecond
	last := s.active.Load()
	for {
		rest := a.options.TakeoverSilence - s.silence()
		if rest <= 0 {
			return nil
		}
		timer := time.NewTimer(min(rest, look))
		select {
		case <-s.done:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return errLive()
		case <-timer.C:
		}
		if s.active.Load() != last {
			return errLive()
		}
	}
}

func errLive() error {
	return &gatepost.Error{Code: gatepost.Conflict, Message: "this camera is being published already; stop the other publisher first"}
}

// open makes the session of an admitted publisher, and its camera's channel
// when there is none.
func (a *Admission) open(req ingest.Request, permit gatepost.PublishPermit, secret string) (*session, error) {
	for {
		c, err := a.channel(permit)
		if err != nil {
			return nil, err
		}
		s, err := c.admit(req, permit, secret)
		if errors.Is(err, errGone) {
			a.drop(c)
			continue
		}
		if err != nil {
			return nil, err
		}
		a.mu.Lock()
		a.proofs[req.CameraID] = proof{secret: secret, permit: permit}
		a.mu.Unlock()
		return s, nil
	}
}

// channel returns a camera's channel; it makes one when there is none.
func (a *Admission) channel(permit gatepost.PublishPermit) (*channel, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "this gateway is shutting down; push again in a moment"}
	}
	if c := a.channels[permit.CameraID]; c != nil {
		return c, nil
	}
	outlets, err := a.options.Outlets(permit)
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "the gateway cannot record this camera now", Err: err}
	}
	c := newChannel(a, permit.CameraID, outlets)
	a.channels[permit.CameraID] = c
	return c, nil
}

// drop removes a channel that is gone.
func (a *Admission) drop(c *channel) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.channels[c.camera] == c {
		delete(a.channels, c.camera)
	}
}

// SRTPassphrase implements ingest.Admitter. A camera that was asked for before
// is known while the control plane is away.
func (a *Admission) SRTPassphrase(ctx context.Context, cameraID string) (string, error) {
	if !gatepost.ValidID(cameraID) {
		return "", &gatepost.Error{Code: gatepost.NotFound, Message: "no such camera"}
	}
	a.mu.Lock()
	known := a.passphrases[cameraID] != ""
	a.mu.Unlock()
	var pass string
	err := ask(ctx, known, func(ctx context.Context) (err error) {
		pass, err = a.options.Control.SRTPassphrase(ctx, cameraID)
		return err
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	switch gatepost.CodeOf(err) {
	case "":
		a.passphrases[cameraID] = pass
	case gatepost.Unavailable:
		if p := a.passphrases[cameraID]; p != "" {
			return p, nil
		}
	default:
		delete(a.passphrases, cameraID)
	}
	return pass, err
}

// Stream returns the stream of a camera that this gateway has pictures of, or
// nil.
func (a *Admission) Stream(cameraID string) *stream.Stream {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.channels[cameraID]; c != nil {
		return c.stream
	}
	return nil
}

// Cameras lists the cameras that push, in no order.
func (a *Admission) Cameras() []string {
	var ids []string
	for _, c := range a.list() {
		if c.present() != nil {
			ids = append(ids, c.camera)
		}
	}
	return ids
}

// Revoked tells whether a grant was revoked, as far as this gateway has heard.
func (a *Admission) Revoked(grantID string) bool { return a.revoked.has(grantID) }
