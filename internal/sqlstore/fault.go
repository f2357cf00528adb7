package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	faultColumns = `f.id, f.camera_id, c.name, f.kind, f.division, f.class, f.from_at, f.opened_at, f.clear_since, f.until_at, f.evidence_zh, f.evidence_en,
		COALESCE((SELECT w.id FROM work_orders w WHERE w.fault_id = f.id AND w.state <> 'withdrawn'), '')`
	outageColumns = `o.id, o.camera_id, c.name, o.from_at, o.to_at, o.reason, o.created_by, o.created_at, o.ended_at`
)

// SuspectFaults writes down what may become faults. One of whose camera and kind there
// is another already is passed over.
func (s *Store) SuspectFaults(ctx context.Context, faults []gatepost.Fault) error {
	const columns = 8
	for len(faults) > 0 {
		chunk := faults[:min(len(faults), statusChunk)]
		faults = faults[len(chunk):]
		rows, args := make([]string, len(chunk)), make([]any, 0, columns*len(chunk))
		for i, f := range chunk {
			rows[i] = "(" + placeholders(1+columns*i, columns) + ")"
			args = append(args, f.ID, f.CameraID, string(f.Kind), f.Division, int64(f.Class), ms(f.From), f.Evidence.ZH, f.Evidence.EN)
		}
		if _, err := s.exec(ctx, "suspect faults", "fault", `INSERT INTO faults (id, camera_id, kind, division, class, from_at, evidence_zh, evidence_en)
			VALUES `+strings.Join(rows, ", ")+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	return nil
}

// ClearFaults notes that some faults are not seen since a time, and nil that they are
// seen again. Those of which that is known stay as they are.
func (s *Store) ClearFaults(ctx context.Context, ids []string, since *time.Time) error {
	return s.eachChunk(ids, func(in string, chunk []string) error {
		_, err := s.exec(ctx, "note faults", "fault", `UPDATE faults SET clear_since = $1 WHERE until_at IS NULL AND (clear_since IS NULL) = $2 AND id IN (`+in+`)`,
			append([]any{msOrNull(since), since != nil}, anys(chunk)...)...)
		return err
	}, 3)
}

// DropFaults forgets suspicions that came to nothing.
func (s *Store) DropFaults(ctx context.Context, ids []string) error {
	return s.eachChunk(ids, func(in string, chunk []string) error {
		_, err := s.exec(ctx, "drop faults", "fault", `DELETE FROM faults WHERE opened_at IS NULL AND id IN (`+in+`)`, anys(chunk)...)
		return err
	}, 1)
}

// eachChunk hands over ids in parts that one statement takes, with their
// placeholders from first on.
func (s *Store) eachChunk(ids []string, do func(in string, chunk []string) error, first int) error {
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), statusChunk)]
		ids = ids[len(chunk):]
		if err := do(placeholders(first, len(chunk)), chunk); err != nil {
			return err
		}
	}
	return nil
}

// OpenFault makes a suspicion a fault, with its evidence of now, a work order unless
// that is nil, notifications and entries into the ledger. It does nothing when another process has.
func (s *Store) OpenFault(ctx context.Context, f gatepost.Fault, order *gatepost.WorkOrder, tell []gatepost.Notification, entries []gatepost.LedgerEntry) error {
	return s.tx(ctx, "open fault", "fault", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE faults SET opened_at = $2, evidence_zh = $3, evidence_en = $4 WHERE id = $1 AND opened_at IS NULL AND clear_since IS NULL`,
			f.ID, msOrNull(f.OpenedAt), f.Evidence.ZH, f.Evidence.EN))
		if err != nil || n == 0 {
			return err
		}
		if order != nil {
			if err := insertWorkOrder(ctx, tx, *order); err != nil {
				return err
			}
		}
		return s.tellAll(ctx, tx, tell, entries)
	})
}

// CloseFault ends a fault, with notifications and entries into the ledger. It does
// nothing when another process has, or it was seen again.
func (s *Store) CloseFault(ctx context.Context, f gatepost.Fault, tell []gatepost.Notification, entries []gatepost.LedgerEntry) error {
	return s.tx(ctx, "close fault", "fault", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE faults SET until_at = $2 WHERE id = $1 AND until_at IS NULL AND COALESCE(clear_since, 0) = $3`,
			f.ID, msOrNull(f.Until), msOrNull(f.ClearSince).Int64))
		if err != nil || n == 0 {
			return err
		}
		return s.tellAll(ctx, tx, tell, entries)
	})
}

