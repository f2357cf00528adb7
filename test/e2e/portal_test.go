package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPortal walks through every page of the portal as the owner of the demo's
// cameras, in both languages, in Chromium: signing in, enrolling, watching live
// and back, sharing with a stranger and revoking. GATEPOST_SCREENSHOTS names a
// folder for a picture of each page (make screenshots).
func TestPortal(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--demo", "--object-duration", "5s")
	var demo struct {
		Accounts []struct{ Login, Password string }
		Street   struct{ ID string }
	}
	eventually(t, 30*time.Second, "the demo is set up", func() error {
		b, err := os.ReadFile(filepath.Join(s.data, "demo.json"))
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
	s.token = s.login("owner", password(t, demo.Accounts, "owner"))
	s.online(demo.Street.ID)
	for _, locale := range []string{"zh-CN", "en-US"} {
		t.Run(locale, func(t *testing.T) {
			p := startProcess(t, "node", drive(t, map[string]any{"what": "portal", "step": "walk", "page": "http://" + s.http + "/", "locale": locale,
				"login": "owner", "password": password(t, demo.Accounts, "owner"), "camera": demo.Street.ID, "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
			p.wait(t, 3*time.Minute)
			if p.log.String() == "" {
				t.Error("the walk says nothing")
			}
		})
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
