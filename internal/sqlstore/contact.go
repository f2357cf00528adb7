package sqlstore

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	selectUserContact = `SELECT c.user_id, c.contact_kind, c.contact, c.notify, c.verified_at FROM user_contacts c`

	selectContactCode = `SELECT user_id, contact_kind, contact, code_hash, attempts, created_at, expires_at FROM contact_codes`
)

// UserContact returns the contact of a user. It fails with NotFound.
func (s *Store) UserContact(ctx context.Context, userID string) (gatepost.UserContact, error) {
	c, err := queryOne(ctx, s.read, scanUserContact, selectUserContact+` WHERE c.user_id = $1`, userID)
	return c, s.failed("read contact", "contact", err)
}

// SetNotify says whether notifications come to a user by e-mail, and writes
// entry into the ledger. It fails with NotFound when he has no e-mail address.
func (s *Store) SetNotify(ctx context.Context, userID string, notify bool, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "set notify", "contact", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE user_contacts SET notify = $2 WHERE user_id = $1 AND contact_kind = 'email'`, userID, notify))
		if err != nil {
			return err
		}
		if n == 0 {
			return sql.ErrNoRows
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// PutContactCode keeps the code that a user is to give back, in place of the one
// before, and has it sent.
func (s *Store) PutContactCode(ctx context.Context, c gatepost.ContactCode, m gatepost.Message) error {
	return s.tx(ctx, "keep code", "code", func(tx *sql.Tx) error {
		if err := withdrawMessages(ctx, tx, c.UserID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO contact_codes (user_id, contact_kind, contact, code_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
			 ON CONFLICT (user_id) DO UPDATE SET contact_kind = excluded.contact_kind, contact = excluded.contact, code_hash = excluded.code_hash,
				attempts = 0, created_at = excluded.created_at, expires_at = excluded.expires_at`,
			c.UserID, string(c.Contact.Kind), c.Contact.Value, c.CodeHash, ms(c.CreatedAt), ms(c.ExpiresAt)); err != nil {
			return err
		}
		return insertMessage(ctx, tx, m)
	})
}

// TryContactCode counts a try. When the hash is that of the code, the contact
// becomes the user's and entry goes into the ledger. It fails with NotFound when
// there is no code, with Gone when it has expired or was tried too often, and with
// Invalid when it is another.
func (s *Store) TryContactCode(ctx context.Context, userID, codeHash string, now time.Time, entry gatepost.LedgerEntry) error {
	var verdict error // the try counts whatever it is
	err := s.tx(ctx, "try code", "code", func(tx *sql.Tx) error {
		c, err := queryOne(ctx, tx, scanContactCode, selectContactCode+` WHERE user_id = $1`, userID)
		if err != nil {
			return err
		}
		if verdict = tryCode(c.CodeHash, codeHash, c.Attempts, c.ExpiresAt, now); gatepost.CodeOf(verdict) == gatepost.Gone {
			return nil
		}
		if verdict != nil {
			_, err := tx.ExecContext(ctx, `UPDATE contact_codes SET attempts = attempts + 1 WHERE user_id = $1`, userID)
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM contact_codes WHERE user_id = $1`, userID); err != nil {
			return err
		}
		if err := putUserContact(ctx, tx, gatepost.UserContact{UserID: userID, Contact: c.Contact, VerifiedAt: now}); err != nil {
			return err
		}
		if err := withdrawMessages(ctx, tx, userID); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return verdict
}

// tryCode compares a code with the one that is wanted, "" for one that nobody has.
func tryCode(want, got string, attempts int, expires, now time.Time) error {
	switch {
	case !now.Before(expires):
		return &gatepost.Error{Code: gatepost.Gone, Message: "this code has expired; ask for another"}
	case attempts >= gatepost.MaxCodeAttempts:
		return &gatepost.Error{Code: gatepost.Gone, Message: "too many wrong codes were tried; ask for another"}
	case want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1:
		return gatepost.InvalidField("code", "this is not the code; look at the newest message")
	}
	return nil
}

// putUserContact makes a contact a user's, in place of the one before.
func putUserContact(ctx context.Context, q querier, c gatepost.UserContact) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO user_contacts (user_id, contact_kind, contact, notify, verified_at) VALUES ($1, $2, $3, $4, $5)
		 ON CONFLICT (user_id) DO UPDATE SET contact_kind = excluded.contact_kind, contact = excluded.contact, notify = excluded.notify,
			verified_at = excluded.verified_at`,
		c.UserID, string(c.Contact.Kind), c.Contact.Value, c.Notify, ms(c.VerifiedAt))
	return err
}

func scanUserContact(row scanner) (gatepost.UserContact, error) {
	var (
		c        gatepost.UserContact
		verified int64
	)
	err := row.Scan(&c.UserID, &c.Contact.Kind, &c.Contact.Value, &c.Notify, &verified)
	c.VerifiedAt = fromMS(verified)
	return c, err
}

func scanContactCode(row scanner) (gatepost.ContactCode, error) {
	var (
		c                          gatepost.ContactCode
		attempts, created, expires int64
	)
	err := row.Scan(&c.UserID, &c.Contact.Kind, &c.Contact.Value, &c.CodeHash, &attempts, &created, &expires)
	c.Attempts, c.CreatedAt, c.ExpiresAt = int(attempts), fromMS(created), fromMS(expires)
	return c, err
}
