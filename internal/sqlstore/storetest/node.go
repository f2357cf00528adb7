package storetest

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("node admission", testAdmission)
	register("node status", testStatus)
	register("node watch", testWatch)
}

func testAdmission(t *testing.T, s *sqlstore.Store) {
	ctx := context.WithoutCancel(t.Context())
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now().Add(time.Minute)
	first, err := s.AdmitPublisher(ctx, c.ID, c.KeyHash, now)
	if err != nil || first.Epoch != 1 || first.State != gatepost.CameraAcceptance || !first.UpdatedAt.Equal(now) {
		t.Fatalf("first push: epoch %d, %s, %v", first.Epoch, first.State, err)
	}

	const n = 12
	epochs := make(chan int64, n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			got, err := s.AdmitPublisher(ctx, c.ID, c.KeyHash, now)
			if err != nil {
				t.Errorf("admit: %v", err)
			}
			epochs <- got.Epoch
		})
	}
	wg.Wait()
	close(epochs)
	seen := map[int64]bool{}
	for e := range epochs {
		if e < 2 || e > n+1 || seen[e] {
			t.Errorf("epoch %d twice or out of order", e)
		}
		seen[e] = true
	}

	_, err = s.AdmitPublisher(ctx, c.ID, gatepost.HashKey("old"), now)
	wantCode(t, "another key", err, gatepost.Conflict)
	_, err = s.AdmitPublisher(ctx, gatepost.NewID(), c.KeyHash, now)
	wantCode(t, "unknown camera", err, gatepost.Conflict)
	for _, state := range []gatepost.CameraState{gatepost.CameraPlanned, gatepost.CameraSuspended, gatepost.CameraRetired, gatepost.CameraInService} {
		if _, err := s.UpdateCamera(ctx, c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.State = state
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true}, nil
		}); err != nil {
			t.Fatal(err)
		}
		got, err := s.AdmitPublisher(ctx, c.ID, c.KeyHash, now)
		if state.MayPublish() != (err == nil) || err == nil && got.State != state {
			t.Errorf("%s: %s, %v", state, got.State, err)
		}
	}
}

