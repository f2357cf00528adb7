package footage

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	maxAnswer = 500 // characters
	openFor   = 7 * 24 * time.Hour
)

// FootageAnswer is what an owner opened.
type FootageAnswer struct {
	ID         string     `json:"id"`
	HolderID   string     `json:"holder_id"`
	HolderName string     `json:"holder_name"`
	Cameras    []string   `json:"cameras"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	Copies     bool       `json:"copies" doc:"Clips may be taken"`
	Answer     string     `json:"answer,omitempty"`
	AnsweredAt time.Time  `json:"answered_at"`
	Until      time.Time  `json:"until"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	State      string     `json:"state" enum:"open,revoked,expired"`
}

func viewAnswer(a gatepost.FootageAnswer, names map[string]string, now time.Time) FootageAnswer {
	state := "open"
	switch {
	case a.RevokedAt != nil:
		state = "revoked"
	case !now.Before(a.Until):
		state = "expired"
	}
	return FootageAnswer{ID: a.ID, HolderID: a.Holder, HolderName: names[a.Holder], Cameras: a.Cameras, From: a.From, To: a.To, Copies: a.Copy, Answer: a.Answer,
		AnsweredAt: a.AnsweredAt, Until: a.Until, RevokedAt: a.RevokedAt, State: state}
}

// ReceivedFootageRequest is a request as an owner sees it.
type ReceivedFootageRequest struct {
	FootageRequest
	OrganisationName string `json:"organisation_name"`
	AskedByName      string `json:"asked_by_name"`
}

type (
	receivedOutput struct {
		Body host.List[ReceivedFootageRequest]
	}
	camerasInput struct {
		host.Page
		ID string `path:"id" maxLength:"64"`
	}
	camerasOutput      struct{ Body host.List[RequestedCamera] }
	footageAnswerInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Cameras []string  `json:"cameras" minItems:"1" maxItems:"200" doc:"Ids of my cameras in the area"`
			From    time.Time `json:"from,omitzero" doc:"Less of the window than was asked for"`
			To      time.Time `json:"to,omitzero"`
			Copies  bool      `json:"copies,omitempty" doc:"Clips may be taken too"`
			Until   time.Time `json:"until,omitzero" doc:"How long it opens; default 7 days, at most 30"`
			Answer  string    `json:"answer,omitempty" maxLength:"500"`
		}
	}
	answerOutput struct{ Body FootageAnswer }
)

// RequestedCamera is a camera in the area of a request.
type RequestedCamera struct {
	ID       string             `json:"id"`
	Name     string             `json:"name"`
	Position *gatepost.Position `json:"position"`
}

