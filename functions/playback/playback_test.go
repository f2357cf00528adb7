package playback_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2/pkg/playlist"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/fiberhost"
	"github.com/gatepost-video/gatepost/functions/playback"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

// past is when the archives begin.
func past() time.Time { return time.Now().UTC().Add(-26 * time.Hour).Truncate(time.Second) }

// do makes a request and does not follow redirects.
func (w *world) do(t testing.TB, method, path, who string, body any, header ...string) (*http.Response, string) {
	t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+path, in)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func (w *world) playlist(t testing.TB, token string) (string, *playlist.Media) {
	t.Helper()
	res, body := w.do(t, "GET", "/v1/playback/"+token+"/index.m3u8", "", nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	var m playlist.Media
	if err := m.Unmarshal([]byte(body)); err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	return body, &m
}

// decode counts what ffmpeg makes of a playlist.
func decode(t testing.TB, url string) (frames int, out string) {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-xerror", "-i", url, "-map", "0:v", "-vsync", "passthrough", "-f", "framecrc", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return strings.Count(string(b), "\n0,"), string(b)
}

// TestPlayback plays two runs with a gap between them, by any window.
func TestPlayback(t *testing.T) {
	w := newWorld(t)
	start := past()
	a := w.record(t, encode(t, "320x180", "20"), start, 5*time.Second, nil)
	// Of the same format: ffmpeg 5 keeps to the first EXT-X-MAP. TestBrowser has two.
	b := w.record(t, encode(t, "320x180", "10"), start.Add(40*time.Second), 5*time.Second, func(r *gatepost.Recording) { r.PriorEnd = gatepost.EndNetwork })
	if len(a) != 4 || len(b) != 2 {
		t.Fatalf("%d and %d objects", len(a), len(b))
	}
	tests := []struct {
		name          string
		from, to      float64 // seconds
		items, frames int
		discs, maps   int
	}{
		{"all", -10, 100, 30, 750, 1, 2},
		{"within an object", 1.5, 3.2, 3, 75, 0, 1},
		{"across an object border", 3.5, 7.5, 5, 125, 0, 1},
		{"one key frame", 2, 3, 1, 25, 0, 1},
		{"across the gap", 18.5, 42.5, 2 + 3, 125, 1, 2},
		{"the second run", 40, 100, 10, 250, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := w.grant(t, start.Add(time.Duration(tt.from*1e9)), start.Add(time.Duration(tt.to*1e9)))
			body, m := w.playlist(t, token)
			if !m.Endlist || len(m.Segments) != tt.items || strings.Count(body, "#EXT-X-DISCONTINUITY\n") != tt.discs || strings.Count(body, "#EXT-X-MAP") != tt.maps {
				t.Errorf("%d items\n%s", len(m.Segments), body)
			}
			if strings.Contains(body, token) {
				t.Error("the token is in the playlist")
			}
			first := m.Segments[0].DateTime
			if off := first.Sub(start.Add(time.Duration(math.Max(0, math.Floor(tt.from)) * 1e9))); tt.from < 40 && (off > 2*time.Millisecond || off < -2*time.Millisecond) {
				t.Errorf("begins at %v, %v off", first, off)
			}
			u := w.server.URL + "/v1/playback/" + token + "/index.m3u8"
			if n := bytes.Count(mediatest.FFprobe(t, "-select_streams", "v", "-show_entries", "packet=size", "-of", "csv", u), []byte("packet")); n != tt.frames {
				t.Errorf("%d frames, want %d", n, tt.frames)
			}
			// ffmpeg 5 drops frames where time jumps back, at a discontinuity.
			if n, out := decode(t, u); tt.discs == 0 && n != tt.frames {
				t.Errorf("%d frames decoded, want %d:\n%s", n, tt.frames, out)
			}
		})
	}
	t.Run("bytes", func(t *testing.T) {
		token := w.grant(t, start.Add(1500*time.Millisecond), start.Add(3200*time.Millisecond)) // segments 1 to 3
		path := "/v1/playback/" + token + "/" + a[0].ID + ".mp4"
		s := a[0].Segments
		for _, r := range []struct {
			header string
			status int
		}{
			{fmt.Sprintf("bytes=0-%d", a[0].InitLen-1), 302},
			{fmt.Sprintf("bytes=%d-%d", s[1].Offset, s[1].Offset+s[1].Length-1), 302},
			{fmt.Sprintf("bytes=%d-%d", s[1].Offset, s[3].Offset+s[3].Length-1), 302},
			{fmt.Sprintf("bytes=%d-%d", s[0].Offset, s[1].Offset+s[1].Length-1), 403},
			{fmt.Sprintf("bytes=%d-%d", s[3].Offset, s[3].Offset+s[3].Length), 403},
			{fmt.Sprintf("bytes=%d-", s[1].Offset), 403},
			{"bytes=0-", 403},
			{"", 403},
		} {
			header := []string{}
			if r.header != "" {
				header = []string{"Range", r.header}
			}
			res, body := w.do(t, "GET", path, "", nil, header...)
			if res.StatusCode != r.status {
				t.Errorf("%q: %d %s", r.header, res.StatusCode, body)
				continue
			}
			if r.status != 302 {
				continue
			}
			u, _ := url.Parse(res.Header.Get("Location"))
			got, media := w.do(t, "GET", u.RequestURI(), "", nil, header...)
			var x, y int
			fmt.Sscanf(r.header, "bytes=%d-%d", &x, &y)
			if got.StatusCode != 206 || len(media) != y-x+1 {
				t.Errorf("%q leads to %d with %d bytes", r.header, got.StatusCode, len(media))
			}
			if got, _ := w.do(t, "GET", u.RequestURI(), "", nil); got.StatusCode != 403 {
				t.Errorf("%q leads to the whole object: %d", r.header, got.StatusCode)
			}
		}
		if res, _ := w.do(t, "HEAD", path, "", nil); res.StatusCode != 200 || res.ContentLength != a[0].Bytes || res.Header.Get("Accept-Ranges") != "bytes" {
			t.Errorf("HEAD: %d %v", res.StatusCode, res.Header)
		}
		whole := w.grant(t, start, start.Add(time.Minute))
		res, _ := w.do(t, "GET", "/v1/playback/"+whole+"/"+a[1].ID+".mp4", "", nil)
		u, _ := url.Parse(res.Header.Get("Location"))
		if got, media := w.do(t, "GET", u.RequestURI(), "", nil, "Range", "bytes=100-"); got.StatusCode != 206 || int64(len(media)) != a[1].Bytes-100 {
			t.Errorf("an object that lies in the window whole: %d, %d bytes", got.StatusCode, len(media))
		}
	})
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	start := past()
	rows := w.record(t, encode(t, "160x90", "3"), start, 5*time.Second, nil)
	good := w.grant(t, start, start.Add(time.Minute))
	empty := w.grant(t, start.Add(time.Minute), start.Add(2*time.Minute))
	revoked := w.grant(t, start, start.Add(time.Minute))
	if err := w.store.RevokeGrant(t.Context(), revoked, time.Now(), gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", CameraID: w.camera.ID, Allowed: true}); err != nil {
		t.Fatal(err)
	}
	live, gone, other := w.grant(t, start, start.Add(time.Minute)), w.grant(t, start, start.Add(time.Minute)), w.grant(t, start, start.Add(time.Minute))
	w.mu.Lock()
	change := func(token string, f func(m *gatepost.Action, grant, camera *string)) {
		m := w.tokens[token]
		f(&m.Action, &m.GrantID, &m.CameraID)
		w.tokens[token] = m
	}
	change(live, func(a *gatepost.Action, _, _ *string) { *a = gatepost.ActionLive })
	change(gone, func(_ *gatepost.Action, g, _ *string) { *g = gatepost.NewID() })
	change(other, func(_ *gatepost.Action, _, c *string) { *c = gatepost.NewID() })
	w.mu.Unlock()

	owner := w.signIn(w.shop, gatepost.RoleOwner)
	watcher := w.signIn(w.shop, gatepost.RoleWatcher)
	stranger := w.signIn(storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), gatepost.RoleOwner)
	q := func(from, to string) string {
		return "/v1/cameras/" + w.camera.ID + "/timeline?from=" + url.QueryEscape(from) + "&to=" + url.QueryEscape(to)
	}
	at := func(d time.Duration) string { return start.Add(d).Format(time.RFC3339Nano) }
	clip := func(from, to string, change map[string]any) map[string]any {
		m := map[string]any{"camera_id": w.camera.ID, "from": from, "to": to, "purpose": "case", "reason": "theft"}
		for k, v := range change {
			m[k] = v
		}
		return m
	}
	tests := []struct {
		method, path, who string
		body              any
		status            int
		code              string
	}{
		{"GET", "/v1/playback/" + good + "/index.m3u8", "", nil, 200, ""},
		{"GET", "/v1/playback/forged/index.m3u8", "", nil, 401, "unauthenticated"},
		{"GET", "/v1/playback/" + revoked + "/index.m3u8", "", nil, 410, "gone"},
		{"GET", "/v1/playback/" + revoked + "/" + rows[0].ID + ".mp4", "", nil, 410, "gone"},
		{"GET", "/v1/playback/" + gone + "/index.m3u8", "", nil, 410, "gone"},
		{"GET", "/v1/playback/" + live + "/index.m3u8", "", nil, 403, "forbidden"},
		{"GET", "/v1/playback/" + empty + "/index.m3u8", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + empty + "/" + rows[0].ID + ".mp4", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + other + "/index.m3u8", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + other + "/" + rows[0].ID + ".mp4", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + good + "/" + gatepost.NewID() + ".mp4", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + good + "/..%2f..%2fx.mp4", "", nil, 404, "not_found"},
		{"GET", "/v1/playback/" + good + "/" + strings.Repeat("x", 70) + ".mp4", "", nil, 422, "invalid"},

		{"GET", q(at(0), at(time.Hour)), owner, nil, 200, ""},
		{"GET", q(at(0), at(time.Hour)), "", nil, 401, "unauthenticated"},
		{"GET", q(at(0), at(time.Hour)), stranger, nil, 404, "not_found"},
		{"GET", q(at(0), at(0)), owner, nil, 422, "invalid"},
		{"GET", q(at(time.Hour), at(0)), owner, nil, 422, "invalid"},
		{"GET", q(at(100*time.Hour), at(101*time.Hour)), owner, nil, 422, "invalid"},
		{"GET", q(at(-31*24*time.Hour), at(time.Second)), owner, nil, 413, "too_large"},
		{"GET", q("yesterday", at(0)), owner, nil, 422, "invalid"},
		{"GET", "/v1/cameras/" + w.camera.ID + "/timeline", owner, nil, 422, "invalid"},
		{"GET", q(at(0), at(time.Hour)) + "&limit=3", owner, nil, 422, "invalid"},
		{"GET", strings.Replace(q(at(0), at(time.Hour)), w.camera.ID, "x", 1), owner, nil, 404, "not_found"},

		{"POST", "/v1/clips", owner, clip(at(0), at(2*time.Hour), nil), 413, "too_large"},
		{"POST", "/v1/clips", owner, clip(at(0), at(0), nil), 422, "invalid"},
		{"POST", "/v1/clips", owner, clip(at(time.Minute), at(2*time.Minute), nil), 404, "not_found"},
		{"POST", "/v1/clips", owner, clip(at(0), at(time.Minute), map[string]any{"reason": ""}), 422, "invalid"},
		{"POST", "/v1/clips", owner, clip(at(0), at(time.Minute), map[string]any{"extra": 1}), 422, "invalid"},
		{"POST", "/v1/clips", watcher, clip(at(0), at(time.Minute), nil), 403, "forbidden"},
		{"POST", "/v1/clips", stranger, clip(at(0), at(time.Minute), nil), 404, "not_found"},
		{"POST", "/v1/clips", "", clip(at(0), at(time.Minute), nil), 401, "unauthenticated"},
	}
	for _, tt := range tests {
		res, body := w.do(t, tt.method, tt.path, tt.who, tt.body)
		if res.StatusCode != tt.status {
			t.Errorf("%s %.100s: %d, want %d: %s", tt.method, tt.path, res.StatusCode, tt.status, body)
			continue
		}
		var p struct{ Code string }
		if err := json.Unmarshal([]byte(body), &p); tt.code != "" && (err != nil || p.Code != tt.code) {
			t.Errorf("%s %.100s: %s, want %s", tt.method, tt.path, body, tt.code)
		}
	}
}

