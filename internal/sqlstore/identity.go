package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	userColumns = `u.id, u.login, u.name, u.organisation_id, u.role, u.password_hash, u.disabled, u.created_at`

	// An account is a user with the organisation that the subject of a request
	// needs to know of.
	selectAccount = `SELECT ` + userColumns + `, o.id, o.name, o.kind, o.division, o.created_at
		FROM users u JOIN organisations o ON o.id = u.organisation_id`
)

// CreateUser adds a user and writes entries into the ledger. It fails with
// Conflict when the login is taken and Invalid when the organisation does not
// exist.
func (s *Store) CreateUser(ctx context.Context, u gatepost.User, entries ...gatepost.LedgerEntry) error {
	return s.tx(ctx, "create user", "user", func(tx *sql.Tx) error {
		if err := insertUser(ctx, tx, u); err != nil {
			return err
		}
		for _, e := range entries {
			if err := s.appendLedger(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func insertUser(ctx context.Context, q querier, u gatepost.User) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO users (id, login, name, organisation_id, role, password_hash, disabled, created_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		u.ID, u.Login, u.Name, u.Organisation, string(u.Role), u.PasswordHash, u.Disabled, ms(u.CreatedAt))
	return err
}

// CreateFirstAdmin adds an organisation and its administrator, unless there is
// an administrator already; it tells whether it did.
func (s *Store) CreateFirstAdmin(ctx context.Context, o gatepost.Organisation, u gatepost.User) (created bool, err error) {
	err = s.tx(ctx, "create first administrator", "user", func(tx *sql.Tx) error {
		created = false
		var id string
		err := tx.QueryRowContext(ctx, `SELECT id FROM users WHERE role = $1 LIMIT 1`, string(gatepost.RoleAdmin)).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := insertOrganisation(ctx, tx, o); err != nil {
			return err
		}
		created = true
		return insertUser(ctx, tx, u)
	})
	return created && err == nil, err
}

// HasAdmin tells whether there is an administrator.
func (s *Store) HasAdmin(ctx context.Context) (bool, error) {
	var has bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE role = $1)`, string(gatepost.RoleAdmin)).Scan(&has)
	return has, s.failed("look for an administrator", "user", err)
}

// Account returns one user with his organisation.
func (s *Store) Account(ctx context.Context, userID string) (gatepost.Account, error) {
	a, err := queryOne(ctx, s.read, scanAccount, selectAccount+` WHERE u.id = $1`, userID)
	return a, s.failed("read user", "user", err)
}

// AccountByLogin returns the user with a login.
func (s *Store) AccountByLogin(ctx context.Context, login string) (gatepost.Account, error) {
	a, err := queryOne(ctx, s.read, scanAccount, selectAccount+` WHERE u.login = $1`, login)
	return a, s.failed("read user", "user", err)
}

// Accounts lists at most limit users of an organisation (of all with "") by id,
// after the one with id after.
func (s *Store) Accounts(ctx context.Context, organisation, after string, limit int) ([]gatepost.Account, error) {
	list, err := queryAll(ctx, s.read, scanAccount,
		selectAccount+` WHERE u.id > $1 AND ($2 = '' OR u.organisation_id = $2) ORDER BY u.id LIMIT $3`, after, organisation, limit)
	return list, s.failed("list users", "user", err)
}

// UpdateUser reads a user, lets change alter his name, role and whether he is
// disabled, stores that and writes the returned entry into the ledger, all in
// one transaction. When he is disabled, or his role is another, his sessions and his looks
// end right after it; his API keys end when he is disabled. It fails with NotFound, and with
// what change fails with.
func (s *Store) UpdateUser(ctx context.Context, id string, now time.Time, change func(*gatepost.User) (gatepost.LedgerEntry, error)) error {
	var ends []ending
	err := s.tx(ctx, "update user", "user", func(tx *sql.Tx) error {
		ends = nil
		a, err := queryOne(ctx, tx, scanAccount, selectAccount+` WHERE u.id = $1`, id)
		if err != nil {
			return err
		}
		u := a.User
		entry, err := change(&u)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET name = $2, role = $3, disabled = $4 WHERE id = $1`,
			id, u.Name, string(u.Role), u.Disabled); err != nil {
			return err
		}
		if u.Disabled && !a.User.Disabled || u.Role != a.User.Role {
			e, err := newEnding(ctx, tx, endingUser, id)
			if err != nil {
				return err
			}
			ends = []ending{e}
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, ends, now)
}

func scanAccount(row scanner) (gatepost.Account, error) {
	var (
		a                     gatepost.Account
		created, organisation int64
	)
	u, o := &a.User, &a.Organisation
	err := row.Scan(&u.ID, &u.Login, &u.Name, &u.Organisation, &u.Role, &u.PasswordHash, &u.Disabled, &created,
		&o.ID, &o.Name, &o.Kind, &o.Division, &organisation)
	u.CreatedAt, o.CreatedAt = fromMS(created), fromMS(organisation)
	return a, err
}

// CreateSession adds a refresh session.
func (s *Store) CreateSession(ctx context.Context, n gatepost.Session) error {
	_, err := s.exec(ctx, "create session", "session",
		`INSERT INTO sessions (id, user_id, secret_hash, previous_hash, created_at, rotated_at, expires_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.ID, n.UserID, n.SecretHash, n.PreviousHash, ms(n.CreatedAt), ms(n.RotatedAt), ms(n.ExpiresAt))
	return err
}

// Session returns one session, expired and revoked ones too.
func (s *Store) Session(ctx context.Context, id string) (gatepost.Session, error) {
	n, err := queryOne(ctx, s.read, scanSession,
		`SELECT id, user_id, secret_hash, previous_hash, created_at, rotated_at, expires_at, revoked_at
		 FROM sessions WHERE id = $1`, id)
	return n, s.failed("read session", "session", err)
}

// RotateSession replaces a session's secret. It fails with NotFound when the
// session no longer has the old one, or is revoked.
func (s *Store) RotateSession(ctx context.Context, id, oldHash, newHash string, at time.Time) error {
	return s.execOne(ctx, "rotate session", "session",
		`UPDATE sessions SET secret_hash = $1, previous_hash = $2, rotated_at = $3
		 WHERE id = $4 AND secret_hash = $2 AND revoked_at IS NULL`, newHash, oldHash, ms(at), id)
}

// RevokeSession ends a session; one that is unknown or over stays so.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.exec(ctx, "revoke session", "session",
		`UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, ms(at), id)
	return err
}

// DeleteSessions removes the sessions that expired before a time.
func (s *Store) DeleteSessions(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, "delete sessions", "session", `DELETE FROM sessions WHERE expires_at < $1`, ms(before))
	return err
}

func scanSession(row scanner) (gatepost.Session, error) {
	var (
		n                         gatepost.Session
		created, rotated, expires int64
		revoked                   sql.NullInt64
	)
	err := row.Scan(&n.ID, &n.UserID, &n.SecretHash, &n.PreviousHash, &created, &rotated, &expires, &revoked)
	n.CreatedAt, n.RotatedAt, n.ExpiresAt, n.RevokedAt = fromMS(created), fromMS(rotated), fromMS(expires), fromNullMS(revoked)
	return n, err
}

const apiKeyColumns = `id, user_id, name, secret_hash, created_at, expires_at, revoked_at`

// CreateAPIKey adds an API key.
func (s *Store) CreateAPIKey(ctx context.Context, k gatepost.APIKey) error {
	_, err := s.exec(ctx, "create API key", "API key",
		`INSERT INTO api_keys (id, user_id, name, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		k.ID, k.UserID, k.Name, k.SecretHash, ms(k.CreatedAt), msOrNull(k.ExpiresAt))
	return err
}

// APIKeyByHash returns the key with a hash, expired and revoked ones too.
func (s *Store) APIKeyByHash(ctx context.Context, hash string) (gatepost.APIKey, error) {
	k, err := queryOne(ctx, s.read, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE secret_hash = $1`, hash)
	return k, s.failed("read API key", "API key", err)
}

// APIKeys lists at most limit keys of a user that are not revoked, by id, after
// the one with id after.
func (s *Store) APIKeys(ctx context.Context, userID, after string, limit int) ([]gatepost.APIKey, error) {
	list, err := queryAll(ctx, s.read, scanAPIKey,
		`SELECT `+apiKeyColumns+` FROM api_keys WHERE user_id = $1 AND id > $2 AND revoked_at IS NULL ORDER BY id LIMIT $3`,
		userID, after, limit)
	return list, s.failed("list API keys", "API key", err)
}

// RevokeAPIKey ends a key of a user. It fails with NotFound when the user has
// no such key, or no longer.
func (s *Store) RevokeAPIKey(ctx context.Context, userID, id string, at time.Time) error {
	return s.execOne(ctx, "revoke API key", "API key",
		`UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND user_id = $3 AND revoked_at IS NULL`, ms(at), id, userID)
}

func scanAPIKey(row scanner) (gatepost.APIKey, error) {
	var (
		k                gatepost.APIKey
		created          int64
		expires, revoked sql.NullInt64
	)
	err := row.Scan(&k.ID, &k.UserID, &k.Name, &k.SecretHash, &created, &expires, &revoked)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt = fromMS(created), fromNullMS(expires), fromNullMS(revoked)
	return k, err
}
