package sqlstore

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
)

// MissingRecordings returns those of some recordings' ids that no row has.
func (s *Store) MissingRecordings(ctx context.Context, ids []string) ([]string, error) {
	var missing []string
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), statusChunk)]
		ids = ids[len(chunk):]
		found, err := queryAll(ctx, s.read, func(row scanner) (id string, err error) {
			err = row.Scan(&id)
			return id, err
		}, `SELECT id FROM recordings WHERE id IN (`+placeholders(1, len(chunk))+`)
		   UNION SELECT id FROM recordings_ended WHERE id IN (`+placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, s.failed("look for recordings", "recording", err)
		}
		there := make(map[string]bool, len(found))
		for _, id := range found {
			there[id] = true
		}
		for _, id := range chunk {
			if !there[id] {
				missing = append(missing, id)
			}
		}
	}
	return missing, nil
}

// SilenceCameras marks cameras offline whose gateway last spoke of them before a
// time, as at that time: it has died. Cameras of the gateways in except stay as they are. It returns how many they were.
func (s *Store) SilenceCameras(ctx context.Context, before time.Time, except []string) (int64, error) {
	args := append([]any{string(gatepost.EndCrash), ms(before)}, anys(except)...)
	query := `UPDATE camera_status SET online = FALSE, recording = FALSE, since = seen_at, end_reason = $1, viewers = 0, problem = '', problem_since = 0,
			picture = '', picture_since = 0
		 WHERE online AND seen_at < $2`
	if len(except) > 0 {
		query += ` AND node NOT IN (` + placeholders(3, len(except)) + `)`
	}
	return s.exec(ctx, "mark silent cameras", "camera status", query, args...)
}

// CountCameras counts cameras by state. Words from before fresh do not count;
// RowsLate are those that record since before late and have no recording that
// began after.
func (s *Store) CountCameras(ctx context.Context, fresh, late time.Time) (gatepost.CameraCounts, error) {
	n, err := queryOne(ctx, s.read, func(row scanner) (n gatepost.CameraCounts, err error) {
		err = row.Scan(&n.Online, &n.Recording, &n.Problem, &n.Offline)
		return n, err
	}, `SELECT COUNT(*) FILTER (WHERE s.online AND s.seen_at >= $1), COUNT(*) FILTER (WHERE s.online AND s.recording AND s.seen_at >= $1),
			COUNT(*) FILTER (WHERE s.online AND s.problem <> '' AND s.seen_at >= $1),
			COUNT(*) FILTER (WHERE c.state = 'in_service' AND NOT COALESCE(s.online AND s.seen_at >= $1, FALSE))
		 FROM cameras c LEFT JOIN camera_status s ON s.camera_id = c.id`, ms(fresh))
	if err != nil {
		return n, s.failed("count cameras", "camera", err)
	}
	n.RowsLate, err = queryOne(ctx, s.read, func(row scanner) (n int, err error) {
		err = row.Scan(&n)
		return n, err
	}, `SELECT COUNT(*) FROM camera_status s WHERE s.online AND s.recording AND s.seen_at >= $1 AND s.since < $2
			AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.camera_id = s.camera_id AND r.start_us >= $3)`, ms(fresh), ms(late), late.UnixMicro())
	if err != nil {
		return n, s.failed("count cameras without rows", "recording", err)
	}
	return n, nil
}
