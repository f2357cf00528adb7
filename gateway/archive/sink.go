package archive

import (
	"context"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// Sink records one camera: a cmaf.Sink. It outlives the camera's connections;
// its owner closes it.
type Sink struct {
	*record.Writer
	camera string
}

// Close ends the recording, with a reason for the run that is open, if one is.
// It does not wait; what was taken will be written and uploaded.
func (s *Sink) Close(reason gatepost.EndReason) { s.Writer.Close(string(reason)) }

// Sink makes the sink of a camera. A camera may have more than one, when a
// connection takes over while the one before is still ending. It fails with
// Invalid for an id that is none, and with Unavailable once the Archive stops.
func (a *Archive) Sink(cameraID string, retentionDays int) (*Sink, error) {
	log := a.o.Log.With("camera", cameraID)
	s := &Sink{camera: cameraID}
	w, err := record.NewWriter(record.Options{
		Dir:           a.o.Spool,
		Camera:        cameraID,
		RetentionDays: retentionDays,
		Target:        a.o.Target,
		PriorEnd: func() string {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.camera(cameraID).priorEnd
		},
		OnRunEnd: func(reason string) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.camera(cameraID).priorEnd = reason
		},
		OnClosed: func(c record.Closed) {
			a.jobs.add(&job{path: c.Path, camera: cameraID, bytes: c.Bytes, closed: &c})
		},
		OnAbandoned: func(path, runEnd string) {
			a.jobs.add(&job{path: path, camera: cameraID, runEnd: runEnd})
		},
		OnError: func(err error) {
			a.o.Metrics.storageErrors.Inc()
			log.Error("recording is interrupted: the spool cannot be written", "err", err)
		},
	})
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "camera_id", Message: "the camera's id cannot name a recording", Err: err}
	}
	s.Writer = w

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping {
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "the gateway is being stopped"}
	}
	a.sinks[s] = struct{}{}
	a.writers.Go(func() {
		// Its end is Close's: the context of whoever asked for the sink
		// says nothing about it.
		if err := w.Run(context.Background()); err != nil {
			log.Error("recording ended", "err", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.sinks, s)
	})
	return s, nil
}
