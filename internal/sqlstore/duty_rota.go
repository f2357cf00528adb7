package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	shiftColumns    = `id, organisation_id, user_id, from_at, to_at, created_by, created_at, checked_in, checked_out`
	handoverColumns = `id, organisation_id, shift_id, author_id, at, happened, open_matters, acknowledged_by, acknowledged_at`
)

// CreateShifts stores shifts of one person, all or none, and writes entry into
// the ledger. It fails with Conflict when he has another at the same time.
func (s *Store) CreateShifts(ctx context.Context, shifts []gatepost.Shift, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create shifts", "shift", func(tx *sql.Tx) error {
		for _, sh := range shifts {
			other, err := queryOne(ctx, tx, scanShift,
				`SELECT `+shiftColumns+` FROM shifts WHERE user_id = $1 AND removed_at IS NULL AND from_at < $3 AND to_at > $2 ORDER BY from_at LIMIT 1`,
				sh.UserID, ms(sh.From), ms(sh.To))
			if err == nil {
				return &gatepost.Error{Code: gatepost.Conflict, Field: "from", Message: fmt.Sprintf("this person has a shift at that time already, from %s to %s",
					other.From.Format(time.RFC3339), other.To.Format(time.RFC3339))}
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO shifts (`+shiftColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				sh.ID, sh.Organisation, sh.UserID, ms(sh.From), ms(sh.To), sh.CreatedBy, ms(sh.CreatedAt), msOrNull(sh.CheckedIn), msOrNull(sh.CheckedOut)); err != nil {
				return err
			}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Shift returns a shift that was not removed. It fails with NotFound.
func (s *Store) Shift(ctx context.Context, id string) (gatepost.Shift, error) {
	sh, err := queryOne(ctx, s.read, scanShift, `SELECT `+shiftColumns+` FROM shifts WHERE id = $1 AND removed_at IS NULL`, id)
	return sh, s.failed("read shift", "shift", err)
}

// Shifts lists an organisation's shifts of which some part lies between two
// times, at most limit, in the order of their ids, after the one with id after
// ("" for the first).
func (s *Store) Shifts(ctx context.Context, organisation string, from, to time.Time, after string, limit int) ([]gatepost.Shift, error) {
	list, err := queryAll(ctx, s.read, scanShift,
		`SELECT `+shiftColumns+` FROM shifts
		 WHERE organisation_id = $1 AND removed_at IS NULL AND to_at > $2 AND from_at < $3 AND id > $4 ORDER BY id LIMIT $5`,
		organisation, ms(from), ms(to), after, limit)
	return list, s.failed("list shifts", "shift", err)
}

// WatchShifts lists the shifts of police and sub-control centres of which some part lies
// between two times, those of an organisation together.
func (s *Store) WatchShifts(ctx context.Context, from, to time.Time) ([]gatepost.Shift, error) {
	list, err := queryAll(ctx, s.read, scanShift,
		`SELECT `+shiftColumns+` FROM shifts
		 WHERE to_at > $1 AND from_at < $2 AND removed_at IS NULL
		   AND organisation_id IN (SELECT id FROM organisations WHERE kind IN ('police', 'sub_control'))
		 ORDER BY organisation_id, from_at, id`, ms(from), ms(to))
	return list, s.failed("list shifts", "shift", err)
}

// TellDutyGap stores notifications of a gap in an organisation's rota and writes entry into
// the ledger; for one that was told before, which begins at the same
// time, it does nothing.
func (s *Store) TellDutyGap(ctx context.Context, organisation string, from time.Time, tell []gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "tell duty gap", "duty gap", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `INSERT INTO duty_gaps (organisation_id, from_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, organisation, ms(from)))
		if err != nil || n == 0 {
			return err
		}
		return s.tell(ctx, tx, tell, entry)
	})
}

// RemoveShift removes a shift that begins after a time, and writes entry into
// the ledger. It fails with Conflict when it has begun, or was removed.
func (s *Store) RemoveShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.changeOnce(ctx, "remove shift", "a shift that has begun stays in the rota; enter another for the rest of its time", entry,
		`UPDATE shifts SET removed_at = $2 WHERE id = $1 AND from_at > $2 AND removed_at IS NULL`, id, ms(at))
}

