package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of an incident, lengths in characters.
const (
	maxName   = 100
	maxReason = 500
	maxRadius = 100                 // kilometres
	maxAhead  = 31 * 24 * time.Hour // its start

	// renewal is the last part of an incident, in which it may be renewed, and
	// for how long after it another over the same cameras is its renewal.
	renewal = time.Hour
)

// Area is an area as the API takes and shows one.
type Area struct {
	Polygon   []gatepost.Position `json:"polygon,omitempty" maxItems:"200" doc:"Corners in order, WGS-84"`
	Circle    *gatepost.Circle    `json:"circle,omitempty"`
	Divisions []string            `json:"divisions,omitempty" maxItems:"100" doc:"Division codes; what lies below them is in it too"`
}

type createInput struct {
	Body struct {
		Kind     gatepost.IncidentKind `json:"kind" enum:"major_event,security_task,emergency"`
		Drill    bool                  `json:"drill,omitempty" doc:"An exercise: the same effects, marked as such everywhere"`
		Name     string                `json:"name" minLength:"1" maxLength:"100"`
		Reason   string                `json:"reason" minLength:"1" maxLength:"500" doc:"The owners of the cameras can read it"`
		Area     Area                  `json:"area"`
		Levels   []string              `json:"levels,omitempty" maxItems:"4" doc:"Police of these levels in charge of a camera's division may look: province, city, county, town"`
		Units    []string              `json:"units,omitempty" maxItems:"200" doc:"Ids of organisations that may look besides"`
		Start    time.Time             `json:"start,omitzero" doc:"Default: now"`
		End      time.Time             `json:"end" doc:"At most 24 hours after its start; renew it with a new reason"`
		Approver string                `json:"approver_id,omitempty" maxLength:"64" doc:"An organisation whose word is needed first"`
		Renews   string                `json:"renews,omitempty" maxLength:"64" doc:"The incident that it goes on from: wanted where one of yours over the same cameras goes on, or ended within the hour"`
	}
}

func (f *Function) create(ctx context.Context, in *createInput) (*output, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !commander(s) {
		return nil, f.refused(ctx, s, in, errCommander)
	}
	if gatepost.LevelOf(s.Division) == "" {
		return nil, errNoDivision
	}
	now := time.Now().UTC()
	i, err := newIncident(in, s, now)
	if err != nil {
		return nil, err
	}
	if err := f.known(ctx, i); err != nil {
		return nil, err
	}
	beside := func(near []gatepost.Incident) error { return checkRenewal(i, near) }
	if err := f.opts.Store.CreateIncident(ctx, i, access.Parts(i.Area), renewal, beside, entry(s, i, "activate", true)); err != nil {
		return nil, err
	}
	f.tellSoon(ctx)
	return f.answer(ctx, i)
}

// refused writes down that somebody tried.
func (f *Function) refused(ctx context.Context, s gatepost.Subject, in *createInput, err error) error {
	e := access.Entry(gatepost.LedgerIncident, s, "", map[string]string{"act": "activate", "kind": string(in.Body.Kind)})
	e.Allowed = false
	if failed := f.opts.Store.AppendLedger(ctx, e); failed != nil {
		return failed
	}
	return err
}

// newIncident builds the incident that is asked for, rule by rule.
func newIncident(in *createInput, s gatepost.Subject, now time.Time) (i gatepost.Incident, err error) {
	b := in.Body
	i = gatepost.Incident{ID: gatepost.NewID(), Kind: b.Kind, Drill: b.Drill, Organisation: s.Organisation, Division: s.Division, CreatedBy: s.UserID,
		CreatedAt: now.Truncate(time.Millisecond), Start: b.Start.UTC().Truncate(time.Millisecond), End: b.End.UTC().Truncate(time.Millisecond),
		Area:   gatepost.Area{Polygon: b.Area.Polygon, Circle: b.Area.Circle, Divisions: slices.Compact(slices.Sorted(slices.Values(b.Area.Divisions)))},
		Levels: slices.Compact(slices.Sorted(slices.Values(b.Levels))), Units: slices.Compact(slices.Sorted(slices.Values(b.Units))),
		Approver: b.Approver, Renews: b.Renews}
	if b.Start.IsZero() || i.Start.Before(i.CreatedAt) && i.CreatedAt.Sub(i.Start) < time.Minute {
		i.Start = i.CreatedAt
	}
	switch {
	case !slices.Contains(gatepost.IncidentKinds, b.Kind):
		return i, gatepost.InvalidField("kind", "the kind is major_event, security_task or emergency")
	case i.Start.Before(i.CreatedAt):
		return i, gatepost.InvalidField("start", "an incident cannot begin in the past; leave start out for now")
	case i.Start.Sub(now) > maxAhead:
		return i, gatepost.InvalidField("start", "an incident begins at most 31 days ahead")
	case !i.End.After(i.Start):
		return i, gatepost.InvalidField("end", "an incident must end after it begins")
	case i.End.Sub(i.Start) > gatepost.MaxIncident:
		return i, gatepost.InvalidField("end", "an incident lasts 24 hours at most; renew it then, with a new reason")
	case len(i.Levels) == 0 && len(i.Units) == 0:
		return i, gatepost.InvalidField("levels", "name the levels of police or the units that may look")
	case i.Approver == s.Organisation:
		return i, gatepost.InvalidField("approver_id", "the second word comes from another organisation")
	}
	for _, level := range i.Levels {
		if !slices.Contains(gatepost.Levels, level) {
			return i, gatepost.InvalidField("levels", "the levels are province, city, county and town")
		}
	}
	if err := checkArea(i.Area, s.Division); err != nil {
		return i, err
	}
	if i.Name, err = gatepost.CheckText("name", b.Name, 1, maxName); err != nil {
		return i, err
	}
	i.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason)
	return i, err
}

