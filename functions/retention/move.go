package retention

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// A move that takes longer than moveMost is given up by who makes it; moveEnds after it began its
// second object is deleted by whoever finds it. The clocks of processes may differ by the time
// between.
const (
	moveMost = 15 * time.Minute
	moveEnds = time.Hour
)

// outlive moves what is kept for longer than its key says to where no rule of the bucket ends it
// too early: what a hold keeps under hold/, the rest under its days.
func (f *Function) outlive(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, run *gatepost.RetentionRun, now time.Time) error {
	for !f.spent(run) {
		list, err := f.opts.Store.OutlivingRecordings(ctx, c.ID, now, batch)
		if err != nil || len(list) == 0 {
			return err
		}
		targets, err := f.targets(ctx, p, c, list, now)
		if err != nil {
			return err
		}
		moved := 0
		for i, r := range list {
			if targets[i] == r.RetentionDays {
				continue // it is over: its tombstone comes with the next visit
			}
			ok, err := f.move(ctx, r, targets[i], gatepost.ClassHot, f.opts.Objects.Copy)
			if err != nil {
				return fmt.Errorf("move %s: %w", r.Key, err)
			}
			if ok {
				moved++
				run.Moved, run.MovedBytes = run.Moved+1, run.MovedBytes+r.Bytes
			}
		}
		if moved == 0 || len(list) < batch {
			return nil
		}
	}
	return nil
}

// targets returns the days of the keys that recordings must have: 0 for hold/, their present ones
// for those that are over.
func (f *Function) targets(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, list []gatepost.Recording, now time.Time) ([]int, error) {
	from, to := list[0].Start, list[0].End
	for _, r := range list {
		from, to = earlier(from, r.Start), later(to, r.End)
	}
	holds, err := f.opts.Store.ActiveHolds(ctx, c.ID, from, to, now)
	if err != nil {
		return nil, err
	}
	e, err := f.expiry(ctx, p, c, now)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(list))
	for i, r := range list {
		switch k := p.Keep(c, r, e.Incidents, holds, now); {
		case k.Class == gatepost.FootageHeld:
			out[i] = 0
		case k.Over(now):
			out[i] = r.RetentionDays
		default:
			out[i] = k.Days
		}
	}
	return out, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// move gives an object another key. At every point the row names an object that is complete, and
// the other place where a copy may lie; who dies in between leaves no more than that copy, which
// lies in a class.
func (f *Function) move(ctx context.Context, r gatepost.Recording, days int, class gatepost.StorageClass, copyTo func(ctx context.Context, from, to string) error) (bool, error) {
	to := gatepost.RecordingKey(days, r.CameraID, r.Start, r.Run, r.Seq)
	began := f.opts.Now().UTC().Truncate(time.Millisecond)
	ok, err := f.opts.Store.BeginMove(ctx, r.ID, to, began)
	if err != nil || !ok {
		return false, err
	}
	copying, cancel := context.WithTimeout(ctx, moveMost)
	defer cancel()
	err = copyTo(copying, r.Key, to)
	if errors.Is(err, fs.ErrNotExist) {
		return false, f.opts.Store.EndMove(ctx, r.ID, to) // fsck finds what is missing
	}
	if errors.Is(err, objstore.ErrClass) { // there is no copy
		return false, errors.Join(err, f.opts.Store.EndMove(ctx, r.ID, to))
	}
	if err != nil {
		return false, err
	}
	if f.opts.Now().Sub(began) > moveMost {
		return false, nil // somebody may be clearing it away
	}
	return f.opts.Store.FinishMove(ctx, r.ID, to, days, class, began)
}

// clear removes the second objects of moves that began an hour ago: what was moved away from, which
// by then nobody reads any more, and what came of a move that did not finish.
func (f *Function) clear(ctx context.Context) error {
	for {
		list, err := f.opts.Store.MovesBegun(ctx, f.opts.Now().Add(-moveEnds), batch)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := f.opts.Objects.Delete(ctx, r.OtherKey); err != nil {
				return err
			}
			if err := f.opts.Store.EndMove(ctx, r.ID, r.OtherKey); err != nil {
				return err
			}
		}
		if len(list) < batch {
			return nil
		}
	}
}
