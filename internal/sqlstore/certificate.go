package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatepost-video/gatepost"
)

const certificateColumns = `id, camera_id, day, rule, recordings, bytes, first_at, last_at, sum, digest, issued_at`

// certificateRests is how long nothing of a day may have been deleted for its
// certificate to be issued though something is left of it.
const certificateRests = 24 * time.Hour

// IssueCertificates closes the certificates of a camera's days of which nothing is
// left, or nothing was deleted for a day, writes each into the ledger and returns how many.
func (s *Store) IssueCertificates(ctx context.Context, cameraID string, now time.Time) (issued int, err error) {
	open, err := queryAll(ctx, s.read, scanCertificate,
		`SELECT `+certificateColumns+` FROM retention_certificates WHERE camera_id = $1 AND issued_at IS NULL ORDER BY day LIMIT 100`, cameraID)
	if err != nil {
		return 0, s.failed("list certificates", "certificate", err)
	}
	for _, c := range open {
		done := false
		err := s.tx(ctx, "issue certificate", "certificate", func(tx *sql.Tx) error {
			var err error
			done, err = s.issue(ctx, tx, c.ID, now)
			return err
		})
		if err != nil {
			return issued, err
		}
		if done {
			issued++
		}
	}
	return issued, nil
}

func (s *Store) issue(ctx context.Context, tx *sql.Tx, id string, now time.Time) (bool, error) {
	c, err := queryOne(ctx, tx, scanCertificate, `SELECT `+certificateColumns+` FROM retention_certificates WHERE id = $1`, id)
	if err != nil || c.IssuedAt != nil {
		return false, err
	}
	var left bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM recordings WHERE camera_id = $1 AND start_us >= $2 AND start_us < $3)`,
		c.CameraID, us(c.Day), us(c.Day.AddDate(0, 0, 1))).Scan(&left); err != nil {
		return false, err
	}
	if left && now.Sub(c.Last) < certificateRests {
		return false, nil
	}
	c.Digest = c.Sum.Digest()
	if _, err := tx.ExecContext(ctx, `UPDATE retention_certificates SET sum = '', digest = $2, issued_at = $3 WHERE id = $1`, c.ID, c.Digest, ms(now)); err != nil {
		return false, err
	}
	entry := c.LedgerEntry()
	entry.At = now
	return true, s.appendLedger(ctx, tx, entry)
}

// DeletionCertificates lists certificates, newest first, those that are not issued yet
// too, at most limit of them, older than the one with id before ("" for the newest): about
// the cameras that an organisation owns (all with ""), about one camera when cameraID is not "".
func (s *Store) DeletionCertificates(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.DeletionCertificate, error) {
	list, err := queryAll(ctx, s.read, scanCertificate,
		`SELECT `+certificateColumns+` FROM retention_certificates
		 WHERE ($1 = '' OR camera_id IN (SELECT id FROM cameras WHERE owner_id = $1))
		   AND ($2 = '' OR camera_id = $2) AND ($3 = '' OR id < $3)
		 ORDER BY id DESC LIMIT $4`, owner, cameraID, before, limit)
	return list, s.failed("list certificates", "certificate", err)
}

func scanCertificate(row scanner) (gatepost.DeletionCertificate, error) {
	var (
		c                gatepost.DeletionCertificate
		day, first, last int64
		sum              string
		issued           sql.NullInt64
	)
	if err := row.Scan(&c.ID, &c.CameraID, &day, &c.Rule, &c.Recordings, &c.Bytes, &first, &last, &sum, &c.Digest, &issued); err != nil {
		return c, err
	}
	c.Day, c.First, c.Last, c.IssuedAt = fromMS(day), fromMS(first), fromMS(last), fromNullMS(issued)
	if sum == "" {
		return c, nil
	}
	var err error
	c.Sum, err = gatepost.ParseDeletionSum(sum)
	return c, err
}
