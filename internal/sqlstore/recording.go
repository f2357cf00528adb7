package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
)

// maxRecording is longer than any object lasts (streaming/record ends one after
// an hour): it bounds a query for what overlaps a window by the index of starts.
const maxRecording = 65 * time.Minute

// recordingBatch is the most ids that one statement names.
const recordingBatch = 500

// The index of segments makes up most of a row; what does not need it leaves it out.
const (
	recordingColumns = `id, camera_id, run, seq, object_key, start_us, end_us, duration_us, media_time_us, bytes, frames, sha256,
	codecs, width, height, init_len, init_sha256, prior_end, run_end, retention_days, garbage_at, other_key, other_at, storage_class, restored_until`
	recordingColumnsAll = recordingColumns + `, segments`
)

// held is true of recordings that a hold keeps at time $1 (milliseconds).
const held = `EXISTS (SELECT 1 FROM holds WHERE holds.camera_id = recordings.camera_id AND holds.released_at IS NULL
	AND holds.until_at > $1 AND holds.from_us < recordings.end_us AND holds.to_us > recordings.start_us)`

// InsertRecording adds the row of a stored object. A recording that is there
// already (the same camera, run and number) is left as it is. It fails with
// Invalid for a camera that does not exist.
func (s *Store) InsertRecording(ctx context.Context, r gatepost.Recording) error {
	segments, err := encodeSegments(r.Segments)
	if err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "segments", Message: "the segments of a recording must be in order", Err: err}
	}
	hour := hourOf(r.CameraID, r.Start)
	return s.txWaiting(ctx, "insert recording", "recording", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO recordings (id, camera_id, run, seq, object_key, start_us, end_us, duration_us, media_time_us, bytes, frames, sha256,
				codecs, width, height, init_len, init_sha256, prior_end, run_end, retention_days, segments, created_at)
			 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
			 ON CONFLICT DO NOTHING`,
			r.ID, r.CameraID, r.Run, int64(r.Seq), r.Key, us(r.Start), us(r.End), r.Duration.Microseconds(), r.MediaTime.Microseconds(),
			r.Bytes, r.Frames, r.SHA256, r.Codecs, int64(r.Width), int64(r.Height), r.InitLen, r.InitSHA256, string(r.PriorEnd),
			string(r.RunEnd), int64(r.RetentionDays), segments, ms(time.Now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO recording_hours (camera_id, hour) VALUES ($1, $2)
			ON CONFLICT (camera_id, hour) DO UPDATE SET packed_at = $3 WHERE recording_hours.packed_at > 0`, hour.cameraID, hour.hour, -ms(time.Now()))
		return err
	})
}

// Recording returns one recording, garbage too. It fails with NotFound.
func (s *Store) Recording(ctx context.Context, id string) (gatepost.Recording, error) {
	r, err := queryOne(ctx, s.read, scanRecordingAll, `SELECT `+recordingColumnsAll+` FROM recordings WHERE id = $1`, id)
	return r, s.failed("read recording", "recording", err)
}

