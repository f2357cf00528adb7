package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// Control is the control plane as an Archive needs it.
type Control interface {
	// RecordingClosed makes the row of a stored object. It is called again
	// when its answer was lost, so the same camera, run and number must not
	// make a second row. Any error means: try again later.
	RecordingClosed(ctx context.Context, r gatepost.Recording) error
}

// Options configure an Archive. Spool, Objects and Control are needed.
type Options struct {
	// Spool is a directory of this process alone; it is made if it is not there.
	Spool   string
	Objects objstore.Store
	Control Control

	// Create makes a spool file; see record.Options.
	Create func(path string) (record.Storage, error)
	// Uploads is how many objects are uploaded at once. Default: 4.
	Uploads int
	// Target is the media time of an object; it ends at the key frame after.
	// Default: one minute.
	Target time.Duration
	// StopTimeout is how long Run goes on uploading after its context is
	// done; what is left then stays in the spool. Default: 10 s.
	StopTimeout time.Duration

	// Reserve is the free space of the spool's disk, in bytes, below which it
	// counts as low, until there is a quarter more again. Default: 1 GiB.
	Reserve int64

	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Archive is the way of a gateway's recordings into object storage.
type Archive struct {
	o    Options
	lock *os.File
	jobs *jobs
	free func(path string) (int64, error)

	mu       sync.Mutex
	stopping bool
	open     map[*record.Writer]*Sink
	strays   map[string]bool // spool files that nobody knew of at the last look
	cameras  map[string]*camera
	low      bool
	space    int64 // free bytes of the spool's disk, at the last look
	writers  sync.WaitGroup
	replaced atomic.Int64 // workers that hang and were replaced

	uploaded, failures int64
}

// camera is what is remembered of a camera beyond its sinks.
type camera struct {
	priorEnd string              // why its newest run ended
	newest   *gatepost.Recording // of those stored by this process, with their rows
	left     time.Time           // when a recorder of it, or this process, last began or ended
}

// forgetAfter is how long a camera is remembered that has neither a recorder nor
// a file in the spool.
const forgetAfter = 24 * time.Hour

// stored notes a recording that is stored and has its row.
func (c *camera) stored(r *gatepost.Recording) {
	if c.newest == nil || r.End.After(c.newest.End) {
		c.newest = r
	}
}

// kept tells whether the newest recording is in its days of retention: beyond
// that its row may be gone, and nothing is amiss.
func (c *camera) kept(now time.Time) bool {
	return c.newest != nil && now.Before(c.newest.End.AddDate(0, 0, c.newest.RetentionDays))
}

// diskEvery is how often the free space is looked at.
const diskEvery = 5 * time.Second

// New makes an Archive, and looks at what an earlier process left in the spool;
// Run finishes it. It fails with gatepost.Unavailable when the spool cannot be
// written, and with gatepost.Conflict when another process uses it.
func New(o Options) (*Archive, error) {
	if o.Uploads <= 0 {
		o.Uploads = 4
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = 10 * time.Second
	}
	if o.Reserve <= 0 {
		o.Reserve = 1 << 30
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a := &Archive{
		o: o, jobs: newJobs(), free: freeBytes,
		open: make(map[*record.Writer]*Sink), cameras: make(map[string]*camera),
	}
	lock, err := lockSpool(o.Spool)
	if err != nil {
		return nil, err
	}
	a.lock = lock
	if err := a.takeLeftovers(); err != nil {
		return nil, errors.Join(&gatepost.Error{
			Code:    gatepost.Unavailable,
			Message: fmt.Sprintf("the spool %s cannot be read", o.Spool),
			Err:     err,
		}, lock.Close())
	}
	o.Metrics.register(a)
	return a, nil
}

// lockSpool makes the spool this process's own until the file is closed, or
// the process ends.
func lockSpool(dir string) (*os.File, error) {
	unusable := func(err error) error {
		return &gatepost.Error{
			Code:    gatepost.Unavailable,
			Message: fmt.Sprintf("the spool %s cannot be written; make it writable or name another directory", dir),
			Err:     err,
		}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, unusable(err)
	}
	if err := writable(dir); err != nil {
		return nil, unusable(err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, unusable(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(&gatepost.Error{
			Code:    gatepost.Conflict,
			Message: fmt.Sprintf("another process records into the spool %s; each needs a directory of its own", dir),
		}, f.Close())
	}
	if err != nil {
		return nil, errors.Join(unusable(err), f.Close())
	}
	return f, nil
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, "check-*.tmp")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (a *Archive) takeLeftovers() error {
	left, err := record.Leftovers(a.o.Spool)
	if err != nil {
		return err
	}
	for _, l := range left {
		if l.Camera == "" {
			a.o.Log.Error("the spool holds a file that is no recording; it stays", "path", l.Path)
			continue
		}
		// The newest comes last; its run ended with the process, if not before.
		a.camera(l.Camera).priorEnd = cmp.Or(l.RunEnd, record.EndCrash)
		a.jobs.add(&job{path: l.Path, camera: l.Camera, bytes: l.Bytes, runEnd: record.EndCrash})
	}
	if len(left) > 0 {
		a.o.Log.Info("finishing recordings that were left in the spool", "files", len(left))
	}
	return nil
}

// camera returns what is remembered of a camera. The caller holds mu, or is New.
func (a *Archive) camera(id string) *camera {
	c := a.cameras[id]
	if c == nil {
		c = &camera{left: time.Now()}
		a.cameras[id] = c
	}
	return c
}

// Run uploads until ctx is done. Then it closes every Sink with the reason
// "gateway_shutdown", and returns when all is uploaded, or after StopTimeout. It fails with
// Unavailable when the disk or the object store hangs: then the spool stays
// locked until the process ends. An Archive runs once.
func (a *Archive) Run(ctx context.Context) error {
	uploads, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	for range a.o.Uploads {
		workers.Go(func() { a.work(uploads) })
	}
	workers.Go(func() {
		every(ctx, requeueEvery, func() { a.requeue(func() { workers.Go(func() { a.work(uploads) }) }) })
	})
	workers.Go(func() { every(ctx, rescanEvery, a.rescan) })
	workers.Go(func() { every(ctx, time.Hour, func() { a.forget(time.Now()) }) })
	every(ctx, diskEvery, a.checkDisk)

	deadline := time.NewTimer(a.o.StopTimeout)
	defer deadline.Stop()
	a.stop()
	written := make(chan struct{})
	go func() { a.writers.Wait(); close(written) }()
	select {
	case <-written:
		a.jobs.hurry() // one more try for what waits
		select {
		case <-a.jobs.idle():
		case <-deadline.C:
		}
	case <-deadline.C:
	}
	cancel()
	a.jobs.close()
	uploaded := make(chan struct{})
	go func() { workers.Wait(); close(uploaded) }()
	hung := time.NewTimer(hangGrace)
	defer hung.Stop()
	select {
	case <-uploaded:
	case <-hung.C:
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "an upload does not end in spite of its time limits; its file stays in the spool"}
	}
	if n := a.jobs.count(); n > 0 {
		a.o.Log.Warn("recordings are left in the spool for the next start", "files", n)
	}
	// A writer that hangs on a dead disk keeps the spool locked.
	select {
	case <-written:
	default:
		return &gatepost.Error{Code: gatepost.Unavailable, Message: fmt.Sprintf("the disk of the spool %s does not answer", a.o.Spool)}
	}
	a.o.Metrics.unregister()
	return a.lock.Close()
}

// stop lets no new Sink in and closes those that are open.
func (a *Archive) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	for w := range a.open {
		w.Close(record.EndShutdown)
	}
}

// every calls f at once, and then at an interval, until ctx is done.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// checkDisk looks at the free space, and tells when it became low.
func (a *Archive) checkDisk() {
	free, err := a.free(a.o.Spool)
	if err != nil {
		a.o.Log.Error("the free space of the spool cannot be told", "err", err)
		return
	}
	a.mu.Lock()
	was := a.low
	a.space = free
	if free < a.o.Reserve {
		a.low = true
	} else if free >= a.o.Reserve+a.o.Reserve/4 {
		a.low = false
	}
	low := a.low
	a.mu.Unlock()
	if low == was {
		return
	}
	if low {
		a.o.Log.Error("the disk of the spool is nearly full", "free_bytes", free)
	} else {
		a.o.Log.Info("the disk of the spool has room again", "free_bytes", free)
	}
}

// freeBytes is the space that this process may still take on path's disk.
func freeBytes(path string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // of another type on other systems
}
