package grant_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

const (
	hammers    = 8 // clients that ask at once
	hammerings = 5 // looks that each has before the ground is taken away
)

// TestGroundTakenMeanwhile has clients ask for looks without a pause while what
// allows them is taken away: that takes no longer for it, and no look survives it.
func TestGroundTakenMeanwhile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		station := gatepost.Organisation{ID: gatepost.NewID(), Name: "Station", Kind: gatepost.KindSubControl, Division: "330102", CreatedAt: time.Now()}
		if err := w.store.CreateOrganisation(t.Context(), station); err != nil {
			t.Fatal(err)
		}
		officer := w.As(storetest.NewUser(t, w.store, station.ID, gatepost.RoleResponder), station)
		guard := storetest.NewUser(t, w.store, w.shop.ID, gatepost.RoleWatcher)
		t.Run("consent", func(t *testing.T) {
			c := w.changed(t, storetest.NewCamera(t, w.store, w.shop.ID), func(c *gatepost.Camera) { c.Division, c.ConsentToShare = "330102001", true })
			w.hammer(t, w.looks(officer), c, func() { w.changed(t, c, func(c *gatepost.Camera) { c.ConsentToShare = false }) })
		})
		t.Run("consent, in a wall", func(t *testing.T) {
			shared := func() gatepost.Camera {
				return w.changed(t, storetest.NewCamera(t, w.store, w.shop.ID), func(c *gatepost.Camera) { c.Division, c.ConsentToShare = "330102001", true })
			}
			before, c, behind := shared(), shared(), shared()
			w.hammer(t, w.walls(officer, before.ID, behind.ID), c, func() { w.changed(t, c, func(c *gatepost.Camera) { c.ConsentToShare = false }) })
			for _, beside := range []gatepost.Camera{before, behind} {
				grants, err := w.store.GrantsByCamera(t.Context(), beside.ID, "", 100_000)
				if err != nil || len(grants) < hammers*hammerings || slices.ContainsFunc(grants, func(g gatepost.Grant) bool { return g.RevokedAt != nil }) {
					t.Errorf("%d looks beside it, %v", len(grants), err)
				}
			}
		})
		t.Run("owner", func(t *testing.T) {
			c := storetest.NewCamera(t, w.store, w.shop.ID)
			w.hammer(t, w.looks(w.As(guard, w.shop)), c, func() { w.changed(t, c, func(c *gatepost.Camera) { c.Owner = station.ID }) })
		})
		t.Run("incident", func(t *testing.T) {
			c := w.changed(t, storetest.NewCamera(t, w.store, w.shop.ID), func(c *gatepost.Camera) { c.Division = "330102001" })
			now := time.Now().UTC().Truncate(time.Millisecond)
			i := gatepost.Incident{ID: gatepost.NewID(), Kind: "emergency", Name: "Fire", Reason: "smoke", Units: []string{station.ID}, Organisation: station.ID, Division: "330102",
				CreatedBy: officer, CreatedAt: now, Start: now, End: now.Add(time.Hour), Area: gatepost.Area{Divisions: []string{"330102"}}}
			entry := gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: officer, Allowed: true}
			if err := w.store.CreateIncident(t.Context(), i, []gatepost.AreaPart{{Division: "330102"}}, 0, func([]gatepost.Incident) error { return nil }, entry); err != nil {
				t.Fatal(err)
			}
			w.hammer(t, w.looks(officer), c, func() {
				at := time.Now().UTC().Truncate(time.Millisecond)
				if _, err := w.store.UpdateIncident(t.Context(), i.ID, at, func(i *gatepost.Incident) (gatepost.LedgerEntry, error) {
					i.EndedBy, i.EndedAt = officer, &at
					return entry, nil
				}); err != nil {
					t.Error(err)
				}
			})
		})
		t.Run("person", func(t *testing.T) {
			w.hammer(t, w.looks(w.As(guard, w.shop)), storetest.NewCamera(t, w.store, w.shop.ID), func() {
				if err := w.store.UpdateUser(t.Context(), guard.ID, time.Now(), func(u *gatepost.User) (gatepost.LedgerEntry, error) {
					u.Disabled = true
					return gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: "owner", Allowed: true}, nil
				}); err != nil {
					t.Error(err)
				}
			})
		})
	})
}

// changed alters a camera.
func (w *world) changed(t *testing.T, c gatepost.Camera, change func(*gatepost.Camera)) gatepost.Camera {
	t.Helper()
	c, err := w.store.UpdateCamera(context.WithoutCancel(t.Context()), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		change(c)
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "owner", CameraID: c.ID, Allowed: true}, nil
	})
	if err != nil {
		t.Error(err)
	}
	return c
}

// asker asks for a look at a camera and tells whether it was given.
type asker func(gatepost.Camera) (given bool, r functest.Reply)

// looks asks for looks one by one.
func (w *world) looks(who string) asker {
	return func(c gatepost.Camera) (bool, functest.Reply) {
		r := w.Do(who, "POST", "/v1/grants", m{"camera_id": c.ID, "action": "live", "purpose": "patrol", "reason": "for a test"})
		return r.Status == 201, r
	}
}

// walls asks for walls with the camera in the middle of two others.
func (w *world) walls(who, before, behind string) asker {
	return func(c gatepost.Camera) (bool, functest.Reply) {
		r := w.Do(who, "POST", "/v1/walls", m{"cameras": []string{before, c.ID, behind}, "purpose": "patrol", "reason": "for a test"})
		tiles, _ := r.Body["looks"].([]any)
		return r.Status == 201 && len(tiles) == 3 && tiles[1].(map[string]any)["grant"] != nil, r
	}
}

// hammer asks for looks from many sides until each is refused, and takes their
// ground away while all are at it.
func (w *world) hammer(t *testing.T, ask asker, c gatepost.Camera, take func()) {
	t.Helper()
	var asking, warm sync.WaitGroup
	warm.Add(hammers)
	for range hammers {
		asking.Go(func() {
			for n := 0; ; n++ {
				given, r := ask(c)
				if n == hammerings || n < hammerings && !given {
					warm.Done()
				}
				if !given {
					if n < hammerings || r.Status >= 500 {
						t.Errorf("refused at look %d: %s", n, r.Text)
					}
					return
				}
			}
		})
	}
	warm.Wait()
	begun := time.Now()
	take()
	took := time.Since(begun)
	asking.Wait()
	grants, err := w.store.GrantsByCamera(t.Context(), c.ID, "", 100_000)
	if err != nil || len(grants) < hammers*hammerings {
		t.Fatalf("%d looks, %v", len(grants), err)
	}
	revoked := map[string]bool{}
	ids, _, err := w.store.RevocationsSince(t.Context(), 0, time.Now(), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		revoked[id] = true
	}
	for _, g := range grants {
		if g.RevokedAt == nil || !revoked[g.ID] {
			t.Errorf("look %s of %s survived: revoked %v, told to gateways %t", g.ID, g.CreatedAt, g.RevokedAt, revoked[g.ID])
		}
	}
	t.Logf("%d looks, their ground taken away in %s", len(grants), took)
}
