package main

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// exported returns the names of every metric after a short run with a camera
// that is recorded and one that cannot be.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	db := storetest.OpenSQLite(t)
	service := node.New(node.Options{Store: db})
	objects, err := dir.Open(t.TempDir(), dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	local := "127.0.0.1:0"
	l, err := listenMedia(&webFlags{Media: local}, &doorFlags{RTSP: local, RTMP: local, SRT: local, WebRTCUDP: local}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	registry := newRegistry()
	registry.MustRegister(service.Metrics())
	gw, err := newGateway(gatewayOptions{listeners: l, spool: t.TempDir(), objects: objects, control: service, registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- gw.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	owner := storetest.NewOrganisation(t, db, gatepost.KindBusiness).ID
	publish := func(track *media.Track, step int64) ingest.Session {
		camera := storetest.NewCamera(t, db, owner)
		s, err := gw.admission.Admit(ctx, ingest.Request{CameraID: camera.ID, Proven: true, Protocol: "srt", Remote: "127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start([]*media.Track{track}); err != nil {
			t.Fatal(err)
		}
		for i := range int64(100) {
			if err := s.Write(&media.Unit{PTS: i * step, DTS: i * step, Key: true, Data: [][]byte{{0xfc, 1, 2}}}); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	if _, err := gw.admission.Admit(ctx, ingest.Request{CameraID: "nobody", Protocol: "srt"}); err == nil {
		t.Error("nobody was admitted")
	}
	opus := &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}
	publish(opus, 960).End(gatepost.EndClosed)
	publish(opus, 960)
	publish(&media.Track{Codec: media.G711A, ClockRate: 8000, SampleRate: 8000, Channels: 1}, 160)
	if err := service.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	deadline := time.Now().Add(30 * time.Second)
	for !names["gatepost_camera_recording_problem"] || !names["gatepost_camera_last_object_timestamp_seconds"] || !names["gatepost_camera_bits_per_second"] {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %v", names)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			names[f.GetName()] = true
		}
		<-time.After(50 * time.Millisecond)
	}
	return names
}

var metricName = regexp.MustCompile(`gatepost_[a-z_]+`)

// Dashboard and alerts name metrics that exist, and runbooks that exist.
func TestDashboardAndAlerts(t *testing.T) {
	names := exported(t)
	check := func(file, expr string) {
		for open, shut := range map[string]string{"(": ")", "{": "}", "[": "]"} {
			if strings.Count(expr, open) != strings.Count(expr, shut) {
				t.Errorf("%s: unbalanced: %s", file, expr)
			}
		}
		found := metricName.FindAllString(expr, -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric: %s", file, expr)
		}
		for _, n := range found {
			if !names[n] {
				t.Errorf("%s: nobody exports %s", file, n)
			}
		}
	}
	read := func(path string) string {
		b, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}

	var board struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read("infra/grafana/gatepost.json")), &board); err != nil || len(board.Panels) < 20 {
		t.Fatalf("dashboard: %d panels, %v", len(board.Panels), err)
	}
	for _, p := range board.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			check("dashboard", target.Expr)
		}
	}

	guide := read("docs/operations.md")
	rules := strings.Split(read("infra/prometheus/gatepost.rules.yml"), "      - alert: ")[1:]
	if len(rules) < 10 {
		t.Fatalf("%d alerts", len(rules))
	}
	field := func(rule, pattern string) string {
		m := regexp.MustCompile(`(?m)^ {8}` + pattern + `$`).FindStringSubmatch(rule)
		if m == nil {
			t.Errorf("no %s in alert %s", pattern, rule)
			return ""
		}
		return m[1]
	}
	for _, r := range rules {
		name, _, _ := strings.Cut(r, "\n")
		check("alert "+name, field(r, `expr: (.+)`))
		field(r, `for: (\d+[sm])`)
		field(r, `labels: \{severity: (critical|warning|info)\}`)
		field(r, `  summary: "(.+)"`)
		if anchor := field(r, `  runbook: docs/operations.md#([a-z]+)`); anchor != strings.ToLower(name) || !strings.Contains(guide, "\n### "+name+"\n") {
			t.Errorf("alert %s has no runbook", name)
		}
	}
}