// tellAll stores notifications and entries into the ledger.
func (s *Store) tellAll(ctx context.Context, tx *sql.Tx, tell []gatepost.Notification, entries []gatepost.LedgerEntry) error {
	for _, n := range tell {
		if err := insertNotification(ctx, tx, n); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := s.appendLedger(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// Fault returns a fault. It fails with NotFound, also for what is only suspected.
func (s *Store) Fault(ctx context.Context, id string) (gatepost.Fault, error) {
	f, err := queryOne(ctx, s.read, scanFault, `SELECT `+faultColumns+` FROM faults f JOIN cameras c ON c.id = f.camera_id WHERE f.id = $1 AND f.opened_at IS NOT NULL`, id)
	return f, s.failed("read fault", "fault", err)
}

// Faults lists faults of a scope's cameras, newest first, at most limit, older than the
// one with id before ("" for the newest): those that last, or with over those that are
// over as well; of one camera and of one kind unless these are "".
func (s *Store) Faults(ctx context.Context, scope gatepost.HealthScope, over bool, cameraID string, kind gatepost.FaultKind, before string, limit int) ([]gatepost.Fault, error) {
	of, args := ofScope("f.camera_id", scope, []any{cameraID, string(kind), before, limit})
	lasting := ""
	if !over {
		lasting = "f.until_at IS NULL AND "
	}
	list, err := queryAll(ctx, s.read, scanFault,
		`SELECT `+faultColumns+` FROM faults f JOIN cameras c ON c.id = f.camera_id
		 WHERE `+lasting+of+` AND f.opened_at IS NOT NULL AND ($1 = '' OR f.camera_id = $1) AND ($2 = '' OR f.kind = $2) AND ($3 = '' OR f.id < $3)
		 ORDER BY f.id DESC LIMIT $4`, args...)
	return list, s.failed("list faults", "fault", err)
}

func scanFault(row scanner) (f gatepost.Fault, err error) {
	var (
		from                 int64
		opened, clear, until sql.NullInt64
	)
	err = row.Scan(&f.ID, &f.CameraID, &f.Camera, &f.Kind, &f.Division, &f.Class, &from, &opened, &clear, &until, &f.Evidence.ZH, &f.Evidence.EN, &f.OrderID)
	f.From, f.OpenedAt, f.ClearSince, f.Until = fromMS(from), fromNullMS(opened), fromNullMS(clear), fromNullMS(until)
	return f, err
}

// CreateOutage plans an outage and writes entry into the ledger. It fails with Conflict
// when another of the camera overlaps it.
func (s *Store) CreateOutage(ctx context.Context, o gatepost.Outage, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "plan outage", "outage", func(tx *sql.Tx) error {
		others, err := queryAll(ctx, tx, scanOutage,
			`SELECT `+outageColumns+` FROM outages o JOIN cameras c ON c.id = o.camera_id WHERE o.camera_id = $1 AND o.from_at < $3 AND o.to_at > $2 AND (o.ended_at IS NULL OR o.ended_at > $2) LIMIT 1`,
			o.CameraID, ms(o.From), ms(o.To))
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return &gatepost.Error{Code: gatepost.Conflict, Field: "from", Message: fmt.Sprintf("an outage of this camera from %s to %s is planned already; end that one, or plan the time around it",
				others[0].From.Format(time.RFC3339), others[0].To.Format(time.RFC3339))}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO outages (id, camera_id, from_at, to_at, reason, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, o.CameraID, ms(o.From), ms(o.To), o.Reason, o.CreatedBy, ms(o.CreatedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Outage returns a planned outage, one that is over too. It fails with NotFound.
func (s *Store) Outage(ctx context.Context, id string) (gatepost.Outage, error) {
	o, err := queryOne(ctx, s.read, scanOutage, `SELECT `+outageColumns+` FROM outages o JOIN cameras c ON c.id = o.camera_id WHERE o.id = $1`, id)
	return o, s.failed("read outage", "outage", err)
}

// Outages lists planned outages of a scope's cameras, newest first, at most limit, older
// than the one with id before ("" for the newest); those that are over too.
func (s *Store) Outages(ctx context.Context, scope gatepost.HealthScope, before string, limit int) ([]gatepost.Outage, error) {
	of, args := ofScope("o.camera_id", scope, []any{before, limit})
	list, err := queryAll(ctx, s.read, scanOutage,
		`SELECT `+outageColumns+` FROM outages o JOIN cameras c ON c.id = o.camera_id WHERE `+of+` AND ($1 = '' OR o.id < $1) ORDER BY o.id DESC LIMIT $2`, args...)
	return list, s.failed("list outages", "outage", err)
}

// EndOutage ends an outage before its time and writes entry into the ledger. It fails
// with Conflict when it is over.
func (s *Store) EndOutage(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "end outage", "outage", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE outages SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND to_at > $2`, id, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "this outage is over already"}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

func scanOutage(row scanner) (o gatepost.Outage, err error) {
	var (
		from, to, created int64
		ended             sql.NullInt64
	)
	err = row.Scan(&o.ID, &o.CameraID, &o.Camera, &from, &to, &o.Reason, &o.CreatedBy, &created, &ended)
	o.From, o.To, o.CreatedAt, o.EndedAt = fromMS(from), fromMS(to), fromMS(created), fromNullMS(ended)
	return o, err
}
