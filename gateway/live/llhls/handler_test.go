package llhls_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/live/llhls"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/hls"
)

// feed puts parts into a ring without anybody watching the clock.
func feed(r *hls.Ring, from, n int) {
	if from == 0 {
		r.Start("run", &cmaf.Init{Data: []byte("init"), Codecs: "avc1.4d401f", HasVideo: true})
	}
	for i := from; i < from+n; i++ {
		r.Part(&cmaf.Part{Data: fmt.Appendf(nil, "part %d", i), Start: time.Duration(i) * 200 * time.Millisecond, Duration: 200 * time.Millisecond, NTP: time.Now(), Independent: i%5 == 0})
	}
}

func get(tb testing.TB, url string) (*http.Response, string) {
	tb.Helper()
	return do(tb, http.MethodGet, url)
}

func do(tb testing.TB, method, url string) (*http.Response, string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res, string(body)
}

func TestReplies(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	feed(ring, 0, 12)
	g.allow("playback", "elsewhere", "expired", "bound", "near")
	g.expires["expired"] = time.Now().Add(-time.Second)
	g.grants["revoked"] = &gatepost.Error{Code: gatepost.Gone, Message: "revoked"}
	_, live := get(t, g.server.URL+"/hls/viewer/live.m3u8")
	part := uris.FindString(live)

	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/hls/viewer/index.m3u8", 200, ""},
		{"HEAD", "/hls/viewer/index.m3u8", 200, ""},
		{"GET", "/hls/viewer/live.m3u8", 200, ""},
		{"HEAD", "/hls/viewer/live.m3u8", 200, ""},
		{"GET", "/hls/viewer/live.m3u8?_HLS_skip=YES", 200, ""},
		{"OPTIONS", "/hls/viewer/live.m3u8", 204, ""},
		{"OPTIONS", "/part/x/y", 204, ""},
		{"GET", part, 200, ""},
		{"HEAD", part, 200, ""},
		{"POST", "/hls/viewer/index.m3u8", 405, "invalid"},
		{"GET", "/hls/forged/index.m3u8", 401, "unauthenticated"},
		{"GET", "/hls//index.m3u8", 404, "not_found"},
		{"GET", "/hls/" + strings.Repeat("x", 5000) + "/live.m3u8", 401, "unauthenticated"},
		{"GET", "/hls/revoked/live.m3u8", 410, "gone"},
		{"GET", "/hls/expired/live.m3u8", 410, "gone"},
		{"GET", "/hls/playback/live.m3u8", 403, "forbidden"},
		{"GET", "/hls/bound/live.m3u8", 403, "forbidden"},
		{"GET", "/hls/bound/index.m3u8", 403, "forbidden"},
		{"GET", "/hls/near/live.m3u8", 200, ""},
		{"GET", "/hls/elsewhere/live.m3u8", 503, "unavailable"},
		{"GET", "/hls/viewer/live.m3u8?_HLS_msn=x", 400, "invalid"},
		{"GET", "/hls/viewer/live.m3u8?_HLS_part=1", 400, "invalid"},
		{"GET", "/hls/viewer/live.m3u8?_HLS_msn=999999999", 400, "invalid"},
		{"GET", "/hls/viewer/other.m3u8", 404, "not_found"},
		{"GET", "/hls/viewer/../index.m3u8", 404, "not_found"},
		{"GET", "/part/x/y", 404, "not_found"},
		{"GET", part + "x", 404, "not_found"},
		{"GET", "/part/", 404, "not_found"},
		{"GET", "/", 404, "not_found"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path[:min(40, len(tt.path))], func(t *testing.T) {
			res, body := do(t, tt.method, g.server.URL+tt.path)
			if res.StatusCode != tt.status {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, tt.status, body)
			}
			if res.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Error("no CORS")
			}
			if tt.method == "HEAD" && (body != "" || res.ContentLength <= 0) {
				t.Errorf("HEAD: %d bytes, Content-Length %d", len(body), res.ContentLength)
			}
			if tt.code == "" {
				return
			}
			var p struct{ Type, Detail, Code string }
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Code != tt.code || p.Type != "urn:gatepost:problem:"+tt.code || p.Detail == "" {
				t.Errorf("problem %s (%v)", body, err)
			}
			if res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", res.Header)
			}
		})
	}
}

