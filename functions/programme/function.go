// Package programme is what is to be built, and whether it was (missions R3, R6,
// R7): cities and counties draw up a programme for a year, every level above
// reviews it, and cameras are counted against what is in force.
//
// # Review
//
//	draft → submitted → approved → superseded
//	  └─ returned ⇄ ─┘
//
// A county's programme goes to its city and from there to the province, a city's to
// the province; each level passes it on or returns it with a remark. What the last
// level approves is in force and never changes: a change is another version,
// which is reviewed like the first.
//
// # Sites
//
// A camera at a site is built once it has pushed, and measured by its gateway. The police of its division then
// sign it off, or say what is missing; only that makes it accepted.
package programme

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Programmes keeps programmes; internal/sqlstore says what each method does.
type Programmes interface {
	CreateProgramme(ctx context.Context, p gatepost.Programme, entry gatepost.LedgerEntry) (gatepost.Programme, error)
	Programme(ctx context.Context, id string) (gatepost.Programme, error)
	Programmes(ctx context.Context, division string, year int, inForce bool, before string, limit int) ([]gatepost.Programme, error)
	UpdateProgramme(ctx context.Context, id string, change func(*gatepost.Programme) (gatepost.LedgerEntry, error)) (gatepost.Programme, error)
}

// Cameras counts cameras, and keeps the police's word on each.
type Cameras interface {
	PutSignoff(ctx context.Context, w gatepost.Signoff, entry gatepost.LedgerEntry) error
	Coverage(ctx context.Context, division string, now time.Time) ([]gatepost.CoverageCount, error)
	WorkingPositions(ctx context.Context, box gatepost.Box) ([]gatepost.Position, error)
	Uncontrolled(ctx context.Context, division string, day gatepost.Day, percent int, after string, limit int) ([]gatepost.CameraDay, error)
	DayRuns(ctx context.Context, before gatepost.Day, limit int) ([]gatepost.DayRun, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Programmes
	Cameras
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store Store
	Now   func() time.Time // default time.Now
}

// Function is the operations on programmes. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Function{opts: opts}
}

func (f *Function) now() time.Time { return f.opts.Now().UTC().Truncate(time.Millisecond) }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"programmes"}
	huma.Register(api, huma.Operation{OperationID: "create-programme", Method: http.MethodPost, Path: "/v1/programmes",
		Summary: "Draw up my division's programme of a year, or another version of it", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-programmes", Method: http.MethodGet, Path: "/v1/programmes",
		Summary: "Programmes of my division and below it, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-programme", Method: http.MethodGet, Path: "/v1/programmes/{id}",
		Summary: "A programme", Tags: tags}, f.get)
	huma.Register(api, huma.Operation{OperationID: "update-programme", Method: http.MethodPut, Path: "/v1/programmes/{id}",
		Summary: "Change a draft, or what was returned", Tags: tags}, f.update)
	huma.Register(api, huma.Operation{OperationID: "submit-programme", Method: http.MethodPost, Path: "/v1/programmes/{id}/submit",
		Summary: "Submit a programme to the level above", Tags: tags}, f.submit)
	huma.Register(api, huma.Operation{OperationID: "review-programme", Method: http.MethodPost, Path: "/v1/programmes/{id}/review",
		Summary: "Pass on or approve a programme of the level below, or return it", Tags: tags}, f.review)
	huma.Register(api, huma.Operation{OperationID: "sign-off-camera", Method: http.MethodPost, Path: "/v1/cameras/{id}/sign-off",
		Summary: "Say as the police of its division whether a measured camera is built as it should be", Tags: tags, DefaultStatus: http.StatusNoContent}, f.signOff)
	huma.Register(api, huma.Operation{OperationID: "get-coverage", Method: http.MethodGet, Path: "/v1/coverage",
		Summary: "My division: cameras against programmes, by category, and places that no working camera covers", Tags: tags}, f.coverage)
	huma.Register(api, huma.Operation{OperationID: "list-uncontrolled", Method: http.MethodGet, Path: "/v1/coverage/uncontrolled",
		Summary: "Cameras of my division in service that did not record as they must on the last measured day", Tags: tags}, f.uncontrolled)
}

var (
	errNoProgramme = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such programme, or none that you may know of"}
	errAuthor      = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "owners and supervisors of the police and the government of a city or a county draw up its programme"}
	errReviewer = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "owners and supervisors of the police and the government of the level whose word is awaited review this"}
	errReader = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "police, government, departments and sub-control centres see the programmes of their division, the operator all"}
)

// reads returns the division whose programmes a subject may see; "" for all.
func reads(s gatepost.Subject) (string, error) {
	switch s.Kind {
	case gatepost.KindPolice, gatepost.KindGovernment, gatepost.KindDepartment, gatepost.KindSubControl:
		if gatepost.LevelOf(s.Division) != "" {
			return s.Division, nil
		}
	case gatepost.KindOperator:
		return "", nil
	}
	if s.Admin() {
		return "", nil
	}
	return "", errReader
}
