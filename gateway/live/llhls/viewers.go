package llhls

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// activeFor is how long after his last request a viewer still counts.
	activeFor = 10 * time.Second
	// forgetAfter is how long after his last request a viewer is forgotten:
	// nothing he knows of can be fetched any more.
	forgetAfter = time.Minute
)

// viewers keeps who watches what.
type viewers struct {
	mu      sync.RWMutex
	tickets map[string]*ticket // by token
	grants  map[string]*session
	cameras map[string]map[*session]struct{}
	swept   time.Time
}

// session is one grant in use.
type session struct {
	camera string
	seen   atomic.Int64 // until when it counts at least, ns since 1970
	active atomic.Int64 // requests under way

	tickets map[*ticket]struct{} // belongs to viewers.mu
	revoked bool                 // belongs to viewers.mu
}

// ticket is a token that was verified, which makes its requests cheap.
type ticket struct {
	viewer  Viewer
	session *session
	until   atomic.Int64 // then it is verified again, ns since 1970

	once  sync.Once
	ended chan struct{} // closed when no more is served under it
	cause error         // why; read it after ended
	timer *time.Timer   // of the grant's expiry
}

// end refuses what comes, and what waits.
func (t *ticket) end(cause error) {
	t.once.Do(func() {
		t.cause = cause
		close(t.ended)
	})
}

// err tells why the ticket is good for nothing any more, or returns nil.
func (t *ticket) err() error {
	select {
	case <-t.ended:
		return t.cause
	default:
		return nil
	}
}

// enter begins a request, leave ends it.
func (t *ticket) enter(now time.Time) {
	t.session.active.Add(1)
	t.session.see(now.Add(activeFor))
}

func (t *ticket) leave(now time.Time) {
	t.session.see(now.Add(activeFor))
	t.session.active.Add(-1)
}

// see makes the session count until some moment at least.
func (s *session) see(until time.Time) {
	for n := until.UnixNano(); ; {
		was := s.seen.Load()
		if n <= was || s.seen.CompareAndSwap(was, n) {
			return
		}
	}
}

func (s *session) counts(now time.Time) bool {
	return s.active.Load() > 0 || now.UnixNano() < s.seen.Load()
}

func (s *session) forgotten(now time.Time) bool {
	return !s.counts(now) && now.UnixNano()-s.seen.Load() >= int64(forgetAfter)
}

func newViewers() *viewers {
	return &viewers{
		tickets: make(map[string]*ticket),
		grants:  make(map[string]*session),
		cameras: make(map[string]map[*session]struct{}),
	}
}

// known returns the ticket of a token that was verified a while ago, or nil.
func (v *viewers) known(token string, now time.Time) *ticket {
	v.mu.RLock()
	t := v.tickets[token]
	v.mu.RUnlock()
	if t == nil || now.UnixNano() >= t.until.Load() {
		return nil
	}
	return t
}

// admit makes a ticket for a token that was verified just now. It fails when the
// grant was revoked or has expired.
func (v *viewers) admit(token string, viewer Viewer, now, until time.Time) (*ticket, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep(now)
	if !viewer.ExpiresAt.IsZero() && !now.Before(viewer.ExpiresAt) {
		return nil, errExpired
	}
	s := v.grants[viewer.GrantID]
	if s == nil {
		s = &session{camera: viewer.CameraID, tickets: make(map[*ticket]struct{})}
		v.grants[viewer.GrantID] = s
		if v.cameras[viewer.CameraID] == nil {
			v.cameras[viewer.CameraID] = make(map[*session]struct{})
		}
		v.cameras[viewer.CameraID][s] = struct{}{}
	}
	s.see(now) // no sweep forgets it before the request is entered
	if s.revoked {
		return nil, errRevoked
	}
	t := v.tickets[token]
	if t == nil || t.viewer != viewer {
		t = &ticket{viewer: viewer, session: s, ended: make(chan struct{})}
		if !viewer.ExpiresAt.IsZero() {
			t.timer = time.AfterFunc(viewer.ExpiresAt.Sub(now), func() { t.end(errExpired) })
		}
		v.tickets[token] = t
		s.tickets[t] = struct{}{}
	}
	t.until.Store(until.UnixNano())
	return t, nil
}

// sweep forgets tokens and viewers that are no more. It does so rarely enough to
// cost nothing.
func (v *viewers) sweep(now time.Time) {
	if now.Sub(v.swept) < activeFor {
		return
	}
	v.swept = now
	for token, t := range v.tickets {
		if t.err() != nil || t.session.forgotten(now) {
			delete(v.tickets, token)
			delete(t.session.tickets, t)
			if t.timer != nil {
				t.timer.Stop()
			}
		}
	}
	for id, s := range v.grants {
		if !s.forgotten(now) {
			continue
		}
		delete(v.grants, id)
		of := v.cameras[s.camera]
		if delete(of, s); len(of) == 0 {
			delete(v.cameras, s.camera)
		}
	}
}

func (v *viewers) count(camera string, now time.Time) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	n := 0
	for s := range v.cameras[camera] {
		if !s.revoked && s.counts(now) {
			n++
		}
	}
	return n
}

// revokeKeys ends what was admitted by the tokens of some keys, and returns the
// cameras that were watched and the grants.
func (v *viewers) revokeKeys(keys []string) (cameras, grants map[string]struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	cameras, grants = make(map[string]struct{}), make(map[string]struct{})
	for _, t := range v.tickets {
		if slices.Contains(keys, t.viewer.KeyID) && t.err() == nil {
			t.end(errRevoked)
			cameras[t.viewer.CameraID] = struct{}{}
			grants[t.viewer.GrantID] = struct{}{}
		}
	}
	return cameras, grants
}

// revoke ends sessions and returns the cameras that they watched.
func (v *viewers) revoke(grants []string) map[string]struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	cameras := make(map[string]struct{})
	for _, id := range grants {
		s := v.grants[id]
		if s == nil || s.revoked {
			continue
		}
		s.revoked = true
		for t := range s.tickets {
			t.end(errRevoked)
		}
		cameras[s.camera] = struct{}{}
	}
	return cameras
}
