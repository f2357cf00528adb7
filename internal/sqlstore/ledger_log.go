package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
)

// ledgerChunk is how many entries or hashes one statement writes.
const ledgerChunk = 200

// ensureLedgerKeys makes the ledger's secrets when it has none and nothing is
// signed yet. It fails with Conflict when they are gone: new ones would make a
// ledger that was tampered with look whole.
func (s *Store) ensureLedgerKeys(ctx context.Context) error {
	return s.tx(ctx, "make the ledger's keys", "ledger key", func(tx *sql.Tx) error {
		var keys, size int64
		var note string
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_keys`).Scan(&keys); err != nil {
			return err
		}
		if keys == 2 {
			return nil
		}
		if err := tx.QueryRowContext(ctx, `SELECT size, note FROM ledger_head WHERE name = 'ledger'`).Scan(&size, &note); err != nil {
			return err
		}
		if keys != 0 || size != 0 || note != "" {
			return &gatepost.Error{Code: gatepost.Conflict, Message: s.place + " has lost the keys of its ledger (table ledger_keys); restore them from a backup"}
		}
		for _, purpose := range []string{"sign", "seal"} {
			secret := make([]byte, 32)
			_, _ = rand.Read(secret) // never fails
			if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_keys (purpose, secret, created_at) VALUES ($1, $2, $3)`,
				purpose, base64.StdEncoding.EncodeToString(secret), ms(time.Now())); err != nil {
				if isUnique(err) {
					return again(err) // another process made them
				}
				return err
			}
		}
		return nil
	})
}

// LedgerKey returns the Ed25519 seed that checkpoints are signed with (32
// bytes, RFC 8032 §5.1.5).
func (s *Store) LedgerKey(ctx context.Context) ([]byte, error) {
	seed, err := ledgerSecret(ctx, s.read, "sign")
	return seed, s.failed("read the ledger's key", "ledger key", err)
}

// LedgerHead returns how far the ledger is integrated.
func (s *Store) LedgerHead(ctx context.Context) (gatepost.LedgerHead, error) {
	head, err := ledgerHead(ctx, s.read)
	return head, s.failed("read the ledger's head", "ledger head", err)
}

func ledgerHead(ctx context.Context, q querier) (h gatepost.LedgerHead, err error) {
	var at int64
	err = q.QueryRowContext(ctx, `SELECT size, note, signed_at FROM ledger_head WHERE name = 'ledger'`).Scan(&h.Size, &h.Note, &at)
	h.SignedAt = fromMS(at)
	return h, err
}

// LedgerHashes returns stored hashes of the tree by their index
// (tlog.StoredHashIndex). It fails when one is missing.
func (s *Store) LedgerHashes(ctx context.Context, indexes []int64) ([]tlog.Hash, error) {
	hashes, err := ledgerHashes(ctx, s.read, indexes)
	return hashes, s.failed("read the ledger's hashes", "ledger hash", err)
}

func ledgerHashes(ctx context.Context, q querier, indexes []int64) ([]tlog.Hash, error) {
	found := make(map[int64]tlog.Hash, len(indexes))
	for rest := indexes; len(rest) > 0; {
		chunk := rest[:min(len(rest), ledgerChunk)]
		rest = rest[len(chunk):]
		args := make([]any, len(chunk))
		for i, index := range chunk {
			args[i] = index
		}
		lines, err := queryAll(ctx, q, scanLedgerHash, `SELECT idx, hash FROM ledger_hashes WHERE idx IN (`+placeholders(1, len(chunk))+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			found[l.Index] = l.Hash
		}
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := found[index]
		if !ok {
			return nil, fmt.Errorf("hash %d of the ledger's tree is missing or malformed", index)
		}
		out[i] = h
	}
	return out, nil
}

// LedgerHash is one stored hash of the tree.
type LedgerHash struct {
	Index int64
	Hash  tlog.Hash
}

// LedgerHashesFrom lists stored hashes in the order of their index, beginning
// at one. A malformed one comes as zeros.
func (s *Store) LedgerHashesFrom(ctx context.Context, index int64, limit int) ([]LedgerHash, error) {
	lines, err := queryAll(ctx, s.read, scanLedgerHash, `SELECT idx, hash FROM ledger_hashes WHERE idx >= $1 ORDER BY idx LIMIT $2`, index, limit)
	return lines, s.failed("list the ledger's hashes", "ledger hash", err)
}

