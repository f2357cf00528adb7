package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/evidence"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/functions/playback"
	format "github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/signature"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

type m = map[string]any

// update writes the evidence that other packages' tests check.
var update = flag.Bool("update", false, "write internal/evidence/testdata")

// world is a shop with a camera and an archive, and who may export.
type world struct {
	*functest.API
	t       *testing.T
	store   *sqlstore.Store
	objects *dir.Store
	temp    string
	ledger  *ledger.Function
	f       *evidence.Function
	server  *httptest.Server

	shop, police, county    gatepost.Organisation
	camera                  gatepost.Camera
	owner, watcher, station string
	start                   time.Time // of the archive
}

func newWorld(t *testing.T, s *sqlstore.Store, change func(*evidence.Options)) *world {
	t.Helper()
	w := &world{t: t, store: s, temp: t.TempDir(), start: time.Now().UTC().Add(-time.Hour).Truncate(time.Second)}
	mux := http.NewServeMux()
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	var err error
	if w.objects, err = dir.Open(t.TempDir(), dir.Options{BaseURL: w.server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.objects.Close() })
	mux.Handle("/objects/", w.objects.Handler())
	w.ledger = ledger.New(ledger.Options{Store: s})
	o := evidence.Options{Store: s, Clips: playback.New(playback.Options{Store: s, Objects: w.objects}), Ledger: w.ledger, Objects: w.objects,
		Address: "https://video.example.org", TempDir: w.temp, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if change != nil {
		change(&o)
	}
	w.f = evidence.New(o)
	w.API = functest.New(t, w.f.Register, w.ledger.Register)
	w.shop, w.police = storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindPolice)
	w.camera = storetest.NewCamera(t, s, w.shop.ID)
	w.owner, w.watcher = w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.shop, gatepost.RoleWatcher)
	w.station = w.SignIn(w.police, gatepost.RoleOwner)
	return w
}

// collector is a cmaf.Sink that keeps everything.
type collector struct {
	init  *cmaf.Init
	parts []*cmaf.Part
}

func (c *collector) Start(_ string, init *cmaf.Init) { c.init = init }
func (c *collector) Part(p *cmaf.Part)               { c.parts = append(c.parts, p) }
func (c *collector) End(string)                      {}

// record stores seconds of a test picture as one run, from a time on, in objects of
// a second each.
func (w *world) record(at time.Time, size, seconds string) {
	w.t.Helper()
	clip := mediatest.TS(w.t, append(mediatest.Source(size, "10", seconds, true), "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-keyint_min", "10",
		"-sc_threshold", "0", "-bf", "0", "-crf", "40", "-c:a", "aac", "-b:a", "16k")...)
	c, now := &collector{}, at
	s := stream.New(stream.Options{Camera: w.camera.ID, Sinks: []stream.Sink{cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{c}})},
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	p, err := s.Publish(clip.Tracks)
	if err != nil {
		w.t.Fatal(err)
	}
	first := media.Duration(clip.Units[0].PTS, clip.Tracks[clip.Units[0].Track].ClockRate)
	for _, u := range clip.Units {
		if t := at.Add(media.Duration(u.PTS, clip.Tracks[u.Track].ClockRate) - first); t.After(now) {
			now = t
		}
		if err := p.Write(u); err != nil {
			w.t.Fatal(err)
		}
	}
	p.Close("publisher_closed")
	run := gatepost.NewID()
	for begin, seq := 0, 0; begin < len(c.parts); seq++ {
		end := begin + 1
		for end < len(c.parts) && !c.parts[end].Independent {
			end++
		}
		w.put(run, seq, at, c.init, c.parts[begin:end])
		begin = end
	}
}

