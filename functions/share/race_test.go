package share_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestGroundTakenMeanwhile has clients make links without a pause while their camera
// gets another owner: no link of the former owner survives that.
func TestGroundTakenMeanwhile(t *testing.T) {
	const makers, links = 8, 5
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		var making, warm sync.WaitGroup
		warm.Add(makers)
		for range makers {
			making.Go(func() {
				for n := 0; ; n++ {
					r := w.Do(w.owner, "POST", "/v1/shares", w.link(nil))
					if n == links || n < links && r.Status != 201 {
						warm.Done()
					}
					if r.Status != 201 {
						if n < links || r.Status >= 500 {
							t.Errorf("refused at link %d: %s", n, r.Text)
						}
						return
					}
				}
			})
		}
		warm.Wait()
		if _, err := w.store.UpdateCamera(t.Context(), w.camera.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.Owner = w.neighbours.Owner
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: c.ID, Allowed: true}, nil
		}); err != nil {
			t.Error(err)
		}
		making.Wait()
		list, err := w.store.Shares(t.Context(), "", w.camera.ID, "", 100_000)
		if err != nil || len(list) < makers*links {
			t.Fatalf("%d links, %v", len(list), err)
		}
		for _, sh := range list {
			if sh.RevokedAt == nil || sh.RevokedAt.After(time.Now()) {
				t.Errorf("link %s of %s survived", sh.ID, sh.CreatedAt)
			}
		}
	})
}
