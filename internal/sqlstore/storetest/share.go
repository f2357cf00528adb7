package storetest

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("share", testShare)
	register("share race", testShareRace)
	register("share change of owner", testShareOwner)
	register("share crowd", testShareCrowd)
	register("share renewal", testShareRenewal)
	register("share revoke all", testShareRevokeAll)
}

func newShare(t *testing.T, s *sqlstore.Store, c gatepost.Camera, change func(*gatepost.Share)) gatepost.Share {
	t.Helper()
	now := now()
	sh := gatepost.Share{ID: nextID(), CameraID: c.ID, Organisation: c.Owner, CreatedBy: "u", Actions: []gatepost.Action{gatepost.ActionLive},
		ExpiresAt: now.Add(time.Hour), CreatedAt: now, Origins: []string{}}
	change(&sh)
	if err := s.CreateShare(t.Context(), sh, gatepost.LedgerEntry{Kind: gatepost.LedgerShare, Actor: "u", CameraID: c.ID, Allowed: true}); err != nil {
		t.Fatalf("create share: %v", err)
	}
	return sh
}

// look is what a share link opens in these cases: one live grant for a minute.
func look(sh gatepost.Share) ([]gatepost.Grant, []gatepost.LedgerEntry) {
	g := gatepost.Grant{ID: nextID(), CameraID: sh.CameraID, Action: gatepost.ActionLive, Organisation: sh.Organisation, ShareID: sh.ID,
		ExpiresAt: now().Add(time.Minute), CreatedAt: now()}
	return []gatepost.Grant{g}, []gatepost.LedgerEntry{{Kind: gatepost.LedgerShare, Actor: "share:" + sh.ID, CameraID: sh.CameraID, Allowed: true}}
}

func testShare(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	a, b := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindBusiness)
	ca, ca2, cb := NewCamera(t, s, a.ID), NewCamera(t, s, a.ID), NewCamera(t, s, b.ID)
	now := now()
	full := newShare(t, s, ca, func(sh *gatepost.Share) {
		sh.Actions = []gatepost.Action{gatepost.ActionLive, gatepost.ActionPlayback}
		sh.From, sh.To, sh.MaxUses, sh.Label = now.Add(-time.Hour).Add(time.Microsecond), now, 2, "保险公司"
		sh.Networks, sh.Origins, sh.LegalBasis = "203.0.113.0/24 2001:db8::/32", []string{"https://a.example", "http://b.example:8080"}, "contract 4711"
	})
	if got, err := s.Share(ctx, full.ID); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, full)
	}
	_, err := s.Share(ctx, gatepost.NewID())
	wantCode(t, "unknown", err, gatepost.NotFound)

	second, other := newShare(t, s, ca2, func(*gatepost.Share) {}), newShare(t, s, cb, func(*gatepost.Share) {})
	for _, c := range []struct {
		owner, camera, before string
		want                  []string
	}{
		{"", "", "", []string{other.ID, second.ID, full.ID}},
		{a.ID, "", "", []string{second.ID, full.ID}},
		{a.ID, ca.ID, "", []string{full.ID}},
		{b.ID, ca.ID, "", nil},
		{a.ID, "", second.ID, []string{full.ID}},
	} {
		list, err := s.Shares(ctx, c.owner, c.camera, c.before, 10)
		var got []string
		for _, sh := range list {
			got = append(got, sh.ID)
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("shares of %q at %q before %q: %v %v, want %v", c.owner, c.camera, c.before, got, err, c.want)
		}
	}

	var grants []gatepost.Grant
	for use := 1; use <= 2; use++ {
		sh, got, err := s.OpenShare(ctx, full.ID, now, look)
		if err != nil || sh.Uses != use || len(got) != 1 {
			t.Fatalf("use %d: %+v, %d grants, %v", use, sh, len(got), err)
		}
		grants = append(grants, got...)
	}
	_, _, err = s.OpenShare(ctx, full.ID, now, look)
	wantGone(t, "used up", err, "used")
	_, _, err = s.OpenShare(ctx, second.ID, second.ExpiresAt, look)
	wantGone(t, "expired", err, "expired")
	_, _, err = s.OpenShare(ctx, gatepost.NewID(), now, look)
	wantCode(t, "open an unknown link", err, gatepost.NotFound)
	if sh, _ := s.Share(ctx, second.ID); sh.Uses != 0 {
		t.Errorf("a refused use was counted: %d", sh.Uses)
	}

	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", CameraID: ca.ID, Allowed: true}
	for range 2 {
		if err := s.RevokeShare(ctx, full.ID, now, entry); err != nil {
			t.Fatal(err)
		}
	}
	revoked, _, err := s.RevocationsSince(ctx, 0, now, 10)
	if err != nil || len(revoked) != 2 {
		t.Errorf("revoking a link revoked %d grants, %v, want 2", len(revoked), err)
	}
	for _, g := range grants {
		if got, err := s.Grant(ctx, g.ID); err != nil || got.RevokedAt == nil {
			t.Errorf("grant of a revoked link: %+v %v", got, err)
		}
	}
	_, _, err = s.OpenShare(ctx, full.ID, now, look)
	wantGone(t, "revoked", err, "revoked")
	wantCode(t, "revoke an unknown link", s.RevokeShare(ctx, gatepost.NewID(), now, entry), gatepost.NotFound)
	if entries, err := s.LedgerByCamera(ctx, ca.ID, "", 100); err != nil || len(entries) != 1+1+2+1 {
		t.Errorf("ledger: %d entries, %v, want camera, link, two uses, one revocation", len(entries), err)
	}
}

