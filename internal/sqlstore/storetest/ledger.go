package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("ledger", testLedger) }

func testLedger(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	camera := gatepost.NewID()
	at := time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)
	refused := gatepost.LedgerEntry{ID: gatepost.NewID(), At: at, Kind: gatepost.LedgerDecision, Actor: "u1",
		Organisation: "o1", CameraID: camera, Allowed: false, Detail: map[string]string{"reason": `他说 "不"`}}
	allowed := gatepost.LedgerEntry{ID: refused.ID[:35] + "z", At: at.Add(time.Second), Kind: gatepost.LedgerGrant, Actor: "share:1",
		CameraID: camera, Allowed: true}
	elsewhere := gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: gatepost.NewID()}
	for _, e := range []gatepost.LedgerEntry{refused, allowed, elsewhere} {
		if err := s.AppendLedger(ctx, e); err != nil {
			t.Fatal(err)
		}
	}

	got, err := s.LedgerByCamera(ctx, camera, "", 10)
	if want := []gatepost.LedgerEntry{allowed, refused}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("newest first:\n got %+v %v\nwant %+v", got, err, want)
	}
	got, err = s.LedgerByCamera(ctx, camera, allowed.ID, 10)
	if err != nil || len(got) != 1 || got[0].ID != refused.ID {
		t.Errorf("before the newest: got %+v %v", got, err)
	}
	if got, err = s.LedgerByCamera(ctx, camera, "", 1); err != nil || len(got) != 1 {
		t.Errorf("limit 1: got %d %v", len(got), err)
	}
	if err := s.AppendLedger(ctx, refused); gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("the same id again: got %v, want conflict", err)
	}
}

func init() {
	register("ledger tree", testLedgerTree)
	register("ledger filter", testLedgerFilter)
}

