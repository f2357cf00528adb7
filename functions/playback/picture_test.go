package playback_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
	"github.com/gatepost-video/gatepost/functions/playback"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

// shade is the brightness of a clip's picture at a second: one that no other has.
func shade(second int) byte { return byte(60 + 30*second) }

// shades returns H.264 of some seconds whose pictures are of one brightness each second,
// with a key frame every two.
func shades(t testing.TB, size string, seconds int) *mediatest.Clip {
	t.Helper()
	return mediatest.TS(t, "-f", "lavfi", "-i", fmt.Sprintf("color=gray:size=%s:rate=25:duration=%d,format=yuv420p,geq=lum=60+30*floor(N/25):cb=128:cr=128", size, seconds),
		"-threads", "1", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0")
}

func pictureOf(token string, at time.Time, more string) string {
	return "/v1/playback/" + token + "/picture?at=" + url.QueryEscape(at.Format(time.RFC3339Nano)) + more
}

// look asks for a picture and returns it, decoded, with when it was taken.
func (w *world) look(t testing.TB, path string) (image.Image, time.Time, *http.Response) {
	t.Helper()
	res, body := w.do(t, "GET", path, "", nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/jpeg" || res.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("%d %v %.300s", res.StatusCode, res.Header, body)
	}
	picture, err := jpeg.Decode(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	taken, err := time.Parse(time.RFC3339Nano, res.Header.Get("Gatepost-Picture-Time"))
	if err != nil {
		t.Fatal(err)
	}
	return picture, taken, res
}

// TestPicture looks at moments of two runs with a gap between them: each picture is the
// key frame at the moment or last before it, of the size that was asked for.
func TestPicture(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, shades(t, "480x270", 6), start, 4*time.Second, nil)
	w.record(t, shades(t, "90x160", 2), start.Add(40*time.Second), 4*time.Second, nil)
	whole := w.grant(t, start.Add(-time.Minute), start.Add(time.Minute))
	part := w.grant(t, start.Add(2500*time.Millisecond), start.Add(3500*time.Millisecond))
	for _, tt := range []struct {
		name, token, more string
		at, taken         float64 // seconds
		size              image.Point
	}{
		{"the first frame", whole, "", 0, 0, image.Pt(320, 180)},
		{"the end of the first segment", whole, "", 1.99, 0, image.Pt(320, 180)},
		{"the second segment", whole, "&width=160", 3.3, 2, image.Pt(160, 90)},
		{"the second object", whole, "&width=640", 4, 4, image.Pt(480, 270)},
		{"its end", whole, "", 5.9, 4, image.Pt(320, 180)},
		{"another run, of another format, upright", whole, "", 41, 40, image.Pt(90, 160)},
		{"a key frame before a window that overlaps its segment", part, "", 2.5, 2, image.Pt(320, 180)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			picture, taken, _ := w.look(t, pictureOf(tt.token, start.Add(time.Duration(tt.at*1e9)), tt.more))
			if off := taken.Sub(start.Add(time.Duration(tt.taken * 1e9))); off.Abs() > 5*time.Millisecond {
				t.Errorf("taken %s off", off)
			}
			if picture.Bounds().Size() != tt.size {
				t.Errorf("%v, want %v", picture.Bounds().Size(), tt.size)
			}
			// Video's 16 to 235 are 0 to 255 on a JPEG.
			want := (int(shade(int(tt.taken)%40)) - 16) * 255 / 219
			middle := picture.Bounds().Max.Div(2)
			if y := int(color.GrayModel.Convert(picture.At(middle.X, middle.Y)).(color.Gray).Y); y < want-4 || y > want+4 {
				t.Errorf("brightness %d, want %d", y, want)
			}
		})
	}
	t.Run("counted as the look", func(t *testing.T) {
		grant := w.grant(t, start, start.Add(time.Minute))
		_, _, res := w.look(t, pictureOf(grant, start, ""))
		looks, err := w.store.LooksByGrant(t.Context(), grant)
		if err != nil || len(looks) != 1 || looks[0].Bytes != res.ContentLength || looks[0].Bytes < 500 {
			t.Errorf("%+v, %v, want one of %d bytes", looks, err, res.ContentLength)
		}
	})
}

