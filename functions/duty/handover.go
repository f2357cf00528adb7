package duty

import (
	"context"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	maxWords = 2000           // characters
	late     = 12 * time.Hour // after its end, a shift may still be handed over
)

// Handover is a handover as the API shows one.
type Handover struct {
	ID                 string     `json:"id"`
	ShiftID            string     `json:"shift_id"`
	AuthorID           string     `json:"author_id"`
	AuthorName         string     `json:"author_name"`
	At                 time.Time  `json:"at"`
	Happened           string     `json:"happened"`
	OpenMatters        string     `json:"open_matters,omitempty"`
	AcknowledgedBy     string     `json:"acknowledged_by,omitempty" doc:"User id"`
	AcknowledgedByName string     `json:"acknowledged_by_name,omitempty"`
	AcknowledgedAt     *time.Time `json:"acknowledged_at,omitempty"`
}

type (
	handoverInput struct {
		Body struct {
			ShiftID     string `json:"shift_id" minLength:"1" maxLength:"64" doc:"My own, taken up"`
			Happened    string `json:"happened" minLength:"1" maxLength:"2000"`
			OpenMatters string `json:"open_matters,omitempty" maxLength:"2000" doc:"What the next shift goes on with"`
		}
	}
	handoverOutput  struct{ Body Handover }
	handoversInput  struct{ host.Page }
	handoversOutput struct{ Body host.List[Handover] }
	handoverIDInput struct {
		ID string `path:"id" maxLength:"64"`
	}
)

var errHandover = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such handover, or none that you may know of"}

func viewHandover(h gatepost.Handover, names map[string]string) Handover {
	return Handover{ID: h.ID, ShiftID: h.ShiftID, AuthorID: h.Author, AuthorName: names[h.Author], At: h.At, Happened: h.Happened, OpenMatters: h.Open,
		AcknowledgedBy: h.AcknowledgedBy, AcknowledgedByName: names[h.AcknowledgedBy], AcknowledgedAt: h.AcknowledgedAt}
}

func (f *Function) createHandover(ctx context.Context, in *handoverInput) (*handoverOutput, error) {
	sh, s, err := f.own(ctx, in.Body.ShiftID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, gatepost.InvalidField("shift_id", errShift.Message)
	}
	if err != nil {
		return nil, err
	}
	now := f.now()
	switch {
	case sh.CheckedIn == nil:
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "this shift was not taken up, so that there is nothing to hand over"}
	case now.Sub(sh.To) > late:
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "this shift was over twelve hours ago"}
	}
	h := gatepost.Handover{ID: gatepost.NewID(), Organisation: s.Organisation, ShiftID: sh.ID, Author: s.UserID, At: now}
	if h.Happened, err = lines("happened", in.Body.Happened, 1); err != nil {
		return nil, err
	}
	if h.Open, err = lines("open_matters", in.Body.OpenMatters, 0); err != nil {
		return nil, err
	}
	if err := f.opts.Store.CreateHandover(ctx, h, entry(s, "hand_over", map[string]string{"handover": h.ID, "shift": sh.ID, "happened": h.Happened, "open_matters": h.Open})); err != nil {
		return nil, err
	}
	names, err := f.opts.Store.Names(ctx, []string{h.Author})
	if err != nil {
		return nil, err
	}
	return &handoverOutput{Body: viewHandover(h, names)}, nil
}

// lines checks text of several lines.
func lines(field, text string, least int) (string, error) {
	list := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n")
	for i, line := range list {
		checked, err := gatepost.CheckText(field, line, 0, maxWords)
		if err != nil {
			return "", err
		}
		list[i] = checked
	}
	text = strings.Join(list, "\n")
	if len(text) == 0 && least > 0 {
		return "", gatepost.InvalidField(field, "it must not be empty")
	}
	return text, nil
}

func (f *Function) handovers(ctx context.Context, in *handoversInput) (*handoversOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := keepsRota(s); err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Handovers(ctx, s.Organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, h := range list {
		ids = append(ids, h.Author, h.AcknowledgedBy)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &handoversOutput{Body: host.Paged(list, in.Limit, func(h gatepost.Handover) string { return h.ID },
		func(h gatepost.Handover) Handover { return viewHandover(h, names) })}, nil
}

func (f *Function) acknowledge(ctx context.Context, in *handoverIDInput) (*handoverOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errHandover
	}
	h, err := f.opts.Store.Handover(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && h.Organisation != s.Organisation {
		return nil, errHandover
	}
	if err != nil {
		return nil, err
	}
	if h.Author == s.UserID {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "a handover is taken over by somebody else of the next shift"}
	}
	now := f.now()
	on, err := f.opts.Store.OnDuty(ctx, s.UserID, now)
	if err != nil {
		return nil, err
	}
	if !on {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "take up your own shift first; a handover is taken over by somebody on duty"}
	}
	if err := f.opts.Store.AcknowledgeHandover(ctx, h.ID, s.UserID, now, entry(s, "acknowledge", map[string]string{"handover": h.ID})); err != nil {
		return nil, err
	}
	h.AcknowledgedBy, h.AcknowledgedAt = s.UserID, &now
	names, err := f.opts.Store.Names(ctx, []string{h.Author, s.UserID})
	if err != nil {
		return nil, err
	}
	return &handoverOutput{Body: viewHandover(h, names)}, nil
}
