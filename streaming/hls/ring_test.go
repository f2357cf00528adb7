package hls

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testStart = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func testInit(n int) *cmaf.Init {
	return &cmaf.Init{Data: fmt.Appendf(nil, "init %d", n), Codecs: "avc1.4d401f,mp4a.40.2", Width: 1280, Height: 720, HasVideo: true, HasAudio: true}
}

// camera feeds a ring with parts of 200 ms and a key frame every gop parts.
type camera struct {
	ring *Ring
	gop  int
	n    int // parts in this run
	made int // parts ever
	size int // bytes of a part
}

func (c *camera) start(run string, init int) {
	c.n = 0
	c.ring.Start(run, testInit(init))
}

func (c *camera) push(parts int) {
	for range parts {
		at := time.Duration(c.n) * 200 * time.Millisecond
		data := bytes.Repeat([]byte{byte(c.made)}, max(1, c.size))
		c.ring.Part(&cmaf.Part{Data: data, Start: at, Duration: 200 * time.Millisecond, NTP: testStart.Add(time.Duration(c.made) * 200 * time.Millisecond), Independent: c.n%c.gop == 0, Frames: 5})
		c.n++
		c.made++
	}
}

func newCamera(tb testing.TB, gop int, o Options) *camera {
	r := New(o)
	r.msn = 100
	r.ask() // somebody watches
	tb.Cleanup(r.Close)
	c := &camera{ring: r, gop: gop}
	c.start("run-0", 0)
	return c
}

func read(tb testing.TB, r *Ring, req Request) (string, *playlist.Media) {
	tb.Helper()
	p, err := r.Playlist(tb.Context(), req)
	if err != nil {
		tb.Fatal(err)
	}
	return string(p.Body), parse(tb, p.Body)
}

func parse(tb testing.TB, body []byte) *playlist.Media {
	tb.Helper()
	var m playlist.Media
	if err := m.Unmarshal(body); err != nil {
		tb.Fatalf("%v in\n%s", err, body)
	}
	return &m
}

var secrets = regexp.MustCompile(`/part/[A-Za-z0-9_-]+/([isp]\d+)-[A-Za-z0-9_-]{16}\.mp4(?:\?e=[A-Za-z0-9_-]+)?`)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = secrets.ReplaceAll(got, []byte("/part/CAPABILITY/$1-MAC.mp4"))
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update and look at the difference):\n%s", path, got)
	}
}

func TestPlaylistGoldens(t *testing.T) {
	tests := map[string]func(t *testing.T) []byte{
		"first-part.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 5, Options{})
			c.push(1)
			body, _ := read(t, c.ring, Request{})
			return []byte(body)
		},
		"gop-1s.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 5, Options{})
			c.push(23)
			body, _ := read(t, c.ring, Request{})
			return []byte(body)
		},
		"gop-10s.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 50, Options{})
			c.push(148)
			body, _ := read(t, c.ring, Request{})
			return []byte(body)
		},
		"reconnect.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 5, Options{})
			c.push(13)
			c.ring.End("network")
			c.start("run-1", 0)
			c.push(7)
			c.start("run-1", 1)
			c.push(3)
			body, _ := read(t, c.ring, Request{})
			return []byte(body)
		},
		"delta.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 10, Options{Window: 10 * TargetDuration})
			c.push(300)
			body, _ := read(t, c.ring, Request{Skip: true})
			return []byte(body)
		},
		"multivariant.m3u8": func(t *testing.T) []byte {
			c := newCamera(t, 5, Options{})
			c.size = 10000
			c.push(20)
			body, err := c.ring.Multivariant("live.m3u8")
			if err != nil {
				t.Fatal(err)
			}
			return body
		},
		"vod.m3u8": func(*testing.T) []byte {
			return AppendVOD(nil, []Item{
				{URI: "a.mp4", Offset: 812, Length: 100, Duration: 2 * time.Second, MapLength: 812, Wall: testStart},
				{URI: "a.mp4", Offset: 912, Length: 50, Duration: 1500 * time.Millisecond},
				{URI: "b.mp4", Offset: 812, Length: 70, Duration: 2600 * time.Millisecond},
				{URI: "c.mp4", Offset: 900, Length: 70, Duration: time.Second, MapLength: 900, Discontinuity: true, Wall: testStart.Add(time.Hour)},
			})
		},
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) { golden(t, name, make(t)) })
	}
}