// TestPictureSquare: pixels that are not square become so.
func TestPictureSquare(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, mediatest.TS(t, append(mediatest.Source("352x288", "25", "1", false), "-vf", "setsar=16/11", "-threads", "1", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0")...), start, 5*time.Second, nil)
	picture, _, _ := w.look(t, pictureOf(w.grant(t, start, start.Add(time.Minute)), start, ""))
	if got := picture.Bounds().Size(); got != image.Pt(320, 180) {
		t.Errorf("a picture of 16:9 in 352x288 is shown as %v", got)
	}
}

func TestPictureRefusals(t *testing.T) {
	w := newWorld(t)
	start := past()
	rows := w.record(t, encode(t, "160x90", "12"), start, 5*time.Second, nil)
	w.record(t, mediatest.TS(t, "-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac"), start.Add(30*time.Second), 5*time.Second, nil)
	if len(rows) < 3 {
		t.Fatalf("%d objects", len(rows))
	}
	good := w.grant(t, start, start.Add(time.Minute))
	change := func(f func(*token.Media)) string {
		raw := w.grant(t, start, start.Add(time.Minute))
		w.mu.Lock()
		defer w.mu.Unlock()
		m := w.tokens[raw]
		f(&m)
		w.tokens[raw] = m
		return raw
	}
	revoked := w.grant(t, start, start.Add(time.Minute))
	if err := w.store.RevokeGrant(t.Context(), revoked, time.Now(), gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", CameraID: w.camera.ID, Allowed: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetRecordingClass(t.Context(), rows[1].ID, rows[1].Key, gatepost.ClassDeepArchive); err != nil {
		t.Fatal(err)
	}
	if err := w.objects.Delete(t.Context(), rows[2].Key); err != nil {
		t.Fatal(err)
	}
	at := start.Add(time.Second)
	for _, tt := range []struct {
		name, path string
		status     int
		says       string
	}{
		{"good", pictureOf(good, at, ""), 200, ""},
		{"forged", pictureOf("forged", at, ""), 401, "unauthenticated"},
		{"revoked", pictureOf(revoked, at, ""), 410, "revoked"},
		{"live only", pictureOf(change(func(m *token.Media) { m.Action = gatepost.ActionLive }), at, ""), 403, "playback"},
		{"of another camera", pictureOf(change(func(m *token.Media) { m.CameraID = gatepost.NewID() }), at, ""), 404, "nothing is recorded"},
		{"from another network", pictureOf(change(func(m *token.Media) { m.Networks = "192.0.2.0/24" }), at, ""), 403, "forbidden"},
		{"a link with a watermark", pictureOf(change(func(m *token.Media) { m.Subject, m.Label = token.SharePrefix+"x", "Insurer" }), at, ""), 403, "watermark"},
		{"a link without", pictureOf(change(func(m *token.Media) { m.Subject = token.SharePrefix + "x" }), at, ""), 200, ""},
		{"a person's own label", pictureOf(change(func(m *token.Media) { m.Label = "officer" }), at, ""), 200, ""},
		{"before the window", pictureOf(good, start.Add(-time.Microsecond), ""), 422, `"at"`},
		{"at its end", pictureOf(good, start.Add(time.Minute), ""), 422, `"at"`},
		{"in a gap", pictureOf(good, start.Add(20*time.Second), ""), 404, "nothing is recorded"},
		{"behind all", pictureOf(good, start.Add(50*time.Second), ""), 404, "nothing is recorded"},
		{"sound only", pictureOf(good, start.Add(31*time.Second), ""), 404, "only sound"},
		{"in the deep archive", pictureOf(good, rows[1].Start.Add(time.Second), ""), 409, "POST /v1/restores"},
		{"just deleted", pictureOf(good, rows[2].Start.Add(time.Second), ""), 410, "deleted"},
		{"not a time", "/v1/playback/" + good + "/picture?at=yesterday", 422, "at"},
		{"no time", "/v1/playback/" + good + "/picture", 422, "at"},
		{"too wide", pictureOf(good, at, "&width=641"), 422, "width"},
		{"too narrow", pictureOf(good, at, "&width=0"), 422, "width"},
		{"no width", pictureOf(good, at, "&width=x"), 422, "width"},
	} {
		res, body := w.do(t, "GET", tt.path, "", nil)
		if res.StatusCode != tt.status || !strings.Contains(body, tt.says) || res.StatusCode != 200 && res.Header.Get("Gatepost-Picture-Time") != "" {
			t.Errorf("%s: %d %.300s, want %d and %q", tt.name, res.StatusCode, body, tt.status, tt.says)
		}
	}
	t.Run("damaged", func(t *testing.T) {
		noise := bytes.Repeat([]byte{7}, int(rows[0].Bytes))
		if err := w.objects.Put(t.Context(), rows[0].Key, bytes.NewReader(noise), rows[0].Bytes); err != nil {
			t.Fatal(err)
		}
		if res, body := w.do(t, "GET", pictureOf(good, at, ""), "", nil); res.StatusCode != 500 {
			t.Errorf("%d %.300s", res.StatusCode, body)
		}
	})
}

// TestPictureWithoutFFmpeg: where there is none, that is said, once a token is good.
func TestPictureWithoutFFmpeg(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "160x90", "1"), start, 5*time.Second, nil)
	good := w.grant(t, start, start.Add(time.Minute))
	t.Setenv("PATH", "")
	if res, body := w.do(t, "GET", pictureOf(good, start, ""), "", nil); res.StatusCode != 501 || !strings.Contains(body, "urn:gatepost:problem:unsupported") || !strings.Contains(body, "ffmpeg") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, body := w.do(t, "GET", pictureOf("forged", start, ""), "", nil); res.StatusCode != 401 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// TestPictureTime asks for the moments that pictures say they were taken, and gets the same pictures:
// also where the clock of the wall, which is a little off, puts them between two microseconds.
func TestPictureTime(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, shades(t, "160x90", 6), start, 10*time.Second, func(r *gatepost.Recording) { r.End = r.End.Add(100 * time.Microsecond) })
	good := w.grant(t, start, start.Add(time.Minute))
	for at := time.Second; at < 6*time.Second; at += 2 * time.Second {
		_, taken, _ := w.look(t, pictureOf(good, start.Add(at), ""))
		if _, again, _ := w.look(t, pictureOf(good, taken, "")); !again.Equal(taken) {
			t.Errorf("asked for %s: taken at %s", taken, again)
		}
	}
}

