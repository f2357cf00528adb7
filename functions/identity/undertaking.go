package identity

import (
	"context"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Me is the caller as the API shows him to himself.
type Me struct {
	User
	Undertaking int `json:"undertaking" doc:"Version of the undertaking that he accepted last, 0 for none; GET /v1/signup has the present one"`
}

type (
	meOutput       struct{ Body Me }
	undertakeInput struct {
		Body struct {
			Undertaking int `json:"undertaking" doc:"The version of the text that was read and is accepted"`
		}
	}
)

// undertake is for those who were added by somebody, and for everybody when the text
// has changed: invitations and sign-ups come with it.
func (s *Service) undertake(ctx context.Context, in *undertakeInput) (*struct{}, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := gatepost.CheckUndertaking(in.Body.Undertaking); err != nil {
		return nil, err
	}
	u := gatepost.Undertaking{UserID: subject.UserID, Organisation: subject.Organisation, Version: in.Body.Undertaking, AcceptedAt: s.opts.Now().UTC().Truncate(time.Millisecond)}
	return nil, s.opts.Store.AcceptUndertaking(ctx, u, gatepost.LedgerEntry{Kind: gatepost.LedgerOrganisation, Actor: u.UserID, Organisation: u.Organisation, Allowed: true,
		Detail: map[string]string{"act": "undertaking", "user": u.UserID, "version": strconv.Itoa(u.Version)}})
}
