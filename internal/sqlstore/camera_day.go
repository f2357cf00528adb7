package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	cameraDayColumns = `day, camera_id, moment_at, ` + momentColumns + `, due, recorded, online, offline, network, gateway, storage, stopped, watch_due, watched, bytes, objects`
	dayRunColumns    = `day, pass, cursor, cameras, started_at, finished_at`

	// serviceSums are the sums of what a service has, of camera days d.
	serviceSums = `COALESCE(SUM(d.due), 0), COALESCE(SUM(d.recorded), 0), COALESCE(SUM(d.online), 0), COALESCE(SUM(d.offline), 0), COALESCE(SUM(d.network), 0),
		COALESCE(SUM(d.gateway), 0), COALESCE(SUM(d.storage), 0), COALESCE(SUM(d.stopped), 0), COALESCE(SUM(d.watch_due), 0), COALESCE(SUM(d.watched), 0),
		COALESCE(SUM(d.bytes), 0), COALESCE(SUM(d.objects), 0)`

	// lookReach is how long a look lasts at most, with much to spare.
	lookReach = 7 * 24 * time.Hour
)

// CameraFacts returns what the days of cameras are measured from, of at most
// limit cameras in the order of their ids, after the one with id after ("" for
// the first). Cameras that came after the day are left out.
func (s *Store) CameraFacts(ctx context.Context, day gatepost.Day, after string, limit int) ([]gatepost.CameraFacts, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (f gatepost.CameraFacts, err error) {
		err = row.Scan(&f.CameraID)
		return f, err
	}, `SELECT id FROM cameras WHERE id > $1 AND created_at < $2 ORDER BY id LIMIT $3`, after, ms(day.End()), limit)
	if err != nil || len(list) == 0 {
		return list, s.failed("list cameras", "camera", err)
	}
	facts, ids := make(map[string]*gatepost.CameraFacts, len(list)), make([]string, len(list))
	for i := range list {
		list[i].Exports, list[i].Shares = map[gatepost.OrganisationKind]int64{}, map[gatepost.OrganisationKind]int64{}
		facts[list[i].CameraID], ids[i] = &list[i], list[i].CameraID
	}
	for _, read := range []func(context.Context, gatepost.Day, []string, map[string]*gatepost.CameraFacts) error{
		s.momentFacts, s.recordingFacts, s.lookFacts, s.exportFacts, s.shareFacts} {
		if err := read(ctx, day, ids, facts); err != nil {
			return nil, s.failed("read the facts of a day", "camera", err)
		}
	}
	return list, nil
}

func (s *Store) momentFacts(ctx context.Context, day gatepost.Day, ids []string, facts map[string]*gatepost.CameraFacts) error {
	_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
		m, err := scanMoment(row, &id)
		if err == nil {
			facts[id].Moments = append(facts[id].Moments, m)
		}
		return id, err
	}, `SELECT camera_id, at, `+momentColumns+` FROM camera_history WHERE at < $1 AND camera_id IN (`+placeholders(2, len(ids))+`) ORDER BY camera_id, at`,
		append([]any{ms(day.End())}, anys(ids)...)...)
	return err
}

// stretchColumns are what a day needs of a recording. Garbage was recorded as well.
const stretchColumns = `camera_id, run, seq, start_us, end_us, bytes, prior_end, run_end`

func scanStretch(row scanner) (r gatepost.Recording, err error) {
	var start, end int64
	err = row.Scan(&r.CameraID, &r.Run, &r.Seq, &start, &end, &r.Bytes, &r.PriorEnd, &r.RunEnd)
	r.Start, r.End = fromUS(start), fromUS(end)
	return r, err
}

