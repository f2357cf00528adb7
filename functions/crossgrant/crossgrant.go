package crossgrant

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of a request, lengths in characters.
const (
	maxLife    = 366 * 24 * time.Hour
	maxPurpose = 64
	maxReason  = 500
	maxAnswer  = 500
)

// CrossGrant is a cross-department grant as the API shows one.
type CrossGrant struct {
	ID          string            `json:"id"`
	GranteeID   string            `json:"grantee_id"`
	GranteeName string            `json:"grantee_name"`
	HolderID    string            `json:"holder_id"`
	HolderName  string            `json:"holder_name"`
	Cameras     []string          `json:"cameras"`
	Actions     []gatepost.Action `json:"actions"`
	Purpose     string            `json:"purpose"`
	Reason      string            `json:"reason"`
	HoursFrom   string            `json:"hours_from,omitempty" doc:"HH:MM in China Standard Time; absent with hours_to: the whole day"`
	HoursTo     string            `json:"hours_to,omitempty"`
	Until       time.Time         `json:"until"`
	AskedBy     string            `json:"asked_by" doc:"User id"`
	AskedAt     time.Time         `json:"asked_at"`
	AnsweredAt  *time.Time        `json:"answered_at,omitempty"`
	Answer      string            `json:"answer,omitempty"`
	RevokedAt   *time.Time        `json:"revoked_at,omitempty"`
	State       string            `json:"state" enum:"asked,approved,refused,revoked,expired"`
}

func state(g gatepost.CrossGrant, now time.Time) string {
	switch {
	case g.RevokedAt != nil:
		return "revoked"
	case g.DecidedAt != nil && !g.Approved:
		return "refused"
	case !now.Before(g.Until):
		return "expired"
	case g.Approved:
		return "approved"
	}
	return "asked"
}

func view(g gatepost.CrossGrant, names map[string]string, now time.Time) CrossGrant {
	v := CrossGrant{ID: g.ID, GranteeID: g.Grantee, GranteeName: names[g.Grantee], HolderID: g.Holder, HolderName: names[g.Holder], Cameras: g.Cameras,
		Actions: g.Actions, Purpose: g.Purpose, Reason: g.Reason, Until: g.Until, AskedBy: g.AskedBy, AskedAt: g.AskedAt, AnsweredAt: g.DecidedAt,
		Answer: g.Answer, RevokedAt: g.RevokedAt, State: state(g, now)}
	if g.Hours.From != g.Hours.To {
		v.HoursFrom, v.HoursTo = clock(g.Hours.From), clock(g.Hours.To)
	}
	return v
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// parseHours reads two times of day, both or neither given.
func parseHours(from, to string) (h gatepost.Hours, err error) {
	if from == "" && to == "" {
		return h, nil
	}
	minutes := func(field, s string) (int, error) {
		t, err := time.Parse("15:04", s)
		if err != nil {
			return 0, gatepost.InvalidField(field, "give a time of day as HH:MM, e.g. 08:30, and both or neither")
		}
		return t.Hour()*60 + t.Minute(), nil
	}
	if h.From, err = minutes("hours_from", from); err != nil {
		return h, err
	}
	if h.To, err = minutes("hours_to", to); err != nil {
		return h, err
	}
	if h.From == h.To {
		return h, gatepost.InvalidField("hours_to", "the hours must end at another time than they begin; leave both out for the whole day")
	}
	return h, nil
}

type (
	askInput struct {
		Body struct {
			Cameras   []string          `json:"cameras" minItems:"1" maxItems:"200" doc:"Ids; all of one holder"`
			Actions   []gatepost.Action `json:"actions" minItems:"1" maxItems:"2" doc:"live, playback"`
			Purpose   string            `json:"purpose" minLength:"1" maxLength:"64"`
			Reason    string            `json:"reason" minLength:"1" maxLength:"500"`
			HoursFrom string            `json:"hours_from,omitempty" maxLength:"5" doc:"HH:MM in China Standard Time"`
			HoursTo   string            `json:"hours_to,omitempty" maxLength:"5"`
			Until     time.Time         `json:"until" doc:"At most 366 days ahead"`
		}
	}
	output     struct{ Body CrossGrant }
	listInput  struct{ host.Page }
	listOutput struct{ Body host.List[CrossGrant] }
	idInput    struct {
		ID string `path:"id" maxLength:"64"`
	}
	answerInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Approve   bool      `json:"approve"`
			Answer    string    `json:"answer,omitempty" maxLength:"500"`
			Until     time.Time `json:"until,omitzero" doc:"Earlier than was asked for"`
			HoursFrom string    `json:"hours_from,omitempty" maxLength:"5" doc:"Other hours than were asked for"`
			HoursTo   string    `json:"hours_to,omitempty" maxLength:"5"`
		}
	}
)