func wantGone(t *testing.T, what string, err error, word string) {
	t.Helper()
	wantCode(t, what, err, gatepost.Gone)
	if err != nil && !strings.Contains(err.Error(), word) {
		t.Errorf("%s: %v does not say which", what, err)
	}
}

// testShareRace holds that a link for one use opens once, whoever asks at the
// same time.
func testShareRace(t *testing.T, s *sqlstore.Store) {
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	ctx := context.WithoutCancel(t.Context())
	for range 5 {
		sh := newShare(t, s, c, func(sh *gatepost.Share) { sh.MaxUses = 1 })
		var opened, refused atomic.Int64
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				switch _, _, err := s.OpenShare(ctx, sh.ID, now(), look); gatepost.CodeOf(err) {
				case "":
					opened.Add(1)
				case gatepost.Gone:
					refused.Add(1)
				default:
					t.Errorf("open: %v", err)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 || refused.Load() != 5 {
			t.Errorf("opened %d times, refused %d times", opened.Load(), refused.Load())
		}
		grants, err := s.GrantsByCamera(ctx, c.ID, "", 100)
		n := 0
		for _, g := range grants {
			if g.ShareID == sh.ID {
				n++
			}
		}
		if err != nil || n != 1 {
			t.Errorf("%d grants from one use, %v", n, err)
		}
	}
}

// testShareOwner holds that links and looks end with the owner who allowed
// them, and with nothing else that changes.
func testShareOwner(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	other := NewCamera(t, s, c.Owner)
	next := NewOrganisation(t, s, gatepost.KindCommunity)
	sh := newShare(t, s, c, func(*gatepost.Share) {})
	_, grants, err := s.OpenShare(ctx, sh.ID, now(), look)
	if err != nil {
		t.Fatal(err)
	}
	own, elsewhere := newGrant(t, s, c, now().Add(time.Hour)), newGrant(t, s, other, now().Add(time.Hour))
	over := newGrant(t, s, c, now().Add(-time.Minute))
	for _, tt := range []struct {
		owner string
		ended bool
	}{{c.Owner, false}, {next.ID, true}} {
		if _, err := s.UpdateCamera(ctx, c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.Owner = tt.owner
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: c.ID, Allowed: true}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Share(ctx, sh.ID); err != nil || (got.RevokedAt != nil) != tt.ended {
			t.Errorf("link of owner %s: %+v %v", tt.owner, got, err)
		}
		for _, g := range []gatepost.Grant{grants[0], own} {
			if got, err := s.Grant(ctx, g.ID); err != nil || (got.RevokedAt != nil) != tt.ended {
				t.Errorf("look under owner %s: %+v %v", tt.owner, got, err)
			}
		}
	}
	for _, g := range []gatepost.Grant{elsewhere, over} {
		if got, err := s.Grant(ctx, g.ID); err != nil || got.RevokedAt != nil {
			t.Errorf("a look that this does not concern: %+v %v", got, err)
		}
	}
	revoked, _, err := s.RevocationsSince(ctx, 0, now(), 10)
	if err != nil || len(revoked) != len(grants)+1 {
		t.Errorf("gateways learn of %v %v, want %d", revoked, err, len(grants)+1)
	}
}

// testShareCrowd holds that a link without a limit opens for everybody of a crowd.
func testShareCrowd(t *testing.T, s *sqlstore.Store) {
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	sh := newShare(t, s, c, func(*gatepost.Share) {})
	ctx := context.WithoutCancel(t.Context())
	const crowd = 50
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			if _, _, err := s.OpenShare(ctx, sh.ID, now(), look); err != nil {
				t.Errorf("open: %v", err)
			}
		})
	}
	wg.Wait()
	if got, err := s.Share(ctx, sh.ID); err != nil || got.Uses != crowd {
		t.Errorf("%d uses counted, %v, want %d", got.Uses, err, crowd)
	}
}

