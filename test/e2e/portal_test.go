package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestPortal walks through every page of the portal as the owner of the demo's
// cameras, in both languages, in Chromium: signing in, enrolling, watching live
// and back, sharing with a stranger and revoking. GATEPOST_SCREENSHOTS names a
// folder for a picture of each page (make screenshots).
func TestPortal(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--demo", "--object-duration", "5s", "--acceptance-window", "5s")
	var demo struct {
		Accounts []struct{ Login, Password string }
		Street   struct{ ID string }
	}
	harness.Eventually(t, 30*time.Second, "the demo is set up", func() error {
		b, err := os.ReadFile(filepath.Join(s.Data, "demo.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, &demo); err != nil {
			return err
		}
		if len(demo.Accounts) < 2 || demo.Street.ID == "" {
			return os.ErrNotExist
		}
		return nil
	})
	s.Token = s.Login("owner", password(t, demo.Accounts, "owner"))
	s.Online(demo.Street.ID)
	for _, locale := range []string{"zh-CN", "en-US"} {
		t.Run(locale, func(t *testing.T) {
			p := harness.StartProcess(t, "node", harness.Drive(t, map[string]any{"what": "portal", "step": "walk", "page": "http://" + s.HTTP + "/", "locale": locale,
				"login": "owner", "password": password(t, demo.Accounts, "owner"), "camera": demo.Street.ID, "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
			p.Wait(t, 6*time.Minute)
			var walked struct {
				Walked     bool
				NationalID string `json:"national_id"`
				Key, RTMP  string
			}
			if err := json.Unmarshal([]byte(p.Log.String()), &walked); err != nil || !walked.Walked {
				t.Fatalf("the walk says %.300s: %v", harness.RedactURL(p.Log.String()), err)
			}
			registered(s.In(t), t, demo.Street.ID, walked.NationalID, walked.RTMP)
		})
	}
	visit := func(t *testing.T, login, secret string, more map[string]any) {
		task := map[string]any{"what": "portal", "step": "visit", "page": "http://" + s.HTTP + "/", "locale": "zh-CN", "login": login, "password": secret, "camera": demo.Street.ID}
		maps.Copy(task, more)
		harness.StartProcess(t, "node", harness.Drive(t, task)...).Wait(t, 3*time.Minute)
	}
	// The operator manages and does not watch; the station of the camera's own
	// county does, by its owner's standing consent; each look is registered.
	t.Run("operator", func(t *testing.T) {
		visit(t, "operator", password(t, demo.Accounts, "operator"), map[string]any{"refused": "运营方"})
	})
	for _, who := range []struct{ name, login, secret, reason string }{
		{"police", "police", password(t, demo.Accounts, "police"), "端到端测试,民警核对画面"},
		{"administrator", "admin", harness.AdminPassword, "端到端测试,核对画面"},
	} {
		t.Run(who.name, func(t *testing.T) {
			visit(t, who.login, who.secret, map[string]any{"reason": who.reason})
			var looks struct {
				Items []struct{ Purpose, Reason string }
			}
			s.In(t).Call("GET", "/v1/grants?camera_id="+demo.Street.ID, nil, &looks, 200)
			if !slices.ContainsFunc(looks.Items, func(l struct{ Purpose, Reason string }) bool {
				return l.Purpose == "maintenance" && l.Reason == who.reason
			}) {
				t.Errorf("the purpose is not registered: %+v", looks.Items)
			}
		})
	}
}

// registered checks in the API what a walk did: the camera that it enrolled takes
// the push URL that the page showed, its share link is revoked, and its looks
// are registered.
func registered(s *harness.Server, t *testing.T, street, nationalID, rtmp string) {
	t.Helper()
	var cameras struct{ Items []harness.Camera }
	s.Call("GET", "/v1/cameras?limit=200", nil, &cameras, 200)
	at := slices.IndexFunc(cameras.Items, func(c harness.Camera) bool { return c.NationalID == nationalID })
	if at < 0 {
		t.Fatalf("there is no camera %s, which the page enrolled", nationalID)
	}
	c := cameras.Items[at]
	c.Publish.RTMP = rtmp
	harness.Push(t, c, "rtmp", harness.Source{})
	s.Online(c.ID)
	var shares struct {
		Items []struct {
			RevokedAt *time.Time `json:"revoked_at"`
		}
	}
	s.Call("GET", "/v1/shares?camera_id="+street, nil, &shares, 200)
	if len(shares.Items) == 0 {
		t.Error("the page's share link does not exist")
	}
	for _, sh := range shares.Items {
		if sh.RevokedAt == nil {
			t.Error("the page's share link is not revoked")
		}
	}
	var looks struct {
		Items []struct{ Action, Purpose string }
	}
	s.Call("GET", "/v1/grants?camera_id="+street, nil, &looks, 200)
	for _, action := range []string{"live", "playback"} {
		if !slices.ContainsFunc(looks.Items, func(l struct{ Action, Purpose string }) bool { return l.Action == action && l.Purpose == "own" }) {
			t.Errorf("the owner's %s look is not registered: %+v", action, looks.Items)
		}
	}
}

func password(t *testing.T, accounts []struct{ Login, Password string }, login string) string {
	t.Helper()
	for _, a := range accounts {
		if a.Login == login {
			return a.Password
		}
	}
	t.Fatalf("the demo has no account %s", login)
	return ""
}