var (
	errNoGrant = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such cross-department grant, or none that you may know of"}
	errHolder  = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of the organisation that holds the cameras decide this"}
	errAsker   = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of police, government, department and sub-control organisations ask for cameras"}
	errCameras = gatepost.InvalidField("cameras", "one of these is no camera, or they have several holders; ask each holder apart")
)

// mayAsk tells who asks: not the operator, which has support windows, nor those
// who hold share links only.
func mayAsk(s gatepost.Subject) bool {
	return s.Kind.Authority() && s.Leads()
}

func (f *Function) ask(ctx context.Context, in *askInput) (*output, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !mayAsk(s) {
		return nil, errAsker
	}
	b, now := in.Body, time.Now().UTC().Truncate(time.Millisecond)
	g := gatepost.CrossGrant{ID: gatepost.NewID(), Grantee: s.Organisation, Cameras: slices.Compact(slices.Sorted(slices.Values(b.Cameras))),
		Actions: slices.Compact(slices.Sorted(slices.Values(b.Actions))), Until: b.Until.UTC().Truncate(time.Second), AskedBy: s.UserID, AskedAt: now}
	for _, a := range g.Actions {
		if a != gatepost.ActionLive && a != gatepost.ActionPlayback {
			return nil, gatepost.InvalidField("actions", "the actions are live and playback")
		}
	}
	switch {
	case !g.Until.After(now):
		return nil, gatepost.InvalidField("until", "it must end in the future")
	case g.Until.Sub(now) > maxLife:
		return nil, gatepost.InvalidField("until", "it lasts 366 days at most; ask again then")
	}
	if g.Hours, err = parseHours(b.HoursFrom, b.HoursTo); err != nil {
		return nil, err
	}
	if g.Purpose, err = gatepost.CheckText("purpose", b.Purpose, 1, maxPurpose); err != nil {
		return nil, err
	}
	if g.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason); err != nil {
		return nil, err
	}
	if g.Holder, err = f.holder(ctx, g.Cameras); err != nil {
		return nil, err
	}
	if g.Holder == s.Organisation {
		return nil, gatepost.InvalidField("cameras", "these are your own organisation's cameras; you may look at them already")
	}
	names, err := f.opts.Store.Names(ctx, []string{g.Grantee, g.Holder})
	if err != nil {
		return nil, err
	}
	if err := f.opts.Store.CreateCrossGrant(ctx, g, notice(g, g.Holder, "asked", names), entry(s, g, "ask")); err != nil {
		return nil, err
	}
	return &output{Body: view(g, names, now)}, nil
}