// CheckInShift notes that somebody has taken up his duty, and writes entry into
// the ledger. It fails with Conflict when he had before.
func (s *Store) CheckInShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.changeOnce(ctx, "check in", "this shift was taken up before", entry,
		`UPDATE shifts SET checked_in = $2 WHERE id = $1 AND checked_in IS NULL AND removed_at IS NULL`, id, ms(at))
}

// CheckOutShift notes that somebody has left his duty, and writes entry into the
// ledger. It fails with Conflict when he had before, or never took it up.
func (s *Store) CheckOutShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.changeOnce(ctx, "check out", "this shift was not taken up, or was left before", entry,
		`UPDATE shifts SET checked_out = $2 WHERE id = $1 AND checked_in IS NOT NULL AND checked_out IS NULL`, id, ms(at))
}

func (s *Store) changeOnce(ctx context.Context, op, conflict string, entry gatepost.LedgerEntry, query string, args ...any) error {
	return s.tx(ctx, op, "shift", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, query, args...))
		if err != nil {
			return err
		}
		if n == 0 {
			return &gatepost.Error{Code: gatepost.Conflict, Message: conflict}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// OnDuty tells whether somebody has taken up a duty that he has not left, and
// whose time is not over at now.
func (s *Store) OnDuty(ctx context.Context, user string, now time.Time) (bool, error) {
	on, err := queryOne(ctx, s.read, func(row scanner) (on bool, err error) {
		err = row.Scan(&on)
		return on, err
	}, `SELECT EXISTS (SELECT 1 FROM shifts WHERE user_id = $1 AND to_at > $2 AND checked_in IS NOT NULL AND checked_out IS NULL AND removed_at IS NULL)`, user, ms(now))
	return on, s.failed("read shifts", "shift", err)
}

// CreateHandover stores a handover and writes entry into the ledger.
func (s *Store) CreateHandover(ctx context.Context, h gatepost.Handover, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create handover", "handover", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO handovers (`+handoverColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			h.ID, h.Organisation, h.ShiftID, h.Author, ms(h.At), h.Happened, h.Open, h.AcknowledgedBy, msOrNull(h.AcknowledgedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Handover returns a handover. It fails with NotFound.
func (s *Store) Handover(ctx context.Context, id string) (gatepost.Handover, error) {
	h, err := queryOne(ctx, s.read, scanHandover, `SELECT `+handoverColumns+` FROM handovers WHERE id = $1`, id)
	return h, s.failed("read handover", "handover", err)
}

// Handovers lists an organisation's handovers, newest first, at most limit,
// older than the one with id before ("" for the newest).
func (s *Store) Handovers(ctx context.Context, organisation, before string, limit int) ([]gatepost.Handover, error) {
	list, err := queryAll(ctx, s.read, scanHandover,
		`SELECT `+handoverColumns+` FROM handovers WHERE organisation_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, organisation, before, limit)
	return list, s.failed("list handovers", "handover", err)
}

// AcknowledgeHandover notes who has taken a handover over, and writes entry into
// the ledger. It fails with Conflict when somebody had before.
func (s *Store) AcknowledgeHandover(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.changeOnce(ctx, "acknowledge handover", "this handover was acknowledged before", entry,
		`UPDATE handovers SET acknowledged_by = $2, acknowledged_at = $3 WHERE id = $1 AND acknowledged_at IS NULL`, id, by, ms(at))
}

func scanShift(row scanner) (gatepost.Shift, error) {
	var (
		sh                gatepost.Shift
		from, to, created int64
		in, out           sql.NullInt64
	)
	err := row.Scan(&sh.ID, &sh.Organisation, &sh.UserID, &from, &to, &sh.CreatedBy, &created, &in, &out)
	sh.From, sh.To, sh.CreatedAt, sh.CheckedIn, sh.CheckedOut = fromMS(from), fromMS(to), fromMS(created), fromNullMS(in), fromNullMS(out)
	return sh, err
}

func scanHandover(row scanner) (gatepost.Handover, error) {
	var (
		h            gatepost.Handover
		at           int64
		acknowledged sql.NullInt64
	)
	err := row.Scan(&h.ID, &h.Organisation, &h.ShiftID, &h.Author, &at, &h.Happened, &h.Open, &h.AcknowledgedBy, &acknowledged)
	h.At, h.AcknowledgedAt = fromMS(at), fromNullMS(acknowledged)
	return h, err
}
