package llhls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2"

	"github.com/gatepost-video/gatepost/streaming/hls"
)

// TestGohlslib plays with a client that was written by others. It follows preload
// hints alone, so that it loses a part when it is late; but no frame comes at a
// time that is not its own.
func TestGohlslib(t *testing.T) {
	t.Parallel()
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	push(t, ring, clips[25](t), "run", 10*time.Second)

	var video, audio atomic.Int64
	var last atomic.Int64
	gap := make(chan string, 1)
	client := &gohlslib.Client{URI: g.url("viewer"), HTTPClient: g.server.Client()}
	client.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			switch rate := track.ClockRate; track.Codec.IsVideo() {
			case true:
				client.OnDataH26x(track, func(pts, _ int64, _ [][]byte) {
					frame := int64(rate) / 25
					if was := last.Swap(pts); video.Add(1) > 1 && (pts <= was || (pts-was+frame/2)%frame < frame/2-5 || (pts-was+frame/2)%frame > frame/2+5) {
						select {
						case gap <- fmt.Sprintf("%d ticks between frames", pts-was):
						default:
						}
					}
				})
			default:
				client.OnDataMPEG4Audio(track, func(int64, [][]byte) { audio.Add(1) })
			}
		}
		return nil
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ended := make(chan error, 1)
	go func() { ended <- client.Wait2() }()
	waitFor(t, "75 frames and sound", func() bool {
		select {
		case what := <-gap:
			t.Fatal(what)
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		return video.Load() >= 75 && audio.Load() > 20
	})
}

// TestFFmpeg plays for four seconds and decodes.
func TestFFmpeg(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is not installed: run make setup")
	}
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	push(t, ring, clips[25](t), "run", 15*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-xerror",
		"-i", g.url("viewer"), "-t", "4", "-f", "framecrc", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	frames := strings.Count(string(out), "\n0,")
	if frames < 98 || frames > 102 {
		t.Errorf("%d frames in four seconds:\n%s", frames, out)
	}
}

// report is what the page in the browser says, again and again.
type report struct {
	Started float64 // ms from asking to the first picture; 0: none yet
	Time    float64 // currentTime, s
	Frames  int     // decoded
	Dropped int
	Stalls  int
	Latency float64 // s behind the live edge
	Fatal   string
	Errors  []string
	Log     []string
}

const page = `<!doctype html><video id=v muted autoplay playsinline width=320></video>
<script src="/hls.js"></script>
<script>
const v = document.getElementById('v'), errors = [], log = []
let started = 0, fatal = '', stalls = 0
const keep = (...a) => { log.push(Math.round(performance.now() - t0) + ' ' + a.join(' ')); if (log.length > 400) log.shift() }
const t0 = performance.now()
const hls = new Hls({ lowLatencyMode: true, enableWorker: true,
  debug: { trace() {}, debug() {}, log: keep, info: keep, warn: keep, error: keep } })
hls.on(Hls.Events.ERROR, (_, d) => {
  errors.push(Math.round(performance.now() - t0) + ' ' + d.details + ' ' + (d.response ? d.response.code : '') + ' ' + (d.reason || ''))
  if (d.details === 'bufferStalledError') stalls++
  if (d.fatal) fatal = d.details
})
v.requestVideoFrameCallback(() => { started = performance.now() - t0 })
hls.loadSource(new URLSearchParams(location.search).get('src'))
hls.attachMedia(v)
setInterval(() => {
  const q = v.getVideoPlaybackQuality()
  fetch('/report', { method: 'POST', body: JSON.stringify({ Started: started, Time: v.currentTime, Frames: q.totalVideoFrames,
    Dropped: q.droppedVideoFrames, Stalls: stalls, Latency: hls.latency || 0, Fatal: fatal, Errors: errors, Log: log }) })
}, 200)
</script>`

