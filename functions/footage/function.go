// Package footage lets a unit ask for what cameras around a place recorded,
// without knowing whose they are. Every owner of a camera in the area that recorded something then is told; he
// answers with some of his cameras, for the window that was asked for or less of
// it, or he says nothing.
//
// Silence reveals nothing. A request is answered in the same way and the same time whether it reaches
// nobody or a hundred owners: Run finds and tells them later, also of a withdrawal, in one transaction
// with one ledger entry at most, and what was read is written down nowhere. Those who
// asked see answers, and never whom they asked.
//
// An answer is a permission that functions/access reads anew for each look: it
// is for the case of the request and ends by itself, or when the owner revokes it
// or the request is withdrawn.
package footage

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Requests keeps footage requests. FootageRequest and FootageReceived fail with
// NotFound, WithdrawFootageRequest with Conflict.
type Requests interface {
	CreateFootageRequest(ctx context.Context, r gatepost.FootageRequest, entry gatepost.LedgerEntry) error
	FootageRequest(ctx context.Context, id string) (gatepost.FootageRequest, error)
	FootageRequests(ctx context.Context, organisation, before string, limit int) ([]gatepost.FootageRequest, error)
	WithdrawFootageRequest(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error
}

// Received keeps whom requests reached.
type Received interface {
	FootageReceived(ctx context.Context, id, owner string) (gatepost.FootageRequest, error)
	FootageRequestsReceived(ctx context.Context, owner, before string, limit int) ([]gatepost.FootageRequest, error)
	FootageRequestsToTell(ctx context.Context, limit int) ([]gatepost.FootageRequest, error)
	TellFootageRequest(ctx context.Context, id string, list []gatepost.Notification, entry gatepost.LedgerEntry) error
	TellFootageWithdrawal(ctx context.Context, id string, note gatepost.Notification) error
}

// Answers keeps what owners answered. AnswerFootageRequest fails with Gone and
// Conflict, RevokeFootageAnswer with Conflict.
type Answers interface {
	AnswerFootageRequest(ctx context.Context, a gatepost.FootageAnswer, tell gatepost.Notification, entry gatepost.LedgerEntry) error
	FootageAnswers(ctx context.Context, requests []string, holder string) ([]gatepost.FootageAnswer, error)
	RevokeFootageAnswer(ctx context.Context, id, by string, at time.Time, tell gatepost.Notification, entry gatepost.LedgerEntry) error
}

// Cameras finds cameras. Camera fails with NotFound.
type Cameras interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	Cameras(ctx context.Context, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error)
	CamerasAround(ctx context.Context, within string, parts []gatepost.AreaPart, after string, limit int) ([]gatepost.Camera, error)
	Recorded(ctx context.Context, cameras []string, from, to time.Time) ([]string, error)
}

// Organisations finds organisations, and what they are called.
type Organisations interface {
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Requests
	Received
	Answers
	Cameras
	Organisations
}

// Options are what a function works with.
type Options struct{ Store Store }

// Function is the operations on footage requests. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"footage requests"}
	huma.Register(api, huma.Operation{OperationID: "ask-footage", Method: http.MethodPost, Path: "/v1/footage-requests",
		Summary: "Ask the owners of cameras in an area for a window of their recordings", Tags: tags, DefaultStatus: http.StatusCreated}, f.ask)
	huma.Register(api, huma.Operation{OperationID: "list-footage-requests", Method: http.MethodGet, Path: "/v1/footage-requests",
		Summary: "What my organisation asked for, with the answers, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "withdraw-footage-request", Method: http.MethodDelete, Path: "/v1/footage-requests/{id}",
		Summary: "Withdraw a request; what was answered to it opens nothing any more", Tags: tags, DefaultStatus: http.StatusNoContent}, f.withdraw)
	huma.Register(api, huma.Operation{OperationID: "list-footage-requests-received", Method: http.MethodGet, Path: "/v1/footage-requests/received",
		Summary: "What my organisation was asked for, newest first", Tags: tags}, f.received)
	huma.Register(api, huma.Operation{OperationID: "list-footage-request-cameras", Method: http.MethodGet, Path: "/v1/footage-requests/{id}/cameras",
		Summary: "My organisation's cameras in the area of a request that it received", Tags: tags}, f.cameras)
	huma.Register(api, huma.Operation{OperationID: "answer-footage-request", Method: http.MethodPost, Path: "/v1/footage-requests/{id}/answer",
		Summary: "Let those who asked see a window of some of my cameras", Tags: tags, DefaultStatus: http.StatusCreated}, f.answer)
	huma.Register(api, huma.Operation{OperationID: "revoke-footage-answer", Method: http.MethodDelete, Path: "/v1/footage-requests/{id}/answer",
		Summary: "Revoke what I answered; its pictures are dark within five seconds", Tags: tags, DefaultStatus: http.StatusNoContent}, f.revoke)
}

var (
	errNoRequest = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such footage request, or none that you may know of"}
	errAsker     = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of police, government, department and sub-control organisations ask for footage"}
	errOwner     = &gatepost.Error{Code: gatepost.Forbidden, Message: "requests for footage are read and answered by the owners and supervisors of the organisation that owns the cameras"}
)

// mayAsk tells who asks: not the operator, which never watches, nor those who
// hold share links only.
func mayAsk(s gatepost.Subject) bool {
	return s.Kind.Authority() && s.Leads()
}

// mayAnswer tells who answers for his organisation. The operator lets nobody watch.
func mayAnswer(s gatepost.Subject) bool { return s.Kind != gatepost.KindOperator && s.Leads() }

// asked returns a request of the subject's organisation, any for an
// administrator. It fails with NotFound.
func (f *Function) asked(ctx context.Context, id string) (gatepost.FootageRequest, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.FootageRequest{}, s, err
	}
	if !gatepost.ValidID(id) {
		return gatepost.FootageRequest{}, s, errNoRequest
	}
	r, err := f.opts.Store.FootageRequest(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && r.Organisation != s.Organisation && !s.Admin() {
		return gatepost.FootageRequest{}, s, errNoRequest
	}
	return r, s, err
}

// reached returns a request that reached the subject's organisation, for those
// who answer it. It fails with NotFound and Forbidden.
func (f *Function) reached(ctx context.Context, id string) (gatepost.FootageRequest, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.FootageRequest{}, s, err
	}
	if !gatepost.ValidID(id) {
		return gatepost.FootageRequest{}, s, errNoRequest
	}
	r, err := f.opts.Store.FootageReceived(ctx, id, s.Organisation)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return r, s, errNoRequest
	}
	if err == nil && !mayAnswer(s) {
		return gatepost.FootageRequest{}, s, errOwner
	}
	return r, s, err
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, r gatepost.FootageRequest, camera string, detail map[string]string) gatepost.LedgerEntry {
	detail["request"], detail["case_number"] = r.ID, r.CaseNumber
	return access.Entry(gatepost.LedgerRequest, s, camera, detail)
}