// objects is a store of objects where something happens as soon as one is read.
type objects struct {
	playback.Objects
	read func(context.Context) error
}

func (o objects) Get(ctx context.Context, key string, off, length int64) (io.ReadCloser, error) {
	if err := o.read(ctx); err != nil {
		return nil, err
	}
	return o.Objects.Get(ctx, key, off, length)
}

// with serves the function with other options below a path.
func (w *world) with(path string, o playback.Options) {
	o.Tokens = w
	mux := lambdahost.Handler(host.Options{Logger: slog.New(slog.DiscardHandler)}, playback.New(o).Register)
	w.mux.Handle(path+"/", http.StripPrefix(path, mux))
}

// TestPictureRevoked: a grant that is revoked while the picture is made opens nothing, and no look is counted.
func TestPictureRevoked(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "160x90", "1"), start, 5*time.Second, nil)
	good := w.grant(t, start, start.Add(time.Minute))
	var once sync.Once
	w.with("/late", playback.Options{Store: w.store, Objects: objects{w.objects, func(ctx context.Context) (err error) {
		once.Do(func() {
			err = w.store.RevokeGrant(ctx, good, time.Now(), gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u", CameraID: w.camera.ID, Allowed: true})
		})
		return err
	}}})
	res, body := w.do(t, "GET", "/late"+pictureOf(good, start, ""), "", nil)
	if res.StatusCode != 410 || !strings.Contains(body, "revoked") || res.Header.Get("Gatepost-Picture-Time") != "" {
		t.Errorf("%d %.300s", res.StatusCode, body)
	}
	if looks, err := w.store.LooksByGrant(t.Context(), good); err != nil || len(looks) > 0 {
		t.Errorf("%+v, %v", looks, err)
	}
}

