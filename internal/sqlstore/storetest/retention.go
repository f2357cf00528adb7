package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("retention policy", testRetentionPolicy)
	register("recording expiry", testExpiry)
	register("recording moves", testMoves)
}

func testRetentionPolicy(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRetention, Actor: "u"}
	if p, err := s.RetentionPolicy(ctx); err != nil || !reflect.DeepEqual(p, gatepost.DefaultRetentionPolicy()) {
		t.Errorf("before anybody set one: %+v %v", p, err)
	}
	p := gatepost.DefaultRetentionPolicy()
	p.InfrequentAfter, p.ArchiveAfter, p.HoldBytes, p.Prices.Hot = 30, 90, 1<<40, 0.12
	p.Version, p.ChangedBy, p.ChangedAt = 1, "u", now()
	// Two at the same time set it once.
	errs := make([]error, 2)
	var work sync.WaitGroup
	for i := range errs {
		work.Go(func() { errs[i] = s.PutRetentionPolicy(ctx, p, entry) })
	}
	work.Wait()
	if errs[0] == nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	if errs[1] != nil {
		t.Fatal(errs[1])
	}
	wantCode(t, "the other", errs[0], gatepost.Conflict)
	if got, err := s.RetentionPolicy(ctx); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, p)
	}
	second := p
	second.Version, second.General.Ceiling = 2, 60
	if err := s.PutRetentionPolicy(ctx, second, entry); err != nil {
		t.Fatal(err)
	}
	if list, err := s.RetentionPolicies(ctx, 0, 10); err != nil || !reflect.DeepEqual(list, []gatepost.RetentionPolicy{second, p}) {
		t.Errorf("all: %+v %v", list, err)
	}
	if list, err := s.RetentionPolicies(ctx, 2, 10); err != nil || !reflect.DeepEqual(list, []gatepost.RetentionPolicy{p}) {
		t.Errorf("those before the second: %+v %v", list, err)
	}
	if entries, err := s.LedgerByActor(ctx, "u", "", 10); err != nil || len(entries) != 2 {
		t.Errorf("ledger: %d %v", len(entries), err)
	}
}

func testExpiry(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	other := NewCamera(t, s, c.Owner)
	now := epoch.AddDate(0, 0, 100)
	aged := func(days int, more time.Duration) gatepost.Recording {
		return NewRecording(t, s, c, now.AddDate(0, 0, -days).Add(-time.Minute-more), nil)
	}
	incident, kept, garbage, old := aged(60, 0), aged(50, 0), aged(45, 0), aged(40, 0)
	justOver := aged(30, time.Microsecond)
	aged(30, 0) // its last moment
	NewRecording(t, s, other, old.Start, nil)
	if n, err := s.MarkGarbage(ctx, []string{garbage.ID}, now); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	newHold(t, s, c, kept.Start.Add(time.Second), kept.Start.Add(2*time.Second), now.Add(time.Hour))
	e := gatepost.Expiry{CameraID: c.ID, Before: now.AddDate(0, 0, -30), IncidentBefore: now.AddDate(0, 0, -61), Now: now,
		Incidents: []gatepost.TimeSpan{{From: incident.Start.Add(-time.Hour), To: incident.Start.Add(time.Microsecond)}, {From: now.Add(-time.Hour), To: now}}}
	list, err := s.ExpiredRecordings(ctx, e, 10)
	wantIDs(t, "while an incident keeps one", list, err, old, justOver)
	list, err = s.ExpiredRecordings(ctx, e, 1)
	wantIDs(t, "one", list, err, old)
	if err := s.SetRecordingClass(ctx, old.ID, old.Key, gatepost.ClassArchive); err != nil {
		t.Fatal(err)
	}
	if totals, err := s.ExpiredTotal(ctx, e); err != nil || !reflect.DeepEqual(totals, []gatepost.StorageTotal{{Recordings: 1, Bytes: 1000}, {Class: gatepost.ClassArchive, Recordings: 1, Bytes: 1000}}) {
		t.Errorf("in all %+v %v", totals, err)
	}
	e.IncidentBefore = now.AddDate(0, 0, -59)
	list, err = s.ExpiredRecordings(ctx, e, 10)
	wantIDs(t, "when its days are over, too", list, err, incident, old, justOver)
	e.Incidents = nil
	e.Now = now.Add(2 * time.Hour)
	list, err = s.ExpiredRecordings(ctx, e, 10)
	wantIDs(t, "when the hold has ended", list, err, incident, kept, old, justOver)

	// What an ending rests on must be as it was.
	ending := gatepost.Ending{Camera: c, Rule: "policy:0/ordinary:30", IDs: []string{old.ID, kept.ID, garbage.ID}, Now: now}
	changed := ending
	changed.Camera.RetentionDays = 31
	_, _, err = s.EndRecordings(ctx, changed)
	wantCode(t, "another number of days", err, gatepost.Conflict)
	changed = ending
	changed.Policy = 1
	_, _, err = s.EndRecordings(ctx, changed)
	wantCode(t, "another policy", err, gatepost.Conflict)
	for _, want := range []int64{1, 0} {
		if n, bytes, err := s.EndRecordings(ctx, ending); n != want || bytes != 1000*want || err != nil {
			t.Errorf("ended %d of %d bytes, %v; want %d", n, bytes, err, want)
		}
	}
	if n, err := s.DropRecordings(ctx, []string{old.ID, kept.ID, garbage.ID}, now); n != 2 || err != nil {
		t.Errorf("dropped %d %v", n, err)
	}
	// fsck's tombstone is no deletion.
	if list, err := s.DeletionCertificates(ctx, "", c.ID, "", 10); err != nil || len(list) != 1 || list[0].Recordings != 1 || list[0].Bytes != 1000 || !list[0].Day.Equal(old.Start.Truncate(24*time.Hour)) {
		t.Errorf("certificates: %+v %v", list, err)
	}
}

