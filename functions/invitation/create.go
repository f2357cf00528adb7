package invitation

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// State is where an invitation stands.
type State string

// The states of an invitation.
const (
	Open     State = "open"
	Accepted State = "accepted"
	Revoked  State = "revoked"
	Expired  State = "expired"
)

func stateOf(i gatepost.Invitation, now time.Time) State {
	switch {
	case i.AcceptedAt != nil:
		return Accepted
	case i.RevokedAt != nil:
		return Revoked
	case !now.Before(i.ExpiresAt):
		return Expired
	}
	return Open
}

// Invitation is an invitation as the API shows one to its organisation.
type Invitation struct {
	ID             string        `json:"id"`
	OrganisationID string        `json:"organisation_id"`
	Contact        string        `json:"contact"`
	Role           gatepost.Role `json:"role" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
	State          State         `json:"state" enum:"open,accepted,revoked,expired"`
	Sent           bool          `json:"sent" doc:"The link goes to the contact; false: the inviter passes it on"`
	InvitedBy      string        `json:"invited_by" doc:"User id"`
	CreatedAt      time.Time     `json:"created_at"`
	ExpiresAt      time.Time     `json:"expires_at"`
	AcceptedAt     *time.Time    `json:"accepted_at,omitempty"`
	AcceptedBy     string        `json:"accepted_by,omitempty" doc:"User id"`
}

// NewInvitation is an invitation that has just been made.
type NewInvitation struct {
	Invitation
	URL string `json:"url,omitempty" doc:"The link, shown once, where it is not sent"`
}

func view(i gatepost.Invitation) Invitation {
	return Invitation{ID: i.ID, OrganisationID: i.Organisation, Contact: i.Contact.Value, Role: i.Role, State: stateOf(i, time.Now()), Sent: i.Sent,
		InvitedBy: i.InvitedBy, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt, AcceptedBy: i.AcceptedBy}
}

// mayInvite tells whether a subject may invite somebody into an organisation with
// a role.
func mayInvite(s gatepost.Subject, organisation string, role gatepost.Role) error {
	switch {
	case s.Admin():
		return nil
	case !s.Leads():
		return errLeaders
	case s.Organisation != organisation:
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "organisation_id", Message: "one invites people into one's own organisation"}
	case role == gatepost.RoleAdmin:
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "role", Message: "only an administrator makes administrators"}
	case s.Role == gatepost.RoleSupervisor && (role == gatepost.RoleOwner || role == gatepost.RoleSupervisor):
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "role", Message: "supervisors invite watchers, responders and maintainers; an owner invites the rest"}
	}
	return nil
}

var (
	errLeaders = &gatepost.Error{Code: gatepost.Forbidden, Message: "the owners and supervisors of an organisation invite its people"}

	errNone = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such invitation that is open, or none of your organisation"}
)

type (
	createInvitationInput struct {
		Body struct {
			Contact        string        `json:"contact" minLength:"1" maxLength:"254" doc:"An e-mail address or a phone number"`
			Role           gatepost.Role `json:"role" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
			OrganisationID string        `json:"organisation_id,omitempty" maxLength:"64" doc:"Default: one's own"`
		}
	}
	createOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         NewInvitation
	}
	listOutput struct{ Body host.List[Invitation] }
	idInput    struct {
		ID string `path:"id" maxLength:"64"`
	}
)

func (f *Function) create(ctx context.Context, in *createInvitationInput) (*createOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	organisation := in.Body.OrganisationID
	if organisation == "" {
		organisation = s.Organisation
	}
	if err := mayInvite(s, organisation, in.Body.Role); err != nil {
		return nil, err
	}
	to, err := gatepost.ParseContact("contact", in.Body.Contact)
	if err != nil {
		return nil, err
	}
	if _, err := f.opts.Store.Organisation(ctx, organisation); gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, gatepost.InvalidField("organisation_id", "there is no such organisation; GET /v1/organisations lists them")
	} else if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	token := gatepost.NewSecret(20)
	// Behind #, which browsers keep to themselves.
	link := f.opts.Portal + "/invitation#" + token
	i := gatepost.Invitation{ID: gatepost.NewID(), Organisation: organisation, Contact: to, Role: in.Body.Role, SecretHash: gatepost.HashKey(token),
		Sent: f.opts.Reach.Reaches(to.Kind), InvitedBy: s.UserID, CreatedAt: now, ExpiresAt: now.Add(life)}
	out := &createOutput{CacheControl: "no-store", Body: NewInvitation{Invitation: view(i), URL: link}}
	var m *gatepost.Message
	if i.Sent {
		out.Body.URL = ""
		m = &gatepost.Message{ID: gatepost.NewID(), Purpose: gatepost.MessageInvitation, To: to, Organisation: organisation, About: i.ID, Secret: link,
			CreatedAt: now, ExpiresAt: i.ExpiresAt}
	}
	if err := f.opts.Store.CreateInvitation(ctx, i, m, access.Entry(gatepost.LedgerInvitation, s, "", detail(i, "invite"))); err != nil {
		return nil, err
	}
	return out, nil
}

func detail(i gatepost.Invitation, act string) map[string]string {
	return map[string]string{"act": act, "invitation": i.ID, "organisation": i.Organisation, "role": string(i.Role), "to": i.Contact.Masked()}
}

func (f *Function) list(ctx context.Context, in *struct{ host.Page }) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	organisation := s.Organisation
	switch {
	case s.Admin():
		organisation = ""
	case !s.Leads():
		return nil, errLeaders
	}
	list, err := f.opts.Store.Invitations(ctx, organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(i gatepost.Invitation) string { return i.ID }, view)}, nil
}

func (f *Function) revoke(ctx context.Context, in *idInput) (*struct{}, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	i, err := f.opts.Store.Invitation(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && !s.Admin() && i.Organisation != s.Organisation {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	if err := mayInvite(s, i.Organisation, i.Role); err != nil {
		return nil, err
	}
	err = f.opts.Store.RevokeInvitation(ctx, i.ID, time.Now(), access.Entry(gatepost.LedgerInvitation, s, "", detail(i, "revoke")))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = errNone
	}
	return nil, err
}
