package admission

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// session is one admitted publisher.
type session struct {
	channel *channel
	req     ingest.Request
	permit  gatepost.PublishPermit
	secret  string // see Admission.secretOf
	done    chan struct{}
	active  atomic.Int64 // Unix ns of the last unit, or of admission
	first   atomic.Bool  // a unit has come

	mu        sync.Mutex
	publisher *stream.Publisher
	ended     bool
	measuring bool
}

// session keeps the promise of ingest.Session.
var _ ingest.Session = (*session)(nil)

func newSession(c *channel, req ingest.Request, permit gatepost.PublishPermit, secret string) *session {
	s := &session{channel: c, req: req, permit: permit, secret: secret, done: make(chan struct{})}
	s.req.Key = "" // not needed any more, and so not kept
	s.active.Store(time.Now().UnixNano())
	return s
}

func (s *session) silence() time.Duration { return time.Since(time.Unix(0, s.active.Load())) }

// Start implements ingest.Session.
func (s *session) Start(tracks []*media.Track) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return stream.ErrEnded
	}
	if s.publisher != nil {
		return &gatepost.Error{Code: gatepost.Internal, Message: "a session starts once"}
	}
	p, err := s.channel.stream.Publish(tracks)
	if errors.Is(err, stream.ErrNoTracks) {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "tracks", Message: "no track that can be carried; send H.264, H.265 or AV1 video", Err: err}
	}
	if err != nil {
		return err
	}
	s.publisher = p
	return nil
}

// Write implements ingest.Session.
func (s *session) Write(u *media.Unit) error {
	s.active.Store(time.Now().UnixNano())
	s.mu.Lock()
	p := s.publisher
	s.mu.Unlock()
	if p == nil {
		return stream.ErrEnded
	}
	if err := p.Write(u); err != nil {
		return err
	}
	if !s.first.Load() && s.first.CompareAndSwap(false, true) {
		s.channel.started(s)
		if s.permit.NeedsAcceptance {
			s.measure()
		}
	}
	return nil
}

// Lost implements ingest.Session.
func (s *session) Lost(packets, received uint64) {
	s.mu.Lock()
	p := s.publisher
	s.mu.Unlock()
	if p != nil {
		p.Lost(packets, received)
	}
}

// Done implements ingest.Session.
func (s *session) Done() <-chan struct{} { return s.done }

// End implements ingest.Session.
func (s *session) End(reason gatepost.EndReason) { s.finish(reason) }

// finish ends the session, once.
func (s *session) finish(reason gatepost.EndReason) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	p := s.publisher
	s.mu.Unlock()
	if p != nil {
		p.Close(string(reason))
	}
	close(s.done)
	s.channel.ended(s, reason)
}

// measure observes the camera for the acceptance window and reports, unless
// that is under way. A session that ends before leaves its camera unmeasured.
func (s *session) measure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.measuring || s.ended || s.publisher == nil {
		return
	}
	s.measuring = true
	a, c := s.channel.a, s.channel
	m := newMeasurer(c.stream)
	a.work.Go(func() {
		defer m.close()
		timer := time.NewTimer(a.options.AcceptanceWindow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.done:
			return
		}
		s.report(m.reset())
		s.mu.Lock()
		s.measuring = false
		s.mu.Unlock()
	})
}

// report hands a measurement to the control plane, again and again until it is
// heard or the session ends.
func (s *session) report(m gatepost.Measurement) {
	a := s.channel.a
	for wait := a.options.SyncEvery; ; wait = min(2*wait, time.Minute) {
		ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
		err := a.options.Control.ReportMeasurement(ctx, s.req.CameraID, m)
		cancel()
		if gatepost.CodeOf(err) != gatepost.Unavailable {
			if err != nil {
				s.channel.log.Error("measurement refused", "err", err)
			}
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.done:
			timer.Stop()
			return
		}
	}
}

// measurer is a stream's meter in the root package's words.
type measurer struct{ meter *stream.Meter }

func newMeasurer(s *stream.Stream) *measurer { return &measurer{s.Meter()} }

func (m *measurer) reset() gatepost.Measurement { return gatepost.Measurement(m.meter.Reset()) }

func (m *measurer) snapshot() gatepost.Measurement { return gatepost.Measurement(m.meter.Snapshot()) }

func (m *measurer) close() { m.meter.Close() }
