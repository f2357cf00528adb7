package storetest

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("ending", testEnding) }

// testEnding deactivates somebody with as many looks as a script registers within
// the hour: all end at once, each is told once, and nobody else's.
func testEnding(t *testing.T, s *sqlstore.Store) {
	const looks, within = 1500, 2 * time.Second
	shop := NewOrganisation(t, s, gatepost.KindBusiness)
	c, u := NewCamera(t, s, shop.ID), NewUser(t, s, shop.ID, gatepost.RoleWatcher)
	other := newGrant(t, s, c, now().Add(time.Hour))
	for n := 0; n < looks; n += 100 {
		var grants []gatepost.Grant
		for range 100 {
			grants = append(grants, gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: u.ID,
				Organisation: shop.ID, Purpose: "own", CreatedAt: now(), ExpiresAt: now().Add(time.Hour)})
		}
		if err := s.CreateGrants(t.Context(), grants, nil); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if err := s.UpdateUser(t.Context(), u.ID, begun, func(u *gatepost.User) (gatepost.LedgerEntry, error) {
		u.Disabled = true
		return gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: "owner", Allowed: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	t.Logf("%d looks ended in %s", looks, took)
	if took > within {
		t.Errorf("%d looks ended in %s, want less than %s", looks, took, within)
	}
	ids, next, err := s.RevocationsSince(t.Context(), 0, now(), 2*looks)
	if err != nil || len(ids) != looks || next != looks {
		t.Errorf("gateways learn of %d revocations up to %d, %v; want %d", len(ids), next, err, looks)
	}
	if g, err := s.Grant(t.Context(), other.ID); err != nil || g.RevokedAt != nil {
		t.Errorf("somebody else's look: revoked %v, %v", g.RevokedAt, err)
	}
	if err := s.FinishEndings(t.Context(), now()); err != nil {
		t.Errorf("nothing left to finish: %v", err)
	}
}
