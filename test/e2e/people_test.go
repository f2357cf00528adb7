package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestPeople lets a shop sign itself up in Chromium, in both languages: the code
// that an administrator passes on, the undertaking, a camera within the plan and
// one beyond it, an invitation accepted, another revoked, a member deactivated.
func TestPeople(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	for _, who := range []struct{ locale, organisation, contact, guest string }{
		{"zh-CN", "湖滨便利店", "13812345678", "13912345678"},
		{"en-US", "Lakeside Corner Shop", "owner@example.org", "guest@example.org"},
	} {
		t.Run(who.locale, func(t *testing.T) {
			p := harness.StartProcess(t, "node", harness.Drive(t, map[string]any{"what": "people", "page": "http://" + s.HTTP + "/", "locale": who.locale,
				"admin": harness.AdminPassword, "organisation": who.organisation, "contact": who.contact, "guest": who.guest,
				"password": "a password of the test's", "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
			p.Wait(t, 4*time.Minute)
			var came struct{ Arrived bool }
			if err := json.Unmarshal([]byte(p.Log.String()), &came); err != nil || !came.Arrived {
				t.Fatalf("the walk says %.600s: %v", harness.RedactURL(p.Log.String()), err)
			}
			arrived(s.In(t), t, who.organisation, who.contact)
		})
	}
}

// arrived checks in the API what a walk did.
func arrived(s *harness.Server, t *testing.T, organisation, contact string) {
	t.Helper()
	owner := s.Login(contact, "a password of the test's")
	var me struct {
		Role         string
		Organisation struct{ ID, Name, Kind string }
	}
	s.Call("GET", "/v1/me", nil, &me, 200, owner)
	if me.Role != "owner" || me.Organisation.Kind != "business" || me.Organisation.Name != organisation {
		t.Errorf("me: %+v", me)
	}
	var use struct {
		Plan    struct{ Name string }
		Cameras int
	}
	s.Call("GET", "/v1/organisations/"+me.Organisation.ID+"/plan", nil, &use, 200, owner)
	if use.Plan.Name != "basic" || use.Cameras != 1 {
		t.Errorf("plan: %+v", use)
	}
	var ledger struct {
		Items []struct {
			Kind   string
			Detail map[string]string
		}
	}
	s.Call("GET", "/v1/ledger?limit=200", nil, &ledger, 200, owner)
	for _, act := range []string{"signup", "undertaking", "join", "invite", "accept", "revoke", "change", "deactivate", "enrol"} {
		if !slices.ContainsFunc(ledger.Items, func(e struct {
			Kind   string
			Detail map[string]string
		}) bool {
			return e.Detail["act"] == act
		}) {
			t.Errorf("nothing in the ledger of %q", act)
		}
	}
}
