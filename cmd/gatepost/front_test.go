package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestMetricsFrom: the metrics, which name every camera, are not for the world, and no
// proxy lends its own address.
func TestMetricsFrom(t *testing.T) {
	f, err := (&frontFlags{TrustedProxies: []string{"10.0.0.1"}, MetricsFrom: []string{"127.0.0.0/8", "10.0.0.0/8"}}).front()
	if err != nil {
		t.Fatal(err)
	}
	h := f.metricsHandler(newRegistry())
	for _, c := range []struct {
		from, forwarded string
		want            int
	}{
		{"127.0.0.1:5", "", 200},
		{"10.1.2.3:5", "", 200},
		{"203.0.113.7:5", "", 403},
		{"203.0.113.7:5", "127.0.0.1", 403},
		{"10.0.0.1:5", "203.0.113.7", 403},
		{"10.0.0.1:5", "203.0.113.7, 10.2.2.2", 200},
		{"10.0.0.1:5", "unknown", 403},
		{"10.0.0.1:5", "10.2.2.2, unknown", 403},
		{"10.0.0.1:5", "_hidden", 403},
		{"127.0.0.1:5", "203.0.113.7", 403}, // a proxy that nobody named
		{"127.0.0.1:5", "127.0.0.1", 403},
		{"10.0.0.1:5", "", 200},
		{"", "", 403},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "go_goroutines") {
			t.Errorf("from %q for %q: %d %.100s, want %d", c.from, c.forwarded, w.Code, w.Body, c.want)
		}
	}
	if _, err := (&frontFlags{MetricsFrom: []string{"everybody"}}).front(); err == nil || !strings.Contains(err.Error(), "CIDR") && !strings.Contains(err.Error(), "203.0.113") {
		t.Errorf("a range that is none: %v", err)
	}
}
