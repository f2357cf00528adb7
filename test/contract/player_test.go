package contract

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2"

	"github.com/gatepost-video/gatepost/streaming/hls"
)

// page plays with hls.js and reports what it sees, five times a second. Starved is
// the longest that its own timer of 50 ms was late: what a busy machine does to a
// player is not the server's doing.
const page = `<!doctype html><video id=v muted autoplay playsinline></video><script src="/hls.js"></script><script>
const v = document.getElementById('v'), waits = [], plays = [], errors = [], sizes = []
let fatal = '', starved = 0, last = performance.now()
const hls = new Hls({ lowLatencyMode: true })
hls.on(Hls.Events.ERROR, (_, d) => {
  errors.push(d.details)
  if (d.details === 'bufferStalledError') waits.push(Date.now())
  if (d.fatal) fatal = d.details
})
const ranges = (b) => [...Array(b.length).keys()].map((i) => b.start(i).toFixed(3) + '-' + b.end(i).toFixed(3)).join(' ')
v.addEventListener('waiting', () => {
  waits.push(Date.now())
  errors.push('waiting at ' + v.currentTime.toFixed(3) + ' of ' + ranges(v.buffered))
})
v.addEventListener('playing', () => plays.push(Date.now()))
setInterval(() => {
  const now = performance.now()
  starved = Math.max(starved, now - last - 50)
  last = now
  if (v.videoWidth && sizes.at(-1) !== v.videoWidth) sizes.push(v.videoWidth)
}, 50)
hls.loadSource('/hls/browser/index.m3u8')
hls.attachMedia(v)
setInterval(() => fetch('/report', { method: 'POST', body: JSON.stringify({ Time: v.currentTime, Waits: waits, Plays: plays,
  Frames: v.getVideoPlaybackQuality().totalVideoFrames, Fatal: fatal, Errors: errors, Sizes: sizes, Starved: starved }) }), 200)
</script>`

// report is what the page says. Waits and Plays are Unix times in ms.
type report struct {
	Time    float64
	Frames  int
	Waits   []int64
	Plays   []int64
	Sizes   []int
	Fatal   string
	Errors  []string
	Starved float64
}

// received is what gohlslib's client got.
type received struct {
	frames, missing, back int
	last                  int64
}

// TestPlayers plays 40 seconds in real time with hls.js in Chromium and with
// gohlslib's client: the picture changes its size, a GOP lasts 12.8 s, and the
// camera is away for three seconds.
func TestPlayers(t *testing.T) {
	if os.Getenv("GATEPOST_LONG") == "" {
		t.Skip("takes 40 seconds of real time and a machine that is not busy; GATEPOST_LONG=1 runs it")
	}
	k := makeClips()(t)
	c := newOrigin(hls.Options{})
	newest := &atomic.Pointer[report]{}
	newest.Store(&report{})
	mux := http.NewServeMux()
	mux.Handle("/", c.handler)
	mux.HandleFunc("/player", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) })
	mux.HandleFunc("/hls.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "../../node_modules/hls.js/dist/hls.min.js")
	})
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		var said report
		if json.NewDecoder(r.Body).Decode(&said) == nil {
			newest.Store(&said)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer server.CloseClientConnections()
	defer c.ring.Close()

	// gohlslib's client ends at a part without a picture. There is one wherever a run
	// or its parameters end, if there is sound: the sound of the last moment.
	silent := newOrigin(hls.Options{})
	defer silent.ring.Close()
	silentServer := httptest.NewServer(silent.handler)
	defer silentServer.Close()
	defer silentServer.CloseClientConnections()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	var left, back atomic.Int64 // when the camera went, and was back, Unix ms
	all.Go(func() { perform(ctx, t, c, k.usual, k.large, k.long, &left, &back) })
	all.Go(func() {
		perform(ctx, t, silent, k.usual.withoutAudio(), k.large.withoutAudio(), k.long.withoutAudio(), new(atomic.Int64), new(atomic.Int64))
	})
	defer cancel() // before waiting for the cameras

	browse(t, server.URL)
	client, got := receive(t, silentServer)
	ended := make(chan error, 1)
	all.Go(func() { ended <- client.Wait2() })
	defer client.Close()

	await(t, ctx, "ten seconds of pictures after the camera was back", func() bool {
		r := newest.Load()
		if r.Fatal != "" {
			t.Fatalf("hls.js: %s, %q", r.Fatal, r.Errors)
		}
		select {
		case err := <-ended:
			t.Fatalf("gohlslib: %v", err)
		default:
		}
		b := back.Load()
		return b > 0 && time.Now().UnixMilli() > b+10_000 && slices.ContainsFunc(r.Plays, func(at int64) bool { return at > b }) && got().back == 1 && got().frames > 500
	})
	r, g := newest.Load(), got()
	t.Logf("hls.js: %d frames to %.1f s, sizes %v, waits %v, plays %v, camera away %d to %d, starved %.0f ms, errors %q", r.Frames, r.Time, r.Sizes, r.Waits, r.Plays, left.Load(), back.Load(), r.Starved, r.Errors)
	t.Logf("gohlslib: %+v", g)
	if !slices.Equal(r.Sizes, []int{160, 320, 160}) && !slices.Equal(r.Sizes, []int{320, 160}) {
		t.Errorf("pictures had the widths %v", r.Sizes)
	}
	stalls := 0
	for _, at := range r.Waits {
		again := slices.IndexFunc(r.Plays, func(p int64) bool { return p > back.Load() })
		if at > r.Plays[0] && (at < left.Load() || at > r.Plays[again]) {
			stalls++
		}
	}
	if stalls > 0 && r.Starved < 300 {
		t.Errorf("hls.js stalled %d times while the camera was there", stalls)
	}
}

