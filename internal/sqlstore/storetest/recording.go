package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("recording", testRecording)
	register("recording windows", testRecordingWindows)
	register("recording garbage", testRecordingGarbage)
	register("hold", testHold)
	register("hold race", testHoldRace)
}

// NewRecording stores a recording of a minute that starts at a time, and
// returns it.
func NewRecording(t *testing.T, s *sqlstore.Store, c gatepost.Camera, start time.Time, change func(*gatepost.Recording)) gatepost.Recording {
	t.Helper()
	r := Recording(c, start, change)
	if err := s.InsertRecording(t.Context(), r); err != nil {
		t.Fatalf("insert recording: %v", err)
	}
	return r
}

// Recording returns what NewRecording stores.
func Recording(c gatepost.Camera, start time.Time, change func(*gatepost.Recording)) gatepost.Recording {
	r := gatepost.Recording{
		ID: nextID(), CameraID: c.ID, Run: nextID(), Start: start, End: start.Add(time.Minute), Duration: time.Minute,
		Bytes: 1000, Frames: 1500, SHA256: "aa", Codecs: "avc1.4d401f,mp4a.40.2", Width: 1920, Height: 1080, InitLen: 600, InitSHA256: "bb",
		Segments: []gatepost.Segment{
			{Offset: 600, Length: 200, Duration: 30 * time.Second},
			{Offset: 800, Length: 200, Start: 30 * time.Second, Duration: 30 * time.Second},
		},
		RetentionDays: 30,
	}
	if change != nil {
		change(&r)
	}
	r.Key = gatepost.RecordingKey(r.RetentionDays, r.CameraID, r.Start, r.Run, r.Seq)
	return r
}

// epoch is where the cases' recordings begin.
var epoch = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

func ids(list []gatepost.Recording) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func wantIDs(t *testing.T, what string, list []gatepost.Recording, err error, want ...gatepost.Recording) {
	t.Helper()
	if err != nil || !slices.Equal(ids(list), ids(want)) {
		t.Errorf("%s: %q %v, want %q", what, ids(list), err, ids(want))
	}
}

func testRecording(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	full := NewRecording(t, s, c, epoch, func(r *gatepost.Recording) {
		r.Seq, r.MediaTime, r.PriorEnd, r.RunEnd = 7, 90*time.Minute+time.Microsecond, gatepost.EndNetwork, gatepost.EndCrash
		r.Duration += 333 * time.Microsecond
	})
	got, err := s.Recording(ctx, full.ID)
	if err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, full)
	}
	light := full
	light.Segments = nil
	if got, err := s.RecordingByKey(ctx, full.Key); err != nil || !reflect.DeepEqual(got, light) {
		t.Errorf("by key: %+v %v", got, err)
	}
	_, err = s.RecordingByKey(ctx, full.Key+"x")
	wantCode(t, "unknown key", err, gatepost.NotFound)
	// Told again, it stays as it was, whatever the id.
	again := full
	again.Bytes = 5
	if err := s.InsertRecording(ctx, again); err != nil {
		t.Errorf("told again: %v", err)
	}
	again.ID = nextID()
	if err := s.InsertRecording(ctx, again); err != nil {
		t.Errorf("told again with another id: %v", err)
	}
	if got, err := s.Recording(ctx, full.ID); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("told twice: %+v %v", got, err)
	}
	_, err = s.Recording(ctx, again.ID)
	wantCode(t, "the other id", err, gatepost.NotFound)

	empty := NewRecording(t, s, c, epoch.Add(time.Hour), func(r *gatepost.Recording) { r.Segments = []gatepost.Segment{} })
	if got, err := s.Recording(ctx, empty.ID); err != nil || !reflect.DeepEqual(got, empty) {
		t.Errorf("without segments: %+v %v", got, err)
	}
	stranger := full
	stranger.ID, stranger.CameraID, stranger.Key = nextID(), nextID(), "rec/x"
	wantCode(t, "of no camera", s.InsertRecording(ctx, stranger), gatepost.Invalid)
	stranger.CameraID, stranger.Segments = c.ID, []gatepost.Segment{{Offset: 10}, {Offset: 5}}
	wantCode(t, "segments out of order", s.InsertRecording(ctx, stranger), gatepost.Invalid)
}