func checkArea(a gatepost.Area, division string) error {
	if len(a.Polygon) == 0 && a.Circle == nil && len(a.Divisions) == 0 {
		return gatepost.InvalidField("area", "give a polygon, a circle or divisions")
	}
	if err := a.Check("area", maxRadius); err != nil {
		return err
	}
	for _, code := range a.Divisions {
		if !gatepost.Within(code, division) {
			return gatepost.InvalidField("area.divisions", code+" does not lie in your own division, "+division)
		}
	}
	return nil
}

// known checks that what an incident names exists.
func (f *Function) known(ctx context.Context, i gatepost.Incident) error {
	named := func(field, id string) (gatepost.Organisation, error) {
		o, err := gatepost.Organisation{}, error(nil)
		if gatepost.ValidID(id) {
			o, err = f.opts.Store.Organisation(ctx, id)
		}
		if !gatepost.ValidID(id) || gatepost.CodeOf(err) == gatepost.NotFound {
			return o, gatepost.InvalidField(field, "there is no organisation "+strings.ToValidUTF8(id, "?"))
		}
		return o, err
	}
	for _, id := range i.Units {
		o, err := named("units", id)
		if err != nil {
			return err
		}
		if o.Kind == gatepost.KindThirdParty || o.Kind == gatepost.KindOperator {
			return gatepost.InvalidField("units", o.Name+" is an operator or a third party, to whom no incident opens anything")
		}
	}
	if i.Approver != "" {
		o, err := named("approver_id", i.Approver)
		if err != nil {
			return err
		}
		if o.Kind != gatepost.KindPolice && o.Kind != gatepost.KindGovernment {
			return gatepost.InvalidField("approver_id", "the second word comes from a police or government organisation")
		}
	}
	if i.Renews != "" {
		if !gatepost.ValidID(i.Renews) {
			return gatepost.InvalidField("renews", "there is no such incident")
		}
		before, err := f.opts.Store.Incident(ctx, i.Renews)
		if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && before.Organisation != i.Organisation {
			return gatepost.InvalidField("renews", "there is no such incident of your organisation")
		}
		if err != nil {
			return err
		}
		if i.CreatedAt.Before(before.Until().Add(-renewal)) {
			return gatepost.InvalidField("renews", "an incident is renewed in its last hour, when it can be said why it is not over; this one lasts until "+before.Until().Format(time.RFC3339))
		}
		if before.Reason == i.Reason {
			return gatepost.InvalidField("reason", "going on needs a new reason; say why it is not over")
		}
	}
	return nil
}

// checkRenewal holds that cameras are not kept open for longer than an incident
// lasts without a new reason: near are the incidents of the same organisation
// over some of the same cameras that a renewal or less lies between. What goes
// beyond the time of one of them renews the last.
func checkRenewal(i gatepost.Incident, near []gatepost.Incident) error {
	var last gatepost.Incident
	for _, n := range near {
		if (i.Start.Before(n.Start) || i.End.After(n.Until())) && n.Until().After(last.Until()) {
			last = n
		}
	}
	if last.ID == "" || last.ID == i.Renews {
		return nil
	}
	return &gatepost.Error{Code: gatepost.Conflict, Field: "renews", Message: fmt.Sprintf(
		"%q (%s) of your organisation opens some of these cameras until %s: renew it in its last hour, with a new reason; or end this one by then, or that one now",
		last.Name, last.ID, last.Until().Format(time.RFC3339))}
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, i gatepost.Incident, act string, allowed bool) gatepost.LedgerEntry {
	detail := map[string]string{"act": act, "incident": i.ID, "kind": string(i.Kind), "name": i.Name, "reason": i.Reason,
		"start": i.Start.Format(time.RFC3339), "end": i.End.Format(time.RFC3339)}
	if i.Drill {
		detail["drill"] = "true"
	}
	e := access.Entry(gatepost.LedgerIncident, s, "", detail)
	e.Allowed = allowed
	return e
}
