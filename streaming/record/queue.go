package record

import (
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// item is one call of the cmaf.Sink. Exactly one of init, part and end is set.
type item struct {
	run  string
	mid  bool // with init: another Writer began the run
	init *cmaf.Init
	part *cmaf.Part
	end  string
}

func (i item) size() int {
	switch {
	case i.part != nil:
		return len(i.part.Data)
	case i.init != nil:
		return len(i.init.Data)
	}
	return 0
}

// queue holds items up to a number of bytes. When it is full, push waits; a
// single item larger than the queue passes when the queue is empty.
type queue struct {
	limit int
	ready chan struct{} // holds one token when there is something to take, or after close

	mu     sync.Mutex
	space  sync.Cond
	items  []item
	bytes  int
	closed bool
	busy   bool // an item was taken and not yet written: taken
	taken  item
	moved  time.Time // when there last was nothing to do, or something was done
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit, ready: make(chan struct{}, 1)}
	q.space.L = &q.mu
	return q
}

// push adds an item; it waits for space. When the queue is closed it drops the
// item and returns false.
func (q *queue) push(i item) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && q.bytes > 0 && q.bytes+i.size() > q.limit {
		q.space.Wait()
	}
	if q.closed {
		return false
	}
	q.add(i)
	return true
}

// add appends an item. The caller holds mu.
func (q *queue) add(i item) {
	if len(q.items) == 0 && !q.busy {
		q.moved = time.Now()
	}
	q.items = append(q.items, i)
	q.bytes += i.size()
	q.signal()
}

// close lets nothing more in, after a last item.
func (q *queue) close(last item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	q.space.Broadcast()
	q.add(last)
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take returns the oldest item. more is false when the queue is closed and
// empty; ok is false when it is empty for now.
func (q *queue) take() (i item, ok, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false, !q.closed
	}
	i = q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	if len(q.items) == 0 {
		q.items = nil
	}
	q.busy, q.taken = true, i
	return i, true, true
}

// abandon closes the queue, and returns how many frames are in it and in what was
// taken and not written.
func (q *queue) abandon() (frames int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, i := range append(q.items, q.taken) {
		if i.part != nil {
			frames += int64(i.part.Frames)
		}
	}
	q.items, q.taken, q.bytes, q.closed = nil, item{}, 0, true
	q.space.Broadcast()
	return frames
}

// written gives back the space of an item that take returned.
func (q *queue) written(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= i.size()
	q.busy, q.taken, q.moved = false, item{}, time.Now()
	q.space.Broadcast()
}

// stuck returns for how long there has been something to do and nothing was
// done.
func (q *queue) stuck() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 && !q.busy {
		return 0
	}
	return time.Since(q.moved)
}

func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}
