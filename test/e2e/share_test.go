package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// sighting is what a share page shows at a moment.
type sighting struct {
	At     int64   `json:"at"`
	Frames int     `json:"frames"`
	Time   float64 `json:"time"`
	Paused bool    `json:"paused"`
	State  string  `json:"state"`
	Text   string  `json:"text"`
}

// open follows a page of the portal for some seconds in a fresh Chromium.
func open(s *harness.Server, t *testing.T, url string, seconds float64, more map[string]any) *harness.Process {
	t.Helper()
	task := map[string]any{"what": "portal", "step": "share", "page": url, "seconds": seconds}
	for k, v := range more {
		task[k] = v
	}
	return harness.StartProcess(t, "node", harness.Drive(t, task)...)
}

func sightings(p *harness.Process) []sighting {
	var out []sighting
	for _, l := range harness.Lines(p.Log.String()) {
		var s sighting
		if json.Unmarshal([]byte(l), &s) == nil && s.At > 0 {
			out = append(out, s)
		}
	}
	return out
}

// playing waits until a page shows n pictures.
func playing(t *testing.T, p *harness.Process, n int) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, "the page shows moving pictures", func() error {
		seen := sightings(p)
		if len(seen) > 0 && seen[len(seen)-1].Frames >= n {
			return nil
		}
		return fmt.Errorf("it says %.600s", tail(p.Log.String(), 600))
	})
}

// darkAfter is how long after a moment the last new picture was shown; it
// waits until the page has stood still for three seconds.
func darkAfter(t *testing.T, p *harness.Process, moment time.Time) time.Duration {
	t.Helper()
	var last int64
	harness.Eventually(t, 60*time.Second, "the page goes dark", func() error {
		seen := sightings(p)
		frames := -2
		for _, s := range seen {
			if s.Frames > frames || s.Frames < 0 {
				if s.Frames != frames {
					last = s.At
				}
				frames = s.Frames
			}
		}
		if now := seen[len(seen)-1].At; now-last < 3000 {
			return fmt.Errorf("new pictures until %d ms ago", now-last)
		}
		return nil
	})
	return time.UnixMilli(last).Sub(moment)
}

func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}

type share struct {
	ID, URL, Token string
}

func newShare(s *harness.Server, t *testing.T, body map[string]any) share {
	t.Helper()
	var sh share
	s.Call("POST", "/v1/shares", body, &sh, 201)
	return sh
}

// TestShare opens share links in Chromium without an account: they show what
// they name, stop at their expiry, at their use count, and within five seconds
// of being revoked, in mid-play too.
func TestShare(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam, other := s.Enrol("shared"), s.Enrol("not shared")
	harness.Push(t, cam, "rtsp-tcp", harness.Source{})
	harness.Push(t, other, "rtsp-tcp", harness.Source{})
	s.Online(cam.ID)
	s.Online(other.ID)

	t.Run("revoked in mid-play", func(t *testing.T) {
		s := s.In(t)
		sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour)), "label": "insurer 4711"})
		p := open(s, t, sh.URL, 60, nil)
		playing(t, p, 30)
		if seen := sightings(p); !strings.Contains(seen[len(seen)-1].Text, "shared") {
			t.Errorf("the page does not name its camera: %.300s", seen[len(seen)-1].Text)
		}
		s.Call("DELETE", "/v1/shares/"+sh.ID, nil, nil, 204)
		if d := darkAfter(t, p, time.Now()); d > 5*time.Second {
			t.Errorf("pictures went on for %s after the link was revoked", d)
		} else {
			t.Logf("dark %s after being revoked", d)
		}
		status, body := s.Raw("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, "")
		if status != http.StatusGone {
			t.Errorf("a revoked link answers %d %s", status, body)
		}
	})

	t.Run("expires in mid-play", func(t *testing.T) {
		s := s.In(t)
		end := time.Now().Add(40 * time.Second) // a busy machine takes long to start a browser
		sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(end)})
		p := open(s, t, strings.Replace(sh.URL, "/s#", "/s/", 1), 80, nil) // as addresses were written before
		playing(t, p, 10)
		if d := darkAfter(t, p, end); d > 5*time.Second {
			t.Errorf("pictures went on for %s after the link expired", d)
		}
		if status, body := s.Raw("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, ""); status != http.StatusGone {
			t.Errorf("an expired link answers %d %s", status, body)
		}
	})

	t.Run("used up", func(t *testing.T) {
		s := s.In(t)
		sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour)), "max_uses": 2})
		for i := range 2 {
			if status, body := s.Raw("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, ""); status != http.StatusCreated {
				t.Fatalf("use %d answers %d %s", i+1, status, body)
			}
		}
		if status, body := s.Raw("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, ""); status != http.StatusGone {
			t.Errorf("a third use answers %d %s", status, body)
		}
		p := open(s, t, sh.URL, 5, nil)
		p.Wait(t, time.Minute)
		for _, seen := range sightings(p) {
			if seen.Frames > 0 {
				t.Fatalf("a used-up link shows pictures")
			}
		}
	})

	t.Run("opens only what it names", func(t *testing.T) {
		s := s.In(t)
		sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour))})
		var opened struct {
			Grants struct {
				Live     *harness.Grant `json:"live"`
				Playback *harness.Grant `json:"playback"`
			} `json:"grants"`
		}
		s.Call("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, &opened, 201, "")
		if opened.Grants.Live == nil || opened.Grants.Playback != nil {
			t.Fatalf("a live link opens %+v", opened)
		}
		live := opened.Grants.Live
		if status, _ := s.Raw("GET", live.URLs.HLS, nil, ""); status != http.StatusOK {
			t.Errorf("its live playlist answers %d", status)
		}
		for _, a := range []attack{
			{"", "GET", "/v1/cameras/" + cam.ID, live.Token, "", "", 401, ""},
			{"", "GET", "/v1/playback/" + live.Token + "/index.m3u8", "-", "", "", 403, ""},
			{"", "POST", "http://" + s.Media + "/whep/" + other.ID, live.Token, "v=0\r\n", "application/sdp", 403, ""},
			{"", "GET", "/v1/cameras/" + cam.ID + "/timeline?from=" + harness.Stamp(time.Now().Add(-time.Hour)) + "&to=" + harness.Stamp(time.Now()), sh.Token, "", "", 401, ""},
		} {
			if status, _, body := strike(s, t, a); status != a.want {
				t.Errorf("%s %s answers %d, want %d: %.200s", a.method, mask(a.url), status, a.want, body)
			}
		}
	})
}

// TestReconnect breaks a camera's connection under live viewers and wants the
// pictures to go on without a reload.
func TestReconnect(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam := s.Enrol("flapping")
	first := harness.Push(t, cam, "rtsp-tcp", harness.Source{})
	s.Online(cam.ID)
	sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour))})
	p := open(s, t, sh.URL, 60, nil)
	playing(t, p, 30)
	first.Kill()
	harness.Until(time.Now().Add(5 * time.Second))
	before := sightings(p)
	harness.Push(t, cam, "rtsp-tcp", harness.Source{})
	harness.Eventually(t, 20*time.Second, "the viewer sees pictures again", func() error {
		seen := sightings(p)
		if n, m := seen[len(seen)-1].Frames, before[len(before)-1].Frames; n < m+50 {
			return fmt.Errorf("%d frames, %d before the reconnect: %s", n, m, seen[len(seen)-1].State)
		}
		return nil
	})
}
