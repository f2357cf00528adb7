package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	programmeColumns = `id, division, year, version, state, reviewer, targets, sites, organisation_id, created_by, created_at, submitted_by, submitted_at,
	decided_by, decided_at, remark`

	// signedBy tells whether the last word of the police on a camera c until a time ($1) was good.
	signedBy = `COALESCE((SELECT s.passed FROM signoffs s WHERE s.camera_id = c.id AND s.at <= $1 ORDER BY s.at DESC LIMIT 1), FALSE)`
)

// CreateProgramme stores a draft as the next version of its division's programme
// of the year, and writes entry into the ledger. It fails with Conflict while
// another version is not decided upon.
func (s *Store) CreateProgramme(ctx context.Context, p gatepost.Programme, entry gatepost.LedgerEntry) (gatepost.Programme, error) {
	targets, sites, err := encodeProgramme(p)
	if err != nil {
		return p, err
	}
	err = s.tx(ctx, "create programme", "programme", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM programmes WHERE division = $1 AND year = $2`, p.Division, int64(p.Year)).
			Scan(&p.Version); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO programmes (`+programmeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			p.ID, p.Division, int64(p.Year), int64(p.Version), string(p.State), p.Reviewer, targets, sites, p.Organisation, p.CreatedBy, ms(p.CreatedAt),
			p.SubmittedBy, msOrNull(p.SubmittedAt), p.DecidedBy, msOrNull(p.DecidedAt), p.Remark); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if gatepost.CodeOf(err) == gatepost.Conflict {
		err = &gatepost.Error{Code: gatepost.Conflict, Err: err,
			Message: "a version of this programme is being drawn up or reviewed already; change that one, or wait for the word on it"}
	}
	return p, err
}

// Programme returns a version of a programme. It fails with NotFound.
func (s *Store) Programme(ctx context.Context, id string) (gatepost.Programme, error) {
	p, err := queryOne(ctx, s.read, scanProgramme, `SELECT `+programmeColumns+` FROM programmes WHERE id = $1`, id)
	return p, s.failed("read programme", "programme", err)
}

// Programmes lists programmes of a division and below it (all with ""), newest
// first, at most limit, older than the one with id before ("" for the newest); of one
// year unless that is 0, and only those in force when inForce is true.
func (s *Store) Programmes(ctx context.Context, division string, year int, inForce bool, before string, limit int) ([]gatepost.Programme, error) {
	list, err := queryAll(ctx, s.read, scanProgramme,
		`SELECT `+programmeColumns+` FROM programmes
		 WHERE ($1 = '' OR division >= $1 AND division < $2) AND ($3 = 0 OR year = $3) AND (NOT $4 OR state = 'approved') AND ($5 = '' OR id < $5)
		 ORDER BY id DESC LIMIT $6`, division, divisionEnd(division), int64(year), inForce, before, limit)
	return list, s.failed("list programmes", "programme", err)
}

