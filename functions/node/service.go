// Package node is the gateways' side of the control plane: may this camera
// publish, this is how my cameras are, this recording is complete.
//
// Service is called in process by a gateway of the same process, and through
// the operations below /v1/node (with the node key) by gateways elsewhere;
// gateway/control is their client.
//
// # Fencing
//
// Each admitted session has an epoch, one more than the camera's last. A status
// counts only if its epoch is not older than the one stored. Suspending,
// retiring and rotating a key raise the epoch without a gateway: whoever still
// reports an older one is told to stop.
package node

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Cameras keeps cameras and the gateways' words on them. See internal/sqlstore.
type Cameras interface {
	// Camera fails with NotFound.
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	// AdmitPublisher fails with Conflict when the camera changed meanwhile.
	AdmitPublisher(ctx context.Context, id, keyHash string, now time.Time) (gatepost.Camera, error)
	CameraAdmissions(ctx context.Context, ids []string) (map[string]gatepost.CameraAdmission, error)
	PutStatuses(ctx context.Context, statuses []gatepost.CameraStatus) error
	UpdateCamera(ctx context.Context, id string, fence bool, change func(*gatepost.Camera) (gatepost.LedgerEntry, error)) (gatepost.Camera, error)
}

// Revocations lists what gateways must no longer show, and forgets those whose
// grants have expired.
type Revocations interface {
	WithdrawnKeys(ctx context.Context) ([]string, error)
	// FinishEndings revokes looks whose ground is gone and that nobody has revoked yet.
	FinishEndings(ctx context.Context, now time.Time) error
	PurgeRevocations(ctx context.Context, before time.Time) (int64, error)
	RevocationsSince(ctx context.Context, cursor int64, now time.Time, limit int) (grantIDs []string, next int64, err error)
}

// Recordings keeps rows of recordings. InsertRecording does nothing when the
// row of this camera, run and number is there already.
type Recordings interface {
	InsertRecording(ctx context.Context, r gatepost.Recording) error
	// MissingRecordings returns those ids that no row has.
	MissingRecordings(ctx context.Context, ids []string) ([]string, error)
}

// Policies is what bounds retention.
type Policies interface {
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
}

// Looks keeps who watched, from when to when.
type Looks interface {
	PutLooks(ctx context.Context, node string, looks []gatepost.Look, now time.Time) error
}

// Store is all that the service keeps; internal/sqlstore has it.
type Store interface {
	Cameras
	Looks
	Revocations
	Recordings
	Policies
	Watch
}

// Options configure a Service.
type Options struct {
	Store  Store
	Limits gatepost.AcceptanceLimits // of acceptance; the zero value has defaults
	Logger *slog.Logger              // default slog.Default()

	Now func() time.Time // the clock of Reconcile; default time.Now
}

// Service answers gateways.
type Service struct {
	opts    Options
	metrics *Metrics
	deaf    deafness
	round   time.Time // the last of Reconcile, which runs one after the other
}

// New makes a Service. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Service {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Service{opts: opts, metrics: newMetrics()}
	s.deaf.begin(opts.Now()) // there was no process yet
	return s
}

// admitTries bounds how often a camera that changes under our hands is looked
// at again.
const admitTries = 3

// AuthorisePublish admits a publisher: its key is checked, the camera's state
// looked at, its epoch raised. The first push moves a camera from enrolled to
// acceptance. It fails with NotFound, Unauthenticated (wrong or missing key),
// Forbidden (suspended or retired) and Unavailable.
func (s *Service) AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (gatepost.PublishPermit, error) {
	for try := 1; ; try++ {
		c, err := s.opts.Store.Camera(ctx, req.CameraID)
		if err != nil {
			return gatepost.PublishPermit{}, err
		}
		if !req.Proven && !gatepost.KeyMatches(req.Key, c.KeyHash) {
			return gatepost.PublishPermit{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "the stream key is wrong; copy the publish URL from the camera's page, or rotate its key"}
		}
		if !c.State.MayPublish() {
			return gatepost.PublishPermit{}, &gatepost.Error{Code: gatepost.Forbidden, Message: "this camera is " + string(c.State) + " and may not push"}
		}
		c, err = s.opts.Store.AdmitPublisher(ctx, c.ID, c.KeyHash, time.Now())
		if gatepost.CodeOf(err) == gatepost.Conflict && try < admitTries {
			continue
		}
		if err != nil {
			return gatepost.PublishPermit{}, err
		}
		policy, err := s.opts.Store.RetentionPolicy(ctx)
		if err != nil {
			return gatepost.PublishPermit{}, err
		}
		return gatepost.PublishPermit{CameraID: c.ID, Epoch: c.Epoch, RetentionDays: policy.Days(c), State: c.State,
			NeedsAcceptance: c.State == gatepost.CameraAcceptance}, nil
	}
}

