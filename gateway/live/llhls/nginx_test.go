package llhls_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/gateway/live/llhls"
	"github.com/gatepost-video/gatepost/streaming/hls"
	"github.com/gatepost-video/gatepost/test/harness/nginx"
)

const edgeKey = "only the cache knows"

// edge is nginx, with the configuration that is shipped, in front of a gateway.
type edge struct {
	*gateway
	url    string
	client *http.Client

	mu      sync.Mutex
	reached map[string]int // requests that reached the gateway, by kind
	waiting chan struct{}  // one for each request for a shared playlist
}

// kinds are what requests are counted under.
var kinds = regexp.MustCompile(`^/hls/[^/]+/(index\.m3u8|live\.m3u8|pass)|^/(edge|part)/`)

func newEdge(t *testing.T, ring *hls.Ring, o llhls.Options) *edge {
	t.Helper()
	e := &edge{gateway: newGateway(t, ring), reached: map[string]int{}, waiting: make(chan struct{}, 1000)}
	o.Authoriser, o.Rings, o.Revoked = e, e, e.revoked
	e.handler = llhls.New(o)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := kinds.FindStringSubmatch(r.URL.Path)
		if m == nil {
			t.Errorf("%s reached the gateway", r.URL.Path)
			m = make([]string, 3)
		}
		if from := r.Header.Get("X-Forwarded-For"); from != "127.0.0.1" || r.Host != "127.0.0.1" {
			t.Errorf("%s %s%s is asked for by %q of the host %q", r.Method, m[1], m[2], from, r.Host)
		}
		e.mu.Lock()
		e.reached[m[1]+m[2]]++
		e.mu.Unlock()
		if m[2] == "edge" {
			select {
			case e.waiting <- struct{}{}:
			default:
			}
		}
		e.handler.ServeHTTP(w, r)
	}))
	e.url = startNginx(t, origin.Listener.Addr().String())
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	e.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		origin.CloseClientConnections()
		origin.Close()
	})
	waitFor(t, "nginx", func() bool {
		res, err := e.client.Get(e.url + "/edge/x/y")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusNotFound && res.ProtoMajor == 2
	})
	return e
}

// startNginx runs the shipped configuration. It returns its URL.
func startNginx(t *testing.T, origin string) string {
	t.Helper()
	n, err := nginx.Start(nginx.Options{Site: "../../../infra/nginx/gatepost.conf", Origin: origin, Key: edgeKey, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("nginx says:\n%s", n.Log())
		}
	})
	return n.URL()
}

// revoked implements llhls.Options.Revoked.
func (g *gateway) revoked(v llhls.Viewer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.grants[v.GrantID] != nil
}

func (e *edge) get(t *testing.T, path string) (int, string) {
	res, err := e.client.Get(e.url + path)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(body)
}

// all asks for a path on behalf of each viewer at once, and runs meanwhile.
func (e *edge) all(t *testing.T, viewers []string, path string, meanwhile func()) map[string]answer {
	t.Helper()
	answers := make(map[string]answer)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, v := range viewers {
		wg.Go(func() {
			status, body := e.get(t, "/hls/"+v+path)
			mu.Lock()
			defer mu.Unlock()
			answers[v] = answer{status, body}
		})
	}
	meanwhile()
	wg.Wait()
	return answers
}

type answer struct {
	status int
	body   string
}

func (e *edge) count(kind string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reached[kind]
}

// next is the path of the blocking request for what follows a playlist.
func next(t *testing.T, body string) string {
	t.Helper()
	msn := 0
	if _, err := fmt.Sscan(regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(body)[1], &msn); err != nil {
		t.Fatal(err)
	}
	open := body[strings.LastIndex(body, "#EXTINF"):]
	return fmt.Sprintf("/live.m3u8?_HLS_msn=%d&_HLS_part=%d", msn+strings.Count(body, "#EXTINF"), strings.Count(open, "#EXT-X-PART:"))
}

