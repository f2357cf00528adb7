package duty

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

// TestGaps compares findGaps with a look at each minute of a window.
func TestGaps(t *testing.T) {
	begin := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		minute := func(name string) time.Time {
			return begin.Add(time.Duration(rapid.IntRange(-60, 300).Draw(t, name)) * time.Minute)
		}
		maybe := func(name string) *time.Time {
			if !rapid.Bool().Draw(t, name+" is there") {
				return nil
			}
			at := minute(name)
			return &at
		}
		from, now := begin, minute("now")
		to := begin.Add(4 * time.Hour)
		var shifts []gatepost.Shift
		for range rapid.IntRange(0, 4).Draw(t, "shifts") {
			s := gatepost.Shift{ID: gatepost.NewID(), From: minute("from"), CheckedIn: maybe("in")}
			s.To = s.From.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "length")) * time.Minute)
			if s.CheckedIn != nil {
				if s.CheckedOut = maybe("out"); s.CheckedOut != nil && s.CheckedOut.Before(*s.CheckedIn) {
					s.CheckedOut = s.CheckedIn
				}
			}
			shifts = append(shifts, s)
		}
		var alarms []gatepost.WatchAlarm
		for range rapid.IntRange(0, 3).Draw(t, "alarms") {
			a := gatepost.WatchAlarm{CameraID: gatepost.NewID(), Since: minute("since"), ClosedAt: maybe("closed")}
			if a.ClosedAt != nil && a.ClosedAt.Before(a.Since) {
				a.ClosedAt = nil
			}
			alarms = append(alarms, a)
		}
		list := findGaps(shifts, alarms, from, to, now)
		in := func(kind, id string, at time.Time) bool {
			n := 0
			for _, g := range list {
				if g.Kind == kind && g.ShiftID+g.CameraID == id && !at.Before(g.From) && at.Before(g.To) {
					n++
				}
			}
			if n > 1 {
				t.Fatalf("%s is missing twice at %s: %+v", kind, at, list)
			}
			return n == 1
		}
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			assigned := false
			for _, s := range shifts {
				on := !at.Before(s.From) && at.Before(s.To)
				assigned = assigned || on
				missing := on && at.Before(now) && (s.CheckedIn == nil || at.Before(*s.CheckedIn) || s.CheckedOut != nil && !at.Before(*s.CheckedOut))
				got := in(gapAttendance, s.ID, at)
				if got && !missing || missing && !got && alone(s, at, now) > grace {
					t.Fatalf("attendance at %s of %+v, now %s: %v", at, s, now, list)
				}
			}
			if in(gapRota, "", at) == assigned {
				t.Fatalf("rota at %s: %v", at, list)
			}
			for _, a := range alarms {
				unwatched := !at.Before(a.Since) && (a.ClosedAt == nil && at.Before(now) || a.ClosedAt != nil && at.Before(*a.ClosedAt))
				if in(gapWatch, a.CameraID, at) != unwatched {
					t.Fatalf("watch at %s of %+v: %v", at, a, list)
				}
			}
		}
	})
}

// alone is for how long around a minute somebody of a shift was missing, counted by minutes.
func alone(s gatepost.Shift, at, now time.Time) time.Duration {
	missing := func(at time.Time) bool {
		return !at.Before(s.From) && at.Before(s.To) && at.Before(now) && (s.CheckedIn == nil || at.Before(*s.CheckedIn) || s.CheckedOut != nil && !at.Before(*s.CheckedOut))
	}
	if s.CheckedOut != nil && s.CheckedIn != nil && !s.CheckedOut.After(*s.CheckedIn) {
		return 0 // came and left in a minute: two absences that touch
	}
	n := 0
	for m := at; missing(m); m = m.Add(-time.Minute) {
		n++
	}
	for m := at.Add(time.Minute); missing(m); m = m.Add(time.Minute) {
		n++
	}
	return time.Duration(n) * time.Minute
}
