// Package camera is the registration of cameras: enrolment, description, key
// rotation, and the life cycle
//
//	enrolled → acceptance → in_service
//	    └──────────┴────────────┴──⇄ suspended     every state → retired
//
// A camera leaves enrolled with its first push and acceptance with a passed
// measurement; both happen in functions/node. Asking to be measured again
// takes a camera back to acceptance until the next verdict. A resumed camera
// goes back to where its last verdict puts it.
//
// The stream key is shown once, at enrolment and at each rotation; only its
// hash and the SRT passphrase derived from it are stored. Rotating, suspending
// and retiring end a running session within seconds.
//
// A camera's GB/T 28181 id is its identity towards other platforms and stays
// when its division or place is corrected later.
package camera

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Cameras keeps cameras. Camera and UpdateCamera fail with NotFound; see
// internal/sqlstore.
type Cameras interface {
	CreateCamera(ctx context.Context, c gatepost.Camera, entry gatepost.LedgerEntry) (gatepost.Camera, error)
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	// Cameras and KnowableCameras list at most limit cameras in the order of
	// their ids, after the one with id after ("" from the start). The latter lists
	// those that a subject may know of by facts of KnowingFacts, and others.
	Cameras(ctx context.Context, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error)
	KnowingFacts(ctx context.Context, s gatepost.Subject, at time.Time) (gatepost.AccessFacts, error)
	KnowableCameras(ctx context.Context, s gatepost.Subject, facts gatepost.AccessFacts, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error)
	UpdateCamera(ctx context.Context, id string, fence bool, change func(*gatepost.Camera) (gatepost.LedgerEntry, error)) (gatepost.Camera, error)
}

// Register is what enrolment looks up. Its methods fail with NotFound.
type Register interface {
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
	Division(ctx context.Context, code string) (gatepost.Division, error)
}

// Policies is what bounds retention.
type Policies interface {
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
}

// Statuses is the newest word of the gateways, and of the police.
type Statuses interface {
	CameraStatuses(ctx context.Context, ids []string) (map[string]gatepost.CameraStatus, error)
	LastSignoff(ctx context.Context, cameraID string) (w gatepost.Signoff, ok bool, err error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Cameras
	Register
	Policies
	Statuses
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store     Store
	Addresses gatepost.Addresses // where cameras push to
}

// Function is the operations on cameras. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"camera"}
	huma.Register(api, huma.Operation{OperationID: "create-camera", Method: http.MethodPost, Path: "/v1/cameras",
		Summary: "Enrol a camera; its stream key is shown once", Tags: tags, DefaultStatus: http.StatusCreated}, f.enrol)
	huma.Register(api, huma.Operation{OperationID: "list-cameras", Method: http.MethodGet, Path: "/v1/cameras",
		Summary: "List the cameras that one may know of: one's own, those of a division for its police, those that grants and incidents open; all of them for administrators and the operator", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-camera", Method: http.MethodGet, Path: "/v1/cameras/{id}",
		Summary: "One camera", Tags: tags}, f.get)
	huma.Register(api, huma.Operation{OperationID: "update-camera", Method: http.MethodPatch, Path: "/v1/cameras/{id}",
		Summary: "Change what describes a camera", Tags: tags}, f.patch)
	huma.Register(api, huma.Operation{OperationID: "rotate-camera-key", Method: http.MethodPost, Path: "/v1/cameras/{id}/key",
		Summary: "Make a new stream key; the old one stops at once", Tags: tags}, f.rotate)
	huma.Register(api, huma.Operation{OperationID: "suspend-camera", Method: http.MethodPost, Path: "/v1/cameras/{id}/suspend",
		Summary: "Stop a camera from pushing; its archive stays", Tags: tags}, f.suspend)
	huma.Register(api, huma.Operation{OperationID: "resume-camera", Method: http.MethodPost, Path: "/v1/cameras/{id}/resume",
		Summary: "Let a suspended camera push again", Tags: tags}, f.resume)
	huma.Register(api, huma.Operation{OperationID: "retire-camera", Method: http.MethodPost, Path: "/v1/cameras/{id}/retire",
		Summary: "Take a camera out of service for good; its archive runs out by its retention", Tags: tags}, f.retire)
	huma.Register(api, huma.Operation{OperationID: "measure-camera", Method: http.MethodPost, Path: "/v1/cameras/{id}/acceptance",
		Summary: "Measure a camera again, on its next 30 seconds", Tags: tags}, f.measure)
}

// camera returns a camera that the caller may do something with, and who the
// caller is.
func (f *Function) camera(ctx context.Context, id string, action access.Action) (gatepost.Camera, gatepost.Subject, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Camera{}, subject, err
	}
	c, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, subject, id, action, nil)
	return c, subject, err
}