// put stores one object, which has one segment, and its row.
func (w *world) put(run string, seq int, at time.Time, init *cmaf.Init, parts []*cmaf.Part) {
	w.t.Helper()
	body, last := bytes.Clone(init.Data), parts[len(parts)-1]
	for _, p := range parts {
		body = append(body, p.Data...)
	}
	length := last.Start + last.Duration - parts[0].Start
	start := at.Add(parts[0].Start).Truncate(time.Microsecond)
	r := gatepost.Recording{ID: gatepost.NewID(), CameraID: w.camera.ID, Run: run, Seq: seq, Start: start, End: start.Add(length).Truncate(time.Microsecond),
		Duration: length, MediaTime: parts[0].Start, Bytes: int64(len(body)), Frames: 10, SHA256: sum(body), Codecs: init.Codecs, Width: init.Width, Height: init.Height,
		InitLen: int64(len(init.Data)), InitSHA256: sum(init.Data), RetentionDays: 30,
		Segments: []gatepost.Segment{{Offset: int64(len(init.Data)), Length: int64(len(body) - len(init.Data)), Duration: length}}}
	if seq == 0 {
		r.PriorEnd = gatepost.EndNetwork
	}
	r.Key = gatepost.RecordingKey(30, r.CameraID, r.Start, run, seq)
	if err := w.objects.Put(w.t.Context(), r.Key, bytes.NewReader(body), r.Bytes); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.InsertRecording(w.t.Context(), r); err != nil {
		w.t.Fatal(err)
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (w *world) order(more m) m {
	b := m{"camera_id": w.camera.ID, "from": w.start.Add(-time.Minute).Format(time.RFC3339), "to": w.start.Add(20 * time.Second).Format(time.RFC3339),
		"purpose": "case", "reason": "盗窃 <案>", "case_number": "2026-17"}
	for k, v := range more {
		b[k] = v
	}
	return b
}

func (w *world) run() {
	w.t.Helper()
	if err := w.f.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) state(id string) string {
	w.t.Helper()
	return w.Do(w.owner, "GET", "/v1/evidence/"+id, nil).Want(200).String("state")
}

// fetch gets an export's file by a link.
func (w *world) fetch(id string) []byte {
	w.t.Helper()
	res, err := w.server.Client().Get(w.Do(w.owner, "POST", "/v1/evidence/"+id+"/link", nil).Want(201).String("url"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("fetch: %s %v", res.Status, err)
	}
	return b
}

// options are the keys as an outsider gets them.
func (w *world) options() format.Options {
	w.t.Helper()
	keys, err := format.ParseKeys([]byte(w.Do("", "GET", "/v1/evidence-keys", nil).Want(200).Text))
	if err != nil {
		w.t.Fatal(err)
	}
	book, err := signature.NewVerifier(w.Do("", "GET", "/v1/ledger/key", nil).Want(200).Text)
	if err != nil {
		w.t.Fatal(err)
	}
	return format.Options{Keys: keys, Ledger: book}
}

func (w *world) verify(file []byte, o format.Options) *format.Report {
	w.t.Helper()
	r, err := format.Verify(bytes.NewReader(file), int64(len(file)), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// TestExport takes footage of two runs, a gap between and the ends cut, all the
// way to the file.
func TestExport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), nil)
		w.record(w.start, "96x64", "3")
		w.record(w.start.Add(10*time.Second), "96x64", "3")
		r := w.Do(w.owner, "POST", "/v1/evidence", w.order(m{"from": w.start.Add(1500 * time.Millisecond).Format(time.RFC3339Nano), "to": w.start.Add(11500 * time.Millisecond).Format(time.RFC3339Nano)})).Want(202)
		id := r.String("id")
		if r.String("state") != "queued" {
			t.Errorf("ordered: %s", r.Text)
		}
		w.Do(w.owner, "POST", "/v1/evidence/"+id+"/link", nil).Refused(gatepost.Conflict, "")
		w.run()
		if state := w.state(id); state != "ready" {
			t.Fatalf("state %s: %s", state, w.Do(w.owner, "GET", "/v1/evidence/"+id, nil).Text)
		}
		file := w.fetch(id)
		if got := w.Do(w.owner, "GET", "/v1/evidence/"+id, nil).String("sha256"); got != sum(file) {
			t.Errorf("SHA-256 %s of a file of %s", got, sum(file))
		}
		report := w.verify(file, w.options())
		if !report.Whole {
			t.Fatalf("findings %+v", report.Findings)
		}
		man := report.Manifest
		var spans []string
		for _, s := range man.Timeline {
			spans = append(spans, string(s.State)+string(s.Reason))
		}
		if got := strings.Join(spans, " "); got != "recorded gapnetwork recorded" {
			t.Errorf("timeline %s", got)
		}
		if man.Export.Reason != "盗窃 <案>" || man.Export.CaseNumber != "2026-17" || man.Export.OrganisationName != w.shop.Name || man.Camera.NationalID != w.camera.NationalID {
			t.Errorf("manifest %+v", man)
		}
		whole := 0
		for _, s := range man.Sources {
			if s.Length == s.Bytes-man.Clip.InitBytes {
				whole++
			}
		}
		if len(man.Sources) != 4 || whole != 3 {
			t.Errorf("%d sources, %d of them whole; want the second and third second of the first run, the first and a half of the second: %+v", len(man.Sources), whole, man.Sources)
		}
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("archive/zip: %v", err)
		}
		clip, err := z.Open(format.ClipFile)
		if err != nil {
			t.Fatal(err)
		}
		film, err := io.ReadAll(clip)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "clip.mp4")
		if err := os.WriteFile(path, film, 0o600); err != nil {
			t.Fatal(err)
		}
		if n := strings.TrimSpace(string(mediatest.FFprobe(t, "-count_packets", "-select_streams", "v:0", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path))); n != "35" && n != "36" && n != "37" {
			t.Errorf("%s pictures, want two seconds of the first run and one and a half of the second, at ten a second", n)
		}
		w.book(id)
		if left, err := os.ReadDir(w.temp); err != nil || len(left) != 0 {
			t.Errorf("left in the temporary directory: %v %v", left, err)
		}
		if *update && strings.HasSuffix(t.Name(), "SQLite") {
			w.golden(file)
		}
	})
}