func (s *Store) recordingFacts(ctx context.Context, day gatepost.Day, ids []string, facts map[string]*gatepost.CameraFacts) error {
	from, to := day.Start(), day.End()
	if _, err := queryAll(ctx, s.read, func(row scanner) (struct{}, error) {
		r, err := scanStretch(row)
		if err == nil {
			facts[r.CameraID].Rows = append(facts[r.CameraID].Rows, r)
		}
		return struct{}{}, err
	}, `SELECT `+stretchColumns+` FROM recordings WHERE start_us > $1 AND start_us < $2 AND end_us > $3 AND camera_id IN (`+placeholders(4, len(ids))+`)
	    ORDER BY camera_id, start_us, id`, append([]any{us(from) - maxRecording.Microseconds(), us(to), us(from)}, anys(ids)...)...); err != nil {
		return err
	}
	for _, f := range facts {
		first, last := to, from
		if n := len(f.Rows); n > 0 {
			first, last = f.Rows[0].Start, f.Rows[n-1].End
		}
		var err error
		if first.After(from) {
			f.Before, err = s.neighbour(ctx, `start_us <= $2 ORDER BY start_us DESC, id DESC`, f.CameraID, us(from))
		}
		if err == nil && last.Before(to) {
			f.Next, err = s.neighbour(ctx, `start_us >= $2 ORDER BY start_us, id`, f.CameraID, us(to))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) neighbour(ctx context.Context, which, cameraID string, at int64) (*gatepost.Recording, error) {
	r, err := queryOne(ctx, s.read, scanStretch, `SELECT `+stretchColumns+` FROM recordings WHERE camera_id = $1 AND `+which+` LIMIT 1`, cameraID, at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

func (s *Store) lookFacts(ctx context.Context, day gatepost.Day, ids []string, facts map[string]*gatepost.CameraFacts) error {
	from, to := day.Start(), day.End()
	_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
		var (
			l          gatepost.LookFact
			start, end int64
		)
		err = row.Scan(&id, &start, &end, &l.Live, &l.Bytes, &l.Kind, &l.Division, &l.Shared)
		l.Start, l.End = fromMS(start), fromMS(end)
		if err == nil {
			facts[id].Looks = append(facts[id].Looks, l)
		}
		return id, err
	}, `SELECT l.camera_id, l.start_at, l.end_at, l.transport <> 'playback', l.bytes, o.kind, o.division, g.share_id <> ''
	    FROM looks l JOIN grants g ON g.id = l.grant_id JOIN organisations o ON o.id = g.organisation_id
	    WHERE l.start_at >= $1 AND l.start_at < $2 AND l.end_at >= $3 AND l.camera_id IN (`+placeholders(4, len(ids))+`) ORDER BY l.start_at, l.id`,
		append([]any{ms(from.Add(-lookReach)), ms(to), ms(from)}, anys(ids)...)...)
	return err
}

// exportFacts counts the clips and the evidence that were ordered.
func (s *Store) exportFacts(ctx context.Context, day gatepost.Day, ids []string, facts map[string]*gatepost.CameraFacts) error {
	_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
		var (
			kind   gatepost.OrganisationKind
			detail string
			said   struct{ Act, Action, Clip string }
		)
		if err := row.Scan(&id, &kind, &detail); err != nil {
			return id, err
		}
		if err := json.Unmarshal([]byte(detail), &said); err == nil && (said.Clip != "" || said.Act == "order" && said.Action == "export") {
			facts[id].Exports[kind]++
		}
		return id, nil
	}, `SELECT l.camera_id, o.kind, l.detail FROM ledger l JOIN organisations o ON o.id = l.organisation_id
	    WHERE l.id >= $1 AND l.at >= $2 AND l.at < $3 AND l.kind IN ('decision', 'export') AND l.allowed AND l.camera_id IN (`+placeholders(4, len(ids))+`)`,
		append([]any{gatepost.IDAt(day.Start().Add(-time.Hour)), ms(day.Start()), ms(day.End())}, anys(ids)...)...)
	return err
}

func (s *Store) shareFacts(ctx context.Context, day gatepost.Day, ids []string, facts map[string]*gatepost.CameraFacts) error {
	_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
		var (
			kind gatepost.OrganisationKind
			n    int64
		)
		err = row.Scan(&id, &kind, &n)
		if err == nil {
			facts[id].Shares[kind] = n
		}
		return id, err
	}, `SELECT s.camera_id, o.kind, COUNT(*) FROM shares s JOIN organisations o ON o.id = s.organisation_id
	    WHERE s.created_at >= $1 AND s.created_at < $2 AND s.camera_id IN (`+placeholders(3, len(ids))+`) GROUP BY s.camera_id, o.kind`,
		append([]any{ms(day.Start()), ms(day.End())}, anys(ids)...)...)
	return err
}

