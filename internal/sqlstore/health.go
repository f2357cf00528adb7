package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// inServiceSince is since when a camera c is in service without a break.
const inServiceSince = `CASE WHEN c.state = 'in_service' THEN COALESCE((SELECT MIN(h.at) FROM camera_history h WHERE h.camera_id = c.id
		AND h.at > COALESCE((SELECT MAX(b.at) FROM camera_history b WHERE b.camera_id = c.id AND b.state <> 'in_service'), 0)), c.created_at) ELSE 0 END`

// CameraHealth lists cameras that are in service, or of which something is or may be
// wrong still, at most limit, in the order of their ids, after the one with id after
// ("" for the first). Outages are those that were not over by a time.
func (s *Store) CameraHealth(ctx context.Context, outages time.Time, after string, limit int) ([]gatepost.CameraHealth, error) {
	list, err := queryAll(ctx, s.read, scanCameraHealth,
		`SELECT c.id, c.name, c.division, c.class, c.owner_id, c.responsible_id, c.state, `+inServiceSince+`,
			COALESCE((SELECT MIN(a.since) FROM watch_alarms a WHERE a.camera_id = c.id AND a.closed_at IS NULL AND a.cause = 'unattended'), 0),
			s.camera_id IS NOT NULL, COALESCE(s.online, FALSE), COALESCE(s.since, 0), COALESCE(s.seen_at, 0), COALESCE(s.end_reason, ''), COALESCE(s.measurement, ''),
			COALESCE(s.problem, ''), COALESCE(s.problem_since, 0), COALESCE(s.picture, ''), COALESCE(s.picture_since, 0)
		 FROM cameras c LEFT JOIN camera_status s ON s.camera_id = c.id
		 WHERE c.id > $1 AND (c.state = 'in_service' OR EXISTS (SELECT 1 FROM faults f WHERE f.camera_id = c.id AND f.until_at IS NULL))
		 ORDER BY c.id LIMIT $2`, after, limit)
	if err != nil || len(list) == 0 {
		return list, s.failed("list cameras", "camera", err)
	}
	at := make(map[string]*gatepost.CameraHealth, len(list))
	for i := range list {
		at[list[i].Camera.ID] = &list[i]
	}
	last := list[len(list)-1].Camera.ID
	faults, err := queryAll(ctx, s.read, scanFault,
		`SELECT `+faultColumns+` FROM faults f JOIN cameras c ON c.id = f.camera_id WHERE f.until_at IS NULL AND f.camera_id > $1 AND f.camera_id <= $2`, after, last)
	if err != nil {
		return nil, s.failed("list faults", "fault", err)
	}
	for _, f := range faults {
		if h := at[f.CameraID]; h != nil {
			h.Faults = append(h.Faults, f)
		}
	}
	planned, err := queryAll(ctx, s.read, scanOutage,
		`SELECT `+outageColumns+` FROM outages o JOIN cameras c ON c.id = o.camera_id WHERE o.to_at > $3 AND o.camera_id > $1 AND o.camera_id <= $2`, after, last, ms(outages))
	if err != nil {
		return nil, s.failed("list outages", "outage", err)
	}
	for _, o := range planned {
		if h := at[o.CameraID]; h != nil {
			h.Outages = append(h.Outages, o)
		}
	}
	return list, nil
}

func scanCameraHealth(row scanner) (h gatepost.CameraHealth, err error) {
	var (
		inService, unwatched, since, seen, problemSince, pictureSince int64
		measurement                                                   string
	)
	c, st := &h.Camera, &h.Status
	if err = row.Scan(&c.ID, &c.Name, &c.Division, &c.Class, &c.Owner, &c.Responsible, &c.State, &inService, &unwatched,
		&h.Reported, &st.Online, &since, &seen, &st.EndReason, &measurement, &st.Problem, &problemSince,
		&st.Picture, &pictureSince); err != nil {
		return h, err
	}
	st.CameraID, st.Since, st.SeenAt, st.ProblemSince, st.PictureSince = c.ID, fromMS(since), fromMS(seen), fromMS(problemSince), fromMS(pictureSince)
	h.InService, h.Unwatched = fromMS(inService), fromMS(unwatched)
	if measurement != "" {
		if err := json.Unmarshal([]byte(measurement), &st.Measurement); err != nil {
			return h, fmt.Errorf("decode measurement of camera %s: %w", c.ID, err)
		}
	}
	return h, nil
}

// ofScope is the condition that a camera, whose id a column holds, is of a scope; with
// the arguments that it needs behind those before it.
func ofScope(column string, scope gatepost.HealthScope, args []any) (string, []any) {
	var of []string
	if scope.Organisation != "" {
		of = append(of, fmt.Sprintf(`SELECT id FROM cameras WHERE owner_id = $%d UNION SELECT id FROM cameras WHERE responsible_id = $%[1]d`, len(args)+1))
		args = append(args, scope.Organisation)
	}
	if scope.Division != "" {
		of = append(of, fmt.Sprintf(`SELECT id FROM cameras WHERE division >= $%d AND division < $%d`, len(args)+1, len(args)+2))
		args = append(args, scope.Division, divisionEnd(scope.Division))
	}
	if of == nil {
		return "TRUE", args
	}
	return column + ` IN (` + strings.Join(of, ` UNION `) + `)`, args
}

