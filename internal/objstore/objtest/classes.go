package objtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// deepArchive is the class from which objects are restored before they are read.
const deepArchive = "DEEP_ARCHIVE"

// Classes stands in front of an S3 server that has no storage classes (versitygw has none) and
// keeps them in its place: those that requests name, by path. It restores nothing by
// itself: Thaw does.
type Classes struct {
	bucket string
	mu     sync.Mutex
	of     map[string]string
	asked  map[string]bool      // to be restored
	thawed map[string]time.Time // until when
	heads  int
}

// Of returns the classes of objects by their paths, /<bucket>/<key>; none for the standard
// class of what was put.
func (c *Classes) Of() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for path, class := range c.of {
		out[path] = class
	}
	return out
}

// Asked returns how many objects were asked to be restored.
func (c *Classes) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// Heads returns how many times somebody looked at an object.
func (c *Classes) Heads() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heads
}

// Thaw brings an object back that was asked for.
func (c *Classes) Thaw(key string, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path := "/" + c.bucket + "/" + key; c.asked[path] {
		c.thawed[path] = until
	}
}

// frozen tells whether an object cannot be read; c.mu is held.
func (c *Classes) frozen(path string) bool {
	return c.of[path] == deepArchive && !c.thawed[path].After(time.Now())
}

// refuses answers what the server behind does not know of.
func (c *Classes) refuses(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := r.URL.Path
	source, err := url.QueryUnescape(r.Header.Get("X-Amz-Copy-Source"))
	switch {
	case r.Method == http.MethodPost && r.URL.Query().Has("restore"):
		if c.of[path] != deepArchive {
			s3Error(w, http.StatusForbidden, "InvalidObjectState")
		} else if c.asked[path] && c.thawed[path].IsZero() {
			s3Error(w, http.StatusConflict, "RestoreAlreadyInProgress")
		} else {
			c.asked[path] = true
			w.WriteHeader(http.StatusAccepted)
		}
	case r.Method == http.MethodGet && c.frozen(path), source != "" && (err != nil || c.frozen("/"+strings.TrimPrefix(source, "/"))):
		s3Error(w, http.StatusForbidden, "InvalidObjectState")
	default:
		return false
	}
	return true
}

func s3Error(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>") // the client sees a short answer
}

// BucketWithClasses is Bucket behind Classes.
func (s *S3Server) BucketWithClasses(t testing.TB, name string) (bucketURL string, classes *Classes) {
	t.Helper()
	behind, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c := &Classes{bucket: name, of: map[string]string{}, asked: map[string]bool{}, thawed: map[string]time.Time{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.answer(r)
			return nil
		},
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.refuses(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return strings.Replace(s.Bucket(t, name), s.Endpoint, front.URL, 1), c
}

// answer adds what the server behind does not know to its answer; c.mu is held.
func (c *Classes) answer(r *http.Response) {
	path := r.Request.URL.Path
	if r.Request.Method == http.MethodHead {
		c.heads++
	}
	switch {
	case r.StatusCode >= 300:
	case r.Request.Method == http.MethodPut:
		c.of[path] = r.Request.Header.Get("X-Amz-Storage-Class")
	case c.of[path] != "":
		r.Header.Set("X-Amz-Storage-Class", c.of[path])
		if until, ok := c.thawed[path]; ok {
			r.Header.Set("X-Amz-Restore", `ongoing-request="false", expiry-date="`+until.UTC().Format(http.TimeFormat)+`"`)
		} else if c.asked[path] {
			r.Header.Set("X-Amz-Restore", `ongoing-request="true"`)
		}
	}
}
