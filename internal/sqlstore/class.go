package sqlstore

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
)

// RecordingsOfClass lists what a camera recorded before a time that lies in a storage class, oldest
// first and without segments, at most limit. What moves and garbage are left out.
func (s *Store) RecordingsOfClass(ctx context.Context, cameraID string, class gatepost.StorageClass, before time.Time, limit int) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording,
		`SELECT `+recordingColumns+` FROM recordings
		 WHERE camera_id = $1 AND storage_class = $2 AND start_us < $3 AND garbage_at IS NULL AND other_key = '' ORDER BY start_us LIMIT $4`,
		cameraID, string(class), us(before), limit)
	return list, s.failed("list recordings", "recording", err)
}

// SetRecordingClass notes the class of a recording's object, which has a key.
func (s *Store) SetRecordingClass(ctx context.Context, id, key string, class gatepost.StorageClass) error {
	_, err := s.changeRecordings(ctx, "set storage class",
		`UPDATE recordings SET storage_class = $3 WHERE id = $1 AND object_key = $2`, id, key, string(class))
	return err
}

// StoredTotal counts what a camera has in each storage class, without garbage.
func (s *Store) StoredTotal(ctx context.Context, cameraID string) ([]gatepost.StorageTotal, error) {
	list, err := queryAll(ctx, s.read, scanTotal,
		`SELECT storage_class, COUNT(*), SUM(bytes) FROM recordings WHERE camera_id = $1 AND garbage_at IS NULL GROUP BY storage_class ORDER BY storage_class`, cameraID)
	return list, s.failed("count recordings", "recording", err)
}

func scanTotal(row scanner) (t gatepost.StorageTotal, err error) {
	return t, row.Scan(&t.Class, &t.Recordings, &t.Bytes)
}
