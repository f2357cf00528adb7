package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/gatepost-video/gatepost"
)

// Engine names the database that a store rests on.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// Connections of the pools. PostgreSQL's own default allows 100 connections,
// which several processes share.
const (
	sqliteReaders      = 4
	postgresOpen       = 16
	postgresIdle       = 4
	postgresFixed      = 4
	postgresSums       = 2
	postgresIdleTime   = 5 * time.Minute
	postgresLifetime   = 30 * time.Minute
	openTimeout        = 10 * time.Second
	sqliteBusyTimeout  = 10 * time.Second // also covers other processes, such as fsck
	sqliteCacheKiB     = 8 << 10
	sqliteCheckpointAt = 1000 // pages of the write-ahead log
)

// Store is a database of rows. Its methods may be called from several
// goroutines.
type Store struct {
	engine Engine
	place  string                 // what and where the database is, without its password
	read   *sql.DB                // for single statements that change nothing
	fixed  *sql.DB                // like read; PostgreSQL plans each statement once, whatever its arguments
	sums   *sql.DB                // like read; for sums over millions of rows, of which PostgreSQL does few at once
	write  *sql.DB                // SQLite: the one writing connection; PostgreSQL: the same pool as read
	seal   atomic.Pointer[[]byte] // the secret that ledger entries are sealed with, once it is known
}

// EngineOf tells which engine a database URL names. It fails with Invalid for
// anything that Open would not take.
func EngineOf(databaseURL string) (Engine, error) {
	scheme, _, ok := strings.Cut(databaseURL, ":")
	if ok {
		switch scheme {
		case "sqlite":
			return SQLite, nil
		case "postgres", "postgresql":
			return PostgreSQL, nil
		}
	}
	// The URL itself is not repeated: it may hold a password.
	return "", gatepost.InvalidField("database",
		"the database URL must begin with sqlite:///path/to/file.db or postgres://user@host/name")
}

// Open connects to the database that a URL names: sqlite:///absolute/path.db,
// sqlite:relative/path.db (the file is made if it is not there, its directory is not),
// or postgres://user:password@host:port/name?sslmode=…. It changes nothing in
// the database; Migrate does. The caller closes the store.
//
// It fails with Invalid for a URL that is malformed and Unavailable for a
// database that is not there; the message says which one, and what to do.
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	engine, err := EngineOf(databaseURL)
	if err != nil {
		return nil, err
	}
	if engine == SQLite {
		return openSQLite(ctx, databaseURL)
	}
	return openPostgres(ctx, databaseURL)
}

// Engine returns the store's engine.
func (s *Store) Engine() Engine { return s.engine }

// Place says what the database is and where, without its password, for
// messages and logs.
func (s *Store) Place() string { return s.place }

// Ping tells whether the database answers. It fails with Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// Close releases every connection; statements still under way end with an error.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	if s.engine == PostgreSQL {
		err = errors.Join(err, s.fixed.Close(), s.sums.Close())
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", s.place, err)
	}
	return nil
}

func (s *Store) unavailable(err error) error {
	return &gatepost.Error{Code: gatepost.Unavailable, Message: s.place + " does not answer; " + s.remedy(), Err: err}
}

func (s *Store) remedy() string {
	if s.engine == SQLite {
		return "check that the file and its directory can be written and that the disk is not full"
	}
	return "check that the server runs, that this machine may reach it, and the URL's user, password and database name"
}

