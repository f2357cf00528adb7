package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Watch is a task for browser/drive.mjs: play a grant and count.
type Watch struct {
	What    string  `json:"what"`
	Page    string  `json:"page"`
	Mode    string  `json:"mode"` // "hls", "whep", "playlist" or "auto"
	Grant   any     `json:"grant"`
	Seconds float64 `json:"seconds"`
	Locale  string  `json:"locale,omitempty"`

	Began chan<- struct{} `json:"-"` // where not nil, hears of the first picture
}

// Watched is what Chromium saw.
type Watched struct {
	Frames       int      `json:"frames"`   // decoded after the first
	Advanced     float64  `json:"advanced"` // seconds of the player's clock
	FirstFrameMS int      `json:"first_frame_ms"`
	LongestStill int      `json:"longest_still_ms"`
	Width        int      `json:"width"`
	Height       int      `json:"height"`
	Duration     float64  `json:"duration"`
	Position     float64  `json:"position"`
	Ended        bool     `json:"ended"`
	State        string   `json:"state"`
	Transport    string   `json:"transport"`
	States       []string `json:"states"`
	Error        string   `json:"error"`
	Logs         []string `json:"logs"`
}

// page serves a bare page with the SDK's built modules on an origin of its own,
// as a third party's site would.
func page(t testing.TB) string {
	t.Helper()
	dist := filepath.Join(Root(t), "sdk", "js", "dist")
	mux := http.NewServeMux()
	mux.Handle("/sdk/", http.StripPrefix("/sdk/", http.FileServer(http.Dir(dist))))
	mux.Handle("/hls.js/", http.StripPrefix("/hls.js/", http.FileServer(http.Dir(filepath.Join(Root(t), "node_modules", "hls.js", "dist")))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><meta charset="utf-8"><title>test</title>
<script type="importmap">{"imports":{"hls.js/light":"/hls.js/hls.light.mjs"}}</script>
<script type="module">import '/sdk/player.js'; import { publish } from '/sdk/index.js'; window.gatepost = { publish }</script>
<gatepost-player muted autoplay style="display:block;width:640px;height:360px"></gatepost-player>`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL + "/"
}

// Drive returns the arguments of node that make Chromium do a task of
// browser/drive.mjs.
func Drive(t testing.TB, task any) []string {
	t.Helper()
	b, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return []string{filepath.Join(Root(t), "test", "harness", "browser", "drive.mjs"), string(b)}
}

// Watch plays in a fresh Chromium and tells what was decoded.
func (s *Server) Watch(t testing.TB, w Watch) Watched {
	t.Helper()
	w.What, w.Page = "watch", page(t)
	cmd := exec.Command("node", Drive(t, w)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var got Watched
	for said := json.NewDecoder(stdout); ; {
		var line struct {
			Began bool `json:"began"`
			Watched
		}
		if err := said.Decode(&line); err == io.EOF {
			break
		} else if err != nil {
			t.Errorf("Chromium: %v", err)
			break
		}
		if !line.Began {
			got = line.Watched
		} else if w.Began != nil {
			w.Began <- struct{}{}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("Chromium: %v\n%s", err, stderr.String())
	}
	if got.Frames == 0 {
		t.Logf("Chromium saw nothing: %+v", got)
	}
	return got
}

// PublishWHIP pushes Chromium's fake camera until killed.
func (s *Server) PublishWHIP(t testing.TB, c Camera) *Process {
	t.Helper()
	p := StartProcess(t, "node", Drive(t, map[string]any{"what": "publish", "page": page(t), "url": c.Publish.WHIP, "key": c.StreamKey})...)
	Eventually(t, 30*time.Second, "Chromium publishes", func() error {
		if strings.Contains(p.Log.String(), `"published":true`) {
			return nil
		}
		return fmt.Errorf("it says %s", p.Log.String())
	})
	return p
}
