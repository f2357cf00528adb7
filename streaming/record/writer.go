package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// Defaults of Options.
const (
	DefaultTarget     = time.Minute
	DefaultQueueBytes = 8 << 20
	DefaultSyncEvery  = time.Second
)

// Bounds of a file. Past the soft one it ends at the next key frame; at a hard
// one it ends at once, and recording waits for a key frame. MaxDuration is what
// a query by time may rely on.
const (
	MaxDuration = time.Hour
	softBytes   = 256 << 20
	maxBytes    = 2 << 30
)

// Options configure a Writer. Dir and Camera are needed; the rest has defaults.
type Options struct {
	// Dir is the spool directory. It must exist.
	Dir string
	// Camera is the camera's id: letters, digits and hyphens.
	Camera string
	// RetentionDays is written into each file's description; see
	// Writer.SetRetentionDays.
	RetentionDays int
	// Target is the media time after which a file ends at the next key frame.
	// Default: one minute.
	Target time.Duration
	// QueueBytes bounds what waits for the disk. When it is full, the
	// publisher waits. Default: 8 MiB.
	QueueBytes int
	// SyncEvery is the longest time that written media is not yet durable.
	// Default: one second.
	SyncEvery time.Duration

	// Create makes a new file, which must not be there yet. Default: on the
	// disk; tests put one there that fails or hangs.
	Create func(path string) (Storage, error)

	// PriorEnd is asked why the run before ended, when a run's first file
	// begins. Default: what this Writer saw itself.
	PriorEnd func() string
	// OnRunEnd is told of each end of a run, with its reason.
	OnRunEnd func(reason string)
	// OnClosed takes each finished file. From then on it is the taker's.
	OnClosed func(Closed)
	// OnAbandoned takes the path of a file that could not be closed, and the
	// reason for Recover, to be tried when the disk works again.
	OnAbandoned func(path, runEnd string)
	// OnLost is told of frames that are not recorded, as Stats counts them: by
	// Part's caller as well, also after Run has returned.
	OnLost func(frames int64)
	// OnError is told of each error of the disk. Recording goes on at the
	// next key frame.
	OnError func(error)
}

// Writer records one camera. It is a cmaf.Sink; Run does the work. The
// callbacks of its Options, but for OnLost, are called on Run's goroutine; they
// must not wait long.
type Writer struct {
	o      Options
	queue  *queue
	create func(string) (Storage, error)
	began  time.Time

	// Of Run's goroutine.
	source   string // the publisher's run; "" when there is none
	past     string // the newest source
	run      string // the run as it is recorded; another one after an error of the disk
	seq      int
	init     *cmaf.Init
	file     *file
	prior    string
	lastSync time.Time

	retention atomic.Int64
	recording atomic.Bool
	spooled   atomic.Int64
	lost      atomic.Int64
	failures  atomic.Int64
	lastPart  atomic.Int64 // since began, so that a step of the wall clock changes nothing; 0: none yet
	failing   atomic.Bool
	paths     atomic.Pointer[[2]string] // of the newest file, and of the one before
}

var _ cmaf.Sink = (*Writer)(nil)

// NewWriter makes a Writer. It fails when an option is not usable.
func NewWriter(o Options) (*Writer, error) {
	if !plain(o.Camera) {
		return nil, fmt.Errorf("camera id %q cannot be part of a file name", o.Camera)
	}
	if o.Dir == "" {
		return nil, errors.New("no spool directory is given")
	}
	if o.Target <= 0 {
		o.Target = DefaultTarget
	}
	if o.QueueBytes <= 0 {
		o.QueueBytes = DefaultQueueBytes
	}
	if o.SyncEvery <= 0 {
		o.SyncEvery = DefaultSyncEvery
	}
	if o.Create == nil {
		o.Create = create
	}
	w := &Writer{o: o, queue: newQueue(o.QueueBytes), create: o.Create, began: time.Now()}
	w.retention.Store(int64(o.RetentionDays))
	return w, nil
}

// Start implements cmaf.Sink.
func (w *Writer) Start(run string, init *cmaf.Init) { w.queue.push(item{run: run, init: init}) }

// Resume is Start in the middle of a run that another Writer began and cannot
// go on with: it is recorded under an id of its own, and the one before ended
// with the reason "storage".
func (w *Writer) Resume(run string, init *cmaf.Init) {
	w.queue.push(item{run: run, mid: true, init: init})
}

// Part implements cmaf.Sink. It waits while the queue is full.
func (w *Writer) Part(p *cmaf.Part) {
	if !w.queue.push(item{part: p}) {
		w.lose(int64(p.Frames))
	}
}

