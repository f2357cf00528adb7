package usage

import (
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// span is a stretch of a day; gap is "" where it was recorded.
type span struct {
	from, to time.Time
	gap      gatepost.GapReason
}

// within returns the part of a span that lies between two times, and false when
// there is none.
func (s span) within(from, to time.Time) (span, bool) {
	if s.from.Before(from) {
		s.from = from
	}
	if s.to.After(to) {
		s.to = to
	}
	return s, s.from.Before(s.to)
}

// measure computes a camera's day from its facts. It is false for a camera that
// was not there, or retired, for all of it.
func measure(day gatepost.Day, f gatepost.CameraFacts) (gatepost.CameraDay, bool) {
	d := gatepost.CameraDay{CameraID: f.CameraID, Day: day}
	there := false
	recorded := spans(day, f)
	for i, m := range f.Moments {
		stretch := span{from: m.At, to: day.End()}
		if i+1 < len(f.Moments) {
			stretch.to = f.Moments[i+1].At
		}
		stretch, ok := stretch.within(day.Start(), day.End())
		if !ok {
			continue
		}
		d.CameraMoment, there = m, there || m.State != gatepost.CameraRetired
		if m.State == gatepost.CameraInService {
			serve(&d.Service, stretch, recorded)
			if m.Class == 1 {
				watch(&d.Service, stretch, m.Division, f.Looks)
			}
		}
	}
	for _, r := range f.Rows {
		if !r.Start.Before(day.Start()) {
			d.Objects++
			d.Bytes += r.Bytes
		}
	}
	d.Uses = uses(day, f)
	return d, there
}

// serve adds a stretch in service.
func serve(s *gatepost.Service, stretch span, recorded []span) {
	s.Due += stretch.to.Sub(stretch.from)
	for _, r := range recorded {
		r, ok := r.within(stretch.from, stretch.to)
		if !ok {
			continue
		}
		length := r.to.Sub(r.from)
		switch r.gap {
		case "":
			s.Recorded += length
			s.Online += length
		case gatepost.GapStorage: // it pushed, and nothing was written
			s.Storage += length
			s.Online += length
		case gatepost.GapNetwork:
			s.Network += length
		case gatepost.GapGateway:
			s.Gateway += length
		case gatepost.GapSuspended:
			s.Stopped += length
		default:
			s.Offline += length
		}
	}
}

// watch adds a stretch in service at class 1: it is watched while somebody of a
// unit in charge of its division looks live.
func watch(s *gatepost.Service, stretch span, division string, looks []gatepost.LookFact) {
	s.WatchDue += stretch.to.Sub(stretch.from)
	at := stretch.from
	for _, l := range byStart(looks) {
		if !l.Live || l.Shared || l.Kind != gatepost.KindPolice && l.Kind != gatepost.KindSubControl || !gatepost.Within(division, l.Division) {
			continue
		}
		if part, ok := (span{from: l.Start, to: l.End}).within(at, stretch.to); ok {
			s.Watched += part.to.Sub(part.from)
			at = part.to
		}
	}
}

func byStart(looks []gatepost.LookFact) []gatepost.LookFact {
	return slices.SortedStableFunc(slices.Values(looks), func(a, b gatepost.LookFact) int { return a.Start.Compare(b.Start) })
}

// spans returns stretches that touch and cover the day, in whole milliseconds.
func spans(day gatepost.Day, f gatepost.CameraFacts) []span {
	var list []span
	at := day.Start()
	write := func(until time.Time, gap gatepost.GapReason) {
		until = until.Truncate(time.Millisecond)
		if until.After(day.End()) {
			until = day.End()
		}
		if until.After(at) {
			list = append(list, span{at, until, gap})
			at = until
		}
	}
	before := f.Before
	between := func(next *gatepost.Recording) gatepost.GapReason {
		if before != nil && before.Precedes(next) && next.Start.Sub(before.End) < gatepost.Seam {
			return ""
		}
		return gatepost.GapBetween(before, next)
	}
	for i := range f.Rows {
		r := &f.Rows[i]
		write(r.Start, between(r))
		write(r.End, "")
		before = r
	}
	switch {
	case f.Next != nil:
		write(day.End(), between(f.Next))
	case before != nil:
		write(day.End(), gatepost.GapAfter(before.RunEnd))
	default:
		write(day.End(), gatepost.GapCameraOffline)
	}
	return list
}

// uses sums up who did what with the camera, by kind of organisation.
func uses(day gatepost.Day, f gatepost.CameraFacts) []gatepost.Use {
	by := map[gatepost.OrganisationKind]*gatepost.Use{}
	of := func(kind gatepost.OrganisationKind) *gatepost.Use {
		if by[kind] == nil {
			by[kind] = &gatepost.Use{Kind: kind}
		}
		return by[kind]
	}
	for _, l := range f.Looks {
		u := of(l.Kind)
		if part, ok := (span{from: l.Start, to: l.End}).within(day.Start(), day.End()); ok {
			u.Viewed += part.to.Sub(part.from)
		}
		switch {
		case l.Start.Before(day.Start()): // counted the day that it began
			continue
		case l.Live:
			u.Lives++
		default:
			u.Playbacks++
		}
		u.Bytes += l.Bytes
	}
	for kind, n := range f.Exports {
		of(kind).Exports += n
	}
	for kind, n := range f.Shares {
		of(kind).Shares += n
	}
	var list []gatepost.Use
	for _, u := range by {
		if *u != (gatepost.Use{Kind: u.Kind}) {
			list = append(list, *u)
		}
	}
	slices.SortFunc(list, func(a, b gatepost.Use) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
	return list
}
