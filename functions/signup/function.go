// Package signup lets a small business come in without an operator's help.
//
//	begin ──code by e-mail or text message──▶ verify ──undertaking──▶ accept: an organisation, its owner, the basic plan
//
// Whoever begins gets a token, which the other two steps need beside the code; it
// names the sign-up and is good for nothing else. A code is good for 15 minutes and
// five tries, the undertaking can be accepted for an hour after that.
//
// # What a stranger does not learn
//
// Beginning with a contact that has an account looks, and lasts, as with any other: the
// account's holder is told by a message, and no code leads on. Attempts are counted
// by address and by contact, in memory, so each process counts for itself.
package signup

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Signups keeps sign-ups. TrySignup fails with NotFound, Gone and Invalid,
// FinishSignup with NotFound and Conflict.
type Signups interface {
	CreateSignup(ctx context.Context, n gatepost.Signup, m gatepost.Message) error
	TrySignup(ctx context.Context, hash, codeHash string, now, expires time.Time) error
	FinishSignup(ctx context.Context, hash string, now time.Time, arrive func(gatepost.Signup) (gatepost.Arrival, error)) error
	DeleteSignups(ctx context.Context, before time.Time) error
}

// Register is what sign-ups look up. Its methods fail with NotFound.
type Register interface {
	AccountByLogin(ctx context.Context, login string) (gatepost.Account, error)
	Division(ctx context.Context, code string) (gatepost.Division, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Signups
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
	Closed    bool // nobody signs up here: accounts come by invitation
}

// Function is the operations of signing up. Make it with New.
type Function struct {
	opts      Options
	beginning *host.Limiter // by address
	writing   *host.Limiter // messages, by contact
	guessing  *host.Limiter // wrong codes, by address
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	return &Function{
		opts:      opts,
		beginning: host.NewLimiter(10, time.Minute),
		writing:   host.NewLimiter(3, 5*time.Minute),
		guessing:  host.NewLimiter(20, 10*time.Second),
	}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"signup"}
	huma.Register(api, huma.Operation{OperationID: "get-signup", Method: http.MethodGet, Path: "/v1/signup",
		Summary: "Whether a business can sign up here, and what it undertakes", Tags: tags, Security: auth.Public}, f.about)
	huma.Register(api, huma.Operation{OperationID: "begin-signup", Method: http.MethodPost, Path: "/v1/signup",
		Summary: "Sign a business up: a code goes to the contact", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusAccepted}, f.begin)
	huma.Register(api, huma.Operation{OperationID: "verify-signup", Method: http.MethodPost, Path: "/v1/signup/verify",
		Summary: "Give the code back", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusNoContent}, f.verify)
	huma.Register(api, huma.Operation{OperationID: "accept-signup", Method: http.MethodPost, Path: "/v1/signup/accept",
		Summary: "Accept the undertaking: the organisation and its owner are made, once", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusCreated}, f.accept)
}

// Run removes the sign-ups that came to nothing. Call it every hour or so.
func (f *Function) Run(ctx context.Context) error {
	return f.opts.Store.DeleteSignups(ctx, time.Now().Add(-24*time.Hour))
}
