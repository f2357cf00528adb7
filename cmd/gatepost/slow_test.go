package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// deaf asks for a path and reads nothing of the answer.
func deaf(t *testing.T, srv *httptest.Server) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, client *http.Client, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same with HTTP/2, where a stream that is not read is held up by its window.
func TestBoundedStreams(t *testing.T) {
	ended := make(chan error, 1)
	srv := httptest.NewUnstartedServer(bounded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for n := 0; n < 64 && err == nil; n++ {
			_, err = w.Write(make([]byte, 1<<20))
		}
		ended <- err
	}), 200*time.Millisecond))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Fatalf("HTTP/%d", res.ProtoMajor)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a client that read nothing was sent everything")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a client that reads nothing is waited for")
	}
}

// A connection over TLS of which nobody reads is closed, though the deadlines of
// its streams cannot be told to its peer.
func TestDeafHTTP2Connection(t *testing.T) {
	ended := make(chan error, 1)
	srv := httptest.NewUnstartedServer(bounded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for n := 0; n < 64 && err == nil; n++ {
			_, err = w.Write(make([]byte, 1<<20))
		}
		ended <- err
	}), time.Minute))
	srv.EnableHTTP2 = true
	srv.Config.HTTP2 = http2Config(200 * time.Millisecond)
	srv.StartTLS()
	defer srv.Close()
	held := make(chan struct{})
	transport := srv.Client().Transport.(*http.Transport).Clone()
	transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 64 << 20, MaxReceiveBufferPerStream: 64 << 20}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &deafConn{Conn: conn, held: held}, err
	}
	defer transport.CloseIdleConnections()
	defer close(held)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if res, err := transport.RoundTrip(req); err == nil {
			<-held
			_ = res.Body.Close()
		}
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a client that read nothing was sent everything")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a connection of which nobody reads is kept")
	}
}

// deafConn stops reading after the first 100 kB.
type deafConn struct {
	net.Conn
	n    int
	held chan struct{}
}

func (c *deafConn) Read(b []byte) (int, error) {
	if c.n > 100_000 {
		<-c.held
	}
	n, err := c.Conn.Read(b)
	c.n += n
	return n, err
}

// A viewer that does not read lets go of what is kept for it, and a deadline
// does not outlive its request.
func TestBoundedAnswers(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second // a busy machine answers in it
	const size = 64 << 20
	ended := make(chan error, 10)
	srv := httptest.NewServer(bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if r.URL.Path == "/" {
			b := make([]byte, 1<<20)
			for n := 0; n < size && err == nil; n += len(b) {
				_, err = w.Write(b)
			}
		} else {
			_, err = w.Write([]byte("short"))
		}
		ended <- err
	}), timeout))
	defer srv.Close()
	deaf(t, srv)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a client that read nothing was sent everything")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a client that reads nothing is waited for")
	}
	for range 2 { // over one connection
		if b := get(t, srv.Client(), srv.URL+"/short"); string(b) != "short" {
			t.Errorf("%q", b)
		}
		<-time.After(timeout + timeout/2)
	}
}

func TestStalledDownload(t *testing.T) {
	t.Parallel()
	srv, ended := downloads(t, largeFile(t), 200*time.Millisecond)
	deaf(t, srv)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("a client that reads nothing is waited for")
	}
}

// largeFile is more than sockets hold.
func largeFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(path, bytes.Repeat([]byte("0123456789abcdef"), 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// downloads serves a file, and tells of each answer that has ended.
func downloads(t *testing.T, path string, stall time.Duration) (*httptest.Server, <-chan struct{}) {
	t.Helper()
	ended := make(chan struct{}, 10)
	srv := httptest.NewServer(moving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, path)
		ended <- struct{}{}
	}), stall))
	t.Cleanup(srv.Close)
	return srv, ended
}

func TestMovingDownloads(t *testing.T) {
	t.Parallel()
	const stall = 5 * time.Second // a busy machine reads something in it
	path := largeFile(t)
	srv, _ := downloads(t, path, stall)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b := get(t, srv.Client(), srv.URL); !bytes.Equal(b, content) {
		t.Errorf("%d bytes of %d, or others", len(b), len(content))
	}
	// A download that goes on may last longer than the stall.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for ; ; n++ {
		k, err := io.CopyN(io.Discard, res.Body, 4<<20)
		if k == 0 || err != nil {
			break
		}
		<-time.After(stall / 12)
	}
	if n != 16 {
		t.Errorf("a slow download ended after %d of 16 steps", n)
	}
}
