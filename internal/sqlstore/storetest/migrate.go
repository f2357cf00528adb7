package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("migrate", testMigrate) }

func testMigrate(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	// Again, and from several processes at once.
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- s.Migrate(ctx) }()
	}
	var all error
	for range cap(errs) {
		all = errors.Join(all, <-errs)
	}
	if all != nil {
		t.Error(all)
	}
	has, knows, err := s.SchemaVersion(ctx)
	if err != nil || has != knows || has < 1 {
		t.Errorf("schema %d of %d, %v", has, knows, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	if s.Place() == "" || strings.Contains(s.Place(), "password") {
		t.Errorf("place %q", s.Place())
	}
}
