package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The driver "pgx" is registered by sqlstore.

// The server is started once for a test binary, with a data directory of its
// own under the temporary directory, and listens on a Unix socket there alone.
// A shell holds it, and takes the orders start and stop: when the test binary
// ends, however it ends, the pipe to the shell closes, and the shell stops the
// server and removes the directory.
const supervise = `
start() {
	"$BIN/postgres" -D "$DIR/data" -k "$DIR" -c listen_addresses= -c fsync=off -c max_connections=200 &
	server=$!
}
stop() {
	[ -z "$server" ] || { kill -INT $server; wait $server; }
	server=
}
start
while read -r order; do $order; done
stop
cd / && rm -rf "$DIR"
`

const startTimeout = 60 * time.Second

type server struct {
	dir  string         // socket directory
	hold io.WriteCloser // keeps the pipe to the shell open for as long as the test binary lives
	err  error
}

var (
	startServer = sync.OnceValue(func() server {
		dir, hold, err := start()
		return server{dir: dir, hold: hold, err: err}
	})
	databases atomic.Int64
)

// postgresTemplate is the name of a migrated database on the server: to migrate one
// takes longer than most tests.
var postgresTemplate = sync.OnceValues(func() (name string, err error) {
	srv := startServer()
	if srv.err != nil {
		return "", srv.err
	}
	const template = "gatepost_migrated"
	if err := execute(srv.dir, "CREATE DATABASE "+template); err != nil {
		return "", err
	}
	at := postgresURL(srv.dir, template)
	return template, migrate(at, "pgx", at)
})

// Postgres returns the URL of a migrated database without rows on a real PostgreSQL
// server and drops the database when t ends. PostgreSQL is a part of what is tested:
// where it is not installed the test fails and says so.
func Postgres(t testing.TB) (databaseURL string) {
	t.Helper()
	template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	return database(t, template)
}

// EmptyPostgres is Postgres without the schema.
func EmptyPostgres(t testing.TB) (databaseURL string) {
	t.Helper()
	return database(t, "template0")
}

func database(t testing.TB, template string) (databaseURL string) {
	t.Helper()
	srv := startServer()
	if srv.err != nil {
		t.Fatalf("PostgreSQL: %v", srv.err)
	}
	name := fmt.Sprintf("gatepost_%d", databases.Add(1))
	if err := execute(srv.dir, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("PostgreSQL: make database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(srv.dir, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("PostgreSQL: drop database: %v", err)
		}
	})
	return postgresURL(srv.dir, name)
}

// execute runs a statement on the server's own database.
func execute(dir, statement string) error {
	admin, err := sql.Open("pgx", postgresURL(dir, "postgres"))
	if err != nil {
		return err
	}
	_, err = admin.ExecContext(context.Background(), statement)
	return errors.Join(err, admin.Close())
}

// PostgresServer is a server of one test alone, which may stop and start it.
type PostgresServer struct{ s server }

// NewPostgresServer starts a server that ends with t.
func NewPostgresServer(t testing.TB) *PostgresServer {
	t.Helper()
	dir, hold, err := start()
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := hold.Close(); err != nil {
			t.Errorf("PostgreSQL: stop: %v", err)
		}
	})
	return &PostgresServer{server{dir: dir, hold: hold}}
}

// Socket is the path of the Unix socket that it listens on.
func (p *PostgresServer) Socket() string { return filepath.Join(p.s.dir, ".s.PGSQL.5432") }

// Database makes an empty database and returns its URL.
func (p *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	if err := execute(p.s.dir, "CREATE DATABASE gatepost"); err != nil {
		t.Fatalf("PostgreSQL: make database: %v", err)
	}
	return postgresURL(p.s.dir, "gatepost")
}

// Stop ends the server with its clients' connections; Start starts it again.
func (p *PostgresServer) Stop(t testing.TB) { p.order(t, "stop") }

// Start starts the server after Stop and waits until it answers.
func (p *PostgresServer) Start(t testing.TB) {
	t.Helper()
	p.order(t, "start")
	if err := await(p.s.dir); err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
}

func (p *PostgresServer) order(t testing.TB, order string) {
	t.Helper()
	if _, err := io.WriteString(p.s.hold, order+"\n"); err != nil {
		t.Fatalf("PostgreSQL: %s: %v", order, err)
	}
}

func postgresURL(dir, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// start makes a cluster and starts its server, as the user postgres when the
// tests run as root, which PostgreSQL refuses.
func start() (socketDir string, hold io.WriteCloser, err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	credential, err := unprivileged()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "gatepost-pg-") // short: a socket's path holds 107 bytes
	if err != nil {
		return "", nil, fmt.Errorf("make a directory: %w", err)
	}
	started := false
	defer func() {
		if !started {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return "", nil, fmt.Errorf("hand %s to the user postgres: %w", dir, err)
		}
	}
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"),
		"-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", nil, fmt.Errorf("make the server's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	shell := exec.CommandContext(context.Background(), "/bin/sh", "-c", supervise)
	shell.Dir = dir
	shell.Env = append(os.Environ(), "BIN="+bin, "DIR="+dir)
	shell.Stdout, shell.Stderr = log, log
	// A process group of its own: Ctrl-C must reach the shell through the pipe,
	// or it could not clean up.
	shell.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	pipe, err := shell.StdinPipe()
	if err != nil {
		return "", nil, fmt.Errorf("make the server's pipe: %w", err)
	}
	if err := shell.Start(); err != nil {
		return "", nil, fmt.Errorf("start the server: %w", err)
	}
	started = true // from here on the shell removes the directory
	if err := await(dir); err != nil {
		out, _ := os.ReadFile(log.Name()) // best effort: it only adds to the message
		return "", nil, errors.Join(fmt.Errorf("%w\n%s", err, out), pipe.Close(), shell.Wait())
	}
	return dir, pipe, nil
}

func await(dir string) error {
	db, err := sql.Open("pgx", postgresURL(dir, "postgres"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return db.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the server did not answer within %s: %w", startTimeout, err), db.Close())
		case <-tick.C:
		}
	}
}

// binaries finds the directory of PostgreSQL's programs, newest version first.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 sorts last
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	return "", errors.New("the server is not installed; these tests need a real one: on Debian, apt-get install postgresql")
}

// unprivileged returns the user postgres when this process is root, else nil.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres to run it as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("uid of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("gid of postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
