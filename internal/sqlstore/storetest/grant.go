package storetest

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("grant", testGrant)
	register("names", testNames)
	register("revocation", testRevocation)
	register("revocation race", testRevocationRace)
}

func newGrant(t *testing.T, s *sqlstore.Store, c gatepost.Camera, expires time.Time) gatepost.Grant {
	t.Helper()
	g := gatepost.Grant{ID: nextID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u", Organisation: c.Owner,
		ExpiresAt: expires, CreatedAt: now()}
	if err := s.CreateGrant(t.Context(), g, revokeEntry(g)); err != nil {
		t.Fatalf("create grant: %v", err)
	}
	return g
}

func revokeEntry(g gatepost.Grant) gatepost.LedgerEntry {
	return gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", CameraID: g.CameraID, Allowed: true}
}

func testGrant(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	g := gatepost.Grant{ID: nextID(), CameraID: c.ID, Action: gatepost.ActionPlayback, UserID: "u1", Organisation: c.Owner,
		Purpose: "investigation", Reason: `门口 "盗窃"`, CaseNumber: "杭公(2026)17号",
		From: now.Add(-time.Hour).Add(123 * time.Microsecond), To: now.Add(-time.Minute), ExpiresAt: now.Add(time.Hour), CreatedAt: now}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u1", CameraID: c.ID, Allowed: true}
	if err := s.CreateGrant(ctx, g, entry); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Grant(ctx, g.ID); err != nil || !reflect.DeepEqual(got, g) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, g)
	}
	_, err := s.Grant(ctx, gatepost.NewID())
	wantCode(t, "unknown", err, gatepost.NotFound)
	wantCode(t, "the same id", s.CreateGrant(ctx, g, entry), gatepost.Conflict)

	second := newGrant(t, s, c, now.Add(time.Hour))
	newGrant(t, s, NewCamera(t, s, c.Owner), now.Add(time.Hour))
	list, err := s.GrantsByCamera(ctx, c.ID, "", 10)
	if want := []gatepost.Grant{second, g}; err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("newest first:\n got %+v %v\nwant %+v", list, err, want)
	}
	list, err = s.GrantsByCamera(ctx, c.ID, second.ID, 10)
	if err != nil || len(list) != 1 || list[0].ID != g.ID {
		t.Errorf("second page: %+v %v", list, err)
	}
}

func testNames(t *testing.T, s *sqlstore.Store) {
	o := NewOrganisation(t, s, gatepost.KindBusiness)
	u := NewUser(t, s, o.ID, gatepost.RoleOwner)
	ids := []string{o.ID, u.ID, o.ID, "nobody"}
	for range 300 {
		ids = append(ids, gatepost.NewID())
	}
	want := u.Name
	if want == "" {
		want = u.Login
	}
	got, err := s.Names(t.Context(), ids)
	if err != nil || len(got) != 2 || got[o.ID] != o.Name || got[u.ID] != want {
		t.Errorf("names %v %v", got, err)
	}
	if got, err := s.Names(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no ids: %v %v", got, err)
	}
}

func testRevocation(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	since := func(cursor int64, limit int) ([]string, int64) {
		t.Helper()
		ids, next, err := s.RevocationsSince(ctx, cursor, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		return ids, next
	}
	if ids, next := since(0, 10); len(ids) != 0 || next != 0 {
		t.Errorf("nothing revoked: %v, %d", ids, next)
	}
	var grants []string
	for _, expires := range []time.Duration{time.Hour, -time.Second, time.Hour, time.Hour} {
		g := newGrant(t, s, c, now.Add(expires))
		grants = append(grants, g.ID)
		for range 2 { // the second time changes nothing
			if err := s.RevokeGrant(ctx, g.ID, now, revokeEntry(g)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Grant(ctx, g.ID)
		if err != nil || got.RevokedAt == nil || !got.RevokedAt.Equal(now) {
			t.Errorf("revoked at %v, %v", got.RevokedAt, err)
		}
	}
	if entries, err := s.LedgerByCamera(ctx, c.ID, "", 100); err != nil || len(entries) != 1+4+4 {
		t.Errorf("ledger: %d entries, %v, want the camera, 4 grants and 4 revocations", len(entries), err)
	}
	wantCode(t, "revoke an unknown grant", s.RevokeGrant(ctx, gatepost.NewID(), now, gatepost.LedgerEntry{}), gatepost.NotFound)

	if ids, next := since(0, 10); !slices.Equal(ids, []string{grants[0], grants[2], grants[3]}) || next != 4 {
		t.Errorf("all: %v, %d", ids, next)
	}
	if ids, next := since(0, 2); !slices.Equal(ids, []string{grants[0]}) || next != 2 {
		t.Errorf("first two: %v, %d", ids, next)
	}
	if ids, next := since(3, 10); !slices.Equal(ids, []string{grants[3]}) || next != 4 {
		t.Errorf("after 3: %v, %d", ids, next)
	}
	if ids, next := since(4, 10); len(ids) != 0 || next != 4 {
		t.Errorf("up to date: %v, %d", ids, next)
	}
	for _, cursor := range []int64{99, -1} {
		if ids, next := since(cursor, 10); len(ids) != 3 || next != 4 {
			t.Errorf("a cursor of %d: %v, %d, want a fresh start", cursor, ids, next)
		}
	}

	// Purging never lets a number be given out twice.
	if n, err := s.PurgeRevocations(ctx, now.Add(2*time.Hour)); err != nil || n != 3 {
		t.Errorf("purged %d, %v, want all but the newest", n, err)
	}
	g := newGrant(t, s, c, now.Add(time.Hour))
	if err := s.RevokeGrant(ctx, g.ID, now, revokeEntry(g)); err != nil {
		t.Fatal(err)
	}
	if ids, next := since(4, 10); !slices.Equal(ids, []string{g.ID}) || next != 5 {
		t.Errorf("after the purge: %v, %d", ids, next)
	}
}

// testRevocationRace holds that revocations at once all get through, and that a
// reader who polls meanwhile misses none.
func testRevocationRace(t *testing.T, s *sqlstore.Store) {
	ctx := context.WithoutCancel(t.Context())
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	const n = 8
	want := map[string]bool{}
	var wg sync.WaitGroup
	for range n {
		g := newGrant(t, s, c, now.Add(time.Hour))
		want[g.ID] = true
		wg.Go(func() {
			if err := s.RevokeGrant(ctx, g.ID, now, revokeEntry(g)); err != nil {
				t.Errorf("revoke: %v", err)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var cursor int64
	poll := func() {
		ids, next, err := s.RevocationsSince(ctx, cursor, now, 3)
		if err != nil {
			t.Errorf("poll: %v", err)
		}
		for _, id := range ids {
			if !want[id] {
				t.Errorf("%s came twice, or was never revoked", id)
			}
			delete(want, id)
		}
		cursor = next
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		poll()
	}
	for range n {
		poll()
	}
	if len(want) != 0 {
		t.Errorf("%d revocations were never seen", len(want))
	}
}
