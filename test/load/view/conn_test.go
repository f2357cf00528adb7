package view

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConn asks a real server for bodies of every form that it may send.
func TestConn(t *testing.T) {
	long := bytes.Repeat([]byte("picture "), 20_000)
	opened := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/known", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("short")) })
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(long)
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("end"))
	})
	mux.HandleFunc("/closing", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte("bye"))
	})
	mux.HandleFunc("/query", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Query().Get("_HLS_msn"))) })
	s := httptest.NewServer(mux)
	defer s.Close()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{address: base.Host}
	defer c.close()
	for _, want := range []struct {
		path   string
		status int
		body   string
	}{
		{"/known", 200, "short"}, {"/chunked", 200, string(long) + "end"}, {"/closing", 200, "bye"}, {"/query?_HLS_msn=7", 200, "7"}, {"/none", 404, "404 page not found\n"},
	} {
		u, err := base.Parse(want.path)
		if err != nil {
			t.Fatal(err)
		}
		if c.nc == nil {
			opened++
		}
		status, body, err := c.get(t.Context(), u)
		if err != nil || status != want.status || string(body) != want.body {
			t.Errorf("%s: %d, %d bytes, %v", want.path, status, len(body), err)
		}
	}
	if opened != 2 {
		t.Errorf("%d connections for five requests, want one, and one after it was closed", opened)
	}
	// A kept connection that the server has closed is opened again.
	s.CloseClientConnections()
	if status, _, err := c.get(t.Context(), &url.URL{Path: "/known"}); err != nil || status != 200 {
		t.Errorf("after the server has closed the connection: %d, %v", status, err)
	}
}

func TestConnRefuses(t *testing.T) {
	for _, answer := range []string{"", "HTTP/1.1\r\n", "HTTP/1.1 two\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			raw, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = raw.Write([]byte(answer))
			raw.Close()
		}))
		c := &conn{address: strings.TrimPrefix(s.URL, "http://")}
		if _, _, err := c.get(t.Context(), &url.URL{Path: "/"}); err == nil {
			t.Errorf("%q is taken for an answer", answer)
		}
		c.close()
		s.Close()
	}
}
