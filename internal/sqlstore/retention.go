package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gatepost-video/gatepost"
)

const policyColumns = `version, policy, changed_by, changed_at`

// RetentionPolicy returns the policy that counts now: the default until somebody
// sets another.
func (s *Store) RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error) {
	p, err := policy(ctx, s.read)
	return p, s.failed("read retention policy", "retention policy", err)
}

func policy(ctx context.Context, q querier) (gatepost.RetentionPolicy, error) {
	p, err := queryOne(ctx, q, scanPolicy, `SELECT `+policyColumns+` FROM retention_policies ORDER BY version DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return gatepost.DefaultRetentionPolicy(), nil
	}
	return p, err
}

// RetentionPolicies lists the policies that were set, newest first, at most limit of
// them, older than a version (0 for the newest).
func (s *Store) RetentionPolicies(ctx context.Context, before, limit int) ([]gatepost.RetentionPolicy, error) {
	list, err := queryAll(ctx, s.read, scanPolicy,
		`SELECT `+policyColumns+` FROM retention_policies WHERE $1 = 0 OR version < $1 ORDER BY version DESC LIMIT $2`, int64(before), limit)
	return list, s.failed("list retention policies", "retention policy", err)
}

// PutRetentionPolicy sets a policy in the place of the one with the version before
// it, and writes entry into the ledger. It fails with Conflict when that is not the one
// that counts now.
func (s *Store) PutRetentionPolicy(ctx context.Context, p gatepost.RetentionPolicy, entry gatepost.LedgerEntry) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode retention policy: %w", err)
	}
	return s.tx(ctx, "put retention policy", "retention policy", func(tx *sql.Tx) error {
		now, err := policy(ctx, tx)
		if err != nil {
			return err
		}
		if now.Version != p.Version-1 {
			return &gatepost.Error{Code: gatepost.Conflict, Field: "version", Message: fmt.Sprintf("the policy is version %d by now; read it again and change that", now.Version)}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO retention_policies (`+policyColumns+`) VALUES ($1, $2, $3, $4)`,
			int64(p.Version), string(text), p.ChangedBy, ms(p.ChangedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

func scanPolicy(row scanner) (gatepost.RetentionPolicy, error) {
	var (
		p                gatepost.RetentionPolicy
		text, by         string
		version, changed int64
	)
	if err := row.Scan(&version, &text, &by, &changed); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("decode retention policy %d: %w", version, err)
	}
	p.Version, p.ChangedBy, p.ChangedAt = int(version), by, fromMS(changed)
	return p, nil
}