var uris = regexp.MustCompile(`/part/[^"\n]+`)

func TestHeaders(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	feed(ring, 0, 12)
	res, body := get(t, g.server.URL+"/hls/viewer/live.m3u8")
	if res.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("playlist: %v", res.Header)
	}
	if strings.Contains(body, "viewer") {
		t.Error("the token is in the playlist")
	}
	// Nobody watched before, so that the ring had kept the newest GOP alone.
	res, body = get(t, g.server.URL+uris.FindAllString(body, 2)[1])
	if res.Header.Get("Content-Type") != "video/mp4" || res.Header.Get("Cache-Control") != "public, max-age=60, immutable" || body != "part 5" || res.ContentLength != 6 {
		t.Errorf("part %q: %v", body, res.Header)
	}
	// The Go client undoes gzip by itself unless told which encoding to ask for.
	req, _ := http.NewRequestWithContext(t.Context(), "GET", g.server.URL+"/hls/viewer/live.m3u8", nil)
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(z).ReadString('\n'); line != "#EXTM3U\n" {
		t.Errorf("compressed playlist begins with %q", line)
	}
}

func TestVerifiedOnceASecond(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	feed(ring, 0, 3)
	for range 20 {
		get(t, g.server.URL+"/hls/viewer/live.m3u8")
	}
	if g.verified > 3 {
		t.Errorf("verified %d times", g.verified)
	}
}

// TestRevoke revokes one of two viewers who both wait for the next part.
func TestRevoke(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	g.allow("a", "b")
	feed(ring, 0, 12)
	get(t, g.url("a"))
	_, before := get(t, g.server.URL+"/hls/a/live.m3u8")
	if n := g.handler.Viewers(cam); n != 1 {
		t.Errorf("%d viewers, want 1", n)
	}
	msn := regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(before)[1]
	var n int
	fmt.Sscan(msn, &n)
	next := fmt.Sprintf("/live.m3u8?_HLS_msn=%d", n+strings.Count(before, "#EXTINF"))

	type answer struct {
		status int
		body   string
	}
	ask := func(token string) chan answer {
		c := make(chan answer, 1)
		go func() {
			res, body := get(t, g.server.URL+"/hls/"+token+next)
			c <- answer{res.StatusCode, body}
		}()
		return c
	}
	a, b := ask("a"), ask("b")
	waitFor(t, "both viewers", func() bool { return g.handler.Viewers(cam) == 2 })

	g.revoke("a")
	if got := <-a; got.status != 410 {
		t.Errorf("the one who waits is answered %d %s", got.status, got.body)
	}
	if n := g.handler.Viewers(cam); n != 1 {
		t.Errorf("%d viewers, want 1", n)
	}
	select {
	case got := <-b:
		t.Errorf("the other was answered %d %s", got.status, got.body)
	default:
	}
	feed(ring, 12, 10)
	got := <-b
	if got.status != 200 {
		t.Fatalf("the other was answered %d %s", got.status, got.body)
	}
	// He who stays can fetch all he is told of.
	for _, u := range uris.FindAllString(strings.Split(got.body, "#EXT-X-PRELOAD")[0], -1) {
		if res, _ := get(t, g.server.URL+u); res.StatusCode != 200 {
			t.Errorf("%s: %d", u, res.StatusCode)
		}
	}
	if res, _ := get(t, g.server.URL+"/hls/a/live.m3u8"); res.StatusCode != 410 {
		t.Errorf("the next playlist of the revoked one: %d", res.StatusCode)
	}
	// What he knows of is withdrawn within the grace.
	known := uris.FindAllString(before, -1)
	last := g.server.URL + known[len(known)-2]
	if res, _ := get(t, last); res.StatusCode != 200 {
		t.Errorf("within the grace: %d", res.StatusCode)
	}
	began := time.Now()
	waitFor(t, "the end of the grace", func() bool { res, _ := get(t, last); return res.StatusCode == 404 })
	if since := time.Since(began); since > 3*time.Second {
		t.Errorf("the grace lasted %v", since)
	}
}

