package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gatepost-video/gatepost"
)

// PostgreSQL's SQLSTATE codes that are told apart (its manual, appendix A).
const (
	pgForeignKey    = "23503"
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
)

// errAgain asks tx to run its function once more.
type errAgain struct{ err error }

func (e *errAgain) Error() string { return e.err.Error() }
func (e *errAgain) Unwrap() error { return e.err }

// again, returned from a transaction's function, has the transaction run once
// more, as after a lost race: for a number that another transaction took in the
// meantime. err is what the caller gets when it never succeeds.
func again(err error) error { return &errAgain{err: err} }

// failed turns an engine's error into gatepost's. op says what was being done
// ("read camera"), thing what it was done to ("camera"). An error that already
// is gatepost's stays as it is; nil stays nil.
func (s *Store) failed(op, thing string, err error) error {
	if err == nil {
		return nil
	}
	var own *gatepost.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return &gatepost.Error{Code: gatepost.NotFound, Message: "no such " + thing}
	case isUnique(err):
		return &gatepost.Error{Code: gatepost.Conflict, Message: "there is such a " + thing + " already", Err: fmt.Errorf("%s: %w", op, err)}
	case isForeignKey(err):
		return &gatepost.Error{Code: gatepost.Invalid, Message: "the " + thing + " refers to something that does not exist", Err: fmt.Errorf("%s: %w", op, err)}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", op, err)
	case pgCode(err) == "22021": // character_not_in_repertoire
		return &gatepost.Error{Code: gatepost.Invalid, Message: "text must be UTF-8 without NUL; mend what was sent", Err: fmt.Errorf("%s: %w", op, err)}
	case isBusy(err):
		return &gatepost.Error{Code: gatepost.Unavailable, Message: s.place + " is too busy; try again", Err: fmt.Errorf("%s: %w", op, err)}
	case isConnection(err):
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the database does not answer", Err: fmt.Errorf("%s: %s: %w", op, s.place, err)}
	}
	return fmt.Errorf("%s: %w", op, err)
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func isUnique(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	}
	return pgCode(err) == pgUnique
}

func isForeignKey(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY || pgCode(err) == pgForeignKey
}

// isBusy tells whether a statement lost a race that it may win the next time.
func isBusy(err error) bool {
	switch sqliteCode(err) & 0xff { // the primary code, without its extension
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	code := pgCode(err)
	return code == pgSerialization || code == pgDeadlock
}

// isConnection tells whether the database went away rather than refused.
// SQLSTATE classes: 08 connection, 53 resources, 57P operator intervention.
func isConnection(err error) bool {
	switch code := pgCode(err); {
	case len(code) != 5:
	case code[:2] == "08", code[:2] == "53", code[:3] == "57P":
		return true
	}
	var network net.Error
	var connect *pgconn.ConnectError
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
		return true
	}
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || pgconn.Timeout(err)
}
