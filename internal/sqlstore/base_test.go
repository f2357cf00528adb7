package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost"
)

// TestOpenRefuses: the message names the database and a remedy, and holds no
// password.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("this is no database, though it is long enough to have a header"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A port that nobody listens on.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, url string
		code      gatepost.Code
		says      []string
	}{
		{"empty", "", gatepost.Invalid, []string{"sqlite:///", "postgres://"}},
		{"a path", "/var/lib/gatepost.db", gatepost.Invalid, []string{"sqlite:///"}},
		{"another engine", "mysql://root:hunter2@h/db", gatepost.Invalid, []string{"postgres://"}},
		{"no file", "sqlite://", gatepost.Invalid, []string{"sqlite:///"}},
		{"a directory's URL", "sqlite:///tmp/", gatepost.Invalid, []string{"names a file"}},
		{"in memory", "sqlite::memory:", gatepost.Invalid, []string{"lost"}},
		{"parameters", "sqlite:///tmp/a.db?mode=ro", gatepost.Invalid, []string{"no parameters"}},
		{"no directory", "sqlite://" + dir + "/none/a.db", gatepost.Unavailable, []string{dir + "/none", "make it"}},
		{"a file as directory", "sqlite://" + file + "/a.db", gatepost.Unavailable, []string{file}},
		{"a directory as file", "sqlite://" + dir, gatepost.Unavailable, []string{dir, "check that"}},
		{"not a database", "sqlite://" + file, gatepost.Unavailable, []string{file, "check that"}},
		{"nobody listens", "postgres://gp:hunter2@" + closed + "/gatepost?sslmode=disable", gatepost.Unavailable, []string{"gatepost", "127.0.0.1", "server runs"}},
		{"password with a colon in its port", "postgres://gp:hun:ter2@h:hunter2/db", gatepost.Invalid, []string{"percent-encoded"}},
		{"broken escape", "postgres://gp:hunter2%@h/db", gatepost.Invalid, []string{"percent-encoded"}},
		{"unknown option", "postgres://gp:hunter2@h/db?sslmode=perhaps", gatepost.Invalid, []string{"sslmode"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), tt.url)
			if err == nil {
				_ = s.Close()
			}
			if gatepost.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			for _, say := range tt.says {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("%q does not say %q", err, say)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite://"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b.db", "温州.db", "100%25.db", "a&b=c.db", "a+b.db"} {
		dir := t.TempDir()
		s := openFile(t, filepath.Join(dir, name))
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(name, "%25", "%")
		if _, err := os.Stat(filepath.Join(dir, want)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPragmas(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "a.db"))
	for _, db := range []*sql.DB{s.read, s.write} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "10000"} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %q %v, want %q", pragma, got, err, want)
			}
		}
	}
	if _, err := s.read.ExecContext(t.Context(), "CREATE TABLE x (a)"); err == nil {
		t.Error("a reading connection writes")
	}
}

func TestPlaceHasNoPassword(t *testing.T) {
	s := &Store{engine: PostgreSQL, place: `the PostgreSQL database "gatepost" at db port 5432`}
	err := s.failed("read camera", "camera", &net.OpError{Op: "dial", Err: errors.New("refused")})
	if gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestTransactionRunsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := openFile(t, path)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := func(tx *sql.Tx, code string) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO divisions (code, name, level) VALUES ($1, 'x', 'province')`, code)
		return err
	}
	count := func() (n int) {
		if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM divisions`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	runs := 0
	err := s.tx(t.Context(), "test", "thing", func(tx *sql.Tx) error {
		runs++
		if err := put(tx, "33"); err != nil {
			return err
		}
		if runs < 3 {
			return again(errors.New("lost"))
		}
		return nil
	})
	if err != nil || runs != 3 || count() != 1 {
		t.Errorf("%d runs, %v, %d rows; want 3 runs and one row", runs, err, count())
	}

	refused := errors.New("refused")
	runs = 0
	err = s.tx(t.Context(), "test", "thing", func(tx *sql.Tx) error {
		runs++
		return errors.Join(put(tx, "34"), refused)
	})
	if !errors.Is(err, refused) || runs != 1 || count() != 1 {
		t.Errorf("an error: %v, %d runs, %d rows", err, runs, count())
	}

	func() {
		defer func() { _ = recover() }()
		_ = s.tx(t.Context(), "test", "thing", func(tx *sql.Tx) error {
			_ = put(tx, "35")
			panic("a defect")
		})
	}()
	if count() != 1 {
		t.Error("a panic committed")
	}
	if err := s.tx(t.Context(), "test", "thing", func(tx *sql.Tx) error { return put(tx, "36") }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
	if err := s.tx(t.Context(), "test", "thing", func(tx *sql.Tx) error { return put(tx, "36") }); gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("the same code again: %v", err)
	}
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{}
		lost := errors.New("lost")
		runs := 0
		if err := s.retry(t.Context(), func() error { runs++; return again(lost) }); !errors.Is(err, lost) || runs != txAttempts {
			t.Errorf("%v after %d runs", err, runs)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
		defer cancel()
		runs = 0
		if err := s.retry(ctx, func() error { runs++; return again(lost) }); !errors.Is(err, context.DeadlineExceeded) || runs > 2 {
			t.Errorf("%v after %d runs", err, runs)
		}
	})
}

// TestTwoProcesses: a second store on the same file waits for the first.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	one, two := openFile(t, path), openFile(t, path)
	errs := make(chan error, 2)
	for _, s := range []*Store{one, two} {
		go func() { errs <- s.Migrate(context.Background()) }()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{one, two} {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, s.AppendLedger(context.Background(), gatepost.LedgerEntry{Kind: gatepost.LedgerSession, Actor: "system", CameraID: "c"}))
			}
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Error(err)
	}
	if entries, err := one.LedgerByCamera(t.Context(), "c", "", 200); err != nil || len(entries) != 100 {
		t.Errorf("%d entries %v, want 100", len(entries), err)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.FixedZone("CST", 8*3600))
	if got := fromUS(us(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("µs: %s", got)
	}
	if got := fromMS(ms(at)); !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("ms: %s", got)
	}
	if us(time.Time{}) != 0 || ms(time.Time{}) != 0 || !fromUS(0).IsZero() || !fromMS(0).IsZero() {
		t.Error("the zero time is not 0")
	}
	if got := fromNullMS(msOrNull(&at)); got == nil || !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("nullable: %v", got)
	}
	if fromNullMS(msOrNull(nil)) != nil {
		t.Error("NULL is not nil")
	}
}