// RecordingByKey returns the recording whose object, or the copy of it while it moves, has a
// key, garbage too and without segments. It fails with NotFound.
func (s *Store) RecordingByKey(ctx context.Context, key string) (gatepost.Recording, error) {
	r, err := queryOne(ctx, s.read, scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE object_key = $1
		 UNION ALL SELECT `+recordingColumns+` FROM recordings WHERE other_key = $1 AND other_key <> '' LIMIT 1`, key)
	return r, s.failed("read recording", "recording", err)
}

// Recordings lists what a camera recorded in [from, to), whole recordings that
// overlap the window, by start, at most limit of them. Garbage is left out.
func (s *Store) Recordings(ctx context.Context, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error) {
	return s.recordingsIn(ctx, true, cameraID, from, to, limit)
}

// RecordingTimes is Recordings without the segments, for long windows.
func (s *Store) RecordingTimes(ctx context.Context, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error) {
	return s.recordingsIn(ctx, false, cameraID, from, to, limit)
}

// recordingsIn reads hours that are packed, and rows of recordings between them.
func (s *Store) recordingsIn(ctx context.Context, segments bool, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error) {
	list := []gatepost.Recording{}
	at, low, high := us(from)-maxRecording.Microseconds()+1, us(from), us(to)
	for at < high && len(list) < limit {
		most := 3 + (limit-len(list))/40 // an hour has some sixty
		hours, err := s.packedHours(ctx, segments, cameraID, at/hourUS, low, high, most)
		if err != nil {
			return nil, s.failed("list packed recordings", "recording", err)
		}
		for _, h := range hours {
			begin := h.hour * hourUS
			if begin > at {
				if list, err = s.appendRecordings(ctx, list, segments, cameraID, at, begin, low, limit); err != nil {
					return nil, err
				}
			}
			rows, err := h.recordings(cameraID)
			if err != nil {
				return nil, s.failed("read packed recordings", "recording", err)
			}
			for _, r := range rows {
				if start := us(r.Start); start >= at && start < high && us(r.End) > low {
					list = append(list, r)
				}
			}
			at = begin + hourUS
		}
		if len(hours) < most {
			return s.appendRecordings(ctx, list, segments, cameraID, at, high, low, limit)
		}
	}
	return list[:min(len(list), limit)], nil
}

// appendRecordings appends what starts in [first, end) and ends after a time, all µs, from its rows,
// until a list has limit.
func (s *Store) appendRecordings(ctx context.Context, list []gatepost.Recording, segments bool, cameraID string, first, end, after int64, limit int) ([]gatepost.Recording, error) {
	if first >= end || len(list) >= limit {
		return list[:min(len(list), limit)], nil
	}
	columns, scan := recordingColumns, scanRecording
	if segments {
		columns, scan = recordingColumnsAll, scanRecordingAll
	}
	rows, err := queryAll(ctx, s.read, scan,
		`SELECT `+columns+` FROM recordings
		 WHERE camera_id = $1 AND start_us >= $2 AND start_us < $3 AND end_us > $4 AND garbage_at IS NULL
		 ORDER BY start_us, id LIMIT $5`, cameraID, first, end, after, limit-len(list))
	return append(list, rows...), s.failed("list recordings", "recording", err)
}

// Recorded tells which of some cameras recorded anything in [from, to) that is
// still there.
func (s *Store) Recorded(ctx context.Context, cameras []string, from, to time.Time) ([]string, error) {
	if len(cameras) == 0 {
		return nil, nil
	}
	list, err := queryAll(ctx, s.read, scanText,
		`SELECT id FROM cameras c WHERE id IN (`+placeholders(4, len(cameras))+`) AND EXISTS (SELECT 1 FROM recordings r
		 WHERE r.camera_id = c.id AND r.start_us > $1 AND r.start_us < $2 AND r.end_us > $3 AND r.garbage_at IS NULL)`,
		append([]any{us(from) - maxRecording.Microseconds(), us(to), us(from)}, anys(cameras)...)...)
	return list, s.failed("list cameras that recorded", "camera", err)
}

// RecordingBounds returns when a camera's archive begins and ends; ok is false
// when there is none. Garbage is left out.
func (s *Store) RecordingBounds(ctx context.Context, cameraID string) (first, last time.Time, ok bool, err error) {
	var low, high sql.NullInt64
	// The last to begin is not always the last to end, but near it. A planner that sees no limit takes it for
	// a long way, and PostgreSQL compiles the statement each time.
	err = s.read.QueryRowContext(ctx,
		`SELECT (SELECT MIN(start_us) FROM recordings WHERE camera_id = $1 AND garbage_at IS NULL),
			(SELECT MAX(end_us) FROM (SELECT end_us FROM recordings WHERE camera_id = $1 AND garbage_at IS NULL ORDER BY start_us DESC LIMIT 10) AS last)`,
		cameraID).Scan(&low, &high)
	if err != nil || !low.Valid {
		return time.Time{}, time.Time{}, false, s.failed("read bounds of recordings", "recording", err)
	}
	return fromUS(low.Int64), fromUS(high.Int64), true, nil
}

// RecordingsAfter lists recordings by id, garbage too and without segments, at
// most limit of them, after the one with id after ("" for the first).
func (s *Store) RecordingsAfter(ctx context.Context, after string, limit int) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return list, s.failed("list recordings", "recording", err)
}

// RecordingsStarted lists the recordings of a camera that start in [from, to),
// by start, garbage too and without segments.
func (s *Store) RecordingsStarted(ctx context.Context, cameraID string, from, to time.Time) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE camera_id = $1 AND start_us >= $2 AND start_us < $3 ORDER BY start_us, id`,
		cameraID, us(from), us(to))
	return list, s.failed("list recordings", "recording", err)
}

// MarkGarbage lays a tombstone on recordings whose objects are not there, and returns
// how many got one. A recording that a hold keeps, that is garbage already or that
// does not exist gets none.
func (s *Store) MarkGarbage(ctx context.Context, ids []string, now time.Time) (marked int, err error) {
	for batch := range slices.Chunk(ids, recordingBatch) {
		var n int64
		// In a transaction: on PostgreSQL a hold that is laid at the same
		// time then comes before or after, never between.
		err := s.tx(ctx, "mark garbage", "recording", func(tx *sql.Tx) error {
			var err error
			n, _, err = markGarbage(ctx, tx, batch, "", now)
			return err
		})
		if err != nil {
			return marked, err
		}
		marked += int(n)
	}
	return marked, nil
}

// GarbageRecordings lists the recordings whose tombstone was laid before a
// time, oldest first, at most limit of them, without segments.
func (s *Store) GarbageRecordings(ctx context.Context, before time.Time, limit int) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE garbage_at < $1 ORDER BY garbage_at LIMIT $2`, ms(before), limit)
	return list, s.failed("list garbage", "recording", err)
}

func scanRecording(row scanner) (gatepost.Recording, error) { return scanRecordingWith(row) }

func scanRecordingAll(row scanner) (gatepost.Recording, error) {
	var segments string
	r, err := scanRecordingWith(row, &segments)
	if err != nil {
		return r, err
	}
	if r.Segments, err = decodeSegments(segments); err != nil {
		return r, fmt.Errorf("recording %s: %w", r.ID, err)
	}
	return r, nil
}

func scanRecordingWith(row scanner, more ...any) (gatepost.Recording, error) {
	var (
		r                               gatepost.Recording
		start, end, duration, mediaTime int64
		other, restored                 int64
		garbage                         sql.NullInt64
	)
	err := row.Scan(append([]any{
		&r.ID, &r.CameraID, &r.Run, &r.Seq, &r.Key, &start, &end, &duration, &mediaTime, &r.Bytes, &r.Frames, &r.SHA256,
		&r.Codecs, &r.Width, &r.Height, &r.InitLen, &r.InitSHA256, &r.PriorEnd, &r.RunEnd, &r.RetentionDays, &garbage, &r.OtherKey, &other, &r.Class, &restored,
	}, more...)...)
	r.Start, r.End = fromUS(start), fromUS(end)
	r.Duration, r.MediaTime = time.Duration(duration)*time.Microsecond, time.Duration(mediaTime)*time.Microsecond
	r.Garbage, r.OtherAt, r.RestoredUntil = garbage.Valid, fromMS(other), fromMS(restored)
	return r, err
}
