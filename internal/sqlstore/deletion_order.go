package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const orderColumns = `id, camera_id, from_us, to_us, decision, reason, ordered_by, ordered_at, decided_by, decided_at, approved, done_at`

// CreateDeletionOrder stores an order that nobody has decided on, and writes entry into
// the ledger.
func (s *Store) CreateDeletionOrder(ctx context.Context, o gatepost.DeletionOrder, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create deletion order", "deletion order", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO deletion_orders (id, camera_id, from_us, to_us, decision, reason, ordered_by, ordered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			o.ID, o.CameraID, us(o.From), us(o.To), o.Decision, o.Reason, o.OrderedBy, ms(o.OrderedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// DeletionOrder returns an order. It fails with NotFound.
func (s *Store) DeletionOrder(ctx context.Context, id string) (gatepost.DeletionOrder, error) {
	o, err := queryOne(ctx, s.read, scanOrder, `SELECT `+orderColumns+` FROM deletion_orders WHERE id = $1`, id)
	return o, s.failed("read deletion order", "deletion order", err)
}

// DeletionOrders lists orders, newest first, at most limit of them, older than the one with id
// before ("" for the newest): about the cameras that an organisation owns (all
// with ""), about one camera when cameraID is not "".
func (s *Store) DeletionOrders(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.DeletionOrder, error) {
	list, err := queryAll(ctx, s.read, scanOrder,
		`SELECT `+orderColumns+` FROM deletion_orders
		 WHERE ($1 = '' OR camera_id IN (SELECT id FROM cameras WHERE owner_id = $1))
		   AND ($2 = '' OR camera_id = $2) AND ($3 = '' OR id < $3)
		 ORDER BY id DESC LIMIT $4`, owner, cameraID, before, limit)
	return list, s.failed("list deletion orders", "deletion order", err)
}

// StandingDeletionOrders lists the approved orders that end what a camera recorded: those that are
// not done, and those that were done since a time.
func (s *Store) StandingDeletionOrders(ctx context.Context, cameraID string, since time.Time) ([]gatepost.DeletionOrder, error) {
	list, err := queryAll(ctx, s.read, scanOrder,
		`SELECT `+orderColumns+` FROM deletion_orders WHERE camera_id = $1 AND approved AND (done_at IS NULL OR done_at >= $2) ORDER BY id LIMIT 1000`,
		cameraID, ms(since))
	return list, s.failed("list deletion orders", "deletion order", err)
}

// UpdateDeletionOrder reads an order, lets change decide it or say that it is done, stores that and
// writes the returned entry into the ledger, all in one transaction. It fails with
// NotFound, and with what change fails with.
func (s *Store) UpdateDeletionOrder(ctx context.Context, id string, change func(*gatepost.DeletionOrder) (gatepost.LedgerEntry, error)) (gatepost.DeletionOrder, error) {
	var o gatepost.DeletionOrder
	err := s.tx(ctx, "update deletion order", "deletion order", func(tx *sql.Tx) error {
		var err error
		if o, err = queryOne(ctx, tx, scanOrder, `SELECT `+orderColumns+` FROM deletion_orders WHERE id = $1`, id); err != nil {
			return err
		}
		entry, err := change(&o)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE deletion_orders SET decided_by = $2, decided_at = $3, approved = $4, done_at = $5 WHERE id = $1`,
			id, o.DecidedBy, msOrNull(o.DecidedAt), o.Approved, msOrNull(o.DoneAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	return o, err
}

func scanOrder(row scanner) (gatepost.DeletionOrder, error) {
	var (
		o                 gatepost.DeletionOrder
		from, to, ordered int64
		decided, done     sql.NullInt64
	)
	err := row.Scan(&o.ID, &o.CameraID, &from, &to, &o.Decision, &o.Reason, &o.OrderedBy, &ordered, &o.DecidedBy, &decided, &o.Approved, &done)
	o.From, o.To, o.OrderedAt, o.DecidedAt, o.DoneAt = fromUS(from), fromUS(to), fromMS(ordered), fromNullMS(decided), fromNullMS(done)
	return o, err
}
