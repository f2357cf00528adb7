package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

const (
	atOnce   = 20             // restores that a round goes on with
	batch    = 500            // recordings that are read at once
	giveUp   = 72 * time.Hour // after which a store that promises 48 hours is not believed any more
	noAnswer = "the store did not bring it back within three days; ask again, or tell the operator"
)

// Run goes on with what was asked for. It fails with Unavailable when database or store cannot be reached; the next
// round goes on.
func (f *Function) Run(ctx context.Context) error {
	store, ok := f.opts.Objects.(objstore.Restorer)
	if !ok {
		return nil
	}
	list, err := f.opts.Store.OpenRestores(ctx, f.opts.Now().Add(-f.opts.Look), atOnce)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range list {
		if err := f.advance(ctx, store, r); err != nil {
			errs = append(errs, fmt.Errorf("restore %s: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}

// advance asks for what the store was not asked for yet, and when that is all, looks what is there.
func (f *Function) advance(ctx context.Context, store objstore.Restorer, r gatepost.Restore) error {
	asked, err := f.ask(ctx, store, &r)
	if err != nil || !asked {
		return errors.Join(err, f.opts.Store.PutRestore(ctx, r)) // the next round asks for more
	}
	there, err := f.look(ctx, store, &r)
	if err != nil {
		return err
	}
	now := f.opts.Now().UTC().Truncate(time.Millisecond)
	r.CheckedAt = now
	switch {
	case there:
		r.FinishedAt = &now
	case now.Sub(r.CreatedAt) > giveUp:
		r.FinishedAt, r.PlayableTo, r.Problem = &now, time.Time{}, noAnswer
	}
	return f.opts.Store.PutRestore(ctx, r)
}

// ask asks for copies; all tells whether all were asked for.
func (f *Function) ask(ctx context.Context, store objstore.Restorer, r *gatepost.Restore) (all bool, err error) {
	for n := 0; n < f.opts.Most; n += batch {
		list, err := f.opts.Store.DeepRecordings(ctx, r.CameraID, r.From, r.To, r.Asked, batch)
		if err != nil {
			return false, err
		}
		for _, rec := range list {
			if rec.Archived(f.opts.Now()) {
				if err := store.Restore(ctx, rec.Key, f.opts.Days); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return false, err
				}
				host.Did(ctx, "objects_asked_for", 1)
			}
			r.Asked = rec.Start
		}
		if len(list) < batch {
			return true, nil
		}
	}
	return false, nil
}

// look notes what is there, in order, up to the first that is not; all tells whether all is. What was deleted
// meanwhile is nobody's any more.
func (f *Function) look(ctx context.Context, store objstore.Restorer, r *gatepost.Restore) (all bool, err error) {
	now := f.opts.Now()
	r.Ready, r.PlayableTo = 0, time.Time{}
	looked := 0
	for after := r.From.AddDate(0, 0, -1); ; {
		list, err := f.opts.Store.DeepRecordings(ctx, r.CameraID, r.From, r.To, after, batch)
		if err != nil {
			return false, err
		}
		for _, rec := range list {
			after = rec.Start
			if rec.Archived(now) {
				if looked++; looked > f.opts.Most {
					return false, nil
				}
				until, err := store.Restored(ctx, rec.Key)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil || !until.After(now) {
					return false, err
				}
				if err := f.opts.Store.SetRestored(ctx, rec.ID, rec.Key, until); err != nil {
					return false, err
				}
				rec.RestoredUntil = until
				host.Did(ctx, "objects_restored", 1)
			}
			r.Ready++
			if r.PlayableTo.IsZero() || rec.RestoredUntil.Before(r.PlayableTo) {
				r.PlayableTo = rec.RestoredUntil
			}
		}
		if len(list) < batch {
			return true, nil
		}
	}
}