func (f *Function) received(ctx context.Context, in *listInput) (*receivedOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !mayAnswer(s) && !s.Admin() {
		return nil, errOwner
	}
	list, err := f.opts.Store.FootageRequestsReceived(ctx, s.Organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	requests, ids := make([]string, len(list)), []string{s.Organisation}
	for i, r := range list {
		requests[i] = r.ID
		ids = append(ids, r.Organisation, r.AskedBy)
	}
	mine, err := f.opts.Store.FootageAnswers(ctx, requests, s.Organisation)
	if err != nil {
		return nil, err
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	now, answers := time.Now(), map[string][]FootageAnswer{}
	for _, a := range mine {
		answers[a.Request] = append(answers[a.Request], viewAnswer(a, names, now))
	}
	return &receivedOutput{Body: host.Paged(list, in.Limit, func(r gatepost.FootageRequest) string { return r.ID }, func(r gatepost.FootageRequest) ReceivedFootageRequest {
		return ReceivedFootageRequest{FootageRequest: view(r, answers[r.ID], now), OrganisationName: names[r.Organisation], AskedByName: names[r.AskedBy]}
	})}, nil
}

func (f *Function) cameras(ctx context.Context, in *camerasInput) (*camerasOutput, error) {
	r, s, err := f.reached(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	area := box(r.Area)
	var found []gatepost.Camera
	for after := in.After; len(found) <= in.Limit; {
		page, err := f.opts.Store.Cameras(ctx, gatepost.CameraFilter{Owner: s.Organisation, Box: &area}, after, cameraPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if covers(r, c) {
				found = append(found, c)
			}
		}
		if len(page) < cameraPage {
			break
		}
		after = page[len(page)-1].ID
	}
	found = found[:min(len(found), in.Limit+1)]
	return &camerasOutput{Body: host.Paged(found, in.Limit, func(c gatepost.Camera) string { return c.ID },
		func(c gatepost.Camera) RequestedCamera {
			return RequestedCamera{ID: c.ID, Name: c.Name, Position: c.Position}
		})}, nil
}

// covers tells whether a request asks for a camera: one in its area that may
// have recorded something by the end of its window.
func covers(r gatepost.FootageRequest, c gatepost.Camera) bool {
	return access.InArea(r.Area, c) && !c.CreatedAt.After(r.To)
}

func (f *Function) answer(ctx context.Context, in *footageAnswerInput) (*answerOutput, error) {
	r, s, err := f.reached(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	a, err := newAnswer(in, r, s, now)
	if err != nil {
		return nil, err
	}
	for _, id := range a.Cameras {
		if err := f.mine(ctx, r, s, id); err != nil {
			return nil, err
		}
	}
	names, err := f.opts.Store.Names(ctx, []string{a.Holder})
	if err != nil {
		return nil, err
	}
	if err := f.opts.Store.AnswerFootageRequest(ctx, a, told(r, a, "answered", names), answerEntry(s, r, a, "answer")); err != nil {
		return nil, err
	}
	return &answerOutput{Body: viewAnswer(a, names, now)}, nil
}

// newAnswer builds an answer, rule by rule.
func newAnswer(in *footageAnswerInput, r gatepost.FootageRequest, s gatepost.Subject, now time.Time) (a gatepost.FootageAnswer, err error) {
	b := in.Body
	a = gatepost.FootageAnswer{ID: gatepost.NewID(), Request: r.ID, Grantee: r.Organisation, Holder: s.Organisation, Cameras: slices.Compact(slices.Sorted(slices.Values(b.Cameras))),
		From: b.From.UTC().Truncate(time.Microsecond), To: b.To.UTC().Truncate(time.Microsecond), Copy: b.Copies, CaseNumber: r.CaseNumber,
		AnsweredBy: s.UserID, AnsweredAt: now, Until: b.Until.UTC().Truncate(time.Second)}
	if b.From.IsZero() {
		a.From = r.From
	}
	if b.To.IsZero() {
		a.To = r.To
	}
	if b.Until.IsZero() {
		a.Until = now.Add(openFor).Truncate(time.Second)
	}
	switch {
	case a.From.Before(r.From) || !a.From.Before(a.To):
		return a, gatepost.InvalidField("from", "the window lies within the one that was asked for, and must end after it begins")
	case a.To.After(r.To):
		return a, gatepost.InvalidField("to", "the window lies within the one that was asked for")
	case !a.Until.After(now):
		return a, gatepost.InvalidField("until", "it must end in the future")
	case a.Until.Sub(now) > gatepost.MaxFootage:
		return a, gatepost.InvalidField("until", "an answer opens cameras for 30 days at most")
	}
	a.Answer, err = gatepost.CheckText("answer", b.Answer, 0, maxAnswer)
	return a, err
}

// mine checks that a camera is one of the subject's organisation that a request
// asks for.
func (f *Function) mine(ctx context.Context, r gatepost.FootageRequest, s gatepost.Subject, id string) error {
	none := gatepost.InvalidField("cameras", "choose among your organisation's cameras in the area of the request")
	if !gatepost.ValidID(id) {
		return none
	}
	c, err := f.opts.Store.Camera(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && (c.Owner != s.Organisation || !covers(r, c)) {
		return none
	}
	return err
}

func (f *Function) revoke(ctx context.Context, in *idInput) (*struct{}, error) {
	r, s, err := f.reached(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	answers, err := f.opts.Store.FootageAnswers(ctx, []string{r.ID}, s.Organisation)
	if err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "your organisation has not answered this"}
	}
	a := answers[len(answers)-1]
	names, err := f.opts.Store.Names(ctx, []string{a.Holder})
	if err != nil {
		return nil, err
	}
	return nil, f.opts.Store.RevokeFootageAnswer(ctx, a.ID, s.UserID, time.Now(), told(r, a, "revoked", names), answerEntry(s, r, a, "revoke"))
}

// told is what those who asked are told of an answer.
func told(r gatepost.FootageRequest, a gatepost.FootageAnswer, act string, names map[string]string) gatepost.Notification {
	return notice(r, act, names[a.Holder], map[string]string{"cameras": strconv.Itoa(len(a.Cameras)), "answer": a.Answer, "until": a.Until.Format(time.RFC3339)})
}

func answerEntry(s gatepost.Subject, r gatepost.FootageRequest, a gatepost.FootageAnswer, act string) gatepost.LedgerEntry {
	camera := ""
	if len(a.Cameras) == 1 {
		camera = a.Cameras[0]
	}
	return entry(s, r, camera, map[string]string{"act": act, "answer": a.ID, "grantee": a.Grantee, "cameras": strconv.Itoa(len(a.Cameras)), "copies": strconv.FormatBool(a.Copy),
		"from": a.From.Format(time.RFC3339Nano), "to": a.To.Format(time.RFC3339Nano), "until": a.Until.Format(time.RFC3339)})
}