func TestExpiryEndsAWait(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	g.expires["viewer"] = time.Now().Add(300 * time.Millisecond)
	feed(ring, 0, 12)
	_, p := get(t, g.server.URL+"/hls/viewer/live.m3u8")
	msn := 0
	fmt.Sscan(regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(p)[1], &msn)
	began := time.Now()
	res, body := get(t, fmt.Sprintf("%s/hls/viewer/live.m3u8?_HLS_msn=%d", g.server.URL, msn+strings.Count(p, "#EXTINF")))
	if res.StatusCode != 410 || time.Since(began) > 2*time.Second {
		t.Errorf("answered %d after %v: %s", res.StatusCode, time.Since(began), body)
	}
}

func TestOfflineCamera(t *testing.T) {
	ring := hls.New(hls.Options{Linger: 300 * time.Millisecond})
	g := newGateway(t, ring)
	res, _ := get(t, g.url("viewer"))
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("before the first part: %d %v", res.StatusCode, res.Header)
	}
	feed(ring, 0, 12)
	ring.End("network")
	if res, _ := get(t, g.server.URL+"/hls/viewer/live.m3u8"); res.StatusCode != 200 {
		t.Errorf("while the ring lingers: %d", res.StatusCode)
	}
	waitFor(t, "the ring to let go", func() bool {
		res, _ := get(t, g.server.URL+"/hls/viewer/live.m3u8")
		return res.StatusCode == 503
	})
}

// waitFor polls a condition that another goroutine or the clock brings about.
func waitFor(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestKeysRevoked: a token of a withdrawn key is dead, and the others' are not.
func TestKeysRevoked(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	g.allow("near")
	feed(ring, 0, 12)
	for _, viewer := range []string{"viewer", "near"} {
		if res, body := get(t, g.server.URL+"/hls/"+viewer+"/live.m3u8"); res.StatusCode != 200 {
			t.Fatalf("%s: %d %s", viewer, res.StatusCode, body)
		}
	}
	g.handler.RevokeKeys("other")
	if res, _ := get(t, g.server.URL+"/hls/near/live.m3u8"); res.StatusCode != 200 {
		t.Errorf("another key was withdrawn: %d", res.StatusCode)
	}
	if grants := g.handler.RevokeKeys("key"); !slices.Equal(grants, []string{"near"}) {
		t.Errorf("ended %v, want near", grants)
	}
	for viewer, want := range map[string]int{"near": 410, "viewer": 200} {
		if res, _ := get(t, g.server.URL+"/hls/"+viewer+"/live.m3u8"); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", viewer, res.StatusCode, want)
		}
	}
}

// TestWatching: who is refused has not watched.
func TestWatching(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	var mu sync.Mutex
	watched := map[string]int{}
	refused := map[string]bool{"revoked": true}
	g.handler = llhls.New(llhls.Options{Authoriser: g, Rings: g,
		Revoked: func(v llhls.Viewer) bool { return refused[v.GrantID] },
		Watching: func(v llhls.Viewer) {
			mu.Lock()
			defer mu.Unlock()
			watched[v.GrantID]++
		}})
	g.allow("bound", "revoked", "here")
	feed(ring, 0, 12)
	for viewer, want := range map[string]int{"bound": 403, "revoked": 410, "nobody": 401, "here": 200} {
		for range 2 {
			if res, body := get(t, g.server.URL+"/hls/"+viewer+"/live.m3u8"); res.StatusCode != want {
				t.Errorf("%s: %d %s, want %d", viewer, res.StatusCode, body, want)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(watched) != 1 || watched["here"] != 2 {
		t.Errorf("watched: %v", watched)
	}
}
