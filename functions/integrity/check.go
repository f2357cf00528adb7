package integrity

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// prefixes are where recordings lie.
var prefixes = []string{"rec/", "hold/"}

// Check compares every row with every object under rec/ and hold/. With repair it drops
// the rows that have no object, deletes the objects that have no row and are
// old enough, and finishes every tombstone. It holds no lock: what changes
// while it looks is looked at twice before it counts.
//
// Its memory grows with the number of days that cameras recorded, not with the
// number of objects.
func (s *Service) Check(ctx context.Context, repair bool) (Report, error) {
	c := &check{Service: s, repair: repair, seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
	err := c.objects(ctx)
	if err == nil {
		err = c.rows(ctx)
	}
	if err == nil && repair {
		err = c.fix(ctx)
	}
	if err != nil {
		return c.report, fmt.Errorf("check recordings: %w", err)
	}
	return c.report, nil
}

// check is one Check under way.
type check struct {
	*Service
	repair bool
	report Report

	// Days whose objects were compared with their rows, hashed: a collision
	// of 64 bits would hide a day that has rows and not a single object.
	seen map[uint64]struct{}
	seed maphash.Seed

	missing []string // row ids
	orphans []string // keys
}

// objects goes through all objects, camera by camera and day by day.
func (c *check) objects(ctx context.Context) error {
	for _, prefix := range prefixes {
		if err := c.objectsUnder(ctx, prefix); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) objectsUnder(ctx context.Context, prefix string) error {
	day := ""
	var found []objstore.Info
	for info, err := range c.o.Objects.List(ctx, prefix, "") {
		if err != nil {
			return err
		}
		c.report.Objects++
		c.report.ObjectBytes += info.Size
		if dir := path.Dir(info.Key); dir != day {
			if err := c.day(ctx, day, found); err != nil {
				return err
			}
			day, found = dir, found[:0]
		}
		found = append(found, info)
	}
	return c.day(ctx, day, found)
}

// day compares the objects of one directory with their rows.
func (c *check) day(ctx context.Context, dir string, found []objstore.Info) error {
	if len(found) == 0 {
		return nil
	}
	camera, from, ok := parseDay(dir)
	if !ok {
		for _, o := range found {
			c.report.Foreign.add(o.Key, o.Size)
		}
		return nil
	}
	rows, err := c.o.Store.RecordingsStarted(ctx, camera, from, from.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	c.seen[maphash.String(c.seed, dir)] = struct{}{}
	byKey := make(map[string]gatepost.Recording, len(rows))
	for _, r := range rows {
		byKey[r.Key] = r
	}
	for _, o := range found {
		r, ok := byKey[o.Key]
		delete(byKey, o.Key)
		switch {
		case !ok:
			err = c.orphan(ctx, o)
		case r.Garbage:
		case r.Bytes != o.Size:
			err = c.size(ctx, r)
		}
		if err != nil {
			return err
		}
	}
	for _, r := range byKey { // in this directory, and without object
		if path.Dir(r.Key) == dir && !r.Garbage {
			if err := c.lost(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows goes through all rows, and looks for the objects of those whose day had none.
func (c *check) rows(ctx context.Context) error {
	for after := ""; ; {
		list, err := c.o.Store.RecordingsAfter(ctx, after, page)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		after = list[len(list)-1].ID
		for _, r := range list {
			if r.Garbage {
				c.report.Garbage++
				continue
			}
			c.report.Rows++
			c.report.RowBytes += r.Bytes
			dir := path.Dir(r.Key)
			_, seen := c.seen[maphash.String(c.seed, dir)]
			if seen && r.Key == gatepost.RecordingKey(r.RetentionDays, r.CameraID, r.Start, r.Run, r.Seq) {
				continue
			}
			if err := c.lost(ctx, r); err != nil {
				return err
			}
		}
	}
}

// orphan counts an object for which no row was found, after another look.
func (c *check) orphan(ctx context.Context, o objstore.Info) error {
	_, err := c.o.Store.RecordingByKey(ctx, o.Key)
	if err == nil {
		return nil
	}
	if gatepost.CodeOf(err) != gatepost.NotFound {
		return err
	}
	info, err := c.o.Objects.Stat(ctx, o.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile, its row before that
	}
	if err != nil {
		return err
	}
	if c.o.OrphanAge > 0 && c.o.Now().Sub(info.Modified) < c.o.OrphanAge {
		c.report.Young++
		return nil
	}
	c.report.Orphans.add(o.Key, info.Size)
	c.orphans = append(c.orphans, o.Key)
	return nil
}

// size counts a row whose object has another size, after another look.
func (c *check) size(ctx context.Context, r gatepost.Recording) error {
	info, err := c.o.Objects.Stat(ctx, r.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return c.lost(ctx, r)
	}
	if err == nil && info.Size != r.Bytes {
		c.report.Sizes.add(r.Key, info.Size)
	}
	return err
}

// lost counts a row if its object is not there and it is not being deleted.
func (c *check) lost(ctx context.Context, r gatepost.Recording) error {
	info, err := c.o.Objects.Stat(ctx, r.Key)
	if err == nil {
		if info.Size != r.Bytes {
			c.report.Sizes.add(r.Key, info.Size)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now, err := c.o.Store.Recording(ctx, r.ID)
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound:
		return nil
	case err != nil:
		return err
	case now.Garbage:
		return nil
	}
	c.report.Missing.add(r.Key, r.Bytes)
	c.missing = append(c.missing, r.ID)
	return nil
}

// fix repairs what can be repaired without a loss.
func (c *check) fix(ctx context.Context) error {
	if len(c.orphans) > 0 {
		if err := c.o.Objects.Delete(ctx, c.orphans...); err != nil {
			return err
		}
		c.report.Orphans.Repaired = int64(len(c.orphans))
	}
	marked, err := c.o.Store.MarkGarbage(ctx, c.missing, c.o.Now())
	if err != nil {
		return err
	}
	c.report.Missing.Repaired = int64(marked)
	removed, err := c.finish(ctx)
	c.report.Removed = int64(removed - marked)
	if err != nil {
		return err
	}
	c.report.Garbage = 0
	return nil
}

// parseDay reads rec/<days>/<camera>/<yyyy>/<mm>/<dd> and hold/<camera>/<yyyy>/<mm>/<dd>.
func parseDay(dir string) (camera string, from time.Time, ok bool) {
	parts := strings.Split(dir, "/")
	n := len(parts)
	if parts[0] == "hold" && n != 5 || parts[0] == "rec" && n != 6 {
		return "", time.Time{}, false
	}
	from, err := time.Parse("2006/01/02", strings.Join(parts[n-3:], "/"))
	return parts[n-4], from, err == nil && parts[n-4] != ""
}
