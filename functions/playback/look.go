package playback

import (
	"context"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/token"
)

const (
	// tellEvery is how often the row of a look is brought up to date. A player asks
	// for a segment every few seconds: a row for each would be as many commits.
	// What is not told yet is lost with the process; the look itself is there
	// from its first segment on.
	tellEvery = 10 * time.Second
	// lookOver is how long after its last segment a look is over. It is less
	// than what the ledger waits before it ends one by itself.
	lookOver = 45 * time.Second
)

// Looks keeps who watched.
type Looks interface {
	PutLooks(ctx context.Context, node string, looks []gatepost.Look, now time.Time) error
}

// looks are those who play, by grant.
type looks struct {
	mu      sync.Mutex
	byGrant map[string]*look
}

type look struct {
	gatepost.Look
	told  time.Time // when its row was last brought up to date; zero: never
	dirty bool      // since then it went on
}

// count adds a segment to the look under a token, and returns it when it is to be told.
func (l *looks) count(m token.Media, bytes int64, now time.Time) []gatepost.Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.byGrant[m.GrantID]
	var out []gatepost.Look
	if k != nil && now.Sub(k.End) > lookOver {
		k.Ended = true
		out = append(out, k.Look)
		k = nil
	}
	if k == nil {
		k = &look{Look: gatepost.Look{ID: gatepost.NewID(), GrantID: m.GrantID, CameraID: m.CameraID, Transport: "playback", Start: now}}
		if l.byGrant == nil {
			l.byGrant = map[string]*look{}
		}
		l.byGrant[m.GrantID] = k
	}
	k.End, k.dirty = now, true
	k.Bytes += bytes
	if now.Sub(k.told) >= tellEvery {
		k.told, k.dirty = now, false
		out = append(out, k.Look)
	}
	return out
}

// due lists what went on since it was told, and what is over.
func (l *looks) due(now time.Time) []gatepost.Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []gatepost.Look
	for id, k := range l.byGrant {
		switch {
		case now.Sub(k.End) > lookOver:
			delete(l.byGrant, id)
			k.Ended = true
			out = append(out, k.Look)
		case k.dirty && now.Sub(k.told) >= tellEvery:
			k.told, k.dirty = now, false
			out = append(out, k.Look)
		}
	}
	return out
}

// watched counts what a segment's redirect opens, or a picture has. That it cannot be written down
// stops nobody: the grant was, before.
func (f *Function) watched(ctx context.Context, m token.Media, bytes int64) {
	now := f.opts.Now().UTC()
	if told := f.looks.count(m, bytes, now); len(told) > 0 {
		if err := f.opts.Store.PutLooks(ctx, playbackNode, told, now); err != nil && ctx.Err() == nil {
			f.opts.Logger.Error("a look was not written down", "camera", m.CameraID, "grant", m.GrantID, "err", err)
		}
	}
}

// playbackNode is where looks of the archive are said to be shown.
const playbackNode = "playback"

// TellLooks brings the rows of looks up to date and ends those that are over. Call it
// every ten seconds in each instance; one that is never called ends its looks late.
func (f *Function) TellLooks(ctx context.Context) error {
	now := f.opts.Now().UTC()
	return f.opts.Store.PutLooks(ctx, playbackNode, f.looks.due(now), now)
}
