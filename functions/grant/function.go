// Package grant registers looks: who looks at which camera, why, and until
// when. Without a grant there is no picture (Order 799 art. 16).
//
// A grant is written down, together with its ledger entry, before its token
// exists; a refusal is written down as well. The token names the grant, opens
// one camera for one action, and dies with the grant. Asking again makes
// another grant: that is how a look goes on. Revoking a grant reaches the
// gateways with their next sync, which is every two seconds.
package grant

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/internal/token"
)

// Grants keeps grants. Grant and RevokeGrant fail with NotFound.
type Grants interface {
	CreateGrants(ctx context.Context, grants []gatepost.Grant, entries []gatepost.LedgerEntry) error
	Grant(ctx context.Context, id string) (gatepost.Grant, error)
	GrantsByCamera(ctx context.Context, cameraID, before string, limit int) ([]gatepost.Grant, error)
	// RunningLooks lists what a user's grants open that go on, each once.
	RunningLooks(ctx context.Context, userID string, now time.Time, limit int) ([]gatepost.RunningLook, error)
	RevokeGrant(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
}

// Cameras finds cameras; Camera fails with NotFound.
type Cameras interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
}

// Names finds what users and organisations are called, by id.
type Names interface {
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Grants
	Cameras
	Names
	access.Store
}

// Minter signs media tokens; *token.Issuer is one.
type Minter interface {
	Media(ctx context.Context, m token.Media) (string, error)
}

// Options are what a function works with.
type Options struct {
	Store     Store
	Tokens    Minter
	Addresses gatepost.Addresses // where tokens are played

	LiveFor     time.Duration // how long a live grant lasts; default 1 h
	PlaybackFor time.Duration // how long a playback grant lasts; default 4 h
	Looks       int           // at how many cameras one user looks at a time, live and playback each; default 128
}

// Function is the operations on grants. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.LiveFor = cmp.Or(opts.LiveFor, time.Hour)
	opts.PlaybackFor = cmp.Or(opts.PlaybackFor, 4*time.Hour)
	opts.Looks = cmp.Or(opts.Looks, 128)
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"looking"}
	huma.Register(api, huma.Operation{OperationID: "create-grant", Method: http.MethodPost, Path: "/v1/grants",
		Summary: "Register a look, and get the token that opens it", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "create-wall", Method: http.MethodPost, Path: "/v1/walls",
		Summary: "Register looks at up to sixteen cameras at once", Tags: tags, DefaultStatus: http.StatusCreated}, f.wall)
	huma.Register(api, huma.Operation{OperationID: "explain-access", Method: http.MethodGet, Path: "/v1/cameras/{id}/access",
		Summary: "Why I may do something with a camera or not, and what would allow it", Tags: tags}, f.explain)
	huma.Register(api, huma.Operation{OperationID: "list-grants", Method: http.MethodGet, Path: "/v1/grants",
		Summary: "The looks at a camera, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "delete-grant", Method: http.MethodDelete, Path: "/v1/grants/{id}",
		Summary: "Revoke a grant; its picture is dark within five seconds", Tags: tags, DefaultStatus: http.StatusNoContent}, f.revoke)
}
