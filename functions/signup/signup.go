package signup

import (
	"context"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
)

const (
	codeLife   = 15 * time.Minute
	acceptLife = time.Hour // from the code

	maxOrganisation = 200 // characters
	maxName         = 100
)

// SignupInfo is what somebody learns who thinks of signing up.
type SignupInfo struct {
	Open        bool                     `json:"open" doc:"false: accounts come by invitation only"`
	Undertaking gatepost.UndertakingText `json:"undertaking"`
}

// BegunSignup is a sign-up that waits for its code.
type BegunSignup struct {
	Token     string    `json:"token" doc:"For the next steps; keep it"`
	ExpiresAt time.Time `json:"expires_at" doc:"Of the code"`
	Sent      bool      `json:"sent" doc:"false: nothing is sent that way here, and an administrator passes the code on"`
}

// SignedUp is a business that came in.
type SignedUp struct {
	OrganisationID string `json:"organisation_id"`
	Login          string `json:"login" doc:"To sign in with"`
	Plan           string `json:"plan"`
}

type (
	aboutOutput      struct{ Body SignupInfo }
	beginSignupInput struct {
		Body struct {
			Organisation string `json:"organisation" minLength:"1" maxLength:"200" doc:"Its name"`
			Division     string `json:"division" maxLength:"12" doc:"Code of its county or town, of GET /v1/divisions"`
			Name         string `json:"name" minLength:"1" maxLength:"100" doc:"Of the person who answers for it"`
			Contact      string `json:"contact" minLength:"1" maxLength:"254" doc:"An e-mail address or a phone number, which becomes the login"`
			Password     string `json:"password" maxLength:"256" format:"password" doc:"At least 8 characters"`
		}
	}
	beginOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         BegunSignup
	}
	verifySignupInput struct {
		Body struct {
			Token string `json:"token" minLength:"1" maxLength:"128"`
			Code  string `json:"code" minLength:"1" maxLength:"16" doc:"Six digits"`
		}
	}
	acceptSignupInput struct {
		Body struct {
			Token       string `json:"token" minLength:"1" maxLength:"128"`
			Undertaking int    `json:"undertaking" doc:"The version of the text that was read and is accepted"`
		}
	}
	acceptOutput struct{ Body SignedUp }
)

var (
	errClosed = &gatepost.Error{Code: gatepost.Forbidden, Message: "nobody signs up here by himself; ask the operator for an invitation"}

	errNone = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such sign-up, or no longer; begin again"}
)

func (f *Function) about(context.Context, *struct{}) (*aboutOutput, error) {
	return &aboutOutput{Body: SignupInfo{Open: !f.opts.Closed, Undertaking: gatepost.CurrentUndertaking()}}, nil
}

func (f *Function) begin(ctx context.Context, in *beginSignupInput) (*beginOutput, error) {
	if f.opts.Closed {
		return nil, errClosed
	}
	n, err := f.read(ctx, in)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	n.Address = host.Remote(ctx).String()
	if wait := max(f.beginning.Take(host.Source(ctx), now), f.writing.Take(n.Contact.Value, now)); wait > 0 {
		return nil, host.TooMany(wait)
	}
	if n.PasswordHash, err = f.opts.Passwords.HashPassword(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	token, code := gatepost.NewSecret(20), gatepost.NewCode()
	n.ID, n.SecretHash, n.CodeHash, n.CreatedAt, n.ExpiresAt = gatepost.NewID(), gatepost.HashKey(token), gatepost.HashKey(code), now, now.Add(codeLife)
	m := gatepost.Message{ID: gatepost.NewID(), Purpose: gatepost.MessageSignup, To: n.Contact, About: n.ID, Secret: code, CreatedAt: now, ExpiresAt: n.ExpiresAt}
	switch _, err := f.opts.Store.AccountByLogin(ctx, n.Contact.Value); gatepost.CodeOf(err) {
	case gatepost.NotFound:
	case "":
		n.CodeHash, m.Purpose, m.Secret = "", gatepost.MessageSignupExists, ""
	default:
		return nil, err
	}
	if err := f.opts.Store.CreateSignup(ctx, n, m); err != nil {
		return nil, err
	}
	return &beginOutput{CacheControl: "no-store", Body: BegunSignup{Token: token, ExpiresAt: n.ExpiresAt, Sent: f.opts.Reach.Reaches(n.Contact.Kind)}}, nil
}

// read checks what was entered.
func (f *Function) read(ctx context.Context, in *beginSignupInput) (n gatepost.Signup, err error) {
	if n.Organisation, err = gatepost.CheckText("organisation", in.Body.Organisation, 1, maxOrganisation); err != nil {
		return n, err
	}
	if n.Name, err = gatepost.CheckText("name", in.Body.Name, 1, maxName); err != nil {
		return n, err
	}
	if n.Contact, err = gatepost.ParseContact("contact", in.Body.Contact); err != nil {
		return n, err
	}
	d, err := f.opts.Store.Division(ctx, in.Body.Division)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && d.Level != "county" && d.Level != "town" {
		return n, gatepost.InvalidField("division", "choose the county or the town that the business lies in; GET /v1/divisions lists them")
	}
	n.Division = d.Code
	return n, err
}

func (f *Function) verify(ctx context.Context, in *verifySignupInput) (*struct{}, error) {
	if f.opts.Closed {
		return nil, errClosed
	}
	now, source := time.Now(), host.Source(ctx)
	if wait := f.guessing.Take(source, now); wait > 0 {
		return nil, host.TooMany(wait)
	}
	err := f.opts.Store.TrySignup(ctx, gatepost.HashKey(in.Body.Token), gatepost.HashKey(in.Body.Code), now, now.Add(acceptLife))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNone
	}
	if err == nil {
		f.guessing.GiveBack(source, now)
	}
	return nil, err
}

