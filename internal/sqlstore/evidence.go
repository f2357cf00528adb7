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

const evidenceColumns = `id, camera_id, organisation_id, user_id, from_us, to_us, purpose, reason, case_number, created_at,
	state, problem, attempts, lease_until, bytes, sha256, made_at, expires_at, purged`

// CreateEvidence stores an export that is to be made and writes entry into the
// ledger. It fails with RateLimited when the organisation waits for waiting
// others already, and with Invalid when something it refers to does not exist.
func (s *Store) CreateEvidence(ctx context.Context, e gatepost.Evidence, waiting int, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create evidence", "evidence", func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM evidence WHERE organisation_id = $1 AND state IN ('queued', 'making')`,
			e.Organisation).Scan(&n); err != nil {
			return err
		}
		if n >= waiting {
			return &gatepost.Error{Code: gatepost.RateLimited, Message: fmt.Sprintf("your organisation waits for %d exports already; ask again when they are made", n)}
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO evidence (`+evidenceColumns+`)
			 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
			e.ID, e.CameraID, e.Organisation, e.UserID, us(e.From), us(e.To), e.Purpose, e.Reason, e.CaseNumber, ms(e.CreatedAt),
			string(e.State), e.Problem, int64(e.Attempts), ms(e.LeaseUntil), e.Bytes, e.SHA256, msOrNull(e.MadeAt), msOrNull(e.ExpiresAt), e.Purged); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// RegisterExport writes into the ledger that a copy of footage is taken, and tells
// the camera's owner when the copy is another organisation's.
func (s *Store) RegisterExport(ctx context.Context, e gatepost.LedgerEntry) error {
	return s.tx(ctx, "register export", "camera", func(tx *sql.Tx) error {
		var owner, by string
		if err := tx.QueryRowContext(ctx, `SELECT c.owner_id, o.name FROM cameras c JOIN organisations o ON o.id = $2 WHERE c.id = $1`,
			e.CameraID, e.Organisation).Scan(&owner, &by); err != nil {
			return err
		}
		if err := s.appendLedger(ctx, tx, e); err != nil || owner == e.Organisation {
			return err
		}
		detail := map[string]string{"organisation": by}
		for _, name := range []string{"purpose", "reason", "case_number", "from", "to"} {
			if v := e.Detail[name]; v != "" {
				detail[name] = v
			}
		}
		return insertNotification(ctx, tx, gatepost.Notification{Organisation: owner, Kind: gatepost.NotifyExport, CameraID: e.CameraID, Detail: detail})
	})
}

// Evidence returns an export, whatever became of it. It fails with NotFound.
func (s *Store) Evidence(ctx context.Context, id string) (gatepost.Evidence, error) {
	e, err := queryOne(ctx, s.read, scanEvidence, `SELECT `+evidenceColumns+` FROM evidence WHERE id = $1`, id)
	return e, s.failed("read evidence", "evidence", err)
}

// EvidenceList lists the exports that a filter chooses, newest first, at most
// limit, older than the one with id before ("" for the newest).
func (s *Store) EvidenceList(ctx context.Context, f gatepost.EvidenceFilter, before string, limit int) ([]gatepost.Evidence, error) {
	list, err := queryAll(ctx, s.read, scanEvidence,
		`SELECT `+evidenceColumns+` FROM evidence
		 WHERE ($1 = '' OR user_id = $1) AND ($2 = '' OR organisation_id = $2 OR camera_id IN (SELECT id FROM cameras WHERE owner_id = $2))
		   AND ($3 = '' OR camera_id = $3) AND ($4 = '' OR id < $4)
		 ORDER BY id DESC LIMIT $5`,
		f.UserID, f.Organisation, f.CameraID, before, limit)
	return list, s.failed("list evidence", "evidence", err)
}

