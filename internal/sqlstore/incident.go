package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// CreateIncident stores an incident with the parts of its area, and writes entry
// into the ledger. It fails with Invalid when an organisation does not exist, and
// with what beside fails with, which is asked about the incidents of the same
// organisation that are no further than apart from it in time and may open some of the same cameras.
func (s *Store) CreateIncident(ctx context.Context, i gatepost.Incident, parts []gatepost.AreaPart, apart time.Duration,
	beside func(near []gatepost.Incident) error, entry gatepost.LedgerEntry) error {
	area, err := json.Marshal(i.Area)
	if err != nil {
		return fmt.Errorf("encode area: %w", err)
	}
	return s.tx(ctx, "create incident", "incident", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO incidents (`+incidentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
			i.ID, string(i.Kind), i.Drill, i.Name, i.Reason, string(area), strings.Join(i.Levels, ","), strings.Join(i.Units, ","), i.Organisation, i.Division,
			i.CreatedBy, ms(i.CreatedAt), ms(i.Start), ms(i.End), i.Approver, i.ApprovedBy, msOrNull(i.ApprovedAt), i.EndedBy, msOrNull(i.EndedAt), i.Renews); err != nil {
			return err
		}
		for _, unit := range i.Units {
			if _, err := tx.ExecContext(ctx, `INSERT INTO incident_units (incident_id, organisation_id) VALUES ($1, $2)`, i.ID, unit); err != nil {
				return err
			}
		}
		for n, p := range parts {
			if _, err := tx.ExecContext(ctx,
				`INSERT INTO incident_areas (incident_id, part, end_at, division, west, south, east, north) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				i.ID, int64(n), ms(i.End), p.Division, p.West, p.South, p.East, p.North); err != nil {
				return err
			}
		}
		near, err := incidentsNear(ctx, tx, i, apart)
		if err != nil {
			return err
		}
		if err := beside(near); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// incidentsNear lists the other incidents of an incident's organisation that are
// no further than apart from it in time and share a camera with it, by the parts
// that their areas are made of. What never opened a camera, and never will, is
// left out.
func incidentsNear(ctx context.Context, tx *sql.Tx, i gatepost.Incident, apart time.Duration) ([]gatepost.Incident, error) {
	return queryAll(ctx, tx, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents i
		 WHERE i.organisation_id = $1 AND i.id <> $2 AND i.start_at <= $3 AND i.end_at >= $4
		   AND (i.ended_at IS NULL OR i.ended_at >= $4 AND i.ended_at > i.start_at)
		   AND (i.approver_id = '' OR i.approved_at IS NOT NULL OR i.ended_at IS NULL AND i.end_at > $5)
		   AND EXISTS (SELECT 1 FROM incident_areas a, incident_areas b, cameras c
		     WHERE a.incident_id = i.id AND b.incident_id = $2 AND c.state <> 'retired' AND c.division LIKE i.division || '%'
		       AND `+fmt.Sprintf(cameraInPart, "a")+` AND `+fmt.Sprintf(cameraInPart, "b")+`)`,
		i.Organisation, i.ID, ms(i.End.Add(apart)), ms(i.Start.Add(-apart)), ms(i.CreatedAt))
}

// cameraInPart is the condition that a camera c may lie in a part of an area.
const cameraInPart = `(%[1]s.division <> '' AND c.division LIKE %[1]s.division || '%%'
	OR %[1]s.division = '' AND c.longitude BETWEEN %[1]s.west AND %[1]s.east AND c.latitude BETWEEN %[1]s.south AND %[1]s.north)`

// Incident returns an incident, past ones too. It fails with NotFound.
func (s *Store) Incident(ctx context.Context, id string) (gatepost.Incident, error) {
	i, err := queryOne(ctx, s.read, scanIncident, `SELECT `+incidentColumns+` FROM incidents WHERE id = $1`, id)
	return i, s.failed("read incident", "incident", err)
}

// Incidents lists incidents, newest first, past ones too, at most limit of them,
// older than the one with id before ("" for the newest): those that a subject's
// organisation activated, approves or is named by, as police of a level too,
// above or below the division of those who activated it; all for an administrator.
func (s *Store) Incidents(ctx context.Context, who gatepost.Subject, before string, limit int) ([]gatepost.Incident, error) {
	level := ""
	if who.Kind == gatepost.KindPolice || who.Kind == gatepost.KindSubControl {
		level = gatepost.LevelOf(who.Division)
	}
	list, err := queryAll(ctx, s.read, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		 WHERE ($1 OR organisation_id = $2 OR approver_id = $2 OR id IN (SELECT incident_id FROM incident_units WHERE organisation_id = $2)
		        OR $3 <> '' AND ',' || levels || ',' LIKE '%,' || $3 || ',%' AND (division LIKE $4 || '%' OR $4 LIKE division || '%'))
		   AND ($5 = '' OR id < $5)
		 ORDER BY id DESC LIMIT $6`,
		who.Admin(), who.Organisation, level, who.Division, before, limit)
	return list, s.failed("list incidents", "incident", err)
}

// UpdateIncident reads an incident, lets change approve or end it, stores that and
// writes the returned entry into the ledger, all in one transaction. When the
// incident has ended by now, every look that rests on it ends. It fails with
// NotFound, and with what change fails with.
func (s *Store) UpdateIncident(ctx context.Context, id string, now time.Time, change func(*gatepost.Incident) (gatepost.LedgerEntry, error)) (gatepost.Incident, error) {
	var i gatepost.Incident
	var ends []ending
	err := s.tx(ctx, "update incident", "incident", func(tx *sql.Tx) error {
		ends = nil
		var err error
		if i, err = queryOne(ctx, tx, scanIncident, `SELECT `+incidentColumns+` FROM incidents WHERE id = $1`, id); err != nil {
			return err
		}
		entry, err := change(&i)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE incidents SET approved_by = $2, approved_at = $3, ended_by = $4, ended_at = $5 WHERE id = $1`,
			id, i.ApprovedBy, msOrNull(i.ApprovedAt), i.EndedBy, msOrNull(i.EndedAt)); err != nil {
			return err
		}
		if !i.Until().After(now) {
			e, err := newEnding(ctx, tx, endingBasis, "incident:"+id)
			if err != nil {
				return err
			}
			ends = []ending{e}
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return i, err
	}
	return i, s.finish(ctx, ends, now)
}

// IncidentsToTell lists incidents whose beginning or end the owners of their
// cameras have not heard of at a time, at most limit. An incident that was never
// approved begins and ends for nobody.
func (s *Store) IncidentsToTell(ctx context.Context, now time.Time, limit int) (started, ended []gatepost.Incident, err error) {
	at := ms(now)
	if started, err = queryAll(ctx, s.read, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		 WHERE told = '' AND start_at <= $1 AND (approver_id = '' OR approved_at IS NOT NULL) ORDER BY start_at LIMIT $2`, at, limit); err != nil {
		return nil, nil, s.failed("list incidents", "incident", err)
	}
	ended, err = queryAll(ctx, s.read, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		 WHERE told = 'started' AND (end_at <= $1 OR ended_at <= $1) ORDER BY start_at LIMIT $2`, at, limit)
	return started, ended, s.failed("list incidents", "incident", err)
}

// TellIncident stores what owners are told of an incident, and that they were: told is "started" or
// "ended". It does nothing when another process has told it already.
func (s *Store) TellIncident(ctx context.Context, id, told string, list []gatepost.Notification) error {
	before := map[string]string{"started": "", "ended": "started"}[told]
	return s.tx(ctx, "tell of incident", "incident", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE incidents SET told = $2 WHERE id = $1 AND told = $3`, id, told, before))
		if err != nil || n == 0 {
			return err
		}
		for _, note := range list {
			if err := insertNotification(ctx, tx, note); err != nil {
				return err
			}
		}
		return nil
	})
}

