package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	watchAlarmColumns = `id, camera_id, division, cause, since, opened_at, closed_at`

	// dutyLooks are live looks by people of units in charge of the division of a
	// camera c. Whoever came by a share link is of none.
	dutyLooks = `FROM looks l JOIN grants g ON g.id = l.grant_id JOIN organisations o ON o.id = g.organisation_id
		WHERE l.camera_id = c.id AND l.transport <> 'playback' AND g.share_id = '' AND ` + inCharge

	// inCharge is the condition that an organisation o is in charge of the division
	// of a camera c.
	inCharge = `o.kind IN ('police', 'sub_control') AND LENGTH(o.division) IN (2, 4, 6, 9) AND SUBSTR(c.division, 1, LENGTH(o.division)) = o.division`

	// due is the condition that a camera c is watched around the clock.
	due = `c.class = 1 AND c.state = 'in_service'`

	watchColumns = `c.id, c.name, c.division, ` + due + ` AS is_due, EXISTS (SELECT 1 ` + dutyLooks + ` AND NOT l.ended) AS watched,
		w.camera_id IS NOT NULL AS known, COALESCE(w.watched, FALSE) AS was, COALESCE(w.since, 0) AS since, COALESCE(w.alarm_id, '') AS alarm_id,
		COALESCE(s.online, FALSE) AS online, COALESCE(s.seen_at, 0) AS heard_at`
	watchTables = `cameras c LEFT JOIN watches w ON w.camera_id = c.id LEFT JOIN camera_status s ON s.camera_id = c.id`
)

// WatchChanges lists cameras of which something else was written down than looks
// tell now, or that no longer have to be watched: at most limit of each. Left is
// filled in where somebody has stopped watching since at.
func (s *Store) WatchChanges(ctx context.Context, since time.Time, limit int) ([]gatepost.Watch, error) {
	list, err := queryAll(ctx, s.read, scanWatch,
		`SELECT * FROM (SELECT `+watchColumns+` FROM `+watchTables+` WHERE `+due+`) AS x WHERE NOT known OR was <> watched ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, s.failed("list watched cameras", "camera", err)
	}
	for i, w := range list {
		if !w.Known || w.Watched {
			continue
		}
		var left sql.NullInt64
		if err := s.read.QueryRowContext(ctx, `SELECT (SELECT MAX(l.end_at) `+dutyLooks+` AND l.start_at >= $2) FROM cameras c WHERE c.id = $1`, w.CameraID, ms(since)).
			Scan(&left); err != nil {
			return nil, s.failed("read the last look", "look", err)
		}
		if left.Valid {
			list[i].Left = fromMS(left.Int64)
		}
	}
	over, err := queryAll(ctx, s.read, scanWatch,
		`SELECT `+watchColumns+` FROM watches w JOIN cameras c ON c.id = w.camera_id LEFT JOIN camera_status s ON s.camera_id = c.id
		 WHERE NOT (`+due+`) ORDER BY c.id LIMIT $1`, limit)
	return append(list, over...), s.failed("list watched cameras", "camera", err)
}

// PutWatch writes down a change of WatchChanges: from when it holds, and, when it
// closes an alarm, the notifications and the entry into the ledger. It does
// nothing when another process has written it down already.
func (s *Store) PutWatch(ctx context.Context, w gatepost.Watch, since, now time.Time, tell []gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "write down a watch", "camera", func(tx *sql.Tx) error {
		var result sql.Result
		var err error
		switch {
		case !w.Due:
			result, err = tx.ExecContext(ctx, `DELETE FROM watches WHERE camera_id = $1 AND alarm_id = $2`, w.CameraID, w.AlarmID)
		case !w.Known:
			result, err = tx.ExecContext(ctx, `INSERT INTO watches (camera_id, watched, since) VALUES ($1, $2, $3) ON CONFLICT (camera_id) DO NOTHING`,
				w.CameraID, w.Watched, ms(since))
		default:
			result, err = tx.ExecContext(ctx, `UPDATE watches SET watched = $2, since = $3, alarm_id = '' WHERE camera_id = $1 AND watched <> $2 AND alarm_id = $4`,
				w.CameraID, w.Watched, ms(since), w.AlarmID)
		}
		n, err := changed(result, err)
		if err != nil || n == 0 || w.AlarmID == "" {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE watch_alarms SET closed_at = $2 WHERE id = $1`, w.AlarmID, ms(now)); err != nil {
			return err
		}
		return s.tell(ctx, tx, tell, entry)
	})
}

