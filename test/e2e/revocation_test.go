package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// dark is how long after its ground is gone a picture may last.
const dark = 5 * time.Second

// stage is a shop with a camera on each of two gateways, which ask a control plane each,
// and its owner, who watches both all the time.
type stage struct {
	*harness.Cluster
	s       *harness.Server // the first control plane
	other   *harness.Server // the second
	keeper  string          // token of the owner
	shop    string
	cameras []harness.Camera
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g := &stage{Cluster: harness.NewCluster(t, 2, 2)}
	g.s, g.other = g.Functions[0], g.Functions[1]
	g.shop, g.keeper = person(g.s, t, "business", "330102", "owner")
	for i, gateway := range g.Gateways {
		var c harness.Camera
		g.s.Call("POST", "/v1/cameras", map[string]any{"name": fmt.Sprintf("on gateway %d", i+1), "division": "330102001", "class": 3,
			"consent_to_share": true, "sign_posted": true, "not_banned_place": true}, &c, 201, g.keeper)
		gateway.Push(t, c, harness.Source{})
		g.s.Online(c.ID)
		g.cameras = append(g.cameras, c)
	}
	return g
}

// look registers a look at each camera.
func (g *stage) look(token string) []harness.Grant {
	g.s.T.Helper()
	grants := make([]harness.Grant, len(g.cameras))
	for i, c := range g.cameras {
		g.s.Call("POST", "/v1/grants", map[string]string{"camera_id": c.ID, "action": "live", "purpose": "emergency", "reason": "end-to-end test"}, &grants[i], 201, token)
	}
	return grants
}

// watch opens a grant at each gateway by both ways and waits until all four show
// something.
func (g *stage) watch(t *testing.T, grants []harness.Grant, who string) (eyes []*eye) {
	t.Helper()
	for i, grant := range grants {
		eyes = append(eyes, watch(t, g.Gateways[i], g.cameras[i].ID, grant, fmt.Sprintf("%s on gateway %d", who, i+1))...)
	}
	harness.Eventually(t, 20*time.Second, who+" sees every picture", func() error {
		for _, e := range eyes {
			if e.seen.Load() < 5 {
				return fmt.Errorf("%s has seen %d", e.name, e.seen.Load())
			}
		}
		return nil
	})
	return eyes
}

// goesDark wants every eye, which sees at the moment, to see nothing that is more than
// five seconds younger.
func goesDark(t *testing.T, eyes []*eye, moment time.Time) {
	t.Helper()
	for _, e := range eyes {
		if lit := moment.Sub(e.at()); lit > 3*time.Second {
			t.Errorf("%s saw nothing for %s before its end", e.name, lit)
		}
	}
	harness.Until(moment.Add(dark + 2*time.Second))
	for _, e := range eyes {
		after := e.at().Sub(moment)
		t.Logf("%s: dark after %s", e.name, after.Round(time.Millisecond))
		if after > dark {
			t.Errorf("%s saw something %s after its ground was gone", e.name, after)
		}
	}
}

// goesOn wants every eye to see more from now on.
func goesOn(t *testing.T, eyes []*eye) {
	t.Helper()
	now := time.Now()
	harness.Eventually(t, 15*time.Second, "those for whom nothing has changed see on", func() error {
		for _, e := range eyes {
			if !e.at().After(now) {
				return fmt.Errorf("%s has seen nothing since %s", e.name, time.Since(e.at()))
			}
		}
		return nil
	})
}

