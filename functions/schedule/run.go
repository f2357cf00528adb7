package schedule

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
)

const (
	recordLasts = time.Hour        // that rounds share a record
	recordWaits = 30 * time.Second // that a record is not written anew
	writeMost   = 10 * time.Second
	maxProblem  = 500 // characters
)

// Run does every task at once and then at its interval, until ctx ends. A round
// that fails is logged and done again at the next.
func (f *Function) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, t := range f.opts.Tasks {
		g.Go(func() error {
			r := &recorder{Function: f, task: t}
			defer r.close(ctx)
			tick := time.NewTicker(t.Every)
			defer tick.Stop()
			for {
				if err := r.round(ctx); err != nil && ctx.Err() == nil {
					f.opts.Log.Error("timed work failed; it is done again later", "job", t.Name, "err", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-tick.C:
				}
			}
		})
	}
	return g.Wait()
}

// Once does one round of a task and writes its record. It fails as the round does, and
// with NotFound for a task that does not exist.
func (f *Function) Once(ctx context.Context, name string) error {
	i := slices.IndexFunc(f.opts.Tasks, func(t Task) bool { return t.Name == name })
	if i < 0 {
		names := make([]string, len(f.opts.Tasks))
		for i, t := range f.opts.Tasks {
			names[i] = t.Name
		}
		return &gatepost.Error{Code: gatepost.NotFound, Field: "task", Message: "there is no task " + name + "; there are " + strings.Join(names, ", ")}
	}
	r := &recorder{Function: f, task: f.opts.Tasks[i]}
	defer r.close(ctx)
	return r.round(ctx)
}

// recorder keeps the record of a task's rounds in one process.
type recorder struct {
	*Function
	task    Task
	run     gatepost.TaskRun
	written time.Time // when the record was
	dirty   bool      // it has changed since
}

// round does one round.
func (r *recorder) round(ctx context.Context) error {
	started := r.opts.Now()
	inner, did := host.Round(ctx)
	err := r.task.Run(inner)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(err, context.Canceled) {
		return err // told to stop: no failure
	}
	return errors.Join(err, r.note(ctx, started, did(), err))
}

// note adds a round to the record.
func (r *recorder) note(ctx context.Context, started time.Time, did map[string]int64, err error) error {
	problem := ""
	if err != nil {
		problem = clip(err.Error())
	}
	now := r.opts.Now()
	fresh := r.run.ID == "" || r.run.Problem != problem || now.Sub(r.run.StartedAt) > recordLasts
	if fresh {
		r.close(ctx)
		r.run = gatepost.TaskRun{ID: gatepost.NewID(), Task: r.task.Name, StartedAt: started, Did: map[string]int64{}, Problem: problem}
	}
	r.run.EndedAt, r.run.Busy, r.run.Rounds, r.dirty = now, r.run.Busy+now.Sub(started), r.run.Rounds+1, true
	for what, n := range did {
		r.run.Did[what] += n
	}
	if fresh || now.Sub(r.written) >= recordWaits {
		return r.write(ctx)
	}
	return nil
}

// write writes the record.
func (r *recorder) write(ctx context.Context) error {
	// Of a round whose time was over, too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeMost)
	defer cancel()
	if err := r.opts.Store.PutTaskRun(ctx, r.run); err != nil {
		return err
	}
	r.written, r.dirty = r.opts.Now(), false
	return nil
}

// close writes what was not written yet.
func (r *recorder) close(ctx context.Context) {
	if !r.dirty {
		return
	}
	if err := r.write(ctx); err != nil {
		r.opts.Log.Error("the record of timed work is lost", "job", r.task.Name, "err", err)
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > maxProblem {
		return string(r[:maxProblem])
	}
	return s
}
