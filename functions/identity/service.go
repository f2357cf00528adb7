package identity

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/token"
)

// Accounts keeps users. Its methods fail with NotFound and Unavailable,
// CreateUser also with Conflict (login taken) and Invalid (no such
// organisation).
type Accounts interface {
	Account(ctx context.Context, userID string) (gatepost.Account, error)
	AccountByLogin(ctx context.Context, login string) (gatepost.Account, error)
	Accounts(ctx context.Context, organisation, after string, limit int) ([]gatepost.Account, error)
	CreateUser(ctx context.Context, u gatepost.User, entries ...gatepost.LedgerEntry) error
	// UpdateUser ends a user's sessions and looks when he is deactivated or
	// gets another role.
	UpdateUser(ctx context.Context, id string, now time.Time, change func(*gatepost.User) (gatepost.LedgerEntry, error)) error
}

// Undertakings keeps which version of the undertaking people accepted.
type Undertakings interface {
	// AcceptedUndertaking is the last version that somebody accepted, 0 for none.
	AcceptedUndertaking(ctx context.Context, userID string) (int, error)
	// AcceptUndertaking does nothing when he had accepted that version.
	AcceptUndertaking(ctx context.Context, u gatepost.Undertaking, entry gatepost.LedgerEntry) error
}

// Admins makes the first administrator.
type Admins interface {
	HasAdmin(ctx context.Context) (bool, error)
	// CreateFirstAdmin does nothing and returns false when there is one.
	CreateFirstAdmin(ctx context.Context, o gatepost.Organisation, u gatepost.User) (bool, error)
}

// Sessions keeps refresh sessions. Session and RotateSession fail with NotFound.
type Sessions interface {
	CreateSession(ctx context.Context, n gatepost.Session) error
	Session(ctx context.Context, id string) (gatepost.Session, error)
	RotateSession(ctx context.Context, id, oldHash, newHash string, at time.Time) error
	RevokeSession(ctx context.Context, id string, at time.Time) error
	DeleteSessions(ctx context.Context, before time.Time) error
}

// APIKeys keeps API keys. APIKeyByHash and RevokeAPIKey fail with NotFound.
type APIKeys interface {
	CreateAPIKey(ctx context.Context, k gatepost.APIKey) error
	APIKeyByHash(ctx context.Context, hash string) (gatepost.APIKey, error)
	APIKeys(ctx context.Context, userID, after string, limit int) ([]gatepost.APIKey, error)
	RevokeAPIKey(ctx context.Context, userID, id string, at time.Time) error
}

// SigningKeys lists the keys that tokens are signed with, without their seeds.
type SigningKeys interface {
	AllSigningKeys(ctx context.Context) ([]gatepost.SigningKey, error)
}

// Ledger is appended to whenever somebody signs in, out, or is refused.
type Ledger interface {
	AppendLedger(ctx context.Context, e gatepost.LedgerEntry) error
}

// Store is all that the service keeps; internal/sqlstore has it.
type Store interface {
	Accounts
	Undertakings
	Admins
	Sessions
	APIKeys
	SigningKeys
	Ledger
}

// Issuer signs access tokens and publishes the keys.
type Issuer interface {
	Access(ctx context.Context, a token.Access) (string, error)
	JWKS(ctx context.Context) (token.JWKS, error)
	Rotate(ctx context.Context) error
	// Withdraw fails with NotFound.
	Withdraw(ctx context.Context, keyID string, entry gatepost.LedgerEntry) error
}

// Options are what a service works with.
type Options struct {
	Store  Store
	Issuer Issuer

	SecureCookies bool          // the portal is served over TLS: cookies demand it
	AccessLife    time.Duration // of access tokens; default 15 min
	SessionLife   time.Duration // from signing in; default 30 days
	Logger        *slog.Logger  // default slog.Default()

	Now func() time.Time // the clock that failed attempts are counted by; default time.Now
}

// Service is the operations of signing in. Make it with New.
type Service struct {
	opts      Options
	passwords *passwords
	logins    *host.Limiter // failed attempts by login
	addresses *host.Limiter // failed attempts by address
	taken     *host.Limiter // logins that were taken, by the organisation that tried them
}

