package playback_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// watched is what the page in the browser says, again and again.
type watched struct {
	Time   float64
	Frames int
	Width  int
	Ended  bool
	Fatal  string
	Errors []string
}

const page = `<!doctype html><video id=v muted autoplay playsinline width=320></video>
<script src="/hls.js"></script>
<script>
const v = document.getElementById('v'), errors = []
let fatal = '', ended = false
const hls = new Hls()
hls.on(Hls.Events.ERROR, (_, d) => {
  errors.push(d.details + ' ' + (d.response ? d.response.code : '') + ' ' + (d.reason || ''))
  if (d.fatal) fatal = d.details
})
v.onended = () => { ended = true }
hls.loadSource(new URLSearchParams(location.search).get('src'))
hls.attachMedia(v)
setInterval(() => fetch('/report', { method: 'POST', body: JSON.stringify({ Time: v.currentTime, Width: v.videoWidth, Ended: ended,
  Frames: v.getVideoPlaybackQuality().totalVideoFrames, Fatal: fatal, Errors: errors }) }), 200)
</script>`

// TestBrowser plays a window in Chromium with hls.js: across objects, a gap, and a
// change of format, by redirects to presigned ranges, to its end.
func TestBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: run make setup")
	}
	_, here, _, _ := runtime.Caller(0)
	script, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../node_modules/hls.js/dist/hls.min.js"))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("hls.js is not installed: run npm ci")
	} else if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "320x180", "6"), start, 2*time.Second, nil)
	w.record(t, encode(t, "640x360", "3"), start.Add(40*time.Second), 2*time.Second, func(r *gatepost.Recording) { r.PriorEnd = gatepost.EndNetwork })
	token := w.grant(t, start.Add(3500*time.Millisecond), start.Add(time.Minute))

	var newest atomic.Pointer[watched]
	newest.Store(&watched{})
	w.mux.HandleFunc("/player", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Write([]byte(page))
	})
	w.mux.HandleFunc("/hls.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		rw.Write(script)
	})
	w.mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		var got watched
		if json.NewDecoder(r.Body).Decode(&got) == nil {
			newest.Store(&got)
		}
	})
	dir, err := os.MkdirTemp("", "gatepost-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
		"--autoplay-policy=no-user-gesture-required", "--user-data-dir="+dir, "--remote-debugging-port=0",
		w.server.URL+"/player?src=/v1/playback/"+token+"/index.m3u8")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir) // its helpers may still write for a moment
	}()
	deadline, tick := time.After(40*time.Second), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for r := newest.Load(); !r.Ended && r.Fatal == ""; r = newest.Load() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%+v", r)
		}
	}
	r := newest.Load()
	t.Logf("%+v", r)
	// Three seconds of the first run, three of the second.
	if r.Fatal != "" || r.Frames < 140 || r.Frames > 150 || r.Width != 640 || r.Time < 5.8 {
		t.Errorf("%+v", r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.seen {
		if strings.Contains(line, "Forbidden") || strings.Contains(line, "Found") && !strings.Contains(line, ".mp4") && !strings.Contains(line, "favicon") {
			t.Error(line)
		}
	}
}