// ClaimEvidence hands out the oldest export that waits, or whose maker was not
// heard of until its lease was over, to one of those who ask; ok is false when
// there is none.
func (s *Store) ClaimEvidence(ctx context.Context, now, lease time.Time) (e gatepost.Evidence, ok bool, err error) {
	err = s.tx(ctx, "claim evidence", "evidence", func(tx *sql.Tx) error {
		var err error
		e, err = queryOne(ctx, tx, scanEvidence,
			`UPDATE evidence SET state = 'making', attempts = attempts + 1, lease_until = $2
			 WHERE id = (SELECT MIN(id) FROM evidence WHERE state = 'queued' OR state = 'making' AND lease_until < $1)
			 RETURNING `+evidenceColumns, ms(now), ms(lease))
		ok = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return e, ok && err == nil, err
}

// UpdateEvidence reads an export, lets change alter its state and what belongs
// to it, stores that and writes the returned entries into the ledger, all in one
// transaction; change may run more than once. It fails with NotFound, and with
// what change fails with.
func (s *Store) UpdateEvidence(ctx context.Context, id string, change func(*gatepost.Evidence) ([]gatepost.LedgerEntry, error)) (gatepost.Evidence, error) {
	var e gatepost.Evidence
	err := s.tx(ctx, "update evidence", "evidence", func(tx *sql.Tx) error {
		var err error
		if e, err = queryOne(ctx, tx, scanEvidence, `SELECT `+evidenceColumns+` FROM evidence WHERE id = $1`, id); err != nil {
			return err
		}
		entries, err := change(&e)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE evidence SET state = $2, problem = $3, lease_until = $4, bytes = $5, sha256 = $6, made_at = $7, expires_at = $8, purged = $9 WHERE id = $1`,
			id, string(e.State), e.Problem, ms(e.LeaseUntil), e.Bytes, e.SHA256, msOrNull(e.MadeAt), msOrNull(e.ExpiresAt), e.Purged); err != nil {
			return err
		}
		for _, entry := range entries {
			if err := s.appendLedger(ctx, tx, entry); err != nil {
				return err
			}
		}
		return nil
	})
	return e, err
}

// SpentEvidence lists exports whose file is to be deleted: they failed, were removed, or
// are past their time.
func (s *Store) SpentEvidence(ctx context.Context, now time.Time, limit int) ([]gatepost.Evidence, error) {
	list, err := queryAll(ctx, s.read, scanEvidence,
		`SELECT `+evidenceColumns+` FROM evidence
		 WHERE NOT purged AND (state IN ('failed', 'removed', 'expired') OR state = 'ready' AND expires_at <= $1) ORDER BY id LIMIT $2`, ms(now), limit)
	return list, s.failed("list evidence", "evidence", err)
}

func scanEvidence(row scanner) (gatepost.Evidence, error) {
	var (
		e                               gatepost.Evidence
		from, to, created, lease, tries int64
		made, expires                   sql.NullInt64
	)
	err := row.Scan(&e.ID, &e.CameraID, &e.Organisation, &e.UserID, &from, &to, &e.Purpose, &e.Reason, &e.CaseNumber, &created,
		&e.State, &e.Problem, &tries, &lease, &e.Bytes, &e.SHA256, &made, &expires, &e.Purged)
	e.From, e.To, e.CreatedAt, e.LeaseUntil, e.Attempts = fromUS(from), fromUS(to), fromMS(created), fromMS(lease), int(tries)
	e.MadeAt, e.ExpiresAt = fromNullMS(made), fromNullMS(expires)
	return e, err
}

// EvidenceKeys lists the keys that evidence is and was signed with, oldest
// first. The active one signs.
func (s *Store) EvidenceKeys(ctx context.Context) ([]gatepost.SigningKey, error) {
	keys, err := queryAll(ctx, s.read, func(row scanner) (gatepost.SigningKey, error) {
		var (
			k       gatepost.SigningKey
			seed    string
			created int64
			reason  string

			retired, gone, since sql.NullInt64
		)
		if err := row.Scan(&k.ID, &seed, &created, &retired, &gone, &since, &reason); err != nil {
			return k, err
		}
		var err error
		if k.Seed, err = base64.StdEncoding.DecodeString(seed); err != nil {
			return k, fmt.Errorf("decode evidence key %s: malformed", k.ID) // not the cause: it quotes the seed
		}
		k.CreatedAt, k.Active = fromMS(created), !retired.Valid
		if gone.Valid {
			k.Withdrawn = &gatepost.Withdrawal{At: fromMS(gone.Int64), Since: fromMS(since.Int64), Reason: reason}
		}
		return k, nil
	}, `SELECT kid, seed, created_at, retired_at, withdrawn_at, untrusted_since, withdrawn_reason FROM evidence_keys ORDER BY created_at, kid`)
	return keys, s.failed("list evidence keys", "evidence key", err)
}

// ReplaceEvidenceKey retires the key named old ("" when there is none yet), makes
// next the active one and writes entry into the ledger. It fails with Conflict
// when old is not the active key.
func (s *Store) ReplaceEvidenceKey(ctx context.Context, old string, next gatepost.SigningKey, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "replace evidence key", "evidence key", func(tx *sql.Tx) error {
		active := ""
		err := tx.QueryRowContext(ctx, `SELECT kid FROM evidence_keys WHERE retired_at IS NULL`).Scan(&active)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if active != old {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "the key was replaced in the meantime"}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE evidence_keys SET retired_at = $1 WHERE retired_at IS NULL`, ms(next.CreatedAt)); err != nil {
			return err
		}
		if err := insertEvidenceKey(ctx, tx, next); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

func insertEvidenceKey(ctx context.Context, tx *sql.Tx, k gatepost.SigningKey) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO evidence_keys (kid, seed, created_at) VALUES ($1, $2, $3)`,
		k.ID, base64.StdEncoding.EncodeToString(k.Seed), ms(k.CreatedAt))
	return err
}

// WithdrawEvidenceKey writes down that a key may be in other hands, and entry into the
// ledger, in one transaction; when it was the active one, next signs from then on. A key
// that was withdrawn before stays as it is, without another entry. It fails with NotFound.
func (s *Store) WithdrawEvidenceKey(ctx context.Context, id string, w gatepost.Withdrawal, next gatepost.SigningKey, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "withdraw evidence key", "evidence key", func(tx *sql.Tx) error {
		var retired, gone sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT retired_at, withdrawn_at FROM evidence_keys WHERE kid = $1`, id).Scan(&retired, &gone); err != nil || gone.Valid {
			return err
		}
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE evidence_keys SET withdrawn_at = $2, untrusted_since = $3, withdrawn_reason = $4, retired_at = COALESCE(retired_at, $2)
			 WHERE kid = $1 AND withdrawn_at IS NULL AND (retired_at IS NULL) = $5`, id, ms(w.At), ms(w.Since), w.Reason, !retired.Valid))
		if err != nil {
			return err
		}
		if n == 0 {
			return again(errors.New("the evidence key changed at this moment"))
		}
		if !retired.Valid {
			if err := insertEvidenceKey(ctx, tx, next); err != nil {
				return err
			}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}
