package playback_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
	"github.com/gatepost-video/gatepost/functions/playback"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp's clock never ends, its workers' janitor when it wakes up next.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// world is a camera with an archive, and the server that plays it.
type world struct {
	store   *sqlstore.Store
	objects *dir.Store
	shop    gatepost.Organisation
	camera  gatepost.Camera
	server  *httptest.Server
	mux     *http.ServeMux
	temp    string // where clips are made

	mu     sync.Mutex
	tokens map[string]token.Media
	people map[string]gatepost.Subject
	seen   []string // method, path and status of each request
}

func newWorld(t testing.TB) *world {
	tt, ok := t.(*testing.T)
	if !ok {
		t.Skip("needs a test")
	}
	w := &world{store: storetest.OpenSQLite(tt), temp: t.TempDir(), tokens: map[string]token.Media{}, people: map[string]gatepost.Subject{}, mux: http.NewServeMux()}
	w.shop = storetest.NewOrganisation(tt, w.store, gatepost.KindBusiness)
	w.camera = storetest.NewCamera(tt, w.store, w.shop.ID)
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: rw, status: 200}
		rec.Header().Set("Access-Control-Allow-Origin", "*") // as fiberhost does
		w.mux.ServeHTTP(rec, r)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, r.Method+" "+r.URL.Path+" "+http.StatusText(rec.status))
	}))
	var err error
	if w.objects, err = dir.Open(t.TempDir(), dir.Options{BaseURL: w.server.URL}); err != nil {
		t.Fatal(err)
	}
	f := playback.New(playback.Options{Store: w.store, Objects: w.objects, Tokens: w, TempDir: w.temp})
	w.mux.Handle("/v1/", lambdahost.Handler(host.Options{Auth: &auth.Authenticator{Tokens: w}, Logger: slog.New(slog.DiscardHandler)}, f.Register))
	w.mux.Handle("/objects/", w.objects.Handler())
	t.Cleanup(func() {
		w.server.CloseClientConnections()
		w.server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		if err := w.objects.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Media implements playback.Tokens.
func (w *world) Media(_ context.Context, raw string) (token.Media, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m, ok := w.tokens[raw]; ok {
		return m, nil
	}
	return token.Media{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "not ours"}
}

// Subject implements auth.Tokens.
func (w *world) Subject(_ context.Context, raw string) (gatepost.Subject, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.people[raw]; ok {
		return s, nil
	}
	return gatepost.Subject{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "not ours"}
}

func (w *world) signIn(organisation gatepost.Organisation, role gatepost.Role) string {
	id := gatepost.NewID()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people[id] = gatepost.Subject{UserID: id, Login: id, Organisation: organisation.ID, Kind: organisation.Kind, Role: role}
	return id
}

// grant makes a playback grant of a window and returns its token, which is its id.
func (w *world) grant(t testing.TB, from, to time.Time) string {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: w.camera.ID, Action: gatepost.ActionPlayback, UserID: "u", Organisation: w.shop.ID,
		From: from, To: to, ExpiresAt: now.Add(time.Hour), CreatedAt: now}
	if err := w.store.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u", CameraID: g.CameraID, Allowed: true}); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[g.ID] = token.Media{GrantID: g.ID, CameraID: g.CameraID, Action: g.Action, From: from, To: to, Subject: "u", ExpiresAt: g.ExpiresAt}
	return g.ID
}

// collector is a cmaf.Sink that keeps everything.
type collector struct {
	init  *cmaf.Init
	parts []*cmaf.Part
}

func (c *collector) Start(_ string, init *cmaf.Init) { c.init = init }
func (c *collector) Part(p *cmaf.Part)               { c.parts = append(c.parts, p) }
func (c *collector) End(string)                      {}

// encode returns H.264 and AAC of some seconds: 25 frames a second, a key frame
// each second.
func encode(t testing.TB, size, seconds string) *mediatest.Clip {
	t.Helper()
	return mediatest.TS(t, append(mediatest.Source(size, "25", seconds, true), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-keyint_min", "25",
		"-sc_threshold", "0", "-bf", "0", "-c:a", "aac")...)
}

// record stores a clip as one run from a time on, in objects of some seconds.
func (w *world) record(t testing.TB, clip *mediatest.Clip, start time.Time, object time.Duration, change func(*gatepost.Recording)) []gatepost.Recording {
	t.Helper()
	c := &collector{}
	now := start
	s := stream.New(stream.Options{Camera: w.camera.ID, Sinks: []stream.Sink{cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{c}})},
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	p, err := s.Publish(clip.Tracks)
	if err != nil {
		t.Fatal(err)
	}
	first := media.Duration(clip.Units[0].PTS, clip.Tracks[clip.Units[0].Track].ClockRate)
	for _, u := range clip.Units {
		if at := start.Add(media.Duration(u.PTS, clip.Tracks[u.Track].ClockRate) - first); at.After(now) {
			now = at
		}
		if err := p.Write(u); err != nil {
			t.Fatal(err)
		}
	}
	p.Close("publisher_closed")

	var rows []gatepost.Recording
	run := gatepost.NewID()
	for at := 0; at < len(c.parts); {
		end := at + 1
		for end < len(c.parts) && (!c.parts[end].Independent || c.parts[end].Start-c.parts[at].Start < object) {
			end++
		}
		var next *cmaf.Part
		if end < len(c.parts) {
			next = c.parts[end]
		}
		r := w.put(t, c.init, c.parts[at:end], next, func(r *gatepost.Recording) {
			r.Run, r.Seq = run, len(rows)
			r.Start = start.Add(r.MediaTime).Truncate(time.Microsecond)
			r.End = r.Start.Add(r.Duration)
			if change != nil {
				change(r)
			}
		})
		rows = append(rows, r)
		at = end
	}
	return rows
}

// put stores one object and its row.
func (w *world) put(t testing.TB, init *cmaf.Init, parts []*cmaf.Part, next *cmaf.Part, change func(*gatepost.Recording)) gatepost.Recording {
	t.Helper()
	body := bytes.Clone(init.Data)
	r := gatepost.Recording{ID: gatepost.NewID(), CameraID: w.camera.ID, MediaTime: parts[0].Start, Codecs: init.Codecs, Width: init.Width, Height: init.Height,
		InitLen: int64(len(init.Data)), RetentionDays: 30}
	sum := sha256.Sum256(init.Data)
	r.InitSHA256 = hex.EncodeToString(sum[:])
	until := parts[len(parts)-1].Start + parts[len(parts)-1].Duration
	if next != nil {
		until = next.Start
	}
	r.Duration = until - r.MediaTime
	for _, p := range parts {
		if p.Independent {
			if n := len(r.Segments); n > 0 {
				r.Segments[n-1].Duration = p.Start - r.MediaTime - r.Segments[n-1].Start
			}
			r.Segments = append(r.Segments, gatepost.Segment{Offset: int64(len(body)), Start: p.Start - r.MediaTime})
		}
		body = append(body, p.Data...)
		last := &r.Segments[len(r.Segments)-1]
		last.Length = int64(len(body)) - last.Offset
		r.Frames += int64(p.Frames)
	}
	last := &r.Segments[len(r.Segments)-1]
	last.Duration = r.Duration - last.Start
	sum = sha256.Sum256(body)
	r.Bytes, r.SHA256 = int64(len(body)), hex.EncodeToString(sum[:])
	change(&r)
	r.Key = gatepost.RecordingKey(r.RetentionDays, r.CameraID, r.Start, r.Run, r.Seq)
	if err := w.objects.Put(t.Context(), r.Key, bytes.NewReader(body), r.Bytes); err != nil {
		t.Fatal(err)
	}
	if err := w.store.InsertRecording(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}
