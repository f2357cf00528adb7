package duty

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of the rota.
const (
	maxShift  = 24 * time.Hour
	maxAhead  = 366 * 24 * time.Hour
	maxRepeat = 200
	early     = 30 * time.Minute // before it begins, a shift may be taken up
)

// Shift is a shift as the API shows one.
type Shift struct {
	ID         string     `json:"id"`
	UserID     string     `json:"user_id"`
	UserName   string     `json:"user_name"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	CheckedIn  *time.Time `json:"checked_in,omitempty"`
	CheckedOut *time.Time `json:"checked_out,omitempty"`
}

type (
	shiftsInput struct {
		Body struct {
			UserID    string    `json:"user_id" minLength:"1" maxLength:"64" doc:"Who is on duty"`
			From      time.Time `json:"from"`
			To        time.Time `json:"to" doc:"At most 24 hours later"`
			EveryDays int       `json:"every_days,omitempty" minimum:"1" maximum:"28" doc:"With times: again so many days later, e.g. 7 for the same time of each week"`
			Times     int       `json:"times,omitempty" minimum:"1" maximum:"200" doc:"How often in all; default once"`
		}
	}
	shiftsOutput struct{ Body host.List[Shift] }
	shiftInput   struct {
		ID string `path:"id" maxLength:"64"`
	}
	shiftOutput struct{ Body Shift }
)

func viewShift(s gatepost.Shift, names map[string]string) Shift {
	return Shift{ID: s.ID, UserID: s.UserID, UserName: names[s.UserID], From: s.From, To: s.To, CheckedIn: s.CheckedIn, CheckedOut: s.CheckedOut}
}

func (f *Function) createShifts(ctx context.Context, in *shiftsInput) (*shiftsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := keepsRota(s); err != nil {
		return nil, err
	}
	if !s.Leads() {
		return nil, errLeader
	}
	shifts, err := newShifts(in, s, f.now())
	if err != nil {
		return nil, err
	}
	name, err := f.assignable(ctx, s, in.Body.UserID)
	if err != nil {
		return nil, err
	}
	first := shifts[0]
	if err := f.opts.Store.CreateShifts(ctx, shifts, entry(s, "assign", map[string]string{"user": first.UserID, "from": first.From.Format(time.RFC3339),
		"to": first.To.Format(time.RFC3339), "shift": first.ID, "every_days": strconv.Itoa(in.Body.EveryDays), "times": strconv.Itoa(len(shifts))})); err != nil {
		return nil, err
	}
	return &shiftsOutput{Body: host.Paged(shifts, len(shifts), func(s gatepost.Shift) string { return s.ID },
		func(s gatepost.Shift) Shift { return viewShift(s, map[string]string{s.UserID: name}) })}, nil
}

// newShifts builds the shifts that are asked for, rule by rule.
func newShifts(in *shiftsInput, s gatepost.Subject, now time.Time) ([]gatepost.Shift, error) {
	b := in.Body
	from, to := b.From.UTC().Truncate(time.Second), b.To.UTC().Truncate(time.Second)
	times, step := max(b.Times, 1), time.Duration(b.EveryDays)*24*time.Hour
	last := to.Add(time.Duration(times-1) * step)
	switch {
	case !from.Before(to):
		return nil, gatepost.InvalidField("to", "a shift must end after it begins")
	case to.Sub(from) > maxShift:
		return nil, gatepost.InvalidField("to", "a shift lasts 24 hours at most")
	case !to.After(now):
		return nil, gatepost.InvalidField("to", "a shift that is over cannot be entered any more")
	case times > maxRepeat:
		return nil, gatepost.InvalidField("times", fmt.Sprintf("a shift is repeated %d times at most", maxRepeat))
	case times > 1 && step <= 0:
		return nil, gatepost.InvalidField("every_days", "say after how many days it comes again")
	case times > 1 && to.Sub(from) > step:
		return nil, gatepost.InvalidField("every_days", "a shift must be over before it comes again")
	case last.Sub(now) > maxAhead:
		return nil, gatepost.InvalidField("times", "a rota reaches a year ahead at most")
	}
	shifts := make([]gatepost.Shift, times)
	for i := range shifts {
		later := time.Duration(i) * step
		shifts[i] = gatepost.Shift{ID: gatepost.NewID(), Organisation: s.Organisation, UserID: b.UserID, From: from.Add(later), To: to.Add(later), CreatedBy: s.UserID, CreatedAt: now}
	}
	return shifts, nil
}

// assignable returns the name of somebody of a subject's organisation who may
// watch.
func (f *Function) assignable(ctx context.Context, s gatepost.Subject, user string) (string, error) {
	none := gatepost.InvalidField("user_id", "there is no such member of your organisation")
	if !gatepost.ValidID(user) {
		return "", none
	}
	a, err := f.opts.Store.Account(ctx, user)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && (a.User.Organisation != s.Organisation || a.User.Disabled) {
		return "", none
	}
	if err != nil {
		return "", err
	}
	if !slices.Contains([]gatepost.Role{gatepost.RoleWatcher, gatepost.RoleResponder, gatepost.RoleSupervisor, gatepost.RoleOwner}, a.User.Role) {
		return "", gatepost.InvalidField("user_id", "this person's role does not watch")
	}
	if a.User.Name == "" {
		return a.User.Login, nil
	}
	return a.User.Name, nil
}

func (f *Function) shifts(ctx context.Context, in *windowInput) (*shiftsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := keepsRota(s); err != nil {
		return nil, err
	}
	if err := in.window(); err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Shifts(ctx, s.Organisation, in.From, in.To, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	names, err := f.opts.Store.Names(ctx, usersOf(list))
	if err != nil {
		return nil, err
	}
	return &shiftsOutput{Body: host.Paged(list, in.Limit, func(s gatepost.Shift) string { return s.ID },
		func(s gatepost.Shift) Shift { return viewShift(s, names) })}, nil
}

func usersOf(shifts []gatepost.Shift) []string {
	var users []string
	for _, s := range shifts {
		users = append(users, s.UserID)
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// shift returns a shift of the subject's organisation. It fails with NotFound.
func (f *Function) shift(ctx context.Context, id string) (gatepost.Shift, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Shift{}, s, err
	}
	if !gatepost.ValidID(id) {
		return gatepost.Shift{}, s, errShift
	}
	sh, err := f.opts.Store.Shift(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && sh.Organisation != s.Organisation {
		return gatepost.Shift{}, s, errShift
	}
	return sh, s, err
}

func (f *Function) removeShift(ctx context.Context, in *shiftInput) (*struct{}, error) {
	sh, s, err := f.shift(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !s.Leads() {
		return nil, errLeader
	}
	return nil, f.opts.Store.RemoveShift(ctx, sh.ID, f.now(), shiftEntry(s, sh, "remove"))
}

func (f *Function) checkIn(ctx context.Context, in *shiftInput) (*shiftOutput, error) {
	sh, s, err := f.own(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now := f.now()
	switch {
	case now.Before(sh.From.Add(-early)):
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "a shift is taken up at most half an hour before it begins"}
	case !now.Before(sh.To):
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "this shift is over"}
	}
	if err := f.opts.Store.CheckInShift(ctx, sh.ID, now, shiftEntry(s, sh, "check_in")); err != nil {
		return nil, err
	}
	sh.CheckedIn = &now
	return f.shown(ctx, sh)
}

func (f *Function) checkOut(ctx context.Context, in *shiftInput) (*shiftOutput, error) {
	sh, s, err := f.own(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now := f.now()
	if err := f.opts.Store.CheckOutShift(ctx, sh.ID, now, shiftEntry(s, sh, "check_out")); err != nil {
		return nil, err
	}
	sh.CheckedOut = &now
	return f.shown(ctx, sh)
}

// own returns a shift of the subject's own. It fails with NotFound and Forbidden.
func (f *Function) own(ctx context.Context, id string) (gatepost.Shift, gatepost.Subject, error) {
	sh, s, err := f.shift(ctx, id)
	if err == nil && sh.UserID != s.UserID {
		return sh, s, &gatepost.Error{Code: gatepost.Forbidden, Message: "a shift is taken up, left and handed over by the person who is assigned to it"}
	}
	return sh, s, err
}

func (f *Function) shown(ctx context.Context, sh gatepost.Shift) (*shiftOutput, error) {
	names, err := f.opts.Store.Names(ctx, []string{sh.UserID})
	if err != nil {
		return nil, err
	}
	return &shiftOutput{Body: viewShift(sh, names)}, nil
}

func shiftEntry(s gatepost.Subject, sh gatepost.Shift, act string) gatepost.LedgerEntry {
	return entry(s, act, map[string]string{"shift": sh.ID, "user": sh.UserID, "from": sh.From.Format(time.RFC3339), "to": sh.To.Format(time.RFC3339)})
}