// book wants the ledger to tell the order, the export with its hash and the link.
func (w *world) book(id string) {
	w.t.Helper()
	entries, err := w.store.LedgerByCamera(w.t.Context(), w.camera.ID, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	seen := map[string]gatepost.LedgerEntry{}
	for _, e := range entries {
		if e.Detail["evidence"] == id {
			seen[e.Detail["act"]] = e
		}
	}
	if len(seen) != 3 || seen["order"].Kind != gatepost.LedgerDecision || seen["evidence"].Kind != gatepost.LedgerExport || seen["link"].Kind != gatepost.LedgerExport {
		w.t.Errorf("the ledger tells %+v", seen)
	}
	for act, e := range seen {
		if e.Actor != w.owner || e.Detail["reason"] != "盗窃 <案>" || e.Detail["case_number"] != "2026-17" || act == "evidence" && len(e.Detail["sha256"]) != 64 {
			w.t.Errorf("%s: %+v", act, e)
		}
	}
}

// golden writes what internal/evidence and the SDK check: the evidence, the
// keys, and checkpoints from before and after.
func (w *world) golden(file []byte) {
	w.t.Helper()
	text := func(path string) string { return w.Do("", "GET", path, nil).Want(200).Text }
	o := w.options()
	var man format.Manifest
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		w.t.Fatal(err)
	}
	f, err := z.Open(format.ManifestFile)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.NewDecoder(f).Decode(&man); err != nil {
		w.t.Fatal(err)
	}
	if _, err := signature.OpenCheckpoint(man.Ledger.Checkpoint, o.Ledger); err != nil {
		w.t.Fatal(err)
	}
	for range 3 {
		if err := w.store.AppendLedger(w.t.Context(), gatepost.LedgerEntry{Kind: gatepost.LedgerSession, Actor: "u"}); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.ledger.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "internal", "evidence", "testdata")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	for name, content := range map[string]string{"evidence.zip": string(file), "keys.json": text("/v1/evidence-keys"), "ledger.key": text("/v1/ledger/key"),
		"same.checkpoint": man.Ledger.Checkpoint, "newer.checkpoint": text("/v1/ledger/checkpoint"),
		"consistency.json": text("/v1/ledger/consistency?from=" + strconv.FormatInt(man.Ledger.Size, 10))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), func(o *evidence.Options) { o.Waiting = 2 })
	w.record(w.start, "96x64", "2")
	stranger := w.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), gatepost.RoleOwner)
	at := func(d time.Duration) string { return w.start.Add(d).Format(time.RFC3339) }
	for _, c := range []struct {
		name, token string
		more        m
		code        gatepost.Code
		field       string
	}{
		{"nobody", "", nil, gatepost.Unauthenticated, ""},
		{"a watcher takes no copies", w.watcher, nil, gatepost.Forbidden, ""},
		{"a stranger", stranger, nil, gatepost.NotFound, ""},
		{"police of elsewhere", w.station, nil, gatepost.NotFound, ""},
		{"no such camera", w.owner, m{"camera_id": gatepost.NewID()}, gatepost.NotFound, ""},
		{"no reason", w.owner, m{"reason": " "}, gatepost.Invalid, "reason"},
		{"no purpose", w.owner, m{"purpose": " "}, gatepost.Invalid, "purpose"},
		{"a case without its number", w.owner, m{"case_number": " "}, gatepost.Invalid, "case_number"},
		{"a reason that turns the text around", w.owner, m{"reason": "a\u202eb"}, gatepost.Invalid, "reason"},
		{"backwards", w.owner, m{"from": at(time.Minute), "to": at(0)}, gatepost.Invalid, "from"},
		{"in the future", w.owner, m{"to": "2999-01-01T00:00:00Z"}, gatepost.Invalid, "to"},
		{"too long", w.owner, m{"from": at(-2 * time.Hour)}, gatepost.TooLarge, "to"},
		{"nothing recorded", w.owner, m{"from": at(-30 * time.Minute), "to": at(-20 * time.Minute)}, gatepost.NotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Do(c.token, "POST", "/v1/evidence", w.order(c.more)).Refused(c.code, c.field)
		})
	}
	id := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202)
	w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Refused(gatepost.RateLimited, "")
	w.run()
	responder := w.SignIn(w.shop, gatepost.RoleResponder)
	for _, c := range []struct {
		name, token string
		get, link   gatepost.Code
		listed      int
	}{
		{"who exported", w.owner, "", "", 2}, {"a stranger", stranger, gatepost.NotFound, gatepost.NotFound, 0},
		{"a watcher of the same shop", w.watcher, gatepost.NotFound, gatepost.NotFound, 0},
		{"another who exports", responder, gatepost.NotFound, gatepost.NotFound, 0}, {"nobody", "", gatepost.Unauthenticated, gatepost.Unauthenticated, -1},
	} {
		t.Run("read by "+c.name, func(t *testing.T) {
			for what, want := range map[string]gatepost.Code{"GET ": c.get, "POST /link": c.link} {
				method, tail, _ := strings.Cut(what, " ")
				r := w.Do(c.token, method, "/v1/evidence/"+id+tail, nil)
				if want != "" {
					r.Refused(want, "")
				} else if r.Status >= 300 {
					t.Errorf("%s: %d %s", what, r.Status, r.Text)
				}
			}
			if r := w.Do(c.token, "GET", "/v1/evidence?camera_id="+w.camera.ID, nil); c.listed >= 0 && len(r.Items()) != c.listed {
				t.Errorf("%d listed, want %d", len(r.Items()), c.listed)
			}
		})
	}
	for _, bad := range []string{"..%2f" + id, gatepost.NewID(), "x"} {
		w.Do(w.owner, "GET", "/v1/evidence/"+bad, nil).Refused(gatepost.NotFound, "")
	}
}

