package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/gatepost-video/gatepost"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema to the version that this program knows. It runs
// forward only, each step in a transaction; several processes may call it at
// the same time. It fails with Conflict when the schema is newer than the
// program, which then must not touch it.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	if err := s.refuseNewer(ctx, p); err != nil {
		return err
	}
	if err := s.up(ctx, p); err != nil {
		return s.failed("migrate "+s.place, "table", err)
	}
	return s.ensureLedgerKeys(ctx)
}

// up takes every step that is missing. On SQLite nothing keeps two processes
// apart but that each step is a transaction: who loses one fails in it, finds
// the version moved on, and goes on from there.
func (s *Store) up(ctx context.Context, p *goose.Provider) error {
	for {
		before, err := p.GetDBVersion(ctx)
		if err != nil {
			return err
		}
		_, err = p.Up(ctx)
		if err == nil || s.engine == PostgreSQL {
			return err
		}
		if after, failed := p.GetDBVersion(ctx); failed != nil || after == before {
			return err
		}
	}
}

// SchemaVersion returns the version of the database's schema (0: none yet) and
// the newest that this program knows.
func (s *Store) SchemaVersion(ctx context.Context) (has, knows int64, err error) {
	p, err := s.migrator()
	if err != nil {
		return 0, 0, err
	}
	has, err = p.GetDBVersion(ctx)
	if err != nil {
		return 0, 0, s.failed("read the schema's version", "table", err)
	}
	return has, newest(p), nil
}

func (s *Store) refuseNewer(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return s.failed("read the schema's version of "+s.place, "table", err)
	}
	if knows := newest(p); has > knows {
		return &gatepost.Error{Code: gatepost.Conflict, Message: fmt.Sprintf(
			"%s was written by a newer gatepost (schema %d, this one knows up to %d); start the newer one, or restore a backup made before it",
			s.place, has, knows)}
	}
	return nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

func (s *Store) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open the embedded migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	var opts []goose.ProviderOption
	if s.engine == PostgreSQL {
		dialect = goose.DialectPostgres
		// Another process migrates: look every second, for a minute.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return nil, fmt.Errorf("make the migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.write, files, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	return p, nil
}
