package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// expired returns the condition of what an Expiry chooses, and its arguments, of
// which the first is the one of held.
func expired(e gatepost.Expiry) (string, []any) {
	args := []any{ms(e.Now), e.CameraID, us(e.Before)}
	where := `camera_id = $2 AND start_us < $3 AND end_us < $3 AND garbage_at IS NULL AND NOT ` + held
	if len(e.Incidents) == 0 || !e.IncidentBefore.Before(e.Before) {
		return where, args
	}
	args = append(args, us(e.IncidentBefore))
	spans := make([]string, len(e.Incidents))
	for i, span := range e.Incidents {
		args = append(args, us(span.From), us(span.To))
		spans[i] = fmt.Sprintf("(end_us > $%d AND start_us < $%d)", len(args)-1, len(args))
	}
	return where + ` AND (end_us < $4 OR NOT (` + strings.Join(spans, " OR ") + `))`, args
}

// ExpiredRecordings lists what an Expiry chooses, oldest first and without segments,
// at most limit.
func (s *Store) ExpiredRecordings(ctx context.Context, e gatepost.Expiry, limit int) ([]gatepost.Recording, error) {
	where, args := expired(e)
	list, err := queryAll(ctx, s.read, scanRecording,
		fmt.Sprintf(`SELECT `+recordingColumns+` FROM recordings WHERE `+where+` ORDER BY start_us, id LIMIT $%d`, len(args)+1), append(args, limit)...)
	return list, s.failed("list expired recordings", "recording", err)
}

// ExpiredTotal counts what an Expiry chooses, by storage class.
func (s *Store) ExpiredTotal(ctx context.Context, e gatepost.Expiry) ([]gatepost.StorageTotal, error) {
	where, args := expired(e)
	list, err := queryAll(ctx, s.read, scanTotal, `SELECT storage_class, COUNT(*), SUM(bytes) FROM recordings WHERE `+where+` GROUP BY storage_class ORDER BY storage_class`, args...)
	return list, s.failed("count expired recordings", "recording", err)
}

// EndRecordings lays tombstones as MarkGarbage does, and says how many and over how
// many bytes. It fails with Conflict, and lays none of them, when policy or camera
// are not those of the ending any more.
func (s *Store) EndRecordings(ctx context.Context, e gatepost.Ending) (ended, bytes int64, err error) {
	for batch := range slices.Chunk(e.IDs, recordingBatch) {
		var n, size int64
		err := s.tx(ctx, "end recordings", "recording", func(tx *sql.Tx) error {
			if err := unchanged(ctx, tx, e); err != nil {
				return err
			}
			var err error
			n, size, err = markGarbage(ctx, tx, batch, e.Rule, e.Now)
			return err
		})
		if err != nil {
			return ended, bytes, err
		}
		ended, bytes = ended+n, bytes+size
	}
	return ended, bytes, nil
}

// EndByOrder lays tombstones as MarkGarbage does, by an order.
func (s *Store) EndByOrder(ctx context.Context, order string, ids []string, now time.Time) (ended, bytes int64, err error) {
	for batch := range slices.Chunk(ids, recordingBatch) {
		var n, size int64
		err := s.tx(ctx, "end recordings", "recording", func(tx *sql.Tx) error {
			var err error
			n, size, err = markGarbage(ctx, tx, batch, gatepost.OrderRule(order), now)
			return err
		})
		if err != nil {
			return ended, bytes, err
		}
		ended, bytes = ended+n, bytes+size
	}
	return ended, bytes, nil
}

