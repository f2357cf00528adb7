package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// CreateCrossGrant stores a request, tells its holder and writes entry into the ledger. It fails
// with Invalid when an organisation or a camera does not exist.
func (s *Store) CreateCrossGrant(ctx context.Context, g gatepost.CrossGrant, tell gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create cross-department grant", "cross-department grant", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO cross_grants (`+crossGrantColumns+`)
			 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			g.ID, g.Grantee, g.Holder, strings.Join(g.Cameras, ","), joinActions(g.Actions), g.Purpose, g.Reason, int64(g.Hours.From), int64(g.Hours.To),
			ms(g.Until), g.AskedBy, ms(g.AskedAt), g.DecidedBy, msOrNull(g.DecidedAt), g.Approved, g.Answer, g.RevokedBy, msOrNull(g.RevokedAt)); err != nil {
			return err
		}
		for _, id := range g.Cameras {
			if _, err := tx.ExecContext(ctx,
				`INSERT INTO cross_grant_cameras (cross_grant_id, camera_id, grantee_id) VALUES ($1, $2, $3)`, g.ID, id, g.Grantee); err != nil {
				return err
			}
		}
		if err := insertNotification(ctx, tx, tell); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// CrossGrant returns a cross-department grant, whatever became of it. It fails with NotFound.
func (s *Store) CrossGrant(ctx context.Context, id string) (gatepost.CrossGrant, error) {
	g, err := queryOne(ctx, s.read, scanCrossGrant, `SELECT `+crossGrantColumns+` FROM cross_grants WHERE id = $1`, id)
	return g, s.failed("read cross-department grant", "cross-department grant", err)
}

// CrossGrants lists what an organisation asked for or was asked for (all with
// ""), newest first, at most limit, older than the one with id before ("" for the
// newest).
func (s *Store) CrossGrants(ctx context.Context, organisation, before string, limit int) ([]gatepost.CrossGrant, error) {
	list, err := queryAll(ctx, s.read, scanCrossGrant,
		`SELECT `+crossGrantColumns+` FROM cross_grants
		 WHERE ($1 = '' OR grantee_id = $1 OR holder_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		organisation, before, limit)
	return list, s.failed("list cross-department grants", "cross-department grant", err)
}

// UpdateCrossGrant reads a cross-department grant, lets change answer or revoke
// it, stores that with the returned notification and entry, all in one
// transaction. When it opens nothing any more, every look that rests on it ends.
// It fails with NotFound, and with what change fails with.
func (s *Store) UpdateCrossGrant(ctx context.Context, id string, now time.Time,
	change func(*gatepost.CrossGrant) (gatepost.Notification, gatepost.LedgerEntry, error)) (gatepost.CrossGrant, error) {
	var g gatepost.CrossGrant
	var ends []ending
	err := s.tx(ctx, "update cross-department grant", "cross-department grant", func(tx *sql.Tx) error {
		ends = nil
		var err error
		if g, err = queryOne(ctx, tx, scanCrossGrant, `SELECT `+crossGrantColumns+` FROM cross_grants WHERE id = $1`, id); err != nil {
			return err
		}
		tell, entry, err := change(&g)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE cross_grants SET decided_by = $2, decided_at = $3, approved = $4, answer = $5, revoked_by = $6, revoked_at = $7, until_at = $8,
				hours_from = $9, hours_to = $10 WHERE id = $1`,
			id, g.DecidedBy, msOrNull(g.DecidedAt), g.Approved, g.Answer, g.RevokedBy, msOrNull(g.RevokedAt), ms(g.Until),
			int64(g.Hours.From), int64(g.Hours.To)); err != nil {
			return err
		}
		if g.RevokedAt != nil {
			e, err := newEnding(ctx, tx, endingBasis, "cross_grant:"+id)
			if err != nil {
				return err
			}
			ends = []ending{e}
		}
		if err := insertNotification(ctx, tx, tell); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return g, err
	}
	return g, s.finish(ctx, ends, now)
}
