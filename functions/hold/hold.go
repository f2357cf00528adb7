// Package hold keeps recordings from deletion for a case: a window of one
// camera, until a date. A hold outlasts the camera's retention, never shortens
// it, and ends by itself; releasing it ends it before. What has been deleted
// already it cannot bring back, so laying one says how many recordings it
// keeps.
package hold

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

// Bounds of a hold, and lengths in characters.
const (
	maxWindow = 366 * 24 * time.Hour
	maxAhead  = 31 * 24 * time.Hour       // the window's end, for what is still going on
	maxUntil  = 10 * 366 * 24 * time.Hour // no hold lasts for ever by itself
	maxCase   = 64
	maxReason = 500
)

// Holds keeps holds. Hold and ReleaseHold fail with NotFound, CreateHold with Conflict when
// a hold of the same case keeps some of the window.
type Holds interface {
	CreateHold(ctx context.Context, h gatepost.Hold, entry gatepost.LedgerEntry) (kept int, err error)
	Hold(ctx context.Context, id string) (gatepost.Hold, error)
	Holds(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.Hold, error)
	ReleaseHold(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	HoldUses(ctx context.Context, owner string, now time.Time) ([]gatepost.HoldUse, error)
	HoldWarnings(ctx context.Context) (map[string]gatepost.HoldWarning, error)
	WarnOfHolds(ctx context.Context, u gatepost.HoldUse, w gatepost.HoldWarning, limit int64, now time.Time) (told bool, err error)
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
}

// Cameras finds cameras; Camera fails with NotFound.
type Cameras interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Holds
	Cameras
	access.Store
}

// Options are what a function works with.
type Options struct{ Store Store }

// Function is the operations on holds. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"holds"}
	huma.Register(api, huma.Operation{OperationID: "create-hold", Method: http.MethodPost, Path: "/v1/holds",
		Summary: "Keep a window of a camera's recordings for a case", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-holds", Method: http.MethodGet, Path: "/v1/holds",
		Summary: "Holds, newest first, released and past ones too", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "delete-hold", Method: http.MethodDelete, Path: "/v1/holds/{id}",
		Summary: "Release a hold; what is beyond its retention is then deleted", Tags: tags, DefaultStatus: http.StatusNoContent}, f.release)
	huma.Register(api, huma.Operation{OperationID: "get-hold-use", Method: http.MethodGet, Path: "/v1/holds/use",
		Summary: "What holds keep, by organisation, and how near that is to what the retention policy gives them", Tags: tags}, f.use)
}

