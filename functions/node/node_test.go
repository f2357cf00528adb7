package node_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/gateway/control"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// plane is what a gateway asks: the service itself, and the client of its
// operations.
type plane interface {
	AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (gatepost.PublishPermit, error)
	SRTPassphrase(ctx context.Context, cameraID string) (string, error)
	Sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error)
	ReportMeasurement(ctx context.Context, cameraID string, m gatepost.Measurement) error
	RecordingClosed(ctx context.Context, r gatepost.Recording) error
}

var (
	_ plane = (*node.Service)(nil)
	_ plane = (*control.Client)(nil)
)

// each runs a test in process and over HTTP.
func each(t *testing.T, test func(t *testing.T, s *sqlstore.Store, p plane)) {
	service := func(t *testing.T, s *sqlstore.Store) *node.Service {
		return node.New(node.Options{Store: s, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	}
	t.Run("in process", func(t *testing.T) {
		s := storetest.OpenSQLite(t)
		test(t, s, service(t, s))
	})
	t.Run("by HTTP, PostgreSQL", func(t *testing.T) {
		s := storetest.OpenPostgres(t)
		test(t, s, client(t, service(t, s), functest.NodeKey))
	})
}

func client(t *testing.T, s *node.Service, key string) *control.Client {
	t.Helper()
	server := httptest.NewServer(functest.New(t, s.Register))
	t.Cleanup(server.Close)
	c, err := control.New(server.URL+"/", key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantCode(t *testing.T, what string, err error, code gatepost.Code) {
	t.Helper()
	if gatepost.CodeOf(err) != code {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

func setState(t *testing.T, s *sqlstore.Store, id string, fence bool, state gatepost.CameraState) {
	t.Helper()
	if _, err := s.UpdateCamera(t.Context(), id, fence, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.State, c.UpdatedAt = state, time.Now()
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: id, Allowed: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		ctx := t.Context()
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		ask := func(id, key string, proven bool) (gatepost.PublishPermit, error) {
			return p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: id, Key: key, Proven: proven, Protocol: "rtsp", Remote: "127.0.0.1:9", Node: "gw"})
		}
		for name, key := range map[string]string{"no key": "", "another key": "key of nobody", "the hash for the key": c.KeyHash, "the passphrase for the key": c.SRTSecret,
			"huge": strings.Repeat("k", 10_000), "binary": "\x00\xff"} {
			_, err := ask(c.ID, key, false)
			wantCode(t, name, err, gatepost.Unauthenticated)
		}
		for _, id := range []string{gatepost.NewID(), "", "../" + c.ID, "' OR 1=1 --", "a/b", "%00"} {
			_, err := ask(id, "key of "+c.ID, false)
			wantCode(t, "camera "+id, err, gatepost.NotFound)
			_, err = p.SRTPassphrase(ctx, id)
			wantCode(t, "passphrase of "+id, err, gatepost.NotFound)
		}
		if got, err := s.Camera(ctx, c.ID); err != nil || got.State != gatepost.CameraEnrolled || got.Epoch != 0 {
			t.Errorf("refused pushes changed the camera: %s, epoch %d, %v", got.State, got.Epoch, err)
		}

		permit, err := ask(c.ID, "key of "+c.ID, false)
		if want := (gatepost.PublishPermit{CameraID: c.ID, Epoch: 1, RetentionDays: 30, State: gatepost.CameraAcceptance, NeedsAcceptance: true}); err != nil || permit != want {
			t.Errorf("first push: %+v %v, want %+v", permit, err, want)
		}
		if secret, err := p.SRTPassphrase(ctx, c.ID); err != nil || secret != gatepost.SRTPassphrase("key of "+c.ID) {
			t.Errorf("passphrase %q %v", secret, err)
		}
		if permit, err = ask(c.ID, "", true); err != nil || permit.Epoch != 2 {
			t.Errorf("proven by SRT: %+v %v", permit, err)
		}
		for state, code := range map[gatepost.CameraState]gatepost.Code{gatepost.CameraSuspended: gatepost.Forbidden, gatepost.CameraRetired: gatepost.Forbidden,
			gatepost.CameraPlanned: gatepost.Forbidden, gatepost.CameraInService: ""} {
			setState(t, s, c.ID, false, state)
			permit, err := ask(c.ID, "key of "+c.ID, false)
			wantCode(t, string(state), err, code)
			if err == nil && permit.NeedsAcceptance {
				t.Errorf("%s is to be measured", state)
			}
			_, err = ask(c.ID, "wrong", false)
			wantCode(t, "a wrong key, "+string(state), err, gatepost.Unauthenticated)
		}
	})
}

// TestEpochs holds that no two sessions ever have the same epoch.
func TestEpochs(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		ctx := context.WithoutCancel(t.Context())
		var mu sync.Mutex
		seen := map[int64]bool{}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				permit, err := p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: c.ID, Key: "key of " + c.ID, Node: "gw"})
				mu.Lock()
				defer mu.Unlock()
				if err != nil || seen[permit.Epoch] {
					t.Errorf("epoch %d, seen before: %v, %v", permit.Epoch, seen[permit.Epoch], err)
				}
				seen[permit.Epoch] = true
			})
		}
		wg.Wait()
	})
}