func scanLedgerHash(row scanner) (l LedgerHash, err error) {
	var text string
	if err := row.Scan(&l.Index, &text); err != nil {
		return l, err
	}
	if h, err := tlog.ParseHash(text); err == nil {
		l.Hash = h
	}
	return l, nil
}

// LedgerRowsFrom lists integrated entries in the order of their leaves,
// beginning at one, and says which are sealed.
func (s *Store) LedgerRowsFrom(ctx context.Context, seq int64, limit int) ([]gatepost.LedgerRow, error) {
	return s.sealedRows(ctx, `WHERE seq >= $1 ORDER BY seq LIMIT $2`, seq, limit)
}

// PendingLedgerRows lists entries that are not integrated, by id, after one, and says
// which are sealed.
func (s *Store) PendingLedgerRows(ctx context.Context, after string, limit int) ([]gatepost.LedgerRow, error) {
	return s.sealedRows(ctx, `WHERE seq IS NULL AND id > $1 ORDER BY id LIMIT $2`, after, limit)
}

func (s *Store) sealedRows(ctx context.Context, where string, args ...any) ([]gatepost.LedgerRow, error) {
	with, err := s.sealing(ctx, s.read)
	if err != nil {
		return nil, s.failed("list ledger", "ledger entry", err)
	}
	rows, err := queryAll(ctx, s.read, s.scanLedgerRow(with), `SELECT `+ledgerColumns+`, seq, seal FROM ledger `+where, args...)
	return rows, s.failed("list ledger", "ledger entry", err)
}

func (s *Store) sealing(ctx context.Context, q querier) (*sealing, error) {
	key, err := s.sealKey(ctx, q)
	if err != nil {
		return nil, err
	}
	with := &sealing{key: key}
	return with, q.QueryRowContext(ctx, `SELECT before FROM ledger_head WHERE name = 'ledger'`).Scan(&with.before)
}

// IntegrateLedger gives up to limit sealed entries their numbers, by id, writes
// the hashes of the tree with them, and the note that sign makes: one transaction, which
// only one of several integrators at once wins. sign gets the head and the root
// before, to compare with what was signed then, and the tree of the note to be; it may
// be called more than once. It signs the empty tree too.
//
// It returns how many entries it integrated, and whether it passed over some
// that have no seal.
func (s *Store) IntegrateLedger(ctx context.Context, now time.Time, limit int,
	sign func(before gatepost.LedgerHead, was tlog.Hash, tree tlog.Tree) (note string, err error)) (done int, unsealed bool, err error) {
	head, err := s.LedgerHead(ctx)
	if err != nil {
		return 0, false, err
	}
	// The usual case, without a transaction: there is nothing to do.
	pending, unsealed, err := s.pendingLedger(ctx, s.read, limit)
	if err != nil || len(pending) == 0 && head.Note != "" {
		return 0, unsealed, s.failed("list ledger", "ledger entry", err)
	}
	err = s.tx(ctx, "integrate ledger", "ledger entry", func(tx *sql.Tx) error {
		done = 0
		head, err := ledgerHead(ctx, tx)
		if err != nil {
			return err
		}
		rows, more, err := s.pendingLedger(ctx, tx, limit)
		if err != nil {
			return err
		}
		unsealed = more
		if len(rows) == 0 && head.Note != "" {
			return nil
		}
		t := &growingTree{ctx: ctx, q: tx, known: map[int64]tlog.Hash{}}
		was, err := tlog.TreeHash(head.Size, t)
		if err != nil {
			return err
		}
		size := head.Size
		for _, r := range rows {
			if err := t.add(size, tlog.RecordHash(r.Encode())); err != nil {
				return err
			}
			size++
		}
		root, err := tlog.TreeHash(size, t)
		if err != nil {
			return err
		}
		note, err := sign(head, was, tlog.Tree{N: size, Hash: root})
		if err != nil {
			return err
		}
		n, err := changed(tx.ExecContext(ctx, `UPDATE ledger_head SET size = $1, note = $2, signed_at = $3 WHERE name = 'ledger' AND size = $4`,
			size, note, ms(now), head.Size))
		if err != nil {
			return err
		}
		if n == 0 {
			return again(errors.New("another integrator was first"))
		}
		if err := t.write(); err != nil {
			return err
		}
		done = len(rows)
		return numberLedger(ctx, tx, rows, head.Size)
	})
	if err != nil {
		return 0, unsealed, err
	}
	return done, unsealed, nil
}

