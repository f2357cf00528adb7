package storetest

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("evidence", testEvidence)
	register("evidence claims", testEvidenceClaims)
	register("evidence keys", testEvidenceKeys)
}

func newEvidence(t *testing.T, s *sqlstore.Store, c gatepost.Camera, organisation, user string) gatepost.Evidence {
	t.Helper()
	now := now()
	e := gatepost.Evidence{ID: nextID(), CameraID: c.ID, Organisation: organisation, UserID: user, From: now.Add(-time.Hour).Add(time.Microsecond), To: now,
		Purpose: "case", Reason: "盗窃案", CaseNumber: "2026-17", CreatedAt: now, State: gatepost.EvidenceQueued}
	if err := s.CreateEvidence(t.Context(), e, 100, gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: user, CameraID: c.ID, Allowed: true}); err != nil {
		t.Fatalf("create evidence: %v", err)
	}
	return e
}

func testEvidence(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	shop, police := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindPolice)
	ours, theirs := NewCamera(t, s, shop.ID), NewCamera(t, s, police.ID)
	first, second, third := newEvidence(t, s, ours, shop.ID, "a"), newEvidence(t, s, ours, police.ID, "b"), newEvidence(t, s, theirs, police.ID, "c")
	if got, err := s.Evidence(ctx, first.ID); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, first)
	}
	_, err := s.Evidence(ctx, gatepost.NewID())
	wantCode(t, "unknown", err, gatepost.NotFound)
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: "a", CameraID: ours.ID}
	wantCode(t, "one too many", s.CreateEvidence(ctx, gatepost.Evidence{ID: nextID(), CameraID: ours.ID, Organisation: police.ID, State: gatepost.EvidenceQueued}, 2, entry), gatepost.RateLimited)
	wantCode(t, "no camera", s.CreateEvidence(ctx, gatepost.Evidence{ID: nextID(), CameraID: "x", Organisation: shop.ID}, 2, entry), gatepost.Invalid)

	for _, c := range []struct {
		f      gatepost.EvidenceFilter
		before string
		want   []string
	}{
		{gatepost.EvidenceFilter{}, "", []string{third.ID, second.ID, first.ID}},
		{gatepost.EvidenceFilter{Organisation: shop.ID}, "", []string{second.ID, first.ID}},
		{gatepost.EvidenceFilter{Organisation: police.ID}, "", []string{third.ID, second.ID}},
		{gatepost.EvidenceFilter{UserID: "b"}, "", []string{second.ID}},
		{gatepost.EvidenceFilter{CameraID: ours.ID}, second.ID, []string{first.ID}},
	} {
		list, err := s.EvidenceList(ctx, c.f, c.before, 10)
		var got []string
		for _, e := range list {
			got = append(got, e.ID)
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v before %q: %v %v, want %v", c.f, c.before, got, err, c.want)
		}
	}

	at := now()
	want := first
	want.State, want.Problem, want.LeaseUntil, want.Bytes, want.SHA256, want.MadeAt, want.ExpiresAt = gatepost.EvidenceReady, "p", at, 7, "ab", &at, &at
	got, err := s.UpdateEvidence(ctx, first.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		*e = want
		return []gatepost.LedgerEntry{{Kind: gatepost.LedgerExport, Actor: "a", CameraID: ours.ID, Allowed: true}}, nil
	})
	if read, err2 := s.Evidence(ctx, first.ID); err != nil || err2 != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(read, want) {
		t.Errorf("updated: %+v %v, read %+v %v, want %+v", got, err, read, err2, want)
	}
	refused := errors.New("no")
	if _, err := s.UpdateEvidence(ctx, first.ID, func(*gatepost.Evidence) ([]gatepost.LedgerEntry, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("a change that refuses: %v", err)
	}
	spent := func(now time.Time) (ids []string) {
		list, err := s.SpentEvidence(ctx, now, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			ids = append(ids, e.ID)
		}
		return ids
	}
	if ids := spent(at.Add(-time.Millisecond)); ids != nil {
		t.Errorf("spent before its time: %v", ids)
	}
	if ids := spent(at); !reflect.DeepEqual(ids, []string{first.ID}) {
		t.Errorf("spent: %v", ids)
	}
	if _, err := s.UpdateEvidence(ctx, first.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		e.State, e.Purged = gatepost.EvidenceExpired, true
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	if ids := spent(at); ids != nil {
		t.Errorf("spent, with its file gone: %v", ids)
	}
	if entries, err := s.LedgerByCamera(ctx, ours.ID, "", 20); err != nil || len(entries) != 4 {
		t.Errorf("ledger: %d entries %v, want the enrolment, two orders and the export", len(entries), err)
	}
}

// testEvidenceClaims: of many who ask at once each gets another, and one whose
// maker is gone is handed out again.
func testEvidenceClaims(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	shop := NewOrganisation(t, s, gatepost.KindBusiness)
	c := NewCamera(t, s, shop.ID)
	const orders, makers = 5, 8
	for range orders {
		newEvidence(t, s, c, shop.ID, "u")
	}
	begin := now()
	var mu sync.Mutex
	claimed := map[string]int{}
	var makersDone sync.WaitGroup
	for range makers {
		makersDone.Go(func() {
			e, ok, err := s.ClaimEvidence(ctx, begin, begin.Add(time.Minute))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ok {
				claimed[e.ID]++
				if e.State != gatepost.EvidenceMaking || e.Attempts != 1 || !e.LeaseUntil.Equal(begin.Add(time.Minute)) {
					t.Errorf("claimed %+v", e)
				}
			}
		})
	}
	makersDone.Wait()
	if len(claimed) != orders {
		t.Errorf("%d of %d claimed: %v", len(claimed), orders, claimed)
	}
	if _, ok, err := s.ClaimEvidence(ctx, begin.Add(time.Minute), begin.Add(time.Hour)); ok || err != nil {
		t.Errorf("within its lease: %v %v", ok, err)
	}
	if e, ok, err := s.ClaimEvidence(ctx, begin.Add(time.Minute+time.Millisecond), begin.Add(time.Hour)); !ok || err != nil || e.Attempts != 2 {
		t.Errorf("after its lease: %+v %v %v", e, ok, err)
	}
}

func testEvidenceKeys(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerExport, Actor: "system"}
	key := func(id string) gatepost.SigningKey {
		return gatepost.SigningKey{ID: id, Seed: []byte("seed of " + id), CreatedAt: now(), Active: true}
	}
	one, two := key("one"), key("two")
	two.CreatedAt = one.CreatedAt.Add(time.Second)
	if err := s.ReplaceEvidenceKey(ctx, "", one, entry); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "made twice", s.ReplaceEvidenceKey(ctx, "", two, entry), gatepost.Conflict)
	if err := s.ReplaceEvidenceKey(ctx, "one", two, entry); err != nil {
		t.Fatal(err)
	}
	one.Active = false
	if keys, err := s.EvidenceKeys(ctx); err != nil || !reflect.DeepEqual(keys, []gatepost.SigningKey{one, two}) {
		t.Errorf("keys %+v %v", keys, err)
	}
	w := gatepost.Withdrawal{At: now(), Since: now().Add(-time.Hour), Reason: "a backup was lost"}
	three, four := key("three"), key("four")
	three.CreatedAt, four.CreatedAt = one.CreatedAt.Add(2*time.Second), one.CreatedAt.Add(3*time.Second)
	wantCode(t, "withdrawn that is not there", s.WithdrawEvidenceKey(ctx, "none", w, three, entry), gatepost.NotFound)
	for id, next := range map[string]gatepost.SigningKey{"two": three, "one": four} { // the active one, and one that is retired
		if err := s.WithdrawEvidenceKey(ctx, id, w, next, entry); err != nil {
			t.Fatal(err)
		}
	}
	later := w
	later.Reason = "again"
	if err := s.WithdrawEvidenceKey(ctx, "two", later, four, entry); err != nil {
		t.Fatal(err)
	}
	one.Withdrawn, two.Withdrawn, two.Active = &w, &w, false
	if keys, err := s.EvidenceKeys(ctx); err != nil || !reflect.DeepEqual(keys, []gatepost.SigningKey{one, two, three}) {
		t.Errorf("keys %+v %v", keys, err)
	}
}
