package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const signupColumns = `id, contact_kind, contact, organisation, division, name, password_hash, secret_hash, code_hash, attempts, address,
	created_at, expires_at, verified_at, finished_at`

// CreateSignup stores a sign-up and has m sent.
func (s *Store) CreateSignup(ctx context.Context, n gatepost.Signup, m gatepost.Message) error {
	return s.tx(ctx, "create sign-up", "sign-up", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO signups (`+signupColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			n.ID, string(n.Contact.Kind), n.Contact.Value, n.Organisation, n.Division, n.Name, n.PasswordHash, n.SecretHash, n.CodeHash, int64(n.Attempts), n.Address,
			ms(n.CreatedAt), ms(n.ExpiresAt), msOrNull(n.VerifiedAt), msOrNull(n.FinishedAt)); err != nil {
			return err
		}
		return insertMessage(ctx, tx, m)
	})
}

// TrySignup counts a try of a code. When the hash is that of the code, the contact
// is verified, and there is time until expires to finish. It fails with NotFound
// when there is no sign-up with the token, with Gone when its code has expired or
// was tried too often, and with Invalid when it is another.
func (s *Store) TrySignup(ctx context.Context, hash, codeHash string, now, expires time.Time) error {
	var verdict error // the try counts whatever it is
	err := s.tx(ctx, "try code", "sign-up", func(tx *sql.Tx) error {
		n, err := queryOne(ctx, tx, scanSignup, `SELECT `+signupColumns+` FROM signups WHERE secret_hash = $1`, hash)
		if err != nil {
			return err
		}
		if verdict = tryCode(n.CodeHash, codeHash, n.Attempts, n.ExpiresAt, now); gatepost.CodeOf(verdict) == gatepost.Gone {
			return nil
		}
		if verdict != nil {
			_, err := tx.ExecContext(ctx, `UPDATE signups SET attempts = attempts + 1 WHERE id = $1`, n.ID)
			return err
		}
		if n.VerifiedAt != nil {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE signups SET verified_at = $2, expires_at = $3 WHERE id = $1`, n.ID, ms(now), ms(expires)); err != nil {
			return err
		}
		return withdrawMessages(ctx, tx, n.ID)
	})
	if err != nil {
		return err
	}
	return verdict
}

// FinishSignup reads the sign-up with a token, lets arrive decide and say what it
// becomes, and stores that, all in one transaction: of several at once, one
// succeeds. It fails with NotFound, with what arrive fails with, and with Conflict
// when the login is taken.
func (s *Store) FinishSignup(ctx context.Context, hash string, now time.Time, arrive func(gatepost.Signup) (gatepost.Arrival, error)) error {
	return s.tx(ctx, "finish sign-up", "sign-up", func(tx *sql.Tx) error {
		n, err := queryOne(ctx, tx, scanSignup, `SELECT `+signupColumns+` FROM signups WHERE secret_hash = $1`, hash)
		if err != nil {
			return err
		}
		a, err := arrive(n)
		if err != nil {
			return err
		}
		if err := insertOrganisation(ctx, tx, a.Organisation); err != nil {
			return err
		}
		if err := assignPlan(ctx, tx, a.Organisation.ID, a.Plan); err != nil {
			return err
		}
		if err := s.admit(ctx, tx, a.Owner, a.Entries); err != nil {
			return err
		}
		if err := putUserContact(ctx, tx, a.Contact); err != nil {
			return err
		}
		if err := insertUndertaking(ctx, tx, a.Undertaking); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE signups SET finished_at = $2, password_hash = '' WHERE id = $1`, n.ID, ms(now))
		return err
	})
}

func insertUndertaking(ctx context.Context, tx *sql.Tx, u gatepost.Undertaking) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO undertakings (user_id, organisation_id, version, accepted_at) VALUES ($1, $2, $3, $4)`,
		u.UserID, u.Organisation, int64(u.Version), ms(u.AcceptedAt))
	return err
}

// AcceptUndertaking writes down what somebody accepted, and entry into the ledger. It does
// nothing when he had accepted that version.
func (s *Store) AcceptUndertaking(ctx context.Context, u gatepost.Undertaking, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "accept undertaking", "undertaking", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `INSERT INTO undertakings (user_id, organisation_id, version, accepted_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			u.UserID, u.Organisation, int64(u.Version), ms(u.AcceptedAt)))
		if err != nil || n == 0 {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// AcceptedUndertaking returns the last version that somebody accepted, 0 for none.
func (s *Store) AcceptedUndertaking(ctx context.Context, userID string) (int, error) {
	var version int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM undertakings WHERE user_id = $1`, userID).Scan(&version)
	return int(version), s.failed("read undertaking", "undertaking", err)
}

// Undertakings lists what the people of an organisation accepted, oldest first.
func (s *Store) Undertakings(ctx context.Context, organisation string) ([]gatepost.Undertaking, error) {
	list, err := queryAll(ctx, s.read, scanUndertaking,
		`SELECT user_id, organisation_id, version, accepted_at FROM undertakings WHERE organisation_id = $1 ORDER BY accepted_at, user_id LIMIT 1000`, organisation)
	return list, s.failed("list undertakings", "undertaking", err)
}

// DeleteSignups removes the sign-ups that expired before a time and were not
// finished.
func (s *Store) DeleteSignups(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, "delete sign-ups", "sign-up", `DELETE FROM signups WHERE expires_at < $1 AND finished_at IS NULL`, ms(before))
	return err
}

func scanSignup(row scanner) (gatepost.Signup, error) {
	var (
		n                          gatepost.Signup
		attempts, created, expires int64
		verified, finished         sql.NullInt64
	)
	err := row.Scan(&n.ID, &n.Contact.Kind, &n.Contact.Value, &n.Organisation, &n.Division, &n.Name, &n.PasswordHash, &n.SecretHash, &n.CodeHash, &attempts, &n.Address,
		&created, &expires, &verified, &finished)
	n.Attempts, n.CreatedAt, n.ExpiresAt = int(attempts), fromMS(created), fromMS(expires)
	n.VerifiedAt, n.FinishedAt = fromNullMS(verified), fromNullMS(finished)
	return n, err
}

func scanUndertaking(row scanner) (gatepost.Undertaking, error) {
	var (
		u                 gatepost.Undertaking
		version, accepted int64
	)
	err := row.Scan(&u.UserID, &u.Organisation, &version, &accepted)
	u.Version, u.AcceptedAt = int(version), fromMS(accepted)
	return u, err
}
