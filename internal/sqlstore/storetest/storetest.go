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
	"path/filepath"
	"slices"
	"strings"
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

// SQLite returns the URL of a database file that does not exist yet, in a
// directory of the test.
func SQLite(t *testing.T) (databaseURL string) {
	t.Helper()
	return "sqlite://" + filepath.Join(t.TempDir(), "gatepost.db")
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
