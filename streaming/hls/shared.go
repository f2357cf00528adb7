package hls

import (
	"context"
	"time"
)

// firstEpoch is how the epoch is called that has no secret yet.
const firstEpoch = "0"

// Epoch names the present epoch. It changes with each Withdraw.
func (r *Ring) Epoch() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epochName()
}

func (r *Ring) epochName() string {
	if e := r.epochs[0].secret; e != "" {
		return e
	}
	return firstEpoch
}

// SharedPlaylist returns the media playlist for a cache that gives it to all
// viewers whom it has admitted under an epoch. It waits as Playlist does, but no
// longer than limit. It fails with ErrNotFound once the epoch is over, also in the
// middle of a wait, and with ErrTimeout, ErrNoMedia, ErrTooFar, ErrClosed and the
// context's error.
func (r *Ring) SharedPlaylist(ctx context.Context, epoch string, req Request, limit time.Duration) (*Playlist, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch != r.epochName() {
		return nil, ErrNotFound
	}
	r.ask()
	err := r.wait(ctx, req.Stop, limit, func() (bool, error) {
		switch {
		case epoch != r.epochName():
			return false, ErrNotFound
		case len(r.segments) == 0:
			return false, ErrNoMedia
		case !req.Block:
			return true, nil
		case r.tooFar(req):
			return false, ErrTooFar
		}
		return r.holds(req), nil
	})
	if err != nil {
		return nil, err
	}
	return r.render(req.Skip), nil
}
