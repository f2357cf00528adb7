package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// statusChunk is how many cameras, or looks, one statement reads or writes. SQLite
// finds each parameter by going through those before it, so that statements with
// thousands of them take longer to be read than to be run.
const statusChunk = 50

// AdmitPublisher opens a publishing session: the camera's epoch grows by one,
// and its first push moves it from enrolled to acceptance. keyHash is that of
// the key that was checked; when the key was changed or the camera's state
// forbids publishing in the meantime, it fails with Conflict and the caller
// looks at the camera again.
func (s *Store) AdmitPublisher(ctx context.Context, id, keyHash string, now time.Time) (c gatepost.Camera, err error) {
	// One statement, hence no lost races: every camera of a region may come
	// back at once after a power cut.
	err = s.retry(ctx, func() error {
		c, err = queryOne(ctx, s.write, scanCamera,
			`UPDATE cameras SET epoch = epoch + 1, updated_at = $3 WHERE id = $1 AND key_hash = $2 AND state IN ('acceptance', 'in_service')
			 RETURNING `+cameraColumns, id, keyHash, ms(now))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return s.admitFirst(ctx, id, keyHash, now)
	}
	return c, s.failed("admit publisher", "camera", err)
}

// admitFirst is AdmitPublisher for a camera that has never pushed.
func (s *Store) admitFirst(ctx context.Context, id, keyHash string, now time.Time) (c gatepost.Camera, err error) {
	err = s.tx(ctx, "admit publisher", "camera", func(tx *sql.Tx) error {
		c, err = queryOne(ctx, tx, scanCamera,
			`UPDATE cameras SET epoch = epoch + 1, updated_at = $3, state = 'acceptance' WHERE id = $1 AND key_hash = $2 AND state = 'enrolled'
			 RETURNING `+cameraColumns, id, keyHash, ms(now))
		if errors.Is(err, sql.ErrNoRows) {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "the camera was changed at this moment; try again"}
		}
		if err != nil {
			return err
		}
		return putMoment(ctx, tx, gatepost.Camera{}, c)
	})
	return c, err
}

// CameraAdmissions returns what is known of cameras, by id; ids that do not
// exist are left out.
func (s *Store) CameraAdmissions(ctx context.Context, ids []string) (map[string]gatepost.CameraAdmission, error) {
	out := make(map[string]gatepost.CameraAdmission, len(ids))
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), statusChunk)]
		ids = ids[len(chunk):]
		_, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
			var a gatepost.CameraAdmission
			if err := row.Scan(&id, &a.State, &a.Unmeasured, &a.Epoch, &a.Node); err != nil {
				return id, err
			}
			out[id] = a
			return id, nil
		}, `SELECT c.id, c.state, c.acceptance = '', COALESCE(s.epoch, 0), COALESCE(s.node, '')
		    FROM cameras c LEFT JOIN camera_status s ON s.camera_id = c.id
		    WHERE c.id IN (`+placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, s.failed("read cameras' admission", "camera", err)
		}
	}
	return out, nil
}