// SRTPassphrase returns the passphrase that an SRT caller for a camera must
// prove. It fails with NotFound.
func (s *Service) SRTPassphrase(ctx context.Context, cameraID string) (string, error) {
	c, err := s.opts.Store.Camera(ctx, cameraID)
	return c.SRTSecret, err
}

// revocationPage is how many revocations one reply holds.
const revocationPage = 1000

// Sync takes a gateway's word on its cameras, and tells it which grants were
// revoked since its cursor, which signing keys were withdrawn, which cameras must stop, which are to be measured,
// and which of the recordings that it names have no row. Statuses of cameras that do not exist are passed over, and told to
// stop.
func (s *Service) Sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error) {
	reply, err := s.sync(ctx, req)
	s.deaf.answered(req.Node, s.opts.Now(), err)
	return reply, err
}

func (s *Service) sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error) {
	now := time.Now().UTC()
	reply := gatepost.SyncReply{StoppedCameras: []string{}, Measure: []string{}}
	ids := make([]string, 0, len(req.Cameras))
	newest := make(map[string]gatepost.CameraStatus, len(req.Cameras))
	for _, st := range req.Cameras {
		if _, twice := newest[st.CameraID]; !twice {
			ids = append(ids, st.CameraID)
		}
		newest[st.CameraID] = st
	}
	admissions, err := s.opts.Store.CameraAdmissions(ctx, ids)
	if err != nil {
		return reply, err
	}
	statuses := make([]gatepost.CameraStatus, 0, len(ids))
	var stored []string
	for _, id := range ids {
		st := newest[id]
		a, exists := admissions[id]
		if !exists || st.Online && stopped(a, st, req.Node) {
			reply.StoppedCameras = append(reply.StoppedCameras, id)
			continue
		}
		if st.Online && a.Unmeasured && a.State == gatepost.CameraAcceptance {
			reply.Measure = append(reply.Measure, id)
		}
		if st.LastRecording != "" {
			stored = append(stored, st.LastRecording)
		}
		st.Node, st.SeenAt = req.Node, now
		statuses = append(statuses, st)
	}
	// Looks first: a word on a camera means that what is known of its viewers is
	// as new.
	reply.LooksHeard = s.hear(ctx, req, now)
	if err := s.opts.Store.PutStatuses(ctx, statuses); err != nil {
		return reply, err
	}
	// What a process that died left over; what is revoked already goes out in any case.
	if err := s.opts.Store.FinishEndings(ctx, now); err != nil && ctx.Err() == nil {
		s.opts.Logger.Error("looks whose ground is gone cannot be revoked; the next sync tries again", "node", req.Node, "err", err)
	}
	if reply.RevokedGrants, reply.Cursor, err = s.opts.Store.RevocationsSince(ctx, req.Cursor, now, revocationPage); err != nil {
		return reply, err
	}
	if reply.WithdrawnKeys, err = s.opts.Store.WithdrawnKeys(ctx); err != nil {
		return reply, err
	}
	reply.Missing = s.missing(ctx, req.Node, stored)
	return reply, nil
}

// missing returns those of the stored recordings that have no row. What it cannot
// find out it asks at the next sync: no revocation waits for it.
func (s *Service) missing(ctx context.Context, node string, stored []string) []string {
	missing, err := s.opts.Store.MissingRecordings(ctx, stored)
	if err != nil {
		s.opts.Logger.Warn("rows of stored recordings cannot be looked for", "node", node, "err", err)
		return nil
	}
	if n := len(missing); n > 0 {
		s.metrics.missing.Add(float64(n))
		s.opts.Logger.Error("rows of stored recordings are gone; the gateway is asked to report them again", "node", node, "count", n)
	}
	return missing
}

