package stream

import (
	"sync"
	"sync/atomic"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// entry is one unit in the ring, with the run it belongs to.
type entry struct {
	unit  *media.Unit
	run   *media.Run
	size  int
	start bool // a reader may begin here
}

// ring holds the newest units of a stream, numbered from zero, for all readers
// together. A reader is a number into it. The writer's cost for a unit does not
// depend on the number of readers, apart from waking those that wait.
//
// What is kept: everything since the last start, and, while there are readers,
// the last queue units; never more than units and bytes.
type ring struct {
	units, bytes, queue int

	mu      sync.RWMutex
	buf     []entry // its length is a power of two; entry n is at n modulo the length
	tail    uint64  // the oldest entry
	head    uint64  // the next entry to be written
	key     uint64  // the newest start, if hasKey
	hasKey  bool
	size    int
	readers int
	closed  bool
	wake    chan struct{} // closed and made anew when there is news for those who wait

	waiting atomic.Bool
	dropped atomic.Uint64
}

func (r *ring) init(units, bytes, queue int) {
	r.units, r.bytes, r.queue = units, bytes, queue
	r.buf = make([]entry, 64)
	r.wake = make(chan struct{})
}

func (r *ring) at(n uint64) *entry { return &r.buf[n&uint64(len(r.buf)-1)] }

func (r *ring) push(u *media.Unit, run *media.Run, start bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(r.head-r.tail) == len(r.buf) {
		r.grow()
	}
	size := u.Size()
	*r.at(r.head) = entry{unit: u, run: run, size: size, start: start}
	if start {
		r.key, r.hasKey = r.head, true
	}
	r.head++
	r.size += size
	r.evict()
	r.broadcast()
}

// moveWithin is how far back replace looks: more than a part has units.
const moveWithin = 64

// replace puts a unit in the place of one that is the same but for where its
// bytes lie. It does nothing when that is gone.
func (r *ring) replace(before, now *media.Unit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.head; n > r.tail && r.head-n < moveWithin; n-- {
		if e := r.at(n - 1); e.unit == before {
			e.unit = now
			return
		}
	}
}

func (r *ring) grow() {
	buf := make([]entry, 2*len(r.buf))
	for n := r.tail; n < r.head; n++ {
		buf[n&uint64(len(buf)-1)] = *r.at(n)
	}
	r.buf = buf
}

func (r *ring) evict() {
	for r.tail < r.head {
		n := int(r.head - r.tail)
		if n <= r.units && r.size <= r.bytes {
			if r.hasKey && r.tail >= r.key || r.readers > 0 && n <= r.queue {
				return
			}
		}
		e := r.at(r.tail)
		r.size -= e.size
		*e = entry{}
		if r.hasKey && r.tail == r.key {
			r.hasKey = false
		}
		r.tail++
	}
}

func (r *ring) broadcast() {
	if r.waiting.Swap(false) {
		close(r.wake)
		r.wake = make(chan struct{})
	}
}

// endRun makes the GOP cache invalid: who comes now has to wait for the next
// run. Readers that are behind may still read what is there.
func (r *ring) endRun() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hasKey = false
	r.evict()
}

func (r *ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.hasKey = false
	r.readers = 0
	r.evict()
	r.broadcast()
}

func (r *ring) readerCount() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.readers
}

func (r *ring) stats() Stats {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return Stats{
		Readers:    r.readers,
		Dropped:    r.dropped.Load(),
		CacheBytes: r.size,
		CacheUnits: int(r.head - r.tail),
	}
}
