package llhls_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/hls"
)

// TestAborted: viewers who go while they wait are let go at once, though no part
// comes, and those who stay are served.
func TestAborted(t *testing.T) {
	ring := hls.New(hls.Options{})
	g := newGateway(t, ring)
	feed(ring, 0, 12)
	var underWay atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		underWay.Add(1)
		defer underWay.Add(-1)
		g.handler.ServeHTTP(w, r)
	}))
	defer srv.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	_, body := get(t, srv.URL+"/hls/viewer/live.m3u8")
	playlist := srv.URL + "/hls/viewer" + next(t, body)
	hints := uris.FindAllString(body, -1)
	hint := srv.URL + hints[len(hints)-1]

	ask := func(ctx context.Context, url string) int {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Error(err)
			return 0
		}
		res, err := client.Do(req)
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	ctx, abort := context.WithCancel(t.Context())
	defer abort()
	var aborted sync.WaitGroup
	for i := range 200 {
		url := playlist
		if i%2 == 0 {
			url = hint
		}
		aborted.Go(func() {
			if status := ask(ctx, url); status != 0 {
				t.Errorf("answered %d before anything came", status)
			}
		})
	}
	stays := make(chan int, 1)
	go func() { stays <- ask(t.Context(), playlist) }()
	waitFor(t, "201 viewers who wait", func() bool { return underWay.Load() == 201 })
	abort()
	aborted.Wait()
	waitFor(t, "200 of them to be let go", func() bool { return underWay.Load() == 1 })
	feed(ring, 12, 1)
	if status := <-stays; status != http.StatusOK {
		t.Errorf("who stayed was answered %d", status)
	}
	if _, after := get(t, srv.URL+"/hls/viewer/live.m3u8"); !strings.Contains(after, hints[len(hints)-1]) {
		t.Errorf("the part that came is not in\n%s", after)
	}
}