// hear keeps what a gateway says about looks, and tells whether it is kept. What is
// no look is passed over. No trouble with it keeps the gateway from its revocations.
func (s *Service) hear(ctx context.Context, req gatepost.SyncRequest, now time.Time) bool {
	looks := make([]gatepost.Look, 0, len(req.Looks))
	for _, l := range req.Looks {
		if !gatepost.ValidID(l.ID) || !gatepost.ValidID(l.GrantID) || !gatepost.ValidID(l.CameraID) || l.End.Before(l.Start) || l.Bytes < 0 ||
			l.Transport != "hls" && l.Transport != "whep" {
			s.opts.Logger.Warn("a gateway speaks of something that is no look", "node", req.Node, "grant", l.GrantID)
			continue
		}
		looks = append(looks, l)
	}
	err := s.opts.Store.PutLooks(ctx, req.Node, looks, now)
	if err != nil && ctx.Err() == nil {
		s.opts.Logger.Error("looks were not kept; the gateway tells them again", "node", req.Node, "err", err)
	}
	return err == nil
}

// stopped tells whether a session that a gateway reports is no longer wanted:
// its camera may not push, or another session has come since.
func stopped(a gatepost.CameraAdmission, st gatepost.CameraStatus, node string) bool {
	return !a.State.MayPublish() || a.Epoch > st.Epoch && (a.Node != node || a.Node == "")
}

// ReportMeasurement judges a camera's measurement: passed puts it in service,
// failed leaves it in acceptance with the reasons. A camera that was suspended
// meanwhile gets its verdict and keeps its state; one that is in service or
// retired has its verdict already, and nothing changes. It fails with NotFound.
func (s *Service) ReportMeasurement(ctx context.Context, cameraID string, m gatepost.Measurement) error {
	passed, reasons := s.opts.Limits.Judge(m)
	now := time.Now().UTC().Truncate(time.Millisecond)
	_, err := s.opts.Store.UpdateCamera(ctx, cameraID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		if c.State != gatepost.CameraAcceptance && c.State != gatepost.CameraSuspended {
			return gatepost.LedgerEntry{}, errMeasured
		}
		verdict := "failed"
		c.Acceptance = &gatepost.Acceptance{At: now, Passed: passed, Reasons: reasons, Measurement: m}
		c.UpdatedAt = now
		if passed {
			verdict = "passed"
		}
		if passed && c.State == gatepost.CameraAcceptance {
			c.State = gatepost.CameraInService
		}
		return gatepost.LedgerEntry{At: now, Kind: gatepost.LedgerCamera, Actor: "system", CameraID: cameraID, Allowed: true,
			Detail: map[string]string{"act": "acceptance", "verdict": verdict}}, nil
	})
	if errors.Is(err, errMeasured) {
		return nil
	}
	if err == nil {
		s.opts.Logger.Info("camera measured", "camera", cameraID, "passed", passed)
	}
	return err
}

// errMeasured stops an update that has nothing to change.
var errMeasured = errors.New("the camera is not being measured")

// RecordingClosed makes the row of a stored object; a second call for the same
// one does nothing. A recording of a camera that does not exist fails with
// NotFound.
func (s *Service) RecordingClosed(ctx context.Context, r gatepost.Recording) error {
	if !gatepost.ValidID(r.CameraID) || !gatepost.ValidID(r.Run) || r.Seq < 0 || !r.End.After(r.Start) {
		return &gatepost.Error{Code: gatepost.Invalid, Message: "not a recording", Err: errors.New("camera, run, number or times are out of range")}
	}
	return s.opts.Store.InsertRecording(ctx, r)
}

// purgeAfter is how long a revocation outlives its grant: longer than any two
// clocks differ.
const purgeAfter = time.Hour

// Run does the timed work once: it forgets revocations of grants that have
// long expired. Run twice, it does it once. Call it every hour or so.
func (s *Service) Run(ctx context.Context) error {
	n, err := s.opts.Store.PurgeRevocations(ctx, time.Now().Add(-purgeAfter))
	if err == nil && n > 0 {
		s.opts.Logger.Debug("revocations forgotten", "count", n)
	}
	return err
}
