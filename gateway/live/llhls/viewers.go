package llhls

import (
	"context"
	"crypto/sha256"
	"sync"
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
	mu      sync.Mutex
	grants  map[string]*session
	cameras map[string]map[*session]struct{}
	tokens  map[[sha256.Size]byte]verified
	swept   time.Time
}

// verified is a token whose signature was checked a moment ago.
type verified struct {
	viewer Viewer
	until  time.Time
}

// session is one grant in use. Its fields belong to viewers.mu.
type session struct {
	viewer  Viewer
	seen    time.Time
	active  map[*request]struct{} // under way
	revoked bool
}

// request is one request under way.
type request struct {
	session *session
	cancel  context.CancelCauseFunc
}

func newViewers() *viewers {
	return &viewers{
		grants:  make(map[string]*session),
		cameras: make(map[string]map[*session]struct{}),
		tokens:  make(map[[sha256.Size]byte]verified),
	}
}

// known returns the viewer of a token that was verified a moment ago.
func (v *viewers) known(token string, now time.Time) (Viewer, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t, ok := v.tokens[sha256.Sum256([]byte(token))]
	return t.viewer, ok && now.Before(t.until)
}

func (v *viewers) remember(token string, viewer Viewer, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tokens[sha256.Sum256([]byte(token))] = verified{viewer: viewer, until: until}
}

// enter begins a request of a viewer and derives its context, which ends when his
// grant is revoked or expires, with an *Error as its cause; leave ends it. It fails
// when the grant was revoked.
func (v *viewers) enter(ctx context.Context, viewer Viewer, now time.Time) (context.Context, *request, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep(now)
	s := v.grants[viewer.GrantID]
	if s == nil {
		s = &session{viewer: viewer, active: make(map[*request]struct{})}
		v.grants[viewer.GrantID] = s
		if v.cameras[viewer.CameraID] == nil {
			v.cameras[viewer.CameraID] = make(map[*session]struct{})
		}
		v.cameras[viewer.CameraID][s] = struct{}{}
	}
	if s.revoked {
		return nil, nil, errRevoked
	}
	ctx, cancel := context.WithCancelCause(ctx)
	r := &request{session: s, cancel: cancel}
	if !viewer.ExpiresAt.IsZero() {
		timer := time.AfterFunc(viewer.ExpiresAt.Sub(now), func() { cancel(errExpired) })
		r.cancel = func(err error) { timer.Stop(); cancel(err) }
	}
	s.active[r] = struct{}{}
	s.seen = now
	return ctx, r, nil
}

func (v *viewers) leave(r *request, now time.Time) {
	r.cancel(context.Canceled)
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(r.session.active, r)
	r.session.seen = now
}

// sweep forgets tokens and viewers that are no more. It does so rarely enough to
// cost nothing.
func (v *viewers) sweep(now time.Time) {
	if now.Sub(v.swept) < activeFor {
		return
	}
	v.swept = now
	for k, t := range v.tokens {
		if !now.Before(t.until) {
			delete(v.tokens, k)
		}
	}
	for id, s := range v.grants {
		if len(s.active) > 0 || now.Sub(s.seen) < forgetAfter {
			continue
		}
		delete(v.grants, id)
		of := v.cameras[s.viewer.CameraID]
		if delete(of, s); len(of) == 0 {
			delete(v.cameras, s.viewer.CameraID)
		}
	}
}

func (v *viewers) count(camera string, now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for s := range v.cameras[camera] {
		if !s.revoked && (len(s.active) > 0 || now.Sub(s.seen) < activeFor) {
			n++
		}
	}
	return n
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
		for r := range s.active {
			r.cancel(errRevoked)
		}
		cameras[s.viewer.CameraID] = struct{}{}
		for k, t := range v.tokens {
			if t.viewer.GrantID == id {
				delete(v.tokens, k)
			}
		}
	}
	return cameras
}
