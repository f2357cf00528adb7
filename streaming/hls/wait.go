package hls

import (
	"context"
	"errors"
	"time"
)

// offlineWait is how long a blocking request waits for a camera that has gone: it
// sees the camera come back at once, and well before players give up.
const offlineWait = 2 * TargetDuration

// Playlist returns the media playlist. When req says so it waits for what req
// asks for, until the run ends, three target durations at most.
//
// It fails with ErrNoMedia, ErrClosed, ErrTimeout, ErrTooFar, ErrStopped, and with
// the context's error.
func (r *Ring) Playlist(ctx context.Context, req Request) (*Playlist, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
	ends, wasLive := r.ends, r.live
	limit := 3 * TargetDuration
	if !wasLive {
		limit = offlineWait
	}
	err := r.wait(ctx, req.Stop, limit, func() (bool, error) {
		if len(r.segments) == 0 {
			return false, ErrNoMedia
		}
		if !req.Block {
			return true, nil
		}
		if r.tooFar(req) {
			return false, ErrTooFar
		}
		return r.holds(req) || r.ends != ends, nil
	})
	// A camera that has gone does not make its viewers fail: they find the
	// playlist as it was, and ask again.
	if errors.Is(err, ErrTimeout) && !wasLive && !r.live && len(r.segments) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return r.render(req.Skip), nil
}

// WaitMedia waits until there is anything to play. It fails with ErrClosed, with
// ErrNoMedia after the limit, with ErrStopped when stop is closed, and with the
// context's error.
func (r *Ring) WaitMedia(ctx context.Context, stop <-chan struct{}, limit time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
	err := r.wait(ctx, stop, limit, func() (bool, error) { return len(r.segments) > 0, nil })
	if errors.Is(err, ErrTimeout) {
		err = ErrNoMedia
	}
	return err
}

// wait blocks until done says so, or fails. It is called with r.mu held, and
// holds it whenever it calls done and when it returns.
func (r *Ring) wait(ctx context.Context, stop <-chan struct{}, limit time.Duration, done func() (bool, error)) error {
	var timeout <-chan time.Time
	for {
		if r.closed {
			return ErrClosed
		}
		if ok, err := done(); ok || err != nil {
			return err
		}
		if timeout == nil {
			t := time.NewTimer(limit)
			defer t.Stop()
			timeout = t.C
		}
		changed := r.changed
		r.waiting++
		r.mu.Unlock()
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			err = ctx.Err()
		case <-stop:
			err = ErrStopped
		case <-timeout:
			err = ErrTimeout
		}
		r.mu.Lock()
		r.waiting--
		if err != nil {
			return err
		}
	}
}

// position returns the segment that parts go to next, and how many it has.
func (r *Ring) position() (msn, parts int64) {
	if s := r.open(); s != nil {
		return s.msn, int64(len(s.parts))
	}
	return r.msn, 0
}

// holds tells whether the playlist has what req asks for. A part beyond the last
// of its segment means the first of the next one (RFC 8216bis §6.2.5.2), which is
// what opens that segment here.
func (r *Ring) holds(req Request) bool {
	msn, parts := r.position()
	if req.Part < 0 {
		return msn > req.MSN
	}
	if msn > req.MSN {
		s := r.segments[len(r.segments)-1]
		if s.msn == req.MSN && req.Part >= int64(len(s.parts)) {
			return false // closed, but the next has not begun
		}
		return true
	}
	return msn == req.MSN && parts > req.Part
}

// tooFar tells whether req lies further ahead than players may ask: two segments
// beyond the last one, or more parts than a target duration and the advance part
// limit hold.
func (r *Ring) tooFar(req Request) bool {
	msn, parts := r.position()
	last := msn - 1
	if parts > 0 {
		last = msn
	}
	if req.MSN > last+2 {
		return true
	}
	limit := int64(3)
	if r.options.PartTarget < time.Second {
		limit = int64(3 * time.Second / r.options.PartTarget)
	}
	limit += int64(TargetDuration/r.options.PartTarget) * 2
	return req.MSN >= msn && req.Part > parts+limit
}
