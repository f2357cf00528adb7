package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("look", testLook) }

func testLook(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	org := NewOrganisation(t, s, gatepost.KindPolice)
	c := NewCamera(t, s, org.ID)
	at := now()
	g := gatepost.Grant{ID: nextID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u1", Organisation: org.ID, Purpose: "police",
		Reason: "盗窃案", CaseNumber: "2026-17", CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
	if err := s.CreateGrant(ctx, g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u1", CameraID: c.ID, Allowed: true}); err != nil {
		t.Fatal(err)
	}
	ended := func() []gatepost.LedgerEntry {
		t.Helper()
		entries, err := s.LedgerByCamera(ctx, c.ID, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var out []gatepost.LedgerEntry
		for _, e := range entries {
			if e.Kind == gatepost.LedgerLook {
				out = append(out, e)
			}
		}
		return out
	}
	put := func(now time.Time, looks ...gatepost.Look) {
		t.Helper()
		if err := s.PutLooks(ctx, "gateway-1", looks, now); err != nil {
			t.Fatal(err)
		}
	}
	look := gatepost.Look{ID: nextID(), GrantID: g.ID, CameraID: c.ID, Transport: "whep", Start: at, End: at}
	put(at, look)
	look.End, look.Bytes = at.Add(10*time.Second), 1000
	put(at.Add(10*time.Second), look)
	if got := ended(); len(got) != 0 {
		t.Errorf("before the end: %+v", got)
	}
	look.End, look.Bytes, look.Ended = at.Add(12500*time.Millisecond), 1250, true
	put(at.Add(13*time.Second), look)
	put(at.Add(14*time.Second), look) // told again
	got := ended()
	want := map[string]string{"look": look.ID, "grant": g.ID, "transport": "whep", "bytes": "1250", "action": "live", "purpose": "police", "reason": "盗窃案",
		"case_number": "2026-17", "start": at.Format(time.RFC3339Nano), "end": look.End.Format(time.RFC3339Nano)}
	if len(got) != 1 || !got[0].At.Equal(at.Add(13*time.Second)) || got[0].Actor != "u1" || got[0].Organisation != org.ID || !reflect.DeepEqual(got[0].Detail, want) {
		t.Errorf("in the ledger:\n%+v\nwant %v", got, want)
	}
	if looks, err := s.LooksByGrant(ctx, g.ID); err != nil || len(looks) != 1 || !reflect.DeepEqual(looks[0], look) {
		t.Errorf("looks %+v %v", looks, err)
	}

	// One whose gateway fell silent, and that went on after all.
	lost := gatepost.Look{ID: nextID(), GrantID: nextID(), CameraID: c.ID, Transport: "hls", Start: at, End: at.Add(time.Second), Bytes: 7}
	put(at, lost)
	for _, tt := range []struct {
		before time.Time
		want   int
	}{{at, 0}, {at.Add(time.Second), 1}, {at.Add(time.Hour), 0}} {
		if n, err := s.CloseLooks(ctx, tt.before, at.Add(time.Minute), 10); err != nil || n != tt.want {
			t.Errorf("closed %d %v, want %d", n, err, tt.want)
		}
	}
	if got := ended(); len(got) != 2 || got[0].Actor != "system" || got[0].Detail["bytes"] != "7" {
		t.Errorf("closed, of a grant that is not there: %+v", got)
	}
	lost.End, lost.Bytes = at.Add(2*time.Minute), 9
	put(at.Add(2*time.Minute), lost)
	lost.Ended = true
	put(at.Add(2*time.Minute), lost)
	if got := ended(); len(got) != 3 || got[0].Detail["look"] != lost.ID || got[0].Detail["bytes"] != "9" {
		t.Errorf("it went on: %+v", got)
	}

	// Those of a camera that many watch, told at once, one of them twice.
	var many []gatepost.Look
	for range 450 {
		many = append(many, gatepost.Look{ID: nextID(), GrantID: nextID(), CameraID: c.ID, Transport: "hls", Start: at, End: at})
	}
	put(at, many...)
	twice := many[3]
	twice.End, twice.Bytes = at.Add(time.Second), 3
	last := twice
	last.End, last.Bytes, last.Ended = at.Add(2*time.Second), 5, true
	put(at, twice, last, many[4])
	if got := ended(); len(got) != 4 || got[0].Detail["look"] != last.ID || got[0].Detail["bytes"] != "5" {
		t.Errorf("one of many has ended: %d entries, %+v", len(got), got[0])
	}
	for _, l := range []gatepost.Look{last, many[4], many[449]} {
		if looks, err := s.LooksByGrant(ctx, l.GrantID); err != nil || len(looks) != 1 || !reflect.DeepEqual(looks[0], l) {
			t.Errorf("looks %+v %v, want %+v", looks, err, l)
		}
	}
}
