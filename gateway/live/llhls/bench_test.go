package llhls_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost/gateway/live/llhls"
	"github.com/gatepost-video/gatepost/streaming/hls"
)

// sink takes answers as the server does, without a connection.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }

// BenchmarkRequest serves what viewers ask for most.
func BenchmarkRequest(b *testing.B) {
	ring := hls.New(hls.Options{})
	defer ring.Close()
	g := newGateway(b, ring)
	handler := llhls.New(llhls.Options{Authoriser: g, Revoked: func(llhls.Viewer) bool { return false }, Rings: g})
	feed(ring, 0, 60)
	live := "/hls/viewer/live.m3u8"
	first := &sink{header: http.Header{}}
	req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, live, http.NoBody)
	handler.ServeHTTP(first, req)
	_, body := get(b, g.server.URL+live)
	msn := regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(body)[1]
	part := regexp.MustCompile(`/part/[^"\n]*/p[^"\n]*`).FindString(body)
	for name, path := range map[string]string{"playlist": live + "?_HLS_msn=" + msn + "&_HLS_part=0", "part": part} {
		b.Run(name, func(b *testing.B) {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, path, http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.n = 0
				handler.ServeHTTP(w, req)
			}
			if w.n == 0 || strings.HasPrefix(w.header.Get("Content-Type"), "application/problem") {
				b.Fatal("refused")
			}
		})
	}
}
