package integrity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Rows reads recordings, garbage too; their segments may be left out.
type Rows interface {
	// Recording and RecordingByKey fail with NotFound.
	Recording(ctx context.Context, id string) (gatepost.Recording, error)
	RecordingByKey(ctx context.Context, key string) (gatepost.Recording, error)
	// RecordingsAfter pages through all recordings by id.
	RecordingsAfter(ctx context.Context, after string, limit int) ([]gatepost.Recording, error)
	// RecordingsStarted lists those of a camera that start in [from, to).
	RecordingsStarted(ctx context.Context, cameraID string, from, to time.Time) ([]gatepost.Recording, error)
}

// Tombstones ends the life of recordings.
type Tombstones interface {
	// MarkGarbage lays tombstones, on none that is held; it returns how many.
	MarkGarbage(ctx context.Context, ids []string, now time.Time) (int, error)
	// GarbageRecordings lists tombstones that were laid before a time.
	GarbageRecordings(ctx context.Context, before time.Time, limit int) ([]gatepost.Recording, error)
	// DropRecordings removes the rows of garbage, certifies what a rule ended, and
	// returns how many.
	DropRecordings(ctx context.Context, ids []string, now time.Time) (int, error)
}

// Store is what this package needs of the database.
type Store interface {
	Rows
	Tombstones
}

// Options configure a Service. Store and Objects are needed.
type Options struct {
	Store   Store
	Objects objstore.Store

	// OrphanAge is the age below which an object without a row counts as one
	// whose upload is under way. Default: ten minutes; negative: none.
	OrphanAge time.Duration
	// Now defaults to time.Now.
	Now func() time.Time
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Service keeps recordings and objects in agreement. Its methods may be called
// at the same time, in several processes too.
type Service struct{ o Options }

const (
	defaultOrphanAge = 10 * time.Minute
	batch            = 4000 // recordings whose objects are deleted at once
	page             = 1000 // rows that are compared at once
)

// New makes a Service.
func New(o Options) *Service {
	if o.OrphanAge == 0 {
		o.OrphanAge = defaultOrphanAge
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{o}
}

// Run finishes every tombstone that it finds, once. It fails with Unavailable when
// database or objects cannot be reached; the next run goes on.
func (s *Service) Run(ctx context.Context) error {
	removed, err := s.finish(ctx)
	host.Did(ctx, "recordings_removed", int64(removed))
	if removed > 0 {
		s.o.Log.Info("recordings removed", "removed", removed)
	}
	return err
}

// finish deletes the objects of all garbage, then its rows.
func (s *Service) finish(ctx context.Context) (int, error) {
	total := 0
	for {
		list, err := s.o.Store.GarbageRecordings(ctx, s.o.Now().Add(time.Second), batch)
		if err != nil || len(list) == 0 {
			return total, err
		}
		gone, deleteErr := s.deleteObjects(ctx, list)
		n, err := s.o.Store.DropRecordings(ctx, gone, s.o.Now())
		total += n
		if err = errors.Join(deleteErr, err); err != nil || n == 0 {
			return total, err
		}
	}
}

// deleteObjects returns the ids of the recordings whose objects are gone. One
// whose key the store does not take keeps nobody else.
func (s *Service) deleteObjects(ctx context.Context, list []gatepost.Recording) (gone []string, err error) {
	var keys []string
	for _, r := range list {
		keys = append(keys, keysOf(r)...)
	}
	err = s.o.Objects.Delete(ctx, keys...)
	if err == nil {
		return idsOf(list), nil
	}
	if gatepost.CodeOf(err) != gatepost.Invalid {
		return nil, fmt.Errorf("delete objects: %w", err)
	}
	var errs []error
	for _, r := range list {
		if err := s.o.Objects.Delete(ctx, keysOf(r)...); err != nil {
			errs = append(errs, fmt.Errorf("delete object of recording %s: %w", r.ID, err))
			continue
		}
		gone = append(gone, r.ID)
	}
	return gone, errors.Join(errs...)
}

// keysOf names every object that a recording may have.
func keysOf(r gatepost.Recording) []string {
	if r.OtherKey == "" {
		return []string{r.Key}
	}
	return []string{r.Key, r.OtherKey}
}

func idsOf(list []gatepost.Recording) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.ID
	}
	return out
}