// TestOthersCamera: the owner's people know of what others exported of their
// camera, and do not get it.
func TestOthersCamera(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), nil)
	w.record(w.start, "96x64", "1")
	operator := storetest.NewOrganisation(t, w.store, gatepost.KindOperator)
	admin := w.SignIn(operator, gatepost.RoleAdmin)
	id := w.Do(admin, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	w.run()
	if state := w.state(id); state != "ready" {
		t.Errorf("state %s", state)
	}
	w.Do(w.owner, "POST", "/v1/evidence/"+id+"/link", nil).Refused(gatepost.Forbidden, "")
	w.Do(w.owner, "DELETE", "/v1/evidence/"+id, nil).Refused(gatepost.Forbidden, "")
	if items := w.Do(w.owner, "GET", "/v1/evidence", nil).Want(200).Items(); len(items) != 1 || items[0]["user_id"] != admin {
		t.Errorf("listed %v", items)
	}
	w.Do(admin, "POST", "/v1/evidence/"+id+"/link", nil).Want(201)
	w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202)
	w.run()
	// Of the other's copy the owner is told, of his own he knows.
	told, err := w.store.Notifications(t.Context(), w.shop.ID, "", 10)
	if err != nil || len(told) != 1 || told[0].Kind != gatepost.NotifyExport || told[0].CameraID != w.camera.ID ||
		told[0].Detail["organisation"] != operator.Name || told[0].Detail["case_number"] != "2026-17" || told[0].Detail["reason"] == "" {
		t.Errorf("the owner is told %+v %v", told, err)
	}
}

