package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const webhookColumns = `id, organisation_id, url, secret, created_by, created_at, removed_at`

// CreateWebhook stores a webhook and writes entry into the ledger.
func (s *Store) CreateWebhook(ctx context.Context, w gatepost.Webhook, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "create webhook", "webhook", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO webhooks (`+webhookColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			w.ID, w.Organisation, w.URL, w.Secret, w.CreatedBy, ms(w.CreatedAt), msOrNull(w.RemovedAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Webhooks lists the webhooks of an organisation that are not removed, at most
// limit, by id, after the one with id after.
func (s *Store) Webhooks(ctx context.Context, organisation, after string, limit int) ([]gatepost.Webhook, error) {
	list, err := queryAll(ctx, s.read, scanWebhook,
		`SELECT `+webhookColumns+` FROM webhooks WHERE organisation_id = $1 AND id > $2 AND removed_at IS NULL ORDER BY id LIMIT $3`,
		organisation, after, limit)
	return list, s.failed("list webhooks", "webhook", err)
}

// RemoveWebhook ends a webhook of an organisation, gives its waiting deliveries
// up and writes entry into the ledger. It fails with NotFound.
func (s *Store) RemoveWebhook(ctx context.Context, organisation, id string, at time.Time, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "remove webhook", "webhook", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE webhooks SET removed_at = $3 WHERE id = $1 AND organisation_id = $2 AND removed_at IS NULL`, id, organisation, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			return sql.ErrNoRows
		}
		if _, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'dead', last_error = 'the webhook was removed'
			WHERE webhook_id = $1 AND state = 'waiting'`, id); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// Dispatch makes a delivery of each notification that has none yet, for every
// webhook of its organisation, at most limit notifications, and returns how many
// it took on. With mail it has the members written to who want that. Done by several processes at once, each notification gets its
// deliveries once.
func (s *Store) Dispatch(ctx context.Context, now time.Time, mail bool, limit int) (n int, err error) {
	err = s.tx(ctx, "dispatch notifications", "notification", func(tx *sql.Tx) error {
		list, err := queryAll(ctx, tx, scanNotification,
			`SELECT `+notificationColumns+` FROM notifications WHERE dispatched_at IS NULL ORDER BY id LIMIT $1`, limit)
		if err != nil {
			return err
		}
		n = len(list)
		for _, note := range list {
			if _, err := tx.ExecContext(ctx, `UPDATE notifications SET dispatched_at = $2 WHERE id = $1`, note.ID, ms(now)); err != nil {
				return err
			}
			if mail {
				if err := writeNotification(ctx, tx, note, now); err != nil {
					return err
				}
			}
			hooks, err := queryAll(ctx, tx, scanWebhook,
				`SELECT `+webhookColumns+` FROM webhooks WHERE organisation_id = $1 AND removed_at IS NULL ORDER BY id LIMIT 100`, note.Organisation)
			if err != nil {
				return err
			}
			for _, h := range hooks {
				if _, err := tx.ExecContext(ctx,
					`INSERT INTO deliveries (id, webhook_id, notification_id, state, next_at) VALUES ($1, $2, $3, 'waiting', $4)
					 ON CONFLICT (webhook_id, notification_id) DO NOTHING`,
					gatepost.NewID(), h.ID, note.ID, ms(now)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return n, err
}

const selectDelivery = `SELECT d.id, d.state, d.attempts, d.next_at, d.last_error, d.delivered_at,
	w.id, w.organisation_id, w.url, w.secret, w.created_by, w.created_at, w.removed_at,
	n.id, n.organisation_id, n.kind, n.at, n.camera_id, n.detail
	FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN notifications n ON n.id = d.notification_id`

// DueDeliveries takes the deliveries that are due, at most limit: until lease has
// passed, nobody else is given them.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, lease time.Duration, limit int) (list []gatepost.Delivery, err error) {
	err = s.tx(ctx, "take deliveries", "delivery", func(tx *sql.Tx) error {
		var err error
		list, err = queryAll(ctx, tx, scanDelivery, selectDelivery+` WHERE d.state = 'waiting' AND d.next_at <= $1 ORDER BY d.next_at LIMIT $2`, ms(now), limit)
		if err != nil {
			return err
		}
		for _, d := range list {
			if _, err := tx.ExecContext(ctx, `UPDATE deliveries SET next_at = $2 WHERE id = $1`, d.ID, ms(now.Add(lease))); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// FinishDelivery stores what became of a try.
func (s *Store) FinishDelivery(ctx context.Context, d gatepost.Delivery) error {
	_, err := s.exec(ctx, "finish delivery", "delivery",
		`UPDATE deliveries SET state = $2, attempts = $3, next_at = $4, last_error = $5, delivered_at = $6 WHERE id = $1`,
		d.ID, string(d.State), int64(d.Attempts), ms(d.NextAt), d.LastError, msOrNull(d.DeliveredAt))
	return err
}

// Deliveries lists the deliveries of an organisation in a state (in any with ""),
// newest first, at most limit, older than the one with id before ("" for the
// newest).
func (s *Store) Deliveries(ctx context.Context, organisation string, state gatepost.DeliveryState, before string, limit int) ([]gatepost.Delivery, error) {
	list, err := queryAll(ctx, s.read, scanDelivery,
		selectDelivery+` WHERE w.organisation_id = $1 AND ($2 = '' OR d.state = $2) AND ($3 = '' OR d.id < $3) ORDER BY d.id DESC LIMIT $4`,
		organisation, string(state), before, limit)
	return list, s.failed("list deliveries", "delivery", err)
}

// RetryDelivery makes a dead delivery of an organisation due again. It fails
// with NotFound when there is none.
func (s *Store) RetryDelivery(ctx context.Context, organisation, id string, now time.Time) error {
	return s.execOne(ctx, "retry delivery", "delivery",
		`UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $3
		 WHERE id = $1 AND state = 'dead' AND webhook_id IN (SELECT id FROM webhooks WHERE organisation_id = $2 AND removed_at IS NULL)`,
		id, organisation, ms(now))
}

func scanWebhook(row scanner) (gatepost.Webhook, error) {
	var (
		w       gatepost.Webhook
		created int64
		removed sql.NullInt64
	)
	err := row.Scan(&w.ID, &w.Organisation, &w.URL, &w.Secret, &w.CreatedBy, &created, &removed)
	w.CreatedAt, w.RemovedAt = fromMS(created), fromNullMS(removed)
	return w, err
}

func scanDelivery(row scanner) (gatepost.Delivery, error) {
	var (
		d                          gatepost.Delivery
		attempts, next, hooked, at int64
		delivered, removed         sql.NullInt64
		detail                     string
	)
	w, n := &d.Webhook, &d.Notification
	if err := row.Scan(&d.ID, &d.State, &attempts, &next, &d.LastError, &delivered,
		&w.ID, &w.Organisation, &w.URL, &w.Secret, &w.CreatedBy, &hooked, &removed,
		&n.ID, &n.Organisation, &n.Kind, &at, &n.CameraID, &detail); err != nil {
		return d, err
	}
	d.Attempts, d.NextAt, d.DeliveredAt = int(attempts), fromMS(next), fromNullMS(delivered)
	w.CreatedAt, w.RemovedAt, n.At = fromMS(hooked), fromNullMS(removed), fromMS(at)
	if err := json.Unmarshal([]byte(detail), &n.Detail); err != nil {
		return d, fmt.Errorf("decode notification %s: %w", n.ID, err)
	}
	return d, nil
}