// Unwatched lists cameras that nobody has watched since a time and that have no
// open alarm, at most limit, in the order of their ids, after the one with id
// after ("" for the first).
func (s *Store) Unwatched(ctx context.Context, before time.Time, after string, limit int) ([]gatepost.Watch, error) {
	list, err := queryAll(ctx, s.read, scanWatch,
		`SELECT `+watchColumns+` FROM watches w JOIN cameras c ON c.id = w.camera_id LEFT JOIN camera_status s ON s.camera_id = c.id
		 WHERE NOT w.watched AND w.alarm_id = '' AND w.since <= $1 AND w.camera_id > $2 ORDER BY w.camera_id LIMIT $3`, ms(before), after, limit)
	return list, s.failed("list unwatched cameras", "camera", err)
}

// OpenWatchAlarm opens an alarm, with notifications and an entry into the
// ledger. It does nothing when the camera has one, or is watched again.
func (s *Store) OpenWatchAlarm(ctx context.Context, a gatepost.WatchAlarm, tell []gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "open watch alarm", "watch alarm", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE watches SET alarm_id = $2 WHERE camera_id = $1 AND NOT watched AND alarm_id = '' AND since = $3
			 AND NOT EXISTS (SELECT 1 FROM cameras c WHERE c.id = $1 AND (NOT (`+due+`) OR EXISTS (SELECT 1 `+dutyLooks+` AND NOT l.ended)))`,
			a.CameraID, a.ID, ms(a.Since)))
		if err != nil || n == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO watch_alarms (`+watchAlarmColumns+`) VALUES ($1, $2, $3, $4, $5, $6, NULL)`,
			a.ID, a.CameraID, a.Division, string(a.Cause), ms(a.Since), ms(a.OpenedAt)); err != nil {
			return err
		}
		return s.tell(ctx, tx, tell, entry)
	})
}

// tell stores notifications and an entry into the ledger.
func (s *Store) tell(ctx context.Context, tx *sql.Tx, tell []gatepost.Notification, entry gatepost.LedgerEntry) error {
	for _, n := range tell {
		if err := insertNotification(ctx, tx, n); err != nil {
			return err
		}
	}
	return s.appendLedger(ctx, tx, entry)
}

// WatchAlarms lists alarms of a division and below it (all with ""), newest
// first, at most limit, older than the one with id before ("" for the newest): those of which some
// part lies between two times.
func (s *Store) WatchAlarms(ctx context.Context, division string, from, to time.Time, before string, limit int) ([]gatepost.WatchAlarm, error) {
	list, err := queryAll(ctx, s.read, scanWatchAlarm,
		`SELECT `+watchAlarmColumns+` FROM watch_alarms
		 WHERE ($1 = '' OR division >= $1 AND division < $2) AND since < $4 AND (closed_at IS NULL OR closed_at > $3) AND ($5 = '' OR id < $5)
		 ORDER BY id DESC LIMIT $6`, division, divisionEnd(division), ms(from), ms(to), before, limit)
	return list, s.failed("list watch alarms", "watch alarm", err)
}

