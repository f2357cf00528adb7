package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// KnowingFacts returns what opens any camera to a subject's organisation at a
// time: running incidents that name it, cross-department grants that it was given
// and answers to its footage requests. Incidents that name a level are not among them: they tell the police of
// no camera that they do not know by its division.
func (s *Store) KnowingFacts(ctx context.Context, who gatepost.Subject, at time.Time) (f gatepost.AccessFacts, err error) {
	if who.Kind == gatepost.KindThirdParty {
		return f, nil
	}
	if f.Incidents, err = queryAll(ctx, s.read, scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		 WHERE id IN (SELECT incident_id FROM incident_units WHERE organisation_id = $1)
		   AND start_at <= $2 AND end_at > $2 AND (ended_at IS NULL OR ended_at > $2) AND (approver_id = '' OR approved_at IS NOT NULL)`,
		who.Organisation, ms(at)); err != nil {
		return f, s.failed("read incidents", "incident", err)
	}
	f.Grants, err = queryAll(ctx, s.read, scanCrossGrant,
		`SELECT `+crossGrantColumns+` FROM cross_grants WHERE grantee_id = $1 AND approved AND revoked_at IS NULL AND until_at > $2`,
		who.Organisation, ms(at))
	if err != nil {
		return f, s.failed("read cross-department grants", "cross-department grant", err)
	}
	f.Footage, err = queryAll(ctx, s.read, scanFootageAnswer,
		`SELECT `+footageAnswerColumns+` FROM footage_answers WHERE grantee_id = $1 AND until_at > $2 AND revoked_at IS NULL`,
		who.Organisation, ms(at))
	return f, s.failed("read footage answers", "footage request", err)
}

// KnowableCameras lists cameras that a subject may know of, by facts of
// KnowingFacts: at least those, for an incident's area is taken by its boxes.
// It lists those that a filter lets through, oldest first, at most limit, after the
// one with id after ("" from the start).
func (s *Store) KnowableCameras(ctx context.Context, who gatepost.Subject, facts gatepost.AccessFacts, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error) {
	q := cameraQuery{filter: f, args: []any{after, limit}}
	arms := []string{q.arm("owner_id = " + q.arg(who.Organisation))}
	if (who.Kind == gatepost.KindPolice || who.Kind == gatepost.KindSubControl) && gatepost.LevelOf(who.Division) != "" {
		arms = append(arms, q.arm(q.within(who.Division)))
	}
	if len(facts.Grants) > 0 {
		ids := make([]string, len(facts.Grants))
		for i, g := range facts.Grants {
			ids[i] = q.arg(g.ID)
		}
		arms = append(arms, q.arm("id IN (SELECT camera_id FROM cross_grant_cameras WHERE cross_grant_id IN ("+strings.Join(ids, ", ")+"))"))
	}
	if len(facts.Footage) > 0 {
		ids := make([]string, len(facts.Footage))
		for i, a := range facts.Footage {
			ids[i] = q.arg(a.ID)
		}
		arms = append(arms, q.arm("id IN (SELECT camera_id FROM footage_cameras WHERE answer_id IN ("+strings.Join(ids, ", ")+"))"))
	}
	areas, err := s.areas(ctx, &q, facts.Incidents)
	if err != nil {
		return nil, s.failed("read incidents' areas", "incident", err)
	}
	if areas != "" {
		arms = append(arms, q.arm(areas))
	}
	// One text for each reason rather than an OR, so that each uses its index.
	for i, arm := range arms {
		arms[i] = "SELECT id FROM (SELECT id FROM cameras WHERE " + arm + fmt.Sprintf(" ORDER BY id LIMIT $2) AS arm%d", i)
	}
	cameras, err := queryAll(ctx, s.read, scanCamera,
		`SELECT `+cameraColumns+` FROM cameras WHERE id IN (`+strings.Join(arms, " UNION ")+`) ORDER BY id LIMIT $2`, q.args...)
	return cameras, s.failed("list cameras", "camera", err)
}

// areas is the condition that a camera lies in the area of one of the incidents
// or near it, "" without any.
func (s *Store) areas(ctx context.Context, q *cameraQuery, incidents []gatepost.Incident) (string, error) {
	var areas []string
	for _, i := range incidents {
		if gatepost.LevelOf(i.Division) == "" {
			continue // it opens nothing
		}
		parts, err := queryAll(ctx, s.read, func(row scanner) (p gatepost.AreaPart, err error) {
			err = row.Scan(&p.Division, &p.West, &p.South, &p.East, &p.North)
			return p, err
		}, `SELECT division, west, south, east, north FROM incident_areas WHERE incident_id = $1`, i.ID)
		if err != nil {
			return "", err
		}
		var where []string
		for _, p := range parts {
			if p.Division != "" {
				where = append(where, q.within(p.Division))
				continue
			}
			where = append(where, q.box(gatepost.Box{West: p.West, South: p.South, East: p.East, North: p.North}))
		}
		if len(where) > 0 {
			areas = append(areas, "("+q.within(i.Division)+" AND ("+strings.Join(where, " OR ")+"))")
		}
	}
	if len(areas) == 0 {
		return "", nil
	}
	return "(" + strings.Join(areas, " OR ") + ")", nil
}

// cameraQuery collects the arguments of a query for cameras: the first is the id
// after which it begins, the second how many it lists.
type cameraQuery struct {
	filter gatepost.CameraFilter
	args   []any
}

func (q *cameraQuery) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// within is the condition that a camera lies in a division. The code of a province
// or a city is put into the text, so that PostgreSQL's generic plan takes it for as
// wide as it is: it takes any range of arguments for narrow, and would sort a
// province to show one page.
func (q *cameraQuery) within(division string) string {
	from, to := q.literal(division), q.literal(divisionEnd(division))
	return "(division >= " + from + " AND division < " + to + ")"
}

// literal is the code of a wide division as text of a query, any other as an argument.
func (q *cameraQuery) literal(code string) string {
	digits := strings.Trim(code, "0123456789") == ""
	if digits && (len(code) == 2 || len(code) == 4) {
		return "'" + code + "'"
	}
	return q.arg(code)
}

func (q *cameraQuery) box(b gatepost.Box) string {
	return "(longitude BETWEEN " + q.arg(b.West) + " AND " + q.arg(b.East) + " AND latitude BETWEEN " + q.arg(b.South) + " AND " + q.arg(b.North) + ")"
}

// arm is a condition on cameras, "" for none, together with the filter and the
// page.
func (q *cameraQuery) arm(where string) string {
	all := []string{"id > $1"}
	if where != "" {
		all = append(all, where)
	}
	if q.filter.Owner != "" {
		all = append(all, "owner_id = "+q.arg(q.filter.Owner))
	}
	if q.filter.Box != nil {
		all = append(all, q.box(*q.filter.Box))
	}
	if q.filter.Class != 0 {
		all = append(all, "class = "+q.arg(int64(q.filter.Class)))
	}
	return strings.Join(all, " AND ")
}