func testRecordingWindows(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	owner := NewOrganisation(t, s, gatepost.KindBusiness).ID
	c, other, none := NewCamera(t, s, owner), NewCamera(t, s, owner), NewCamera(t, s, owner)
	var r []gatepost.Recording
	for i := range 5 {
		r = append(r, NewRecording(t, s, c, epoch.Add(time.Duration(i)*time.Minute), nil))
	}
	long := NewRecording(t, s, c, epoch.Add(-59*time.Minute), func(r *gatepost.Recording) { r.End = r.Start.Add(time.Hour) })
	NewRecording(t, s, other, epoch, nil)
	garbage := NewRecording(t, s, c, epoch.Add(30*time.Second), nil)
	if n, err := s.MarkGarbage(ctx, []string{garbage.ID}, time.Now()); n != 1 || err != nil {
		t.Fatalf("mark: %d %v", n, err)
	}
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	windows := []struct {
		name     string
		from, to time.Time
		limit    int
		want     []gatepost.Recording
	}{
		{"all", at(-time.Hour), at(time.Hour), 100, append([]gatepost.Recording{long}, r...)},
		{"limit", at(-time.Hour), at(time.Hour), 2, []gatepost.Recording{long, r[0]}},
		{"inside one", at(70 * time.Second), at(80 * time.Second), 100, []gatepost.Recording{r[1]}},
		{"exactly one", at(2 * time.Minute), at(3 * time.Minute), 100, []gatepost.Recording{r[2]}},
		{"over a border", at(2*time.Minute - time.Microsecond), at(2*time.Minute + time.Microsecond), 100, []gatepost.Recording{r[1], r[2]}},
		{"the end of the long one", at(30 * time.Second), at(31 * time.Second), 100, []gatepost.Recording{long, r[0]}},
		{"before", at(-2 * time.Hour), at(-59 * time.Minute), 100, nil},
		{"after", at(5 * time.Minute), at(time.Hour), 100, nil},
	}
	// Read from rows, then from packed hours, then from some of each.
	for _, packs := range []int{0, 2, 100} {
		if n, err := s.PackHours(ctx, at(24*time.Hour), now(), packs); err != nil || n > packs || n == 0 != (packs == 0) {
			t.Fatalf("packed %d of %d hours: %v", n, packs, err)
		}
		for _, w := range windows {
			got, err := s.Recordings(ctx, c.ID, w.from, w.to, w.limit)
			wantIDs(t, w.name, got, err, w.want...)
			light, err := s.RecordingTimes(ctx, c.ID, w.from, w.to, w.limit)
			wantIDs(t, w.name+", times", light, err, w.want...)
			for i := range light {
				if light[i].Segments != nil {
					t.Errorf("%s: times come with segments", w.name)
				}
				light[i].Segments = got[i].Segments
			}
			if !reflect.DeepEqual(got, light) {
				t.Errorf("%s: times differ", w.name)
			}
		}
	}
	first, last, ok, err := s.RecordingBounds(ctx, c.ID)
	if err != nil || !ok || !first.Equal(long.Start) || !last.Equal(r[4].End) {
		t.Errorf("bounds: %s %s %t %v", first, last, ok, err)
	}
	if _, _, ok, err := s.RecordingBounds(ctx, none.ID); ok || err != nil {
		t.Errorf("bounds of nothing: %t %v", ok, err)
	}
	started, err := s.RecordingsStarted(ctx, c.ID, at(0), at(2*time.Minute))
	wantIDs(t, "started", started, err, r[0], garbage, r[1])
	if !started[1].Garbage || started[0].Garbage {
		t.Error("garbage does not say so")
	}

	var seen []string
	for after := ""; ; {
		page, err := s.RecordingsAfter(ctx, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		seen = append(seen, ids(page)...)
		after = page[len(page)-1].ID
	}
	if len(seen) != 8 || !slices.IsSorted(seen) {
		t.Errorf("pages: %q", seen)
	}
}

func testRecordingGarbage(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	var all []gatepost.Recording
	for i := range 4 {
		all = append(all, NewRecording(t, s, c, epoch.Add(time.Duration(i)*time.Minute), nil))
	}
	h := newHold(t, s, c, all[1].Start, all[1].End, now.Add(time.Hour))
	// More ids than one statement takes, most of them of nothing.
	many := ids(all[:3])
	for len(many) < 1200 {
		many = append(many, fmt.Sprintf("no-recording-%d", len(many)))
	}
	if n, err := s.MarkGarbage(ctx, many, now); err != nil || n != 2 {
		t.Errorf("marked %d %v, want 2", n, err)
	}
	if n, err := s.MarkGarbage(ctx, many, now.Add(time.Minute)); err != nil || n != 0 {
		t.Errorf("marked again %d %v, want 0", n, err)
	}
	list, err := s.GarbageRecordings(ctx, now, 10)
	wantIDs(t, "garbage before it was", list, err)
	list, err = s.GarbageRecordings(ctx, now.Add(time.Millisecond), 10)
	if err == nil {
		slices.SortFunc(list, func(a, b gatepost.Recording) int { return a.Start.Compare(b.Start) })
	}
	wantIDs(t, "garbage", list, err, all[0], all[2])
	if n, err := s.DropRecordings(ctx, ids(all), now); err != nil || n != 2 {
		t.Errorf("dropped %d %v, want 2", n, err)
	}
	rest, err := s.RecordingsAfter(ctx, "", 10)
	wantIDs(t, "what stays", rest, err, all[1], all[3])
	if n, err := s.MarkGarbage(ctx, nil, now); n != 0 || err != nil {
		t.Errorf("nothing: %d %v", n, err)
	}

	if err := s.ReleaseHold(ctx, h.ID, now, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: c.ID, Allowed: true}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.MarkGarbage(ctx, ids(all), now); err != nil || n != 2 {
		t.Errorf("after the release marked %d %v, want 2", n, err)
	}
}

func newHold(t *testing.T, s *sqlstore.Store, c gatepost.Camera, from, to, until time.Time) gatepost.Hold {
	t.Helper()
	h := gatepost.Hold{ID: nextID(), CameraID: c.ID, From: from, To: to, Case: "A-17", Reason: "盗窃案", Until: until.Truncate(time.Millisecond), By: "u", CreatedAt: now()}
	if _, err := s.CreateHold(t.Context(), h, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: c.ID, Allowed: true}); err != nil {
		t.Fatalf("create hold: %v", err)
	}
	return h
}

