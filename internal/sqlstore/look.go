package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
)

const lookColumns = `id, grant_id, camera_id, transport, start_at, end_at, bytes, ended`

// PutLooks takes the word of a node on looks, at a time. What it said before
// about the same looks is replaced. A look that ends is written into the ledger,
// once; once more only if it turns out to have gone on.
func (s *Store) PutLooks(ctx context.Context, node string, looks []gatepost.Look, now time.Time) error {
	for len(looks) > 0 {
		chunk := looks[:min(len(looks), statusChunk)]
		looks = looks[len(chunk):]
		err := s.tx(ctx, "put looks", "look", func(tx *sql.Tx) error {
			for _, l := range chunk {
				if err := s.putLook(ctx, tx, node, l, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putLook(ctx context.Context, tx *sql.Tx, node string, l gatepost.Look, now time.Time) error {
	was, err := queryOne(ctx, tx, scanLook, `SELECT `+lookColumns+` FROM looks WHERE id = $1`, l.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if was.Ended && l.End.UnixMilli() <= was.End.UnixMilli() {
		return nil // told again
	}
	if _, err := tx.ExecContext(ctx,
		`INSERT INTO looks (`+lookColumns+`, node, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		 ON CONFLICT (id) DO UPDATE SET end_at = EXCLUDED.end_at, bytes = EXCLUDED.bytes, ended = EXCLUDED.ended, seen_at = EXCLUDED.seen_at`,
		l.ID, l.GrantID, l.CameraID, l.Transport, ms(l.Start), ms(l.End), l.Bytes, l.Ended, node, ms(now)); err != nil {
		return err
	}
	if !l.Ended {
		return nil
	}
	return s.lookEnded(ctx, tx, l, now)
}

// CloseLooks ends up to limit looks of which nothing was heard since a time,
// as after the crash of a gateway, and returns how many.
func (s *Store) CloseLooks(ctx context.Context, before, now time.Time, limit int) (closed int, err error) {
	const silent = `SELECT ` + lookColumns + ` FROM looks WHERE NOT ended AND seen_at < $1 ORDER BY seen_at LIMIT $2`
	looks, err := queryAll(ctx, s.read, scanLook, silent, ms(before), limit)
	if err != nil || len(looks) == 0 {
		return 0, s.failed("list looks", "look", err)
	}
	err = s.tx(ctx, "close looks", "look", func(tx *sql.Tx) error {
		looks, err := queryAll(ctx, tx, scanLook, silent, ms(before), limit)
		if err != nil {
			return err
		}
		for _, l := range looks {
			if _, err := tx.ExecContext(ctx, `UPDATE looks SET ended = TRUE WHERE id = $1`, l.ID); err != nil {
				return err
			}
			if err := s.lookEnded(ctx, tx, l, now); err != nil {
				return err
			}
		}
		closed = len(looks)
		return nil
	})
	return closed, err
}

// lookEnded writes into the ledger who watched what, why, from when to when.
func (s *Store) lookEnded(ctx context.Context, tx *sql.Tx, l gatepost.Look, now time.Time) error {
	e := gatepost.LedgerEntry{At: now, Kind: gatepost.LedgerLook, Actor: "system", CameraID: l.CameraID, Allowed: true, Detail: map[string]string{
		"look": l.ID, "grant": l.GrantID, "transport": l.Transport, "bytes": strconv.FormatInt(l.Bytes, 10),
		"start": l.Start.UTC().Format(time.RFC3339Nano), "end": l.End.UTC().Format(time.RFC3339Nano)}}
	g, err := queryOne(ctx, tx, scanGrant, `SELECT `+grantColumns+` FROM grants WHERE id = $1`, l.GrantID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil {
		e.Actor, e.Organisation, e.CameraID = g.UserID, g.Organisation, g.CameraID
		if g.ShareID != "" {
			e.Actor = "share:" + g.ShareID
		}
		for name, v := range map[string]string{"action": string(g.Action), "purpose": g.Purpose, "reason": g.Reason, "case_number": g.CaseNumber, "basis": g.Basis} {
			if v != "" {
				e.Detail[name] = v
			}
		}
	}
	return s.appendLedger(ctx, tx, e)
}

// LooksByGrant lists the looks under a grant, oldest first.
func (s *Store) LooksByGrant(ctx context.Context, grantID string) ([]gatepost.Look, error) {
	looks, err := queryAll(ctx, s.read, scanLook, `SELECT `+lookColumns+` FROM looks WHERE grant_id = $1 ORDER BY start_at, id LIMIT 1000`, grantID)
	return looks, s.failed("list looks", "look", err)
}

func scanLook(row scanner) (l gatepost.Look, err error) {
	var start, end int64
	err = row.Scan(&l.ID, &l.GrantID, &l.CameraID, &l.Transport, &start, &end, &l.Bytes, &l.Ended)
	l.Start, l.End = fromMS(start), fromMS(end)
	return l, err
}