// UpdateProgramme reads a programme, lets change alter it, stores it and writes the
// returned entry into the ledger, all in one transaction. One that comes into
// force takes the place of the version before. It fails with NotFound, and with
// what change fails with.
func (s *Store) UpdateProgramme(ctx context.Context, id string, change func(*gatepost.Programme) (gatepost.LedgerEntry, error)) (gatepost.Programme, error) {
	var p gatepost.Programme
	err := s.tx(ctx, "update programme", "programme", func(tx *sql.Tx) error {
		var err error
		if p, err = queryOne(ctx, tx, scanProgramme, `SELECT `+programmeColumns+` FROM programmes WHERE id = $1`, id); err != nil {
			return err
		}
		entry, err := change(&p)
		if err != nil {
			return err
		}
		targets, sites, err := encodeProgramme(p)
		if err != nil {
			return err
		}
		if p.State == gatepost.ProgrammeApproved {
			if _, err := tx.ExecContext(ctx, `UPDATE programmes SET state = 'superseded' WHERE division = $1 AND year = $2 AND state = 'approved'`,
				p.Division, int64(p.Year)); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE programmes SET state = $2, reviewer = $3, targets = $4, sites = $5, submitted_by = $6, submitted_at = $7, decided_by = $8, decided_at = $9,
				remark = $10 WHERE id = $1`,
			id, string(p.State), p.Reviewer, targets, sites, p.SubmittedBy, msOrNull(p.SubmittedAt), p.DecidedBy, msOrNull(p.DecidedAt), p.Remark); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	return p, err
}

func encodeProgramme(p gatepost.Programme) (targets, sites string, err error) {
	t, err := json.Marshal(p.Targets)
	if err != nil {
		return "", "", fmt.Errorf("encode targets: %w", err)
	}
	b, err := json.Marshal(p.Sites)
	if err != nil {
		return "", "", fmt.Errorf("encode sites: %w", err)
	}
	return string(t), string(b), nil
}

func scanProgramme(row scanner) (p gatepost.Programme, err error) {
	var (
		targets, sites     string
		created            int64
		submitted, decided sql.NullInt64
	)
	if err := row.Scan(&p.ID, &p.Division, &p.Year, &p.Version, &p.State, &p.Reviewer, &targets, &sites, &p.Organisation, &p.CreatedBy, &created,
		&p.SubmittedBy, &submitted, &p.DecidedBy, &decided, &p.Remark); err != nil {
		return p, err
	}
	p.CreatedAt, p.SubmittedAt, p.DecidedAt = fromMS(created), fromNullMS(submitted), fromNullMS(decided)
	if err := json.Unmarshal([]byte(targets), &p.Targets); err != nil {
		return p, fmt.Errorf("decode targets of programme %s: %w", p.ID, err)
	}
	if err := json.Unmarshal([]byte(sites), &p.Sites); err != nil {
		return p, fmt.Errorf("decode sites of programme %s: %w", p.ID, err)
	}
	return p, nil
}

// PutSignoff writes down the police's word on a camera, and entry into the
// ledger. It fails with Conflict for two words in the same millisecond.
func (s *Store) PutSignoff(ctx context.Context, w gatepost.Signoff, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "sign off", "word on the camera", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO signoffs (camera_id, at, user_id, organisation_id, passed, remark) VALUES ($1, $2, $3, $4, $5, $6)`,
			w.CameraID, ms(w.At), w.By, w.Organisation, w.Passed, w.Remark); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// LastSignoff returns the police's last word on a camera; ok is false before the first.
func (s *Store) LastSignoff(ctx context.Context, cameraID string) (w gatepost.Signoff, ok bool, err error) {
	w, err = queryOne(ctx, s.read, func(row scanner) (w gatepost.Signoff, err error) {
		var at int64
		err = row.Scan(&w.CameraID, &at, &w.By, &w.Organisation, &w.Passed, &w.Remark)
		w.At = fromMS(at)
		return w, err
	}, `SELECT camera_id, at, user_id, organisation_id, passed, remark FROM signoffs WHERE camera_id = $1 ORDER BY at DESC LIMIT 1`, cameraID)
	if errors.Is(err, sql.ErrNoRows) {
		return w, false, nil
	}
	return w, err == nil, s.failed("read sign-off", "sign-off", err)
}

// Coverage counts the cameras of a division and below it (all with "") that are not
// retired, with the police's word on them until a time.
func (s *Store) Coverage(ctx context.Context, division string, now time.Time) ([]gatepost.CoverageCount, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (c gatepost.CoverageCount, err error) {
		err = row.Scan(&c.Place, &c.Class, &c.State, &c.Signed, &c.Cameras)
		return c, err
	}, `SELECT place, class, state, signed, COUNT(*) FROM (SELECT c.place, c.class, c.state, `+signedBy+` AS signed FROM cameras c
		WHERE c.state <> 'retired' AND ($2 = '' OR c.division >= $2 AND c.division < $3)) AS x
	    GROUP BY place, class, state, signed ORDER BY place, class, state, signed`, ms(now), division, divisionEnd(division))
	return list, s.failed("count cameras", "camera", err)
}

// WorkingPositions lists where in a box cameras are in service and online.
func (s *Store) WorkingPositions(ctx context.Context, box gatepost.Box) ([]gatepost.Position, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (p gatepost.Position, err error) {
		err = row.Scan(&p.Longitude, &p.Latitude)
		return p, err
	}, `SELECT c.longitude, c.latitude FROM cameras c JOIN camera_status s ON s.camera_id = c.id
	    WHERE c.longitude >= $1 AND c.longitude <= $2 AND c.latitude >= $3 AND c.latitude <= $4 AND c.state = 'in_service' AND s.online`,
		box.West, box.East, box.South, box.North)
	return list, s.failed("list working cameras", "camera", err)
}

// Uncontrolled lists the days of cameras of a division and below it (all with "")
// that were in service when a day ended and recorded less than some percent of
// what was due on it, at most limit in the order of their ids, after the one with id
// after ("" for the first).
func (s *Store) Uncontrolled(ctx context.Context, division string, day gatepost.Day, percent int, after string, limit int) ([]gatepost.CameraDay, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (d gatepost.CameraDay, err error) {
		d.CameraMoment, err = scanMoment(serviceScanner{row, &d.Service}, &d.Day, &d.CameraID)
		return d, err
	}, `SELECT `+cameraDayColumns+` FROM camera_days
	    WHERE day = $1 AND camera_id > $2 AND state = 'in_service' AND recorded * 100 < due * $3 AND ($4 = '' OR division >= $4 AND division < $5)
	    ORDER BY camera_id LIMIT $6`, int64(day), after, int64(percent), division, divisionEnd(division), limit)
	return list, s.failed("list uncontrolled cameras", "camera day", err)
}
