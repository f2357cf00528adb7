package chaos

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// storageFault is what a proxy does to the requests of an object store.
type storageFault string

const (
	healthy    storageFault = ""
	answer500  storageFault = "500"
	answer503  storageFault = "503 with Retry-After"
	answer403  storageFault = "403"
	answer507  storageFault = "507 Insufficient Storage"
	answer400  storageFault = "400 EntityTooLarge"
	trickle    storageFault = "a trickle"
	cutUpload  storageFault = "cut in mid-body"
	lostAnswer storageFault = "answers lost"
)

// storageProxy is a reverse proxy in front of an S3 server that can do badly.
type storageProxy struct {
	url string

	mu    sync.Mutex
	fault storageFault
	hits  map[storageFault]int
}

// newStorageProxy puts a proxy between servers that are started later and the
// S3 server of b.
func newStorageProxy(t *testing.T, b *harness.Backends) *storageProxy {
	t.Helper()
	target, err := url.Parse(b.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &storageProxy{hits: map[storageFault]int{}}
	// The host that the request was signed for stays (AWS Signature Version 4).
	through := &httputil.ReverseProxy{Director: func(r *http.Request) { r.URL.Scheme, r.URL.Host = target.Scheme, target.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, through) }))
	t.Cleanup(server.Close)
	b.Endpoint, p.url = server.URL, server.URL
	return p
}

// set makes the proxy do something to every request from now on, and to bodies
// that are under way.
func (p *storageProxy) set(f storageFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

func (p *storageProxy) now() storageFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// count is how many requests met a fault.
func (p *storageProxy) count(f storageFault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits[f]
}

func (p *storageProxy) serve(w http.ResponseWriter, r *http.Request, through http.Handler) {
	p.mu.Lock()
	f := p.fault
	p.hits[f]++
	p.mu.Unlock()
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>chaos</Message></Error>`, code)
	}
	switch f {
	case answer500:
		refuse(http.StatusInternalServerError, "InternalError")
	case answer503:
		w.Header().Set("Retry-After", "2")
		refuse(http.StatusServiceUnavailable, "SlowDown")
	case answer403:
		refuse(http.StatusForbidden, "AccessDenied")
	case answer507:
		refuse(http.StatusInsufficientStorage, "XMinioStorageFull")
	case answer400:
		refuse(http.StatusBadRequest, "EntityTooLarge")
	case trickle:
		r.Body = &slowBody{r.Body, p}
		through.ServeHTTP(w, r)
	case cutUpload:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		panic(http.ErrAbortHandler)
	case lostAnswer: // it is done, and nobody hears of it
		through.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		through.ServeHTTP(w, r)
	}
}

// slowBody is read at 4 kB/s while the fault lasts.
type slowBody struct {
	io.ReadCloser
	p *storageProxy
}

func (b *slowBody) Read(to []byte) (int, error) {
	if b.p.now() == trickle {
		harness.Until(time.Now().Add(100 * time.Millisecond))
		to = to[:min(len(to), 400)]
	}
	return b.ReadCloser.Read(to)
}
