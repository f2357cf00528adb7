package sqlstore_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestSQLite(t *testing.T)   { storetest.Run(t, storetest.OpenSQLite) }
func TestPostgres(t *testing.T) { storetest.Run(t, storetest.OpenPostgres) }

// TestNewerSchema: a database that a newer program wrote is not touched.
func TestNewerSchema(t *testing.T) {
	file := storetest.SQLite(t)
	server := storetest.Postgres(t)
	for _, tt := range []struct{ driver, name, url string }{
		{"sqlite", strings.TrimPrefix(file, "sqlite://"), file},
		{"pgx", server, server},
	} {
		t.Run(tt.driver, func(t *testing.T) {
			s := storetest.Open(t, tt.url)
			db, err := sql.Open(tt.driver, tt.name)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`); err != nil {
				t.Fatal(err)
			}
			err = s.Migrate(t.Context())
			if gatepost.CodeOf(err) != gatepost.Conflict || !strings.Contains(err.Error(), "newer gatepost") {
				t.Errorf("got %v, want a conflict that says what to do", err)
			}
		})
	}
}
