package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serveMediaConns serves h the way the media plane does.
func serveMediaConns(tb testing.TB, h http.Handler) string {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	srv := &http.Server{Handler: h, ConnContext: withConn, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.Serve(mediaListener{l}) }()
	tb.Cleanup(func() { _ = srv.Close(); <-ended })
	return "http://" + l.Addr().String()
}

// TestJoined: whatever the size, what arrives is what was written, over one
// connection.
func TestJoined(t *testing.T) {
	var conns = map[*mediaConn]int{}
	url := serveMediaConns(t, bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		w.Header().Set("Content-Length", strconv.Itoa(n))
		w.Header().Set("X-Pad", strings.Repeat("x", n%300))
		conns[mediaConnOf(r)]++
		if r.Method == http.MethodGet {
			joined(r, int64(n))
			_, _ = w.Write(bytes.Repeat([]byte(strconv.Itoa(n%10)), n))
		}
	}), time.Minute))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, n := range []int{0, 1, 3000, 3700, 3800, 3900, 4000, 4095, 4096, 4097, 5000, 8192, 50_000, 1 << 20} {
			req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("%s/?n=%d", url, n), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s %d: %v", method, n, err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			want := bytes.Repeat([]byte(strconv.Itoa(n%10)), n)
			if method == http.MethodHead {
				want = nil
			}
			if err != nil || !bytes.Equal(got, want) || res.ContentLength != int64(n) {
				t.Errorf("%s %d: %d bytes, Content-Length %d, %v", method, n, len(got), res.ContentLength, err)
			}
		}
	}
	if len(conns) != 1 || conns[nil] != 0 {
		t.Errorf("%d connections, want one of ours", len(conns))
	}
	for m := range conns {
		if m.held != 0 || m.head != nil || m.join {
			t.Error("something is held back after the answer")
		}
	}
}

// TestBoundMovesInSteps: requests in a row share a deadline that is never less than
// five sixths of the timeout away.
func TestBoundMovesInSteps(t *testing.T) {
	var deadlines []time.Duration
	set := map[time.Time]bool{}
	url := serveMediaConns(t, bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m := mediaConnOf(r)
		deadlines = append(deadlines, time.Until(m.deadline))
		set[m.deadline] = true
	}), time.Hour))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range 20 {
		get(t, client, url)
	}
	for _, d := range deadlines {
		if d < time.Hour*5/6-time.Minute || d > time.Hour {
			t.Errorf("a deadline %v away", d)
		}
	}
	if len(deadlines) != 20 || len(set) != 1 {
		t.Errorf("%d requests set %d deadlines", len(deadlines), len(set))
	}
}

// TestDeafViewer: who reads nothing of a joined answer is let go when its time is
// over.
func TestDeafViewer(t *testing.T) {
	ended := make(chan error, 1)
	url := serveMediaConns(t, bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 64<<20) // more than sockets hold
		joined(r, int64(len(body)))
		_, err := w.Write(body)
		ended <- err
	}), 300*time.Millisecond))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a viewer that read nothing was sent everything")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a viewer that reads nothing is waited for")
	}
}

// BenchmarkJoined answers over one connection with a part of 50 kB.
func BenchmarkJoined(b *testing.B) {
	part := make([]byte, 50_000)
	for _, join := range []bool{false, true} {
		b.Run(fmt.Sprint(join), func(b *testing.B) {
			url := serveMediaConns(b, bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Length"] = []string{"50000"}
				if join {
					joined(r, 50_000)
				}
				_, _ = w.Write(part)
			}), time.Minute))
			conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			request := []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			answer := make([]byte, 64<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				for n := 0; n < 50_000; {
					k, err := conn.Read(answer)
					if err != nil {
						b.Fatal(err)
					}
					n += k
				}
			}
		})
	}
}