func testMoves(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := epoch.AddDate(0, 0, 100)
	aged := func(days, prefix int) gatepost.Recording {
		return NewRecording(t, s, c, now.AddDate(0, 0, -days).Add(-2*time.Minute), func(r *gatepost.Recording) { r.RetentionDays = prefix })
	}
	a, b := aged(31, 30), aged(92, 90)
	aged(29, 30)
	aged(40, 0)
	list, err := s.OutlivingRecordings(ctx, c.ID, now, 10)
	wantIDs(t, "outliving", list, err, a, b)
	list, err = s.OutlivingRecordings(ctx, c.ID, now, 1)
	wantIDs(t, "one", list, err, a)

	const to = "hold/x"
	move := func(what string, want bool, ok bool, err error) {
		t.Helper()
		if ok != want || err != nil {
			t.Errorf("%s: %v %v, want %v", what, ok, err, want)
		}
	}
	ok, err := s.BeginMove(ctx, a.ID, to, now)
	move("begin", true, ok, err)
	ok, err = s.BeginMove(ctx, a.ID, "hold/y", now)
	move("begin again", false, ok, err)
	list, err = s.OutlivingRecordings(ctx, c.ID, now, 10)
	wantIDs(t, "those that do not move", list, err, b)
	ok, err = s.FinishMove(ctx, a.ID, to, 0, gatepost.ClassHot, now.Add(time.Second))
	move("finish another's move", false, ok, err)
	for _, key := range []string{a.Key, to} {
		if r, err := s.RecordingByKey(ctx, key); err != nil || r.ID != a.ID || r.Key != a.Key || r.OtherKey != to || !r.OtherAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("by %s: %+v %v", key, r, err)
		}
	}
	ok, err = s.FinishMove(ctx, a.ID, to, 0, gatepost.ClassHot, now)
	move("finish", true, ok, err)
	if r, err := s.RecordingByKey(ctx, a.Key); err != nil || r.Key != to || r.OtherKey != a.Key || r.RetentionDays != 0 {
		t.Errorf("moved: %+v %v", r, err)
	}
	list, err = s.MovesBegun(ctx, now, 10)
	wantIDs(t, "moves before it", list, err)
	list, err = s.MovesBegun(ctx, now.Add(time.Second), 10)
	wantIDs(t, "moves", list, err, a)
	if err := s.EndMove(ctx, a.ID, a.Key); err != nil {
		t.Fatal(err)
	}
	_, err = s.RecordingByKey(ctx, a.Key)
	wantCode(t, "by the old key", err, gatepost.NotFound)

	ok, err = s.BeginMove(ctx, b.ID, "hold/b", now)
	move("begin", true, ok, err)
	if n, err := s.MarkGarbage(ctx, []string{b.ID}, now); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ok, err = s.FinishMove(ctx, b.ID, "hold/b", 0, gatepost.ClassHot, now)
	move("finish the move of garbage", false, ok, err)
	if list, err := s.GarbageRecordings(ctx, now.Add(time.Second), 10); err != nil || len(list) != 1 || list[0].OtherKey != "hold/b" {
		t.Errorf("garbage that moves: %+v %v", list, err)
	}
}
