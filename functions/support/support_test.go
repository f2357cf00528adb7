package support_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/support"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

func TestSupportWindow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api := functest.New(t, support.New(support.Options{Store: s}).Register)
		shop, carrier, neighbour := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindOperator), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		camera, other := storetest.NewCamera(t, s, shop.ID), storetest.NewCamera(t, s, shop.ID)
		owner, watcher, stranger := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher), api.SignIn(neighbour, gatepost.RoleOwner)
		engineer, admin := api.SignIn(carrier, gatepost.RoleMaintainer), api.SignIn(carrier, gatepost.RoleAdmin)
		may := func(c gatepost.Camera) access.Decision {
			t.Helper()
			who := gatepost.Subject{UserID: "engineer", Organisation: carrier.ID, Kind: carrier.Kind, Role: gatepost.RoleMaintainer}
			_, d, err := (access.Gate{Store: s}).Explain(t.Context(), who, c.ID, access.Live, time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if d := may(camera); d.Allowed || len(d.Remedies) != 1 {
			t.Errorf("before: %+v", d)
		}
		body := func(until time.Duration, more m) m {
			b := m{"reason": "no picture since noon", "until": time.Now().Add(until).UTC().Format(time.RFC3339)}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		for _, c := range []struct {
			name, token string
			body        m
			code        gatepost.Code
			field       string
		}{
			{"nobody", "", body(time.Hour, nil), gatepost.Unauthenticated, ""},
			{"a watcher", watcher, body(time.Hour, nil), gatepost.Forbidden, ""},
			{"the operator for itself", engineer, body(time.Hour, nil), gatepost.Forbidden, ""},
			{"an administrator at an owner's camera", admin, body(time.Hour, m{"camera_id": camera.ID}), gatepost.Forbidden, ""},
			{"a stranger's camera", stranger, body(time.Hour, m{"camera_id": camera.ID}), gatepost.NotFound, ""},
			{"too long", owner, body(25*time.Hour, nil), gatepost.Invalid, "until"},
			{"over", owner, body(-time.Hour, nil), gatepost.Invalid, "until"},
			{"no reason", owner, body(time.Hour, m{"reason": " "}), gatepost.Invalid, "reason"},
		} {
			api.Do(c.token, "POST", "/v1/support-windows", c.body).Refused(c.code, c.field)
		}
		id := api.Do(owner, "POST", "/v1/support-windows", body(time.Hour, m{"camera_id": camera.ID})).Want(201).String("id")
		d := may(camera)
		if !d.Allowed || d.Basis != "support:"+id || !d.NeedsPurpose || d.Until.IsZero() {
			t.Errorf("while it is open: %+v", d)
		}
		if d := may(other); d.Allowed {
			t.Errorf("another camera: %+v", d)
		}
		if items := api.Do(engineer, "GET", "/v1/support-windows", nil).Want(200).Items(); len(items) != 1 || items[0]["id"] != id {
			t.Errorf("the operator's list: %v", items)
		}
		if items := api.Do(stranger, "GET", "/v1/support-windows", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger's list: %v", items)
		}
		g := gatepost.Grant{ID: gatepost.NewID(), CameraID: camera.ID, Action: gatepost.ActionLive, UserID: "engineer", Organisation: carrier.ID, Basis: d.Basis,
			ExpiresAt: d.Until, CreatedAt: time.Now()}
		if err := s.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "engineer"}); err != nil {
			t.Fatal(err)
		}
		api.Do(stranger, "DELETE", "/v1/support-windows/"+id, nil).Refused(gatepost.NotFound, "")
		api.Do(engineer, "DELETE", "/v1/support-windows/"+id, nil).Refused(gatepost.NotFound, "")
		api.Do(watcher, "DELETE", "/v1/support-windows/"+id, nil).Refused(gatepost.Forbidden, "")
		for range 2 {
			api.Do(owner, "DELETE", "/v1/support-windows/"+id, nil).Want(204)
		}
		if d := may(camera); d.Allowed {
			t.Errorf("afterwards: %+v", d)
		}
		if revoked, _, err := s.RevocationsSince(t.Context(), 0, time.Now(), 10); err != nil || !slices.Equal(revoked, []string{g.ID}) {
			t.Errorf("revoked %v %v, want the look that rested on it", revoked, err)
		}
		entries, err := s.LedgerByCamera(t.Context(), camera.ID, "", 10)
		if err != nil || len(entries) < 2 || entries[0].Kind != gatepost.LedgerSupport || entries[0].Detail["act"] != "close" {
			t.Errorf("ledger: %+v %v", entries, err)
		}
	})
}
