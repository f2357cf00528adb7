package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

// A transaction that lost a race is run at most txAttempts times, with a pause
// between that grows from txPause and is spread at random.
const (
	txAttempts = 10
	txPause    = 5 * time.Millisecond
)

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// tx runs fn in one read-write transaction and commits it when fn returns nil.
// fn may run more than once, see the package's overview. Errors come as failed
// makes them.
func (s *Store) tx(ctx context.Context, op, thing string, fn func(tx *sql.Tx) error) error {
	return s.txAt(ctx, sql.LevelSerializable, op, thing, fn)
}

// txWaiting is tx at PostgreSQL's READ COMMITTED: each statement sees what is committed
// when it begins, and waits for rows that others are changing instead of losing
// against them. It is for what rests on the rows that it changes alone.
func (s *Store) txWaiting(ctx context.Context, op, thing string, fn func(tx *sql.Tx) error) error {
	return s.txAt(ctx, sql.LevelReadCommitted, op, thing, fn)
}

// txAt is tx at a level of PostgreSQL's; SQLite has one writer at a time.
func (s *Store) txAt(ctx context.Context, level sql.IsolationLevel, op, thing string, fn func(tx *sql.Tx) error) error {
	opts := &sql.TxOptions{}
	if s.engine == PostgreSQL {
		opts.Isolation = level
	}
	return s.failed(op, thing, s.retry(ctx, func() error { return s.txOnce(ctx, opts, fn) }))
}

func (s *Store) txOnce(ctx context.Context, opts *sql.TxOptions, fn func(tx *sql.Tx) error) (err error) {
	tx, err := s.write.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if done {
			return
		}
		// Reached by an error, and by a panic in fn: the connection goes back clean.
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	done = true
	return tx.Commit()
}

// exec runs one statement that changes rows and returns how many it changed.
func (s *Store) exec(ctx context.Context, op, thing, query string, args ...any) (int64, error) {
	var n int64
	err := s.retry(ctx, func() error {
		result, err := s.write.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, s.failed(op, thing, err)
}

// execOne is exec for a statement that must change a row: it fails with NotFound when it
// changed none.
func (s *Store) execOne(ctx context.Context, op, thing, query string, args ...any) error {
	n, err := s.exec(ctx, op, thing, query, args...)
	if err == nil && n == 0 {
		err = s.failed(op, thing, sql.ErrNoRows)
	}
	return err
}

// retry runs fn until it neither lost a race nor asked to be run again.
func (s *Store) retry(ctx context.Context, fn func() error) error {
	pause := txPause
	for attempt := 1; ; attempt++ {
		err := fn()
		var more *errAgain
		wants := errors.As(err, &more)
		if !wants && !isBusy(err) {
			return err
		}
		if attempt == txAttempts {
			if wants {
				return more.err
			}
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause *= 2
	}
}

// queryOne reads one row with scan. It fails with sql.ErrNoRows when there is
// none; hand the error to failed.
func queryOne[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	return scan(q.QueryRowContext(ctx, query, args...))
}

// queryAll reads every row with scan; the result is empty, not nil, when there
// are none. Every query of it has a LIMIT or is bounded by what it asks for.
func queryAll[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (items []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	items = []T{}
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// ms is a time as milliseconds since 1970 UTC; the zero time is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMS is the inverse of ms.
func fromMS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// us is a time as microseconds since 1970 UTC; the zero time is 0.
func us(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromUS is the inverse of us.
func fromUS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

// msOrNull is ms for a column that may be NULL.
func msOrNull(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: true}
}

// fromNullMS is the inverse of msOrNull.
func fromNullMS(v sql.NullInt64) *time.Time {
	if !v.Valid {
		return nil
	}
	t := time.UnixMilli(v.Int64).UTC()
	return &t
}