// End implements cmaf.Sink.
func (w *Writer) End(reason string) { w.queue.push(item{end: reason}) }

// Close ends the open run, if there is one, with a reason. What the sink is
// given afterwards is dropped. Run returns once all is written.
func (w *Writer) Close(reason string) { w.queue.close(item{end: reason}) }

// SetRetentionDays takes effect with the next file.
func (w *Writer) SetRetentionDays(days int) { w.retention.Store(int64(days)) }

// Recording tells whether a file is being written.
func (w *Writer) Recording() bool { return w.recording.Load() }

// Stats are counters of a Writer since it was made.
type Stats struct {
	Queued   int   // bytes that wait for the disk
	Spooled  int64 // bytes in the open file
	Lost     int64 // frames that were not recorded, because of the disk, for want of a key frame, or after Close
	Failures int64 // errors of the disk

	LastPart time.Time     // when a part was last written; zero: none yet
	Failing  bool          // the disk failed, and no part was written since
	Stuck    time.Duration // for how long there has been something to write and nothing was done
}

// Stats returns the Writer's counters and present state.
func (w *Writer) Stats() Stats {
	s := Stats{
		Queued: w.queue.size(), Spooled: w.spooled.Load(), Lost: w.lost.Load(), Failures: w.failures.Load(),
		Failing: w.failing.Load(), Stuck: w.queue.stuck(),
	}
	if at := w.lastPart.Load(); at != 0 {
		s.LastPart = w.began.Add(time.Duration(at))
	}
	return s
}

// Paths returns the newest file that the Writer began, or tried to, and the one before it, ""
// for none: one it writes, the other it may still be closing. A file that
// OnClosed or OnAbandoned was told of is the taker's, though it is among them.
func (w *Writer) Paths() [2]string {
	if p := w.paths.Load(); p != nil {
		return *p
	}
	return [2]string{}
}

// Run writes until Close was called and all is on the disk. When ctx is done
// before, it closes the Writer with the reason "gateway_shutdown".
func (w *Writer) Run(ctx context.Context) error {
	// Nothing is left, unless this goroutine dies before its time.
	defer func() { w.lose(w.queue.abandon()) }()
	timer := time.NewTimer(w.o.SyncEvery)
	defer timer.Stop()
	done := ctx.Done()
	w.lastSync = time.Now()
	for {
		select {
		case <-w.queue.ready:
			for {
				i, ok, more := w.queue.take()
				if !more {
					return nil
				}
				if !ok {
					break
				}
				w.handle(i)
				w.queue.written(i)
				w.syncWhenDue()
			}
		case <-timer.C:
			w.syncWhenDue()
			// At most SyncEvery after the last one, even if the timer
			// and a sync from the queue fell apart.
			timer.Reset(max(w.o.SyncEvery/10, w.o.SyncEvery-time.Since(w.lastSync)))
		case <-done:
			done = nil
			w.Close(EndShutdown)
		}
	}
}

func (w *Writer) handle(i item) {
	switch {
	case i.init != nil:
		w.start(i.run, i.init)
		if i.mid {
			w.ended(EndStorage)
			w.run = newRun()
		}
	case i.part != nil:
		w.part(i.part)
	default:
		w.end(i.end)
	}
}

func (w *Writer) start(run string, init *cmaf.Init) {
	if run == "" {
		run = newRun()
	}
	if run != w.source {
		w.end(endReplaced)
		w.source, w.run, w.seq = run, run, 0
		if !plain(run) || run == w.past {
			w.run = newRun() // one that came back would overwrite its own files
		}
		w.past = run
		w.failing.Store(false)
	} else if w.file != nil {
		if bytes.Equal(init.Data, w.init.Data) {
			return // nothing that a file would show
		}
		w.close(w.file, "")
	}
	w.init = init
}

func (w *Writer) part(p *cmaf.Part) {
	if w.init == nil {
		w.lose(int64(p.Frames))
		return
	}
	if w.file != nil {
		w.rotate(p)
	} else if p.Independent {
		w.file = w.open(p)
	}
	if w.file == nil {
		w.lose(int64(p.Frames))
		return
	}
	if err := w.file.append(p); err != nil {
		w.lose(int64(p.Frames))
		w.fail(err)
		return
	}
	w.spooled.Store(w.file.size)
	w.lastPart.Store(int64(time.Since(w.began)))
	w.failing.Store(false)
}