// TestRevocation takes away, one after the other, what a look may rest on, while
// the look goes on by WHEP and by HLS on two gateways: each picture is dark within
// five seconds, and that of the owner, who watches all the time, is not.
func TestRevocation(t *testing.T) {
	t.Parallel()
	g := newStage(t)
	s := g.s
	_, officer := person(s, t, "sub_control", "330102", "responder")
	far, stranger := person(s, t, "sub_control", "330106", "responder")
	_, commander := person(s, t, "police", "3301", "supervisor")
	_, engineer := person(s, t, "operator", "3301", "maintainer")
	owner := g.watch(t, g.look(g.keeper), "the owner")
	later := harness.Stamp(time.Now().Add(time.Hour))

	steps := []struct {
		name string
		run  func(t *testing.T, s *harness.Server)
	}{
		{"grant revoked", func(t *testing.T, s *harness.Server) {
			grants := g.look(officer)
			eyes := g.watch(t, grants, "the officer")
			moment := time.Now()
			for _, grant := range grants {
				s.Call("DELETE", "/v1/grants/"+grant.ID, nil, nil, 204, g.keeper)
			}
			goesDark(t, eyes, moment)
		}},
		{"expired", func(t *testing.T, s *harness.Server) {
			end := time.Now().Add(25 * time.Second).Truncate(time.Second)
			var grants []harness.Grant
			for _, c := range g.cameras {
				var sh share
				s.Call("POST", "/v1/shares", map[string]any{"camera_id": c.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(end)}, &sh, 201, g.keeper)
				grants = append(grants, openShare(s, t, sh.Token))
			}
			eyes := g.watch(t, grants, "a third party")
			harness.Until(end)
			goesDark(t, eyes, end)
		}},
		{"consent withdrawn", func(t *testing.T, s *harness.Server) {
			eyes := g.watch(t, g.look(officer), "the officer")
			moment := time.Now()
			g.change(s, map[string]any{"consent_to_share": false})
			goesDark(t, eyes, moment)
			g.change(s, map[string]any{"consent_to_share": true})
		}},
		{"another class", func(t *testing.T, s *harness.Server) {
			g.change(s, map[string]any{"class": 2, "consent_to_share": false})
			eyes := g.watch(t, g.look(officer), "the officer")
			moment := time.Now()
			g.change(s, map[string]any{"class": 3})
			goesDark(t, eyes, moment)
			g.change(s, map[string]any{"consent_to_share": true})
		}},
		{"another division", func(t *testing.T, s *harness.Server) {
			eyes := g.watch(t, g.look(officer), "the officer")
			moment := time.Now()
			g.change(s, map[string]any{"division": "330106"})
			goesDark(t, eyes, moment)
			g.change(s, map[string]any{"division": "330102001"})
		}},
		{"incident ended", func(t *testing.T, s *harness.Server) {
			var incident struct{ ID string }
			s.Call("POST", "/v1/incidents", map[string]any{"kind": "emergency", "name": "Fire", "reason": "smoke", "units": []string{far},
				"area": map[string]any{"divisions": []string{"330102"}}, "end": later}, &incident, 201, commander)
			eyes := g.watch(t, g.look(stranger), "a unit from elsewhere")
			moment := time.Now()
			g.other.Call("POST", "/v1/incidents/"+incident.ID+"/end", nil, nil, 200, commander)
			goesDark(t, eyes, moment)
		}},
		{"support window closed", func(t *testing.T, s *harness.Server) {
			var window struct{ ID string }
			s.Call("POST", "/v1/support-windows", map[string]any{"reason": "the picture is blurred", "until": later}, &window, 201, g.keeper)
			eyes := g.watch(t, g.look(engineer), "the engineer")
			moment := time.Now()
			g.other.Call("DELETE", "/v1/support-windows/"+window.ID, nil, nil, 204, g.keeper)
			goesDark(t, eyes, moment)
		}},
		{"member deactivated", func(t *testing.T, s *harness.Server) {
			var me struct{ ID string }
			s.Call("GET", "/v1/me", nil, &me, 200, officer)
			eyes := g.watch(t, g.look(officer), "the officer")
			moment := time.Now()
			s.Call("PATCH", "/v1/users/"+me.ID, map[string]any{"disabled": true}, nil, 200)
			goesDark(t, eyes, moment)
			if status, body := g.other.Raw("GET", "/v1/me", nil, officer); status != 401 {
				t.Errorf("the other control plane still knows him: %d %s", status, body)
			}
		}},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			step.run(t, s.In(t))
			goesOn(t, owner)
		})
	}

	// Last, because it ends everything: the key is said to be in other hands.
	t.Run("signing key withdrawn", func(t *testing.T) {
		s := s.In(t)
		var keys struct {
			Items []struct {
				ID     string
				Active bool
			}
		}
		s.Call("GET", "/v1/signing-keys", nil, &keys, 200)
		if len(keys.Items) != 1 || !keys.Items[0].Active {
			t.Fatalf("keys: %+v", keys)
		}
		moment := time.Now()
		s.Call("POST", "/v1/signing-keys/"+keys.Items[0].ID+"/withdraw", map[string]string{"reason": "a backup was stolen"}, nil, 204)
		goesDark(t, owner, moment)
		for i, f := range g.Functions {
			if status, body := f.In(t).Raw("GET", "/v1/cameras", nil, g.keeper); status != 401 {
				t.Errorf("control plane %d takes a token of the withdrawn key: %d %s", i+1, status, body)
			}
		}
		// Who signs in again, at either control plane, watches again.
		again := g.other.In(t).Login("owner.business.330102", "password of owner")
		goesOn(t, g.watch(t, g.look(again), "the owner again"))
	})
}

// change alters both cameras, as an administrator.
func (g *stage) change(s *harness.Server, what map[string]any) {
	s.T.Helper()
	for _, c := range g.cameras {
		s.Call("PATCH", "/v1/cameras/"+c.ID, what, nil, 200)
	}
}

// openShare uses a link and returns its live grant.
func openShare(s *harness.Server, t *testing.T, token string) harness.Grant {
	t.Helper()
	var opened struct {
		Grants struct{ Live harness.Grant }
	}
	s.Call("POST", "/v1/shares/open", map[string]string{"token": token}, &opened, 201, "")
	return opened.Grants.Live
}
