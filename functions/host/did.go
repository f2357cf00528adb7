package host

import (
	"context"
	"maps"
	"sync"
)

// round is what a round of timed work did so far.
type round struct {
	mu  sync.Mutex
	did map[string]int64
}

type roundKey struct{}

// Round returns the context of a round of timed work, and what tells at its end what was done.
func Round(ctx context.Context) (context.Context, func() map[string]int64) {
	r := &round{did: map[string]int64{}}
	return context.WithValue(ctx, roundKey{}, r), func() map[string]int64 {
		r.mu.Lock()
		defer r.mu.Unlock()
		return maps.Clone(r.did)
	}
}

// Did adds to what a round of timed work did, for its record. Elsewhere, and with 0, it does nothing.
func Did(ctx context.Context, what string, n int64) {
	r, ok := ctx.Value(roundKey{}).(*round)
	if !ok || n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did[what] += n
}
