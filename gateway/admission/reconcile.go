package admission

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// Recorder is how a camera's recording stands.
type Recorder struct {
	Run           string        // that it was told of; "" for none
	LastPart      time.Time     // when a part was last written to the spool; zero: none by this recorder
	Stuck         time.Duration // for how long there has been something to write and nothing was done
	Failing       bool          // the disk failed, and no part was written since
	LostFrames    int64         // that could not be recorded
	SpoolBytes    int64         // in the open file, and in those that wait
	UploadLag     time.Duration // for how long the oldest finished file waits
	LastObject    time.Time     // end of the newest stored object; zero: none yet
	LastRecording string        // its id
}

// How long something may be wrong before it counts. With reconcileEvery and
// Options.SyncEvery, whatever it is, it is known within a minute.
const (
	reconcileEvery  = 5 * time.Second
	partPatience    = 10 * time.Second // media comes and no part is written
	stuckPatience   = 10 * time.Second // the recorder does nothing
	restartPatience = 20 * time.Second // and then another one takes its place
	keyPatience     = 20 * time.Second // no key frame comes: longer than any GOP that is common
	tracksPatience  = 2 * time.Second  // the muxer tells nobody of a run
	uploadPatience  = 45 * time.Second // a finished file waits
)

// verdict is what there is to say of a camera's recording.
type verdict struct {
	recording bool
	problem   gatepost.RecordingProblem
	since     time.Time // of the problem
}

// judge compares what should be recording with what is. r is nil when nobody
// tells how the recording stands.
func judge(now time.Time, online bool, since time.Time, st stream.Stats, r *Recorder) verdict {
	began := later(since, st.Since)
	switch {
	case !online:
		return verdict{}
	case r != nil && r.Stuck > stuckPatience:
		return verdict{false, gatepost.ProblemRecorder, now.Add(-r.Stuck)}
	case !st.Online && now.Sub(began) > keyPatience:
		return verdict{false, gatepost.ProblemKeyFrames, began}
	case !st.Online:
		return verdict{} // its first key frame may still come
	case r == nil:
		return verdict{recording: true}
	case r.Run == "" && now.Sub(st.Since) > tracksPatience:
		return verdict{false, gatepost.ProblemTracks, st.Since}
	case r.Run == "":
		return verdict{}
	}
	last := later(r.LastPart, st.Since)
	switch {
	case r.Failing:
		return verdict{false, gatepost.ProblemStorage, last}
	case st.LastUnit.Sub(last) > partPatience:
		return verdict{false, gatepost.ProblemRecorder, last}
	case r.LastPart.Before(st.Since):
		return verdict{} // its first part is being made
	case r.UploadLag > uploadPatience:
		return verdict{true, gatepost.ProblemUpload, now.Add(-r.UploadLag)}
	}
	return verdict{recording: true}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reconcile looks at every camera's recording, and repairs what it can, until
// ctx ends. It waits for no recorder and for no control plane.
func (a *Admission) reconcile(ctx context.Context) {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range a.list() {
			c.reconcile(time.Now())
		}
	}
}

func (c *channel) reconcile(now time.Time) {
	c.mu.Lock()
	v := c.look(now)
	c.mu.Unlock()
	// A new recorder has as long: it waits for a key frame first.
	if v.problem == gatepost.ProblemRecorder && now.Sub(later(v.since, c.restarted)) > restartPatience && c.outlets.Restart != nil && c.outlets.Restart() {
		c.restarted = now
	}
}

// look brings the status up to date. The caller holds mu.
func (c *channel) look(now time.Time) verdict {
	var r *Recorder
	if c.outlets.Recorder != nil {
		state := c.outlets.Recorder()
		r = &state
		c.status.LastRecording = r.LastRecording
	}
	v := judge(now, c.status.Online, c.status.Since, c.stream.Stats(), r)
	c.settle(v)
	return v
}

// settle makes a verdict the status; it counts and logs a new problem, and logs
// its end. The caller holds mu.
func (c *channel) settle(v verdict) {
	s := &c.status
	if v.recording == s.Recording && v.problem == s.Problem {
		return
	}
	if v.problem != s.Problem {
		s.ProblemSince = v.since
	}
	s.Recording, s.Problem, c.changed = v.recording, v.problem, true
	switch {
	case v.problem != "" && v.problem != c.told:
		c.a.metrics.problems.WithLabelValues(string(v.problem)).Inc()
		c.log.Error("a camera is online and its recording is not well", "problem", v.problem, "since", v.since, "recording", v.recording)
		c.told = v.problem
	case v.problem == "" && v.recording && c.told != "":
		c.log.Info("the camera's recording is well again", "was", c.told)
		c.told = ""
	}
}
