package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// world is a store and the same database by hand.
type world struct {
	*sqlstore.Store
	t  *testing.T
	db *sql.DB
	f  *ledger.Function
}

func newWorld(t *testing.T, driver, url string) *world {
	t.Helper()
	w := &world{Store: storetest.Open(t, url), t: t}
	var err error
	if w.db, err = sql.Open(driver, strings.TrimPrefix(url, "sqlite://")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	w.f = ledger.New(ledger.Options{Store: w.Store})
	return w
}

// sqlite is a world that needs no server.
func sqlite(t *testing.T) *world { return newWorld(t, "sqlite", storetest.SQLite(t)) }

func (w *world) append(n int) {
	w.t.Helper()
	for i := range n {
		if err := w.AppendLedger(w.t.Context(), gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: fmt.Sprintf("u%d", i), Allowed: true,
			Detail: map[string]string{"reason": "盗窃案", "n": fmt.Sprint(i)}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) run() {
	w.t.Helper()
	if err := w.f.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) byHand(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) verify(o ledger.VerifyOptions) *ledger.Report {
	w.t.Helper()
	r, err := ledger.Verify(w.t.Context(), w.Store, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) checkpoint() string {
	w.t.Helper()
	head, err := w.LedgerHead(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return head.Note
}

func TestVerify(t *testing.T) {
	w := sqlite(t)
	if r := w.verify(ledger.VerifyOptions{}); !r.Whole() || r.Size != 0 {
		t.Fatalf("before the first round: %+v", r)
	}
	w.run()
	empty := w.checkpoint()
	var kept []string
	for _, n := range []int{1, 1, 2, 5, 100, 1500} {
		w.append(n)
		w.run()
		kept = append(kept, w.checkpoint())
	}
	w.append(3)
	for _, c := range append(kept, "", empty) {
		r := w.verify(ledger.VerifyOptions{Checkpoint: c})
		if !r.Whole() || r.Size != 1609 || r.Pending != 3 {
			t.Errorf("with a checkpoint of %q: %+v", c, r)
		}
	}
	before := w.checkpoint()
	w.run()
	after := w.checkpoint()
	w.run()
	if before == after || w.checkpoint() != after {
		t.Error("a round integrates what is there, and nothing when there is nothing")
	}
}

// TestTampering does by hand what somebody with the database might.
func TestTampering(t *testing.T) {
	const insert = `INSERT INTO ledger (id, at, kind, actor, organisation_id, camera_id, allowed, detail) VALUES ($1, $2, 'grant', 'u', '', '', TRUE, '')`
	now := func() int64 { return time.Now().UnixMilli() }
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want ledger.FindingKind
		seq  int64 // of the finding; -1 for any
	}{
		{"detail altered", func(w *world) { w.byHand(`UPDATE ledger SET detail = '{"reason":"x"}' WHERE seq = 17`) }, ledger.Altered, 17},
		{"a space in the detail", func(w *world) { w.byHand(`UPDATE ledger SET detail = detail || ' ' WHERE seq = 0`) }, ledger.Altered, 0},
		{"refusal made of a permission", func(w *world) { w.byHand(`UPDATE ledger SET allowed = FALSE WHERE seq = 39`) }, ledger.Altered, 39},
		{"actor altered", func(w *world) { w.byHand(`UPDATE ledger SET actor = 'somebody' WHERE seq = 5`) }, ledger.Altered, 5},
		{"time altered", func(w *world) { w.byHand(`UPDATE ledger SET at = at - 1 WHERE seq = 5`) }, ledger.Altered, 5},
		{"removed in the middle", func(w *world) { w.byHand(`DELETE FROM ledger WHERE seq = 12`) }, ledger.Removed, 12},
		{"the last removed", func(w *world) { w.byHand(`DELETE FROM ledger WHERE seq = 39`) }, ledger.Removed, 39},
		{"numbers closed up", func(w *world) {
			w.byHand(`DELETE FROM ledger WHERE seq = 38`)
			w.byHand(`UPDATE ledger SET seq = 38 WHERE seq = 39`)
		}, ledger.Removed, 39},
		{"two swapped", func(w *world) {
			w.byHand(`UPDATE ledger SET seq = 9000 WHERE seq = 3`)
			w.byHand(`UPDATE ledger SET seq = 3 WHERE seq = 4`)
			w.byHand(`UPDATE ledger SET seq = 4 WHERE seq = 9000`)
		}, ledger.Altered, 3},
		{"taken out of the tree", func(w *world) { w.byHand(`UPDATE ledger SET seq = NULL WHERE seq = 7`) }, ledger.Removed, 7},
		{"inserted", func(w *world) { w.byHand(insert, gatepost.NewID(), now()) }, ledger.Inserted, -1},
		{"inserted, and a round runs", func(w *world) {
			w.byHand(insert, gatepost.NewID(), now())
			w.append(2)
			w.run()
		}, ledger.Inserted, -1},
		{"inserted for the past", func(w *world) { w.byHand(insert, "00000000-0000-7000-8000-000000000000", now()-86_400_000) }, ledger.Inserted, -1},
		{"inserted as older than seals", func(w *world) {
			w.byHand(insert, "00000000-0000-7000-8000-000000000000", now()-86_400_000)
			w.byHand(`UPDATE ledger SET seal = 'before' WHERE seal = ''`)
		}, ledger.Inserted, -1},
		{"inserted with a number beyond", func(w *world) {
			w.byHand(insert, "00000000-0000-7000-8000-000000000000", now())
			w.byHand(`UPDATE ledger SET seq = 40 WHERE seq IS NULL`)
		}, ledger.Inserted, 40},
		{"inserted with a number below", func(w *world) {
			w.byHand(insert, "00000000-0000-7000-8000-000000000000", now())
			w.byHand(`UPDATE ledger SET seq = -5 WHERE seq IS NULL`)
		}, ledger.Inserted, -5},
		{"replaced", func(w *world) {
			w.byHand(`DELETE FROM ledger WHERE seq = 20`)
			w.byHand(insert, gatepost.NewID(), now())
			w.byHand(`UPDATE ledger SET seq = 20 WHERE seq IS NULL`)
		}, ledger.Altered, 20},
		{"altered together with its leaf", func(w *world) {
			w.byHand(`UPDATE ledger SET actor = 'somebody' WHERE seq = 11`)
			rows, err := w.LedgerRowsFrom(w.t.Context(), 11, 1)
			if err != nil {
				w.t.Fatal(err)
			}
			w.byHand(`UPDATE ledger_hashes SET hash = $1 WHERE idx = $2`, tlog.RecordHash(rows[0].Encode()).String(), tlog.StoredHashIndex(0, 11))
		}, ledger.Inserted, 11},
		{"a hash of the tree altered", func(w *world) {
			w.byHand(`UPDATE ledger_hashes SET hash = (SELECT hash FROM ledger_hashes WHERE idx = 0) WHERE idx = $1`, tlog.StoredHashIndex(3, 2))
		}, ledger.Hashes, 16},
		{"a hash of the tree removed", func(w *world) { w.byHand(`DELETE FROM ledger_hashes WHERE idx = $1`, tlog.StoredHashIndex(1, 6)) }, ledger.Hashes, 12},
		{"the end cut off", func(w *world) {
			w.byHand(`DELETE FROM ledger WHERE seq >= 32`)
			w.byHand(`DELETE FROM ledger_hashes WHERE idx >= $1`, tlog.StoredHashCount(32))
			w.byHand(`UPDATE ledger_head SET size = 32`)
		}, ledger.Signature, -1},
		{"the checkpoint altered", func(w *world) { w.byHand(`UPDATE ledger_head SET note = REPLACE(note, '40', '41')`) }, ledger.Signature, -1},
		{"the checkpoint removed", func(w *world) { w.byHand(`UPDATE ledger_head SET note = ''`) }, ledger.Signature, -1},
		{"another key", func(w *world) {
			w.byHand(`UPDATE ledger_keys SET secret = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' WHERE purpose = 'sign'`)
		}, ledger.Signature, -1},
		{"all of it thrown away and begun again", func(w *world) {
			for _, q := range []string{`DELETE FROM ledger`, `DELETE FROM ledger_hashes`, `UPDATE ledger_head SET size = 0, note = ''`} {
				w.byHand(q)
			}
			w.append(40)
			w.run()
		}, ledger.Rewritten, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := sqlite(t)
			w.append(25)
			w.run()
			kept := ledger.VerifyOptions{Checkpoint: w.checkpoint()}
			w.append(15)
			w.run()
			if r := w.verify(kept); !r.Whole() {
				t.Fatalf("before: %+v", r)
			}
			tt.do(w)
			r := w.verify(kept)
			found := false
			for _, f := range r.Findings {
				found = found || f.Kind == tt.want && (tt.seq == -1 || f.Sequence == tt.seq)
				if f.Text == "" {
					t.Errorf("a finding without a word on it: %+v", f)
				}
			}
			if !found {
				t.Errorf("want %s at %d, got %+v", tt.want, tt.seq, r.Findings)
			}
		})
	}
}

// TestForked: an integrator signs nothing on top of a tree that is not the one
// that was signed.
func TestForked(t *testing.T) {
	w := sqlite(t)
	w.append(10)
	w.run()
	w.byHand(`UPDATE ledger_hashes SET hash = (SELECT hash FROM ledger_hashes WHERE idx = 0) WHERE idx = $1`, tlog.StoredHashIndex(3, 0))
	w.append(1)
	before := w.checkpoint()
	if err := w.f.Run(t.Context()); gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	if w.checkpoint() != before {
		t.Error("it was signed")
	}
}

// TestLostKeys: a ledger whose keys are gone gets no new ones by itself.
func TestLostKeys(t *testing.T) {
	w := sqlite(t)
	w.append(1)
	w.run()
	w.byHand(`DELETE FROM ledger_keys`)
	if err := w.Migrate(t.Context()); gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
}

// TestIntegrators: several at once, while entries are appended, make one ledger.
func TestIntegrators(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testIntegrators(t, sqlite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { testIntegrators(t, newWorld(t, "pgx", storetest.Postgres(t))) })
}

func testIntegrators(t *testing.T, w *world) {
	const entries, writers = 200, 2
	var writing, running sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	errs := make(chan error, 16)
	for range writers {
		writing.Go(func() {
			for range entries {
				if err := w.AppendLedger(ctx, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u"}); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for range 3 {
		running.Go(func() {
			f := ledger.New(ledger.Options{Store: w.Store})
			for ctx.Err() == nil {
				if err := f.Run(ctx); err != nil && ctx.Err() == nil && gatepost.CodeOf(err) != gatepost.Unavailable {
					errs <- err
					return
				}
			}
		})
	}
	writing.Wait()
	stop()
	running.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	if all != nil {
		t.Fatal(all)
	}
	w.run()
	if r := w.verify(ledger.VerifyOptions{}); !r.Whole() || r.Size != entries*writers || r.Pending != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestCatchUp: what was appended without an integrator is integrated in
// bounded batches, in the order of ids.
func TestCatchUp(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testCatchUp(t, sqlite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { testCatchUp(t, newWorld(t, "pgx", storetest.Postgres(t))) })
}

func testCatchUp(t *testing.T, w *world) {
	const entries = 10_000
	tx, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < entries; i += 500 {
		values := make([]string, 500)
		for j := range values {
			values[j] = fmt.Sprintf("('%08d', %d, 'look', 'u', TRUE, 'before')", i+j, time.Now().UnixMilli())
		}
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO ledger (id, at, kind, actor, allowed, seal) VALUES `+strings.Join(values, ",")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.ExecContext(t.Context(), `UPDATE ledger_head SET before = '99999999'`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	w.run()
	t.Logf("%d entries integrated in %v", entries, time.Since(start))
	r := w.verify(ledger.VerifyOptions{})
	t.Logf("and verified in %v with that", time.Since(start))
	rows, err := w.LedgerRowsFrom(t.Context(), 4321, 1)
	if !r.Whole() || r.Size != entries || err != nil || rows[0].ID != "00004321" {
		t.Errorf("got %+v, %+v %v", r, rows, err)
	}
}
