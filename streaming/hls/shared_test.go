package hls

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestSharedPlaylist checks that it is the playlist of everybody, as long as its
// epoch lasts.
func TestSharedPlaylist(t *testing.T) {
	const limit = time.Second
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	block := func(msn, part int64) Request { return Request{Block: true, MSN: msn, Part: part} }
	// After 9 parts of a GOP of 5, segment 102 has the parts 5 to 8 so far.
	tests := map[string]struct {
		ctx   context.Context
		epoch string
		req   Request
		do    func(*camera) // 100 ms later
		after time.Duration
		err   error
	}{
		"there already":          {req: block(102, 3)},
		"next part":              {req: block(102, 4), do: func(c *camera) { c.push(1) }, after: 100 * time.Millisecond},
		"another epoch":          {epoch: "x", req: block(102, 3), err: ErrNotFound},
		"no epoch":               {epoch: "-", req: block(102, 3), err: ErrNotFound},
		"the epoch ends":         {req: block(102, 4), do: func(c *camera) { c.ring.Withdraw(time.Minute) }, after: 100 * time.Millisecond, err: ErrNotFound},
		"nothing comes":          {req: block(102, 4), after: limit, err: ErrTimeout},
		"too far":                {req: block(105, -1), err: ErrTooFar},
		"closed":                 {req: block(102, 4), do: func(c *camera) { c.ring.Close() }, after: 100 * time.Millisecond, err: ErrClosed},
		"the cache has gone":     {ctx: cancelled, req: block(102, 4), err: context.Canceled},
		"the camera ends":        {req: block(102, 4), do: func(c *camera) { c.ring.End("network") }, after: limit, err: ErrTimeout},
		"not a blocking request": {req: Request{Part: -1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCamera(t, 5, Options{})
				c.push(9)
				epoch, ctx := c.ring.Epoch(), t.Context()
				if tt.epoch != "" {
					epoch = tt.epoch
				}
				if tt.ctx != nil {
					ctx = tt.ctx
				}
				if tt.do != nil {
					time.AfterFunc(100*time.Millisecond, func() { tt.do(c) })
				}
				began := time.Now()
				p, err := c.ring.SharedPlaylist(ctx, epoch, tt.req, limit)
				if !errors.Is(err, tt.err) || (err != nil) != (tt.err != nil) {
					t.Errorf("got error %v, want %v", err, tt.err)
				}
				if after := time.Since(began); after != tt.after {
					t.Errorf("answered after %v, want %v", after, tt.after)
				}
				if own, _ := c.ring.Playlist(t.Context(), Request{}); err == nil && p != own {
					t.Error("it is not the playlist of everybody")
				}
				c.ring.Close()
			})
		})
	}
}
