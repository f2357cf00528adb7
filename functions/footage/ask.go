package footage

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of a request, lengths in characters.
const (
	maxCase    = 64
	maxReason  = 500
	maxRadius  = 10  // kilometres
	maxDegrees = 0.2 // of a polygon, each way: some 20 km
	defaultFor = 14 * 24 * time.Hour
	maxFor     = 60 * 24 * time.Hour
)

// FootageArea is where the cameras lie that are asked for: a polygon or a circle.
type FootageArea struct {
	Polygon []gatepost.Position `json:"polygon,omitempty" maxItems:"200" doc:"Corners in order, WGS-84; at most 0.2 degrees each way"`
	Circle  *gatepost.Circle    `json:"circle,omitempty" doc:"At most 10 km around a point"`
}

type (
	footageInput struct {
		Body struct {
			Area       FootageArea `json:"area"`
			From       time.Time   `json:"from" doc:"Start of the window"`
			To         time.Time   `json:"to" doc:"At most 31 days later"`
			CaseNumber string      `json:"case_number" minLength:"1" maxLength:"64"`
			Reason     string      `json:"reason" minLength:"1" maxLength:"500" doc:"The owners of the cameras can read it"`
			Expires    time.Time   `json:"expires,omitzero" doc:"Until when owners may answer; default 14 days, at most 60"`
		}
	}
	requestOutput struct{ Body FootageRequest }
	idInput       struct {
		ID string `path:"id" maxLength:"64"`
	}
	listInput  struct{ host.Page }
	listOutput struct{ Body host.List[FootageRequest] }
)

// FootageRequest is a request as those who asked see it: with its answers, and without
// a word on whom it reached.
type FootageRequest struct {
	ID             string          `json:"id"`
	OrganisationID string          `json:"organisation_id"`
	AskedBy        string          `json:"asked_by" doc:"User id"`
	AskedAt        time.Time       `json:"asked_at"`
	Area           FootageArea     `json:"area"`
	From           time.Time       `json:"from"`
	To             time.Time       `json:"to"`
	CaseNumber     string          `json:"case_number"`
	Reason         string          `json:"reason"`
	Expires        time.Time       `json:"expires"`
	WithdrawnAt    *time.Time      `json:"withdrawn_at,omitempty"`
	State          string          `json:"state" enum:"open,withdrawn,expired"`
	Answers        []FootageAnswer `json:"answers"`
}

func view(r gatepost.FootageRequest, answers []FootageAnswer, now time.Time) FootageRequest {
	state := "open"
	switch {
	case r.WithdrawnAt != nil:
		state = "withdrawn"
	case !now.Before(r.Expires):
		state = "expired"
	}
	if answers == nil {
		answers = []FootageAnswer{}
	}
	return FootageRequest{ID: r.ID, OrganisationID: r.Organisation, AskedBy: r.AskedBy, AskedAt: r.AskedAt, Area: FootageArea{r.Area.Polygon, r.Area.Circle}, From: r.From, To: r.To,
		CaseNumber: r.CaseNumber, Reason: r.Reason, Expires: r.Expires, WithdrawnAt: r.WithdrawnAt, State: state, Answers: answers}
}

func (f *Function) ask(ctx context.Context, in *footageInput) (*requestOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !mayAsk(s) {
		return nil, errAsker
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	r, err := newRequest(in, s, now)
	if err != nil {
		return nil, err
	}
	if err := f.opts.Store.CreateFootageRequest(ctx, r, entry(s, r, "", map[string]string{"act": "ask", "reason": r.Reason,
		"from": r.From.Format(time.RFC3339Nano), "to": r.To.Format(time.RFC3339Nano)})); err != nil {
		return nil, err
	}
	return &requestOutput{Body: view(r, nil, now)}, nil
}

// newRequest builds the request that is asked for, rule by rule.
func newRequest(in *footageInput, s gatepost.Subject, now time.Time) (r gatepost.FootageRequest, err error) {
	b := in.Body
	r = gatepost.FootageRequest{ID: gatepost.NewID(), Organisation: s.Organisation, AskedBy: s.UserID, AskedAt: now,
		Area: gatepost.Area{Polygon: b.Area.Polygon, Circle: b.Area.Circle}, Expires: b.Expires.UTC().Truncate(time.Second)}
	if b.Expires.IsZero() {
		r.Expires = now.Add(defaultFor).Truncate(time.Second)
	}
	switch {
	case !r.Expires.After(now):
		return r, gatepost.InvalidField("expires", "it must end in the future")
	case r.Expires.Sub(now) > maxFor:
		return r, gatepost.InvalidField("expires", "a request stands for 60 days at most; ask again then")
	}
	if err := checkArea(r.Area); err != nil {
		return r, err
	}
	if r.From, r.To, err = gatepost.CheckWindow(b.From, b.To, now); err != nil {
		return r, err
	}
	if r.CaseNumber, err = gatepost.CheckText("case_number", b.CaseNumber, 1, maxCase); err != nil {
		return r, err
	}
	r.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason)
	return r, err
}

// checkArea wants one shape, so that one box holds it.
func checkArea(a gatepost.Area) error {
	if (len(a.Polygon) == 0) == (a.Circle == nil) {
		return gatepost.InvalidField("area", "give a polygon or a circle")
	}
	if err := a.Check("area", maxRadius); err != nil {
		return err
	}
	if a.Circle != nil {
		return nil
	}
	if box := box(a); box.East-box.West > maxDegrees || box.North-box.South > maxDegrees {
		return gatepost.InvalidField("area.polygon", "a polygon spans at most 0.2 degrees each way; ask for the necessary, or in parts")
	}
	return nil
}

// box holds all of an area of one shape.
func box(a gatepost.Area) gatepost.Box {
	p := access.Parts(a)[0]
	return gatepost.Box{West: p.West, South: p.South, East: p.East, North: p.North}
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
	list, err := f.opts.Store.FootageRequests(ctx, organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	answers, err := f.answersTo(ctx, list, now)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(r gatepost.FootageRequest) string { return r.ID },
		func(r gatepost.FootageRequest) FootageRequest { return view(r, answers[r.ID], now) })}, nil
}

// answersTo returns the answers to requests, by request.
func (f *Function) answersTo(ctx context.Context, list []gatepost.FootageRequest, now time.Time) (map[string][]FootageAnswer, error) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	found, err := f.opts.Store.FootageAnswers(ctx, ids, "")
	if err != nil {
		return nil, err
	}
	holders := make([]string, len(found))
	for i, a := range found {
		holders[i] = a.Holder
	}
	names, err := f.opts.Store.Names(ctx, holders)
	if err != nil {
		return nil, err
	}
	answers := map[string][]FootageAnswer{}
	for _, a := range found {
		answers[a.Request] = append(answers[a.Request], viewAnswer(a, names, now))
	}
	return answers, nil
}

func (f *Function) withdraw(ctx context.Context, in *idInput) (*struct{}, error) {
	r, s, err := f.asked(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !s.Admin() && !mayAsk(s) {
		return nil, errAsker
	}
	return nil, f.opts.Store.WithdrawFootageRequest(ctx, r.ID, s.UserID, time.Now(), entry(s, r, "", map[string]string{"act": "withdraw"}))
}