func openSQLite(ctx context.Context, databaseURL string) (*Store, error) {
	path, err := sqlitePath(databaseURL)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: SQLite, place: "the SQLite database " + path}
	dir := filepath.Dir(path)
	switch info, err := os.Stat(dir); {
	case err != nil:
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Err: err,
			Message: fmt.Sprintf("%s cannot be opened: its directory %s is not there or may not be read; make it, or name another file", s.place, dir)}
	case !info.IsDir():
		return nil, &gatepost.Error{Code: gatepost.Unavailable,
			Message: fmt.Sprintf("%s cannot be opened: %s is not a directory; name another file", s.place, dir)}
	}
	if s.write, err = sqlitePool(path, 1, false); err != nil {
		return nil, fmt.Errorf("open %s: %w", s.place, err)
	}
	// The writer comes first: it makes the file and turns it to WAL.
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := s.write.PingContext(ctx); err != nil {
		return nil, errors.Join(s.unavailable(err), s.write.Close())
	}
	if s.read, err = sqlitePool(path, sqliteReaders, true); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", s.place, err), s.write.Close())
	}
	s.fixed, s.sums = s.read, s.read
	if err := s.read.PingContext(ctx); err != nil {
		return nil, errors.Join(s.unavailable(err), s.Close())
	}
	return s, nil
}

// sqlitePath takes the file out of sqlite:///abs, sqlite:rel or sqlite://./rel.
func sqlitePath(databaseURL string) (string, error) {
	rest := strings.TrimPrefix(databaseURL, "sqlite:")
	rest = strings.TrimPrefix(rest, "//")
	if strings.ContainsAny(rest, "?#") {
		return "", gatepost.InvalidField("database", "a sqlite URL takes no parameters: sqlite:///path/to/file.db")
	}
	path, err := url.PathUnescape(rest)
	if err != nil || path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return "", gatepost.InvalidField("database", "a sqlite URL names a file: sqlite:///path/to/file.db")
	}
	if path == ":memory:" {
		return "", gatepost.InvalidField("database", "a database in memory would be lost at the end; name a file: sqlite:///path/to/file.db")
	}
	return filepath.Clean(path), nil
}

// sqlitePool opens connections to one file. synchronous=FULL, because the spool
// of a recording is removed once its row is committed.
func sqlitePool(path string, size int, readOnly bool) (*sql.DB, error) {
	q := url.Values{}
	pragma := func(name string, value any) { q.Add("_pragma", fmt.Sprintf("%s(%v)", name, value)) }
	pragma("busy_timeout", sqliteBusyTimeout.Milliseconds())
	pragma("journal_mode", "WAL")
	pragma("synchronous", "FULL")
	pragma("foreign_keys", 1)
	pragma("cache_size", -sqliteCacheKiB)
	pragma("wal_autocheckpoint", sqliteCheckpointAt)
	if readOnly {
		pragma("query_only", 1)
	} else {
		q.Set("_txlock", "immediate")
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

func openPostgres(ctx context.Context, databaseURL string) (*Store, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		// The cause is left out: it may quote a password that is not
		// percent-encoded.
		return nil, gatepost.InvalidField("database",
			"the database URL is malformed; it reads postgres://user:password@host:5432/name?sslmode=require, with special characters in the password percent-encoded")
	}
	config.ConnectTimeout = openTimeout
	db := postgresPool(stdlib.OpenDB(*config), postgresOpen)
	s := &Store{engine: PostgreSQL, read: db, write: db,
		place: fmt.Sprintf("the PostgreSQL database %q at %s port %d", config.Database, config.Host, config.Port)}
	s.fixed = postgresPool(stdlib.OpenDB(*config, stdlib.OptionAfterConnect(planOnce)), postgresFixed)
	s.sums = postgresPool(stdlib.OpenDB(*config, stdlib.OptionAfterConnect(sumInMemory)), postgresSums)
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(s.unavailable(err), s.Close())
	}
	return s, nil
}

// planOnce spares a connection the planning of each statement it runs again, which
// takes longer than many a statement itself.
func planOnce(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SET plan_cache_mode = force_generic_plan")
	return err
}

// sumInMemory lets a connection keep its groups in memory instead of sorting rows on
// disk, and spares it the compiling of statements, which takes longer than it saves.
func sumInMemory(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SET work_mem = '64MB'; SET jit = off")
	return err
}

func postgresPool(db *sql.DB, open int) *sql.DB {
	db.SetMaxOpenConns(open)
	db.SetMaxIdleConns(min(open, postgresIdle))
	db.SetConnMaxIdleTime(postgresIdleTime)
	db.SetConnMaxLifetime(postgresLifetime)
	return db
}