// TestNginx: viewers behind the cache cost the gateway their admission and first
// playlists, and what all of them share but once.
func TestNginx(t *testing.T) {
	ring := hls.New(hls.Options{})
	e := newEdge(t, ring, llhls.Options{EdgeKey: edgeKey, PassTTL: time.Hour}) // however slow the machine
	var viewers []string
	for i := range 40 {
		viewers = append(viewers, fmt.Sprintf("viewer-%d", i))
	}
	e.allow(viewers...)
	fed := 12
	feed(ring, 0, fed)
	var body string
	for v, got := range e.all(t, viewers, "/index.m3u8", func() {}) {
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", v, got.status, got.body)
		}
	}
	for _, got := range e.all(t, viewers, "/live.m3u8", func() {}) {
		body = got.body
	}
	const parts = 25
	for range parts {
		path := next(t, body)
		answers := e.all(t, viewers, path, func() {
			<-e.waiting
			feed(ring, fed, 1)
			fed++
		})
		body = answers[viewers[0]].body
		for v, got := range answers {
			if got.status != http.StatusOK || got.body != body {
				t.Fatalf("%s: %d %s", v, got.status, got.body)
			}
		}
		if next(t, body) == path || strings.Contains(body, "viewer") {
			t.Fatalf("asked for %s, got\n%s", path, body)
		}
		names := uris.FindAllString(strings.Split(body, "#EXT-X-PRELOAD")[0], -1)
		var wg sync.WaitGroup
		for range viewers {
			wg.Go(func() {
				if status, _ := e.get(t, names[len(names)-1]); status != http.StatusOK {
					t.Errorf("%s: %d", names[len(names)-1], status)
				}
			})
		}
		wg.Wait()
	}
	// On a busy machine some give up waiting for the others; without a cache all
	// would ask.
	all := len(viewers) * parts
	for kind, limit := range map[string]int{"index.m3u8": len(viewers), "live.m3u8": len(viewers) + all/2, "pass": 2 * len(viewers), "edge": all / 2, "part": all / 2} {
		if n := e.count(kind); n > limit {
			t.Errorf("%d requests of kind %s reached the gateway, want %d at most", n, kind, limit)
		}
	}
	t.Logf("%d viewers, %d parts: %v", len(viewers), parts, e.reached)
	if n := e.handler.Viewers(cam); n != len(viewers) {
		t.Errorf("%d viewers are counted", n)
	}

	// A revoked viewer gets nothing more, the others all they ask for.
	gone, stay := viewers[0], viewers[1:]
	for turn := range 2 {
		path := next(t, body)
		answers := e.all(t, viewers, path, func() {
			if turn == 0 {
				<-e.waiting // some wait already
				e.revoke(gone)
			}
			waitFor(t, "the revoked one to be refused", func() bool {
				status, _ := e.get(t, "/hls/"+gone+path)
				return status == http.StatusGone
			})
			feed(ring, fed, 1)
			fed++
		})
		if answers[gone].status != http.StatusGone {
			t.Errorf("the revoked one was answered %d", answers[gone].status)
		}
		body = answers[stay[0]].body
		for _, v := range stay {
			if got := answers[v]; got.status != http.StatusOK || next(t, got.body) == path {
				t.Errorf("%s: %d %s", v, got.status, got.body)
			}
		}
	}
	if n := e.handler.Viewers(cam); n != len(stay) {
		t.Errorf("%d viewers are counted", n)
	}
}

// TestNginxRefuses: what the cache holds is for those who are admitted.
func TestNginxRefuses(t *testing.T) {
	ring := hls.New(hls.Options{})
	e := newEdge(t, ring, llhls.Options{EdgeKey: edgeKey})
	e.allow("one", "expiring", "near", "bound")
	expiry := time.Now().Add(4 * time.Second)
	e.expires["expiring"] = expiry
	feed(ring, 0, 12)
	_, body := e.get(t, "/hls/one/live.m3u8")
	path := next(t, body)
	feed(ring, 12, 1)
	for _, v := range []string{"one", "expiring"} {
		if status, _ := e.get(t, "/hls/"+v+path); status != http.StatusOK {
			t.Errorf("%s: %d", v, status)
		}
	}
	// Who is bound to a network is no other behind the cache: he is asked for by himself.
	passes := e.count("pass")
	for viewer, want := range map[string]int{"near": http.StatusOK, "bound": http.StatusForbidden} {
		for range 2 {
			if status, _ := e.get(t, "/hls/"+viewer+path); status != want {
				t.Errorf("%s: %d, want %d", viewer, status, want)
			}
		}
	}
	if n := e.count("pass") - passes; n != 4 {
		t.Errorf("%d passes asked for, want 4: none is kept", n)
	}
	if status, _ := e.get(t, "/hls/forged"+path); status != http.StatusUnauthorized {
		t.Errorf("a forged token: %d", status)
	}
	if status, _ := e.get(t, "/hls/one%3Fx"+path); status != http.StatusUnauthorized {
		t.Errorf("a token that would be read as a query: %d", status)
	}
	if status, _ := e.get(t, "/hls/one/pass"); status != http.StatusNotFound {
		t.Errorf("a pass for anybody: %d", status)
	}
	if status, _ := e.get(t, "/edge/"+ring.Capability()+"/"+ring.Epoch()+"?_HLS_msn=1"); status != http.StatusNotFound {
		t.Errorf("the shared playlist for anybody: %d", status)
	}
	if status, _ := e.get(t, "/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics for anybody: %d", status)
	}
	if status, _ := e.get(t, "/hls/one/live.m3u8?_HLS_msn=x"); status != http.StatusBadRequest {
		t.Errorf("a malformed directive: %d", status)
	}
	waitFor(t, "the grant's end", func() bool {
		asked := time.Now()
		status, _ := e.get(t, "/hls/expiring"+path)
		switch {
		case status == http.StatusOK && asked.After(expiry):
			t.Fatal("served after its end")
		case status == http.StatusGone && time.Now().Before(expiry):
			t.Fatal("refused before its end")
		}
		return status == http.StatusGone
	})
}

// TestNginxWithoutKey: a gateway that shares nothing serves each viewer alone.
func TestNginxWithoutKey(t *testing.T) {
	ring := hls.New(hls.Options{})
	e := newEdge(t, ring, llhls.Options{})
	feed(ring, 0, 12)
	_, body := e.get(t, "/hls/viewer/live.m3u8")
	feed(ring, 12, 1)
	if status, body := e.get(t, "/hls/viewer"+next(t, body)); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}
