package retention_test

import (
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/retention"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// rules is a policy as an administrator sends one, with some of it changed.
func rules(version int, more m) m {
	b := m{"version": version, "general": m{"floor_days": 30, "ceiling_days": 180}, "key_target": m{"floor_days": 90, "ceiling_days": 365}, "incident_days": 180,
		"infrequent_after_days": 0, "archive_after_days": 0, "hold_bytes": 0, "prices": m{"hot": 0, "infrequent": 0, "archive": 0}}
	for k, v := range more {
		b[k] = v
	}
	return b
}

func TestPolicy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api := functest.New(t, retention.New(retention.Options{Store: s}).Register, camera.New(camera.Options{Store: s}).Register)
		shop, operator := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindOperator)
		owner, admin := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(operator, gatepost.RoleAdmin)
		stranger := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindBusiness), gatepost.RoleOwner)
		const path = "/v1/retention/policy"
		if p := api.Do(owner, "GET", path, nil).Want(200); p.Body["version"] != 0.0 || p.Body["key_target"].(m)["floor_days"] != 90.0 {
			t.Errorf("the default: %s", p.Text)
		}
		api.Do("", "GET", path, nil).Refused(gatepost.Unauthenticated, "")
		api.Do(owner, "PUT", path, rules(0, nil)).Refused(gatepost.Forbidden, "")
		api.Do(owner, "GET", "/v1/retention/policies", nil).Refused(gatepost.Forbidden, "")
		api.Do(admin, "PUT", path, rules(0, m{"general": m{"floor_days": 60, "ceiling_days": 59}})).Refused(gatepost.Invalid, "general.ceiling_days")
		api.Do(admin, "PUT", path, rules(0, m{"archive_after_days": 10, "infrequent_after_days": 10})).Refused(gatepost.Invalid, "archive_after_days")
		api.Do(admin, "PUT", path, rules(3, nil)).Refused(gatepost.Conflict, "version")

		enrol := func(token string, more m) functest.Reply {
			t.Helper()
			b := m{"name": "门", "not_banned_place": true, "sign_posted": true}
			for k, v := range more {
				b[k] = v
			}
			return api.Do(token, "POST", "/v1/cameras", b)
		}
		id := enrol(owner, nil).Want(201).String("id")
		enrol(owner, m{"category": "key_target"}).Refused(gatepost.Forbidden, "category")
		key := enrol(admin, m{"category": "key_target", "owner_id": shop.ID}).Want(201)
		if key.Body["retention_days"] != 90.0 {
			t.Errorf("a key target without days: %s", key.Text)
		}
		enrol(admin, m{"category": "key_target", "retention_days": 89}).Refused(gatepost.Invalid, "retention_days")

		first := api.Do(admin, "PUT", path, rules(0, m{"general": m{"floor_days": 40, "ceiling_days": 60}})).Want(200)
		if first.Body["version"] != 1.0 || first.String("changed_by") != admin {
			t.Errorf("changed: %s", first.Text)
		}
		api.Do(admin, "PUT", path, rules(0, nil)).Refused(gatepost.Conflict, "version")
		enrol(owner, m{"retention_days": 30}).Refused(gatepost.Invalid, "retention_days")
		enrol(owner, m{"retention_days": 61}).Refused(gatepost.Invalid, "retention_days")

		// What it says counts for the camera that was there before.
		kept := func(days, asked float64) {
			t.Helper()
			if r := api.Do(owner, "GET", "/v1/cameras/"+id+"/retention", nil).Want(200); r.Body["days"] != days || r.Body["asked_days"] != asked {
				t.Errorf("%s; want %v days of %v", r.Text, days, asked)
			}
		}
		kept(40, 30)
		api.Do(stranger, "GET", "/v1/cameras/"+id+"/retention", nil).Refused(gatepost.NotFound, "")
		api.Do(admin, "PATCH", "/v1/cameras/"+id, m{"category": "key_target"}).Want(200)
		kept(90, 30)
		api.Do(owner, "PATCH", "/v1/cameras/"+id, m{"category": "general"}).Refused(gatepost.Forbidden, "category")
		api.Do(owner, "PATCH", "/v1/cameras/"+id, m{"category": "key_target", "name": "as it is"}).Want(200)

		api.Do(admin, "PUT", path, rules(1, nil)).Want(200)
		page := api.Do(admin, "GET", "/v1/retention/policies?limit=1", nil).Want(200)
		if next := page.String("next"); next != "2" {
			t.Errorf("the first page: %s", page.Text)
		}
		if rest := api.Do(admin, "GET", "/v1/retention/policies?after=2", nil).Want(200).Items(); len(rest) != 1 || rest[0]["version"] != 1.0 {
			t.Errorf("the rest: %v", rest)
		}
		api.Do(admin, "GET", "/v1/retention/policies?after=x", nil).Refused(gatepost.Invalid, "after")

		told := map[string]int{}
		entries, err := s.LedgerRows(t.Context(), gatepost.LedgerFilter{Kind: gatepost.LedgerRetention}, "", 100)
		for _, e := range entries {
			entry, err := e.Entry()
			if err != nil {
				t.Fatal(err)
			}
			told[entry.Detail["act"]+entry.Detail["old"]+" "+entry.Detail["new"]]++
		}
		if err != nil || told["policy "] != 2 || told["general key_target"] != 2 {
			t.Errorf("the ledger: %v %v", told, err)
		}
	})
}
