package archive

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// Sink records one camera: a cmaf.Sink. It outlives the camera's connections;
// its owner closes it. Its calls come one after the other, save those of
// State, Restart and Close.
type Sink struct {
	a      *Archive
	camera string
	log    *slog.Logger
	writer atomic.Pointer[record.Writer]
	lost   atomic.Int64 // frames that no writer recorded

	mu        sync.Mutex
	run       string     // that is open; "" for none
	init      *cmaf.Init // of run
	retention int
	closed    bool
	alive     map[*record.Writer]struct{} // that run: the present one, and at most one that hangs
}

var _ cmaf.Sink = (*Sink)(nil)

// Start implements cmaf.Sink.
func (s *Sink) Start(run string, init *cmaf.Init) {
	s.mu.Lock()
	s.run, s.init = run, init
	w := s.writer.Load()
	s.mu.Unlock()
	w.Start(run, init)
}

// Part implements cmaf.Sink. It waits while the recorder's queue is full.
func (s *Sink) Part(p *cmaf.Part) { s.writer.Load().Part(p) }

// End implements cmaf.Sink.
func (s *Sink) End(reason string) {
	s.mu.Lock()
	s.run, s.init = "", nil
	w := s.writer.Load()
	s.mu.Unlock()
	w.End(reason)
}

// Close ends the recording, with a reason for the run that is open, if one is.
// It does not wait; what was taken will be written and uploaded.
func (s *Sink) Close(reason gatepost.EndReason) {
	s.mu.Lock()
	s.closed = true
	w := s.writer.Load()
	s.mu.Unlock()
	w.Close(string(reason))
}

// SetRetentionDays takes effect with the next file.
func (s *Sink) SetRetentionDays(days int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retention = days
	s.writer.Load().SetRetentionDays(days)
}

// State is how a camera's recording stands.
type State struct {
	Run           string        // that it was told of; "" for none
	LastPart      time.Time     // when a part was last written to the spool; zero: none by this recorder
	Stuck         time.Duration // for how long there has been something to write and nothing was done
	Failing       bool          // the disk failed, and no part was written since
	LostFrames    int64         // that could not be recorded
	SpoolBytes    int64         // in the open file, and in those that wait
	UploadLag     time.Duration // for how long the oldest finished file waits
	LastObject    time.Time     // end of the newest stored object; zero: none yet
	LastRecording string        // its id, while it is in its days of retention
}

// State returns the present state. It waits for no disk.
func (s *Sink) State() State {
	w := s.writer.Load().Stats()
	s.mu.Lock()
	out := State{Run: s.run, LastPart: w.LastPart, Stuck: w.Stuck, Failing: w.Failing, LostFrames: s.lost.Load(), SpoolBytes: w.Spooled}
	s.mu.Unlock()
	waiting, oldest := s.a.jobs.camera(s.camera)
	out.SpoolBytes += waiting
	if !oldest.IsZero() {
		out.UploadLag = time.Since(oldest)
	}
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	if c := s.a.cameras[s.camera]; c != nil && c.newest != nil {
		out.LastObject = c.newest.End
		if c.kept(time.Now()) {
			out.LastRecording = c.newest.ID
		}
	}
	return out
}

// Restart puts a new recorder in the place of one that hangs or has died; the
// run goes on at the next key frame, under another id. What the old one holds it
// writes when its disk answers. It does nothing, and returns false, while one
// before hangs still, and once the Sink is closed.
func (s *Sink) Restart() bool {
	old := s.writer.Load()
	s.mu.Lock()
	if s.closed || len(s.alive) > 1 {
		s.mu.Unlock()
		return false
	}
	run, init := s.run, s.init
	w, err := s.begin()
	if err == nil && run != "" {
		w.Resume(run, init) // its queue is empty
	}
	s.mu.Unlock()
	if err != nil {
		s.log.Error("the recorder cannot be restarted", "err", err)
		return false
	}
	old.Close(record.EndStorage) // lets a publisher go that waits
	s.a.repaired(repairRecorder)
	s.log.Error("the recorder did nothing; another one goes on")
	return true
}

// Sink makes the sink of a camera. A camera may have more than one, when a
// connection takes over while the one before is still ending. It fails with
// Invalid for an id that is none, and with Unavailable once the Archive stops.
func (a *Archive) Sink(cameraID string, retentionDays int) (*Sink, error) {
	s := &Sink{a: a, camera: cameraID, log: a.o.Log.With("camera", cameraID), retention: retentionDays, alive: make(map[*record.Writer]struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.begin(); err != nil {
		return nil, err
	}
	return s, nil
}

// begin makes a recorder and makes it the present one. The caller holds mu.
func (s *Sink) begin() (*record.Writer, error) {
	a := s.a
	var w *record.Writer
	w, err := record.NewWriter(record.Options{
		Dir:           a.o.Spool,
		Camera:        s.camera,
		RetentionDays: s.retention,
		Target:        a.o.Target,
		Create:        a.o.Create,
		PriorEnd: func() string {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.camera(s.camera).priorEnd
		},
		OnRunEnd: func(reason string) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if s.writer.Load() == w {
				a.camera(s.camera).priorEnd = reason
			}
		},
		OnClosed: func(c record.Closed) {
			a.jobs.add(&job{path: c.Path, camera: s.camera, bytes: c.Bytes, progress: closedAs(&c)})
		},
		OnAbandoned: func(path, runEnd string) {
			a.jobs.add(&job{path: path, camera: s.camera, runEnd: runEnd})
		},
		OnLost: func(frames int64) { s.lost.Add(frames) },
		OnError: func(err error) {
			a.o.Metrics.storageErrors.Inc()
			s.log.Error("recording is interrupted: the spool cannot be written", "err", err)
		},
	})
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "camera_id", Message: "the camera's id cannot name a recording", Err: err}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping {
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "the gateway is being stopped"}
	}
	a.open[w] = s
	s.alive[w] = struct{}{}
	s.writer.Store(w)
	a.writers.Go(func() {
		defer s.ended(w)
		// Its end is Close's: the context of whoever asked for the sink
		// says nothing about it.
		if err := w.Run(context.Background()); err != nil {
			s.log.Error("recording ended", "err", err)
		}
	})
	return w, nil
}

// ended forgets a recorder whose goroutine has returned, in order or not.
func (s *Sink) ended(w *record.Writer) {
	s.mu.Lock()
	delete(s.alive, w)
	s.mu.Unlock()
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	delete(s.a.open, w)
	s.a.camera(s.camera).left = time.Now()
}
