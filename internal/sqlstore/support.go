package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

// OpenSupport stores a support window and writes entry into the ledger.
func (s *Store) OpenSupport(ctx context.Context, w gatepost.SupportWindow, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "open support window", "support window", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO support_windows (`+supportColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			w.ID, w.Owner, w.CameraID, w.Reason, w.OpenedBy, ms(w.From), ms(w.Until), w.ClosedBy, msOrNull(w.ClosedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Support returns a support window, past ones too. It fails with NotFound.
func (s *Store) Support(ctx context.Context, id string) (gatepost.SupportWindow, error) {
	w, err := queryOne(ctx, s.read, scanSupport, `SELECT `+supportColumns+` FROM support_windows WHERE id = $1`, id)
	return w, s.failed("read support window", "support window", err)
}

// SupportWindows lists the support windows of an owner, past ones too, newest
// first, at most limit, older than the one with id before ("" for the newest);
// with owner "" those of all owners that are open at now.
func (s *Store) SupportWindows(ctx context.Context, owner string, now time.Time, before string, limit int) ([]gatepost.SupportWindow, error) {
	list, err := queryAll(ctx, s.read, scanSupport,
		`SELECT `+supportColumns+` FROM support_windows
		 WHERE (owner_id = $1 OR $1 = '' AND closed_at IS NULL AND until_at > $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`,
		owner, ms(now), before, limit)
	return list, s.failed("list support windows", "support window", err)
}

// CloseSupport ends a support window and every look that rests on it, and writes
// entry into the ledger. One that was closed before stays as it is, without
// another entry. It fails with NotFound.
func (s *Store) CloseSupport(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error {
	var ends []ending
	err := s.tx(ctx, "close support window", "support window", func(tx *sql.Tx) error {
		ends = nil
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE support_windows SET closed_by = $2, closed_at = $3 WHERE id = $1 AND closed_at IS NULL`, id, by, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := queryOne(ctx, tx, scanSupport, `SELECT `+supportColumns+` FROM support_windows WHERE id = $1`, id)
			return err
		}
		e, err := newEnding(ctx, tx, endingBasis, "support:"+id)
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