func testHold(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	a, b := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindBusiness)
	ca, ca2, cb := NewCamera(t, s, a.ID), NewCamera(t, s, a.ID), NewCamera(t, s, b.ID)
	later := now().Add(time.Hour)
	var r []gatepost.Recording
	for i := range 3 {
		r = append(r, NewRecording(t, s, ca, epoch.Add(time.Duration(i)*time.Minute), nil))
	}
	h := newHold(t, s, ca, r[0].Start.Add(time.Microsecond), r[1].Start, later)
	if got, err := s.Hold(ctx, h.ID); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, h)
	}
	wide := h
	wide.ID, wide.To = nextID(), r[2].Start.Add(time.Second)
	_, err := s.CreateHold(ctx, wide, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: ca.ID, Allowed: true})
	wantCode(t, "another of the same case", err, gatepost.Conflict)
	wide.Case = "B-2"
	if n, err := s.CreateHold(ctx, wide, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: ca.ID, Allowed: true}); err != nil || n != 3 {
		t.Errorf("keeps %d %v, want 3", n, err)
	}
	second, other := newHold(t, s, ca2, epoch, epoch.Add(time.Minute), later), newHold(t, s, cb, epoch, epoch.Add(time.Minute), later)
	for _, c := range []struct {
		owner, camera, before string
		limit                 int
		want                  []gatepost.Hold
	}{
		{"", "", "", 10, []gatepost.Hold{other, second, wide, h}},
		{a.ID, "", "", 10, []gatepost.Hold{second, wide, h}},
		{a.ID, ca.ID, "", 10, []gatepost.Hold{wide, h}},
		{a.ID, cb.ID, "", 10, []gatepost.Hold{}},
		{"", "", second.ID, 1, []gatepost.Hold{wide}},
	} {
		if got, err := s.Holds(ctx, c.owner, c.camera, c.before, c.limit); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("holds %+v: %+v %v", c, got, err)
		}
	}
	active := func(from, to, at time.Time, want ...gatepost.Hold) {
		t.Helper()
		if got, err := s.ActiveHolds(ctx, ca.ID, from, to, at); err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("active: %+v %v, want %+v", got, err, want)
		}
	}
	active(epoch, epoch.Add(time.Hour), now(), h, wide)
	active(r[1].Start, epoch.Add(time.Hour), now(), wide)
	active(epoch.Add(-time.Hour), r[0].Start, now())
	active(epoch, epoch.Add(time.Hour), later)

	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: ca.ID, Allowed: true}
	at := now()
	for range 2 {
		if err := s.ReleaseHold(ctx, h.ID, at, entry); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Hour)
	}
	if got, err := s.Hold(ctx, h.ID); err != nil || got.ReleasedAt == nil || got.ReleasedAt.Equal(at) {
		t.Errorf("released: %+v %v", got, err)
	}
	active(epoch, epoch.Add(time.Hour), now(), wide)
	wantCode(t, "release of nothing", s.ReleaseHold(ctx, nextID(), at, entry), gatepost.NotFound)
	_, err = s.Hold(ctx, nextID())
	wantCode(t, "unknown", err, gatepost.NotFound)
	if entries, err := s.LedgerByCamera(ctx, ca.ID, "", 10); err != nil || len(entries) != 4 { // enrolled, two holds, one release
		t.Errorf("ledger: %d %v", len(entries), err)
	}
}

// A hold and a tombstone at the same time: either the hold counts the
// recording and it stays, or it is garbage and the hold does not count it.
func testHoldRace(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	for i := range 25 {
		r := NewRecording(t, s, c, epoch.Add(time.Duration(i)*time.Hour), nil)
		h := gatepost.Hold{ID: nextID(), CameraID: c.ID, From: r.Start, To: r.End, Until: now().Add(time.Hour), CreatedAt: now()}
		var (
			wg             sync.WaitGroup
			marked, kept   int
			markErr, holdE error
		)
		wg.Go(func() { marked, markErr = s.MarkGarbage(ctx, []string{r.ID}, now()) })
		wg.Go(func() {
			kept, holdE = s.CreateHold(ctx, h, gatepost.LedgerEntry{Kind: gatepost.LedgerHold, Actor: "u", CameraID: c.ID, Allowed: true})
		})
		wg.Wait()
		if markErr != nil || holdE != nil || marked+kept != 1 {
			t.Fatalf("round %d: marked %d %v, kept %d %v", i, marked, markErr, kept, holdE)
		}
	}
}