// browse opens a player in Chromium and returns where its newest report is.
func browse(t *testing.T, g *gateway, token string) *atomic.Pointer[report] {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: run make setup")
	}
	_, here, _, _ := runtime.Caller(0)
	script, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../node_modules/hls.js/dist/hls.min.js"))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("hls.js is not installed: run npm ci")
	} else if err != nil {
		t.Fatal(err)
	}
	var newest atomic.Pointer[report]
	newest.Store(&report{})
	g.mux.HandleFunc("/player", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(page))
	})
	g.mux.HandleFunc("/hls.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(script)
	})
	g.mux.HandleFunc("/report", func(_ http.ResponseWriter, req *http.Request) {
		var r report
		if err := json.NewDecoder(req.Body).Decode(&r); err == nil {
			newest.Store(&r)
		}
	})
	dir, err := os.MkdirTemp("", "gatepost-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
		"--autoplay-policy=no-user-gesture-required", "--user-data-dir="+dir,
		g.server.URL+"/player?src=/hls/"+token+"/index.m3u8", "--remote-debugging-port=0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir) // its helpers may still write for a moment
		if t.Failed() {
			r := newest.Load()
			t.Logf("%s", strings.Join(r.Log, "\n"))
			t.Logf("errors: %q", r.Errors)
		}
	})
	return &newest
}

// TestBrowser plays in Chromium with hls.js, from any point of any GOP.
func TestBrowser(t *testing.T) {
	tests := []struct {
		gop  int
		past time.Duration
	}{
		{25, 20 * time.Second},
		{25, 0},
		{250, 0},
		{250, 13 * time.Second},
		{250, 19500 * time.Millisecond},
		{250, 20200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.gop/25)+"s after "+tt.past.String(), func(t *testing.T) {
			ring := hls.New(hls.Options{})
			g := newGateway(t, ring)
			push(t, ring, clips[tt.gop](t), "run", tt.past)
			newest := browse(t, g, "viewer")
			waitFor(t, "a picture", func() bool { return newest.Load().Started > 0 || newest.Load().Fatal != "" })
			first := newest.Load()
			waitFor(t, "three seconds", func() bool { return newest.Load().Time > first.Time+3 || newest.Load().Fatal != "" })
			r := newest.Load()
			if r.Fatal != "" {
				t.Fatal(r.Fatal)
			}
			t.Logf("first picture after %.0f ms, %d frames, %d stalls, %.1f s behind, errors %q", r.Started, r.Frames, r.Stalls, r.Latency, r.Errors)
			if r.Frames < 60 {
				t.Errorf("%d frames in more than three seconds", r.Frames)
			}
		})
	}
}

// TestBrowserSurvivesReconnect: the camera is away for ten seconds.
func TestBrowserSurvivesReconnect(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	stop := push(t, ring, clips[25](t), "run-0", 10*time.Second)
	newest := browse(t, g, "viewer")
	waitFor(t, "a picture", func() bool { return newest.Load().Frames > 50 || newest.Load().Fatal != "" })
	stop()
	before := newest.Load()
	left := time.Now()
	waitFor(t, "the camera to be away", func() bool { return time.Since(left) > 10*time.Second })
	push(t, ring, clips[25](t), "run-1", 0)
	back := time.Now()
	waitFor(t, "the picture to go on", func() bool {
		r := newest.Load()
		return r.Fatal != "" || r.Frames > before.Frames+100
	})
	r := newest.Load()
	t.Logf("went on %v after the camera was back: %d frames before, %d now, errors %q", time.Since(back), before.Frames, r.Frames, r.Errors)
	if r.Fatal != "" {
		t.Fatal(r.Fatal)
	}
}

// TestBrowserAsOthersAreRevoked: one who stays must notice nothing when the grants
// of others are revoked.
func TestBrowserAsOthersAreRevoked(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	push(t, ring, clips[25](t), "run", 10*time.Second)
	newest := browse(t, g, "viewer")
	waitFor(t, "a picture", func() bool { return newest.Load().Frames > 25 || newest.Load().Fatal != "" })
	for i := range 5 {
		other := "other-" + strconv.Itoa(i)
		g.allow(other)
		get(t, g.server.URL+"/hls/"+other+"/live.m3u8")
		frames := newest.Load().Frames
		g.revoke(other)
		waitFor(t, "a second of pictures", func() bool { return newest.Load().Frames > frames+25 || newest.Load().Fatal != "" })
	}
	r := newest.Load()
	g.mu.Lock()
	defer g.mu.Unlock()
	t.Logf("answers by status: %v; stalls %d, errors %q", g.answers, r.Stalls, r.Errors)
	if g.answers[404] > 0 || r.Fatal != "" || r.Stalls > 0 {
		t.Errorf("%d times 404, fatal %q, %d stalls", g.answers[404], r.Fatal, r.Stalls)
	}
}
