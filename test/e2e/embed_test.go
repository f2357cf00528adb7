package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// framed is what a frame of the embed page shows in Chromium.
type framed struct {
	Refused bool // by the browser
	Frames  int
	State   string
	Said    string
	Lang    string
	Full    struct {
		Before, After struct {
			Full  bool
			Marks int
			Text  string
		}
	}
	Logs []string
}

// frame opens a page that has nothing but a frame.
func frame(t *testing.T, site *site, address string, seconds float64) framed {
	t.Helper()
	cmd := exec.Command("node", harness.Drive(t, map[string]any{"what": "embed", "page": site.show(address), "seconds": seconds, "frames": 25})...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Chromium: %v\n%s", err, stderr.String())
	}
	var got framed
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("Chromium: %v in %s", err, out)
	}
	return got
}

// site is somebody else's web site: it frames the address that it was asked to.
type site struct {
	*httptest.Server
	frames map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{frames: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><title>a site</title>
<iframe src="%s" width="640" height="360" style="border:0" allow="autoplay; fullscreen"></iframe>`, s.frames[r.URL.Path])
	}))
	t.Cleanup(s.Close)
	return s
}

// show returns the address of a page with a frame.
func (s *site) show(address string) string {
	path := fmt.Sprintf("/%d", len(s.frames))
	s.frames[path] = address
	return s.URL + path
}

// TestEmbed shows a share link in a frame on another site: Chromium plays it there, with
// the watermark that the token names, in full screen too, and refuses it on a site that
// the link does not name.
func TestEmbed(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam := s.Enrol("embedded")
	harness.Push(t, cam, "rtsp-tcp", harness.Source{})
	s.Online(cam.ID)
	named, other := newSite(t), newSite(t)
	var sh struct{ ID, Token, Embed string }
	s.Call("POST", "/v1/shares", map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour)),
		"label": "保险公司 4711", "origins": []string{named.URL}}, &sh, 201)
	if sh.Embed != "http://"+s.HTTP+"/embed/"+sh.ID+"#"+sh.Token {
		t.Fatalf("the address for frames is %q", sh.Embed)
	}

	got := frame(t, named, sh.Embed, 30)
	if got.Refused || got.Frames < 25 || got.State != "playing" {
		t.Fatalf("on the site that the link names: %+v", got)
	}
	text := regexp.MustCompile(`^保险公司 4711 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)
	for when, marks := range map[bool]struct {
		Full  bool
		Marks int
		Text  string
	}{false: got.Full.Before, true: got.Full.After} {
		if marks.Full != when || marks.Marks < 9 || !text.MatchString(marks.Text) {
			t.Errorf("full screen %v: %+v", when, marks)
		}
	}

	if got := frame(t, other, sh.Embed, 10); !got.Refused || got.Frames > 0 {
		t.Errorf("on another site: %+v", got)
	}
	var links struct {
		Items []struct {
			ID   string
			Uses int
		}
	}
	s.Call("GET", "/v1/shares?camera_id="+cam.ID, nil, &links, 200)
	if len(links.Items) != 1 || links.Items[0].Uses != 1 {
		t.Errorf("a refused frame counts: %+v", links.Items)
	}

	// The frame of one link opens no other, whose pages may be others.
	var closed share
	s.Call("POST", "/v1/shares", map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour))}, &closed, 201)
	address, _, _ := strings.Cut(sh.Embed, "#")
	if got := frame(t, named, address+"?lang=en#"+closed.Token, 5); got.Frames > 0 || !strings.Contains(got.Said, "no valid link") || got.Lang != "en" {
		t.Errorf("another link's token: %+v", got)
	}
	s.Call("DELETE", "/v1/shares/"+sh.ID, nil, nil, 204)
	if got := frame(t, named, address+"?lang=zh#"+sh.Token, 5); got.Frames > 0 || !strings.Contains(got.Said, "已被撤销") || got.Lang != "zh-CN" {
		t.Errorf("a revoked link: %+v", got)
	}
	if strings.Contains(s.Log.String(), sh.Token) {
		t.Error("the token is in the server's log")
	}
}

// answered sends a request, and follows no redirect.
func answered(t *testing.T, req *http.Request) (int, []byte) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

// TestNetworks asks for what a link opens from addresses inside and outside of its
// networks, through a proxy that is trusted and past one that is not.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{true, false} {
		var flags []string
		if trusted {
			flags = []string{"--trusted-proxy", "127.0.0.0/8"}
		}
		s := harness.NewServer(t, flags...)
		cam := s.Enrol("bound")
		harness.Push(t, cam, "rtsp-tcp", harness.Source{})
		s.Online(cam.ID)
		const inside, outside, pretended = "203.0.113.5", "198.51.100.7", "203.0.113.5, 198.51.100.7"
		ask := func(method, url, from, token, body string) (int, []byte) {
			t.Helper()
			req, err := http.NewRequest(method, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Forwarded-For", from)
			if token != "" {
				req.Header.Set("Authorization", "Bearer "+token)
				req.Header.Set("Content-Type", "application/sdp")
			}
			return answered(t, req)
		}
		network := "203.0.113.0/24"
		if !trusted {
			network = "127.0.0.1" // the connection's own counts, whatever is forwarded
		}
		sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live", "playback"}, "from": harness.Stamp(time.Now().Add(-2 * time.Hour)), "to": harness.Stamp(time.Now().Add(-time.Hour)),
			"expires_at": harness.Stamp(time.Now().Add(time.Hour)), "networks": []string{network}})
		link := fmt.Sprintf(`{"token":%q}`, sh.Token)
		refused := map[string]int{outside: 403, pretended: 403}
		if !trusted {
			refused = map[string]int{outside: 201, pretended: 201}
		}
		for from, want := range refused {
			if status, body := ask("POST", "http://"+s.HTTP+"/v1/shares/open", from, "", link); status != want {
				t.Errorf("trusted %v: opened from %s: %d %s", trusted, from, status, body)
			}
		}
		if !trusted {
			continue
		}
		status, body := ask("POST", "http://"+s.HTTP+"/v1/shares/open", inside, "", link)
		var opened struct {
			Grants struct{ Live, Playback harness.Grant }
		}
		if err := json.Unmarshal(body, &opened); err != nil || status != 201 {
			t.Fatalf("opened from inside: %d %s", status, body)
		}
		live, playback := opened.Grants.Live, opened.Grants.Playback
		for _, c := range []struct {
			name, method, url, token, body string
			inside                         int
		}{
			{"live by HLS", "GET", live.URLs.HLS, "", "", 200},
			{"its media playlist", "GET", strings.Replace(live.URLs.HLS, "index", "live", 1), "", "", 200},
			{"live by WHEP", "POST", live.URLs.WHEP, live.Token, "no offer", 400},
			{"playback", "GET", playback.URLs.Playlist, "", "", 404}, // let in: nothing is recorded of then
			{"renewal", "POST", "http://" + s.HTTP + "/v1/shares/renew", "", fmt.Sprintf(`{"token":%q}`, live.Token), 200},
		} {
			for from, want := range map[string]int{inside: c.inside, outside: 403, pretended: 403} {
				if status, body := ask(c.method, c.url, from, c.token, c.body); status != want {
					t.Errorf("%s from %s: %d, want %d: %.200s", c.name, from, status, want, body)
				}
			}
		}
	}
}