// Watches lists the class 1 cameras in service of a division and below it (all
// with ""), or only those that nobody watches, at most limit, in the order of
// their ids, after the one with id after ("" for the first).
func (s *Store) Watches(ctx context.Context, division string, unwatched bool, after string, limit int) ([]gatepost.Watch, error) {
	list, err := queryAll(ctx, s.read, scanWatch,
		`SELECT * FROM (SELECT `+watchColumns+` FROM `+watchTables+`
			WHERE `+due+` AND ($1 = '' OR c.division >= $1 AND c.division < $2) AND c.id > $3) AS x
		 WHERE NOT ($4 AND watched) ORDER BY id LIMIT $5`, division, divisionEnd(division), after, unwatched, limit)
	return list, s.failed("list watched cameras", "camera", err)
}

// Watchers lists who watches some cameras live now, by when they began.
func (s *Store) Watchers(ctx context.Context, cameras []string) ([]gatepost.Watcher, error) {
	if len(cameras) == 0 {
		return nil, nil
	}
	list, err := queryAll(ctx, s.read, func(row scanner) (w gatepost.Watcher, err error) {
		var since int64
		err = row.Scan(&w.CameraID, &w.UserID, &w.Organisation, &w.InCharge, &w.Transport, &since)
		w.Since = fromMS(since)
		return w, err
	}, `SELECT c.id, g.user_id, g.organisation_id, g.share_id = '' AND `+inCharge+`, l.transport, l.start_at
		FROM looks l JOIN grants g ON g.id = l.grant_id JOIN organisations o ON o.id = g.organisation_id JOIN cameras c ON c.id = l.camera_id
		WHERE NOT l.ended AND l.transport <> 'playback' AND c.id IN (`+placeholders(1, len(cameras))+`) ORDER BY l.start_at, l.id LIMIT 5000`, anys(cameras)...)
	return list, s.failed("list watchers", "look", err)
}

// WatchSettings returns after how long an unwatched camera is an alarm, by
// division; those that nobody has set are left out.
func (s *Store) WatchSettings(ctx context.Context) (map[string]time.Duration, error) {
	out := map[string]time.Duration{}
	_, err := queryAll(ctx, s.read, func(row scanner) (division string, err error) {
		var after int64
		err = row.Scan(&division, &after)
		out[division] = time.Duration(after) * time.Millisecond
		return division, err
	}, `SELECT division, alarm_after FROM watch_settings`)
	return out, s.failed("read watch settings", "watch setting", err)
}

// PutWatchSetting sets it for a division and writes entry into the ledger.
func (s *Store) PutWatchSetting(ctx context.Context, division string, after time.Duration, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "set watch setting", "watch setting", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO watch_settings (division, alarm_after) VALUES ($1, $2)
			ON CONFLICT (division) DO UPDATE SET alarm_after = EXCLUDED.alarm_after`, division, after.Milliseconds()); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// InCharge lists the police and sub-control centres of some divisions.
func (s *Store) InCharge(ctx context.Context, divisions []string) ([]gatepost.Organisation, error) {
	if len(divisions) == 0 {
		return nil, nil
	}
	list, err := queryAll(ctx, s.read, scanOrganisation,
		`SELECT `+organisationColumns+` FROM organisations WHERE kind IN ('police', 'sub_control') AND division IN (`+placeholders(1, len(divisions))+`) ORDER BY id`,
		anys(divisions)...)
	return list, s.failed("list organisations", "organisation", err)
}

func scanWatch(row scanner) (w gatepost.Watch, err error) {
	var since, heard int64
	err = row.Scan(&w.CameraID, &w.Name, &w.Division, &w.Due, &w.Watched, &w.Known, &w.Was, &since, &w.AlarmID, &w.Online, &heard)
	w.Since, w.HeardAt = fromMS(since), fromMS(heard)
	return w, err
}

func scanWatchAlarm(row scanner) (a gatepost.WatchAlarm, err error) {
	var (
		since, opened int64
		closed        sql.NullInt64
	)
	err = row.Scan(&a.ID, &a.CameraID, &a.Division, &a.Cause, &since, &opened, &closed)
	a.Since, a.OpenedAt, a.ClosedAt = fromMS(since), fromMS(opened), fromNullMS(closed)
	return a, err
}