// TestEnds: a file goes when it is removed or has had its time, and the row tells.
func TestEnds(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), func(o *evidence.Options) { o.Life = 3 * time.Second })
	w.record(w.start, "96x64", "1")
	there := func(id string) bool {
		_, err := w.objects.Stat(t.Context(), gatepost.EvidenceKey(w.camera.ID, id))
		return err == nil
	}
	removed := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	never := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	w.Do(w.owner, "DELETE", "/v1/evidence/"+never, nil).Want(204)
	w.run()
	if !there(removed) || there(never) {
		t.Error("made what was removed before, or not what was asked for")
	}
	w.Do(w.owner, "DELETE", "/v1/evidence/"+removed, nil).Want(204)
	w.Do(w.owner, "DELETE", "/v1/evidence/"+removed, nil).Refused(gatepost.Conflict, "")
	w.Do(w.owner, "POST", "/v1/evidence/"+removed+"/link", nil).Refused(gatepost.Gone, "")
	w.run()
	if there(removed) || w.state(removed) != "removed" {
		t.Error("a removed file is there")
	}
	lapsed := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	w.run()
	if _, err := w.store.UpdateEvidence(t.Context(), lapsed, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		before := time.Now().Add(-time.Second)
		e.ExpiresAt = &before
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.Do(w.owner, "POST", "/v1/evidence/"+lapsed+"/link", nil).Refused(gatepost.Gone, "")
	w.run()
	if there(lapsed) || w.state(lapsed) != "expired" {
		t.Error("a file past its time is there")
	}
	w.run() // again: nothing
}

// slow is an object store in which something happens while a file is on its way.
type slow struct {
	*dir.Store
	meanwhile func()
}

func (s *slow) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	s.meanwhile()
	return s.Store.Put(ctx, key, r, size)
}

