package e2e

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/test/harness"
)

// TestPlayback records over several objects with a gap between, and plays
// windows of it in Chromium and ffmpeg: inside an object, across a border,
// across the gap; then clips.
func TestPlayback(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "8s")
	cam := s.Enrol("archive")
	begin := time.Now()
	first := harness.Push(t, cam, "rtsp-tcp", harness.Source{Audio: "aac"})
	s.Online(cam.ID)
	s.Stored(cam.ID, 2)
	first.Kill()
	s.Archived(cam.ID, 2)
	before, gapFrom := len(s.Objects(cam.ID)), time.Now()
	harness.Until(gapFrom.Add(3 * time.Second))
	second := harness.Push(t, cam, "rtsp-tcp", harness.Source{Audio: "aac", GOP: 50})
	s.Online(cam.ID)
	s.Stored(cam.ID, before+1)
	second.Kill()
	s.Archived(cam.ID, before+1)
	end := time.Now()

	var recorded []harness.Span
	for _, sp := range s.Timeline(cam.ID, begin, end) {
		t.Logf("%s … %s %s %s", sp.From.Format("15:04:05.000"), sp.To.Format("15:04:05.000"), sp.State, sp.Reason)
		if sp.State == "recorded" {
			recorded = append(recorded, sp)
		}
	}
	if len(recorded) != 2 {
		t.Fatalf("%d recorded spans, want 2", len(recorded))
	}
	a, b := recorded[0], recorded[1]
	rows := []struct {
		name     string
		from, to time.Time
		media    float64 // seconds of footage to expect; each edge adds up to a GOP, of 1 s before the gap and 2 s after, and a camera that was kept waiting sends more than a second in one
	}{
		{"inside an object", a.From.Add(2 * time.Second), a.From.Add(6 * time.Second), 4},
		{"across a border", a.From.Add(5 * time.Second), a.From.Add(12 * time.Second), 7},
		{"across the gap", a.To.Add(-4 * time.Second), b.From.Add(4 * time.Second), 8},
		{"everything", begin, end, a.To.Sub(a.From).Seconds() + b.To.Sub(b.From).Seconds()},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := s.In(t)
			g := s.Playback(cam.ID, row.from, row.to)
			w := s.Watch(t, harness.Watch{Mode: "playlist", Grant: g, Seconds: math.Min(row.media+1, 10)})
			if want := math.Min(row.media, 10) - 2.5; w.Advanced < want || w.Frames < int(want*20) {
				t.Errorf("Chromium advanced %.1f s with %d frames, want at least %.1f s: %+v", w.Advanced, w.Frames, want, w)
			}
			if w.Duration < row.media-1.5 || w.Duration > row.media+4.5 {
				t.Errorf("the player says %.1f s long, want about %.1f", w.Duration, row.media)
			}
			out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", g.URLs.Playlist).Output()
			if err != nil {
				t.Fatalf("ffprobe: %v: %s", err, out)
			}
			var n int
			if _, err := fmt.Sscan(strings.Split(strings.TrimSpace(string(out)), "\n")[0], &n); err != nil {
				t.Fatalf("ffprobe says %s", out)
			}
			if got := float64(n) / 25; got < row.media-1.5 || got > row.media+4.5 {
				t.Errorf("ffmpeg reads %.1f s of pictures, want about %.1f", got, row.media)
			}
		})
	}

	t.Run("a window shows only itself", func(t *testing.T) {
		s := s.In(t)
		g := s.Playback(cam.ID, a.From.Add(2*time.Second), a.From.Add(4*time.Second))
		list := get(t, g.URLs.Playlist, "")
		uri := ""
		for _, l := range harness.Lines(list) {
			if !strings.HasPrefix(l, "#") {
				uri = l
			}
		}
		object := resolve(t, g.URLs.Playlist, uri)
		for _, r := range []string{"", "bytes=0-", "bytes=5000000-5000100"} {
			req, _ := http.NewRequest("GET", object, nil)
			if r != "" {
				req.Header.Set("Range", r)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			n, _ := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			whole, _ := os.Stat(s.Objects(cam.ID)[0])
			if res.StatusCode < 300 && n >= whole.Size() {
				t.Errorf("Range %q: status %d and all %d bytes of the object", r, res.StatusCode, n)
			}
		}
	})

	t.Run("clip", func(t *testing.T) {
		s := s.In(t)
		from, to := a.From.Add(5*time.Second), a.From.Add(15*time.Second)
		var clip struct {
			URL  string `json:"url"`
			From time.Time
		}
		s.Call("POST", "/v1/clips", map[string]string{"camera_id": cam.ID, "from": harness.Stamp(from), "to": harness.Stamp(to), "purpose": "maintenance", "reason": "end-to-end test"}, &clip, 201)
		file := filepath.Join(t.TempDir(), "clip.mp4")
		if err := os.WriteFile(file, []byte(get(t, clip.URL, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		harness.Decodes(t, file)
		packets := harness.Probe(t, file)
		if len(packets) == 0 || !packets[0].Key || packets[0].PTS > 0.1 {
			t.Fatalf("the clip does not begin at zero with a key frame: %d packets", len(packets))
		}
		if err := harness.Continuous(packets, 0.04); err != nil {
			t.Error(err)
		}
		if clip.From.After(from) || from.Sub(clip.From) > 1100*time.Millisecond {
			t.Errorf("the clip begins at %s, want the key frame before %s", clip.From, from)
		}
		if n := len(packets); n < 250 || n > 300 {
			t.Errorf("%d frames in ten seconds and a GOP or two", n)
		}
	})
}

// TestDayPlaylist wants the playlist of 24 hours to be small and quick.
func TestDayPlaylist(t *testing.T) {
	t.Parallel()
	s := &harness.Server{}
	*s = *harness.NewServerWith(t, []string{"GATEPOST_NODE_KEY=" + nodeKey})
	cam := s.Enrol("a day")
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(-48 * time.Hour)
	run := "019aaaaa-0000-7000-8000-000000000001"
	for i := range 1440 {
		start := day.Add(time.Duration(i) * time.Minute)
		status, body := s.Raw("POST", "/v1/node/recordings", dayRecording(cam.ID, run, i, start), nodeKey)
		if status >= 300 {
			t.Fatalf("recording %d: %d %s", i, status, body)
		}
	}
	g := s.Playback(cam.ID, day, day.Add(24*time.Hour))
	list := get(t, g.URLs.Playlist, "") // warm
	began := time.Now()
	list = get(t, g.URLs.Playlist, "")
	took := time.Since(began)
	t.Logf("24 hours: %d bytes in %s", len(list), took)
	if len(list) > 500_000 {
		t.Errorf("the playlist of 24 hours has %d bytes", len(list))
	}
	if n := strings.Count(list, "#EXTINF"); n != 1440 {
		t.Errorf("%d segments, want 1440", n)
	}
	if took > time.Second {
		t.Errorf("the playlist of 24 hours took %s", took)
	}
}

func get(t *testing.T, link, rng string) string {
	t.Helper()
	req, err := http.NewRequest("GET", link, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rng != "" {
		req.Header.Set("Range", rng)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		t.Fatalf("%s: %s: %.300s", mask(link), res.Status, b)
	}
	return string(b)
}

// resolve joins a playlist's URL and a URI found in it.
func resolve(t *testing.T, base, ref string) string {
	t.Helper()
	b, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	return u.String()
}

const nodeKey = "end-to-end-node-key"

// dayRecording is the row of an object that is never read: a minute of
// two-second GOPs.
func dayRecording(camera, run string, i int, start time.Time) gatepost.Recording {
	const gop = 2 * time.Second
	r := gatepost.Recording{ID: gatepost.NewID(), CameraID: camera, Run: run, Seq: i, Key: gatepost.RecordingKey(30, camera, start, run, i),
		Start: start, End: start.Add(time.Minute), Duration: time.Minute, MediaTime: time.Duration(i) * time.Minute, Frames: 1500,
		SHA256: strings.Repeat("ab", 32), Codecs: "avc1.42c01f", Width: 1280, Height: 720, InitLen: 800, InitSHA256: strings.Repeat("cd", 32), RetentionDays: 30}
	for at, offset := time.Duration(0), r.InitLen; at < time.Minute; at += gop {
		r.Segments = append(r.Segments, gatepost.Segment{Offset: offset, Length: 500_000, Start: at, Duration: gop})
		offset += 500_000
		r.Bytes = offset
	}
	return r
}