func TestSync(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		ctx := t.Context()
		owner := storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID
		var cameras []gatepost.Camera
		var statuses []gatepost.CameraStatus
		for range 3 {
			c := storetest.NewCamera(t, s, owner)
			permit, err := p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: c.ID, Key: "key of " + c.ID, Node: "gw-1"})
			if err != nil {
				t.Fatal(err)
			}
			cameras = append(cameras, c)
			statuses = append(statuses, gatepost.CameraStatus{CameraID: c.ID, Node: "not believed", Epoch: permit.Epoch, Online: true, Recording: true,
				Since: time.Now(), Protocol: "rtsp", Measurement: gatepost.Measurement{VideoCodec: "h264", FPS: 25}})
		}
		sync := func(node string, cursor int64, cameras ...gatepost.CameraStatus) gatepost.SyncReply {
			t.Helper()
			r, err := p.Sync(ctx, gatepost.SyncRequest{Node: node, Cursor: cursor, Cameras: cameras})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r := sync("gw-1", 0, statuses...)
		ids := []string{cameras[0].ID, cameras[1].ID, cameras[2].ID}
		if len(r.StoppedCameras) != 0 || !slices.Equal(r.Measure, ids) || len(r.RevokedGrants) != 0 {
			t.Errorf("first report: %+v", r)
		}
		stored, err := s.CameraStatuses(ctx, ids)
		if st := stored[ids[0]]; err != nil || len(stored) != 3 || st.Node != "gw-1" || !st.Online || time.Since(st.SeenAt) > time.Minute {
			t.Errorf("stored %+v %v", st, err)
		}
		if r := sync("gw-1", 0); len(r.StoppedCameras)+len(r.Measure)+len(r.RevokedGrants) != 0 {
			t.Errorf("an empty report: %+v", r)
		}

		// A camera that does not exist, and the same one twice: the last word counts.
		ghost := statuses[0]
		ghost.CameraID = gatepost.NewID()
		twice := statuses[0]
		twice.Viewers = 9
		if r := sync("gw-1", 0, ghost, statuses[0], twice); !slices.Equal(r.StoppedCameras, []string{ghost.CameraID}) {
			t.Errorf("a camera that is not: %+v", r)
		}
		if stored, err = s.CameraStatuses(ctx, ids); err != nil || stored[ids[0]].Viewers != 9 {
			t.Errorf("the last word: %+v %v", stored[ids[0]], err)
		}

		// A camera that came back at another gateway: the first one's session is over.
		moved, err := p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: ids[0], Key: "key of " + ids[0], Node: "gw-2"})
		if err != nil {
			t.Fatal(err)
		}
		if r := sync("gw-1", 0, statuses[0]); len(r.StoppedCameras) != 0 {
			t.Errorf("stopped before the second gateway's word: %+v", r)
		}
		there := statuses[0]
		there.Epoch = moved.Epoch
		if r := sync("gw-2", 0, there); len(r.StoppedCameras) != 0 {
			t.Errorf("the new session is stopped: %+v", r)
		}
		if r := sync("gw-1", 0, statuses[0]); !slices.Equal(r.StoppedCameras, ids[:1]) {
			t.Errorf("the old session goes on: %+v", r)
		}
		if stored, err = s.CameraStatuses(ctx, ids); err != nil || stored[ids[0]].Node != "gw-2" {
			t.Errorf("the old session's word counts: %+v %v", stored[ids[0]], err)
		}
		// One that came back at the same gateway, whose report crossed the admission: nothing stops.
		again, err := p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: ids[1], Key: "key of " + ids[1], Node: "gw-1"})
		if err != nil {
			t.Fatal(err)
		}
		newer := statuses[1]
		newer.Epoch = again.Epoch
		sync("gw-1", 0, newer)
		if r := sync("gw-1", 0, statuses[1]); len(r.StoppedCameras) != 0 {
			t.Errorf("a crossing report stops the camera: %+v", r)
		}
		// Suspended, and a key rotated: stopped, whoever has it.
		setState(t, s, ids[1], true, gatepost.CameraSuspended)
		setState(t, s, ids[2], true, gatepost.CameraAcceptance)
		if r := sync("gw-1", 0, newer, statuses[2]); !slices.Equal(r.StoppedCameras, ids[1:]) {
			t.Errorf("suspended and rotated: %+v", r)
		}
		gone := newer
		gone.Online = false
		if r := sync("gw-1", 0, gone); len(r.StoppedCameras) != 0 {
			t.Errorf("an offline camera is stopped: %+v", r)
		}
	})
}