// pendingLedger lists up to limit sealed entries that are not integrated, by
// id, and tells whether it passed over others.
func (s *Store) pendingLedger(ctx context.Context, q querier, limit int) (rows []gatepost.LedgerRow, unsealed bool, err error) {
	with, err := s.sealing(ctx, q)
	if err != nil {
		return nil, false, err
	}
	after := ""
	for {
		page, err := queryAll(ctx, q, s.scanLedgerRow(with),
			`SELECT `+ledgerColumns+`, seq, seal FROM ledger WHERE seq IS NULL AND id > $1 ORDER BY id LIMIT $2`, after, limit)
		if err != nil {
			return nil, false, err
		}
		for _, r := range page {
			after = r.ID
			if !r.Sealed {
				unsealed = true
			} else if rows = append(rows, r); len(rows) == limit {
				return rows, unsealed, nil
			}
		}
		if len(page) < limit {
			return rows, unsealed, nil
		}
	}
}

// numberLedger gives entries consecutive numbers.
func numberLedger(ctx context.Context, tx *sql.Tx, rows []gatepost.LedgerRow, first int64) error {
	for len(rows) > 0 {
		chunk := rows[:min(len(rows), ledgerChunk)]
		rows = rows[len(chunk):]
		var query strings.Builder
		query.WriteString(`UPDATE ledger SET seq = CASE id`)
		args := make([]any, 0, 2*len(chunk))
		for i, r := range chunk {
			fmt.Fprintf(&query, " WHEN $%d THEN $%d", 2*i+1, 2*i+2)
			args = append(args, r.ID, first+int64(i))
		}
		query.WriteString(` ELSE seq END WHERE seq IS NULL AND id IN (`)
		for i := range chunk {
			if i > 0 {
				query.WriteByte(',')
			}
			fmt.Fprintf(&query, "$%d", 2*i+1)
		}
		query.WriteByte(')')
		n, err := changed(tx.ExecContext(ctx, query.String(), args...))
		if err != nil {
			return err
		}
		if n != int64(len(chunk)) {
			return again(errors.New("another integrator was first"))
		}
		first += int64(len(chunk))
	}
	return nil
}

// growingTree is the stored tree and the hashes that are about to be stored.
type growingTree struct {
	ctx   context.Context // of the one call that it lives in
	q     querier
	known map[int64]tlog.Hash
	added []LedgerHash
}

// ReadHashes implements tlog.HashReader.
func (t *growingTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var missing []int64
	for _, i := range indexes {
		if _, ok := t.known[i]; !ok {
			missing = append(missing, i)
		}
	}
	hashes, err := ledgerHashes(t.ctx, t.q, missing)
	if err != nil {
		return nil, err
	}
	for i, h := range hashes {
		t.known[missing[i]] = h
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = t.known[index]
	}
	return out, nil
}

// add appends a leaf.
func (t *growingTree) add(n int64, leaf tlog.Hash) error {
	hashes, err := tlog.StoredHashesForRecordHash(n, leaf, t)
	if err != nil {
		return err
	}
	index := tlog.StoredHashIndex(0, n)
	for i, h := range hashes {
		t.known[index+int64(i)] = h
		t.added = append(t.added, LedgerHash{index + int64(i), h})
	}
	return nil
}

// write stores what was added.
func (t *growingTree) write() error {
	for rest := t.added; len(rest) > 0; {
		chunk := rest[:min(len(rest), ledgerChunk)]
		rest = rest[len(chunk):]
		var query strings.Builder
		query.WriteString(`INSERT INTO ledger_hashes (idx, hash) VALUES `)
		args := make([]any, 0, 2*len(chunk))
		for i, l := range chunk {
			if i > 0 {
				query.WriteByte(',')
			}
			fmt.Fprintf(&query, "($%d, $%d)", 2*i+1, 2*i+2)
			args = append(args, l.Index, l.Hash.String())
		}
		if _, err := t.q.ExecContext(t.ctx, query.String(), args...); err != nil {
			return err
		}
	}
	return nil
}
