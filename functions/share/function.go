// Package share is links that open exactly what they name, without an account.
//
// A link carries a share token. Opening it counts one use and makes a grant
// for each of its actions, so that every look through a link is registered
// like any other; the grants last LookFor, or to the link's own end if that
// comes first. A link may be bound to address ranges: they are looked at when it is
// opened and renewed, and its media tokens name them, so that gateways and playback
// look at them again with each request for a playlist. A page that goes on looking renews its grants, which counts no
// use: a link that is used up opens no new look, and lets the running ones go on
// until the link ends. Revoking a link revokes all grants that came from it in
// the same transaction.
package share

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/token"
)

// Shares keeps share links. Share and RevokeShare fail with NotFound;
// OpenShare and RenewGrant also with Gone, saying why.
type Shares interface {
	CreateShare(ctx context.Context, sh gatepost.Share, entry gatepost.LedgerEntry) error
	Share(ctx context.Context, id string) (gatepost.Share, error)
	Shares(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.Share, error)
	RevokeShare(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	// RevokeShares revokes all at an organisation's cameras, or at one of them.
	RevokeShares(ctx context.Context, owner, cameraID string, at time.Time, entry func(gatepost.Share) gatepost.LedgerEntry) (int, error)
	LedgerByActor(ctx context.Context, actor, before string, limit int) ([]gatepost.LedgerEntry, error)
}

// Looks turns links into grants.
type Looks interface {
	// OpenShare counts a use and stores what look returns, which may be
	// called more than once.
	OpenShare(ctx context.Context, id string, now time.Time,
		look func(gatepost.Share) ([]gatepost.Grant, []gatepost.LedgerEntry)) (gatepost.Share, []gatepost.Grant, error)
	RenewGrant(ctx context.Context, grantID string, now, until time.Time) (gatepost.Share, gatepost.Grant, error)
}

// Cameras finds cameras; Camera fails with NotFound.
type Cameras interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Shares
	Looks
	Cameras
	access.Store
}

// Minter signs tokens; *token.Issuer is one.
type Minter interface {
	Media(ctx context.Context, m token.Media) (string, error)
	Share(ctx context.Context, s token.Share) (string, error)
}

// Verifier verifies tokens; *token.Verifier is one. It fails with Unauthenticated.
type Verifier interface {
	Media(ctx context.Context, raw string) (token.Media, error)
	Share(ctx context.Context, raw string) (token.Share, error)
}

// Options are what a function works with.
type Options struct {
	Store     Store
	Tokens    Minter
	Verifier  Verifier
	Addresses gatepost.Addresses // where links and tokens lead

	LookFor time.Duration // how long a look lasts unless renewed; default 15 min
}

// Function is the operations on share links. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.LookFor = cmp.Or(opts.LookFor, 15*time.Minute)
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"sharing"}
	huma.Register(api, huma.Operation{OperationID: "create-share", Method: http.MethodPost, Path: "/v1/shares",
		Summary: "Make a share link; its token is shown once", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-shares", Method: http.MethodGet, Path: "/v1/shares",
		Summary: "Share links, newest first, without their tokens", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "delete-share", Method: http.MethodDelete, Path: "/v1/shares/{id}",
		Summary: "Revoke a share link; pictures that came from it are dark within five seconds", Tags: tags, DefaultStatus: http.StatusNoContent}, f.revoke)
	huma.Register(api, huma.Operation{OperationID: "revoke-shares", Method: http.MethodPost, Path: "/v1/shares/revoke",
		Summary: "Revoke every share link to a camera, or to an organisation's cameras", Tags: tags}, f.revokeAll)
	huma.Register(api, huma.Operation{OperationID: "list-share-openings", Method: http.MethodGet, Path: "/v1/shares/{id}/openings",
		Summary: "When and from where a share link was opened, newest first", Tags: tags}, f.openings)
	huma.Register(api, huma.Operation{OperationID: "open-share", Method: http.MethodPost, Path: "/v1/shares/open",
		Summary: "Use a share link, without an account: counts one use", Tags: tags, Security: auth.Public, DefaultStatus: http.StatusCreated}, f.open)
	huma.Register(api, huma.Operation{OperationID: "renew-share", Method: http.MethodPost, Path: "/v1/shares/renew",
		Summary: "Go on looking through a share link: no new use", Tags: tags, Security: auth.Public}, f.renew)
}
