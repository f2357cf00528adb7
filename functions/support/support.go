// Package support lets an owner have the operator's people look at its cameras,
// because it asked them to help: for at most 24 hours, after which the window
// closes by itself. Every look under it rests on the window and ends with it.
package support

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const maxReason = 500 // characters

// Windows keeps support windows. Support and CloseSupport fail with NotFound.
type Windows interface {
	OpenSupport(ctx context.Context, w gatepost.SupportWindow, entry gatepost.LedgerEntry) error
	Support(ctx context.Context, id string) (gatepost.SupportWindow, error)
	SupportWindows(ctx context.Context, owner string, now time.Time, before string, limit int) ([]gatepost.SupportWindow, error)
	CloseSupport(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Windows
	access.Store
}

// Options are what a function works with.
type Options struct{ Store Store }

// Function is the operations on support windows. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"support"}
	huma.Register(api, huma.Operation{OperationID: "open-support-window", Method: http.MethodPost, Path: "/v1/support-windows",
		Summary: "Let the operator's people look at my cameras for a time", Tags: tags, DefaultStatus: http.StatusCreated}, f.open)
	huma.Register(api, huma.Operation{OperationID: "list-support-windows", Method: http.MethodGet, Path: "/v1/support-windows",
		Summary: "My organisation's support windows, newest first; to the operator, those that are open", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "close-support-window", Method: http.MethodDelete, Path: "/v1/support-windows/{id}",
		Summary: "Close a support window; its pictures are dark within five seconds", Tags: tags, DefaultStatus: http.StatusNoContent}, f.close)
}

// Window is a support window as the API shows one.
type Window struct {
	ID       string     `json:"id"`
	OwnerID  string     `json:"owner_id"`
	CameraID string     `json:"camera_id,omitempty" doc:"Absent: every camera of the owner"`
	Reason   string     `json:"reason"`
	OpenedBy string     `json:"opened_by" doc:"User id"`
	From     time.Time  `json:"from"`
	Until    time.Time  `json:"until"`
	ClosedAt *time.Time `json:"closed_at,omitempty" doc:"When it was closed early"`
}

func view(w gatepost.SupportWindow) Window {
	return Window{ID: w.ID, OwnerID: w.Owner, CameraID: w.CameraID, Reason: w.Reason, OpenedBy: w.OpenedBy, From: w.From, Until: w.Until, ClosedAt: w.ClosedAt}
}

type (
	openInput struct {
		Body struct {
			CameraID string    `json:"camera_id,omitempty" maxLength:"64" doc:"Absent: every camera of my organisation"`
			Reason   string    `json:"reason" minLength:"1" maxLength:"500"`
			Until    time.Time `json:"until" doc:"At most 24 hours from now"`
		}
	}
	windowOutput struct{ Body Window }
	listInput    struct{ host.Page }
	listOutput   struct{ Body host.List[Window] }
	closeInput   struct {
		ID string `path:"id" maxLength:"64"`
	}
)

func (f *Function) open(ctx context.Context, in *openInput) (*windowOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	w := gatepost.SupportWindow{ID: gatepost.NewID(), Owner: s.Organisation, CameraID: in.Body.CameraID, OpenedBy: s.UserID,
		From: now, Until: in.Body.Until.UTC().Truncate(time.Second)}
	if w.Reason, err = gatepost.CheckText("reason", in.Body.Reason, 1, maxReason); err != nil {
		return nil, err
	}
	switch {
	case !w.Until.After(now):
		return nil, gatepost.InvalidField("until", "a support window must end in the future")
	case w.Until.Sub(now) > gatepost.MaxSupport:
		return nil, gatepost.InvalidField("until", "a support window lasts 24 hours at most; open another then")
	}
	// Whoever may let others look at his organisation's cameras may let the
	// operator. An administrator may not: the window is the owner's word.
	own := gatepost.Camera{Owner: s.Organisation}
	if w.CameraID != "" {
		if own, _, err = (access.Gate{Store: f.opts.Store}).Camera(ctx, s, w.CameraID, access.Share, map[string]string{"act": "open_support"}); err != nil {
			return nil, err
		}
	}
	if d := access.Decide(access.Request{Subject: s, Action: access.Share, Camera: own, At: now}); !d.Allowed || own.Owner != s.Organisation || s.Kind == gatepost.KindOperator {
		return nil, errOwner
	}
	entry := access.Entry(gatepost.LedgerSupport, s, w.CameraID, map[string]string{"act": "open", "window": w.ID, "reason": w.Reason, "until": w.Until.Format(time.RFC3339)})
	if err := f.opts.Store.OpenSupport(ctx, w, entry); err != nil {
		return nil, err
	}
	return &windowOutput{Body: view(w)}, nil
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner := s.Organisation
	if s.Kind == gatepost.KindOperator {
		owner = ""
	}
	list, err := f.opts.Store.SupportWindows(ctx, owner, time.Now(), in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(w gatepost.SupportWindow) string { return w.ID }, view)}, nil
}

func (f *Function) close(ctx context.Context, in *closeInput) (*struct{}, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoWindow
	}
	w, err := f.opts.Store.Support(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && w.Owner != s.Organisation && !s.Admin() {
		return nil, errNoWindow
	}
	if err != nil {
		return nil, err
	}
	if d := access.Decide(access.Request{Subject: s, Action: access.Share, Camera: gatepost.Camera{Owner: w.Owner}}); !d.Allowed {
		return nil, errOwner
	}
	return nil, f.opts.Store.CloseSupport(ctx, w.ID, s.UserID, time.Now(),
		access.Entry(gatepost.LedgerSupport, s, w.CameraID, map[string]string{"act": "close", "window": w.ID}))
}

var (
	errOwner    = &gatepost.Error{Code: gatepost.Forbidden, Message: "a support window is opened and closed by the owners and supervisors of the organisation whose cameras it is about"}
	errNoWindow = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such support window, or none that you may know of"}
)