// testLedgerTree integrates entries in small batches; functions/ledger has the
// tests of what the tree is for.
func testLedgerTree(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	sign := func(before gatepost.LedgerHead, was tlog.Hash, tree tlog.Tree) (string, error) {
		if before.Note != "" && before.Note != fmt.Sprint(before.Size, " ", was) {
			t.Errorf("the tree of %q has the root %s", before.Note, was)
		}
		return fmt.Sprint(tree.N, " ", tree.Hash), nil
	}
	at := now()
	integrate := func(limit, want int) {
		t.Helper()
		if n, unsealed, err := s.IntegrateLedger(ctx, at, limit, sign); err != nil || n != want || unsealed {
			t.Errorf("integrated %d %v %v, want %d", n, unsealed, err, want)
		}
	}
	integrate(10, 0)
	empty, err := s.LedgerHead(ctx)
	if err != nil || empty.Size != 0 || empty.Note == "" || !empty.SignedAt.Equal(at) {
		t.Errorf("the empty tree: %+v %v", empty, err)
	}
	var records [][]byte
	for i := range 450 {
		e := gatepost.LedgerEntry{ID: nextID(), At: at, Kind: gatepost.LedgerShare, Actor: "u", Allowed: i%2 == 0, Detail: map[string]string{"名": fmt.Sprint(i)}}
		r, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r.Encode())
		if err := s.AppendLedger(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(records, bytes.Compare) // ids have one length, so that they decide
	if rows, err := s.PendingLedgerRows(ctx, "", 1000); err != nil || len(rows) != 450 || rows[0].Seq != -1 || !rows[0].Sealed {
		t.Errorf("pending: %d %v", len(rows), err)
	}
	integrate(7, 7)
	integrate(1000, 443)
	integrate(1000, 0)
	rows, err := s.LedgerRowsFrom(ctx, 0, 1000)
	if err != nil || len(rows) != 450 {
		t.Fatalf("%d rows %v", len(rows), err)
	}
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = hashes[index]
		}
		return out, nil
	})
	for i, r := range rows {
		if r.Seq != int64(i) || !r.Sealed || !bytes.Equal(r.Encode(), records[i]) {
			t.Fatalf("row %d: %+v, want %q", i, r, records[i])
		}
		more, err := tlog.StoredHashes(r.Seq, records[i], reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	indexes := make([]int64, len(hashes))
	for i := range indexes {
		indexes[i] = int64(i)
	}
	if got, err := s.LedgerHashes(ctx, indexes); err != nil || !slices.Equal(got, hashes) {
		t.Errorf("the stored hashes are others: %v", err)
	}
	if _, err := s.LedgerHashes(ctx, []int64{int64(len(hashes))}); err == nil {
		t.Error("a hash that is not there was read")
	}
	root, err := tlog.TreeHash(450, reader)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := s.LedgerHead(ctx); err != nil || head.Size != 450 || head.Note != fmt.Sprint(450, " ", root) {
		t.Errorf("head %+v %v, want root %s", head, err, root)
	}
	if row, err := s.LedgerRow(ctx, rows[44].ID); err != nil || row.Seq != 44 {
		t.Errorf("one row: %+v %v", row, err)
	}
	_, err = s.LedgerRow(ctx, gatepost.NewID())
	wantCode(t, "an unknown row", err, gatepost.NotFound)
	// What cannot be signed is not integrated.
	if err := s.AppendLedger(ctx, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.IntegrateLedger(ctx, at, 10, func(gatepost.LedgerHead, tlog.Hash, tlog.Tree) (string, error) { return "", io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	integrate(10, 1)
	if key, err := s.LedgerKey(ctx); err != nil || len(key) != 32 {
		t.Errorf("key of %d bytes, %v", len(key), err)
	}
}

func testLedgerFilter(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	a, b := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindPolice)
	mine, theirs := NewCamera(t, s, a.ID), NewCamera(t, s, b.ID)
	at := now()
	for _, e := range []gatepost.LedgerEntry{
		{At: at, Kind: gatepost.LedgerLook, Actor: "u", Organisation: b.ID, CameraID: mine.ID},
		{At: at.Add(time.Second), Kind: gatepost.LedgerLook, Actor: "u", Organisation: a.ID, CameraID: theirs.ID},
		{At: at.Add(2 * time.Second), Kind: gatepost.LedgerSession, Actor: "v", Organisation: a.ID},
		{At: at.Add(3 * time.Second), Kind: gatepost.LedgerSession, Actor: "w", Organisation: b.ID},
	} {
		e.ID = nextID()
		if err := s.AppendLedger(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		filter gatepost.LedgerFilter
		want   int
	}{
		{"all", gatepost.LedgerFilter{}, 6},
		{"owner", gatepost.LedgerFilter{Owner: a.ID}, 3}, // enrolled, looked at, signed in
		{"owner's looks", gatepost.LedgerFilter{Owner: a.ID, Kind: gatepost.LedgerLook}, 1},
		{"camera", gatepost.LedgerFilter{CameraID: theirs.ID}, 2},
		{"another's camera", gatepost.LedgerFilter{CameraID: theirs.ID, Owner: a.ID}, 0},
		{"kind", gatepost.LedgerFilter{Kind: gatepost.LedgerSession}, 2},
		{"since", gatepost.LedgerFilter{Kind: gatepost.LedgerLook, Since: at.Add(time.Second)}, 1},
		{"until", gatepost.LedgerFilter{Kind: gatepost.LedgerLook, Until: at.Add(time.Second)}, 1},
	} {
		got, err := s.LedgerRows(ctx, tt.filter, "", 100)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s: %d rows %v, want %d", tt.name, len(got), err, tt.want)
			continue
		}
		// In pages of one, the same.
		before := ""
		for _, want := range got {
			page, err := s.LedgerRows(ctx, tt.filter, before, 1)
			if err != nil || len(page) != 1 || page[0] != want {
				t.Errorf("%s after %q: %+v %v, want %+v", tt.name, before, page, err, want)
				break
			}
			before = want.ID
		}
	}
}