// holder returns the one owner of some cameras. In the same words it refuses
// cameras that do not exist and cameras of several owners, so that nobody learns
// here which ids exist.
func (f *Function) holder(ctx context.Context, cameras []string) (string, error) {
	holder := ""
	for _, id := range cameras {
		if !gatepost.ValidID(id) {
			return "", errCameras
		}
		c, err := f.opts.Store.Camera(ctx, id)
		if gatepost.CodeOf(err) == gatepost.NotFound {
			return "", errCameras
		}
		if err != nil {
			return "", err
		}
		if holder == "" {
			holder = c.Owner
		}
		if c.Owner != holder || c.State == gatepost.CameraRetired {
			return "", errCameras
		}
	}
	return holder, nil
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	organisation := s.Organisation
	if s.Admin() {
		organisation = ""
	}
	list, err := f.opts.Store.CrossGrants(ctx, organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 2*len(list))
	for _, g := range list {
		ids = append(ids, g.Grantee, g.Holder)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &listOutput{Body: host.Paged(list, in.Limit, func(g gatepost.CrossGrant) string { return g.ID },
		func(g gatepost.CrossGrant) CrossGrant { return view(g, names, now) })}, nil
}

// find returns a cross-department grant that concerns a subject's organisation.
func (f *Function) find(ctx context.Context, id string) (gatepost.CrossGrant, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.CrossGrant{}, s, err
	}
	if !gatepost.ValidID(id) {
		return gatepost.CrossGrant{}, s, errNoGrant
	}
	g, err := f.opts.Store.CrossGrant(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && g.Holder != s.Organisation && g.Grantee != s.Organisation && !s.Admin() {
		return gatepost.CrossGrant{}, s, errNoGrant
	}
	return g, s, err
}

func (f *Function) answer(ctx context.Context, in *answerInput) (*output, error) {
	g, s, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if g.Holder != s.Organisation || !s.Leads() || s.Kind == gatepost.KindOperator {
		return nil, errHolder
	}
	hours, err := parseHours(in.Body.HoursFrom, in.Body.HoursTo)
	if err != nil {
		return nil, err
	}
	words, err := gatepost.CheckText("answer", in.Body.Answer, 0, maxAnswer)
	if err != nil {
		return nil, err
	}
	names, err := f.opts.Store.Names(ctx, []string{g.Grantee, g.Holder})
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	g, err = f.opts.Store.UpdateCrossGrant(ctx, g.ID, now, func(g *gatepost.CrossGrant) (n gatepost.Notification, e gatepost.LedgerEntry, err error) {
		switch {
		case g.DecidedAt != nil || g.RevokedAt != nil:
			return n, e, &gatepost.Error{Code: gatepost.Conflict, Message: "this was answered, or taken back, before"}
		case !now.Before(g.Until):
			return n, e, &gatepost.Error{Code: gatepost.Gone, Message: "the time that was asked for is over"}
		case in.Body.Until.After(g.Until):
			return n, e, gatepost.InvalidField("until", "an answer may end earlier than was asked for, not later")
		case !in.Body.Until.IsZero() && !in.Body.Until.After(now):
			return n, e, gatepost.InvalidField("until", "it must end in the future; refuse it instead")
		}
		g.DecidedBy, g.DecidedAt, g.Approved, g.Answer = s.UserID, &now, in.Body.Approve, words
		if !in.Body.Until.IsZero() {
			g.Until = in.Body.Until.UTC().Truncate(time.Second)
		}
		if hours.From != hours.To {
			g.Hours = hours
		}
		act := "refused"
		if g.Approved {
			act = "approved"
		}
		return notice(*g, g.Grantee, act, names), entry(s, *g, act), nil
	})
	if err != nil {
		return nil, err
	}
	return &output{Body: view(g, names, now)}, nil
}

func (f *Function) revoke(ctx context.Context, in *idInput) (*struct{}, error) {
	g, s, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !s.Admin() && !s.Leads() {
		return nil, errHolder
	}
	names, err := f.opts.Store.Names(ctx, []string{g.Grantee, g.Holder})
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	_, err = f.opts.Store.UpdateCrossGrant(ctx, g.ID, now, func(g *gatepost.CrossGrant) (n gatepost.Notification, e gatepost.LedgerEntry, err error) {
		if g.RevokedAt != nil {
			return n, e, &gatepost.Error{Code: gatepost.Conflict, Message: "this was revoked before"}
		}
		g.RevokedBy, g.RevokedAt = s.UserID, &now
		other := g.Grantee
		if s.Organisation == g.Grantee {
			other = g.Holder
		}
		return notice(*g, other, "revoked", names), entry(s, *g, "revoke"), nil
	})
	return nil, err
}

// notice is what the other side is told.
func notice(g gatepost.CrossGrant, to, act string, names map[string]string) gatepost.Notification {
	return gatepost.Notification{Organisation: to, Kind: gatepost.NotifyCrossGrant, Detail: map[string]string{
		"act": act, "cross_grant": g.ID, "grantee": names[g.Grantee], "holder": names[g.Holder], "purpose": g.Purpose, "reason": g.Reason,
		"cameras": strconv.Itoa(len(g.Cameras)), "until": g.Until.Format(time.RFC3339)}}
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, g gatepost.CrossGrant, act string) gatepost.LedgerEntry {
	camera := ""
	if len(g.Cameras) == 1 {
		camera = g.Cameras[0]
	}
	return access.Entry(gatepost.LedgerCrossGrant, s, camera, map[string]string{"act": act, "cross_grant": g.ID, "grantee": g.Grantee, "holder": g.Holder,
		"purpose": g.Purpose, "reason": g.Reason, "cameras": strconv.Itoa(len(g.Cameras)), "until": g.Until.Format(time.RFC3339)})
}