func TestSyncRevocations(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		ctx := t.Context()
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		revoke := func() string {
			g := gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, Organisation: c.Owner, ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now()}
			entry := gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u", CameraID: c.ID, Allowed: true}
			if err := s.CreateGrant(ctx, g, entry); err != nil {
				t.Fatal(err)
			}
			if err := s.RevokeGrant(ctx, g.ID, time.Now(), entry); err != nil {
				t.Fatal(err)
			}
			return g.ID
		}
		first := revoke()
		r, err := p.Sync(ctx, gatepost.SyncRequest{Node: "gw"})
		if err != nil || !slices.Equal(r.RevokedGrants, []string{first}) {
			t.Fatalf("%+v %v", r, err)
		}
		second := revoke()
		r, err = p.Sync(ctx, gatepost.SyncRequest{Node: "gw", Cursor: r.Cursor})
		if err != nil || !slices.Equal(r.RevokedGrants, []string{second}) {
			t.Fatalf("%+v %v", r, err)
		}
		r, err = p.Sync(ctx, gatepost.SyncRequest{Node: "gw", Cursor: r.Cursor})
		if err != nil || len(r.RevokedGrants) != 0 {
			t.Fatalf("%+v %v", r, err)
		}
	})
}

func TestSyncLooks(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		at := time.Now().UTC().Truncate(time.Millisecond)
		look := gatepost.Look{ID: gatepost.NewID(), GrantID: gatepost.NewID(), CameraID: gatepost.NewID(), Transport: "hls", Start: at, End: at.Add(time.Second), Bytes: 5, Ended: true}
		none := look
		none.ID, none.Transport = gatepost.NewID(), "carrier pigeon"
		for range 2 {
			if r, err := p.Sync(t.Context(), gatepost.SyncRequest{Node: "gw", Looks: []gatepost.Look{none, look}}); err != nil || !r.LooksHeard {
				t.Fatalf("%+v %v", r, err)
			}
		}
		if looks, err := s.LooksByGrant(t.Context(), look.GrantID); err != nil || len(looks) != 1 || looks[0] != look {
			t.Errorf("kept: %+v %v, want %+v", looks, err, look)
		}
		if entries, err := s.LedgerByCamera(t.Context(), look.CameraID, "", 10); err != nil || len(entries) != 1 || entries[0].Kind != gatepost.LedgerLook {
			t.Errorf("in the ledger: %+v %v", entries, err)
		}
	})
}

func goodMeasurement() gatepost.Measurement {
	return gatepost.Measurement{From: time.Now().Add(-30 * time.Second).UTC().Truncate(time.Millisecond), To: time.Now().UTC().Truncate(time.Millisecond),
		VideoCodec: "h264", Width: 1280, Height: 720, FPS: 25, BitsPerSecond: 1e6, KeyInterval: 2 * time.Second, FramesReceived: 750, PacketsReceived: 1000}
}