// perform is a camera that changes its size, makes a long GOP, and is away for
// three seconds.
func perform(ctx context.Context, t *testing.T, c *origin, usual, large, long *clip, left, back *atomic.Int64) {
	a := c.connect(t, usual)
	a.play(ctx, t, usual, 6*time.Second, nil)
	a.play(ctx, t, large, 6*time.Second, nil)
	a.play(ctx, t, long, 12*time.Second, nil)
	a.close()
	left.Store(time.Now().UnixMilli())
	sleepUntil(ctx, time.Now().Add(3*time.Second))
	back.Store(time.Now().UnixMilli())
	c.connect(t, usual).play(ctx, t, usual, time.Hour, nil)
}

// receive starts gohlslib's client and returns what tells what it got so far. Each
// frame is to come at its own time, and time goes back once, with the camera.
func receive(t *testing.T, server *httptest.Server) (*gohlslib.Client, func() received) {
	t.Helper()
	var mu sync.Mutex
	var got received
	client := &gohlslib.Client{URI: server.URL + "/hls/gohlslib/index.m3u8", HTTPClient: server.Client(),
		OnDownloadStreamPlaylist: func(string) {}, OnDownloadSegment: func(string) {}, OnDownloadPart: func(string) {}}
	client.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			if !track.Codec.IsVideo() {
				client.OnDataMPEG4Audio(track, func(int64, [][]byte) {})
				continue
			}
			client.OnDataH26x(track, func(pts, _ int64, _ [][]byte) {
				mu.Lock()
				defer mu.Unlock()
				const frame = 3600 // 25 fps
				if step := pts - got.last; got.frames > 0 && step <= 0 {
					got.back++
				} else if got.frames > 0 {
					got.missing += int((step+frame/2)/frame) - 1
				}
				got.frames++
				got.last = pts
			})
		}
		return nil
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	return client, func() received {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

// browse opens the page in Chromium until the test ends.
func browse(t *testing.T, url string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: run make setup")
	}
	dir, err := os.MkdirTemp("", "gatepost-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(chromium, strings.Fields("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --mute-audio "+
		"--disable-background-networking --disable-component-update --disable-sync --remote-debugging-port=0 "+
		"--autoplay-policy=no-user-gesture-required --user-data-dir="+dir+" "+url+"/player")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir) // its helpers may still write for a moment
	})
}

// await waits until a condition holds.
func await(t *testing.T, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("no %s", what)
		}
	}
}