// rotate ends the file before p when it is time, and begins the next one. That
// comes first, so that the old file can still say so if it fails.
func (w *Writer) rotate(p *cmaf.Part) {
	length := p.Start - w.file.index.first
	switch {
	case p.Independent && (length >= w.o.Target || w.file.size >= softBytes):
		w.file.index.continueAt(p.Start, p.NTP)
		before := w.file
		if next := w.open(p); next != nil {
			w.close(before, "")
			w.file = next
			w.recording.Store(true)
		} else {
			w.close(before, EndStorage)
		}
	case length+p.Duration >= MaxDuration, w.file.size+int64(len(p.Data)) > maxBytes:
		w.close(w.file, "")
	}
}

// open begins a file with p. It returns nil, and the run has ended, when the
// disk does not let it.
func (w *Writer) open(p *cmaf.Part) *file {
	start := Closed{Camera: w.o.Camera, Run: w.run, Seq: w.seq, RetentionDays: int(w.retention.Load())}
	if w.seq == 0 {
		start.PriorEnd = w.prior
		if w.o.PriorEnd != nil {
			start.PriorEnd = w.o.PriorEnd()
		}
	}
	path := filepath.Join(w.o.Dir, name(start.Camera, start.Run, start.Seq)+mediaExt)
	w.paths.Store(&[2]string{path, w.Paths()[0]}) // before it is there: nobody shall take it for a stray
	f, err := openFile(path, start, w.init, p, w.create)
	if err != nil {
		w.broken(err)
		return nil
	}
	w.seq++
	w.recording.Store(true)
	return f
}

// end ends the run, if there is one.
func (w *Writer) end(reason string) {
	if w.source == "" {
		return
	}
	if w.file != nil {
		w.close(w.file, reason)
		w.ended(reason)
	} else if w.prior != EndStorage || w.seq > 0 {
		w.ended(reason)
	} // else the recording had ended before the run: what counts is why
	w.source, w.init = "", nil
}

func (w *Writer) ended(reason string) {
	w.prior = reason
	if w.o.OnRunEnd != nil {
		w.o.OnRunEnd(reason)
	}
}

// close finishes a file, which then is no longer the open one.
func (w *Writer) close(f *file, runEnd string) {
	w.file = nil
	w.recording.Store(false)
	w.spooled.Store(0)
	if !f.index.begun {
		if err := errors.Join(f.out.Close(), Remove(f.closed.Path)); err != nil {
			w.report(err)
		}
		return
	}
	c, ok, err := f.finish(runEnd)
	w.lastSync = time.Now()
	if err != nil {
		w.report(err)
	}
	switch {
	case ok && w.o.OnClosed != nil:
		w.o.OnClosed(c)
	case !ok && w.o.OnAbandoned != nil:
		w.o.OnAbandoned(f.closed.Path, runEnd)
	}
}

// fail ends the recording of the run after a write that failed.
func (w *Writer) fail(err error) {
	if cut := w.file.cut(); cut != nil {
		w.abandon(errors.Join(err, cut))
		return
	}
	w.close(w.file, EndStorage)
	w.broken(err)
}

// broken begins a new run after an error of the disk. It does so also before
// the first file: what could not be removed of it has its name.
func (w *Writer) broken(err error) {
	w.report(err)
	w.ended(EndStorage)
	w.run, w.seq = newRun(), 0
}

func (w *Writer) report(err error) {
	w.failures.Add(1)
	w.failing.Store(true)
	if w.o.OnError != nil {
		w.o.OnError(err)
	}
}

func (w *Writer) lose(frames int64) {
	if frames == 0 {
		return
	}
	w.lost.Add(frames)
	if w.o.OnLost != nil {
		w.o.OnLost(frames)
	}
}

func (w *Writer) syncWhenDue() {
	if time.Since(w.lastSync) < w.o.SyncEvery {
		return
	}
	if w.file == nil || !w.file.dirty {
		w.lastSync = time.Now()
		return
	}
	err := w.file.sync()
	w.lastSync = time.Now()
	if err != nil {
		w.abandon(err)
	}
}

// abandon gives up a file whose sync failed: nobody knows what of it is on the
// disk. Recover will look.
func (w *Writer) abandon(err error) {
	f := w.file
	w.file = nil
	w.recording.Store(false)
	w.spooled.Store(0)
	err = errors.Join(err, f.out.Close())
	if w.o.OnAbandoned != nil {
		w.o.OnAbandoned(f.closed.Path, EndStorage)
	}
	w.broken(err)
}

// newRun makes an id for a run that its publisher did not name.
func newRun() string { return uuid.Must(uuid.NewV7()).String() }