// TestPlaylistHolds checks what must hold of every playlist of a long life: GOPs
// of all lengths, reconnects, changes of parameters.
func TestPlaylistHolds(t *testing.T) {
	for _, gop := range []int{1, 3, 5, 10, 22, 50, 120} {
		t.Run(fmt.Sprintf("gop %d", gop), func(t *testing.T) {
			c := newCamera(t, gop, Options{})
			lastMSN, init := 0, 0
			wall := map[string]time.Time{}
			cc := map[string]int{}
			for step := range 700 {
				switch {
				case step%170 == 169:
					c.ring.End("network")
					c.start(fmt.Sprint("run-", step), init)
				case step%230 == 229:
					init++
					c.start("same", init)
				}
				c.push(1)
				body, m := read(t, c.ring, Request{})
				if m.MediaSequence < lastMSN {
					t.Fatalf("step %d: media sequence went from %d to %d", step, lastMSN, m.MediaSequence)
				}
				lastMSN = m.MediaSequence
				if len(m.Segments) == 0 {
					t.Fatalf("step %d: no whole segment", step)
				}
				var total time.Duration
				discs := *m.DiscontinuitySequence
				for i, s := range m.Segments {
					if s.Duration.Round(time.Second) > TargetDuration {
						t.Fatalf("step %d: segment of %v", step, s.Duration)
					}
					if s.Discontinuity {
						discs++
					}
					// A segment is the same in every playlist that shows it.
					if w, ok := wall[s.URI]; ok && !w.Equal(*s.DateTime) {
						t.Fatalf("step %d: segment %d moved from %v to %v", step, i, w, s.DateTime)
					}
					if was, ok := cc[s.URI]; ok && was != discs {
						t.Fatalf("step %d: segment %d had discontinuity sequence %d, now %d", step, i, was, discs)
					}
					wall[s.URI], cc[s.URI] = *s.DateTime, discs
					total += s.Duration
				}
				if c.made > 80 && total+5*TargetDuration/4 < 3*TargetDuration {
					t.Fatalf("step %d: only %v shown", step, total)
				}
				if total > 3*TargetDuration+2*TargetDuration+time.Duration(gop)*200*time.Millisecond {
					t.Fatalf("step %d: %v shown", step, total)
				}
				if strings.Count(body, "#EXT-X-START:") != 1 {
					t.Fatalf("step %d: no key frame to start at\n%s", step, body)
				}
				if step%7 == 0 {
					fetchAll(t, c.ring, body)
				}
			}
		})
	}
}

var uri = regexp.MustCompile(`/part/([^/]+)/([^"\n?]+)(?:\?e=([^"\n]+))?`)

// fetchAll fetches whatever a playlist shows, but for its hint.
func fetchAll(tb testing.TB, r *Ring, body string) {
	tb.Helper()
	body, _, _ = strings.Cut(body, "#EXT-X-PRELOAD-HINT")
	for _, m := range uri.FindAllStringSubmatch(body, -1) {
		if _, err := r.Open(tb.Context(), m[2], m[3]); err != nil {
			tb.Fatalf("%s: %v", m[2], err)
		}
	}
}

// TestSegmentIsItsParts compares the bytes of segments with those of their parts.
func TestSegmentIsItsParts(t *testing.T) {
	c := newCamera(t, 5, Options{})
	c.size = 10
	c.push(30)
	_, m := read(t, c.ring, Request{})
	for _, s := range m.Segments {
		var whole, joined bytes.Buffer
		get(t, c.ring, s.URI).WriteTo(&whole)
		for _, p := range s.Parts {
			get(t, c.ring, p.URI).WriteTo(&joined)
		}
		if whole.Len() == 0 || !bytes.Equal(whole.Bytes(), joined.Bytes()) {
			t.Fatalf("segment of %d bytes, its parts have %d", whole.Len(), joined.Len())
		}
	}
}

