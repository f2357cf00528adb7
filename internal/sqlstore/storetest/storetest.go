// Package storetest is the conformance suite of sqlstore: what holds on one
// engine must hold on the other. It also starts the engines for other packages'
// tests: SQLite in a directory of the test, and a real PostgreSQL server.
//
// A thing's cases are in the file named after it and announce themselves with
// an init function:
//
//	func init() { register("camera", testCamera) }
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

type namedCase struct {
	name string
	run  func(t *testing.T, s *sqlstore.Store)
}

var cases []namedCase

// register adds a case; each runs on an empty, migrated store of its own. A
// case's subtests share its store.
func register(name string, run func(t *testing.T, s *sqlstore.Store)) {
	cases = append(cases, namedCase{name: name, run: run})
}

// Run runs every case. open returns an empty, migrated store that is closed
// when t ends.
func Run(t *testing.T, open func(t *testing.T) *sqlstore.Store) {
	sorted := slices.Clone(cases)
	slices.SortFunc(sorted, func(a, b namedCase) int { return strings.Compare(a.name, b.name) })
	for _, c := range sorted {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// Each runs a test on every engine, each time with an opener for empty,
// migrated stores: for packages above sqlstore whose queries matter.
func Each(t *testing.T, test func(t *testing.T, open func(t *testing.T) *sqlstore.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, OpenSQLite) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, OpenPostgres) })
}

// SQLite returns the URL of a migrated database file without rows, in a
// directory of the test.
func SQLite(t *testing.T) (databaseURL string) {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("SQLite: %v", err)
	}
	file := filepath.Join(t.TempDir(), "gatepost.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatalf("SQLite: %v", err)
	}
	return "sqlite://" + file
}

// sqliteTemplate is a migrated database: to migrate one takes longer than most tests.
var sqliteTemplate = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "gatepost-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "gatepost.db")
	if err := migrate("sqlite://"+file, "sqlite", file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migrate makes the schema in an empty database, and takes out the keys of its ledger:
// every store makes its own.
func migrate(databaseURL, driver, name string) error {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, databaseURL)
	if err != nil {
		return err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return err
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM ledger_keys")
	return errors.Join(err, db.Close())
}

// OpenSQLite returns an empty, migrated SQLite store, closed when t ends.
func OpenSQLite(t *testing.T) *sqlstore.Store {
	t.Helper()
	return Open(t, SQLite(t))
}

// OpenPostgres returns an empty, migrated PostgreSQL store, closed when t ends.
func OpenPostgres(t *testing.T) *sqlstore.Store {
	t.Helper()
	return Open(t, Postgres(t))
}

// Open opens and migrates the store at a URL and closes it when t ends.
func Open(t testing.TB, databaseURL string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), databaseURL)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return s
}
