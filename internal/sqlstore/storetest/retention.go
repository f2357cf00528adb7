package storetest

import (
	"reflect"
	"sync"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("retention policy", testRetentionPolicy) }

func testRetentionPolicy(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRetention, Actor: "u"}
	if p, err := s.RetentionPolicy(ctx); err != nil || !reflect.DeepEqual(p, gatepost.DefaultRetentionPolicy()) {
		t.Errorf("before anybody set one: %+v %v", p, err)
	}
	p := gatepost.DefaultRetentionPolicy()
	p.InfrequentAfter, p.ArchiveAfter, p.HoldBytes, p.Prices.Hot = 30, 90, 1<<40, 0.12
	p.Version, p.ChangedBy, p.ChangedAt = 1, "u", now()
	// Two at the same time set it once.
	errs := make([]error, 2)
	var work sync.WaitGroup
	for i := range errs {
		work.Go(func() { errs[i] = s.PutRetentionPolicy(ctx, p, entry) })
	}
	work.Wait()
	if errs[0] == nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[1] != nil {
		t.Fatal(errs[1])
	}
	wantCode(t, "the other", errs[0], gatepost.Conflict)
	if got, err := s.RetentionPolicy(ctx); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, p)
	}
	second := p
	second.Version, second.General.Ceiling = 2, 60
	if err := s.PutRetentionPolicy(ctx, second, entry); err != nil {
		t.Fatal(err)
	}
	if list, err := s.RetentionPolicies(ctx, 0, 10); err != nil || !reflect.DeepEqual(list, []gatepost.RetentionPolicy{second, p}) {
		t.Errorf("all: %+v %v", list, err)
	}
	if list, err := s.RetentionPolicies(ctx, 2, 10); err != nil || !reflect.DeepEqual(list, []gatepost.RetentionPolicy{p}) {
		t.Errorf("those before the second: %+v %v", list, err)
	}
	if entries, err := s.LedgerByActor(ctx, "u", "", 10); err != nil || len(entries) != 2 {
		t.Errorf("ledger: %d %v", len(entries), err)
	}
}
