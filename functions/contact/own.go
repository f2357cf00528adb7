package contact

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const codeLife = 15 * time.Minute

// Contact is a user's contact as the API shows it to him.
type Contact struct {
	Contact    string               `json:"contact" doc:"Empty until one is verified"`
	Kind       gatepost.ContactKind `json:"kind,omitempty" enum:"email,phone"`
	VerifiedAt *time.Time           `json:"verified_at,omitempty"`
	Notify     bool                 `json:"notify" doc:"My organisation's notifications come by e-mail"`
	Mail       bool                 `json:"mail" doc:"This deployment sends e-mail"`
}

type (
	ownOutput    struct{ Body Contact }
	askCodeInput struct {
		Body struct {
			Contact string `json:"contact" minLength:"1" maxLength:"254" doc:"An e-mail address or a phone number"`
		}
	}
	askCodeOutput struct {
		Body struct {
			ExpiresAt time.Time `json:"expires_at" doc:"Of the code"`
			Sent      bool      `json:"sent" doc:"false: nothing is sent that way here, and an administrator knows the code"`
		}
	}
	verifyContactInput struct {
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"16"`
		}
	}
	updateContactInput struct {
		Body struct {
			Notify bool `json:"notify"`
		}
	}
)

func (f *Function) own(ctx context.Context, _ *struct{}) (*ownOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	c, err := f.opts.Store.UserContact(ctx, s.UserID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return &ownOutput{Body: Contact{Mail: f.Reaches(gatepost.ContactEmail)}}, nil
	}
	if err != nil {
		return nil, err
	}
	return &ownOutput{Body: Contact{Contact: c.Contact.Value, Kind: c.Contact.Kind, VerifiedAt: &c.VerifiedAt, Notify: c.Notify,
		Mail: f.Reaches(gatepost.ContactEmail)}}, nil
}

func (f *Function) ask(ctx context.Context, in *askCodeInput) (*askCodeOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	to, err := gatepost.ParseContact("contact", in.Body.Contact)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if wait := f.asking.Take(s.UserID, now); wait > 0 {
		return nil, host.TooMany(wait)
	}
	code := gatepost.NewCode()
	out := &askCodeOutput{}
	out.Body.ExpiresAt, out.Body.Sent = now.Add(codeLife), f.Reaches(to.Kind)
	err = f.opts.Store.PutContactCode(ctx,
		gatepost.ContactCode{UserID: s.UserID, Contact: to, CodeHash: gatepost.HashKey(code), CreatedAt: now, ExpiresAt: out.Body.ExpiresAt},
		gatepost.Message{ID: gatepost.NewID(), Purpose: gatepost.MessageContact, To: to, Organisation: s.Organisation, About: s.UserID, Secret: code,
			CreatedAt: now, ExpiresAt: out.Body.ExpiresAt})
	return out, err
}

func (f *Function) verify(ctx context.Context, in *verifyContactInput) (*ownOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	err = f.opts.Store.TryContactCode(ctx, s.UserID, gatepost.HashKey(in.Body.Code), time.Now(),
		access.Entry(gatepost.LedgerMember, s, "", map[string]string{"act": "contact", "user": s.UserID}))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.NotFound, Message: "no code is on its way; ask for one first"}
	}
	if err != nil {
		return nil, err
	}
	return f.own(ctx, nil)
}

func (f *Function) update(ctx context.Context, in *updateContactInput) (*ownOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if in.Body.Notify {
		if _, err := leader(ctx); err != nil {
			return nil, err
		}
		if !f.Reaches(gatepost.ContactEmail) {
			return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "this deployment sends no e-mail; its operator names a mail server with --smtp-address"}
		}
	}
	act := "notify_off"
	if in.Body.Notify {
		act = "notify_on"
	}
	err = f.opts.Store.SetNotify(ctx, s.UserID, in.Body.Notify, access.Entry(gatepost.LedgerMember, s, "", map[string]string{"act": act, "user": s.UserID}))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.Conflict, Message: "you have no verified e-mail address; verify one first"}
	}
	if err != nil {
		return nil, err
	}
	return f.own(ctx, nil)
}
