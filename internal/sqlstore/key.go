package sqlstore

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

// SigningKeys lists the signing keys that verify: neither expired nor withdrawn, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]gatepost.SigningKey, error) {
	keys, err := queryAll(ctx, s.read, scanSigningKey,
		`SELECT kid, seed, created_at, active, expires_at, withdrawn_at FROM signing_keys
		 WHERE withdrawn_at IS NULL AND (expires_at IS NULL OR expires_at > $1) ORDER BY created_at, kid`, ms(time.Now()))
	return keys, s.failed("list signing keys", "signing key", err)
}

// ReplaceSigningKey makes next the active key and lets the one named old (""
// when there is none yet) verify until expires. It fails with Conflict when
// old is not the active key.
func (s *Store) ReplaceSigningKey(ctx context.Context, old string, expires time.Time, next gatepost.SigningKey) error {
	return s.tx(ctx, "replace signing key", "signing key", func(tx *sql.Tx) error {
		active := ""
		err := tx.QueryRowContext(ctx, `SELECT kid FROM signing_keys WHERE active`).Scan(&active)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if active != old {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "the signing key was replaced in the meantime"}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE signing_keys SET active = FALSE, expires_at = $1 WHERE active`, ms(expires)); err != nil {
			return err
		}
		return insertSigningKey(ctx, tx, next)
	})
}

func insertSigningKey(ctx context.Context, tx *sql.Tx, k gatepost.SigningKey) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO signing_keys (kid, seed, created_at, active) VALUES ($1, $2, $3, TRUE)`,
		k.ID, base64.StdEncoding.EncodeToString(k.Seed), ms(k.CreatedAt))
	return err
}

// WithdrawSigningKey makes a key verify nothing from now on, forgets its seed, and
// writes entry into the ledger, in one transaction; when it was the active one, next
// signs from then on. The row stays until expires, for gateways to learn of it. A key
// that was withdrawn before stays as it is, without another entry. It fails with
// NotFound.
func (s *Store) WithdrawSigningKey(ctx context.Context, id string, at, expires time.Time, next gatepost.SigningKey, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "withdraw signing key", "signing key", func(tx *sql.Tx) error {
		k, err := queryOne(ctx, tx, scanSigningKey,
			`SELECT kid, seed, created_at, active, expires_at, withdrawn_at FROM signing_keys WHERE kid = $1`, id)
		if err != nil || k.WithdrawnAt != nil {
			return err
		}
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE signing_keys SET active = FALSE, seed = '', expires_at = $2, withdrawn_at = $3
			 WHERE kid = $1 AND withdrawn_at IS NULL AND active = $4`, id, ms(expires), ms(at), k.Active))
		if err != nil {
			return err
		}
		if n == 0 {
			return again(errors.New("the signing key changed at this moment"))
		}
		if k.Active {
			if err := insertSigningKey(ctx, tx, next); err != nil {
				return err
			}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// AllSigningKeys lists every signing key whose tokens may still be about,
// withdrawn ones too, newest first, without their seeds.
func (s *Store) AllSigningKeys(ctx context.Context) ([]gatepost.SigningKey, error) {
	keys, err := queryAll(ctx, s.read, scanSigningKey,
		`SELECT kid, '', created_at, active, expires_at, withdrawn_at FROM signing_keys
		 WHERE expires_at IS NULL OR expires_at > $1 ORDER BY created_at DESC, kid`, ms(time.Now()))
	return keys, s.failed("list signing keys", "signing key", err)
}

// WithdrawnKeys lists the ids of the signing keys that were withdrawn and whose tokens
// may still be about.
func (s *Store) WithdrawnKeys(ctx context.Context) ([]string, error) {
	ids, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
		return id, row.Scan(&id)
	}, `SELECT kid FROM signing_keys WHERE withdrawn_at IS NOT NULL AND expires_at > $1 ORDER BY kid`, ms(time.Now()))
	return ids, s.failed("list withdrawn signing keys", "signing key", err)
}

// DeleteSigningKeys removes the keys that expired before a time.
func (s *Store) DeleteSigningKeys(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, "delete signing keys", "signing key", `DELETE FROM signing_keys WHERE expires_at < $1`, ms(before))
	return err
}

func scanSigningKey(row scanner) (gatepost.SigningKey, error) {
	var (
		k       gatepost.SigningKey
		seed    string
		created int64
		expires sql.NullInt64
		gone    sql.NullInt64
	)
	if err := row.Scan(&k.ID, &seed, &created, &k.Active, &expires, &gone); err != nil {
		return k, err
	}
	var err error
	if k.Seed, err = base64.StdEncoding.DecodeString(seed); err != nil {
		return k, fmt.Errorf("decode signing key %s: malformed", k.ID) // not the cause: it quotes the seed
	}
	k.CreatedAt, k.ExpiresAt, k.WithdrawnAt = fromMS(created), fromNullMS(expires), fromNullMS(gone)
	return k, nil
}
