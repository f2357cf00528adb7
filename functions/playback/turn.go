package playback

import (
	"context"
	"sync"

	"github.com/gatepost-video/gatepost"
)

// errNewer is what the older of two requests for a picture is answered.
var errNewer = &gatepost.Error{Code: gatepost.RateLimited, Message: "a newer picture was asked for under this grant, and one is made at a time; try again in 1 s"}

// turns has one picture under way for each grant: the newest. Whoever drags along a timeline
// gives up one request after the other, and the server does not learn of it.
type turns struct {
	mu      sync.Mutex
	byGrant map[string]*turn
}

type turn struct {
	giveUp context.CancelCauseFunc
	over   chan struct{}
}

// take has what is under way for a grant give up, and returns once it did. The context ends
// with errNewer as its cause when the next comes; over must be called.
func (t *turns) take(ctx context.Context, grant string) (_ context.Context, over func()) {
	ctx, giveUp := context.WithCancelCause(ctx)
	mine := &turn{giveUp: giveUp, over: make(chan struct{})}
	if older := t.swap(grant, mine); older != nil {
		older.giveUp(errNewer)
		<-older.over
	}
	return ctx, func() {
		giveUp(nil)
		t.leave(grant, mine)
		close(mine.over)
	}
}

func (t *turns) swap(grant string, mine *turn) (older *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byGrant == nil {
		t.byGrant = map[string]*turn{}
	}
	older, t.byGrant[grant] = t.byGrant[grant], mine
	return older
}

func (t *turns) leave(grant string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byGrant[grant] == mine {
		delete(t.byGrant, grant)
	}
}