// TestRemovedOnItsWay: a file that arrives after its export was removed and purged
// goes as well.
func TestRemovedOnItsWay(t *testing.T) {
	var store *slow
	w := newWorld(t, storetest.OpenSQLite(t), func(o *evidence.Options) {
		store = &slow{Store: o.Objects.(*dir.Store)}
		o.Objects = store
	})
	w.record(w.start, "96x64", "1")
	id := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	store.meanwhile = func() {
		w.Do(w.owner, "DELETE", "/v1/evidence/"+id, nil).Want(204)
		w.run()
	}
	w.run()
	if _, err := w.objects.Stat(t.Context(), gatepost.EvidenceKey(w.camera.ID, id)); err != nil {
		t.Fatalf("the file did not arrive late: %v", err)
	}
	w.run()
	if _, err := w.objects.Stat(t.Context(), gatepost.EvidenceKey(w.camera.ID, id)); err == nil {
		t.Error("the file of a removed export is there")
	}
}

// TestFails: what cannot be exported says why, and nothing is left of it.
func TestFails(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), nil)
	w.record(w.start, "96x64", "2")
	rows, err := w.store.Recordings(t.Context(), w.camera.ID, w.start, w.start.Add(time.Minute), 10)
	if err != nil || len(rows) < 2 {
		t.Fatal(rows, err)
	}
	order := func() string {
		return w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	}
	failed := func(why string) {
		t.Helper()
		id := order()
		if err := w.f.Run(t.Context()); err == nil {
			t.Error("a failure that nobody hears of")
		}
		r := w.Do(w.owner, "GET", "/v1/evidence/"+id, nil).Want(200)
		if r.String("state") != "failed" || !strings.Contains(r.String("problem"), why) {
			t.Errorf("want %q: %s", why, r.Text)
		}
		w.Do(w.owner, "POST", "/v1/evidence/"+id+"/link", nil).Refused(gatepost.Conflict, "")
		w.run()
	}
	body, err := w.objects.Get(t.Context(), rows[1].Key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	object, err := io.ReadAll(body)
	if err != nil || body.Close() != nil {
		t.Fatal(err)
	}
	object[len(object)-1] ^= 1
	if err := w.objects.Put(t.Context(), rows[1].Key, bytes.NewReader(object), int64(len(object))); err != nil {
		t.Fatal(err)
	}
	failed("not as it was at ingest")
	if err := w.objects.Delete(t.Context(), rows[1].Key); err != nil {
		t.Fatal(err)
	}
	failed("just been deleted")
	if left, err := os.ReadDir(w.temp); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

// away is an object store that cannot be written to.
type away struct{ *dir.Store }

func (away) Put(context.Context, string, io.ReadSeeker, int64) error {
	return &gatepost.Error{Code: gatepost.Unavailable, Message: "no answer"}
}

// TestTriesAgain: what another attempt may overcome is attempted again, three
// times in all.
func TestTriesAgain(t *testing.T) {
	s := storetest.OpenSQLite(t)
	var broken *evidence.Function
	w := newWorld(t, s, func(o *evidence.Options) {
		down := *o
		down.Objects = away{o.Objects.(*dir.Store)}
		broken = evidence.New(down)
	})
	w.record(w.start, "96x64", "1")
	id := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	for range 2 {
		if err := broken.Run(t.Context()); gatepost.CodeOf(err) != gatepost.Unavailable {
			t.Errorf("got %v", err)
		}
		if state := w.state(id); state != "queued" {
			t.Errorf("state %s", state)
		}
	}
	w.run()
	if state := w.state(id); state != "ready" {
		t.Errorf("state %s", state)
	}
	other := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	for range 3 {
		_ = broken.Run(t.Context())
	}
	if state := w.state(other); state != "failed" {
		t.Errorf("after three attempts: %s", state)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	last := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
	if err := w.f.Run(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if state := w.state(last); state != "queued" {
		t.Errorf("stopped before it began: %s", state)
	}
}

// TestMakers: several processes make each export once.
func TestMakers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t), nil)
		w.record(w.start, "96x64", "1")
		var ids []string
		for range 4 {
			ids = append(ids, w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id"))
		}
		var makers sync.WaitGroup
		for range 3 {
			makers.Go(func() {
				if err := w.f.Run(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		makers.Wait()
		for _, id := range ids {
			if e, err := w.store.Evidence(t.Context(), id); err != nil || e.State != gatepost.EvidenceReady || e.Attempts != 1 {
				t.Errorf("%+v %v", e, err)
			}
			if r := w.verify(w.fetch(id), w.options()); !r.Whole {
				t.Errorf("findings %+v", r.Findings)
			}
		}
	})
}

// TestKeys: evidence outlasts its key, and nobody but administrators replaces it.
func TestKeys(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), nil)
	w.record(w.start, "96x64", "1")
	export := func() []byte {
		id := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
		w.run()
		return w.fetch(id)
	}
	early := w.options()
	first := export()
	w.Do(w.owner, "POST", "/v1/evidence-keys", nil).Refused(gatepost.Forbidden, "")
	admin := w.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindOperator), gatepost.RoleAdmin)
	w.Do(admin, "POST", "/v1/evidence-keys", nil).Want(200)
	second := export()
	o := w.options()
	if len(o.Keys) != 2 {
		t.Fatalf("%d keys", len(o.Keys))
	}
	a, b := w.verify(first, o), w.verify(second, o)
	if !a.Whole || !b.Whole || a.Key == b.Key {
		t.Errorf("%+v %+v", a, b)
	}
	if r := w.verify(second, early); r.Whole || r.Findings[0].Kind != format.OtherKey {
		t.Errorf("with a key from before: %+v", r.Findings)
	}
}

