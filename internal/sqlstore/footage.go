package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	footageRequestColumns = `id, organisation_id, asked_by, asked_at, area, from_us, to_us, case_number, reason, expires_at, withdrawn_by, withdrawn_at`
	footageAnswerColumns  = `id, request_id, grantee_id, holder_id, cameras, from_us, to_us, may_copy, case_number, answer, answered_by, answered_at,
	until_at, revoked_by, revoked_at`
)

// CreateFootageRequest stores a request and writes entry into the ledger. Owners
// do not hear of it yet.
func (s *Store) CreateFootageRequest(ctx context.Context, r gatepost.FootageRequest, entry gatepost.LedgerEntry) error {
	area, err := json.Marshal(r.Area)
	if err != nil {
		return fmt.Errorf("encode area: %w", err)
	}
	return s.tx(ctx, "create footage request", "footage request", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO footage_requests (`+footageRequestColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			r.ID, r.Organisation, r.AskedBy, ms(r.AskedAt), string(area), us(r.From), us(r.To), r.CaseNumber, r.Reason, ms(r.Expires),
			r.WithdrawnBy, msOrNull(r.WithdrawnAt)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// FootageRequest returns a request, whatever became of it. It fails with NotFound.
func (s *Store) FootageRequest(ctx context.Context, id string) (gatepost.FootageRequest, error) {
	r, err := queryOne(ctx, s.read, scanFootageRequest, `SELECT `+footageRequestColumns+` FROM footage_requests WHERE id = $1`, id)
	return r, s.failed("read footage request", "footage request", err)
}

// FootageReceived returns a request that reached an owner. It fails with NotFound.
func (s *Store) FootageReceived(ctx context.Context, id, owner string) (gatepost.FootageRequest, error) {
	r, err := queryOne(ctx, s.read, scanFootageRequest,
		`SELECT `+footageRequestColumns+` FROM footage_requests
		 WHERE id = $1 AND id IN (SELECT request_id FROM footage_asked WHERE owner_id = $2)`, id, owner)
	return r, s.failed("read footage request", "footage request", err)
}

// FootageRequests lists what an organisation asked for (all with ""), newest first,
// at most limit, older than the one with id before ("" for the newest).
func (s *Store) FootageRequests(ctx context.Context, organisation, before string, limit int) ([]gatepost.FootageRequest, error) {
	list, err := queryAll(ctx, s.read, scanFootageRequest,
		`SELECT `+footageRequestColumns+` FROM footage_requests
		 WHERE ($1 = '' OR organisation_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, organisation, before, limit)
	return list, s.failed("list footage requests", "footage request", err)
}

// FootageRequestsReceived lists the requests that reached an owner, as
// FootageRequests does.
func (s *Store) FootageRequestsReceived(ctx context.Context, owner, before string, limit int) ([]gatepost.FootageRequest, error) {
	list, err := queryAll(ctx, s.read, scanFootageRequest,
		`SELECT `+footageRequestColumns+` FROM footage_requests
		 WHERE id IN (SELECT request_id FROM footage_asked WHERE owner_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		owner, before, limit)
	return list, s.failed("list footage requests", "footage request", err)
}

// FootageRequestsToTell lists requests that owners have not heard of, or not of
// their withdrawal, oldest first, at most limit.
func (s *Store) FootageRequestsToTell(ctx context.Context, limit int) ([]gatepost.FootageRequest, error) {
	list, err := queryAll(ctx, s.read, scanFootageRequest,
		`SELECT `+footageRequestColumns+` FROM footage_requests WHERE NOT told ORDER BY id LIMIT $1`, limit)
	return list, s.failed("list footage requests", "footage request", err)
}

// TellFootageRequest stores whom a request reaches, each of the notifications'
// organisations, and writes entry into the ledger. It does nothing when another
// process has done it already, or the request was withdrawn.
func (s *Store) TellFootageRequest(ctx context.Context, id string, list []gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "tell of footage request", "footage request", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE footage_requests SET told = TRUE WHERE id = $1 AND NOT told AND withdrawn_at IS NULL`, id))
		if err != nil || n == 0 {
			return err
		}
		for _, note := range list {
			if _, err := tx.ExecContext(ctx, `INSERT INTO footage_asked (request_id, owner_id) VALUES ($1, $2)`, id, note.Organisation); err != nil {
				return err
			}
			if err := insertNotification(ctx, tx, note); err != nil {
				return err
			}
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// TellFootageWithdrawal stores the notification that a request was withdrawn for
// every owner whom it had reached. It does nothing when another process has done
// it already.
func (s *Store) TellFootageWithdrawal(ctx context.Context, id string, note gatepost.Notification) error {
	return s.tx(ctx, "tell of footage request", "footage request", func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE footage_requests SET told = TRUE WHERE id = $1 AND NOT told AND withdrawn_at IS NOT NULL`, id))
		if err != nil || n == 0 {
			return err
		}
		owners, err := queryAll(ctx, tx, scanText, `SELECT owner_id FROM footage_asked WHERE request_id = $1 ORDER BY owner_id`, id)
		if err != nil {
			return err
		}
		for _, owner := range owners {
			note.Organisation = owner
			if err := insertNotification(ctx, tx, note); err != nil {
				return err
			}
		}
		return nil
	})
}

// WithdrawFootageRequest ends a request, every answer to it and every look that
// rests on one. Owners do not hear of it yet. It fails with NotFound, and with
// Conflict when it was withdrawn before.
func (s *Store) WithdrawFootageRequest(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error {
	var ends []ending
	err := s.tx(ctx, "withdraw footage request", "footage request", func(tx *sql.Tx) error {
		ends = nil
		n, err := changed(tx.ExecContext(ctx,
			`UPDATE footage_requests SET withdrawn_by = $2, withdrawn_at = $3, told = FALSE WHERE id = $1 AND withdrawn_at IS NULL`, id, by, ms(at)))
		if err != nil {
			return err
		}
		if n == 0 {
			if _, err := queryOne(ctx, tx, scanFootageRequest, `SELECT `+footageRequestColumns+` FROM footage_requests WHERE id = $1`, id); err != nil {
				return err
			}
			return &gatepost.Error{Code: gatepost.Conflict, Message: "this request was withdrawn before"}
		}
		answers, err := queryAll(ctx, tx, scanFootageAnswer, `SELECT `+footageAnswerColumns+` FROM footage_answers WHERE request_id = $1 AND revoked_at IS NULL`, id)
		if err != nil {
			return err
		}
		for _, a := range answers {
			e, err := revokeFootageAnswer(ctx, tx, a.ID, by, at)
			if err != nil {
				return err
			}
			ends = append(ends, e)
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, ends, at)
}

// FootageAnswers lists the answers to some requests, of one holder or of all
// with "", oldest first.
func (s *Store) FootageAnswers(ctx context.Context, requests []string, holder string) ([]gatepost.FootageAnswer, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	list, err := queryAll(ctx, s.read, scanFootageAnswer,
		`SELECT `+footageAnswerColumns+` FROM footage_answers
		 WHERE ($1 = '' OR holder_id = $1) AND request_id IN (`+placeholders(2, len(requests))+`) ORDER BY id`, append([]any{holder}, anys(requests)...)...)
	return list, s.failed("list footage answers", "footage request", err)
}

// AnswerFootageRequest stores an owner's answer to a request that reached him,
// tells those who asked, and writes entry into the ledger. It fails with Gone when the request is over
// at the answer's time, and with Conflict when an answer of his stands.
func (s *Store) AnswerFootageRequest(ctx context.Context, a gatepost.FootageAnswer, tell gatepost.Notification, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "answer footage request", "footage request", func(tx *sql.Tx) error {
		r, err := queryOne(ctx, tx, scanFootageRequest, `SELECT `+footageRequestColumns+` FROM footage_requests WHERE id = $1`, a.Request)
		if err != nil {
			return err
		}
		if !r.Open(a.AnsweredAt) {
			return &gatepost.Error{Code: gatepost.Gone, Message: "this request was withdrawn, or is over"}
		}
		_, err = tx.ExecContext(ctx,
			`INSERT INTO footage_answers (`+footageAnswerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			a.ID, a.Request, a.Grantee, a.Holder, strings.Join(a.Cameras, ","), us(a.From), us(a.To), a.Copy, a.CaseNumber, a.Answer, a.AnsweredBy,
			ms(a.AnsweredAt), ms(a.Until), a.RevokedBy, msOrNull(a.RevokedAt))
		if isUnique(err) {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "your organisation has answered this; revoke the answer before you give another", Err: err}
		}
		if err != nil {
			return err
		}
		for _, id := range a.Cameras {
			if _, err := tx.ExecContext(ctx, `INSERT INTO footage_cameras (answer_id, camera_id, grantee_id) VALUES ($1, $2, $3)`, a.ID, id, a.Grantee); err != nil {
				return err
			}
		}
		if err := insertNotification(ctx, tx, tell); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}

// RevokeFootageAnswer ends an answer and every look that rests on it, tells
// those who asked, and writes entry into the ledger. It fails with Conflict when
// it was revoked before.
func (s *Store) RevokeFootageAnswer(ctx context.Context, id, by string, at time.Time, tell gatepost.Notification, entry gatepost.LedgerEntry) error {
	var ends []ending
	err := s.tx(ctx, "revoke footage answer", "footage request", func(tx *sql.Tx) error {
		e, err := revokeFootageAnswer(ctx, tx, id, by, at)
		if err != nil {
			return err
		}
		ends = []ending{e}
		if err := insertNotification(ctx, tx, tell); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, ends, at)
}

func revokeFootageAnswer(ctx context.Context, tx *sql.Tx, id, by string, at time.Time) (ending, error) {
	n, err := changed(tx.ExecContext(ctx,
		`UPDATE footage_answers SET revoked_by = $2, revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL`, id, by, ms(at)))
	if err != nil {
		return ending{}, err
	}
	if n == 0 {
		return ending{}, &gatepost.Error{Code: gatepost.Conflict, Message: "this answer was revoked before"}
	}
	return newEnding(ctx, tx, endingBasis, "footage:"+id)
}

func scanFootageRequest(row scanner) (gatepost.FootageRequest, error) {
	var (
		r                          gatepost.FootageRequest
		area                       string
		askedAt, from, to, expires int64
		withdrawnAt                sql.NullInt64
	)
	if err := row.Scan(&r.ID, &r.Organisation, &r.AskedBy, &askedAt, &area, &from, &to, &r.CaseNumber, &r.Reason, &expires, &r.WithdrawnBy, &withdrawnAt); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(area), &r.Area); err != nil {
		return r, fmt.Errorf("decode area of footage request %s: %w", r.ID, err)
	}
	r.AskedAt, r.From, r.To, r.Expires, r.WithdrawnAt = fromMS(askedAt), fromUS(from), fromUS(to), fromMS(expires), fromNullMS(withdrawnAt)
	return r, nil
}

func scanFootageAnswer(row scanner) (gatepost.FootageAnswer, error) {
	var (
		a                           gatepost.FootageAnswer
		cameras                     string
		from, to, answeredAt, until int64
		revokedAt                   sql.NullInt64
	)
	if err := row.Scan(&a.ID, &a.Request, &a.Grantee, &a.Holder, &cameras, &from, &to, &a.Copy, &a.CaseNumber, &a.Answer, &a.AnsweredBy, &answeredAt,
		&until, &a.RevokedBy, &revokedAt); err != nil {
		return a, err
	}
	a.Cameras, a.From, a.To = splitList(cameras), fromUS(from), fromUS(to)
	a.AnsweredAt, a.Until, a.RevokedAt = fromMS(answeredAt), fromMS(until), fromNullMS(revokedAt)
	return a, nil
}

func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}
