package whep

import (
	"sync"
	"sync/atomic"
)

const (
	// maxShares bounds into how many shares a feed's viewers are divided.
	maxShares = 8

	// shareUnits is how many units a share may be behind. It never waits for a
	// viewer, so it is behind only when the machine is too slow for all; what does
	// not fit is dropped then, to the next key frame.
	shareUnits = 16

	// fewViewers are sent to by the feed itself: waking another goroutine would
	// take as long.
	fewViewers = 8
)

// share is some of a feed's viewers. One goroutine sends each unit to all of them,
// instead of waking one for each viewer.
type share struct {
	queue   chan handed
	pending atomic.Int32 // units in the queue or being sent from it
	missed  bool         // units did not fit; of the feed alone
	count   atomic.Int32 // of viewers

	mu      sync.Mutex
	viewers map[*viewer]struct{}
}

// handed is a unit, and whether units before it are missing.
type handed struct {
	*packets
	gap bool
}

func newShare() *share {
	return &share{queue: make(chan handed, shareUnits), viewers: make(map[*viewer]struct{})}
}

// hand sees to it that a unit is sent to the viewers, and never waits but for few
// viewers and when it may. Only the feed calls it.
func (s *share) hand(p *packets, mayWait bool) {
	n := s.count.Load()
	if n == 0 {
		return
	}
	unit := handed{p, s.missed}
	if mayWait && n <= fewViewers && s.pending.Load() == 0 {
		s.send(unit)
		s.missed = false
		return
	}
	s.pending.Add(1)
	select {
	case s.queue <- unit:
		s.missed = false
	default:
		s.pending.Add(-1)
		s.missed = true
	}
}

// run sends until the queue is closed.
func (s *share) run() {
	for unit := range s.queue {
		s.send(unit)
		s.pending.Add(-1)
	}
}

func (s *share) send(unit handed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.viewers {
		if unit.gap {
			v.skip()
		}
		v.push(unit.packets)
	}
}

func (s *share) add(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewers[v] = struct{}{}
	s.count.Store(int32(len(s.viewers)))
}

func (s *share) remove(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
	s.count.Store(int32(len(s.viewers)))
}

// clear removes all viewers and returns them.
func (s *share) clear() map[*viewer]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	viewers := s.viewers
	s.viewers = make(map[*viewer]struct{})
	s.count.Store(0)
	return viewers
}
