package retention

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// classify puts what is old into the storage class of its age. A store that has one class has
// nothing to do with it.
func (f *Function) classify(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, run *gatepost.RetentionRun, now time.Time) error {
	classer, ok := f.opts.Objects.(objstore.Classer)
	if !ok {
		return nil
	}
	for _, step := range []struct {
		from, to gatepost.StorageClass
		after    int
	}{
		{gatepost.ClassHot, gatepost.ClassDeepArchive, p.DeepArchiveAfter},
		{gatepost.ClassInfrequent, gatepost.ClassDeepArchive, p.DeepArchiveAfter},
		{gatepost.ClassArchive, gatepost.ClassDeepArchive, p.DeepArchiveAfter},
		{gatepost.ClassHot, gatepost.ClassArchive, p.ArchiveAfter},
		{gatepost.ClassInfrequent, gatepost.ClassArchive, p.ArchiveAfter},
		{gatepost.ClassHot, gatepost.ClassInfrequent, p.InfrequentAfter},
	} {
		for more := step.after > 0; more && !f.spent(run); {
			list, err := f.opts.Store.RecordingsOfClass(ctx, c.ID, step.from, now.AddDate(0, 0, -step.after), batch)
			if err != nil {
				return err
			}
			set := 0
			for _, r := range list {
				err := f.setClass(ctx, classer, r, step.to)
				switch {
				case errors.Is(err, objstore.ErrClass):
					return nil
				case errors.Is(err, fs.ErrNotExist): // deleted or moved meanwhile; fsck finds what is missing
				case err != nil:
					return err
				default:
					set++
					run.Classed, run.ClassedBytes = run.Classed+1, run.ClassedBytes+r.Bytes
				}
			}
			more = set > 0 && len(list) == batch
		}
	}
	return nil
}

// setClass moves the object first: a row that speaks of a class too early would never be put right. What goes to
// the deep archive gets a key for which the bucket has no rule: it cannot be copied from there, to where
// it would be kept for longer.
func (f *Function) setClass(ctx context.Context, classer objstore.Classer, r gatepost.Recording, class gatepost.StorageClass) error {
	if class == gatepost.ClassDeepArchive && r.RetentionDays > 0 {
		_, err := f.move(ctx, r, 0, class, func(ctx context.Context, from, to string) error { return classer.CopyInto(ctx, from, to, class) })
		return err
	}
	if err := classer.SetClass(ctx, r.Key, class); err != nil {
		return err
	}
	return f.opts.Store.SetRecordingClass(ctx, r.ID, r.Key, class)
}
