package archive

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatepost-video/gatepost"
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

// job is one spool file on its way, or a row that must be made again.
type job struct {
	path   string
	lost   *gatepost.Recording // its object is stored and its row was lost; there is no file
	camera string
	bytes  int64
	runEnd string // for the recovery of a file that nobody closed

	since    time.Time // when it came
	attempts int       // failed so far
	next     time.Time // not to be tried before

	*progress
}

// progress is how far a job has come. An attempt that hangs has it in common with the
// one that was begun beside it.
type progress struct {
	closed   atomic.Pointer[record.Closed] // nil: to be recovered first
	stored   atomic.Bool                   // its object was put by this process
	finished atomic.Bool                   // some attempt brought it all the way
}

// closedAs is the progress of a file that its recorder closed.
func closedAs(c *record.Closed) *progress {
	p := &progress{}
	p.closed.Store(c)
	return p
}

// limit is how long one attempt may take, with all its time limits and something
// more; one that takes longer hangs.
func (j *job) limit() time.Duration {
	return objectTimeout + time.Duration(j.bytes/slowest)*time.Second + controlTimeout + hangGrace
}

// jobs are those that wait, and those under way. All of them fit in memory:
// there is one per camera and minute.
type jobs struct {
	mu      sync.Mutex
	ready   []*job             // oldest first
	waiting waiting            // after a failure, by next
	running map[*job]time.Time // since when
	cameras map[string][]*job  // all of them by camera, oldest first
	bytes   int64
	streak  int // failures since the last success
	closed  bool
	changed chan struct{} // closed and replaced at each change
}

func newJobs() *jobs {
	return &jobs{running: make(map[*job]time.Time), cameras: make(map[string][]*job), changed: make(chan struct{})}
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
	if j.progress == nil {
		j.progress = &progress{}
	}
	q.cameras[j.camera] = append(q.cameras[j.camera], j)
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
			q.running[j] = now
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

// done takes a job off the list. ok is false when its worker was replaced.
func (q *jobs) done(j *job) (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.finished.Store(true)
	if _, ok = q.running[j]; !ok {
		return false
	}
	delete(q.running, j)
	q.forget(j)
	if q.streak >= outage {
		// What was away is back: nobody needs to wait any longer.
		q.release()
	}
	q.streak = 0
	q.notify()
	return true
}

// forget takes a job out of the index by camera. The caller holds mu.
func (q *jobs) forget(j *job) {
	q.bytes -= j.bytes
	rest := slices.DeleteFunc(q.cameras[j.camera], func(o *job) bool { return o == j })
	if q.cameras[j.camera] = rest; len(rest) == 0 {
		delete(q.cameras, j.camera)
	}
}

// requeue makes copies of at most n jobs that have hung for longer than their
// limit, to be tried again by others, and returns how many.
func (q *jobs) requeue(n int) (copies int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for j, since := range q.running {
		if copies == n {
			break
		}
		if time.Since(since) < j.limit() {
			continue
		}
		delete(q.running, j)
		again := *j
		list := q.cameras[j.camera]
		list[slices.Index(list, j)] = &again
		q.ready = append(q.ready, &again)
		copies++
	}
	if copies > 0 {
		q.notify()
	}
	return copies
}

// paths returns the files of all jobs.
func (q *jobs) paths() map[string]bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make(map[string]bool)
	for _, list := range q.cameras {
		for _, j := range list {
			out[j.path] = true
		}
	}
	return out
}

// camera returns the bytes of one camera's jobs, and when the oldest came.
func (q *jobs) camera(id string) (bytes int64, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, j := range q.cameras[id] {
		if i == 0 {
			oldest = j.since
		}
		bytes += j.bytes
	}
	return bytes, oldest
}

// retry puts a job back after a failure. ok is false when its worker was
// replaced.
func (q *jobs) retry(j *job) (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok = q.running[j]; !ok {
		return false
	}
	delete(q.running, j)
	pause := min(longestPause, firstPause<<min(j.attempts, 10))
	j.attempts++
	j.next = time.Now().Add(pause/2 + rand.N(pause/2))
	heap.Push(&q.waiting, j)
	q.streak++
	q.notify()
	return true
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
	for _, list := range q.cameras {
		if at := list[0].since; oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
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
