package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const notificationColumns = `id, organisation_id, kind, at, camera_id, detail`

// insertNotification tells an organisation something, within a transaction,
// together with what it tells of.
func insertNotification(ctx context.Context, q querier, n gatepost.Notification) error {
	if n.ID == "" {
		n.ID = gatepost.NewID()
	}
	if n.At.IsZero() {
		n.At = time.Now()
	}
	detail, err := json.Marshal(n.Detail)
	if err != nil {
		return fmt.Errorf("encode notification: %w", err)
	}
	_, err = q.ExecContext(ctx, `INSERT INTO notifications (`+notificationColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		n.ID, n.Organisation, string(n.Kind), ms(n.At), n.CameraID, string(detail))
	return err
}

// Notifications lists what an organisation was told, newest first, at most
// limit, older than the one with id before ("" for the newest).
func (s *Store) Notifications(ctx context.Context, organisation, before string, limit int) ([]gatepost.Notification, error) {
	list, err := queryAll(ctx, s.read, scanNotification,
		`SELECT `+notificationColumns+` FROM notifications WHERE organisation_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		organisation, before, limit)
	return list, s.failed("list notifications", "notification", err)
}

func scanNotification(row scanner) (gatepost.Notification, error) {
	var (
		n      gatepost.Notification
		at     int64
		detail string
	)
	if err := row.Scan(&n.ID, &n.Organisation, &n.Kind, &at, &n.CameraID, &detail); err != nil {
		return n, err
	}
	n.At = fromMS(at)
	if err := json.Unmarshal([]byte(detail), &n.Detail); err != nil {
		return n, fmt.Errorf("decode notification %s: %w", n.ID, err)
	}
	return n, nil
}