func get(tb testing.TB, r *Ring, path string) *Content {
	tb.Helper()
	m := uri.FindStringSubmatch(path)
	c, err := r.Open(tb.Context(), m[2], m[3])
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestBlockingReload(t *testing.T) {
	// After 9 parts of a GOP of 5: segment 100 has part 0 alone, 101 the parts 1
	// to 4, 102 the parts 5 to 8 so far.
	type outcome struct {
		after time.Duration
		err   error
	}
	block := func(msn, part int64) Request { return Request{Block: true, MSN: msn, Part: part} }
	tests := map[string]struct {
		req  Request
		do   func(*camera) // 100 ms later
		want outcome
	}{
		"there already":           {req: block(100, 0)},
		"newest part":             {req: block(102, 3)},
		"long gone":               {req: block(3, -1)},
		"next part":               {req: block(102, 4), do: func(c *camera) { c.push(1) }, want: outcome{after: 100 * time.Millisecond}},
		"whole segment":           {req: block(102, -1), do: func(c *camera) { c.push(2) }, want: outcome{after: 100 * time.Millisecond}},
		"part beyond the segment": {req: block(102, 19), do: func(c *camera) { c.push(2) }, want: outcome{after: 100 * time.Millisecond}},
		"next segment's part":     {req: block(103, 0), do: func(c *camera) { c.push(2) }, want: outcome{after: 100 * time.Millisecond}},
		"never comes":             {req: block(102, 4), want: outcome{after: 12 * time.Second, err: ErrTimeout}},
		"run ends":                {req: block(103, 0), do: func(c *camera) { c.ring.End("network") }, want: outcome{after: 100 * time.Millisecond}},
		"closed":                  {req: block(103, 0), do: func(c *camera) { c.ring.Close() }, want: outcome{after: 100 * time.Millisecond, err: ErrClosed}},
		"two segments ahead":      {req: block(104, -1), want: outcome{after: 12 * time.Second, err: ErrTimeout}},
		"three segments ahead":    {req: block(105, -1), want: outcome{err: ErrTooFar}},
		"parts far ahead":         {req: block(102, 60), want: outcome{err: ErrTooFar}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCamera(t, 5, Options{})
				c.push(9)
				began := time.Now()
				if tt.do != nil {
					time.AfterFunc(100*time.Millisecond, func() { tt.do(c) })
				}
				_, err := c.ring.Playlist(t.Context(), tt.req)
				if !errors.Is(err, tt.want.err) || (err != nil) != (tt.want.err != nil) {
					t.Errorf("got error %v, want %v", err, tt.want.err)
				}
				if after := time.Since(began); after != tt.want.after {
					t.Errorf("answered after %v, want %v", after, tt.want.after)
				}
				c.ring.Close()
			})
		})
	}
}

func TestBlockingReloadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCamera(t, 5, Options{})
		c.push(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.ring.Playlist(ctx, Request{Block: true, MSN: 101, Part: 0}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		c.ring.Close()
	})
}

// TestOffline follows a ring through its camera's absence.
func TestOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCamera(t, 5, Options{})
		if _, err := c.ring.Playlist(t.Context(), Request{}); !errors.Is(err, ErrNoMedia) {
			t.Fatalf("before the first part: %v", err)
		}
		c.push(12)
		c.ring.End("network")
		before, m := read(t, c.ring, Request{})
		next := int64(m.MediaSequence + len(m.Segments))

		// A blocking request waits, then finds the playlist as it was.
		began := time.Now()
		if body, _ := read(t, c.ring, Request{Block: true, MSN: next}); body != before || time.Since(began) != offlineWait {
			t.Errorf("after %v:\n%s", time.Since(began), body)
		}
		// The camera's return wakes it up, with the next number.
		time.AfterFunc(time.Second, func() { c.start("run-1", 0); c.push(1) })
		began = time.Now()
		_, m = read(t, c.ring, Request{Block: true, MSN: next})
		synctest.Wait() // for the camera to be done
		if time.Since(began) != time.Second {
			t.Errorf("woke up after %v", time.Since(began))
		}
		if got := int64(m.MediaSequence + len(m.Segments)); got != next {
			t.Errorf("%d segments, want the new one to be open with number %d", got, next)
		}

		c.ring.End("network")
		if s := c.ring.Stats(); s.Bytes == 0 || s.Live {
			t.Errorf("while it lingers: %+v", s)
		}
		time.Sleep(31 * time.Second) // synthetic
		if _, err := c.ring.Playlist(t.Context(), Request{}); !errors.Is(err, ErrNoMedia) {
			t.Errorf("after it lingered: %v", err)
		}
		if s := c.ring.Stats(); s.Bytes != 0 || s.Segments != 0 {
			t.Errorf("memory is still held: %+v", s)
		}
		c.start("run-2", 0)
		c.push(1)
		body, m2 := read(t, c.ring, Request{})
		if int64(m2.MediaSequence) <= next || !strings.Contains(body, "#EXT-X-DISCONTINUITY\n") || *m2.DiscontinuitySequence != 1 {
			t.Errorf("after it came back:\n%s", body)
		}
		c.ring.Close()
	})
}

func TestPreloadHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCamera(t, 5, Options{})
		c.push(5)
		body, m := read(t, c.ring, Request{})
		hint := uri.FindStringSubmatch(m.PreloadHint.URI)
		// The part that comes is a key frame, and opens a new segment: the
		// hint holds all the same.
		time.AfterFunc(200*time.Millisecond, func() { c.push(1) })
		began := time.Now()
		p, err := c.ring.Open(t.Context(), hint[2], hint[3])
		if err != nil || time.Since(began) != 200*time.Millisecond || p.chunks[0][0] != 5 {
			t.Errorf("after %v: %v, %v", time.Since(began), p, err)
		}
		synctest.Wait() // for the camera to be done
		after, _ := read(t, c.ring, Request{})
		if strings.Contains(body, "DURATION=0.20000,URI=\""+m.PreloadHint.URI) || !strings.Contains(after, m.PreloadHint.URI) {
			t.Errorf("hint %s is not a part of\n%s", m.PreloadHint.URI, after)
		}
		// What comes after the hint is no one's to ask for yet.
		name := string(c.ring.appendName(nil, kindPart, 7))
		if _, err := c.ring.Open(t.Context(), name, hint[3]); !errors.Is(err, ErrNotFound) {
			t.Errorf("the part after the next: %v", err)
		}
		// A hint outlives its run: what comes when the camera is back is the part.
		next := string(c.ring.appendName(nil, kindPart, 6))
		time.AfterFunc(time.Second, func() { c.ring.End("network") })
		time.AfterFunc(5*time.Second, func() { c.start("run-1", 0); c.push(1) })
		began = time.Now()
		if p, err := c.ring.Open(t.Context(), next, hint[3]); err != nil || time.Since(began) != 5*time.Second || p.chunks[0][0] != 6 {
			t.Errorf("hint over the end of a run: after %v: %v, %v", time.Since(began), p, err)
		}
		// Whoever waits does not get what he may not see any more.
		synctest.Wait()
		next = string(c.ring.appendName(nil, kindPart, 7))
		time.AfterFunc(time.Second, func() { c.ring.Withdraw(2 * time.Second) })
		time.AfterFunc(5*time.Second, func() { c.push(1) })
		if _, err := c.ring.Open(t.Context(), next, hint[3]); !errors.Is(err, ErrNotFound) {
			t.Errorf("hint of a withdrawn epoch: %v", err)
		}
		c.ring.Close()
	})
}

func TestGone(t *testing.T) {
	c := newCamera(t, 5, Options{})
	c.push(5)
	_, m := read(t, c.ring, Request{})
	first := uri.FindStringSubmatch(m.Segments[0].URI)
	c.push(200)
	for _, name := range []string{
		first[2], "", "p", "p1", "p1-", "p-1-aaaaaaaaaaaaaaaa.mp4", "p99999999999999999999-aaaaaaaaaaaaaaaa.mp4", "i0-aaaaaaaaaaaaaaaa.mp4",
		"../../etc/passwd", "s100-" + strings.Repeat("a", 100), "x1-aaaaaaaaaaaaaaaa.mp4",
		strings.TrimSuffix(string(c.ring.appendName(nil, kindPart, 204)), ".mp4"),
	} {
		if _, err := c.ring.Open(t.Context(), name, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	name := string(c.ring.appendName(nil, kindPart, 204))
	if _, err := c.ring.Open(t.Context(), name, ""); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := c.ring.Open(t.Context(), name, "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("under another epoch: %v", err)
	}
}

// TestWithdraw checks who can fetch what after a withdrawal.
func TestWithdraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCamera(t, 5, Options{})
		c.push(22)
		c.ring.Withdraw(time.Second)
		time.Sleep(time.Second) // synthetic
		before, m := read(t, c.ring, Request{})
		old := uri.FindStringSubmatch(m.PreloadHint.URI)
		c.ring.Withdraw(2 * time.Second)
		after, m := read(t, c.ring, Request{})
		if old[3] == "" || strings.Contains(after, old[3]) {
			t.Fatal("the new playlist has the old epoch in it")
		}
		query := regexp.MustCompile(`\?[^"\n]*`)
		if query.ReplaceAllString(before, "") != query.ReplaceAllString(after, "") {
			t.Fatal("the playlists differ in more than the epoch")
		}
		fetchAll(t, c.ring, before) // by those who are still at it
		fetchAll(t, c.ring, after)
		c.push(2)
		if _, err := c.ring.Open(t.Context(), old[2], old[3]); err != nil {
			t.Errorf("the part that was hinted at: %v", err)
		}
		hint := uri.FindStringSubmatch(m.PreloadHint.URI)
		if _, err := c.ring.Open(t.Context(), hint[2], hint[3]); err != nil {
			t.Errorf("the same in the new epoch: %v", err)
		}
		name := string(c.ring.appendName(nil, kindPart, 23))
		if _, err := c.ring.Open(t.Context(), name, old[3]); !errors.Is(err, ErrNotFound) {
			t.Errorf("a later part in the old epoch: %v", err)
		}
		if _, err := c.ring.Open(t.Context(), name, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("a part in no epoch: %v", err)
		}
		time.Sleep(2 * time.Second) // synthetic
		if _, err := c.ring.Open(t.Context(), old[2], old[3]); !errors.Is(err, ErrNotFound) {
			t.Errorf("after the grace: %v", err)
		}
		// A later withdrawal cuts a longer grace short.
		c.ring.Withdraw(time.Minute)
		c.ring.Withdraw(time.Second)
		time.Sleep(time.Second) // synthetic
		if _, err := c.ring.Open(t.Context(), hint[2], hint[3]); !errors.Is(err, ErrNotFound) {
			t.Errorf("the first of two withdrawn epochs outlived the second: %v", err)
		}
		for range 100 {
			c.ring.Withdraw(time.Hour)
		}
		if n := len(c.ring.epochs); n != maxEpochs {
			t.Errorf("%d epochs are remembered", n)
		}
		c.ring.Close()
	})
}

