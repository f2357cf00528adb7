package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

// AppendLedger adds an entry to the ledger. An empty ID and a zero At are filled in. Entries
// are never changed and never removed.
func (s *Store) AppendLedger(ctx context.Context, e gatepost.LedgerEntry) error {
	return s.failed("append to ledger", "ledger entry", s.retry(ctx, func() error {
		return appendLedger(ctx, s.write, e)
	}))
}

// appendLedger adds an entry within a transaction, together with what it tells of.
func appendLedger(ctx context.Context, q querier, e gatepost.LedgerEntry) error {
	if e.ID == "" {
		e.ID = gatepost.NewID()
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	detail := ""
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("encode ledger entry: %w", err)
		}
		detail = string(b)
	}
	_, err := q.ExecContext(ctx,
		`INSERT INTO ledger (id, at, kind, actor, organisation_id, camera_id, allowed, detail)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.ID, ms(e.At), string(e.Kind), e.Actor, e.Organisation, e.CameraID, e.Allowed, detail)
	return err
}

// LedgerByCamera lists the entries about a camera, newest first, at most limit
// of them, older than the entry with id before ("" for the newest).
func (s *Store) LedgerByCamera(ctx context.Context, cameraID, before string, limit int) ([]gatepost.LedgerEntry, error) {
	entries, err := queryAll(ctx, s.read, scanLedger,
		`SELECT id, at, kind, actor, organisation_id, camera_id, allowed, detail FROM ledger
		 WHERE camera_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		cameraID, before, limit)
	return entries, s.failed("list ledger", "ledger entry", err)
}

func scanLedger(row scanner) (gatepost.LedgerEntry, error) {
	var (
		e      gatepost.LedgerEntry
		at     int64
		detail string
	)
	if err := row.Scan(&e.ID, &at, &e.Kind, &e.Actor, &e.Organisation, &e.CameraID, &e.Allowed, &detail); err != nil {
		return e, err
	}
	e.At = fromMS(at)
	if detail != "" {
		if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
			return e, fmt.Errorf("decode ledger entry %s: %w", e.ID, err)
		}
	}
	return e, nil
}
