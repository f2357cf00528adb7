package usage

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

const second = time.Second

// TestMeasure compares measure with a look at each second of a day.
func TestMeasure(t *testing.T) {
	day := gatepost.DayOf(time.Date(2026, 5, 1, 12, 0, 0, 0, gatepost.Zone))
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t, day)
		got, there := measure(day, f)
		want, wantThere := naive(day, f)
		if there != wantThere || got.Service != want {
			t.Fatalf("measured %+v %v, second by second it is %+v %v\nof %+v", got.Service, there, want, wantThere, f)
		}
		if s := got.Service; s.Recorded+s.Offline+s.Network+s.Gateway+s.Storage+s.Stopped != s.Due || s.Watched > s.WatchDue || s.Online > s.Due {
			t.Fatalf("the parts do not make up the whole: %+v", s)
		}
		if n := len(f.Moments); n > 0 && there && got.CameraMoment != f.Moments[n-1] {
			t.Fatalf("it is %+v at the end of the day, not %+v", got.CameraMoment, f.Moments[n-1])
		}
	})
}

// drawFacts makes up a day and what lies around it.
func drawFacts(t *rapid.T, day gatepost.Day) (f gatepost.CameraFacts) {
	at := func(name string) time.Time {
		return day.Start().Add(time.Duration(rapid.IntRange(-7200, 86400+7200).Draw(t, name)) * second)
	}
	states := []gatepost.CameraState{gatepost.CameraInService, gatepost.CameraInService, gatepost.CameraSuspended, gatepost.CameraAcceptance, gatepost.CameraRetired}
	for range rapid.IntRange(0, 4).Draw(t, "moments") {
		m := gatepost.CameraMoment{At: at("moment"), State: rapid.SampledFrom(states).Draw(t, "state"), Class: gatepost.WatchClass(rapid.IntRange(1, 2).Draw(t, "class")), Division: "330102"}
		if m.At.Before(day.End()) && !slices.ContainsFunc(f.Moments, func(o gatepost.CameraMoment) bool { return o.At.Equal(m.At) }) {
			f.Moments = append(f.Moments, m)
		}
	}
	slices.SortFunc(f.Moments, func(a, b gatepost.CameraMoment) int { return a.At.Compare(b.At) })
	for _, r := range drawRecordings(t, day) {
		r := r
		switch {
		case r.End.After(day.Start()) && r.Start.Before(day.End()):
			f.Rows = append(f.Rows, r)
		case !r.Start.After(day.Start()):
			f.Before = &r
		case f.Next == nil:
			f.Next = &r
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "looks") {
		l := gatepost.LookFact{Start: at("look"), Live: rapid.Bool().Draw(t, "live"), Shared: rapid.IntRange(0, 4).Draw(t, "shared") == 0,
			Kind:     rapid.SampledFrom([]gatepost.OrganisationKind{gatepost.KindPolice, gatepost.KindSubControl, gatepost.KindBusiness}).Draw(t, "kind"),
			Division: rapid.SampledFrom([]string{"33", "3301", "330102", "330103", ""}).Draw(t, "division")}
		l.End = l.Start.Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "length")) * second)
		f.Looks = append(f.Looks, l)
	}
	return f
}

func drawRecordings(t *rapid.T, day gatepost.Day) (list []gatepost.Recording) {
	ends := []gatepost.EndReason{"", gatepost.EndNetwork, gatepost.EndCrash, gatepost.EndClosed, gatepost.EndStorage, gatepost.EndSuspended}
	start, run, seq := day.Start().Add(-3*time.Hour), 'a', 0
	for start.Before(day.End().Add(3 * time.Hour)) {
		r := gatepost.Recording{Run: string(run), Seq: seq, Start: start, Bytes: int64(rapid.IntRange(1, 99).Draw(t, "bytes"))}
		r.End = start.Add(time.Duration(rapid.IntRange(1, 9000).Draw(t, "length")) * second)
		start = r.End.Add(time.Duration(max(0, rapid.IntRange(-6000, 6000).Draw(t, "pause"))) * second)
		if seq++; rapid.IntRange(0, 2).Draw(t, "goes on") == 0 {
			run, seq = run+1, 0
			r.RunEnd = rapid.SampledFrom(ends).Draw(t, "run end")
		}
		if r.Seq == 0 {
			r.PriorEnd = rapid.SampledFrom(ends).Draw(t, "prior end")
		}
		if rapid.IntRange(0, 5).Draw(t, "lost") > 0 {
			list = append(list, r)
		}
	}
	return list
}

// naive looks at each second of a day.
func naive(day gatepost.Day, f gatepost.CameraFacts) (s gatepost.Service, there bool) {
	all := slices.Clone(f.Rows)
	if f.Before != nil {
		all = append([]gatepost.Recording{*f.Before}, all...)
	}
	if f.Next != nil {
		all = append(all, *f.Next)
	}
	for _, r := range f.Rows {
		if !r.Start.Before(day.Start()) {
			s.Objects++
			s.Bytes += r.Bytes
		}
	}
	for at := day.Start(); at.Before(day.End()); at = at.Add(second) {
		var m *gatepost.CameraMoment
		for i := range f.Moments {
			if !f.Moments[i].At.After(at) {
				m = &f.Moments[i]
			}
		}
		there = there || m != nil && m.State != gatepost.CameraRetired
		if m == nil || m.State != gatepost.CameraInService {
			continue
		}
		s.Due += second
		switch reasonAt(all, at) {
		case "":
			s.Recorded += second
			s.Online += second
		case gatepost.GapStorage:
			s.Storage += second
			s.Online += second
		case gatepost.GapNetwork:
			s.Network += second
		case gatepost.GapGateway:
			s.Gateway += second
		case gatepost.GapSuspended:
			s.Stopped += second
		case gatepost.GapCameraOffline:
			s.Offline += second
		}
		if m.Class == 1 {
			s.WatchDue += second
			if slices.ContainsFunc(f.Looks, func(l gatepost.LookFact) bool {
				near := l.Division == "33" || l.Division == "3301" || l.Division == "330102"
				return !l.Start.After(at) && at.Before(l.End) && l.Live && !l.Shared && near && l.Kind != gatepost.KindBusiness
			}) {
				s.Watched += second
			}
		}
	}
	return s, there
}

// reasonAt says why there is no footage of a second; "" when there is.
func reasonAt(all []gatepost.Recording, at time.Time) gatepost.GapReason {
	var before, next *gatepost.Recording
	for i := range all {
		r := &all[i]
		if !r.Start.After(at) {
			if before = r; at.Before(r.End) {
				return ""
			}
		} else if next == nil {
			next = r
		}
	}
	switch {
	case next != nil:
		return gatepost.GapBetween(before, next)
	case before != nil:
		return gatepost.GapAfter(before.RunEnd)
	}
	return gatepost.GapCameraOffline
}