func testStatus(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	owner := NewOrganisation(t, s, gatepost.KindBusiness).ID
	now := now()
	var ids []string
	var statuses []gatepost.CameraStatus
	for i := range 3 {
		c := NewCamera(t, s, owner)
		ids = append(ids, c.ID)
		statuses = append(statuses, gatepost.CameraStatus{CameraID: c.ID, Node: "gw-1", Epoch: 5, Online: true, Recording: i > 0,
			Since: now.Add(-time.Minute), SeenAt: now, Protocol: "rtsp", Viewers: i, Problem: gatepost.ProblemUpload, ProblemSince: now.Add(-time.Second),
			Picture: gatepost.PictureFrozen, PictureSince: now.Add(-time.Hour),
			Measurement: gatepost.Measurement{VideoCodec: "h264", FPS: 25, KeyInterval: time.Second, PacketsReceived: 1 << 40}})
	}
	never := NewCamera(t, s, owner).ID
	if err := s.PutStatuses(ctx, statuses); err != nil {
		t.Fatal(err)
	}
	got, err := s.CameraStatuses(ctx, append(ids, never, "nobody"))
	if err != nil || len(got) != 3 {
		t.Fatalf("%d statuses, %v", len(got), err)
	}
	for _, want := range statuses {
		if !reflect.DeepEqual(got[want.CameraID], want) {
			t.Errorf("read back:\n got %+v\nwant %+v", got[want.CameraID], want)
		}
	}

	stale, newer, same := statuses[0], statuses[1], statuses[2]
	stale.Epoch, stale.Online, stale.Node = 4, false, "gw-0"
	newer.Epoch, newer.Node = 6, "gw-2"
	same.Online, same.EndReason = false, gatepost.EndTimeout
	if err := s.PutStatuses(ctx, []gatepost.CameraStatus{stale, newer, same}); err != nil {
		t.Fatal(err)
	}
	got, err = s.CameraStatuses(ctx, ids)
	if want := map[string]gatepost.CameraStatus{ids[0]: statuses[0], ids[1]: newer, ids[2]: same}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("fencing:\n got %+v %v\nwant %+v", got, err, want)
	}

	admissions, err := s.CameraAdmissions(ctx, append(ids, never, "nobody"))
	want := map[string]gatepost.CameraAdmission{
		ids[0]: {State: gatepost.CameraEnrolled, Epoch: 5, Node: "gw-1", Unmeasured: true},
		ids[1]: {State: gatepost.CameraEnrolled, Epoch: 6, Node: "gw-2", Unmeasured: true},
		ids[2]: {State: gatepost.CameraEnrolled, Epoch: 5, Node: "gw-1", Unmeasured: true},
		never:  {State: gatepost.CameraEnrolled, Unmeasured: true},
	}
	if err != nil || !reflect.DeepEqual(admissions, want) {
		t.Errorf("admissions:\n got %+v %v\nwant %+v", admissions, err, want)
	}

	if err := s.PutStatuses(ctx, []gatepost.CameraStatus{{CameraID: "nobody", SeenAt: now}}); gatepost.CodeOf(err) != gatepost.Invalid {
		t.Errorf("a status of no camera: %v", err)
	}
	if err := s.PutStatuses(ctx, nil); err != nil {
		t.Errorf("no statuses: %v", err)
	}
	// More than one statement's worth.
	many := make([]gatepost.CameraStatus, 0, 450)
	manyIDs := make([]string, 0, 450)
	for i := range 450 {
		st := statuses[i%3]
		st.Epoch = int64(10 + i)
		many, manyIDs = append(many, st), append(manyIDs, ids[i%3])
	}
	for i := 0; i < len(many); i += 3 { // each camera once per call
		if i%150 == 0 {
			if err := s.PutStatuses(ctx, many[i:i+3]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := s.CameraStatuses(ctx, manyIDs); err != nil || len(got) != 3 {
		t.Errorf("450 ids in three statements: %d, %v", len(got), err)
	}
}

func testWatch(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	owner := NewOrganisation(t, s, gatepost.KindBusiness).ID
	now := now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	before, err := s.CountCameras(ctx, ago(time.Minute), ago(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	status := func(c gatepost.Camera, change func(*gatepost.CameraStatus)) {
		st := gatepost.CameraStatus{CameraID: c.ID, Node: "gw", Epoch: 1, Online: true, Recording: true, Since: ago(time.Hour), SeenAt: now}
		change(&st)
		if err := s.PutStatuses(ctx, []gatepost.CameraStatus{st}); err != nil {
			t.Fatal(err)
		}
	}
	camera := func() gatepost.Camera {
		c := NewCamera(t, s, owner)
		if _, err := s.UpdateCamera(ctx, c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.State = gatepost.CameraInService
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true}, nil
		}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	well, late, troubled, silent := camera(), camera(), camera(), camera()
	camera() // has never pushed
	r := NewRecording(t, s, well, ago(2*time.Minute), nil)
	NewRecording(t, s, late, ago(20*time.Minute), nil)
	status(well, func(*gatepost.CameraStatus) {})
	status(late, func(*gatepost.CameraStatus) {})
	status(troubled, func(st *gatepost.CameraStatus) {
		st.Recording, st.Problem, st.ProblemSince = false, gatepost.ProblemStorage, now
	})
	status(silent, func(st *gatepost.CameraStatus) { st.SeenAt = ago(5 * time.Minute) })

	got, err := s.CountCameras(ctx, ago(time.Minute), ago(10*time.Minute))
	want := gatepost.CameraCounts{Online: before.Online + 3, Recording: before.Recording + 2, Problem: before.Problem + 1, Offline: before.Offline + 2, RowsLate: before.RowsLate + 1}
	if err != nil || got != want {
		t.Errorf("counted %+v %v, want %+v", got, err, want)
	}
	if n, err := s.SilenceCameras(ctx, ago(time.Minute), []string{"elsewhere", "gw"}); err != nil || n != 0 {
		t.Errorf("%d silenced of a gateway that is excepted, %v", n, err)
	}
	if n, err := s.SilenceCameras(ctx, ago(time.Minute), []string{"elsewhere", "nowhere"}); err != nil || n != 1 {
		t.Errorf("%d silenced, %v", n, err)
	}
	if n, err := s.SilenceCameras(ctx, ago(time.Minute), nil); err != nil || n != 0 {
		t.Errorf("%d silenced again, %v", n, err)
	}
	statuses, err := s.CameraStatuses(ctx, []string{silent.ID, well.ID})
	if st := statuses[silent.ID]; err != nil || st.Online || st.Recording || st.EndReason != gatepost.EndCrash || !st.Since.Equal(ago(5*time.Minute)) || !statuses[well.ID].Online {
		t.Errorf("silenced: %+v %v", statuses, err)
	}
	gone := nextID()
	missing, err := s.MissingRecordings(ctx, []string{gone, r.ID})
	if err != nil || len(missing) != 1 || missing[0] != gone {
		t.Errorf("missing: %q %v", missing, err)
	}
}
