package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	page     = 50  // cameras measured at once: a day of each has some 1,440 recordings
	maxPages = 200 // that one call of Run measures

	// lookBack is how far back days are measured of a deployment that has not
	// measured any.
	lookBack = 90
)

// passes are how long after the end of a day it is measured.
var passes = []time.Duration{2 * time.Hour, 74 * time.Hour}

// Run measures the days that are over and not measured yet, the oldest first, up
// to 10,000 cameras of them. Run twice, or in two processes at once, it comes to the
// same. Call it every minute.
func (f *Function) Run(ctx context.Context) error {
	now := f.now()
	for i, wait := range passes {
		last := gatepost.DayOf(now.Add(-wait)) - 1
		if err := f.opts.Store.BeginDayRuns(ctx, i+1, last-lookBack, last, now); err != nil {
			return err
		}
	}
	for range maxPages {
		run, ok, err := f.opts.Store.NextDayRun(ctx)
		if err != nil || !ok {
			return err
		}
		if err := f.measurePage(ctx, run); err != nil {
			return fmt.Errorf("measure %s after camera %q: %w", run.Day, run.Cursor, err)
		}
	}
	return nil
}

// measurePage measures the next cameras of a run, or finishes it.
func (f *Function) measurePage(ctx context.Context, run gatepost.DayRun) error {
	facts, err := f.opts.Store.CameraFacts(ctx, run.Day, run.Cursor, page)
	if err != nil {
		return err
	}
	if len(facts) == 0 {
		return f.opts.Store.FinishDayRun(ctx, run, f.now())
	}
	var days []gatepost.CameraDay
	for _, c := range facts {
		if d, ok := measure(run.Day, c); ok {
			days = append(days, d)
		}
	}
	// Whether this process or another one stored it, the run has moved on.
	_, err = f.opts.Store.PutCameraDays(ctx, run, days, facts[len(facts)-1].CameraID, len(facts))
	return err
}
