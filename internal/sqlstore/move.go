package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

// OutlivingRecordings lists what a camera recorded that is there for longer than the days that its
// key names, oldest first by those days and without segments, at most limit. What has no such
// days, is moving or is garbage is left out.
func (s *Store) OutlivingRecordings(ctx context.Context, cameraID string, now time.Time, limit int) ([]gatepost.Recording, error) {
	list := []gatepost.Recording{}
	// A camera has few different retentions; each is one range of the index.
	for days := int64(0); len(list) < limit; {
		var next sql.NullInt64
		if err := s.read.QueryRowContext(ctx, `SELECT MIN(retention_days) FROM recordings WHERE camera_id = $1 AND retention_days > $2`, cameraID, days).Scan(&next); err != nil {
			return nil, s.failed("list recordings", "recording", err)
		}
		if !next.Valid {
			break
		}
		days = next.Int64
		more, err := queryAll(ctx, s.read, scanRecording,
			`SELECT `+recordingColumns+` FROM recordings
			 WHERE camera_id = $1 AND retention_days = $2 AND end_us < $3 AND garbage_at IS NULL AND other_key = ''
			 ORDER BY end_us LIMIT $4`, cameraID, days, us(now.AddDate(0, 0, -int(days))), limit-len(list))
		if err != nil {
			return nil, s.failed("list recordings", "recording", err)
		}
		list = append(list, more...)
	}
	return list, nil
}

// BeginMove notes that a copy of a recording's object comes to be at a key. ok is false when
// it is garbage, or moves already.
func (s *Store) BeginMove(ctx context.Context, id, to string, now time.Time) (ok bool, err error) {
	n, err := s.changeRecordings(ctx, "begin move",
		`UPDATE recordings SET other_key = $2, other_at = $3 WHERE id = $1 AND object_key <> $2 AND other_key = '' AND garbage_at IS NULL`, id, to, ms(now))
	return n > 0, err
}

// FinishMove makes the copy, which is complete and lies in a class, the recording's object, and its object the
// copy. ok is false, and nothing is changed, unless the move is the one that began then and
// the recording no garbage.
func (s *Store) FinishMove(ctx context.Context, id, to string, days int, class gatepost.StorageClass, began time.Time) (ok bool, err error) {
	n, err := s.changeRecordings(ctx, "finish move",
		`UPDATE recordings SET other_key = object_key, object_key = $2, retention_days = $3, storage_class = $5, restored_until = 0
		 WHERE id = $1 AND other_key = $2 AND other_at = $4 AND garbage_at IS NULL`, id, to, int64(days), ms(began), string(class))
	return n > 0, err
}

// EndMove notes that there is no second object at a key any more.
func (s *Store) EndMove(ctx context.Context, id, other string) error {
	_, err := s.changeRecordings(ctx, "end move",
		`UPDATE recordings SET other_key = '', other_at = 0 WHERE id = $1 AND other_key = $2`, id, other)
	return err
}

// MovesBegun lists the recordings whose move began before a time and did not end, at most
// limit. Garbage is left out.
func (s *Store) MovesBegun(ctx context.Context, before time.Time, limit int) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE other_key <> '' AND other_at < $1 AND garbage_at IS NULL LIMIT $2`, ms(before), limit)
	return list, s.failed("list moves", "recording", err)
}
