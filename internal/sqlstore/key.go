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

// SigningKeys lists the signing keys that have not expired, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]gatepost.SigningKey, error) {
	keys, err := queryAll(ctx, s.read, scanSigningKey,
		`SELECT kid, seed, created_at, active, expires_at FROM signing_keys
		 WHERE expires_at IS NULL OR expires_at > $1 ORDER BY created_at, kid`, ms(time.Now()))
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
		_, err = tx.ExecContext(ctx,
			`INSERT INTO signing_keys (kid, seed, created_at, active) VALUES ($1, $2, $3, TRUE)`,
			next.ID, base64.StdEncoding.EncodeToString(next.Seed), ms(next.CreatedAt))
		return err
	})
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
	)
	if err := row.Scan(&k.ID, &seed, &created, &k.Active, &expires); err != nil {
		return k, err
	}
	var err error
	if k.Seed, err = base64.StdEncoding.DecodeString(seed); err != nil {
		return k, fmt.Errorf("decode signing key %s: malformed", k.ID) // not the cause: it quotes the seed
	}
	k.CreatedAt, k.ExpiresAt = fromMS(created), fromNullMS(expires)
	return k, nil
}
