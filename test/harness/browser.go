package harness

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// chromium is the Chromium of all tests of this process, which each have pages that share
// nothing: where it listens. It ends when the process does, however that ends, because
// its standard input does.
var chromium = sync.OnceValues(func() (endpoint string, err error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	cmd := exec.Command("node", filepath.Join(root, "test", "harness", "browser", "chromium.mjs"))
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if chromiumHold, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("it does not say where it listens: %w", errors.Join(err, cmd.Wait()))
	}
	return strings.TrimSpace(line), nil
})

// chromiumHold keeps the standard input of chromium open: nobody writes to it.
var chromiumHold io.WriteCloser

// Drive returns the arguments of node that make Chromium do a task of
// browser/drive.mjs.
func Drive(t testing.TB, task any) []string {
	t.Helper()
	endpoint, err := chromium()
	if err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	b, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return []string{filepath.Join(Root(t), "test", "harness", "browser", "drive.mjs"), endpoint, string(b)}
}

// Watch plays on a fresh page in Chromium and tells what was decoded.
func (s *Server) Watch(t testing.TB, w Watch) Watched {
	t.Helper()
	_, seen := s.Watching(t, w)
	got := <-seen
	if got.Frames == 0 {
		t.Logf("Chromium saw nothing: %+v", got)
	}
	return got
}

// Watching is Watch meanwhile: began is closed at the first picture, and what was
// decoded comes at the end, also where there was no picture.
func (s *Server) Watching(t testing.TB, w Watch) (began <-chan struct{}, seen <-chan Watched) {
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
	first, all, done := make(chan struct{}), make(chan Watched, 1), make(chan struct{})
	go func() {
		defer close(done)
		var got Watched
		for said := json.NewDecoder(stdout); ; {
			var line struct {
				Began bool `json:"began"`
				Watched
			}
			if said.Decode(&line) != nil {
				break // at its end, or what it wrote to stderr says why
			}
			if line.Began {
				close(first)
			} else {
				got = line.Watched
			}
		}
		if err := cmd.Wait(); err != nil {
			got.Error = fmt.Sprintf("Chromium: %v\n%s", err, stderr.String())
		}
		all <- got
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // when the test did not wait for it
		<-done
	})
	return first, all
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
