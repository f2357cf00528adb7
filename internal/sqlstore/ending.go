package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Whatever takes the ground of looks away is written first, in a transaction that
// touches no look, together with a row of endings; then the looks are revoked, a
// batch in a transaction. So nobody can hold a revocation up by looking. What a crash
// leaves over, the next FinishEndings does.

// endingBatch is how many looks one transaction revokes.
const endingBatch = 50

// endingPage is how many endings FinishEndings takes at once.
const endingPage = 100

// An ending is something that has been taken away, and the looks with it.
type ending struct{ id, kind, thing string }

// The kinds of endings, by what is taken away.
const (
	endingUser     = "user"     // a person's right to look at all
	endingCamera   = "camera"   // a camera from its owner: every look and link
	endingStanding = "standing" // a camera from the local police: standing looks of others
	endingMoved    = "moved"    // a camera from where it was: the same, and those under incidents
	endingBasis    = "basis"    // what "incident:<id>" and the like name
	endingShare    = "share"    // a share link
	endingShares   = "shares"   // share links of an owner's cameras
)

const standingLooks = `camera_id = $1 AND share_id = '' AND organisation_id <> (SELECT owner_id FROM cameras WHERE id = $1)
	AND user_id NOT IN (SELECT id FROM users WHERE role = 'admin')`

// endingLooks says which looks end, by kind. $1 is the thing.
var endingLooks = map[string]string{
	endingUser:     `user_id = $1`,
	endingCamera:   `camera_id = $1`,
	endingStanding: standingLooks + ` AND basis = ''`,
	endingMoved:    standingLooks + ` AND (basis = '' OR basis LIKE 'incident:%')`,
	endingBasis:    `basis = $1`,
	endingShare:    `share_id = $1`,
	endingShares: `share_id IN (SELECT s.id FROM shares s JOIN cameras c ON c.id = s.camera_id
		WHERE c.owner_id = $1 AND s.revoked_at IS NOT NULL)`,
}

// endingOthers says what ends before the looks, by kind. $2 is the time.
var endingOthers = map[string][]string{
	endingUser: {
		`UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL`,
		`UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND user_id IN (SELECT id FROM users WHERE disabled)`,
	},
	endingCamera: {`UPDATE shares SET revoked_at = $2 WHERE camera_id = $1 AND revoked_at IS NULL`},
}

// newEnding notes what a transaction takes away. After its commit, finish it.
func newEnding(ctx context.Context, tx *sql.Tx, kind, thing string) (ending, error) {
	e := ending{gatepost.NewID(), kind, thing}
	_, err := tx.ExecContext(ctx, `INSERT INTO endings (id, kind, thing) VALUES ($1, $2, $3)`, e.id, e.kind, e.thing)
	return e, err
}

// FinishEndings revokes the looks whose ground was taken away by somebody who did not
// come to the end of it. Of several that are called at once each look is revoked by one.
func (s *Store) FinishEndings(ctx context.Context, now time.Time) error {
	for {
		list, err := queryAll(ctx, s.read, func(row scanner) (e ending, err error) {
			return e, row.Scan(&e.id, &e.kind, &e.thing)
		}, `SELECT id, kind, thing FROM endings ORDER BY id LIMIT $1`, endingPage)
		if err != nil {
			return s.failed("list endings", "ending", err)
		}
		if err := s.finish(ctx, list, now); err != nil || len(list) < endingPage {
			return err
		}
	}
}

// finish revokes the looks of endings that are committed, until none is left. Those
// that are written down meanwhile find their ground gone by themselves.
func (s *Store) finish(ctx context.Context, list []ending, now time.Time) error {
	for _, e := range list {
		for done := false; !done; {
			var err error
			if done, err = s.finishBatch(ctx, e, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// finishBatch revokes some of an ending's looks; done tells that these were the last.
func (s *Store) finishBatch(ctx context.Context, e ending, now time.Time) (done bool, err error) {
	err = s.txInTurn(ctx, "end looks", "grant", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE endings SET kind = kind WHERE id = $1`, e.id))
		if done = err == nil && n == 0; done || err != nil {
			return err // somebody else came to its end
		}
		for _, query := range endingOthers[e.kind] {
			if _, err := tx.ExecContext(ctx, query, e.thing, ms(now)); err != nil {
				return err
			}
		}
		ended, err := revokeWhere(ctx, tx,
			`id IN (SELECT id FROM grants WHERE `+endingLooks[e.kind]+fmt.Sprintf(` AND revoked_at IS NULL AND expires_at > $2 LIMIT %d)`, endingBatch),
			e.thing, now)
		if err != nil {
			return err
		}
		if done = ended < endingBatch; !done {
			return nil
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM endings WHERE id = $1`, e.id)
		return err
	})
	return done && err == nil, err
}

// txInTurn is tx for those who revoke, one after the other: it waits for rows that others
// are changing, and then sees what they made of them, instead of losing against them.
func (s *Store) txInTurn(ctx context.Context, op, thing string, fn func(tx *sql.Tx) error) error {
	return s.txWaiting(ctx, op, thing, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE revocation_head SET last = last WHERE id = 1`); err != nil {
			return err
		}
		return fn(tx)
	})
}

// revokeWhere revokes the grants that a condition chooses ($1 is arg) and that are not
// revoked yet, appends them to what gateways learn, and returns how many they were.
// The transaction has its turn.
func revokeWhere(ctx context.Context, tx *sql.Tx, where, arg string, at time.Time) (int, error) {
	type line struct {
		id      string
		expires int64
	}
	lines, err := queryAll(ctx, tx, func(row scanner) (l line, err error) {
		return l, row.Scan(&l.id, &l.expires)
	}, `UPDATE grants SET revoked_at = $2 WHERE `+where+` AND revoked_at IS NULL RETURNING id, expires_at`, arg, ms(at))
	if err != nil || len(lines) == 0 {
		return 0, err
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `UPDATE revocation_head SET last = last + $1 WHERE id = 1 RETURNING last`,
		int64(len(lines))).Scan(&last); err != nil {
		return 0, err
	}
	rows, args := make([]string, 0, len(lines)), make([]any, 0, 4*len(lines))
	for i, l := range lines {
		rows = append(rows, "("+placeholders(len(args)+1, 4)+")")
		args = append(args, last-int64(len(lines)-1-i), l.id, l.expires, ms(at))
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO revocations (seq, grant_id, expires_at, created_at) VALUES `+strings.Join(rows, ", "), args...)
	return len(lines), err
}
