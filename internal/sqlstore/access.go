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

const (
	incidentColumns = `id, kind, drill, name, reason, area, levels, units, organisation_id, division, created_by, created_at, start_at, end_at,
	approver_id, approved_by, approved_at, ended_by, ended_at, renews`
	crossGrantColumns = `id, grantee_id, holder_id, cameras, actions, purpose, reason, hours_from, hours_to, until_at,
	asked_by, asked_at, decided_by, decided_at, approved, answer, revoked_by, revoked_at`
	supportColumns = `id, owner_id, camera_id, reason, opened_by, from_at, until_at, closed_by, closed_at`
)

// AccessFacts returns the incidents around a camera that name a subject's
// organisation or, for the police, any level; the cross-department grants and
// answers to footage requests that opened the camera to it; and, for the operator,
// its owner's support windows: all that are not over at a time.
func (s *Store) AccessFacts(ctx context.Context, who gatepost.Subject, c gatepost.Camera, at time.Time) (f gatepost.AccessFacts, err error) {
	switch who.Kind {
	case gatepost.KindThirdParty:
		return f, nil
	case gatepost.KindOperator:
		f.Support, err = queryAll(ctx, s.fixed, scanSupport,
			`SELECT `+supportColumns+` FROM support_windows
			 WHERE owner_id = $1 AND until_at > $2 AND closed_at IS NULL AND (camera_id = '' OR camera_id = $3)`,
			c.Owner, ms(at), c.ID)
		return f, s.failed("read support windows", "support window", err)
	}
	ids, err := s.opening(ctx, who, c, at)
	if err != nil {
		return f, s.failed("read what opens a camera", "permission", err)
	}
	if f.Incidents, err = byID(ctx, s, scanIncident, incidentColumns, "incidents", ids["incident"]); err != nil {
		return f, s.failed("read incidents", "incident", err)
	}
	if f.Grants, err = byID(ctx, s, scanCrossGrant, crossGrantColumns, "cross_grants", ids["grant"]); err != nil {
		return f, s.failed("read cross-department grants", "cross-department grant", err)
	}
	f.Footage, err = byID(ctx, s, scanFootageAnswer, footageAnswerColumns, "footage_answers", ids["footage"])
	return f, s.failed("read footage answers", "footage request", err)
}

// opening finds the ids of what opens a camera to a subject, by kind, in one
// statement: mostly there is nothing, and a decision waits for each answer.
func (s *Store) opening(ctx context.Context, who gatepost.Subject, c gatepost.Camera, at time.Time) (map[string][]string, error) {
	around, args := partsAround(c, []any{ms(at), who.Organisation, c.ID})
	parts := []string{
		`SELECT 'grant', id FROM cross_grants
		 WHERE id IN (SELECT cross_grant_id FROM cross_grant_cameras WHERE camera_id = $3 AND grantee_id = $2)
		   AND approved AND revoked_at IS NULL AND until_at > $1`,
		`SELECT 'footage', id FROM footage_answers
		 WHERE id IN (SELECT answer_id FROM footage_cameras WHERE camera_id = $3 AND grantee_id = $2) AND revoked_at IS NULL AND until_at > $1`,
	}
	if around != "" {
		named := "id IN (SELECT incident_id FROM incident_units WHERE organisation_id = $2)"
		if who.Kind == gatepost.KindPolice || who.Kind == gatepost.KindSubControl {
			named = "(levels <> '' OR " + named + ")"
		}
		// The areas come first, and each incident by its id: a join might read every
		// incident that has begun.
		parts = append(parts, `SELECT 'incident', incident_id FROM incident_areas WHERE end_at > $1 AND (`+around+`) AND (
		     SELECT start_at <= $1 AND end_at > $1 AND (ended_at IS NULL OR ended_at > $1) AND (approver_id = '' OR approved_at IS NOT NULL) AND `+named+`
		     FROM incidents WHERE id = incident_id)`)
	}
	ids := map[string][]string{}
	_, err := queryAll(ctx, s.fixed, func(row scanner) (id string, err error) {
		var kind string
		if err = row.Scan(&kind, &id); err == nil {
			ids[kind] = append(ids[kind], id)
		}
		return id, err
	}, strings.Join(parts, " UNION ALL "), args...)
	return ids, err
}

// byID reads rows of a table, in the order of their ids.
func byID[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), columns, table string, ids []string) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return queryAll(ctx, s.fixed, scan, `SELECT `+columns+` FROM `+table+` WHERE id IN (`+placeholders(1, len(ids))+`) ORDER BY id`, anys(ids)...)
}

