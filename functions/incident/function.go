// Package incident opens cameras in an emergency: a command centre names an area,
// those who shall see, a reason and an end, and every camera of the area is open
// to them, live, whatever its class, until then (mission R15).
//
// The decision itself is functions/access's, which reads the incident anew for
// each look. A look that rests on an incident ends with it, by its own expiry; an
// incident that is ended early revokes them. Owners are told when their cameras
// were opened, by whom and why, and when they are closed again. A drill has the same effects, and
// is called one wherever it is seen.
package incident

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Incidents keeps incidents. Incident and UpdateIncident fail with NotFound.
type Incidents interface {
	CreateIncident(ctx context.Context, i gatepost.Incident, parts []gatepost.AreaPart, apart time.Duration, beside func(near []gatepost.Incident) error, entry gatepost.LedgerEntry) error
	Incident(ctx context.Context, id string) (gatepost.Incident, error)
	Incidents(ctx context.Context, who gatepost.Subject, before string, limit int) ([]gatepost.Incident, error)
	UpdateIncident(ctx context.Context, id string, now time.Time, change func(*gatepost.Incident) (gatepost.LedgerEntry, error)) (gatepost.Incident, error)
}

// Telling keeps what owners are told.
type Telling interface {
	IncidentsToTell(ctx context.Context, now time.Time, limit int) (started, ended []gatepost.Incident, err error)
	TellIncident(ctx context.Context, id, told string, list []gatepost.Notification) error
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Cameras finds cameras and the looks at them.
type Cameras interface {
	CamerasAround(ctx context.Context, within string, parts []gatepost.AreaPart, after string, limit int) ([]gatepost.Camera, error)
	GrantsOn(ctx context.Context, basis, after string, limit int) ([]gatepost.Grant, error)
}

// Organisations finds organisations; Organisation fails with NotFound.
type Organisations interface {
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Incidents
	Telling
	Cameras
	Organisations
	AppendLedger(ctx context.Context, e gatepost.LedgerEntry) error
}

// Options are what a function works with.
type Options struct {
	Store  Store
	Logger *slog.Logger // default slog.Default()
}

// Function is the operations on incidents. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"incidents"}
	huma.Register(api, huma.Operation{OperationID: "create-incident", Method: http.MethodPost, Path: "/v1/incidents",
		Summary: "Open the cameras of an area for a time", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-incidents", Method: http.MethodGet, Path: "/v1/incidents",
		Summary: "Incidents that my organisation activated, approves or is named by, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-incident", Method: http.MethodGet, Path: "/v1/incidents/{id}",
		Summary: "An incident", Tags: tags}, f.get)
	huma.Register(api, huma.Operation{OperationID: "approve-incident", Method: http.MethodPost, Path: "/v1/incidents/{id}/approve",
		Summary: "Give the second word that an incident needs", Tags: tags}, f.approve)
	huma.Register(api, huma.Operation{OperationID: "end-incident", Method: http.MethodPost, Path: "/v1/incidents/{id}/end",
		Summary: "End an incident early; its pictures are dark within five seconds", Tags: tags}, f.end)
	huma.Register(api, huma.Operation{OperationID: "list-incident-cameras", Method: http.MethodGet, Path: "/v1/incidents/{id}/cameras",
		Summary: "The cameras that an incident opens", Tags: tags}, f.cameras)
	huma.Register(api, huma.Operation{OperationID: "list-incident-looks", Method: http.MethodGet, Path: "/v1/incidents/{id}/looks",
		Summary: "Who looked at what under an incident, and when", Tags: tags}, f.looks)
}

// commander tells whether a subject may activate incidents, and approve and end
// them: the leaders of the police and of a government's emergency centre.
func commander(s gatepost.Subject) bool {
	return (s.Kind == gatepost.KindPolice || s.Kind == gatepost.KindGovernment) &&
		(s.Leads() || s.Admin())
}

// commands tells whether a subject has an incident in hand: the leaders of those
// who activated it or whose word it needed, and administrators.
func commands(i gatepost.Incident, s gatepost.Subject) bool {
	return s.Admin() || (s.Organisation == i.Organisation || s.Organisation == i.Approver) && commander(s)
}

var (
	errNoIncident = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such incident, or none that you may know of"}
	errCommander  = &gatepost.Error{Code: gatepost.Forbidden, Message: "incidents are activated by owners and supervisors of police and government organisations"}
	errNoDivision = &gatepost.Error{Code: gatepost.Conflict, Message: "your organisation has no administrative division, so that nobody knows which cameras it may open; ask an administrator to set it"}
)

// visible returns an incident that a subject may know of: of an organisation that
// activated it, approves it or is named by it, and an administrator. It fails
// with NotFound.
func (f *Function) visible(ctx context.Context, id string) (gatepost.Incident, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Incident{}, s, err
	}
	if !gatepost.ValidID(id) {
		return gatepost.Incident{}, s, errNoIncident
	}
	i, err := f.opts.Store.Incident(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return i, s, errNoIncident
	}
	if err == nil && !s.Admin() && !concerns(i, s) {
		return gatepost.Incident{}, s, errNoIncident
	}
	return i, s, err
}
