package admission

import (
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// maxEnded bounds the looks that are over and wait for the control plane; of
	// more than that the oldest are forgotten, and the control plane ends them by
	// itself with what it heard last.
	maxEnded = 10_000

	// unseen is how long after his last request a viewer by HLS has left: longer
	// than his token is believed without being verified.
	unseen = 75 * time.Second

	// retell is how often the control plane hears of a look that goes on: half of what
	// it waits before it ends one by itself. After a crash of the gateway that is by how much
	// a look seems shorter than it was.
	retell = 30 * time.Second
)

// Looks keeps who watches, from when to when, until the control plane has heard
// of it. The zero value works.
type Looks struct {
	// Sent returns how many bytes of media a camera has sent here so far; may be
	// nil. A look has the bytes that its camera sent while it lasted: parts are the
	// same for everybody and may come from a cache, so that nobody can tell more.
	Sent func(cameraID string) int64

	mu     sync.Mutex
	open   map[*look]struct{}
	grants map[string]*look // those by HLS
	ended  []gatepost.Look
}

// look is one viewer who watches.
type look struct {
	gatepost.Look           // its End is when he was last seen, zero for one who says when he leaves
	before        int64     // bytes when he came
	told          time.Time // when the control plane heard of it last
}

// Begin says that somebody watches a camera under a grant. The caller must call
// left when he leaves; a second call does nothing.
func (l *Looks) Begin(grantID, cameraID, transport string) (left func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.begin(grantID, cameraID, transport, time.Now())
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.end(k, time.Now())
	}
}

// Seen says that a viewer by HLS asked for something just now. Nothing says that he
// left but that he asks no more.
func (l *Looks) Seen(grantID, cameraID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k := l.grants[grantID]
	if k != nil && now.Sub(k.End) > unseen {
		l.end(k, k.End)
		k = nil
	}
	if k == nil {
		if l.grants == nil {
			l.grants = map[string]*look{}
		}
		k = l.begin(grantID, cameraID, "hls", now)
		l.grants[grantID] = k
	}
	k.End = now.UTC()
	k.Bytes = l.sent(k)
}

// Revoked ends the looks by HLS of grants under which nobody is shown anything more.
// Those who say when they leave are ended by what shows them pictures.
func (l *Looks) Revoked(grantIDs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range grantIDs {
		if k := l.grants[id]; k != nil {
			l.end(k, k.End)
		}
	}
}

func (l *Looks) begin(grantID, cameraID, transport string, now time.Time) *look {
	k := &look{Look: gatepost.Look{ID: gatepost.NewID(), GrantID: grantID, CameraID: cameraID, Transport: transport, Start: now.UTC()}}
	k.before = l.sent(k)
	if l.open == nil {
		l.open = map[*look]struct{}{}
	}
	l.open[k] = struct{}{}
	return k
}

// sent is how many bytes the camera of a look has sent since it began.
func (l *Looks) sent(k *look) int64 {
	if l.Sent == nil {
		return 0
	}
	return max(0, l.Sent(k.CameraID)-k.before) // a camera that went and came back may count from 0
}

func (l *Looks) end(k *look, at time.Time) {
	if _, ok := l.open[k]; !ok {
		return
	}
	delete(l.open, k)
	if l.grants[k.GrantID] == k {
		delete(l.grants, k.GrantID)
	}
	told := l.until(k, at)
	told.Ended = true
	l.ended = append(l.ended, told)
	if len(l.ended) > maxEnded {
		l.ended = append([]gatepost.Look(nil), l.ended[len(l.ended)-maxEnded:]...)
	}
}

// until is what there is to tell of a look at a time.
func (l *Looks) until(k *look, at time.Time) gatepost.Look {
	told := k.Look
	if told.End.IsZero() {
		told.End, told.Bytes = at.UTC(), l.sent(k)
	}
	return told
}

// tell lists the looks that are over, and those under way of which the control plane
// has not heard yet, or not for some time.
func (l *Looks) tell() []gatepost.Look {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.grants {
		if now.Sub(k.End) > unseen {
			l.end(k, k.End)
		}
	}
	out := append([]gatepost.Look(nil), l.ended...)
	for k := range l.open {
		if now.Sub(k.told) >= retell {
			out = append(out, l.until(k, now))
		}
	}
	return out
}

// heard forgets those that are over among looks that were told, and notes when
// the others were.
func (l *Looks) heard(told []gatepost.Look) {
	now := time.Now()
	known, begun := make(map[string]struct{}, len(told)), make(map[string]struct{}, len(told))
	for _, t := range told {
		if t.Ended {
			known[t.ID] = struct{}{}
		} else {
			begun[t.ID] = struct{}{}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.open {
		if _, ok := begun[k.ID]; ok {
			k.told = now
		}
	}
	var rest []gatepost.Look
	for _, e := range l.ended {
		if _, ok := known[e.ID]; !ok {
			rest = append(rest, e)
		}
	}
	l.ended = rest
}

// endAll ends every look, at the shutdown.
func (l *Looks) endAll(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.open {
		l.end(k, at)
	}
}
