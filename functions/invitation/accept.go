package invitation

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
)

const maxName = 100 // characters

// OpenedInvitation is what whoever holds a token learns of its invitation.
type OpenedInvitation struct {
	Organisation string        `json:"organisation" doc:"Its name"`
	Contact      string        `json:"contact" doc:"Which becomes the login unless another is chosen"`
	Role         gatepost.Role `json:"role" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
	ExpiresAt    time.Time     `json:"expires_at"`

	Undertaking gatepost.UndertakingText `json:"undertaking" doc:"What whoever accepts undertakes"`
}

type (
	openInvitationInput struct {
		Body struct {
			Token string `json:"token" minLength:"1" maxLength:"128" doc:"Of the link, behind #"`
		}
	}
	openOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         OpenedInvitation
	}
	acceptInvitationInput struct {
		Body struct {
			Token    string `json:"token" minLength:"1" maxLength:"128" doc:"Of the link, behind #"`
			Name     string `json:"name" minLength:"1" maxLength:"100" doc:"Of the person"`
			Password string `json:"password" maxLength:"256" format:"password" doc:"At least 8 characters"`
			Login    string `json:"login,omitempty" maxLength:"254" doc:"Default: the contact; another where that is taken"`

			Undertaking int `json:"undertaking" doc:"The version of the text that was read and is accepted"`
		}
	}
	acceptInvitationOutput struct {
		Body struct {
			Login string `json:"login" doc:"To sign in with"`
		}
	}
)

var errNoToken = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such invitation; check that the link was copied in full"}

// holds refuses an invitation that cannot be accepted any more; inviter is who
// made it, as he is now.
func holds(i gatepost.Invitation, inviter gatepost.Account, now time.Time) error {
	gone := func(message string) error { return &gatepost.Error{Code: gatepost.Gone, Message: message} }
	switch stateOf(i, now) {
	case Accepted:
		return gone("this invitation was accepted already; sign in")
	case Revoked:
		return gone("this invitation was revoked; ask for another")
	case Expired:
		return gone("this invitation has expired; ask for another")
	}
	if inviter.User.ID == "" || inviter.User.Disabled || mayInvite(inviter.Subject(), i.Organisation, i.Role) != nil {
		return gone("whoever invited you may not do so any more; ask the organisation for another invitation")
	}
	return nil
}

func (f *Function) open(ctx context.Context, in *openInvitationInput) (*openOutput, error) {
	i, err := f.standing(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	o, err := f.opts.Store.Organisation(ctx, i.Organisation)
	if err != nil {
		return nil, err
	}
	return &openOutput{CacheControl: "no-store", Body: OpenedInvitation{Organisation: o.Name, Contact: i.Contact.Value, Role: i.Role, ExpiresAt: i.ExpiresAt,
		Undertaking: gatepost.CurrentUndertaking()}}, nil
}

// standing finds an invitation that holds; tokens of none are counted by address.
func (f *Function) standing(ctx context.Context, token string) (gatepost.Invitation, error) {
	now, source := time.Now(), host.Source(ctx)
	if wait := f.guessing.Take(source, now); wait > 0 {
		return gatepost.Invitation{}, host.TooMany(wait)
	}
	i, err := f.opts.Store.InvitationByHash(ctx, gatepost.HashKey(token))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return i, errNoToken
	}
	f.guessing.GiveBack(source, now)
	if err != nil {
		return i, err
	}
	inviter, err := f.opts.Store.Account(ctx, i.InvitedBy)
	if err != nil && gatepost.CodeOf(err) != gatepost.NotFound {
		return i, err
	}
	return i, holds(i, inviter, now)
}

func (f *Function) accept(ctx context.Context, in *acceptInvitationInput) (*acceptInvitationOutput, error) {
	name, err := gatepost.CheckText("name", in.Body.Name, 1, maxName)
	if err != nil {
		return nil, err
	}
	if err := gatepost.CheckUndertaking(in.Body.Undertaking); err != nil {
		return nil, err
	}
	login := in.Body.Login
	if login != "" {
		if login, err = gatepost.CheckLogin(login); err != nil {
			return nil, err
		}
	}
	if _, err := f.standing(ctx, in.Body.Token); err != nil {
		return nil, err // before a password is hashed for nothing
	}
	hash, err := f.opts.Passwords.HashPassword(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	token := gatepost.HashKey(in.Body.Token)
	if err := f.opts.Store.TryInvitation(ctx, token, attempts); err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	out := &acceptInvitationOutput{}
	err = f.opts.Store.AcceptInvitation(ctx, token, now, in.Body.Undertaking,
		func(i gatepost.Invitation, inviter gatepost.Account) (gatepost.User, []gatepost.LedgerEntry, error) {
			u := gatepost.User{ID: gatepost.NewID(), Login: cmp.Or(login, i.Contact.Value), Name: name, Organisation: i.Organisation, Role: i.Role,
				PasswordHash: hash, CreatedAt: now}
			out.Body.Login = u.Login
			entry := gatepost.LedgerEntry{Kind: gatepost.LedgerInvitation, Actor: u.ID, Organisation: u.Organisation, Allowed: true, Detail: detail(i, "accept")}
			joined := gatepost.LedgerEntry{Kind: gatepost.LedgerMember, Actor: u.ID, Organisation: u.Organisation, Allowed: true,
				Detail: map[string]string{"act": "join", "user": u.ID, "organisation": u.Organisation, "role": string(u.Role), "invitation": i.ID, "invited_by": i.InvitedBy}}
			accepted := gatepost.LedgerEntry{Kind: gatepost.LedgerOrganisation, Actor: u.ID, Organisation: u.Organisation, Allowed: true,
				Detail: map[string]string{"act": "undertaking", "user": u.ID, "version": strconv.Itoa(in.Body.Undertaking)}}
			return u, []gatepost.LedgerEntry{entry, accepted, joined}, holds(i, inviter, now)
		})
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = errNoToken
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