func (f *Function) accept(ctx context.Context, in *acceptSignupInput) (*acceptOutput, error) {
	if f.opts.Closed {
		return nil, errClosed
	}
	if err := gatepost.CheckUndertaking(in.Body.Undertaking); err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	out := &acceptOutput{}
	err := f.opts.Store.FinishSignup(ctx, gatepost.HashKey(in.Body.Token), now, func(n gatepost.Signup) (gatepost.Arrival, error) {
		if err := ripe(n, now); err != nil {
			return gatepost.Arrival{}, err
		}
		a := arrival(n, now)
		out.Body = SignedUp{OrganisationID: a.Organisation.ID, Login: a.Owner.Login, Plan: a.Plan}
		return a, nil
	})
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = errNone
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ripe refuses a sign-up that cannot be finished, or not yet.
func ripe(n gatepost.Signup, now time.Time) error {
	switch {
	case n.FinishedAt != nil:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "this sign-up is finished already; sign in"}
	case !now.Before(n.ExpiresAt):
		return &gatepost.Error{Code: gatepost.Gone, Message: "this sign-up has expired; begin again"}
	case n.VerifiedAt == nil:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "the contact is not verified yet; give the code first"}
	}
	return nil
}

// arrival is what a sign-up becomes.
func arrival(n gatepost.Signup, now time.Time) gatepost.Arrival {
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: n.Organisation, Kind: gatepost.KindBusiness, Division: n.Division, CreatedAt: now}
	u := gatepost.User{ID: gatepost.NewID(), Login: n.Contact.Value, Name: n.Name, Organisation: o.ID, Role: gatepost.RoleOwner, PasswordHash: n.PasswordHash, CreatedAt: now}
	entry := func(kind gatepost.LedgerKind, detail map[string]string) gatepost.LedgerEntry {
		return gatepost.LedgerEntry{Kind: kind, Actor: u.ID, Organisation: o.ID, Allowed: true, Detail: detail}
	}
	return gatepost.Arrival{
		Organisation: o, Owner: u, Plan: gatepost.DefaultPlan,
		Contact:     gatepost.UserContact{UserID: u.ID, Contact: n.Contact, VerifiedAt: now},
		Undertaking: gatepost.Undertaking{UserID: u.ID, Organisation: o.ID, Version: gatepost.UndertakingVersion, AcceptedAt: now},
		Entries: []gatepost.LedgerEntry{
			entry(gatepost.LedgerOrganisation, map[string]string{"act": "signup", "signup": n.ID, "division": n.Division, "plan": gatepost.DefaultPlan,
				"contact": n.Contact.Masked(), "address": n.Address}),
			entry(gatepost.LedgerOrganisation, map[string]string{"act": "undertaking", "user": u.ID, "version": strconv.Itoa(gatepost.UndertakingVersion)}),
			entry(gatepost.LedgerMember, map[string]string{"act": "join", "user": u.ID, "organisation": o.ID, "role": string(u.Role)}),
		},
	}
}
