package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const shareColumns = `id, camera_id, organisation_id, created_by, actions, from_us, to_us, expires_at, max_uses, uses, label,
	created_at, revoked_at, networks, origins, legal_basis`

// CreateShare stores a share link and writes entry into the ledger.
func (s *Store) CreateShare(ctx context.Context, sh gatepost.Share, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create share", "share", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO shares (`+shareColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			sh.ID, sh.CameraID, sh.Organisation, sh.CreatedBy, joinActions(sh.Actions), us(sh.From), us(sh.To),
			ms(sh.ExpiresAt), int64(sh.MaxUses), int64(sh.Uses), sh.Label, ms(sh.CreatedAt), msOrNull(sh.RevokedAt),
			string(sh.Networks), strings.Join(sh.Origins, " "), sh.LegalBasis); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Share returns a share link, revoked and expired ones too. It fails with NotFound.
func (s *Store) Share(ctx context.Context, id string) (gatepost.Share, error) {
	sh, err := queryOne(ctx, s.read, scanShare, `SELECT `+shareColumns+` FROM shares WHERE id = $1`, id)
	return sh, s.failed("read share", "share link", err)
}

// Shares lists share links, newest first, at most limit of them, older than
// the one with id before ("" for the newest): those at the cameras that an
// organisation owns (all with ""), of one camera when cameraID is not "".
func (s *Store) Shares(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.Share, error) {
	shares, err := queryAll(ctx, s.read, scanShare,
		`SELECT `+shareColumns+` FROM shares
		 WHERE ($1 = '' OR camera_id IN (SELECT id FROM cameras WHERE owner_id = $1))
		   AND ($2 = '' OR camera_id = $2) AND ($3 = '' OR id < $3)
		 ORDER BY id DESC LIMIT $4`,
		owner, cameraID, before, limit)
	return shares, s.failed("list shares", "share link", err)
}

