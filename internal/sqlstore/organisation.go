package sqlstore

import (
	"context"

	"github.com/gatepost-video/gatepost"
)

const organisationColumns = `id, name, kind, division, created_at`

// CreateOrganisation adds an organisation.
func (s *Store) CreateOrganisation(ctx context.Context, o gatepost.Organisation) error {
	return s.failed("create organisation", "organisation", s.retry(ctx, func() error {
		return insertOrganisation(ctx, s.write, o)
	}))
}

func insertOrganisation(ctx context.Context, q querier, o gatepost.Organisation) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO organisations (`+organisationColumns+`) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, o.Name, string(o.Kind), o.Division, ms(o.CreatedAt))
	return err
}

// Organisation returns one organisation.
func (s *Store) Organisation(ctx context.Context, id string) (gatepost.Organisation, error) {
	o, err := queryOne(ctx, s.read, scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE id = $1`, id)
	return o, s.failed("read organisation", "organisation", err)
}

// Organisations lists at most limit organisations by id, after the one with id
// after ("" for the first).
func (s *Store) Organisations(ctx context.Context, after string, limit int) ([]gatepost.Organisation, error) {
	list, err := queryAll(ctx, s.read, scanOrganisation,
		`SELECT `+organisationColumns+` FROM organisations WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return list, s.failed("list organisations", "organisation", err)
}

// Authorities lists the organisations that are government, police, departments and
// sub-control centres by id, after the one with id after ("" for the first), at most limit.
func (s *Store) Authorities(ctx context.Context, after string, limit int) ([]gatepost.Organisation, error) {
	list, err := queryAll(ctx, s.read, scanOrganisation,
		`SELECT `+organisationColumns+` FROM organisations WHERE id > $1 AND kind IN ('government', 'police', 'department', 'sub_control') ORDER BY id LIMIT $2`, after, limit)
	return list, s.failed("list authorities", "organisation", err)
}

func scanOrganisation(row scanner) (gatepost.Organisation, error) {
	var (
		o       gatepost.Organisation
		created int64
	)
	err := row.Scan(&o.ID, &o.Name, &o.Kind, &o.Division, &created)
	o.CreatedAt = fromMS(created)
	return o, err
}
