package duty

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// The kinds of gaps.
const (
	gapRota       = "rota"       // nobody is assigned
	gapAttendance = "attendance" // somebody is assigned, and not there
	gapWatch      = "watch"      // a class 1 camera was not watched
)

// grace is how late somebody may take up his shift, or how early leave it,
// without a gap.
const grace = 5 * time.Minute

// maxGaps bounds the alarms and shifts that gaps are computed from.
const maxGaps = 5000

// DutyGap is a time in which somebody was missing.
type DutyGap struct {
	Kind       string    `json:"kind" enum:"rota,attendance,watch"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to" doc:"Of one that goes on: now, or the end of the window"`
	ShiftID    string    `json:"shift_id,omitempty"`
	UserID     string    `json:"user_id,omitempty" doc:"Who was assigned"`
	UserName   string    `json:"user_name,omitempty"`
	CameraID   string    `json:"camera_id,omitempty"`
	CameraName string    `json:"camera_name,omitempty"`
}

// DutyGaps are the gaps in a window, by their beginning.
type DutyGaps struct {
	Items []DutyGap `json:"items"`
}

type (
	gapsInput struct {
		From time.Time `query:"from" required:"true"`
		To   time.Time `query:"to" required:"true" doc:"At most 62 days later"`
	}
	gapsOutput struct{ Body DutyGaps }
)

func (f *Function) gaps(ctx context.Context, in *gapsInput) (*gapsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := keepsRota(s); err != nil {
		return nil, err
	}
	if err := (windowInput{From: in.From, To: in.To}).window(); err != nil {
		return nil, err
	}
	shifts, err := f.opts.Store.Shifts(ctx, s.Organisation, in.From, in.To, "", maxGaps+1)
	if err != nil {
		return nil, err
	}
	var alarms []gatepost.WatchAlarm
	if division, err := charge(s); err == nil && division != "" {
		if alarms, err = f.opts.Store.WatchAlarms(ctx, division, in.From, in.To, "", maxGaps+1); err != nil {
			return nil, err
		}
	}
	if len(shifts) > maxGaps || len(alarms) > maxGaps {
		return nil, &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "there is too much in this window; ask for a shorter one"}
	}
	list := findGaps(shifts, alarms, in.From.UTC(), in.To.UTC(), f.now())
	return f.named(ctx, list, shifts, alarms)
}

// named fills in what people and cameras are called.
func (f *Function) named(ctx context.Context, list []DutyGap, shifts []gatepost.Shift, alarms []gatepost.WatchAlarm) (*gapsOutput, error) {
	people, err := f.opts.Store.Names(ctx, usersOf(shifts))
	if err != nil {
		return nil, err
	}
	cameras, err := f.cameraNames(ctx, alarms)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].UserName, list[i].CameraName = people[list[i].UserID], cameras[list[i].CameraID]
	}
	return &gapsOutput{Body: DutyGaps{Items: list}}, nil
}

// findGaps lists the gaps in a window, by their beginning: of the rota, ahead of
// us too; of attendance and watching, until now.
func findGaps(shifts []gatepost.Shift, alarms []gatepost.WatchAlarm, from, to, now time.Time) []DutyGap {
	list := []DutyGap{}
	add := func(g DutyGap) {
		g.From, g.To = latest(g.From, from), earliest(g.To, to)
		if g.From.Before(g.To) {
			list = append(list, g)
		}
	}
	shifts = slices.SortedFunc(slices.Values(shifts), func(a, b gatepost.Shift) int { return a.From.Compare(b.From) })
	covered := from
	for _, s := range shifts {
		add(DutyGap{Kind: gapRota, From: covered, To: s.From})
		covered = latest(covered, s.To)
		for _, g := range absences(s, now) {
			add(g)
		}
	}
	add(DutyGap{Kind: gapRota, From: covered, To: to})
	for _, a := range alarms {
		until := now
		if a.ClosedAt != nil {
			until = *a.ClosedAt
		}
		add(DutyGap{Kind: gapWatch, From: a.Since, To: until, CameraID: a.CameraID})
	}
	slices.SortStableFunc(list, func(a, b DutyGap) int { return a.From.Compare(b.From) })
	return list
}

// absences are the parts of a shift until now that its person missed.
func absences(s gatepost.Shift, now time.Time) []DutyGap {
	end := earliest(s.To, now)
	in, out := end, end
	if s.CheckedIn != nil {
		in = earliest(*s.CheckedIn, end)
	}
	if s.CheckedOut != nil {
		out = *s.CheckedOut
	}
	var list []DutyGap
	for _, missed := range [][2]time.Time{{s.From, in}, {latest(out, s.From), end}} {
		if missed[1].Sub(missed[0]) > grace {
			list = append(list, DutyGap{Kind: gapAttendance, From: missed[0], To: missed[1], ShiftID: s.ID, UserID: s.UserID})
		}
	}
	return list
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
