package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const grantColumns = `id, camera_id, action, user_id, organisation_id, share_id, purpose, reason, case_number,
	from_us, to_us, expires_at, created_at, revoked_at, basis`

// CreateGrant stores a grant and writes entry into the ledger.
func (s *Store) CreateGrant(ctx context.Context, g gatepost.Grant, entry gatepost.LedgerEntry) error {
	return s.CreateGrants(ctx, []gatepost.Grant{g}, []gatepost.LedgerEntry{entry})
}

// CreateGrants stores grants and writes entries into the ledger, all or none.
func (s *Store) CreateGrants(ctx context.Context, grants []gatepost.Grant, entries []gatepost.LedgerEntry) error {
	return s.tx(ctx, "create grant", "grant", func(tx *sql.Tx) error {
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
}

func insertGrant(ctx context.Context, q querier, g gatepost.Grant) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO grants (`+grantColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		g.ID, g.CameraID, string(g.Action), g.UserID, g.Organisation, g.ShareID, g.Purpose, g.Reason, g.CaseNumber,
		us(g.From), us(g.To), ms(g.ExpiresAt), ms(g.CreatedAt), msOrNull(g.RevokedAt), g.Basis)
	return err
}

// Grant returns a grant, revoked and expired ones too. It fails with NotFound.
func (s *Store) Grant(ctx context.Context, id string) (gatepost.Grant, error) {
	g, err := queryOne(ctx, s.read, scanGrant, `SELECT `+grantColumns+` FROM grants WHERE id = $1`, id)
	return g, s.failed("read grant", "grant", err)
}

// GrantsByCamera lists the grants at a camera, newest first, at most limit of
// them, older than the one with id before ("" for the newest).
func (s *Store) GrantsByCamera(ctx context.Context, cameraID, before string, limit int) ([]gatepost.Grant, error) {
	grants, err := queryAll(ctx, s.read, scanGrant,
		`SELECT `+grantColumns+` FROM grants WHERE camera_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		cameraID, before, limit)
	return grants, s.failed("list grants", "grant", err)
}

// RunningLooks lists what a user's grants open at a time, each camera and action once,
// at most limit of them. Share links count for nobody.
func (s *Store) RunningLooks(ctx context.Context, userID string, now time.Time, limit int) ([]gatepost.RunningLook, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (l gatepost.RunningLook, err error) {
		return l, row.Scan(&l.CameraID, &l.Action)
	}, `SELECT DISTINCT camera_id, action FROM grants WHERE user_id = $1 AND expires_at > $2 AND revoked_at IS NULL LIMIT $3`, userID, ms(now), limit)
	return list, s.failed("list running looks", "grant", err)
}

// RevokeGrant revokes a grant at a time, tells the gateways and writes entry
// into the ledger. A grant that was revoked before stays as it is, without
// another entry. It fails with NotFound.
func (s *Store) RevokeGrant(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.txInTurn(ctx, "revoke grant", "grant", func(tx *sql.Tx) error {
		n, err := revokeWhere(ctx, tx, `id = $1`, id, at)
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := queryOne(ctx, tx, scanGrant, `SELECT `+grantColumns+` FROM grants WHERE id = $1`, id)
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// RevocationsSince lists revocations after a cursor in their order, at most
// limit of them, and the cursor to go on from. Those of grants that have
// expired by now are passed over. A cursor beyond the newest revocation, as
// after a restored backup, starts from the beginning.
func (s *Store) RevocationsSince(ctx context.Context, cursor int64, now time.Time, limit int) (grantIDs []string, next int64, err error) {
	var newest int64
	if err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM revocations`).Scan(&newest); err != nil {
		return nil, cursor, s.failed("list revocations", "revocation", err)
	}
	if cursor < 0 || cursor > newest {
		cursor = 0
	}
	grantIDs = []string{}
	if cursor == newest {
		return grantIDs, cursor, nil
	}
	type line struct {
		seq, expiresAt int64
		grantID        string
	}
	lines, err := queryAll(ctx, s.read, func(row scanner) (l line, err error) {
		return l, row.Scan(&l.seq, &l.grantID, &l.expiresAt)
	}, `SELECT seq, grant_id, expires_at FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2`, cursor, limit)
	if err != nil {
		return nil, cursor, s.failed("list revocations", "revocation", err)
	}
	for _, l := range lines {
		cursor = l.seq
		if l.expiresAt > ms(now) {
			grantIDs = append(grantIDs, l.grantID)
		}
	}
	return grantIDs, cursor, nil
}

// PurgeRevocations removes revocations of grants that expired before a time,
// except the newest of all, by which a cursor is told to be up to date.
func (s *Store) PurgeRevocations(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "purge revocations", "revocation",
		`DELETE FROM revocations WHERE expires_at < $1 AND seq < (SELECT MAX(seq) FROM revocations)`, ms(before))
}

func scanGrant(row scanner) (gatepost.Grant, error) {
	var (
		g                              gatepost.Grant
		from, to, expiresAt, createdAt int64
		revokedAt                      sql.NullInt64
	)
	if err := row.Scan(&g.ID, &g.CameraID, &g.Action, &g.UserID, &g.Organisation, &g.ShareID, &g.Purpose, &g.Reason, &g.CaseNumber,
		&from, &to, &expiresAt, &createdAt, &revokedAt, &g.Basis); err != nil {
		return g, err
	}
	g.From, g.To = fromUS(from), fromUS(to)
	g.ExpiresAt, g.CreatedAt, g.RevokedAt = fromMS(expiresAt), fromMS(createdAt), fromNullMS(revokedAt)
	return g, nil
}

// Names returns the names of users and organisations by id, of both kinds in
// one; ids that do not exist are left out.
func (s *Store) Names(ctx context.Context, ids []string) (map[string]string, error) {
	out := make(map[string]string, len(ids))
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), statusChunk)]
		ids = ids[len(chunk):]
		in := placeholders(1, len(chunk))
		_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
			var name string
			if err := row.Scan(&id, &name); err != nil {
				return id, err
			}
			out[id] = name
			return id, nil
		}, `SELECT id, CASE WHEN name = '' THEN login ELSE name END FROM users WHERE id IN (`+in+`)
		    UNION ALL SELECT id, name FROM organisations WHERE id IN (`+in+`)`, anys(chunk)...)
		if err != nil {
			return nil, s.failed("read names", "name", err)
		}
	}
	return out, nil
}