// IncidentsAround lists the incidents that may have held a camera where it is now and that
// ended after a time, or did not yet: approved ones, without drills, by their start.
func (s *Store) IncidentsAround(ctx context.Context, c gatepost.Camera, since time.Time) ([]gatepost.Incident, error) {
	around, args := partsAround(c, []any{ms(since)})
	if around == "" {
		return nil, nil
	}
	list, err := queryAll(ctx, s.read, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		 WHERE id IN (SELECT incident_id FROM incident_areas WHERE end_at > $1 AND (`+around+`))
		   AND NOT drill AND (approver_id = '' OR approved_at IS NOT NULL) ORDER BY start_at, id`, args...)
	return list, s.failed("list incidents", "incident", err)
}

// partsAround returns the condition of the parts of areas that may hold a camera, by the
// divisions above it and the boxes around its position, "" when none can, and its
// arguments behind those that there are.
func partsAround(c gatepost.Camera, args []any) (string, []any) {
	where := []string{}
	for _, length := range []int{2, 4, 6, 9} {
		if len(c.Division) >= length {
			args = append(args, c.Division[:length])
			where = append(where, fmt.Sprintf("division = $%d", len(args)))
		}
	}
	if c.Position != nil {
		args = append(args, c.Position.Longitude, c.Position.Latitude)
		where = append(where, fmt.Sprintf("(division = '' AND west <= $%d AND east >= $%d AND south <= $%d AND north >= $%d)",
			len(args)-1, len(args)-1, len(args), len(args)))
	}
	return strings.Join(where, " OR "), args
}

func scanIncident(row scanner) (gatepost.Incident, error) {
	var (
		i                     gatepost.Incident
		area, levels, units   string
		createdAt, start, end int64
		approvedAt, endedAt   sql.NullInt64
	)
	if err := row.Scan(&i.ID, &i.Kind, &i.Drill, &i.Name, &i.Reason, &area, &levels, &units, &i.Organisation, &i.Division, &i.CreatedBy, &createdAt, &start, &end,
		&i.Approver, &i.ApprovedBy, &approvedAt, &i.EndedBy, &endedAt, &i.Renews); err != nil {
		return i, err
	}
	if err := json.Unmarshal([]byte(area), &i.Area); err != nil {
		return i, fmt.Errorf("decode area of incident %s: %w", i.ID, err)
	}
	i.Levels, i.Units = splitList(levels), splitList(units)
	i.CreatedAt, i.Start, i.End = fromMS(createdAt), fromMS(start), fromMS(end)
	i.ApprovedAt, i.EndedAt = fromNullMS(approvedAt), fromNullMS(endedAt)
	return i, nil
}

func scanCrossGrant(row scanner) (gatepost.CrossGrant, error) {
	var (
		g                    gatepost.CrossGrant
		cameras, actions     string
		hoursFrom, hoursTo   int64
		until, askedAt       int64
		decidedAt, revokedAt sql.NullInt64
	)
	if err := row.Scan(&g.ID, &g.Grantee, &g.Holder, &cameras, &actions, &g.Purpose, &g.Reason, &hoursFrom, &hoursTo, &until,
		&g.AskedBy, &askedAt, &g.DecidedBy, &decidedAt, &g.Approved, &g.Answer, &g.RevokedBy, &revokedAt); err != nil {
		return g, err
	}
	g.Cameras, g.Actions = splitList(cameras), splitActions(actions)
	g.Hours = gatepost.Hours{From: int(hoursFrom), To: int(hoursTo)}
	g.Until, g.AskedAt, g.DecidedAt, g.RevokedAt = fromMS(until), fromMS(askedAt), fromNullMS(decidedAt), fromNullMS(revokedAt)
	return g, nil
}

func scanSupport(row scanner) (gatepost.SupportWindow, error) {
	var (
		w           gatepost.SupportWindow
		from, until int64
		closedAt    sql.NullInt64
	)
	if err := row.Scan(&w.ID, &w.Owner, &w.CameraID, &w.Reason, &w.OpenedBy, &from, &until, &w.ClosedBy, &closedAt); err != nil {
		return w, err
	}
	w.From, w.Until, w.ClosedAt = fromMS(from), fromMS(until), fromNullMS(closedAt)
	return w, nil
}

// splitList is the inverse of joining ids or codes with commas.
func splitList(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}