// TestPictureNewer: whoever asks again takes the place of the picture that is under way for the grant, and
// leaves that of another grant alone.
func TestPictureNewer(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "160x90", "1"), start, 5*time.Second, nil)
	good, other := w.grant(t, start, start.Add(time.Minute)), w.grant(t, start, start.Add(time.Minute))
	reading := make(chan struct{})
	var once sync.Once
	w.with("/slow", playback.Options{Store: w.store, Pictures: 1, Objects: objects{w.objects, func(ctx context.Context) (err error) {
		once.Do(func() { // the first read ends when it is given up
			close(reading)
			<-ctx.Done()
			err = ctx.Err()
		})
		return err
	}}})
	var older sync.WaitGroup
	older.Go(func() {
		res, body := w.do(t, "GET", "/slow"+pictureOf(good, start, ""), "", nil)
		if res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" || !strings.Contains(body, "newer picture") || !strings.Contains(body, "rate_limited") {
			t.Errorf("the older: %d %v %.300s", res.StatusCode, res.Header, body)
		}
	})
	<-reading
	if res, body := w.do(t, "GET", "/slow"+pictureOf(other, start, ""), "", nil); res.StatusCode != 429 || strings.Contains(body, "newer") {
		t.Errorf("of another grant: %d %.300s", res.StatusCode, body)
	}
	began := time.Now()
	w.look(t, "/slow"+pictureOf(good, start, ""))
	older.Wait()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the newer waited for the older to run out of time: %s", took)
	}
	w.look(t, "/slow"+pictureOf(other, start, ""))
}

// TestPicturesAtOnce: while as many are made as may be, more are told when to ask again;
// afterwards they are made.
func TestPicturesAtOnce(t *testing.T) {
	w := newWorld(t)
	start := past()
	w.record(t, encode(t, "1280x720", "2"), start, 5*time.Second, nil)
	w.with("/one", playback.Options{Store: w.store, Objects: w.objects, Pictures: 1})
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		count = map[int]int{}
	)
	for range 10 {
		good := w.grant(t, start, start.Add(time.Minute))
		all.Go(func() {
			res, body := w.do(t, "GET", "/one"+pictureOf(good, start, ""), "", nil)
			mu.Lock()
			defer mu.Unlock()
			count[res.StatusCode]++
			if res.StatusCode == 429 && (res.Header.Get("Retry-After") != "1" || !strings.Contains(body, "rate_limited")) || res.StatusCode == 200 && res.Header.Get("Content-Type") != "image/jpeg" {
				t.Errorf("%d %v %.200s", res.StatusCode, res.Header, body)
			}
		})
	}
	all.Wait()
	if count[200] == 0 || count[200]+count[429] != 10 {
		t.Errorf("%v", count)
	}
	t.Logf("%v", count)
	if res, body := w.do(t, "GET", "/one"+pictureOf(w.grant(t, start, start.Add(time.Minute)), start, ""), "", nil); res.StatusCode != 200 {
		t.Errorf("afterwards: %d %.200s", res.StatusCode, body)
	}
}