// New makes a service. A service with neither store nor issuer can be
// registered, for the OpenAPI document, but not called.
func New(opts Options) *Service {
	if opts.AccessLife == 0 {
		opts.AccessLife = 15 * time.Minute
	}
	if opts.SessionLife == 0 {
		opts.SessionLife = 30 * 24 * time.Hour
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Service{
		opts:      opts,
		passwords: newPasswords(),
		logins:    host.NewLimiter(10, 6*time.Second),
		addresses: host.NewLimiter(50, 2*time.Second),
		taken:     host.NewLimiter(10, 10*time.Minute),
	}
}

// Register adds the operations to an API.
func (s *Service) Register(api huma.API) {
	tags := []string{"identity"}
	huma.Register(api, huma.Operation{OperationID: "create-session", Method: http.MethodPost, Path: "/v1/session",
		Summary: "Sign in", Tags: tags, Security: auth.Public}, s.login)
	huma.Register(api, huma.Operation{OperationID: "refresh-session", Method: http.MethodPost, Path: "/v1/session/refresh",
		Summary: "Get a new access token with the refresh cookie", Tags: tags, Security: auth.Public}, s.refresh)
	huma.Register(api, huma.Operation{OperationID: "delete-session", Method: http.MethodDelete, Path: "/v1/session",
		Summary: "Sign out", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusNoContent}, s.logout)
	huma.Register(api, huma.Operation{OperationID: "get-me", Method: http.MethodGet, Path: "/v1/me",
		Summary: "Who am I", Tags: tags}, s.me)
	huma.Register(api, huma.Operation{OperationID: "accept-undertaking", Method: http.MethodPost, Path: "/v1/me/undertaking",
		Summary: "Accept the undertaking, as somebody who was added by another, or when its text has changed", Tags: tags, DefaultStatus: http.StatusNoContent}, s.undertake)
	huma.Register(api, huma.Operation{OperationID: "create-api-key", Method: http.MethodPost, Path: "/v1/api-keys",
		Summary: "Make an API key; it is shown once", Tags: tags, DefaultStatus: http.StatusCreated}, s.createAPIKey)
	huma.Register(api, huma.Operation{OperationID: "list-api-keys", Method: http.MethodGet, Path: "/v1/api-keys",
		Summary: "List my API keys", Tags: tags}, s.listAPIKeys)
	huma.Register(api, huma.Operation{OperationID: "delete-api-key", Method: http.MethodDelete, Path: "/v1/api-keys/{id}",
		Summary: "Revoke an API key", Tags: tags, DefaultStatus: http.StatusNoContent}, s.deleteAPIKey)
	huma.Register(api, huma.Operation{OperationID: "create-user", Method: http.MethodPost, Path: "/v1/users",
		Summary: "Add a user to an organisation: administrators, and owners to their own", Tags: tags, DefaultStatus: http.StatusCreated}, s.createUser)
	huma.Register(api, huma.Operation{OperationID: "list-users", Method: http.MethodGet, Path: "/v1/users",
		Summary: "List users: all of them for administrators, else one's own organisation's", Tags: tags}, s.listUsers)
	huma.Register(api, huma.Operation{OperationID: "update-user", Method: http.MethodPatch, Path: "/v1/users/{id}",
		Summary: "Change a user's name or role, deactivate or reactivate him; it takes effect at once", Tags: tags}, s.updateUser)
	huma.Register(api, huma.Operation{OperationID: "list-signing-keys", Method: http.MethodGet, Path: "/v1/signing-keys",
		Summary: "List the keys that tokens are signed with: administrators", Tags: tags}, s.listSigningKeys)
	huma.Register(api, huma.Operation{OperationID: "withdraw-signing-key", Method: http.MethodPost, Path: "/v1/signing-keys/{id}/withdraw",
		Summary: "Withdraw a key that others may have: every token and link that it signed is void, and pictures under them are dark within five seconds",
		Tags:    tags, DefaultStatus: http.StatusNoContent}, s.withdrawSigningKey)
	huma.Register(api, huma.Operation{OperationID: "get-jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json",
		Summary: "The public keys that tokens verify with (RFC 7517)", Tags: tags, Security: auth.Public}, s.jwks)
}

// Run does the timed work once: it rotates the signing key when it is due and
// removes what expired. Run twice, it does it once. Call it every hour or so.
func (s *Service) Run(ctx context.Context) error {
	if err := s.opts.Issuer.Rotate(ctx); err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	if err := s.opts.Store.DeleteSessions(ctx, time.Now()); err != nil {
		return fmt.Errorf("delete expired sessions: %w", err)
	}
	return nil
}

type jwksOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         token.JWKS
}

func (s *Service) jwks(ctx context.Context, _ *struct{}) (*jwksOutput, error) {
	set, err := s.opts.Issuer.JWKS(ctx)
	if err != nil {
		return nil, err
	}
	return &jwksOutput{CacheControl: "public, max-age=60", Body: set}, nil
}