// testShareRevokeAll holds that every link of an organisation, or of one camera, ends
// at once, with what came from it and an entry for each, and nothing else.
func testShareRevokeAll(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	a, b := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindBusiness)
	a1, a2, b1 := NewCamera(t, s, a.ID), NewCamera(t, s, a.ID), NewCamera(t, s, b.ID)
	plain := func(*gatepost.Share) {}
	shares := []gatepost.Share{newShare(t, s, a1, plain), newShare(t, s, a1, plain), newShare(t, s, a2, plain), newShare(t, s, b1, plain)}
	_, grants, err := s.OpenShare(ctx, shares[0].ID, now(), look)
	if err != nil {
		t.Fatal(err)
	}
	told := func(sh gatepost.Share) gatepost.LedgerEntry {
		return gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "all", CameraID: sh.CameraID, Allowed: true, Detail: map[string]string{"share": sh.ID}}
	}
	for _, c := range []struct {
		owner, camera string
		want          int
	}{{b.ID, a1.ID, 0}, {a.ID, a1.ID, 2}, {a.ID, a1.ID, 0}, {a.ID, "", 1}, {a.ID, "", 0}} {
		if n, err := s.RevokeShares(ctx, c.owner, c.camera, now(), told); err != nil || n != c.want {
			t.Errorf("of %q at %q: %d %v, want %d", c.owner, c.camera, n, err, c.want)
		}
	}
	for i, sh := range shares {
		if got, err := s.Share(ctx, sh.ID); err != nil || (got.RevokedAt != nil) != (i < 3) {
			t.Errorf("link %d: %+v %v", i, got, err)
		}
	}
	if g, err := s.Grant(ctx, grants[0].ID); err != nil || g.RevokedAt == nil {
		t.Errorf("a look that came from one goes on: %+v %v", g, err)
	}
	entries, err := s.LedgerByActor(ctx, "all", "", 10)
	if err != nil || len(entries) != 3 || entries[0].Detail["share"] != shares[2].ID {
		t.Errorf("the ledger says %+v %v", entries, err)
	}
	if page, err := s.LedgerByActor(ctx, "all", entries[0].ID, 1); err != nil || len(page) != 1 || page[0].ID != entries[1].ID {
		t.Errorf("its second page: %+v %v", page, err)
	}
}

func testShareRenewal(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	sh := newShare(t, s, c, func(sh *gatepost.Share) { sh.MaxUses = 1 })
	_, grants, err := s.OpenShare(ctx, sh.ID, now, look)
	if err != nil {
		t.Fatal(err)
	}
	id := grants[0].ID
	if _, g, err := s.RenewGrant(ctx, id, now, now.Add(10*time.Minute)); err != nil || !g.ExpiresAt.Equal(now.Add(10*time.Minute)) {
		t.Errorf("renewed to %v, %v", g.ExpiresAt, err)
	}
	if _, g, err := s.RenewGrant(ctx, id, now, now.Add(time.Minute)); err != nil || !g.ExpiresAt.Equal(now.Add(10*time.Minute)) {
		t.Errorf("a renewal shortened the grant to %v, %v", g.ExpiresAt, err)
	}
	after, g, err := s.RenewGrant(ctx, id, now, now.Add(9*time.Hour))
	if err != nil || !g.ExpiresAt.Equal(sh.ExpiresAt) {
		t.Errorf("renewed to %v, %v, want the link's own end", g.ExpiresAt, err)
	}
	if after.Uses != 1 {
		t.Errorf("renewing counted a use: %d", after.Uses)
	}
	_, _, err = s.RenewGrant(ctx, id, sh.ExpiresAt, now.Add(2*time.Hour))
	wantGone(t, "renew after the link's end", err, "expired")
	own := newGrant(t, s, c, now.Add(time.Hour))
	_, _, err = s.RenewGrant(ctx, own.ID, now, now.Add(2*time.Hour))
	wantCode(t, "renew a grant of no link", err, gatepost.NotFound)
	if err := s.RevokeShare(ctx, sh.ID, now, gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", Allowed: true}); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.RenewGrant(ctx, id, now, now.Add(2*time.Minute))
	wantGone(t, "renew after the revocation", err, "revoked")
}
