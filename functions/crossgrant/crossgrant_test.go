package crossgrant_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/crossgrant"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

func TestCrossGrant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api := functest.New(t, crossgrant.New(crossgrant.Options{Store: s}).Register)
		school, planning, shop := storetest.NewOrganisation(t, s, gatepost.KindDepartment), storetest.NewOrganisation(t, s, gatepost.KindDepartment), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		camera, theirs := storetest.NewCamera(t, s, school.ID), storetest.NewCamera(t, s, shop.ID)
		holder, asker, stranger := api.SignIn(school, gatepost.RoleOwner), api.SignIn(planning, gatepost.RoleSupervisor), api.SignIn(shop, gatepost.RoleOwner)
		watcher := api.SignIn(planning, gatepost.RoleWatcher)
		may := func(a access.Action) access.Decision {
			t.Helper()
			who := gatepost.Subject{UserID: "planner", Organisation: planning.ID, Kind: planning.Kind, Role: gatepost.RoleWatcher}
			_, d, err := (access.Gate{Store: s}).Explain(t.Context(), who, camera.ID, a, time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		body := func(more m) m {
			b := m{"cameras": []string{camera.ID}, "actions": []string{"live"}, "purpose": "inspection", "reason": "the new crossing",
				"until": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		for _, c := range []struct {
			name, token string
			more        m
			code        gatepost.Code
			field       string
		}{
			{"nobody", "", nil, gatepost.Unauthenticated, ""},
			{"a shop", stranger, nil, gatepost.Forbidden, ""},
			{"a watcher", watcher, nil, gatepost.Forbidden, ""},
			{"a camera that is not", asker, m{"cameras": []string{gatepost.NewID()}}, gatepost.Invalid, "cameras"},
			{"two holders", asker, m{"cameras": []string{camera.ID, theirs.ID}}, gatepost.Invalid, "cameras"},
			{"one's own", holder, nil, gatepost.Invalid, "cameras"},
			{"an action that is not", asker, m{"actions": []string{"delete"}}, gatepost.Invalid, "actions"},
			{"over", asker, m{"until": "2020-01-01T00:00:00Z"}, gatepost.Invalid, "until"},
			{"for ever", asker, m{"until": "2999-01-01T00:00:00Z"}, gatepost.Invalid, "until"},
			{"half a day", asker, m{"hours_from": "08:00"}, gatepost.Invalid, "hours_to"},
			{"no time of day", asker, m{"hours_from": "25:00", "hours_to": "26:00"}, gatepost.Invalid, "hours_from"},
			{"no reason", asker, m{"reason": " "}, gatepost.Invalid, "reason"},
		} {
			api.Do(c.token, "POST", "/v1/cross-grants", body(c.more)).Refused(c.code, c.field)
		}
		id := api.Do(asker, "POST", "/v1/cross-grants", body(nil)).Want(201).String("id")
		if d := may(access.Live); d.Allowed || d.Code != gatepost.NotFound {
			t.Errorf("before the answer: %+v", d)
		}
		if told, err := s.Notifications(t.Context(), school.ID, "", 10); err != nil || len(told) != 1 || told[0].Detail["act"] != "asked" || told[0].Detail["grantee"] != planning.Name {
			t.Errorf("the holder was told %+v %v", told, err)
		}
		answer := "/v1/cross-grants/" + id + "/answer"
		api.Do(asker, "POST", answer, m{"approve": true}).Refused(gatepost.Forbidden, "")
		api.Do(stranger, "POST", answer, m{"approve": true}).Refused(gatepost.NotFound, "")
		api.Do(holder, "POST", answer, m{"approve": true, "until": "2999-01-01T00:00:00Z"}).Refused(gatepost.Invalid, "until")
		if state := api.Do(holder, "POST", answer, m{"approve": true, "answer": "gladly"}).Want(200).String("state"); state != "approved" {
			t.Errorf("state %s", state)
		}
		api.Do(holder, "POST", answer, m{"approve": false}).Refused(gatepost.Conflict, "")
		d := may(access.Live)
		if !d.Allowed || d.Basis != "cross_grant:"+id || !d.NeedsPurpose {
			t.Errorf("approved: %+v", d)
		}
		if d := may(access.Playback); d.Allowed || d.Code != gatepost.Forbidden {
			t.Errorf("what was not asked for: %+v", d)
		}
		g := gatepost.Grant{ID: gatepost.NewID(), CameraID: camera.ID, Action: gatepost.ActionLive, UserID: "planner", Organisation: planning.ID, Basis: d.Basis,
			ExpiresAt: d.Until, CreatedAt: time.Now()}
		if err := s.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "planner"}); err != nil {
			t.Fatal(err)
		}
		api.Do(stranger, "DELETE", "/v1/cross-grants/"+id, nil).Refused(gatepost.NotFound, "")
		api.Do(watcher, "DELETE", "/v1/cross-grants/"+id, nil).Refused(gatepost.Forbidden, "")
		api.Do(holder, "DELETE", "/v1/cross-grants/"+id, nil).Want(204)
		api.Do(holder, "DELETE", "/v1/cross-grants/"+id, nil).Refused(gatepost.Conflict, "")
		if d := may(access.Live); d.Allowed {
			t.Errorf("revoked: %+v", d)
		}
		if revoked, _, err := s.RevocationsSince(t.Context(), 0, time.Now(), 10); err != nil || !slices.Equal(revoked, []string{g.ID}) {
			t.Errorf("revoked %v %v, want the look that rested on it", revoked, err)
		}
		for _, who := range []string{holder, asker} {
			if items := api.Do(who, "GET", "/v1/cross-grants", nil).Want(200).Items(); len(items) != 1 || items[0]["state"] != "revoked" {
				t.Errorf("list: %v", items)
			}
		}
		if items := api.Do(stranger, "GET", "/v1/cross-grants", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger's list: %v", items)
		}
	})
}