// unchanged fails with Conflict unless what an ending rests on is as it was.
func unchanged(ctx context.Context, tx *sql.Tx, e gatepost.Ending) error {
	var version int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM retention_policies`).Scan(&version); err != nil {
		return err
	}
	c, err := queryOne(ctx, tx, scanCamera, `SELECT `+cameraColumns+` FROM cameras WHERE id = $1`, e.Camera.ID)
	if err != nil {
		return err
	}
	if int(version) != e.Policy || c.Category != e.Camera.Category || c.RetentionDays != e.Camera.RetentionDays {
		return &gatepost.Error{Code: gatepost.Conflict, Message: "policy or camera changed meanwhile; look again"}
	}
	return nil
}

// isGarbage is garbage_at where rows are found by their ids, hidden from the index of it: a planner whose
// statistics know of no garbage takes that index for a short way, and reads all garbage for each batch.
const isGarbage = `(garbage_at + 0)`

// markGarbage lays tombstones within a transaction; one statement names every id.
func markGarbage(ctx context.Context, tx *sql.Tx, ids []string, rule string, now time.Time) (marked, bytes int64, err error) {
	hours, err := queryAll(ctx, tx, func(row scanner) (h recordingHour, err error) {
		var n int64
		err = row.Scan(&h.cameraID, &h.hour, &n)
		bytes += n
		return h, err
	},
		`UPDATE recordings SET garbage_at = $1, garbage_rule = $2 WHERE `+isGarbage+` IS NULL AND id IN (`+placeholders(3, len(ids))+`) AND NOT `+held+`
		 RETURNING camera_id, start_us / 3600000000, bytes`, append([]any{ms(now), rule}, anys(ids)...)...)
	if err != nil {
		return 0, 0, err
	}
	return int64(len(hours)), bytes, unpackHours(ctx, tx, hours)
}

// gone is a recording whose row was removed.
type gone struct {
	gatepost.Recording
	rule string
}

func scanGone(row scanner) (g gone, err error) {
	var start, end int64
	err = row.Scan(&g.ID, &g.CameraID, &g.Key, &g.SHA256, &g.Bytes, &start, &end, &g.RetentionDays, &g.rule)
	g.Start, g.End = fromUS(start), fromUS(end)
	return g, err
}

// DropRecordings removes the rows of garbage whose objects are gone at a time, and
// returns how many it removed. A row without a tombstone stays. What a rule ended
// is added to the certificates of its days.
func (s *Store) DropRecordings(ctx context.Context, ids []string, now time.Time) (dropped int, err error) {
	for batch := range slices.Chunk(ids, recordingBatch) {
		n := 0
		err := s.tx(ctx, "drop recordings", "recording", func(tx *sql.Tx) error {
			list, err := queryAll(ctx, tx, scanGone,
				`DELETE FROM recordings WHERE `+isGarbage+` IS NOT NULL AND id IN (`+placeholders(1, len(batch))+`)
				 RETURNING id, camera_id, object_key, sha256, bytes, start_us, end_us, retention_days, garbage_rule`, anys(batch)...)
			n = len(list)
			if err != nil {
				return err
			}
			return certify(ctx, tx, list, now)
		})
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
	return dropped, nil
}

// certify adds what is gone to the certificates of its days, and remembers what went
// before the days that its gateway knows of.
func certify(ctx context.Context, tx *sql.Tx, list []gone, now time.Time) error {
	type name struct {
		camera, rule string
		day          time.Time
	}
	days := map[name][]gone{}
	for _, g := range list {
		if g.rule == "" { // fsck: there was no object
			continue
		}
		n := name{g.CameraID, g.rule, g.Start.Truncate(24 * time.Hour)}
		days[n] = append(days[n], g)
		if until := g.End.AddDate(0, 0, g.RetentionDays); until.After(now) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recordings_ended (id, until_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, g.ID, ms(until)); err != nil {
				return err
			}
		}
	}
	for n, list := range days {
		if err := addToCertificate(ctx, tx, gatepost.DeletionCertificate{ID: gatepost.NewID(), CameraID: n.camera, Day: n.day, Rule: n.rule, First: now}, list, now); err != nil {
			return err
		}
	}
	return nil
}

// addToCertificate adds to the open certificate of a day and rule; c is a new one, for
// where there is none.
func addToCertificate(ctx context.Context, tx *sql.Tx, c gatepost.DeletionCertificate, list []gone, now time.Time) error {
	open, err := queryOne(ctx, tx, scanCertificate,
		`SELECT `+certificateColumns+` FROM retention_certificates WHERE camera_id = $1 AND day = $2 AND rule = $3 AND issued_at IS NULL`, c.CameraID, ms(c.Day), c.Rule)
	switch {
	case err == nil:
		c = open
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	for _, g := range list {
		c.Recordings++
		c.Bytes += g.Bytes
		c.Sum.Add(g.Key, g.SHA256)
	}
	_, err = tx.ExecContext(ctx,
		`INSERT INTO retention_certificates (`+certificateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', NULL)
		 ON CONFLICT (id) DO UPDATE SET recordings = excluded.recordings, bytes = excluded.bytes, last_at = excluded.last_at, sum = excluded.sum`,
		c.ID, c.CameraID, ms(c.Day), c.Rule, c.Recordings, c.Bytes, ms(c.First), ms(now), c.Sum.String())
	return err
}