// TestLongWindow: a day of objects of a minute is one light playlist.
func TestLongWindow(t *testing.T) {
	w := newWorld(t)
	start := past()
	run := gatepost.NewID()
	for i := range 1441 {
		storetest.NewRecording(t, w.store, w.camera, start.Add(time.Duration(i)*time.Minute), func(r *gatepost.Recording) {
			r.Run, r.Seq, r.MediaTime = run, i, time.Duration(i)*time.Minute
			r.Segments = nil
			for k := range 30 {
				r.Segments = append(r.Segments, gatepost.Segment{Offset: int64(600 + 100*k), Length: 100, Start: time.Duration(k) * 2 * time.Second, Duration: 2 * time.Second})
			}
			r.Bytes = 600 + 3000
		})
	}
	token := w.grant(t, start.Add(31*time.Second), start.Add(24*time.Hour+31*time.Second))
	var (
		body string
		m    *playlist.Media
		took = time.Hour
	)
	for range 5 {
		began := time.Now()
		res, text := w.do(t, "GET", "/v1/playback/"+token+"/index.m3u8", "", nil)
		if took = min(took, time.Since(began)); res.StatusCode != 200 {
			t.Fatal(text)
		}
	}
	body, m = w.playlist(t, token)
	t.Logf("%d segments, %d bytes, %v", len(m.Segments), len(body), took)
	if len(m.Segments) != 1441 || len(body) > 500_000 || strings.Contains(body, "#EXT-X-DISCONTINUITY\n") || strings.Count(body, "#EXT-X-MAP") != 1 {
		t.Errorf("%d segments in %d bytes", len(m.Segments), len(body))
	}
	if took > 100*time.Millisecond && !raceDetector {
		t.Errorf("took %v", took)
	}
	// Its edges are cut to key frames: 15 of 30, the second a frame earlier than asked for.
	first, last := m.Segments[0], m.Segments[1440]
	if first.Duration != 30*time.Second || *first.ByteRangeStart != 600+1500 || *first.ByteRangeLength != 1500 {
		t.Errorf("begins with %v, %d bytes from %d", first.Duration, *first.ByteRangeLength, *first.ByteRangeStart)
	}
	if last.Duration != 32*time.Second || *last.ByteRangeStart != 600 || *last.ByteRangeLength != 1600 {
		t.Errorf("ends with %v, %d bytes from %d", last.Duration, *last.ByteRangeLength, *last.ByteRangeStart)
	}
	// Two hours and less come by key frames.
	_, m = w.playlist(t, w.grant(t, start.Add(time.Hour), start.Add(3*time.Hour)))
	if len(m.Segments) != 3600 {
		t.Errorf("two hours have %d segments", len(m.Segments))
	}
}