// CamerasAround lists cameras that may lie in an area, by the parts that it is
// made of, and in a division (in any or none with ""), that are not retired, in the order of their
// ids, at most limit, after the one with id after ("" for the first).
func (s *Store) CamerasAround(ctx context.Context, within string, parts []gatepost.AreaPart, after string, limit int) ([]gatepost.Camera, error) {
	args := []any{after, limit}
	var where []string
	for _, p := range parts {
		if p.Division != "" {
			args = append(args, p.Division, divisionEnd(p.Division))
			where = append(where, fmt.Sprintf("(division >= $%d AND division < $%d)", len(args)-1, len(args)))
			continue
		}
		args = append(args, p.West, p.East, p.South, p.North)
		n := len(args)
		where = append(where, fmt.Sprintf("(longitude BETWEEN $%d AND $%d AND latitude BETWEEN $%d AND $%d)", n-3, n-2, n-1, n))
	}
	if len(where) == 0 {
		return nil, nil
	}
	all := "(" + strings.Join(where, " OR ") + ")"
	if within != "" {
		args = append(args, within, divisionEnd(within))
		all += fmt.Sprintf(" AND division >= $%d AND division < $%d", len(args)-1, len(args))
	}
	list, err := queryAll(ctx, s.read, scanCamera,
		`SELECT `+cameraColumns+` FROM cameras
		 WHERE id > $1 AND state <> 'retired' AND `+all+` ORDER BY id LIMIT $2`, args...)
	return list, s.failed("list cameras", "camera", err)
}

// GrantsOn lists the grants that rest on a basis, oldest first, at most limit,
// after the one with id after ("" for the first).
func (s *Store) GrantsOn(ctx context.Context, basis, after string, limit int) ([]gatepost.Grant, error) {
	list, err := queryAll(ctx, s.read, scanGrant,
		`SELECT `+grantColumns+` FROM grants WHERE basis = $1 AND id > $2 ORDER BY id LIMIT $3`, basis, after, limit)
	return list, s.failed("list grants", "grant", err)
}

// divisionEnd is the least code that is greater than every code within one, in
// whatever order a database compares text: codes are digits.
func divisionEnd(code string) string {
	b := []byte(code)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return strings.Repeat("9", 12) // longer than any
}