// TestMemory checks that the ring is bounded, whatever the GOP.
func TestMemory(t *testing.T) {
	for _, gop := range []int{5, 1 << 30} {
		c := newCamera(t, gop, Options{MaxBytes: 1 << 20})
		c.size = 50 << 10 // 2 Mbit/s
		for range 2000 {
			c.push(1)
			if s := c.ring.Stats(); s.Bytes > 1<<20+int64(4*5*c.size) {
				t.Fatalf("gop %d: %d bytes held", gop, s.Bytes)
			}
		}
		total := int64(0)
		for _, s := range c.ring.segments {
			total += s.bytes
		}
		if total != c.ring.Stats().Bytes {
			t.Errorf("counted %d bytes, held %d", c.ring.Stats().Bytes, total)
		}
		body, _ := read(t, c.ring, Request{})
		fetchAll(t, c.ring, body)
	}
}

// TestSparseFrames: at one frame in two seconds, parts are shorter than the time
// between them; segments must cover it nevertheless.
func TestSparseFrames(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	r.ask()
	r.Start("run", testInit(0))
	for i := range 20 {
		r.Part(&cmaf.Part{Data: []byte{1}, Start: time.Duration(i) * 2 * time.Second, Duration: 300 * time.Millisecond, NTP: testStart.Add(time.Duration(i) * 2 * time.Second), Independent: i%5 == 0})
	}
	_, m := read(t, r, Request{})
	for i, s := range m.Segments[:len(m.Segments)-1] {
		next := m.Segments[i+1].DateTime
		if got := next.Sub(*s.DateTime); got != s.Duration {
			t.Errorf("segment %d lasts %v, the next begins %v later", i, s.Duration, got)
		}
	}
}

func TestRenderedOncePerPart(t *testing.T) {
	c := newCamera(t, 5, Options{})
	c.push(10)
	a, _ := c.ring.Playlist(t.Context(), Request{})
	b, _ := c.ring.Playlist(t.Context(), Request{})
	once, _ := a.Gzip()
	again, _ := b.Gzip()
	if a != b || &once[0] != &again[0] {
		t.Error("rendered twice")
	}
	c.push(1)
	if b, _ = c.ring.Playlist(t.Context(), Request{}); a == b {
		t.Error("not rendered anew")
	}
}

func BenchmarkPart(b *testing.B) {
	c := newCamera(b, 50, Options{})
	c.size = 1
	c.push(200)
	b.ReportAllocs()
	for b.Loop() {
		c.push(1)
	}
}

func BenchmarkRender(b *testing.B) {
	c := newCamera(b, 50, Options{})
	c.push(200)
	b.ReportAllocs()
	for b.Loop() {
		c.ring.appendPlaylist(nil, 0)
	}
}
