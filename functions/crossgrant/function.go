// Package crossgrant lets one organisation ask another to look at its cameras
// (mission R8): for a purpose, in some hours of the day, until a date. The holder
// answers, may narrow what was asked for, and may revoke it; every look under it
// is registered like any other, and ends with it.
package crossgrant

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Grants keeps cross-department grants. CrossGrant and UpdateCrossGrant fail
// with NotFound.
type Grants interface {
	CreateCrossGrant(ctx context.Context, g gatepost.CrossGrant, tell gatepost.Notification, entry gatepost.LedgerEntry) error
	CrossGrant(ctx context.Context, id string) (gatepost.CrossGrant, error)
	CrossGrants(ctx context.Context, organisation, before string, limit int) ([]gatepost.CrossGrant, error)
	UpdateCrossGrant(ctx context.Context, id string, now time.Time,
		change func(*gatepost.CrossGrant) (gatepost.Notification, gatepost.LedgerEntry, error)) (gatepost.CrossGrant, error)
}

// Names finds what users and organisations are called, by id.
type Names interface {
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Grants
	Names
	access.Store
}

// Options are what a function works with.
type Options struct{ Store Store }

// Function is the operations on cross-department grants. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"cross-department grants"}
	huma.Register(api, huma.Operation{OperationID: "ask-cross-grant", Method: http.MethodPost, Path: "/v1/cross-grants",
		Summary: "Ask the holder of cameras to let my organisation look", Tags: tags, DefaultStatus: http.StatusCreated}, f.ask)
	huma.Register(api, huma.Operation{OperationID: "list-cross-grants", Method: http.MethodGet, Path: "/v1/cross-grants",
		Summary: "What my organisation asked for or was asked for, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "answer-cross-grant", Method: http.MethodPost, Path: "/v1/cross-grants/{id}/answer",
		Summary: "Approve or refuse what another organisation asked for", Tags: tags}, f.answer)
	huma.Register(api, huma.Operation{OperationID: "revoke-cross-grant", Method: http.MethodDelete, Path: "/v1/cross-grants/{id}",
		Summary: "Revoke a cross-department grant; its pictures are dark within five seconds", Tags: tags, DefaultStatus: http.StatusNoContent}, f.revoke)
}
