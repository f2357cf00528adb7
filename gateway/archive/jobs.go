package archive

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/record"
)

// The pauses after a failure double from the first to the longest.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// outage is the number of failures in a row that speak of an outage, rather
// than of one file with which something is wrong.
const outage = 3

// job is one spool file on its way.
type job struct {
	path   string
	camera string
	bytes  int64
	closed *record.Closed // nil: to be recovered first, with runEnd
	runEnd string

	since    time.Time // when it came
	stored   bool      // its object was put by this process
	attempts int       // failed so far
	next     time.Time // not to be tried before
}

// jobs are those that wait, and those under way. All of them fit in memory:
// there is one per camera and minute.
type jobs struct {
	mu      sync.Mutex
	ready   []*job  // oldest first
	waiting waiting // after a failure, by next
	running map[*job]struct{}
	bytes   int64
	streak  int // failures since the last success
	closed  bool
	changed chan struct{} // closed and replaced at each change
}

func newJobs() *jobs {
	return &jobs{running: make(map[*job]struct{}), changed: make(chan struct{})}
}

// notify wakes everybody. The caller holds mu.
func (q *jobs) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *jobs) add(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.since = time.Now()
	q.ready = append(q.ready, j)
	q.bytes += j.bytes
	q.notify()
}

// take waits for a job that is due. ok is false once ctx is done or the queue
// is closed.
func (q *jobs) take(ctx context.Context) (j *job, ok bool) {
	for {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return nil, false
		}
		now := time.Now()
		for len(q.waiting) > 0 && !q.waiting[0].next.After(now) {
			q.ready = append(q.ready, heap.Pop(&q.waiting).(*job))
		}
		if len(q.ready) > 0 {
			j := q.ready[0]
			q.ready[0] = nil
			q.ready = q.ready[1:]
			q.running[j] = struct{}{}
			q.mu.Unlock()
			return j, true
		}
		changed := q.changed
		wait := longestPause
		if len(q.waiting) > 0 {
			wait = q.waiting[0].next.Sub(now)
		}
		q.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, false
		}
		timer.Stop()
	}
}

// done takes a job off the list.
func (q *jobs) done(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, j)
	q.bytes -= j.bytes
	if q.streak >= outage {
		// What was away is back: nobody needs to wait any longer.
		q.release()
	}
	q.streak = 0
	q.notify()
}

// retry puts a job back after a failure.
func (q *jobs) retry(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, j)
	pause := min(longestPause, firstPause<<min(j.attempts, 10))
	j.attempts++
	j.next = time.Now().Add(pause/2 + rand.N(pause/2))
	heap.Push(&q.waiting, j)
	q.streak++
	q.notify()
}

// hurry makes every waiting job due.
func (q *jobs) hurry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release()
	q.notify()
}

func (q *jobs) release() {
	slices.SortFunc(q.waiting, func(a, b *job) int { return a.since.Compare(b.since) })
	q.ready = append(q.ready, q.waiting...)
	q.waiting = nil
}

// idle returns a channel that is closed when nothing is left to do.
func (q *jobs) idle() <-chan struct{} {
	out := make(chan struct{})
	go func() {
		defer close(out)
		for {
			q.mu.Lock()
			n, closed, changed := q.left(), q.closed, q.changed
			q.mu.Unlock()
			if n == 0 || closed {
				return
			}
			<-changed
		}
	}()
	return out
}

// close ends every take.
func (q *jobs) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.notify()
}

func (q *jobs) left() int { return len(q.ready) + len(q.waiting) + len(q.running) }

func (q *jobs) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.left()
}

// state returns the number of jobs, their bytes, and when the oldest came.
func (q *jobs) state() (n int, bytes int64, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	look := func(j *job) {
		if oldest.IsZero() || j.since.Before(oldest) {
			oldest = j.since
		}
	}
	for _, j := range q.ready {
		look(j)
	}
	for _, j := range q.waiting {
		look(j)
	}
	for j := range q.running {
		look(j)
	}
	return q.left(), q.bytes, oldest
}

// waiting is a heap by next.
type waiting []*job

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].next.Before(w[j].next) }
func (w waiting) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)        { *w = append(*w, x.(*job)) }
func (w *waiting) Pop() any {
	old := *w
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	return j
}
