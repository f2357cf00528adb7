package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	invitationColumns = `id, organisation_id, contact_kind, contact, role, secret_hash, sent, invited_by, created_at, expires_at, revoked_at, accepted_at, accepted_by`

	// maxInvitations is how many of an organisation are open at a time.
	maxInvitations = 200
)

// CreateInvitation stores an invitation, has m sent unless it is nil, and writes
// entry into the ledger. It fails with Conflict when the contact is a member's or
// has an open invitation of the organisation, and when there are too many.
func (s *Store) CreateInvitation(ctx context.Context, i gatepost.Invitation, m *gatepost.Message, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create invitation", "invitation", func(tx *sql.Tx) error {
		if err := invitable(ctx, tx, i); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO invitations (`+invitationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			i.ID, i.Organisation, string(i.Contact.Kind), i.Contact.Value, string(i.Role), i.SecretHash, i.Sent, i.InvitedBy,
			ms(i.CreatedAt), ms(i.ExpiresAt), msOrNull(i.RevokedAt), msOrNull(i.AcceptedAt), i.AcceptedBy); err != nil {
			return err
		}
		if m != nil {
			if err := insertMessage(ctx, tx, *m); err != nil {
				return err
			}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// invitable looks at the organisation's own members and invitations alone: who is
// whose member elsewhere, an inviter does not learn.
func invitable(ctx context.Context, tx *sql.Tx, i gatepost.Invitation) error {
	var members, same, open int
	if err := tx.QueryRowContext(ctx,
		`SELECT COUNT(*) FROM users u LEFT JOIN user_contacts c ON c.user_id = u.id
		 WHERE u.organisation_id = $1 AND (u.login = $2 OR c.contact = $2)`, i.Organisation, i.Contact.Value).Scan(&members); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx,
		`SELECT COUNT(*), COALESCE(SUM(CASE WHEN contact = $2 THEN 1 ELSE 0 END), 0) FROM invitations
		 WHERE organisation_id = $1 AND revoked_at IS NULL AND accepted_at IS NULL AND expires_at > $3`,
		i.Organisation, i.Contact.Value, ms(i.CreatedAt)).Scan(&open, &same); err != nil {
		return err
	}
	switch {
	case members > 0:
		return &gatepost.Error{Code: gatepost.Conflict, Field: "contact", Message: "this person is a member already; change the role in the list of members"}
	case same > 0:
		return &gatepost.Error{Code: gatepost.Conflict, Field: "contact", Message: "this person has an invitation already; revoke it first"}
	case open >= maxInvitations:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "an organisation has 200 open invitations at most; revoke some first"}
	}
	return nil
}

// Invitations lists the invitations of an organisation (of all with ""), newest
// first, at most limit, older than the one with id before ("" for the newest).
func (s *Store) Invitations(ctx context.Context, organisation, before string, limit int) ([]gatepost.Invitation, error) {
	list, err := queryAll(ctx, s.read, scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations
		 WHERE ($1 = '' OR organisation_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, organisation, before, limit)
	return list, s.failed("list invitations", "invitation", err)
}

// Invitation returns one invitation, whatever became of it. It fails with
// NotFound.
func (s *Store) Invitation(ctx context.Context, id string) (gatepost.Invitation, error) {
	i, err := queryOne(ctx, s.read, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE id = $1`, id)
	return i, s.failed("read invitation", "invitation", err)
}

// InvitationByHash returns the invitation with a token, whatever became of it. It
// fails with NotFound.
func (s *Store) InvitationByHash(ctx context.Context, hash string) (gatepost.Invitation, error) {
	i, err := queryOne(ctx, s.read, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE secret_hash = $1`, hash)
	return i, s.failed("read invitation", "invitation", err)
}

// RevokeInvitation ends an open invitation and writes entry into the ledger. It
// fails with NotFound when it is not open.
func (s *Store) RevokeInvitation(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "revoke invitation", "invitation", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE invitations SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL AND accepted_at IS NULL`, id, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			return sql.ErrNoRows
		}
		if err := withdrawMessages(ctx, tx, id); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// TryInvitation counts an attempt to accept the invitation with a token. It fails
// with Gone when there were most already, and when there is no such invitation.
func (s *Store) TryInvitation(ctx context.Context, hash string, most int) error {
	return s.tx(ctx, "try invitation", "invitation", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE invitations SET attempts = attempts + 1 WHERE secret_hash = $1 AND attempts < $2`, hash, int64(most)))
		if err == nil && n == 0 {
			err = &gatepost.Error{Code: gatepost.Gone, Message: "this invitation was tried too often; ask for another"}
		}
		return err
	})
}

// AcceptInvitation reads the invitation with a token and who invited, lets accept
// decide and make the user, and stores him, his contact when he has shown that it
// is his, and the entries, all in one transaction: of several at once, one
// succeeds. It fails with NotFound, with what accept fails with, and with Conflict
// when the login is taken.
func (s *Store) AcceptInvitation(ctx context.Context, hash string, now time.Time, undertaking int,
	accept func(i gatepost.Invitation, inviter gatepost.Account) (gatepost.User, []gatepost.LedgerEntry, error)) error {
	return s.tx(ctx, "accept invitation", "invitation", func(tx *sql.Tx) error {
		i, err := queryOne(ctx, tx, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE secret_hash = $1`, hash)
		if err != nil {
			return err
		}
		inviter, err := queryOne(ctx, tx, scanAccount, selectAccount+` WHERE u.id = $1`, i.InvitedBy)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		u, entries, err := accept(i, inviter)
		if err != nil {
			return err
		}
		if err := s.admit(ctx, tx, u, entries); err != nil {
			return err
		}
		if err := insertUndertaking(ctx, tx, gatepost.Undertaking{UserID: u.ID, Organisation: u.Organisation, Version: undertaking, AcceptedAt: now}); err != nil {
			return err
		}
		if i.Sent {
			if err := putUserContact(ctx, tx, gatepost.UserContact{UserID: u.ID, Contact: i.Contact, VerifiedAt: now}); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE invitations SET accepted_at = $2, accepted_by = $3 WHERE id = $1`, i.ID, ms(now), u.ID); err != nil {
			return err
		}
		return withdrawMessages(ctx, tx, i.ID)
	})
}

// admit adds a user with the entries that tell of him. It fails with Conflict,
// naming the field, when his login is taken.
func (s *Store) admit(ctx context.Context, tx *sql.Tx, u gatepost.User, entries []gatepost.LedgerEntry) error {
	err := insertUser(ctx, tx, u)
	if isUnique(err) {
		return &gatepost.Error{Code: gatepost.Conflict, Field: "login", Message: "there is an account with this login; sign in with it, or choose another login", Err: err}
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.appendLedger(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

func scanInvitation(row scanner) (gatepost.Invitation, error) {
	var (
		i                 gatepost.Invitation
		created, expires  int64
		revoked, accepted sql.NullInt64
	)
	err := row.Scan(&i.ID, &i.Organisation, &i.Contact.Kind, &i.Contact.Value, &i.Role, &i.SecretHash, &i.Sent, &i.InvitedBy,
		&created, &expires, &revoked, &accepted, &i.AcceptedBy)
	i.CreatedAt, i.ExpiresAt, i.RevokedAt, i.AcceptedAt = fromMS(created), fromMS(expires), fromNullMS(revoked), fromNullMS(accepted)
	return i, err
}
