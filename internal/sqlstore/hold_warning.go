package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
)

// HoldWarnings lists the organisations that were warned of what their holds keep, and how.
func (s *Store) HoldWarnings(ctx context.Context) (map[string]gatepost.HoldWarning, error) {
	type warned struct {
		organisation string
		warning      gatepost.HoldWarning
	}
	list, err := queryAll(ctx, s.read, func(row scanner) (w warned, err error) { return w, row.Scan(&w.organisation, &w.warning) },
		`SELECT organisation_id, warning FROM hold_warnings`)
	out := make(map[string]gatepost.HoldWarning, len(list))
	for _, w := range list {
		out[w.organisation] = w.warning
	}
	return out, s.failed("list hold warnings", "organisation", err)
}

// WarnOfHolds notes how near an organisation's holds are to a limit. When they came nearer it tells the organisation and
// those of administrators, once.
func (s *Store) WarnOfHolds(ctx context.Context, u gatepost.HoldUse, w gatepost.HoldWarning, limit int64, now time.Time) (told bool, err error) {
	err = s.tx(ctx, "warn of holds", "organisation", func(tx *sql.Tx) error {
		told = false
		before := gatepost.HoldsFine
		err := tx.QueryRowContext(ctx, `SELECT warning FROM hold_warnings WHERE organisation_id = $1`, u.Organisation).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) || before == w {
			return ignoreNoRows(err)
		}
		if w == gatepost.HoldsFine {
			_, err := tx.ExecContext(ctx, `DELETE FROM hold_warnings WHERE organisation_id = $1`, u.Organisation)
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO hold_warnings (organisation_id, warning) VALUES ($1, $2)
			ON CONFLICT (organisation_id) DO UPDATE SET warning = excluded.warning`, u.Organisation, string(w)); err != nil {
			return err
		}
		if before == gatepost.HoldsOver { // it goes back
			return nil
		}
		told = true
		return tellOfHolds(ctx, tx, u, w, limit, now)
	})
	return told, err
}

func ignoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func tellOfHolds(ctx context.Context, tx *sql.Tx, u gatepost.HoldUse, w gatepost.HoldWarning, limit int64, now time.Time) error {
	tell, err := queryAll(ctx, tx, scanText, `SELECT DISTINCT organisation_id FROM users WHERE role = 'admin' AND NOT disabled ORDER BY organisation_id`)
	if err != nil {
		return err
	}
	if !slices.Contains(tell, u.Organisation) {
		tell = append(tell, u.Organisation)
	}
	for _, organisation := range tell {
		if err := insertNotification(ctx, tx, gatepost.Notification{Organisation: organisation, Kind: gatepost.NotifyHoldCapacity, At: now, Detail: map[string]string{
			"act": string(w), "organisation": u.Organisation, "bytes": strconv.FormatInt(u.Bytes, 10), "limit_bytes": strconv.FormatInt(limit, 10)}}); err != nil {
			return err
		}
	}
	return nil
}