// RevokeShare revokes a share link and writes entry into the ledger, then revokes
// every grant that came from it and tells the gateways. A link that
// was revoked before stays as it is, without another entry. It fails with NotFound.
func (s *Store) RevokeShare(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	var ends []ending
	// The row is waited for: uses of the link count on it.
	err := s.txWaiting(ctx, "revoke share", "share link", func(tx *sql.Tx) error {
		ends = nil
		n, err := changed(tx.ExecContext(ctx, `UPDATE shares SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := queryOne(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM shares WHERE id = $1`, id)
			return err
		}
		e, err := newEnding(ctx, tx, endingShare, id)
		if err != nil {
			return err
		}
		ends = []ending{e}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, ends, at)
}

// RevokeShares revokes every share link that is not revoked yet at an
// organisation's cameras, or at one of them when cameraID is not "", and writes what
// entry returns for each into the ledger, then revokes every grant that came from them.
// It returns how many there were.
func (s *Store) RevokeShares(ctx context.Context, owner, cameraID string, at time.Time, entry func(gatepost.Share) gatepost.LedgerEntry) (n int, err error) {
	var ends []ending
	err = s.txWaiting(ctx, "revoke shares", "share link", func(tx *sql.Tx) error {
		shares, err := queryAll(ctx, tx, scanShare,
			`UPDATE shares SET revoked_at = $3
			 WHERE camera_id IN (SELECT id FROM cameras WHERE owner_id = $1) AND ($2 = '' OR camera_id = $2) AND revoked_at IS NULL
			 RETURNING `+shareColumns, owner, cameraID, ms(at))
		if err != nil {
			return err
		}
		for _, sh := range shares {
			if err := s.appendLedger(ctx, tx, entry(sh)); err != nil {
				return err
			}
		}
		n, ends = len(shares), nil
		if n == 0 {
			return nil
		}
		e, err := newEnding(ctx, tx, endingShares, owner)
		ends = []ending{e}
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, s.finish(ctx, ends, at)
}

// OpenShare counts one use of a share link and stores the grants that look
// returns for it, with their ledger entries, in one transaction. look may run
// more than once. It fails with NotFound, and with Gone for a link that is
// revoked, expired or used up; the message says which.
func (s *Store) OpenShare(ctx context.Context, id string, now time.Time,
	look func(gatepost.Share) ([]gatepost.Grant, []gatepost.LedgerEntry)) (sh gatepost.Share, grants []gatepost.Grant, err error) {
	err = s.tx(ctx, "open share", "share link", func(tx *sql.Tx) error {
		var err error
		sh, err = queryOne(ctx, tx, scanShare,
			`UPDATE shares SET uses = uses + 1
			 WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND (max_uses = 0 OR uses < max_uses)
			 RETURNING `+shareColumns, id, ms(now))
		if errors.Is(err, sql.ErrNoRows) {
			if sh, err = queryOne(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM shares WHERE id = $1`, id); err != nil {
				return err
			}
			if err := sh.Closed(now, true); err != nil {
				return err
			}
			return again(errors.New("the share link is open, yet counts no use"))
		}
		if err != nil {
			return err
		}
		var entries []gatepost.LedgerEntry
		grants, entries = look(sh)
		for _, g := range grants {
			if err := insertGrant(ctx, tx, g); err != nil {
				return err
			}
		}
		for _, e := range entries {
			if err := s.appendLedger(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return sh, grants, err
}

// RenewGrant moves the end of a grant that came from a share link to until, or
// to the link's own end if that comes first, and counts no use. It fails with
// NotFound when there is no such grant of a share link, and with Gone when the
// grant is revoked or expired, or its link is.
func (s *Store) RenewGrant(ctx context.Context, grantID string, now, until time.Time) (sh gatepost.Share, g gatepost.Grant, err error) {
	err = s.tx(ctx, "renew grant", "grant", func(tx *sql.Tx) error {
		var err error
		if g, err = queryOne(ctx, tx, scanGrant, `SELECT `+grantColumns+` FROM grants WHERE id = $1 AND share_id <> ''`, grantID); err != nil {
			return err
		}
		if sh, err = queryOne(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM shares WHERE id = $1`, g.ShareID); err != nil {
			return err
		}
		if err := sh.Closed(now, false); err != nil {
			return err
		}
		if g.RevokedAt != nil || !g.ExpiresAt.After(now) {
			return &gatepost.Error{Code: gatepost.Gone, Message: "this look has ended; open the link again"}
		}
		if until.After(sh.ExpiresAt) {
			until = sh.ExpiresAt
		}
		if until.After(g.ExpiresAt) {
			g.ExpiresAt = until
		}
		_, err = tx.ExecContext(ctx, `UPDATE grants SET expires_at = $2 WHERE id = $1`, g.ID, ms(g.ExpiresAt))
		return err
	})
	return sh, g, err
}

// changed turns a result into the number of rows that it changed.
func changed(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func joinActions(actions []gatepost.Action) string {
	parts := make([]string, len(actions))
	for i, a := range actions {
		parts[i] = string(a)
	}
	return strings.Join(parts, ",")
}

func splitActions(s string) []gatepost.Action {
	actions := []gatepost.Action{}
	for part := range strings.SplitSeq(s, ",") {
		if part != "" {
			actions = append(actions, gatepost.Action(part))
		}
	}
	return actions
}

func scanShare(row scanner) (gatepost.Share, error) {
	var (
		sh                             gatepost.Share
		actions, origins               string
		from, to, expiresAt, createdAt int64
		maxUses, uses                  int64
		revokedAt                      sql.NullInt64
	)
	if err := row.Scan(&sh.ID, &sh.CameraID, &sh.Organisation, &sh.CreatedBy, &actions, &from, &to, &expiresAt, &maxUses, &uses, &sh.Label,
		&createdAt, &revokedAt, &sh.Networks, &origins, &sh.LegalBasis); err != nil {
		return sh, err
	}
	sh.Actions, sh.MaxUses, sh.Uses = splitActions(actions), int(maxUses), int(uses)
	sh.From, sh.To, sh.Origins = fromUS(from), fromUS(to), strings.Fields(origins)
	sh.ExpiresAt, sh.CreatedAt, sh.RevokedAt = fromMS(expiresAt), fromMS(createdAt), fromNullMS(revokedAt)
	return sh, nil
}