// Hold is a hold as the API shows one.
type Hold struct {
	ID         string     `json:"id"`
	CameraID   string     `json:"camera_id"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	CaseNumber string     `json:"case_number"`
	Reason     string     `json:"reason"`
	Until      time.Time  `json:"until"`
	CreatedBy  string     `json:"created_by" doc:"User id"`
	CreatedAt  time.Time  `json:"created_at"`
	ReleasedAt *time.Time `json:"released_at,omitempty"`
}

// NewHold is a hold that has just been laid.
type NewHold struct {
	Hold
	Recordings int `json:"recordings" doc:"How many recordings it keeps now; those that come later in its window it keeps as well"`
}

func view(h gatepost.Hold) Hold {
	return Hold{ID: h.ID, CameraID: h.CameraID, From: h.From, To: h.To, CaseNumber: h.Case, Reason: h.Reason, Until: h.Until,
		CreatedBy: h.By, CreatedAt: h.CreatedAt, ReleasedAt: h.ReleasedAt}
}

type (
	holdInput struct {
		Body struct {
			CameraID   string    `json:"camera_id" minLength:"1" maxLength:"64"`
			From       time.Time `json:"from"`
			To         time.Time `json:"to" doc:"At most 366 days after from, and 31 days ahead for what is still going on"`
			CaseNumber string    `json:"case_number" minLength:"1" maxLength:"64"`
			Reason     string    `json:"reason" minLength:"1" maxLength:"500"`
			Until      time.Time `json:"until" doc:"When the hold ends by itself, at most ten years ahead"`
		}
	}
	createOutput struct{ Body NewHold }
	listInput    struct {
		host.Page
		CameraID string `query:"camera_id" maxLength:"64" doc:"Only the holds on this camera"`
	}
	listOutput   struct{ Body host.List[Hold] }
	releaseInput struct {
		ID string `path:"id" maxLength:"64"`
	}
)

func (f *Function) create(ctx context.Context, in *holdInput) (*createOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	h, err := newHold(in, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	h.By = subject.UserID
	detail := map[string]string{"act": "lay", "hold": h.ID, "case_number": h.Case, "reason": h.Reason,
		"from": h.From.Format(time.RFC3339Nano), "to": h.To.Format(time.RFC3339Nano), "until": h.Until.Format(time.RFC3339)}
	if _, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, subject, h.CameraID, access.Hold, detail); err != nil {
		return nil, err
	}
	kept, err := f.opts.Store.CreateHold(ctx, h, access.Entry(gatepost.LedgerHold, subject, h.CameraID, detail))
	if err != nil {
		return nil, err
	}
	return &createOutput{Body: NewHold{Hold: view(h), Recordings: kept}}, nil
}

// newHold builds the hold that is asked for, rule by rule.
func newHold(in *holdInput, now time.Time) (h gatepost.Hold, err error) {
	b := in.Body
	h = gatepost.Hold{ID: gatepost.NewID(), CameraID: b.CameraID, From: b.From.UTC().Truncate(time.Microsecond), To: b.To.UTC().Truncate(time.Microsecond),
		Until: b.Until.UTC().Truncate(time.Millisecond), CreatedAt: now.Truncate(time.Millisecond)}
	switch {
	case h.From.Year() < 1970:
		return h, gatepost.InvalidField("from", "say from when; there is no footage from before 1970")
	case !h.From.Before(h.To):
		return h, gatepost.InvalidField("from", "from must lie before to")
	case h.From.After(now):
		return h, gatepost.InvalidField("from", "from must not lie in the future; there is no footage to keep yet")
	case h.To.Sub(now) > maxAhead:
		return h, gatepost.InvalidField("to", "to lies at most 31 days ahead; lay another hold then")
	case h.To.Sub(h.From) > maxWindow:
		return h, gatepost.InvalidField("from", "a hold's window is 366 days long at most; lay several")
	case !h.Until.After(now):
		return h, gatepost.InvalidField("until", "a hold must end in the future")
	case h.Until.Sub(now) > maxUntil:
		return h, gatepost.InvalidField("until", "a hold lasts ten years at most; lay another then")
	}
	if h.Case, err = gatepost.CheckText("case_number", b.CaseNumber, 1, maxCase); err != nil {
		return h, err
	}
	h.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason)
	return h, err
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner := subject.Organisation
	if subject.Admin() {
		owner = ""
	}
	if in.CameraID != "" {
		if _, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, subject, in.CameraID, access.Hold, nil); err != nil {
			return nil, err
		}
	} else if d := access.Decide(access.Request{Subject: subject, Action: access.Hold, Camera: gatepost.Camera{Owner: subject.Organisation}}); !d.Allowed {
		return nil, d.Err()
	}
	holds, err := f.opts.Store.Holds(ctx, owner, in.CameraID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(holds, in.Limit, func(h gatepost.Hold) string { return h.ID }, view)}, nil
}

func (f *Function) release(ctx context.Context, in *releaseInput) (*struct{}, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoHold
	}
	h, err := f.opts.Store.Hold(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoHold
	}
	if err != nil {
		return nil, err
	}
	detail := map[string]string{"act": "release", "hold": h.ID, "case_number": h.Case}
	if err := (access.Gate{Store: f.opts.Store}).Beside(ctx, subject, h.CameraID, access.Hold, detail, errNoHold); err != nil {
		return nil, err
	}
	return nil, f.opts.Store.ReleaseHold(ctx, h.ID, time.Now(), access.Entry(gatepost.LedgerHold, subject, h.CameraID, detail))
}

// HoldUse is what the holds on an organisation's cameras keep.
type HoldUse struct {
	OrganisationID string               `json:"organisation_id"`
	Holds          int64                `json:"holds"`
	Recordings     int64                `json:"recordings"`
	Bytes          int64                `json:"bytes"`
	LimitBytes     int64                `json:"limit_bytes" doc:"From which on the organisation is warned; 0 for never. No hold is refused for it, and nothing held is deleted"`
	Warning        gatepost.HoldWarning `json:"warning" enum:"none,near,over" doc:"near: four fifths of the limit are used"`
}

type useOutput struct{ Body host.List[HoldUse] }

func (f *Function) use(ctx context.Context, _ *struct{}) (*useOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner := subject.Organisation
	if subject.Admin() {
		owner = ""
	} else if d := access.Decide(access.Request{Subject: subject, Action: access.Hold, Camera: gatepost.Camera{Owner: owner}}); !d.Allowed {
		return nil, d.Err()
	}
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	uses, err := f.opts.Store.HoldUses(ctx, owner, time.Now())
	if err != nil {
		return nil, err
	}
	return &useOutput{Body: host.Paged(uses, len(uses), func(u gatepost.HoldUse) string { return u.Organisation }, func(u gatepost.HoldUse) HoldUse {
		return HoldUse{OrganisationID: u.Organisation, Holds: u.Holds, Recordings: u.Recordings, Bytes: u.Bytes, LimitBytes: p.HoldBytes, Warning: u.Warning(p)}
	})}, nil
}

// Run warns the organisations whose holds have come near to what the retention policy gives them, and
// administrators, once each time. No hold is refused for it.
func (f *Function) Run(ctx context.Context) error {
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return err
	}
	warned, err := f.opts.Store.HoldWarnings(ctx)
	if err != nil || p.HoldBytes == 0 && len(warned) == 0 {
		return err
	}
	now := time.Now()
	uses, err := f.opts.Store.HoldUses(ctx, "", now)
	if err != nil {
		return err
	}
	for _, u := range uses {
		delete(warned, u.Organisation)
		if err := f.warn(ctx, u, p, now); err != nil {
			return err
		}
	}
	for organisation := range warned { // which have no holds any more
		if err := f.warn(ctx, gatepost.HoldUse{Organisation: organisation}, p, now); err != nil {
			return err
		}
	}
	return nil
}

func (f *Function) warn(ctx context.Context, u gatepost.HoldUse, p gatepost.RetentionPolicy, now time.Time) error {
	told, err := f.opts.Store.WarnOfHolds(ctx, u, u.Warning(p), p.HoldBytes, now)
	if told {
		host.Did(ctx, "organisations_warned", 1)
	}
	return err
}

var errNoHold = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such hold, or none that you may know of"}
