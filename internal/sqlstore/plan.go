package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gatepost-video/gatepost"
)

const planColumns = `name, cameras, retention_days, updated_at`

// Plans lists every plan, the smallest first.
func (s *Store) Plans(ctx context.Context) ([]gatepost.Plan, error) {
	list, err := queryAll(ctx, s.read, scanPlan, `SELECT `+planColumns+` FROM plans ORDER BY cameras, name LIMIT 200`)
	return list, s.failed("list plans", "plan", err)
}

// PutPlan makes or changes a plan and writes entry into the ledger. Who has more
// than it allows keeps that.
func (s *Store) PutPlan(ctx context.Context, p gatepost.Plan, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "put plan", "plan", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO plans (`+planColumns+`) VALUES ($1, $2, $3, $4)
			 ON CONFLICT (name) DO UPDATE SET cameras = excluded.cameras, retention_days = excluded.retention_days, updated_at = excluded.updated_at`,
			p.Name, int64(p.Cameras), int64(p.RetentionDays), ms(p.UpdatedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// PlanUse returns an organisation's plan and what it has of it. It fails with
// NotFound when there is no such organisation.
func (s *Store) PlanUse(ctx context.Context, organisation string) (gatepost.PlanUse, error) {
	use := gatepost.PlanUse{Organisation: organisation}
	err := s.read.QueryRowContext(ctx,
		`SELECT (SELECT COUNT(*) FROM cameras WHERE owner_id = o.id AND state <> 'retired') FROM organisations o WHERE o.id = $1`, organisation).Scan(&use.Cameras)
	if err != nil {
		return use, s.failed("read plan", "organisation", err)
	}
	use.Plan, err = planOf(ctx, s.read, organisation)
	return use, s.failed("read plan", "plan", err)
}

// AssignPlan gives an organisation a plan, or none with "", and writes entry into
// the ledger. It fails with Invalid when there is no such organisation or plan.
func (s *Store) AssignPlan(ctx context.Context, organisation, plan string, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "assign plan", "plan", func(tx *sql.Tx) error {
		if err := assignPlan(ctx, tx, organisation, plan); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

func assignPlan(ctx context.Context, q querier, organisation, plan string) error {
	if plan == "" {
		_, err := q.ExecContext(ctx, `DELETE FROM organisation_plans WHERE organisation_id = $1`, organisation)
		return err
	}
	_, err := q.ExecContext(ctx,
		`INSERT INTO organisation_plans (organisation_id, plan) VALUES ($1, $2) ON CONFLICT (organisation_id) DO UPDATE SET plan = excluded.plan`,
		organisation, plan)
	return err
}

// planOf returns an organisation's plan, nil for none.
func planOf(ctx context.Context, q querier, organisation string) (*gatepost.Plan, error) {
	p, err := queryOne(ctx, q, scanPlan,
		`SELECT `+planColumns+` FROM plans WHERE name = (SELECT plan FROM organisation_plans WHERE organisation_id = $1)`, organisation)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// withinPlan refuses a camera that its owner's plan has no room for, within the
// transaction that stores it; before is the camera as it was, nil for a new one. What
// an owner had before his plan shrank he keeps.
func withinPlan(ctx context.Context, tx *sql.Tx, c gatepost.Camera, before *gatepost.Camera) error {
	joins := before == nil || before.Owner != c.Owner
	if !joins && c.RetentionDays <= before.RetentionDays {
		return nil
	}
	p, err := planOf(ctx, tx, c.Owner)
	if err != nil || p == nil {
		return err
	}
	if c.RetentionDays > p.RetentionDays {
		return gatepost.InvalidField("retention_days",
			fmt.Sprintf("the plan %q keeps recordings for %d days at most; ask the operator for a larger plan", p.Name, p.RetentionDays))
	}
	if !joins || c.State == gatepost.CameraRetired {
		return nil
	}
	var has int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM cameras WHERE owner_id = $1 AND state <> 'retired'`, c.Owner).Scan(&has); err != nil {
		return err
	}
	if has >= p.Cameras {
		return &gatepost.Error{Code: gatepost.Conflict, Field: "plan",
			Message: fmt.Sprintf("the plan %q has room for %d cameras, and all of it is taken; retire one, or ask the operator for a larger plan", p.Name, p.Cameras)}
	}
	return nil
}

func scanPlan(row scanner) (gatepost.Plan, error) {
	var (
		p       gatepost.Plan
		updated int64
	)
	err := row.Scan(&p.Name, &p.Cameras, &p.RetentionDays, &updated)
	p.UpdatedAt = fromMS(updated)
	return p, err
}