// PutCameraDays stores what was measured of a page of cameras, in place of what was
// measured of them before, and moves the run from its cursor to next. It does nothing
// when another process has moved it in the meantime; ok is then false.
func (s *Store) PutCameraDays(ctx context.Context, run gatepost.DayRun, days []gatepost.CameraDay, next string, cameras int) (ok bool, err error) {
	err = s.tx(ctx, "put camera days", "camera day", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE day_runs SET cursor = $4, cameras = cameras + $5 WHERE day = $1 AND pass = $2 AND cursor = $3 AND finished_at IS NULL`,
			int64(run.Day), int64(run.Pass), run.Cursor, next, int64(cameras)))
		if ok = n == 1; err != nil || !ok {
			return err
		}
		for _, d := range days {
			if err := putCameraDay(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	return ok && err == nil, err
}

func putCameraDay(ctx context.Context, tx *sql.Tx, d gatepost.CameraDay) error {
	for _, table := range []string{"camera_days", "camera_uses"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE day = $1 AND camera_id = $2`, int64(d.Day), d.CameraID); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx,
		`INSERT INTO camera_days (`+cameraDayColumns+`)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		int64(d.Day), d.CameraID, ms(d.At), string(d.State), int64(d.Class), d.Division, string(d.Place), d.Owner, d.Funder, int64(d.RetentionDays), string(d.Category),
		d.Due.Milliseconds(), d.Recorded.Milliseconds(), d.Online.Milliseconds(), d.Offline.Milliseconds(), d.Network.Milliseconds(), d.Gateway.Milliseconds(),
		d.Storage.Milliseconds(), d.Stopped.Milliseconds(), d.WatchDue.Milliseconds(), d.Watched.Milliseconds(), d.Bytes, d.Objects); err != nil {
		return err
	}
	for _, u := range d.Uses {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO camera_uses (day, camera_id, kind, division, lives, playbacks, exports, shares, viewed, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			int64(d.Day), d.CameraID, string(u.Kind), d.Division, u.Lives, u.Playbacks, u.Exports, u.Shares, u.Viewed.Milliseconds(), u.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// BeginDayRuns makes the runs that are missing of all days until last: from the
// day after the last one that was begun, or else from the first day of any
// camera's history, though not from before earliest.
func (s *Store) BeginDayRuns(ctx context.Context, pass int, earliest, last gatepost.Day, now time.Time) error {
	return s.tx(ctx, "begin day runs", "day run", func(tx *sql.Tx) error {
		var latest, history sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT (SELECT MAX(day) FROM day_runs WHERE pass = $1), (SELECT MIN(at) FROM camera_history)`, int64(pass)).
			Scan(&latest, &history); err != nil {
			return err
		}
		var day gatepost.Day
		switch {
		case latest.Valid:
			day = gatepost.Day(latest.Int64) + 1
		case history.Valid:
			day = max(earliest, gatepost.DayOf(fromMS(history.Int64)))
		default:
			return nil
		}
		for ; day <= last; day++ {
			if _, err := tx.ExecContext(ctx, `INSERT INTO day_runs (`+dayRunColumns+`) VALUES ($1, $2, '', 0, $3, NULL)`,
				int64(day), int64(pass), ms(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextDayRun returns the run that is unfinished for longest; ok is false when all
// are finished.
func (s *Store) NextDayRun(ctx context.Context) (run gatepost.DayRun, ok bool, err error) {
	run, err = queryOne(ctx, s.read, scanDayRun, `SELECT `+dayRunColumns+` FROM day_runs WHERE finished_at IS NULL ORDER BY pass, day LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return run, false, nil
	}
	return run, err == nil, s.failed("read day run", "day run", err)
}

// FinishDayRun says that a run has come to its end; saying it twice changes nothing.
func (s *Store) FinishDayRun(ctx context.Context, run gatepost.DayRun, now time.Time) error {
	_, err := s.exec(ctx, "finish day run", "day run",
		`UPDATE day_runs SET finished_at = $4 WHERE day = $1 AND pass = $2 AND cursor = $3 AND finished_at IS NULL`, int64(run.Day), int64(run.Pass), run.Cursor, ms(now))
	return err
}

// DayRuns lists runs, those of the newest day first, at most limit, of days
// before one (0 for the newest).
func (s *Store) DayRuns(ctx context.Context, before gatepost.Day, limit int) ([]gatepost.DayRun, error) {
	list, err := queryAll(ctx, s.read, scanDayRun,
		`SELECT `+dayRunColumns+` FROM day_runs WHERE ($1 = 0 OR day < $1) ORDER BY day DESC, pass LIMIT $2`, int64(before), limit)
	return list, s.failed("list day runs", "day run", err)
}

func scanDayRun(row scanner) (r gatepost.DayRun, err error) {
	var (
		started  int64
		finished sql.NullInt64
	)
	err = row.Scan(&r.Day, &r.Pass, &r.Cursor, &r.Cameras, &started, &finished)
	r.StartedAt, r.FinishedAt = fromMS(started), fromNullMS(finished)
	return r, err
}

// CameraDays lists the days of a camera from one to another, without their uses.
func (s *Store) CameraDays(ctx context.Context, cameraID string, from, to gatepost.Day) ([]gatepost.CameraDay, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (d gatepost.CameraDay, err error) {
		d.CameraMoment, err = scanMoment(serviceScanner{row, &d.Service}, &d.Day, &d.CameraID)
		return d, err
	}, `SELECT `+cameraDayColumns+` FROM camera_days WHERE camera_id = $1 AND day >= $2 AND day <= $3 ORDER BY day`, cameraID, int64(from), int64(to))
	return list, s.failed("list camera days", "camera day", err)
}

// serviceScanner reads a service behind what else is read of a row.
type serviceScanner struct {
	row     scanner
	service *gatepost.Service
}

func (s serviceScanner) Scan(before ...any) error {
	v := s.service
	durations := []*time.Duration{&v.Due, &v.Recorded, &v.Online, &v.Offline, &v.Network, &v.Gateway, &v.Storage, &v.Stopped, &v.WatchDue, &v.Watched}
	milliseconds := make([]int64, len(durations))
	for i := range milliseconds {
		before = append(before, &milliseconds[i])
	}
	if err := s.row.Scan(append(before, &v.Bytes, &v.Objects)...); err != nil {
		return err
	}
	for i, d := range durations {
		*d = time.Duration(milliseconds[i]) * time.Millisecond
	}
	return nil
}

// UsageByCamera sums up the days from one to another of each camera of an owner,
// at most limit in the order of their ids, after the one with id after ("" for the
// first).
func (s *Store) UsageByCamera(ctx context.Context, owner string, from, to gatepost.Day, after string, limit int) ([]gatepost.ServiceUse, error) {
	return s.usage(ctx, "camera_id", owner, from, to, after, limit)
}

// UsageByOwner does so for each owner, or for one unless owner is "".
func (s *Store) UsageByOwner(ctx context.Context, owner string, from, to gatepost.Day, after string, limit int) ([]gatepost.ServiceUse, error) {
	return s.usage(ctx, "owner_id", owner, from, to, after, limit)
}

func (s *Store) usage(ctx context.Context, key, owner string, from, to gatepost.Day, after string, limit int) ([]gatepost.ServiceUse, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (u gatepost.ServiceUse, err error) {
		err = serviceScanner{row, &u.Service}.Scan(&u.Key, &u.Cameras, &u.Days)
		return u, err
	}, `SELECT d.`+key+`, COUNT(DISTINCT d.camera_id), COUNT(*), `+serviceSums+` FROM camera_days d
	    WHERE d.day >= $1 AND d.day <= $2 AND ($3 = '' OR d.owner_id = $3) AND d.`+key+` > $4 GROUP BY d.`+key+` ORDER BY d.`+key+` LIMIT $5`,
		int64(from), int64(to), owner, after, limit)
	if err != nil || len(list) == 0 {
		return list, s.failed("sum up camera days", "camera day", err)
	}
	index := make(map[string]*gatepost.ServiceUse, len(list))
	for i := range list {
		index[list[i].Key] = &list[i]
	}
	bounds := []any{int64(from), int64(to), owner, list[0].Key, list[len(list)-1].Key}
	if _, err = queryAll(ctx, s.read, func(row scanner) (key string, err error) {
		var u gatepost.ServiceUse
		var viewed int64
		if err = row.Scan(&key, &u.Lives, &u.Playbacks, &viewed, &u.ViewedBytes); err == nil && index[key] != nil {
			v := index[key]
			v.Lives, v.Playbacks, v.Viewed, v.ViewedBytes = u.Lives, u.Playbacks, time.Duration(viewed)*time.Millisecond, u.ViewedBytes
		}
		return key, err
	}, `SELECT d.`+key+`, SUM(u.lives), SUM(u.playbacks), SUM(u.viewed), SUM(u.bytes)
	    FROM camera_uses u JOIN camera_days d ON d.day = u.day AND d.camera_id = u.camera_id
	    WHERE u.day >= $1 AND u.day <= $2 AND ($3 = '' OR d.owner_id = $3) AND d.`+key+` >= $4 AND d.`+key+` <= $5 GROUP BY d.`+key, bounds...); err != nil {
		return nil, s.failed("sum up uses", "camera day", err)
	}
	_, err = queryAll(ctx, s.read, func(row scanner) (key string, err error) {
		var stored int64
		if err = row.Scan(&key, &stored); err == nil && index[key] != nil {
			index[key].StoredBytes = stored
		}
		return key, err
	}, `SELECT d.`+key+`, SUM(d.bytes) FROM camera_days d
	    WHERE d.day <= $1 AND d.day > $1 - d.retention_days AND d.day > $1 - 3651 AND ($2 = '' OR d.owner_id = $2)
	      AND d.`+key+` >= $3 AND d.`+key+` <= $4 GROUP BY d.`+key, bounds[1:]...)
	return list, s.failed("sum up what is stored", "camera day", err)
}
