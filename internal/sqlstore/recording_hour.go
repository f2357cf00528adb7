package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
)

// # Packed hours
//
// Gateways tell of recordings as they end, those of thousands of cameras by turns, so that each of a camera's
// lies on a page of its own and an hour takes as many reads of a disk as it has recordings. Some time after an
// hour is over, PackHours writes its recordings once more, into one row. Rows of recordings stay what is true;
// a packed hour is read instead of them, and can be made again at any time.
//
// An hour has a row as soon as it has a recording, and whoever changes a recording that is not garbage, or adds
// one, unpacks its hour in the same transaction. That row is thus a lock: who packs takes it first and reads
// then, so that he sees every change that unpacked the hour before, and any other waits, and unpacks after.

const hourUS = int64(time.Hour / time.Microsecond)

// recordingHour names an hour of a camera, since 1970.
type recordingHour struct {
	cameraID string
	hour     int64
}

func hourOf(cameraID string, start time.Time) recordingHour {
	return recordingHour{cameraID, us(start) / hourUS}
}

func (h recordingHour) compare(other recordingHour) int {
	return cmp.Or(cmp.Compare(h.cameraID, other.cameraID), cmp.Compare(h.hour, other.hour))
}

func scanRecordingHour(row scanner) (h recordingHour, err error) {
	return h, row.Scan(&h.cameraID, &h.hour)
}

// packedHour is a row of an hour that is packed; without times where what it holds was not asked for.
type packedHour struct {
	hour            int64
	times, segments []byte
}

// recordings returns what the hour of a camera holds, by start.
func (h packedHour) recordings(cameraID string) ([]gatepost.Recording, error) {
	if h.times == nil {
		return nil, nil
	}
	list, err := decodeHour(cameraID, h.times)
	if err != nil || h.segments == nil {
		return list, err
	}
	return list, decodeHourSegments(h.segments, list)
}

// packedHours lists the next packed hours of a camera from one on, before µs to, at most limit; those that
// end before µs from come without what they hold.
func (s *Store) packedHours(ctx context.Context, segments bool, cameraID string, hour, from, to int64, limit int) ([]packedHour, error) {
	column := "NULL"
	if segments {
		column = "segments"
	}
	return queryAll(ctx, s.read, func(row scanner) (h packedHour, err error) {
		return h, row.Scan(&h.hour, &h.times, &h.segments)
	}, `SELECT hour, CASE WHEN end_us > $3 THEN times END, CASE WHEN end_us > $3 THEN `+column+` END FROM recording_hours
		WHERE camera_id = $1 AND hour >= $2 AND hour * 3600000000 < $4 AND packed_at > 0 ORDER BY hour LIMIT $5`, cameraID, hour, from, to, limit)
}

// changeRecordings runs a statement that changes recordings, and has their hours packed again later. It returns how many it changed.
func (s *Store) changeRecordings(ctx context.Context, op, query string, args ...any) (n int64, err error) {
	err = s.txWaiting(ctx, op, "recording", func(tx *sql.Tx) error {
		hours, err := queryAll(ctx, tx, scanRecordingHour, query+` RETURNING camera_id, start_us / 3600000000`, args...)
		if n = int64(len(hours)); err != nil {
			return err
		}
		return unpackHours(ctx, tx, hours)
	})
	return n, err
}

// unpackHours has the hours of recordings, which change in this transaction, packed again later.
func unpackHours(ctx context.Context, tx *sql.Tx, changed []recordingHour) error {
	slices.SortFunc(changed, recordingHour.compare)
	for _, h := range slices.Compact(changed) {
		// Whether it is packed or not: it may be about to be.
		if _, err := tx.ExecContext(ctx, `UPDATE recording_hours SET packed_at = $3 WHERE camera_id = $1 AND hour = $2`, h.cameraID, h.hour, -ms(time.Now())); err != nil {
			return err
		}
	}
	return nil
}

// PackHours packs hours that were over at a time and are not packed, oldest first, at most limit, and
// returns how many it tried. Those whose recordings changed since they were packed, or that could not be packed,
// have their turn when nothing happened to them since another time: where retention ends an hour, minute by
// minute, nothing is left of it by then. A failure does not keep others from their turn.
func (s *Store) PackHours(ctx context.Context, over, still time.Time, limit int) (tried int, err error) {
	open, err := queryAll(ctx, s.read, scanRecordingHour,
		`SELECT camera_id, hour FROM recording_hours WHERE packed_at = 0 AND hour < $1 ORDER BY hour LIMIT $2`, us(over)/hourUS, limit)
	if err == nil && len(open) < limit {
		var more []recordingHour
		more, err = queryAll(ctx, s.read, scanRecordingHour,
			`SELECT camera_id, hour FROM recording_hours WHERE packed_at < 0 AND packed_at > $1 AND hour < $2 ORDER BY packed_at DESC LIMIT $3`,
			-ms(still)-1, us(over)/hourUS, limit-len(open))
		open = append(open, more...)
	}
	if err != nil {
		return 0, s.failed("list hours", "recording", err)
	}
	var errs []error
	for _, h := range open {
		err := s.txWaiting(ctx, "pack hour", "recording", func(tx *sql.Tx) error { return packHour(ctx, tx, h) })
		if err != nil && ctx.Err() == nil {
			_, later := s.exec(ctx, "unpack hour", "recording", `UPDATE recording_hours SET packed_at = $3 WHERE camera_id = $1 AND hour = $2`, h.cameraID, h.hour, -ms(time.Now()))
			err = errors.Join(err, later)
		}
		if errs = append(errs, err); gatepost.CodeOf(err) == gatepost.Unavailable || ctx.Err() != nil {
			break
		}
	}
	return len(open), errors.Join(errs...)
}

func packHour(ctx context.Context, tx *sql.Tx, h recordingHour) error {
	n, err := changed(tx.ExecContext(ctx, `UPDATE recording_hours SET packed_at = $3 WHERE camera_id = $1 AND hour = $2 AND packed_at <= 0`, h.cameraID, h.hour, ms(time.Now())))
	if err != nil || n == 0 { // another was here
		return err
	}
	list, err := queryAll(ctx, tx, scanRecordingAll,
		`SELECT `+recordingColumnsAll+` FROM recordings WHERE camera_id = $1 AND start_us >= $2 AND start_us < $3 AND garbage_at IS NULL ORDER BY start_us, id`,
		h.cameraID, h.hour*hourUS, (h.hour+1)*hourUS)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := tx.ExecContext(ctx, `DELETE FROM recording_hours WHERE camera_id = $1 AND hour = $2`, h.cameraID, h.hour)
		return err
	}
	if len(list) > maxHour {
		return fmt.Errorf("%d recordings of an hour, at most %d can be packed", len(list), maxHour)
	}
	segments, err := encodeHourSegments(list)
	if err != nil {
		return err
	}
	end := slices.MaxFunc(list, func(a, b gatepost.Recording) int { return a.End.Compare(b.End) }).End
	_, err = tx.ExecContext(ctx, `UPDATE recording_hours SET end_us = $3, times = $4, segments = $5 WHERE camera_id = $1 AND hour = $2`,
		h.cameraID, h.hour, us(end), encodeHour(list), segments)
	return err
}
