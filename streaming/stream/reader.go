package stream

import (
	"context"
	"sync/atomic"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// SubscribeOptions configures a Reader. The zero value works.
type SubscribeOptions struct {
	// SkipCache begins with the next key frame instead of the last one.
	SkipCache bool
}

// Reader reads a Stream, whoever publishes it. One goroutine calls Next and
// Run; Close and Dropped may be called from others.
type Reader struct {
	s       *Stream
	run     *media.Run
	cursor  uint64 // the next entry to read
	seeking bool   // skip to a start first
	counted bool   // skipped units are losses, not the way to the first one

	dropped atomic.Uint64
	closed  chan struct{}
	once    atomic.Bool
}

// Subscribe makes a reader that begins with the cached GOP: its first unit is
// the last key frame, or the next one when there is none. The caller closes it.
func (s *Stream) Subscribe(o SubscribeOptions) *Reader {
	r := &Reader{s: s, seeking: true, closed: make(chan struct{})}
	g := &s.ring
	g.mu.Lock()
	defer g.mu.Unlock()
	r.cursor = g.head
	if g.hasKey && !o.SkipCache {
		r.cursor = g.key
	}
	if !g.closed {
		g.readers++
	}
	return r
}

// KeyFrame returns the newest key frame that is kept, with its run; nil when there is
// none. Both are shared and immutable.
func (s *Stream) KeyFrame() (*media.Unit, *media.Run) {
	g := &s.ring
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.hasKey {
		return nil, nil
	}
	e := g.at(g.key)
	return e.unit, e.run
}

// Next returns the next unit, waiting for it if need be, over the ends of runs
// and publishers. The unit is shared and immutable; its parameter sets are in
// Run().Tracks, not in its Data. A reader that is too far behind is moved to the
// newest key frame, or the next one to come.
//
// It fails with ErrClosed after Close of the reader or the stream, and with
// ctx's error.
func (r *Reader) Next(ctx context.Context) (*media.Unit, error) {
	g := &r.s.ring
	for {
		g.mu.RLock()
		if g.closed || r.once.Load() {
			g.mu.RUnlock()
			return nil, ErrClosed
		}
		r.seek(g)
		if r.cursor < g.head {
			e := g.at(r.cursor)
			unit := e.unit
			r.run = e.run
			r.cursor++
			g.mu.RUnlock()
			return unit, nil
		}
		g.waiting.Store(true)
		wake := g.wake
		g.mu.RUnlock()
		select {
		case <-wake:
		case <-r.closed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// seek moves the cursor to where the reader may go on.
func (r *Reader) seek(g *ring) {
	if r.cursor < g.tail {
		r.skip(g.tail)
		r.seeking = true
	}
	if !r.seeking {
		return
	}
	if g.hasKey && g.key >= r.cursor {
		r.skip(g.key)
		r.seeking = false
		r.counted = true
		return
	}
	r.skip(g.head)
}

func (r *Reader) skip(to uint64) {
	if r.counted {
		r.dropped.Add(to - r.cursor)
		r.s.ring.dropped.Add(to - r.cursor)
	}
	r.cursor = to
}

// Run returns the run of the unit that Next returned last, nil before the
// first. A run with another ID means that times begin anew and the publisher
// may be another; the same ID in another *media.Run means that tracks changed
// their parameters. The first unit of either is a key frame.
func (r *Reader) Run() *media.Run { return r.run }

// Dropped returns how many units the reader missed because it was slow.
func (r *Reader) Dropped() uint64 { return r.dropped.Load() }

// Close ends the reader; a waiting Next returns ErrClosed. It may be called
// more than once.
func (r *Reader) Close() {
	if r.once.Swap(true) {
		return
	}
	close(r.closed)
	g := &r.s.ring
	g.mu.Lock()
	if g.readers > 0 {
		g.readers--
	}
	none := g.readers == 0
	g.evict()
	g.mu.Unlock()
	if none {
		r.s.touchIdle()
	}
}