func TestMeasurement(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		ctx := t.Context()
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		if _, err := p.AuthorisePublish(ctx, gatepost.PublishRequest{CameraID: c.ID, Key: "key of " + c.ID, Node: "gw"}); err != nil {
			t.Fatal(err)
		}
		report := func(m gatepost.Measurement) gatepost.Camera {
			t.Helper()
			if err := p.ReportMeasurement(ctx, c.ID, m); err != nil {
				t.Fatal(err)
			}
			got, err := s.Camera(ctx, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		bad, good := goodMeasurement(), goodMeasurement()
		bad.FPS = 1
		got := report(bad)
		if got.State != gatepost.CameraAcceptance || got.Acceptance == nil || got.Acceptance.Passed || got.Acceptance.Reasons[0].Code != gatepost.ReasonFrameRateLow {
			t.Errorf("failed: %s %+v", got.State, got.Acceptance)
		}
		got = report(good)
		if got.State != gatepost.CameraInService || !got.Acceptance.Passed || !reflect.DeepEqual(got.Acceptance.Measurement, good) {
			t.Errorf("passed: %s %+v", got.State, got.Acceptance)
		}
		if late := report(bad); late.State != gatepost.CameraInService || !late.Acceptance.Passed {
			t.Errorf("a late report changed a camera in service: %s %+v", late.State, late.Acceptance)
		}
		setState(t, s, c.ID, true, gatepost.CameraSuspended)
		if got := report(good); got.State != gatepost.CameraSuspended {
			t.Errorf("a measurement resumed the camera: %s", got.State)
		}
		wantCode(t, "unknown camera", p.ReportMeasurement(ctx, gatepost.NewID(), good), gatepost.NotFound)
	})
}

func TestRecordingClosed(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		ctx := t.Context()
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		start := time.Now().Add(-time.Minute).UTC().Truncate(time.Microsecond)
		rec := gatepost.Recording{ID: gatepost.NewID(), CameraID: c.ID, Run: gatepost.NewID(), Start: start, End: start.Add(time.Minute), Duration: time.Minute,
			Bytes: 1000, Frames: 1500, SHA256: strings.Repeat("a", 64), Codecs: "avc1.4d401f", Width: 1280, Height: 720, InitLen: 100, InitSHA256: strings.Repeat("b", 64),
			Segments: []gatepost.Segment{{Offset: 100, Length: 900, Duration: time.Minute}}, RetentionDays: 30}
		rec.Key = gatepost.RecordingKey(30, c.ID, start, rec.Run, 0)
		for range 2 { // the answer to the first was lost
			if err := p.RecordingClosed(ctx, rec); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := s.Recordings(ctx, c.ID, start.Add(-time.Hour), start.Add(time.Hour), 10)
		if err != nil || len(rows) != 1 || rows[0].Key != rec.Key || rows[0].Duration != time.Minute {
			t.Errorf("rows %+v %v", rows, err)
		}
		for name, change := range map[string]func(*gatepost.Recording){
			"no run":      func(r *gatepost.Recording) { r.Run = "" },
			"backwards":   func(r *gatepost.Recording) { r.End = r.Start },
			"minus one":   func(r *gatepost.Recording) { r.Seq = -1 },
			"a bad id":    func(r *gatepost.Recording) { r.CameraID = "../x" },
			"no segments": func(r *gatepost.Recording) { r.Run, r.Segments, r.Start = "x", nil, r.End },
		} {
			bad := rec
			change(&bad)
			wantCode(t, name, p.RecordingClosed(ctx, bad), gatepost.Invalid)
		}
	})
}

