package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const runColumns = `id, started_at, ended_at, first, last, counts, problem`

// Quiet rounds are kept for a day, others for a year.
const (
	quietRuns = 24 * time.Hour
	otherRuns = 366 * 24 * time.Hour
)

// PutRetentionRun stores what a round did, and forgets old ones; with them the recordings
// that gateways do not ask for any more.
func (s *Store) PutRetentionRun(ctx context.Context, r gatepost.RetentionRun) error {
	counts, err := json.Marshal(r.RetentionCounts)
	if err != nil {
		return fmt.Errorf("encode retention run: %w", err)
	}
	return s.tx(ctx, "put retention run", "retention run", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO retention_runs (`+runColumns+`, quiet) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, ms(r.StartedAt), ms(r.EndedAt), r.First, r.Last, string(counts), r.Problem, r.Quiet()); err != nil {
			return err
		}
		for _, old := range []struct {
			quiet bool
			age   time.Duration
		}{{true, quietRuns}, {false, otherRuns}} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM retention_runs WHERE quiet = $1 AND started_at < $2`, old.quiet, ms(r.StartedAt.Add(-old.age))); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM recordings_ended WHERE until_at < $1`, ms(r.StartedAt))
		return err
	})
}

// RetentionRuns lists rounds, newest first, at most limit of them, older than the one with
// id before ("" for the newest); without the quiet ones unless all is true.
func (s *Store) RetentionRuns(ctx context.Context, all bool, before string, limit int) ([]gatepost.RetentionRun, error) {
	list, err := queryAll(ctx, s.read, scanRun,
		`SELECT `+runColumns+` FROM retention_runs WHERE ($1 OR NOT quiet) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, all, before, limit)
	return list, s.failed("list retention runs", "retention run", err)
}

func scanRun(row scanner) (gatepost.RetentionRun, error) {
	var (
		r              gatepost.RetentionRun
		started, ended int64
		counts         string
	)
	if err := row.Scan(&r.ID, &started, &ended, &r.First, &r.Last, &counts, &r.Problem); err != nil {
		return r, err
	}
	r.StartedAt, r.EndedAt = fromMS(started), fromMS(ended)
	if err := json.Unmarshal([]byte(counts), &r.RetentionCounts); err != nil {
		return r, fmt.Errorf("decode retention run %s: %w", r.ID, err)
	}
	return r, nil
}
