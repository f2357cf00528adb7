package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	workOrderColumns = `o.id, o.camera_id, c.name, COALESCE(o.fault_id, ''), COALESCE(f.kind, ''), o.division, o.class, o.description, o.assignee_id, o.assignee, o.state,
	o.opened_by, o.opened_at, o.due_at, o.taken_by, o.taken_at, o.done_by, o.done_at, o.cause, o.note, o.closed_by, o.closed_at, o.reopenings, o.remark,
	COALESCE(f.evidence_zh, ''), COALESCE(f.evidence_en, '')`
	workOrderTables = `work_orders o JOIN cameras c ON c.id = o.camera_id LEFT JOIN faults f ON f.id = o.fault_id`
)

// CreateWorkOrder opens a work order, with notifications and an entry into the ledger. It
// fails with Conflict when its fault has one, and with Invalid when the organisation
// does not exist.
func (s *Store) CreateWorkOrder(ctx context.Context, o gatepost.WorkOrder, tell []gatepost.Notification, entry gatepost.LedgerEntry) error {
	err := s.tx(ctx, "open work order", "work order", func(tx *sql.Tx) error {
		if err := insertWorkOrder(ctx, tx, o); err != nil {
			return err
		}
		return s.tell(ctx, tx, tell, entry)
	})
	if gatepost.CodeOf(err) == gatepost.Conflict {
		err = &gatepost.Error{Code: gatepost.Conflict, Field: "fault_id", Err: err, Message: "this fault has a work order already; assign that one anew"}
	}
	return err
}

func insertWorkOrder(ctx context.Context, tx *sql.Tx, o gatepost.WorkOrder) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO work_orders (id, camera_id, fault_id, division, class, description, assignee_id, assignee, state, opened_by, opened_at, due_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		o.ID, o.CameraID, sql.NullString{String: o.FaultID, Valid: o.FaultID != ""}, o.Division, int64(o.Class), o.Description, o.Organisation, o.Assignee,
		string(o.State), o.OpenedBy, ms(o.OpenedAt), ms(o.DueAt))
	return err
}

// WorkOrder returns a work order. It fails with NotFound.
func (s *Store) WorkOrder(ctx context.Context, id string) (gatepost.WorkOrder, error) {
	o, err := queryOne(ctx, s.read, scanWorkOrder, `SELECT `+workOrderColumns+` FROM `+workOrderTables+` WHERE o.id = $1`, id)
	return o, s.failed("read work order", "work order", err)
}

// WorkOrders lists work orders on a scope's cameras, and those for its organisation,
// newest first, at most limit, older than the one with id before ("" for the newest): those that
// are not closed, or with closed these as well; only those that are overdue at a time
// unless that is zero.
func (s *Store) WorkOrders(ctx context.Context, scope gatepost.HealthScope, closed bool, overdue time.Time, before string, limit int) ([]gatepost.WorkOrder, error) {
	of, args := ofScope("o.camera_id", scope, []any{closed, !overdue.IsZero(), ms(overdue), before, limit})
	if scope.Organisation != "" {
		args = append(args, scope.Organisation)
		of = fmt.Sprintf(`(%s OR o.assignee_id = $%d)`, of, len(args))
	}
	list, err := queryAll(ctx, s.read, scanWorkOrder,
		`SELECT `+workOrderColumns+` FROM `+workOrderTables+`
		 WHERE `+of+` AND ($1 OR o.closed_at IS NULL) AND (NOT $2 OR o.due_at < COALESCE(o.done_at, o.closed_at, $3)) AND ($4 = '' OR o.id < $4)
		 ORDER BY o.id DESC LIMIT $5`, args...)
	return list, s.failed("list work orders", "work order", err)
}

// SettledOrders lists work orders whose fault is over and which nobody has at hand: they
// are open, or done; at most limit.
func (s *Store) SettledOrders(ctx context.Context, limit int) ([]gatepost.WorkOrder, error) {
	list, err := queryAll(ctx, s.read, scanWorkOrder,
		`SELECT `+workOrderColumns+` FROM `+workOrderTables+` WHERE o.state IN ('open', 'done') AND o.fault_id IS NOT NULL AND f.until_at IS NOT NULL ORDER BY o.id LIMIT $1`, limit)
	return list, s.failed("list work orders", "work order", err)
}

// UpdateWorkOrder reads a work order, lets change alter it and stores that with the
// returned notifications and entry, all in one transaction. It fails with NotFound,
// with Invalid when the organisation does not exist, and with what change fails with.
func (s *Store) UpdateWorkOrder(ctx context.Context, id string,
	change func(*gatepost.WorkOrder) ([]gatepost.Notification, gatepost.LedgerEntry, error)) (o gatepost.WorkOrder, err error) {
	err = s.tx(ctx, "update work order", "work order", func(tx *sql.Tx) error {
		if o, err = queryOne(ctx, tx, scanWorkOrder, `SELECT `+workOrderColumns+` FROM `+workOrderTables+` WHERE o.id = $1`, id); err != nil {
			return err
		}
		tell, entry, err := change(&o)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE work_orders SET assignee_id = $2, assignee = $3, state = $4, due_at = $5, taken_by = $6, taken_at = $7, done_by = $8, done_at = $9, cause = $10, note = $11,
				closed_by = $12, closed_at = $13, reopenings = $14, remark = $15 WHERE id = $1`,
			id, o.Organisation, o.Assignee, string(o.State), ms(o.DueAt), o.TakenBy, msOrNull(o.TakenAt), o.DoneBy, msOrNull(o.DoneAt), string(o.Cause), o.Note,
			o.ClosedBy, msOrNull(o.ClosedAt), int64(o.Reopenings), o.Remark); err != nil {
			return err
		}
		return s.tell(ctx, tx, tell, entry)
	})
	return o, err
}

func scanWorkOrder(row scanner) (o gatepost.WorkOrder, err error) {
	var (
		opened, due         int64
		taken, done, closed sql.NullInt64
	)
	err = row.Scan(&o.ID, &o.CameraID, &o.Camera, &o.FaultID, &o.Kind, &o.Division, &o.Class, &o.Description, &o.Organisation, &o.Assignee, &o.State,
		&o.OpenedBy, &opened, &due, &o.TakenBy, &taken, &o.DoneBy, &done, &o.Cause, &o.Note, &o.ClosedBy, &closed, &o.Reopenings, &o.Remark,
		&o.Evidence.ZH, &o.Evidence.EN)
	o.OpenedAt, o.DueAt, o.TakenAt, o.DoneAt, o.ClosedAt = fromMS(opened), fromMS(due), fromNullMS(taken), fromNullMS(done), fromNullMS(closed)
	return o, err
}
