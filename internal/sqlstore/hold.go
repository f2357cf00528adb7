package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const holdColumns = `id, camera_id, from_us, to_us, case_number, reason, until_at, created_by, created_at, released_at`

// CreateHold lays a hold and writes entry into the ledger. It returns how many
// recordings the hold keeps now; those that come later in its window it keeps
// as well, those that are garbage already it cannot. It fails with Conflict when a hold
// of the same case keeps some of the window already.
func (s *Store) CreateHold(ctx context.Context, h gatepost.Hold, entry gatepost.LedgerEntry) (kept int, err error) {
	err = s.tx(ctx, "create hold", "hold", func(tx *sql.Tx) error {
		if err := overlapped(ctx, tx, h); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO holds (`+holdColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			h.ID, h.CameraID, us(h.From), us(h.To), h.Case, h.Reason, ms(h.Until), h.By, ms(h.CreatedAt), msOrNull(h.ReleasedAt)); err != nil {
			return err
		}
		// Reading what it keeps also makes a tombstone that is being laid at
		// the same time come before or after.
		if err := tx.QueryRowContext(ctx,
			`SELECT COUNT(*) FROM recordings
			 WHERE camera_id = $1 AND start_us > $2 AND start_us < $3 AND end_us > $4 AND garbage_at IS NULL`,
			h.CameraID, us(h.From)-maxRecording.Microseconds(), us(h.To), us(h.From)).Scan(&kept); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	return kept, err
}

// overlapped fails with Conflict when a hold of the same case keeps some of a hold's window.
func overlapped(ctx context.Context, tx *sql.Tx, h gatepost.Hold) error {
	other, err := queryOne(ctx, tx, scanHold,
		`SELECT `+holdColumns+` FROM holds
		 WHERE camera_id = $1 AND from_us < $2 AND to_us > $3 AND released_at IS NULL AND until_at > $4 AND case_number = $5 ORDER BY from_us, id LIMIT 1`,
		h.CameraID, us(h.To), us(h.From), ms(h.CreatedAt), h.Case)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &gatepost.Error{Code: gatepost.Conflict, Field: "from", Message: fmt.Sprintf(
		"hold %s of the same case keeps this camera from %s to %s already, until %s; lay one on the time that is not in it, or release it and lay a longer one",
		other.ID, other.From.Format(time.RFC3339), other.To.Format(time.RFC3339), other.Until.Format(time.RFC3339))}
}

// HoldUses returns what the active holds on each organisation's cameras keep, the most bytes
// first; of one organisation when owner is not "". What several holds keep counts once.
func (s *Store) HoldUses(ctx context.Context, owner string, now time.Time) ([]gatepost.HoldUse, error) {
	uses, err := queryAll(ctx, s.read, func(row scanner) (u gatepost.HoldUse, err error) {
		return u, row.Scan(&u.Organisation, &u.Holds, &u.Recordings, &u.Bytes)
	}, `WITH active AS (
			SELECT h.id, h.camera_id, h.from_us, h.to_us, c.owner_id FROM holds h JOIN cameras c ON c.id = h.camera_id
			WHERE h.released_at IS NULL AND h.until_at > $1 AND ($2 = '' OR c.owner_id = $2)),
		kept AS (
			SELECT DISTINCT r.id, r.bytes, a.owner_id FROM active a JOIN recordings r
				ON r.camera_id = a.camera_id AND r.start_us > a.from_us - $3 AND r.start_us < a.to_us AND r.end_us > a.from_us AND r.garbage_at IS NULL)
		SELECT a.owner_id, a.holds, COALESCE(k.recordings, 0), COALESCE(k.bytes, 0)
		FROM (SELECT owner_id, COUNT(*) AS holds FROM active GROUP BY owner_id) a
		LEFT JOIN (SELECT owner_id, COUNT(*) AS recordings, SUM(bytes) AS bytes FROM kept GROUP BY owner_id) k ON k.owner_id = a.owner_id
		ORDER BY 4 DESC, 1 LIMIT 1000`, ms(now), owner, maxRecording.Microseconds())
	return uses, s.failed("sum up holds", "hold", err)
}

// Hold returns a hold, a released one too. It fails with NotFound.
func (s *Store) Hold(ctx context.Context, id string) (gatepost.Hold, error) {
	h, err := queryOne(ctx, s.read, scanHold, `SELECT `+holdColumns+` FROM holds WHERE id = $1`, id)
	return h, s.failed("read hold", "hold", err)
}

// Holds lists holds, newest first, released and past ones too, at most limit of
// them, older than the one with id before ("" for the newest): those on the
// cameras that an organisation owns (all with ""), of one camera when cameraID
// is not "".
func (s *Store) Holds(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.Hold, error) {
	list, err := queryAll(ctx, s.read, scanHold,
		`SELECT `+holdColumns+` FROM holds
		 WHERE ($1 = '' OR camera_id IN (SELECT id FROM cameras WHERE owner_id = $1))
		   AND ($2 = '' OR camera_id = $2) AND ($3 = '' OR id < $3)
		 ORDER BY id DESC LIMIT $4`,
		owner, cameraID, before, limit)
	return list, s.failed("list holds", "hold", err)
}

// ActiveHolds lists the holds that keep recordings of a camera in [from, to) at
// time now, by their start.
func (s *Store) ActiveHolds(ctx context.Context, cameraID string, from, to, now time.Time) ([]gatepost.Hold, error) {
	list, err := queryAll(ctx, s.read, scanHold,
		`SELECT `+holdColumns+` FROM holds
		 WHERE camera_id = $1 AND from_us < $2 AND to_us > $3 AND released_at IS NULL AND until_at > $4 ORDER BY from_us, id`,
		cameraID, us(to), us(from), ms(now))
	return list, s.failed("list holds", "hold", err)
}

// ReleaseHold ends a hold and writes entry into the ledger. One that was
// released before stays as it is, without another entry. It fails with NotFound.
func (s *Store) ReleaseHold(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "release hold", "hold", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE holds SET released_at = $2 WHERE id = $1 AND released_at IS NULL`, id, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := queryOne(ctx, tx, scanHold, `SELECT `+holdColumns+` FROM holds WHERE id = $1`, id)
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

func scanHold(row scanner) (gatepost.Hold, error) {
	var (
		h                          gatepost.Hold
		from, to, until, createdAt int64
		released                   sql.NullInt64
	)
	err := row.Scan(&h.ID, &h.CameraID, &from, &to, &h.Case, &h.Reason, &until, &h.By, &createdAt, &released)
	h.From, h.To, h.Until, h.CreatedAt, h.ReleasedAt = fromUS(from), fromUS(to), fromMS(until), fromMS(createdAt), fromNullMS(released)
	return h, err
}
