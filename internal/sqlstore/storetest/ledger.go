package storetest

import (
	"reflect"
	"testing"
	"time"

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
