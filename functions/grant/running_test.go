package grant_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/grant"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestTooManyLooks: one person looks at so many cameras at a time; the refusal is in the
// ledger, and a look that is given back makes room.
func TestTooManyLooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorldOf(t, open(t), grant.Options{Looks: 3})
		cameras := []string{w.camera.ID}
		for range 3 {
			cameras = append(cameras, storetest.NewCamera(t, w.store, w.shop.ID).ID)
		}
		live := func(camera string) m { return m{"camera_id": camera, "action": "live"} }
		first := w.Do(w.owner, "POST", "/v1/grants", live(cameras[0])).Want(201).String("id")
		w.Do(w.owner, "POST", "/v1/grants", m{"camera_id": cameras[0], "action": "playback", "from": stamp(-time.Hour), "to": stamp(-time.Minute)}).Want(201)
		second := w.Do(w.owner, "POST", "/v1/grants", live(cameras[1])).Want(201).String("id")
		w.Do(w.owner, "POST", "/v1/grants", live(cameras[1])).Want(201) // asked for again
		w.Do(w.owner, "POST", "/v1/grants", live(cameras[2])).Want(409).Refused(gatepost.Conflict, "camera_id")
		entries, err := w.store.LedgerByCamera(t.Context(), cameras[2], "", 10)
		if err != nil || len(entries) == 0 || entries[0].Allowed || entries[0].Detail["rule"] != "too_many" {
			t.Errorf("ledger: %+v %v", entries, err)
		}
		w.Do(w.watcher, "POST", "/v1/grants", live(cameras[2])).Want(201) // somebody else
		w.Do(w.owner, "DELETE", "/v1/grants/"+second, nil).Want(204)
		w.Do(w.owner, "POST", "/v1/grants", live(cameras[2])).Want(409) // the camera is open by the other grant
		w.Do(w.owner, "DELETE", "/v1/grants/"+first, nil).Want(204)
		looks, _ := w.Do(w.owner, "POST", "/v1/walls", m{"cameras": cameras}).Want(201).Body["looks"].([]any)
		given := 0
		for _, l := range looks {
			look := l.(map[string]any)
			if refusal, _ := look["refusal"].(map[string]any); refusal != nil && refusal["code"] != string(gatepost.Conflict) {
				t.Errorf("refused: %v", look)
			}
			if look["grant"] != nil {
				given++
			}
		}
		if given != 2 { // one of them goes on, and one is new
			t.Errorf("%d looks of the wall: %v", given, looks)
		}
	})
}

// TestTooManyLooksAtOnce has one person ask for many cameras at the same moment.
func TestTooManyLooksAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorldOf(t, open(t), grant.Options{Looks: 3})
		var asking sync.WaitGroup
		for range 12 {
			c := storetest.NewCamera(t, w.store, w.shop.ID)
			asking.Go(func() {
				if r := w.Do(w.owner, "POST", "/v1/grants", m{"camera_id": c.ID, "action": "live"}); r.Status != 201 && r.Status != 409 {
					t.Errorf("status %d: %s", r.Status, r.Text)
				}
			})
		}
		asking.Wait()
		if looks, err := w.store.RunningLooks(t.Context(), w.owner, time.Now(), 100); err != nil || len(looks) > 3 {
			t.Errorf("%d cameras are looked at, %v", len(looks), err)
		}
	})
}
