package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const lookColumns = `id, grant_id, camera_id, transport, start_at, end_at, bytes, ended`

// PutLooks takes the word of a node on looks, at a time. What it said before
// about the same looks is replaced; of several words on one, the last counts. A look
// that ends is written into the ledger, once; once more only if it turns out to have
// gone on.
func (s *Store) PutLooks(ctx context.Context, node string, looks []gatepost.Look, now time.Time) error {
	for len(looks) > 0 {
		chunk := looks[:min(len(looks), statusChunk)]
		looks = looks[len(chunk):]
		err := s.tx(ctx, "put looks", "look", func(tx *sql.Tx) error { return s.putLooks(ctx, tx, node, chunk, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putLooks(ctx context.Context, tx *sql.Tx, node string, looks []gatepost.Look, now time.Time) error {
	last := make(map[string]gatepost.Look, len(looks))
	for _, l := range looks {
		last[l.ID] = l
	}
	ids := slices.Sorted(maps.Keys(last))
	known, err := queryAll(ctx, tx, scanLook, `SELECT `+lookColumns+` FROM looks WHERE id IN (`+placeholders(1, len(ids))+`)`, anys(ids)...)
	if err != nil {
		return err
	}
	for _, was := range known {
		if was.Ended && ms(last[was.ID].End) <= ms(was.End) {
			delete(last, was.ID) // told again
		}
	}
	if len(last) == 0 {
		return nil
	}
	const columns = 10
	var rows []string
	var args []any
	for _, id := range slices.Sorted(maps.Keys(last)) {
		l := last[id]
		rows = append(rows, "("+placeholders(1+len(args), columns)+")")
		args = append(args, l.ID, l.GrantID, l.CameraID, l.Transport, ms(l.Start), ms(l.End), l.Bytes, l.Ended, node, ms(now))
	}
	if _, err := tx.ExecContext(ctx,
		`INSERT INTO looks (`+lookColumns+`, node, seen_at) VALUES `+strings.Join(rows, ", ")+`
		 ON CONFLICT (id) DO UPDATE SET end_at = EXCLUDED.end_at, bytes = EXCLUDED.bytes, ended = EXCLUDED.ended, seen_at = EXCLUDED.seen_at`,
		args...); err != nil {
		return err
	}
	for _, id := range ids {
		if l, ok := last[id]; ok && l.Ended {
			if err := s.lookEnded(ctx, tx, l, now); err != nil {
				return err
			}
		}
	}
	return nil
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