// PutStatuses stores gateways' words on cameras, each fenced by its epoch: an
// older epoch than the stored one changes nothing. Every camera must exist and
// be named once. SeenAt must be set.
func (s *Store) PutStatuses(ctx context.Context, statuses []gatepost.CameraStatus) error {
	const columns = 15
	for len(statuses) > 0 {
		chunk := statuses[:min(len(statuses), statusChunk)]
		statuses = statuses[len(chunk):]
		rows := make([]string, len(chunk))
		args := make([]any, 0, columns*len(chunk))
		for i, st := range chunk {
			measurement, err := json.Marshal(st.Measurement)
			if err != nil {
				return fmt.Errorf("encode measurement of camera %s: %w", st.CameraID, err)
			}
			rows[i] = "(" + placeholders(1+columns*i, columns) + ")"
			args = append(args, st.CameraID, st.Node, st.Epoch, st.Online, st.Recording, ms(st.Since), ms(st.SeenAt),
				st.Protocol, string(st.EndReason), string(measurement), int64(st.Viewers),
				string(st.Problem), msOrZero(st.ProblemSince), string(st.Picture), msOrZero(st.PictureSince))
		}
		if err := s.putStatusChunk(ctx, rows, args); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putStatusChunk(ctx context.Context, rows []string, args []any) error {
	_, err := s.exec(ctx, "store camera status", "camera status",
		`INSERT INTO camera_status (camera_id, node, epoch, online, recording, since, seen_at, protocol, end_reason, measurement, viewers,
			problem, problem_since, picture, picture_since)
		 VALUES `+strings.Join(rows, ", ")+`
		 ON CONFLICT (camera_id) DO UPDATE SET node = excluded.node, epoch = excluded.epoch, online = excluded.online,
			recording = excluded.recording, since = excluded.since, seen_at = excluded.seen_at, protocol = excluded.protocol,
			end_reason = excluded.end_reason, measurement = excluded.measurement, viewers = excluded.viewers,
			problem = excluded.problem, problem_since = excluded.problem_since,
			picture = excluded.picture, picture_since = excluded.picture_since
		 WHERE excluded.epoch >= camera_status.epoch`, args...)
	return err
}

// fenceStatus writes the control plane's own word on a camera under its new
// epoch, so that no gateway's word on an older session counts any more.
func fenceStatus(ctx context.Context, tx *sql.Tx, c gatepost.Camera) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO camera_status (camera_id, node, epoch, online, recording, since, seen_at, end_reason)
		 VALUES ($1, '', $2, FALSE, FALSE, $3, $3, $4)
		 ON CONFLICT (camera_id) DO UPDATE SET epoch = excluded.epoch, node = '', online = FALSE, recording = FALSE,
			since = excluded.since, seen_at = excluded.seen_at, end_reason = excluded.end_reason, viewers = 0, problem = '', problem_since = 0,
			picture = '', picture_since = 0`,
		c.ID, c.Epoch, ms(c.UpdatedAt), string(gatepost.EndSuspended))
	return err
}

// CameraStatuses returns the newest word on each of some cameras, by id;
// cameras that were never reported are left out. How old a word is, SeenAt
// says.
func (s *Store) CameraStatuses(ctx context.Context, ids []string) (map[string]gatepost.CameraStatus, error) {
	out := make(map[string]gatepost.CameraStatus, len(ids))
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), statusChunk)]
		ids = ids[len(chunk):]
		statuses, err := queryAll(ctx, s.read, scanStatus,
			`SELECT camera_id, node, epoch, online, recording, since, seen_at, protocol, end_reason, measurement, viewers, problem, problem_since, picture, picture_since
			 FROM camera_status WHERE camera_id IN (`+placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, s.failed("read camera status", "camera status", err)
		}
		for _, st := range statuses {
			out[st.CameraID] = st
		}
	}
	return out, nil
}

func scanStatus(row scanner) (gatepost.CameraStatus, error) {
	var (
		st            gatepost.CameraStatus
		since, seenAt int64
		measurement   string
		viewers       int64
		problemSince  int64
		pictureSince  int64
	)
	if err := row.Scan(&st.CameraID, &st.Node, &st.Epoch, &st.Online, &st.Recording, &since, &seenAt, &st.Protocol, &st.EndReason,
		&measurement, &viewers, &st.Problem, &problemSince, &st.Picture, &pictureSince); err != nil {
		return st, err
	}
	st.Since, st.SeenAt, st.Viewers = fromMS(since), fromMS(seenAt), int(viewers)
	st.ProblemSince, st.PictureSince = fromMS(problemSince), fromMS(pictureSince)
	if measurement != "" {
		if err := json.Unmarshal([]byte(measurement), &st.Measurement); err != nil {
			return st, fmt.Errorf("decode measurement of camera %s: %w", st.CameraID, err)
		}
	}
	return st, nil
}

// msOrZero is ms with 0 for no time.
func msOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return ms(t)
}