// TestWithdrawnKey: what a key signed before it may have been in other hands is whole,
// and says so; what was registered since is not; and another key signs.
func TestWithdrawnKey(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t), nil)
	w.record(w.start, "96x64", "1")
	export := func() []byte {
		id := w.Do(w.owner, "POST", "/v1/evidence", w.order(nil)).Want(202).String("id")
		w.run()
		return w.fetch(id)
	}
	before := export()
	kid := w.Do("", "GET", "/v1/evidence-keys", nil).Want(200).Body["keys"].([]any)[0].(map[string]any)["kid"].(string)
	path := "/v1/evidence-keys/" + kid + "/withdraw"
	admin := w.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindOperator), gatepost.RoleAdmin)
	w.Do(w.owner, "POST", path, m{"reason": "curious"}).Want(403)
	w.Do(admin, "POST", path, m{"reason": " "}).Refused(gatepost.Invalid, "reason")
	w.Do(admin, "POST", path, m{"reason": "x", "untrusted_since": time.Now().Add(time.Hour)}).Refused(gatepost.Invalid, "untrusted_since")
	w.Do(admin, "POST", "/v1/evidence-keys/none/withdraw", m{"reason": "x"}).Want(404)
	since := time.Now().UTC().Truncate(time.Millisecond)
	during := export() // after somebody else may have had the key, and before that is known
	w.Do(admin, "POST", path, m{"reason": "a backup was lost", "untrusted_since": since}).Want(204)
	w.Do(admin, "POST", path, m{"reason": "again"}).Want(204) // stays as it is
	after := export()
	o := w.options()
	if r := w.verify(before, o); !r.Whole || r.Withdrawn == nil || r.Withdrawn.Reason != "a backup was lost" || !r.Withdrawn.Since.Equal(since) || r.Withdrawn.At.Before(since) {
		t.Errorf("from before: %+v", r)
	}
	if r := w.verify(during, o); r.Whole || len(r.Findings) != 1 || r.Findings[0].Kind != format.WithdrawnKey {
		t.Errorf("from since: %+v", r)
	}
	if r := w.verify(after, o); !r.Whole || r.Withdrawn != nil {
		t.Errorf("from after: %+v", r)
	}
	// Without the ledger's key nothing says when it was registered.
	if r := w.verify(before, format.Options{Keys: o.Keys}); r.Whole || r.Findings[0].Kind != format.Unchecked {
		t.Errorf("without the ledger: %+v", r)
	}
}
