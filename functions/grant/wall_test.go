package grant_test

import (
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestWall(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	second, other := storetest.NewCamera(t, w.store, w.shop.ID), storetest.NewCamera(t, w.store, storetest.NewOrganisation(t, w.store, gatepost.KindBusiness).ID)
	r := w.Do(w.owner, "POST", "/v1/walls", m{"cameras": []string{w.camera.ID, other.ID, second.ID}}).Want(201)
	looks, _ := r.Body["looks"].([]any)
	if len(looks) != 3 {
		t.Fatalf("%s", r.Text)
	}
	for i, want := range []bool{true, false, true} {
		look := looks[i].(map[string]any)
		grant, _ := look["grant"].(map[string]any)
		refusal, _ := look["refusal"].(map[string]any)
		if (grant != nil) != want || (refusal != nil) == want {
			t.Fatalf("look %d: %v", i, look)
		}
		if !want && refusal["code"] != "not_found" {
			t.Errorf("refused with %v", refusal)
		}
		if want {
			if got, err := w.verifier.Media(t.Context(), grant["token"].(string)); err != nil || got.CameraID != look["camera_id"] {
				t.Errorf("token %+v %v", got, err)
			}
		}
	}
	registration := r.String("registration")
	for _, c := range []gatepost.Camera{w.camera, second, other} {
		entries, err := w.store.LedgerByCamera(t.Context(), c.ID, "", 1)
		if err != nil || len(entries) != 1 || entries[0].Detail["registration"] != registration || entries[0].Allowed != (c.ID != other.ID) {
			t.Errorf("ledger: %+v %v", entries, err)
		}
	}
	w.Do(w.admin, "POST", "/v1/walls", m{"cameras": []string{w.camera.ID}}).Refused(gatepost.Invalid, "purpose")
	w.Do(w.owner, "POST", "/v1/walls", m{"cameras": []string{}}).Refused(gatepost.Invalid, "cameras")
	w.Do(w.owner, "POST", "/v1/walls", m{"cameras": []string{w.camera.ID, w.camera.ID}}).Refused(gatepost.Invalid, "")
	many := make([]string, 17)
	for i := range many {
		many[i] = gatepost.NewID()
	}
	w.Do(w.owner, "POST", "/v1/walls", m{"cameras": many}).Refused(gatepost.Invalid, "cameras")
}

func TestExplain(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	path := "/v1/cameras/" + w.camera.ID + "/access?action="
	for _, c := range []struct {
		token, action string
		allowed       bool
		rule          string
	}{
		{w.owner, "live", true, "owner"},
		{w.watcher, "share", false, "owner_role"},
		{w.carrier, "live", false, "operator"},
		{w.admin, "playback", true, "administrator"},
	} {
		r := w.Do(c.token, "GET", path+c.action, nil).Want(200)
		if r.Body["allowed"] != c.allowed || r.String("rule") != c.rule || r.String("zh") == "" || r.String("en") == "" || r.Body["remedies"] == nil {
			t.Errorf("%s of %s: %s", c.action, c.rule, r.Text)
		}
	}
	w.Do(w.stranger, "GET", path+"live", nil).Refused(gatepost.NotFound, "")
	w.Do("", "GET", path+"live", nil).Refused(gatepost.Unauthenticated, "")
	w.Do(w.owner, "GET", path+"delete", nil).Refused(gatepost.Invalid, "action")
	w.Do(w.owner, "GET", path+"playback&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", nil).Refused(gatepost.Invalid, "to")
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 10)
	if err != nil || len(entries) != 1 {
		t.Errorf("a question is no look: %d entries, %v", len(entries), err)
	}
}
