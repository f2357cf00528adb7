// Package invitation lets organisations invite their own people: by e-mail or
// phone number, with a role.
//
// An invitation is a link with a token, which opens once, for a week, until it is
// revoked. Where the deployment sends messages the link goes to the contact alone, so that
// whoever opens it has shown that the contact is his; elsewhere the inviter gets
// the link, once, and passes it on. An invitation holds for as long as its
// inviter might still make it.
//
// Whoever accepts one accepts the platform's undertaking (承诺书), as a business that
// signs itself up does.
//
// Owners and administrators invite as they add members; supervisors invite
// watchers, responders and maintainers.
package invitation

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	// life is how long an invitation can be accepted.
	life = 7 * 24 * time.Hour
	// attempts is how often one may be tried: each tells whether a login is taken.
	attempts = 5
)

// Invitations keeps invitations. All but CreateInvitation and Invitations fail
// with NotFound; CreateInvitation and AcceptInvitation with Conflict.
type Invitations interface {
	CreateInvitation(ctx context.Context, i gatepost.Invitation, m *gatepost.Message, entry gatepost.LedgerEntry) error
	Invitations(ctx context.Context, organisation, before string, limit int) ([]gatepost.Invitation, error)
	Invitation(ctx context.Context, id string) (gatepost.Invitation, error)
	InvitationByHash(ctx context.Context, hash string) (gatepost.Invitation, error)
	RevokeInvitation(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	// TryInvitation counts an attempt to accept; it fails with Gone when there
	// were most already.
	TryInvitation(ctx context.Context, hash string, most int) error
	AcceptInvitation(ctx context.Context, hash string, now time.Time, undertaking int,
		accept func(i gatepost.Invitation, inviter gatepost.Account) (gatepost.User, []gatepost.LedgerEntry, error)) error
}

// Register is what invitations look up. Its methods fail with NotFound.
type Register interface {
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
	Account(ctx context.Context, userID string) (gatepost.Account, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Invitations
	Register
}

// Passwords make what is stored of a password. It fails with Invalid for one that
// is too short.
type Passwords interface {
	HashPassword(ctx context.Context, password string) (string, error)
}

// Reach tells whether messages to a kind of contact are sent.
type Reach interface {
	Reaches(kind gatepost.ContactKind) bool
}

// Options are what a function works with.
type Options struct {
	Store     Store
	Passwords Passwords
	Reach     Reach
	Portal    string // URL of the portal, which links lead to
}

// Function is the operations on invitations. Make it with New.
type Function struct {
	opts     Options
	guessing *host.Limiter // tokens that open nothing, by address
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	return &Function{opts: opts, guessing: host.NewLimiter(30, 2*time.Second)}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"invitation"}
	huma.Register(api, huma.Operation{OperationID: "create-invitation", Method: http.MethodPost, Path: "/v1/invitations",
		Summary: "Invite somebody into an organisation: administrators, and owners and supervisors into their own", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-invitations", Method: http.MethodGet, Path: "/v1/invitations",
		Summary: "Invitations, newest first: all of them for administrators, else one's own organisation's", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "delete-invitation", Method: http.MethodDelete, Path: "/v1/invitations/{id}",
		Summary: "Revoke an invitation", Tags: tags, DefaultStatus: http.StatusNoContent}, f.revoke)
	huma.Register(api, huma.Operation{OperationID: "open-invitation", Method: http.MethodPost, Path: "/v1/invitations/open",
		Summary: "Read an invitation by its token, without an account", Tags: tags, Security: auth.Public}, f.open)
	huma.Register(api, huma.Operation{OperationID: "accept-invitation", Method: http.MethodPost, Path: "/v1/invitations/accept",
		Summary: "Accept an invitation: an account is made, once", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusCreated}, f.accept)
}
