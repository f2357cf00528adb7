package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const restoreColumns = `id, camera_id, from_us, to_us, purpose, reason, asked_by, organisation_id, created_at, recordings, bytes, ready,
	asked_us, checked_at, finished_at, playable_to, problem`

// inDeepArchive is true of what a camera, $1, recorded in the window [$2, $3), beginning after $4 (all
// microseconds), whose object lies in the deep archive. Each may be longer than what $4 takes off $2.
const inDeepArchive = `camera_id = $1 AND storage_class = 'deep_archive' AND start_us < $3 AND end_us > $2 AND start_us > $4 AND garbage_at IS NULL`

// CreateRestore asks footage back from the deep archive, with its ledger entry, and returns it with what lies
// there. It fails with Conflict when nothing of the window does that cannot be read.
func (s *Store) CreateRestore(ctx context.Context, r gatepost.Restore, entry gatepost.LedgerEntry) (gatepost.Restore, error) {
	err := s.tx(ctx, "create restore", "restore", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM recordings WHERE `+inDeepArchive+` AND restored_until <= $5`,
			r.CameraID, us(r.From), us(r.To), us(r.From)-maxRecording.Microseconds(), ms(r.CreatedAt)).Scan(&r.Recordings, &r.Bytes); err != nil {
			return err
		}
		if r.Recordings == 0 {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "nothing of this window must be restored: what is recorded can be played now"}
		}
		r.Asked = r.From.Add(-maxRecording)
		if _, err := tx.ExecContext(ctx, `INSERT INTO restores (`+restoreColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 0, NULL, 0, '')`,
			r.ID, r.CameraID, us(r.From), us(r.To), r.Purpose, r.Reason, r.By, r.Organisation, ms(r.CreatedAt), r.Recordings, r.Bytes, us(r.Asked)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	return r, err
}

// Restore returns one. It fails with NotFound.
func (s *Store) Restore(ctx context.Context, id string) (gatepost.Restore, error) {
	r, err := queryOne(ctx, s.read, scanRestore, `SELECT `+restoreColumns+` FROM restores WHERE id = $1`, id)
	return r, s.failed("read restore", "restore", err)
}

// Restores lists those that an organisation asked for (all with ""), newest first, at most limit of them,
// older than the one with id before ("" for the newest).
func (s *Store) Restores(ctx context.Context, organisation, before string, limit int) ([]gatepost.Restore, error) {
	list, err := queryAll(ctx, s.read, scanRestore, `SELECT `+restoreColumns+` FROM restores
		WHERE ($1 = '' OR organisation_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, organisation, before, limit)
	return list, s.failed("list restores", "restore", err)
}

// OpenRestores lists those that are not finished and were not looked at since a time, at most limit.
func (s *Store) OpenRestores(ctx context.Context, since time.Time, limit int) ([]gatepost.Restore, error) {
	list, err := queryAll(ctx, s.read, scanRestore, `SELECT `+restoreColumns+` FROM restores
		WHERE finished_at IS NULL AND checked_at <= $1 ORDER BY checked_at, id LIMIT $2`, ms(since), limit)
	return list, s.failed("list restores", "restore", err)
}

// DeepRecordings lists what a camera recorded in [from, to) that lies in the deep archive, those that began
// after a time, by start and without segments, at most limit.
func (s *Store) DeepRecordings(ctx context.Context, cameraID string, from, to, after time.Time, limit int) ([]gatepost.Recording, error) {
	list, err := queryAll(ctx, s.read, scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE `+inDeepArchive+` ORDER BY start_us, id LIMIT $5`,
		cameraID, us(from), us(to), us(after), limit)
	return list, s.failed("list recordings", "recording", err)
}

// SetRestored notes until when a copy of a recording's object, which has a key, can be read.
func (s *Store) SetRestored(ctx context.Context, id, key string, until time.Time) error {
	_, err := s.changeRecordings(ctx, "set restored",
		`UPDATE recordings SET restored_until = $3 WHERE id = $1 AND object_key = $2`, id, key, ms(until))
	return err
}

// PutRestore stores how far a restore is, unless it is finished. One that finishes with this tells the organisation
// that asked for it.
func (s *Store) PutRestore(ctx context.Context, r gatepost.Restore) error {
	return s.tx(ctx, "put restore", "restore", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE restores SET ready = $2, asked_us = $3, checked_at = $4, finished_at = $5, playable_to = $6, problem = $7
			WHERE id = $1 AND finished_at IS NULL`, r.ID, r.Ready, us(r.Asked), ms(r.CheckedAt), msOrNull(r.FinishedAt), ms(r.PlayableTo), r.Problem))
		if err != nil || n == 0 || r.FinishedAt == nil {
			return err
		}
		detail := map[string]string{"act": "ready", "restore": r.ID, "from": r.From.UTC().Format(time.RFC3339), "to": r.To.UTC().Format(time.RFC3339)}
		if r.Problem != "" {
			detail["act"], detail["problem"] = "given_up", r.Problem
		} else {
			detail["until"] = r.PlayableTo.UTC().Format(time.RFC3339)
		}
		return insertNotification(ctx, tx, gatepost.Notification{Organisation: r.Organisation, Kind: gatepost.NotifyRestore, At: *r.FinishedAt, CameraID: r.CameraID, Detail: detail})
	})
}

func scanRestore(row scanner) (gatepost.Restore, error) {
	var (
		r                                             gatepost.Restore
		from, to, created, asked, checked, playableTo int64
		finished                                      sql.NullInt64
	)
	err := row.Scan(&r.ID, &r.CameraID, &from, &to, &r.Purpose, &r.Reason, &r.By, &r.Organisation, &created, &r.Recordings, &r.Bytes, &r.Ready,
		&asked, &checked, &finished, &playableTo, &r.Problem)
	r.From, r.To, r.CreatedAt, r.Asked, r.CheckedAt = fromUS(from), fromUS(to), fromMS(created), fromUS(asked), fromMS(checked)
	r.FinishedAt, r.PlayableTo = fromNullMS(finished), fromMS(playableTo)
	return r, err
}