// HealthSetting returns how work orders are made: what was set last, or the default.
func (s *Store) HealthSetting(ctx context.Context) (gatepost.HealthSetting, error) {
	h, err := queryOne(ctx, s.read, func(row scanner) (h gatepost.HealthSetting, err error) {
		var (
			at        int64
			due       [3]int64
			automatic string
		)
		err = row.Scan(&at, &h.SetBy, &due[0], &due[1], &due[2], &automatic)
		h.SetAt = fromMS(at)
		for i, hours := range due {
			h.Due[i] = time.Duration(hours) * time.Hour
		}
		for kind := range strings.SplitSeq(automatic, ",") {
			if kind != "" {
				h.Automatic = append(h.Automatic, gatepost.FaultKind(kind))
			}
		}
		return h, err
	}, `SELECT set_at, set_by, due_1, due_2, due_3, automatic FROM health_settings ORDER BY set_at DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return gatepost.DefaultHealthSetting(), nil
	}
	return h, s.failed("read health setting", "health setting", err)
}

// PutHealthSetting sets how work orders are made from now on and writes entry into the
// ledger. It fails with Conflict when somebody set it at the same moment.
func (s *Store) PutHealthSetting(ctx context.Context, h gatepost.HealthSetting, entry gatepost.LedgerEntry) error {
	kinds := make([]string, len(h.Automatic))
	for i, kind := range h.Automatic {
		kinds[i] = string(kind)
	}
	return s.tx(ctx, "set health setting", "health setting", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO health_settings (set_at, set_by, due_1, due_2, due_3, automatic) VALUES ($1, $2, $3, $4, $5, $6)`,
			ms(h.SetAt), h.SetBy, int64(h.Due[0]/time.Hour), int64(h.Due[1]/time.Hour), int64(h.Due[2]/time.Hour), strings.Join(kinds, ",")); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// HealthFigures sums up faults and repairs of a division and below it (all with "")
// over a time, by county and class. What lasts still lasts until now.
func (s *Store) HealthFigures(ctx context.Context, division string, from, to, now time.Time) ([]gatepost.HealthFigure, error) {
	if now.Before(to) {
		to = now
	}
	args := []any{division, divisionEnd(division), ms(from), ms(to)}
	where := `($1 = '' OR ` + inDivision + `)`
	figures := map[figureKey]*gatepost.HealthFigure{}
	of := func(k figureKey) *gatepost.HealthFigure {
		if figures[k] == nil {
			figures[k] = &gatepost.HealthFigure{Division: k.division, Class: k.class}
		}
		return figures[k]
	}
	_, err := queryAll(ctx, s.read, func(row scanner) (k figureKey, err error) {
		var (
			f      gatepost.FaultFigure
			lasted int64
		)
		if err := row.Scan(&k.division, &k.class, &f.Kind, &f.Opened, &lasted); err != nil {
			return k, err
		}
		f.Lasted = time.Duration(lasted) * time.Millisecond
		h := of(k)
		h.Faults = append(h.Faults, f)
		return k, nil
	}, `SELECT county, class, kind, SUM(CASE WHEN opened_at >= $3 AND opened_at < $4 THEN 1 ELSE 0 END), SUM(ends - begins) FROM (
			SELECT `+county+` AS county, d.class, d.kind, d.opened_at, CASE WHEN d.from_at < $3 THEN $3 ELSE d.from_at END AS begins,
				CASE WHEN d.until_at IS NULL OR d.until_at > $4 THEN $4 ELSE d.until_at END AS ends
			FROM faults d WHERE `+where+` AND d.opened_at IS NOT NULL AND d.from_at < $4 AND (d.until_at IS NULL OR d.until_at > $3)) AS x
	    GROUP BY county, class, kind ORDER BY county, class, kind`, args...)
	if err != nil {
		return nil, s.failed("sum up faults", "fault", err)
	}
	_, err = queryAll(ctx, s.read, func(row scanner) (k figureKey, err error) {
		var opened, closed, overdue, repaired, took int64
		if err := row.Scan(&k.division, &k.class, &opened, &closed, &overdue, &repaired, &took); err != nil {
			return k, err
		}
		h := of(k)
		h.Opened, h.Closed, h.Overdue, h.Repaired, h.RepairTime = opened, closed, overdue, repaired, time.Duration(took)*time.Millisecond
		return k, nil
	}, `SELECT county, class, SUM(CASE WHEN opened_at >= $3 AND opened_at < $4 THEN 1 ELSE 0 END), SUM(CASE WHEN closed_at >= $3 AND closed_at < $4 THEN 1 ELSE 0 END),
			SUM(CASE WHEN due_at >= $3 AND due_at < $4 AND (ended_at IS NULL OR ended_at > due_at) THEN 1 ELSE 0 END),
			SUM(CASE WHEN repaired THEN 1 ELSE 0 END), SUM(CASE WHEN repaired THEN done_at - opened_at ELSE 0 END) FROM (
			SELECT `+county+` AS county, d.class, d.opened_at, d.closed_at, d.due_at, d.done_at, COALESCE(d.done_at, d.closed_at) AS ended_at,
				d.state = 'confirmed' AND d.closed_at >= $3 AND d.closed_at < $4 AS repaired
			FROM work_orders d WHERE `+where+` AND d.opened_at < $4 AND (d.closed_at IS NULL OR d.closed_at >= $3 OR d.due_at >= $3)) AS x
	    GROUP BY county, class ORDER BY county, class`, args...)
	if err != nil {
		return nil, s.failed("sum up work orders", "work order", err)
	}
	list := make([]gatepost.HealthFigure, 0, len(figures))
	for _, h := range figures {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b gatepost.HealthFigure) int {
		if a.Division != b.Division {
			return strings.Compare(a.Division, b.Division)
		}
		return int(a.Class - b.Class)
	})
	return list, nil
}

type figureKey struct {
	division string
	class    gatepost.WatchClass
}
