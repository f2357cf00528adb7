package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
)

// notificationLife is for how long an e-mail about a notification is tried.
const notificationLife = 24 * time.Hour

const selectMessage = `SELECT m.id, m.purpose, m.contact_kind, m.contact, m.organisation_id, m.about, m.secret, m.state, m.attempts, m.next_at,
	m.last_error, m.created_at, m.expires_at, m.sent_at, COALESCE(o.name, ''), n.id, n.kind, n.at, n.camera_id, n.detail
	FROM messages m LEFT JOIN organisations o ON o.id = m.organisation_id LEFT JOIN notifications n ON n.id = m.about`

// insertMessage has a person written to, within the transaction of what it is
// about.
func insertMessage(ctx context.Context, q querier, m gatepost.Message) error {
	_, err := q.ExecContext(ctx,
		`INSERT INTO messages (id, purpose, contact_kind, contact, organisation_id, about, secret, state, next_at, created_at, expires_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $8, $9)`,
		m.ID, string(m.Purpose), string(m.To.Kind), m.To.Value, m.Organisation, m.About, m.Secret, ms(m.CreatedAt), ms(m.ExpiresAt))
	return err
}

// withdrawMessages stops the messages about something that is done or over, and
// erases their secrets.
func withdrawMessages(ctx context.Context, q querier, about string) error {
	if _, err := q.ExecContext(ctx,
		`UPDATE messages SET state = 'dead', last_error = 'it was no longer needed' WHERE about = $1 AND state = 'waiting'`, about); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `UPDATE messages SET secret = '' WHERE about = $1`, about)
	return err
}

// writeNotification has every member of an organisation who wants it written to
// about a notification.
func writeNotification(ctx context.Context, tx *sql.Tx, n gatepost.Notification, now time.Time) error {
	readers, err := queryAll(ctx, tx, scanUserContact,
		selectUserContact+` JOIN users u ON u.id = c.user_id
		 WHERE u.organisation_id = $1 AND NOT u.disabled AND c.notify AND c.contact_kind = 'email' ORDER BY c.user_id`, n.Organisation)
	if err != nil {
		return err
	}
	for _, r := range readers {
		m := gatepost.Message{ID: gatepost.NewID(), Purpose: gatepost.MessageNotification, To: r.Contact, Organisation: n.Organisation, About: n.ID,
			CreatedAt: now, ExpiresAt: now.Add(notificationLife)}
		if err := insertMessage(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// DueMessages takes the messages by ways of contact that are due, at most limit:
// until lease has passed, nobody else is given them.
func (s *Store) DueMessages(ctx context.Context, ways []gatepost.ContactKind, now time.Time, lease time.Duration, limit int) (list []gatepost.Message, err error) {
	email, phone := slices.Contains(ways, gatepost.ContactEmail), slices.Contains(ways, gatepost.ContactPhone)
	err = s.tx(ctx, "take messages", "message", func(tx *sql.Tx) error {
		var err error
		list, err = queryAll(ctx, tx, scanMessage,
			selectMessage+` WHERE m.state = 'waiting' AND m.next_at <= $1 AND m.expires_at > $1
				AND ($2 AND m.contact_kind = 'email' OR $3 AND m.contact_kind = 'phone') ORDER BY m.next_at LIMIT $4`, ms(now), email, phone, limit)
		if err != nil {
			return err
		}
		for _, m := range list {
			if _, err := tx.ExecContext(ctx, `UPDATE messages SET next_at = $2 WHERE id = $1`, m.ID, ms(now.Add(lease))); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// FinishMessage stores what became of a try and, when entry is not nil, writes
// it into the ledger. A message that was sent keeps no secret. It does nothing
// when the message no longer waits: it was withdrawn during the try, or is over.
func (s *Store) FinishMessage(ctx context.Context, m gatepost.Message, entry *gatepost.LedgerEntry) error {
	return s.tx(ctx, "finish message", "message", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE messages SET state = $2, attempts = $3, next_at = $4, last_error = $5, sent_at = $6,
				secret = CASE WHEN $2 = 'delivered' THEN '' ELSE secret END WHERE id = $1 AND state = 'waiting'`,
			m.ID, string(m.State), int64(m.Attempts), ms(m.NextAt), m.LastError, msOrNull(m.SentAt)))
		if err != nil || n == 0 || entry == nil {
			return err
		}
		return s.appendLedger(ctx, tx, *entry)
	})
}

// ExpireMessages gives up the messages that are of no use any more and erases
// their secrets.
func (s *Store) ExpireMessages(ctx context.Context, now time.Time) error {
	_, err := s.exec(ctx, "expire messages", "message",
		`UPDATE messages SET secret = '', state = CASE WHEN state = 'waiting' THEN 'dead' ELSE state END,
			last_error = CASE WHEN state = 'waiting' AND last_error = '' THEN 'its time was over before it was sent' ELSE last_error END
		 WHERE expires_at <= $1 AND (secret <> '' OR state = 'waiting')`, ms(now))
	return err
}

// Messages lists the messages of an organisation (all with "") in a state (in
// any with ""), newest first, at most limit, older than the one with id before
// ("" for the newest).
func (s *Store) Messages(ctx context.Context, organisation string, state gatepost.DeliveryState, before string, limit int) ([]gatepost.Message, error) {
	list, err := queryAll(ctx, s.read, scanMessage,
		selectMessage+` WHERE ($1 = '' OR m.organisation_id = $1) AND ($2 = '' OR m.state = $2) AND ($3 = '' OR m.id < $3) ORDER BY m.id DESC LIMIT $4`,
		organisation, string(state), before, limit)
	return list, s.failed("list messages", "message", err)
}

// RetryMessage makes a message that was given up due again, while it is of use.
// It fails with NotFound when there is none.
func (s *Store) RetryMessage(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, "retry message", "message",
		`UPDATE messages SET state = 'waiting', attempts = 0, next_at = $2
		 WHERE id = $1 AND state = 'dead' AND expires_at > $2 AND (secret <> '' OR purpose = 'notification')`, id, ms(now))
}

func scanMessage(row scanner) (gatepost.Message, error) {
	var (
		m                          gatepost.Message
		attempts                   int64
		next, created, expires     int64
		sent, at                   sql.NullInt64
		note, kind, camera, detail sql.NullString
	)
	if err := row.Scan(&m.ID, &m.Purpose, &m.To.Kind, &m.To.Value, &m.Organisation, &m.About, &m.Secret, &m.State, &attempts, &next,
		&m.LastError, &created, &expires, &sent, &m.OrganisationName, &note, &kind, &at, &camera, &detail); err != nil {
		return m, err
	}
	m.Attempts, m.NextAt, m.CreatedAt, m.ExpiresAt, m.SentAt = int(attempts), fromMS(next), fromMS(created), fromMS(expires), fromNullMS(sent)
	if !note.Valid {
		return m, nil
	}
	n := gatepost.Notification{ID: note.String, Organisation: m.Organisation, Kind: gatepost.NotificationKind(kind.String), At: fromMS(at.Int64), CameraID: camera.String}
	if err := json.Unmarshal([]byte(detail.String), &n.Detail); err != nil {
		return m, fmt.Errorf("decode notification %s: %w", n.ID, err)
	}
	m.Notification = &n
	return m, nil
}