// TestNodeKey holds that nobody but a gateway gets at these operations, and
// that a gateway with the wrong key does not take it for its cameras' fault.
func TestNodeKey(t *testing.T) {
	s := storetest.OpenSQLite(t)
	service := node.New(node.Options{Store: s})
	c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
	wrong := client(t, service, "wrong")
	_, err := wrong.AuthorisePublish(t.Context(), gatepost.PublishRequest{CameraID: c.ID, Key: "key of " + c.ID})
	wantCode(t, "publish", err, gatepost.Unavailable)
	_, err = wrong.Sync(t.Context(), gatepost.SyncRequest{Node: "gw"})
	wantCode(t, "sync", err, gatepost.Unavailable)

	api := functest.New(t, service.Register)
	admin := api.SignIn(gatepost.Organisation{ID: "o", Kind: gatepost.KindOperator}, gatepost.RoleAdmin)
	for _, token := range []string{"", admin, "wrong"} {
		for _, op := range []struct{ method, path string }{{"POST", "publish"}, {"POST", "sync"}, {"POST", "recordings"}, {"POST", "acceptance"}, {"GET", "cameras/" + c.ID + "/srt"}} {
			if r := api.Do(token, op.method, "/v1/node/"+op.path, map[string]any{}); r.Status != 401 || strings.Contains(r.Text, c.SRTSecret) {
				t.Errorf("%s %s with %q: status %d: %s", op.method, op.path, token, r.Status, r.Text)
			}
		}
	}
	for _, body := range []string{`{`, `[]`, `{"node":1}`, `{"node":"a","cursor":0,"cameras":[],"more":1}`, `{"node":"a","cursor":1e99,"cameras":[]}`} {
		if r := api.Do(functest.NodeKey, "POST", "/v1/node/sync", body); r.Status/100 != 4 {
			t.Errorf("%s: status %d: %s", body, r.Status, r.Text)
		}
	}
}

func TestRunForgetsRevocations(t *testing.T) {
	s := storetest.OpenSQLite(t)
	service := node.New(node.Options{Store: s})
	for range 2 {
		if err := service.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A gateway is told which of the recordings that it stored have no row.
func TestMissingRows(t *testing.T) {
	each(t, func(t *testing.T, s *sqlstore.Store, p plane) {
		c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
		r := storetest.NewRecording(t, s, c, time.Now().Add(-time.Minute), nil)
		sync := func(recording string) []string {
			reply, err := p.Sync(t.Context(), gatepost.SyncRequest{Node: "gw", Cameras: []gatepost.CameraStatus{
				{CameraID: c.ID, Epoch: 1, Online: true, Recording: true, LastRecording: recording}}})
			if err != nil {
				t.Fatal(err)
			}
			return reply.Missing
		}
		gone := gatepost.NewID()
		if got := sync(r.ID); len(got) != 0 {
			t.Errorf("missing: %q", got)
		}
		if got := sync(gone); !slices.Equal(got, []string{gone}) {
			t.Errorf("missing: %q, want %q", got, gone)
		}
	})
}

// A camera whose gateway died without a word is offline within a minute and a
// half, and back when the gateway speaks again. A control plane that has just
// started, after having been away for longer than that, waits for its word.
func TestReconcile(t *testing.T) {
	s := storetest.OpenSQLite(t)
	now := time.Now()
	service := node.New(node.Options{Store: s, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return now }})
	c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
	status := gatepost.CameraStatus{CameraID: c.ID, Node: "gw", Epoch: 1, Online: true, Recording: true, Since: time.Now().Add(-time.Hour), SeenAt: time.Now().Add(-31 * time.Second)}
	if err := s.PutStatuses(t.Context(), []gatepost.CameraStatus{status}); err != nil {
		t.Fatal(err)
	}
	online := func() bool {
		got, err := s.CameraStatuses(t.Context(), []string{c.ID})
		if err != nil {
			t.Fatal(err)
		}
		return got[c.ID].Online
	}
	if err := service.Reconcile(t.Context()); err != nil || !online() {
		t.Errorf("just started: online %v, %v", online(), err)
	}
	now = now.Add(time.Minute)
	for range 2 {
		if err := service.Reconcile(t.Context()); err != nil || online() {
			t.Errorf("online %v, %v", online(), err)
		}
	}
	if _, err := service.Sync(t.Context(), gatepost.SyncRequest{Node: "gw", Cameras: []gatepost.CameraStatus{status}}); err != nil || !online() {
		t.Errorf("back: online %v, %v", online(), err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(service.Metrics())
	if families, err := registry.Gather(); err != nil || len(families) != 4 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}