func TestTimeline(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "160x90", "10"), start, 5*time.Second, nil)
	w.record(t, encode(t, "160x90", "10"), start.Add(time.Minute), 5*time.Second, func(r *gatepost.Recording) {
		if r.Seq == 0 {
			r.PriorEnd = gatepost.EndTimeout
		}
	})
	owner := w.signIn(w.shop, gatepost.RoleOwner)
	at := func(d time.Duration) string { return url.QueryEscape(start.Add(d).Format(time.RFC3339Nano)) }
	res, body := w.do(t, "GET", "/v1/cameras/"+w.camera.ID+"/timeline?from="+at(5*time.Second)+"&to="+at(65*time.Second), owner, nil)
	var got struct {
		Spans []struct {
			From, To      time.Time
			State, Reason string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	var states []string
	for _, s := range got.Spans {
		states = append(states, fmt.Sprintf("%.0f %s %s", s.To.Sub(s.From).Seconds(), s.State, s.Reason))
	}
	if want := "5 recorded |50 gap network|5 recorded "; strings.Join(states, "|") != want {
		t.Errorf("got %q, want %q", states, want)
	}
}

type packet struct {
	Codec    string `json:"codec_type"`
	DTS, PTS string `json:"-"`
	DTSTime  string `json:"dts_time"`
	Duration string `json:"duration_time"`
	Flags    string `json:"flags"`
}

func TestClip(t *testing.T) {
	w := newWorld(t)
	start := past()
	clip := encode(t, "320x180", "12")
	w.record(t, clip, start, 5*time.Second, nil)
	w.record(t, clip, start.Add(40*time.Second), 5*time.Second, nil)
	other := encode(t, "160x90", "3")
	changed := w.record(t, other, start.Add(80*time.Second), 5*time.Second, nil)
	owner := w.signIn(w.shop, gatepost.RoleOwner)
	ask := func(from, to float64) (int, string) {
		res, body := w.do(t, "POST", "/v1/clips", owner, map[string]any{"camera_id": w.camera.ID, "purpose": "case", "reason": "theft",
			"from": start.Add(time.Duration(from * 1e9)).Format(time.RFC3339Nano), "to": start.Add(time.Duration(to * 1e9)).Format(time.RFC3339Nano)})
		return res.StatusCode, body
	}
	tests := []struct {
		name         string
		from, to     float64
		begins, ends float64
		frames       int
	}{
		{"within an object", 1.3, 3.2, 1, 3.2, 55},
		{"across objects", 3.5, 11.1, 3, 11.2, 205},
		{"across a gap", 9.9, 42, 9, 42, 125},
		{"all of two runs", -60, 70, 0, 52, 600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := ask(tt.from, tt.to)
			var c struct {
				ID, URL   string
				From, To  time.Time
				Bytes     int64
				ExpiresAt time.Time `json:"expires_at"`
			}
			if err := json.Unmarshal([]byte(body), &c); err != nil || status != 201 {
				t.Fatalf("%d %s", status, body)
			}
			if from, to := c.From.Sub(start).Seconds(), c.To.Sub(start).Seconds(); math.Abs(from-tt.begins) > 0.01 || math.Abs(to-tt.ends) > 0.01 {
				t.Errorf("from %g to %g, want %g to %g", from, to, tt.begins, tt.ends)
			}
			res, err := http.Get(c.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			data, err := io.ReadAll(res.Body)
			if err != nil || int64(len(data)) != c.Bytes || !strings.Contains(res.Header.Get("Content-Disposition"), "gatepost-") {
				t.Fatalf("%d bytes, %v, %v", len(data), err, res.Header)
			}
			path := filepath.Join(t.TempDir(), "clip.mp4")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			var doc struct{ Packets []packet }
			if err := json.Unmarshal(mediatest.FFprobe(t, "-show_packets", "-of", "json", path), &doc); err != nil {
				t.Fatal(err)
			}
			frames, last := 0, map[string]float64{}
			for _, p := range doc.Packets {
				var dts float64
				fmt.Sscan(p.DTSTime, &dts)
				before, ok := last[p.Codec]
				switch {
				case !ok && (dts < 0 || dts > 0.1):
					t.Errorf("%s begins at %g", p.Codec, dts)
				case !ok && p.Codec == "video" && !strings.HasPrefix(p.Flags, "K"):
					t.Error("does not begin with a key frame")
				case ok && (dts <= before || dts > before+0.25):
					t.Errorf("%s goes from %g to %g", p.Codec, before, dts)
				}
				last[p.Codec] = dts
				if p.Codec == "video" {
					frames++
				}
			}
			if frames != tt.frames {
				t.Errorf("%d frames, want %d", frames, tt.frames)
			}
			if n, out := decode(t, path); n != tt.frames {
				t.Errorf("%d frames decoded:\n%s", n, out)
			}
		})
	}
	t.Run("two formats", func(t *testing.T) {
		status, body := ask(45, 90)
		if status != 409 || !strings.Contains(body, changed[0].Start.UTC().Format(time.RFC3339Nano)) {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("of another organisation, the owner is told", func(t *testing.T) {
		operator := storetest.NewOrganisation(t, w.store, gatepost.KindOperator)
		res, body := w.do(t, "POST", "/v1/clips", w.signIn(operator, gatepost.RoleAdmin), map[string]any{"camera_id": w.camera.ID, "purpose": "case", "reason": "a court asks",
			"from": start.Format(time.RFC3339Nano), "to": start.Add(2 * time.Second).Format(time.RFC3339Nano)})
		told, err := w.store.Notifications(t.Context(), w.shop.ID, "", 10)
		if res.StatusCode != 201 || err != nil || len(told) != 1 || told[0].Kind != gatepost.NotifyExport || told[0].CameraID != w.camera.ID ||
			told[0].Detail["organisation"] != operator.Name || told[0].Detail["reason"] != "a court asks" {
			t.Errorf("%d %s: told %+v %v", res.StatusCode, body, told, err)
		}
	})
	left, err := os.ReadDir(w.temp)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left behind, %v", len(left), err)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 100)
	taken := 0
	for _, e := range entries {
		if e.Kind == gatepost.LedgerExport && e.Actor == owner && e.Detail["reason"] == "theft" {
			taken++
		}
	}
	if err != nil || taken != len(tests) {
		t.Errorf("%d copies in the ledger, %v, want %d", taken, err, len(tests))
	}
}

// TestHosts: both hosts answer alike, HEAD too, which one of them hands to GET.
func TestHosts(t *testing.T) {
	w := newWorld(t)
	start := past()
	r := w.record(t, encode(t, "160x90", "3"), start, 5*time.Second, nil)[0]
	token := w.grant(t, start, start.Add(time.Minute))
	h, err := fiberhost.New(fiberhost.Options{Options: host.Options{Logger: slog.New(slog.DiscardHandler)},
		Register: []host.Register{playback.New(playback.Options{Store: w.store, Objects: w.objects, Tokens: w}).Register}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, listener, nil) }()
	defer func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, base := range []string{w.server.URL, "http://" + listener.Addr().String()} {
		for _, tt := range []struct {
			method, path, contentType string
			status                    int
			length                    int64
		}{
			{"GET", "/index.m3u8", "application/vnd.apple.mpegurl", 200, -1},
			{"GET", "/" + r.ID + ".mp4", "", 302, 0},
			{"GET", "/picture?at=" + url.QueryEscape(start.Format(time.RFC3339)), "image/jpeg", 200, -1},
			{"HEAD", "/" + r.ID + ".mp4", "video/mp4", 200, r.Bytes},
			{"HEAD", "/" + gatepost.NewID() + ".mp4", "application/problem+json", 404, -1},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, base+"/v1/playback/"+token+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tt.status || res.Header.Get("Content-Type") != tt.contentType || tt.length >= 0 && res.ContentLength != tt.length ||
				(tt.status == 302) != (res.Header.Get("Location") != "") || res.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %s%s: %d, %d bytes, %v", tt.method, base, tt.path, res.StatusCode, res.ContentLength, res.Header)
			}
		}
	}
}

func TestClipsHaveTheirTime(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "160x90", "12"), start, 5*time.Second, nil)
	res, body := w.do(t, "POST", "/v1/clips", w.signIn(w.shop, gatepost.RoleOwner), map[string]any{"camera_id": w.camera.ID, "purpose": "case", "reason": "theft",
		"from": start.Add(time.Second).Format(time.RFC3339Nano), "to": start.Add(3 * time.Second).Format(time.RFC3339Nano)})
	if res.StatusCode != 201 {
		t.Fatalf("clip: %s %s", res.Status, body)
	}
	clips := func() (n int) {
		for _, err := range w.objects.List(t.Context(), "clip/", "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	for _, tt := range []struct {
		later time.Duration
		left  int
	}{{23 * time.Hour, 1}, {25 * time.Hour, 0}} {
		f := playback.New(playback.Options{Store: w.store, Objects: w.objects, Now: func() time.Time { return time.Now().Add(tt.later) }})
		for range 2 { // twice is as once
			if err := f.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := clips(); n != tt.left {
			t.Errorf("%d clips %s later, want %d", n, tt.later, tt.left)
		}
	}
}
