package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const taskRunColumns = `id, task, started_at, ended_at, rounds, busy_us, did, problem`

// taskRunsAge is how long records of timed work are kept.
const taskRunsAge = 90 * 24 * time.Hour

// PutTaskRun writes a record of timed work, or writes it anew, and forgets old ones of the task.
func (s *Store) PutTaskRun(ctx context.Context, r gatepost.TaskRun) error {
	did, err := json.Marshal(r.Did)
	if err != nil {
		return fmt.Errorf("encode task run: %w", err)
	}
	return s.txWaiting(ctx, "put task run", "task run", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO task_runs (`+taskRunColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, rounds = excluded.rounds, busy_us = excluded.busy_us, did = excluded.did`,
			r.ID, r.Task, ms(r.StartedAt), ms(r.EndedAt), r.Rounds, r.Busy.Microseconds(), string(did), r.Problem); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM task_runs WHERE task = $1 AND ended_at < $2`, r.Task, ms(r.EndedAt.Add(-taskRunsAge)))
		return err
	})
}

// TaskRuns lists records of a task ("" for all), newest first, at most limit of them, older than the
// one with id before ("" for the newest); only those of rounds that failed when failed is true.
func (s *Store) TaskRuns(ctx context.Context, task string, failed bool, before string, limit int) ([]gatepost.TaskRun, error) {
	list, err := queryAll(ctx, s.read, scanTaskRun, `SELECT `+taskRunColumns+` FROM task_runs
		WHERE ($1 = '' OR task = $1) AND (NOT $2 OR problem <> '') AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`, task, failed, before, limit)
	return list, s.failed("list task runs", "task run", err)
}

// LastTaskRuns returns the record of each task whose round ended last.
func (s *Store) LastTaskRuns(ctx context.Context) ([]gatepost.TaskRun, error) {
	list, err := queryAll(ctx, s.read, scanTaskRun, `SELECT `+taskRunColumns+` FROM (
			SELECT `+taskRunColumns+`, ROW_NUMBER() OVER (PARTITION BY task ORDER BY ended_at DESC, id DESC) AS place FROM task_runs) AS placed
		WHERE place = 1 ORDER BY task`)
	return list, s.failed("list task runs", "task run", err)
}

func scanTaskRun(row scanner) (gatepost.TaskRun, error) {
	var (
		r                    gatepost.TaskRun
		started, ended, busy int64
		did                  string
	)
	if err := row.Scan(&r.ID, &r.Task, &started, &ended, &r.Rounds, &busy, &did, &r.Problem); err != nil {
		return r, err
	}
	r.StartedAt, r.EndedAt, r.Busy = fromMS(started), fromMS(ended), time.Duration(busy)*time.Microsecond
	if err := json.Unmarshal([]byte(did), &r.Did); err != nil {
		return r, fmt.Errorf("decode task run %s: %w", r.ID, err)
	}
	return r, nil
}
