package retention

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Policies keeps the versions of the policy. PutRetentionPolicy fails with Conflict
// when the version before is not the newest.
type Policies interface {
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
	RetentionPolicies(ctx context.Context, before, limit int) ([]gatepost.RetentionPolicy, error)
	PutRetentionPolicy(ctx context.Context, p gatepost.RetentionPolicy, entry gatepost.LedgerEntry) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Policies
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store Store

	// Now defaults to time.Now.
	Now func() time.Time
}

// Function is the operations on retention. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"retention"}
	huma.Register(api, huma.Operation{OperationID: "get-retention-policy", Method: http.MethodGet, Path: "/v1/retention/policy",
		Summary: "For how long recordings are kept", Tags: tags}, f.policy)
	huma.Register(api, huma.Operation{OperationID: "put-retention-policy", Method: http.MethodPut, Path: "/v1/retention/policy",
		Summary: "Change for how long recordings are kept, those that exist too (administrators)", Tags: tags}, f.putPolicy)
	huma.Register(api, huma.Operation{OperationID: "list-retention-policies", Method: http.MethodGet, Path: "/v1/retention/policies",
		Summary: "The policies that were set, newest first (administrators)", Tags: tags}, f.policies)
	huma.Register(api, huma.Operation{OperationID: "get-camera-retention", Method: http.MethodGet, Path: "/v1/cameras/{id}/retention",
		Summary: "For how long a camera's recordings are kept", Tags: tags}, f.camera)
}
