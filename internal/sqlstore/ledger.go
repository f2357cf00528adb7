package sqlstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const ledgerColumns = `id, at, kind, actor, organisation_id, camera_id, allowed, detail`

// AppendLedger adds an entry to the ledger. An empty ID and a zero At are filled in. Entries
// are never changed and never removed.
func (s *Store) AppendLedger(ctx context.Context, e gatepost.LedgerEntry) error {
	return s.failed("append to ledger", "ledger entry", s.retry(ctx, func() error {
		return s.appendLedger(ctx, s.write, e)
	}))
}

// appendLedger adds an entry within a transaction, together with what it tells
// of, and seals it: what is inserted by hand has no seal.
func (s *Store) appendLedger(ctx context.Context, q querier, e gatepost.LedgerEntry) error {
	if e.ID == "" {
		e.ID = gatepost.NewID()
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	r, err := e.Record()
	if err != nil {
		return err
	}
	key, err := s.sealKey(ctx, q)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx,
		`INSERT INTO ledger (`+ledgerColumns+`, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.At, r.Kind, r.Actor, r.Organisation, r.CameraID, r.Allowed, r.Detail, seal(key, r))
	return err
}

// sealKey returns the secret that entries are sealed with. It is read once: it
// does not change.
func (s *Store) sealKey(ctx context.Context, q querier) ([]byte, error) {
	if key := s.seal.Load(); key != nil {
		return *key, nil
	}
	key, err := ledgerSecret(ctx, q, "seal")
	if err == nil {
		s.seal.Store(&key)
	}
	return key, err
}

// seal is an HMAC (RFC 2104) over all that an entry says.
func seal(key []byte, r gatepost.LedgerRecord) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(r.Encode())
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// LedgerByCamera lists the entries about a camera, newest first, at most limit
// of them, older than the entry with id before ("" for the newest).
func (s *Store) LedgerByCamera(ctx context.Context, cameraID, before string, limit int) ([]gatepost.LedgerEntry, error) {
	entries, err := queryAll(ctx, s.read, scanLedger,
		`SELECT `+ledgerColumns+` FROM ledger
		 WHERE camera_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		cameraID, before, limit)
	return entries, s.failed("list ledger", "ledger entry", err)
}

// LedgerByActor lists the entries of an actor, newest first, at most limit of
// them, older than the entry with id before ("" for the newest).
func (s *Store) LedgerByActor(ctx context.Context, actor, before string, limit int) ([]gatepost.LedgerEntry, error) {
	entries, err := queryAll(ctx, s.read, scanLedger,
		`SELECT `+ledgerColumns+` FROM ledger WHERE actor = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		actor, before, limit)
	return entries, s.failed("list ledger", "ledger entry", err)
}

// LedgerRows lists the entries that a filter chooses, newest first, at most limit of
// them, older than the one with id before ("" for the newest).
func (s *Store) LedgerRows(ctx context.Context, f gatepost.LedgerFilter, before string, limit int) ([]gatepost.LedgerRow, error) {
	args := []any{before, string(f.Kind), f.CameraID, ms(f.Since), ms(f.Until), limit, f.Owner}
	list := func(of string) string {
		return `SELECT ` + ledgerColumns + `, seq, seal FROM ledger
			WHERE ($1 = '' OR id < $1) AND ($2 = '' OR kind = $2) AND ($3 = '' OR camera_id = $3)
			  AND (at >= $4 OR $4 = 0) AND (at < $5 OR $5 = 0)` + of
	}
	query := list("")
	if f.Owner == "" {
		args = args[:6]
	} else {
		// Two halves, each of which has an index.
		query = list(` AND camera_id IN (SELECT id FROM cameras WHERE owner_id = $7)`) +
			` UNION ALL ` + list(` AND camera_id = '' AND organisation_id = $7`)
	}
	rows, err := queryAll(ctx, s.read, s.scanLedgerRow(nil), query+` ORDER BY id DESC LIMIT $6`, args...)
	return rows, s.failed("list ledger", "ledger entry", err)
}

// LedgerRow returns one entry. It fails with NotFound.
func (s *Store) LedgerRow(ctx context.Context, id string) (gatepost.LedgerRow, error) {
	row, err := queryOne(ctx, s.read, s.scanLedgerRow(nil), `SELECT `+ledgerColumns+`, seq, seal FROM ledger WHERE id = $1`, id)
	return row, s.failed("read ledger entry", "ledger entry", err)
}

func scanLedger(row scanner) (gatepost.LedgerEntry, error) {
	r, err := scanLedgerRecord(row)
	if err != nil {
		return gatepost.LedgerEntry{}, err
	}
	return r.Entry()
}

func scanLedgerRecord(row scanner, more ...any) (r gatepost.LedgerRecord, err error) {
	return r, row.Scan(append([]any{&r.ID, &r.At, &r.Kind, &r.Actor, &r.Organisation, &r.CameraID, &r.Allowed, &r.Detail}, more...)...)
}

// sealing is what a seal is checked with.
type sealing struct {
	key    []byte
	before string // the newest entry that may be without a seal
}

// scanLedgerRow scans the columns, seq and seal. Without a sealing, Sealed says
// nothing.
func (s *Store) scanLedgerRow(with *sealing) func(scanner) (gatepost.LedgerRow, error) {
	return func(row scanner) (out gatepost.LedgerRow, err error) {
		var seq sql.NullInt64
		var sealed string
		if out.LedgerRecord, err = scanLedgerRecord(row, &seq, &sealed); err != nil {
			return out, err
		}
		out.Seq = -1
		if seq.Valid {
			out.Seq = seq.Int64
		}
		if with != nil {
			out.Sealed = hmac.Equal([]byte(sealed), []byte(seal(with.key, out.LedgerRecord))) ||
				sealed == "before" && strings.Compare(out.ID, with.before) <= 0
		}
		return out, nil
	}
}

func ledgerSecret(ctx context.Context, q querier, purpose string) ([]byte, error) {
	var text string
	if err := q.QueryRowContext(ctx, `SELECT secret FROM ledger_keys WHERE purpose = $1`, purpose).Scan(&text); err != nil {
		return nil, fmt.Errorf("read the ledger's key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("read the ledger's key: malformed") // not the cause: it quotes the key
	}
	return key, nil
}
