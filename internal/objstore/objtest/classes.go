package objtest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Classes stands in front of an S3 server that has no storage classes (versitygw has none) and
// keeps them in its place: those that requests name, by path.
type Classes struct {
	mu sync.Mutex
	of map[string]string
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

// BucketWithClasses is Bucket behind Classes.
func (s *S3Server) BucketWithClasses(t testing.TB, name string) (bucketURL string, classes *Classes) {
	t.Helper()
	behind, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c := &Classes{of: map[string]string{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			path := r.Request.URL.Path
			switch {
			case r.StatusCode >= 300:
			case r.Request.Method == http.MethodPut:
				c.of[path] = r.Request.Header.Get("X-Amz-Storage-Class")
			case c.of[path] != "":
				r.Header.Set("X-Amz-Storage-Class", c.of[path])
			}
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return strings.Replace(s.Bucket(t, name), s.Endpoint, front.URL, 1), c
}
