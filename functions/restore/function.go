package restore

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	maxWindow  = 31 * 24 * time.Hour
	maxPurpose = 200 // characters
	maxReason  = 500
)

// Restores keeps what was asked for. CreateRestore fails with Conflict when there is nothing to restore, Restore
// with NotFound.
type Restores interface {
	CreateRestore(ctx context.Context, r gatepost.Restore, entry gatepost.LedgerEntry) (gatepost.Restore, error)
	Restore(ctx context.Context, id string) (gatepost.Restore, error)
	Restores(ctx context.Context, organisation, before string, limit int) ([]gatepost.Restore, error)
	OpenRestores(ctx context.Context, since time.Time, limit int) ([]gatepost.Restore, error)
	PutRestore(ctx context.Context, r gatepost.Restore) error
}

// Recordings are those that lie in the deep archive.
type Recordings interface {
	DeepRecordings(ctx context.Context, cameraID string, from, to, after time.Time, limit int) ([]gatepost.Recording, error)
	SetRestored(ctx context.Context, id, key string, until time.Time) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Restores
	Recordings
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store Store
	// Objects is where recordings lie. One that is no objstore.Restorer has no deep archive.
	Objects any

	// Days is for how long copies can be read. Default: 7.
	Days int
	// Look is how long after it looked for copies it looks again. Default: ten minutes.
	Look time.Duration
	// Most is how many objects a round asks for and looks at, for one restore. Default: 5,000.
	Most int
	// Now defaults to time.Now.
	Now func() time.Time
}

// Function is the operations on restores. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.Days, opts.Look, opts.Most = cmp.Or(opts.Days, 7), cmp.Or(opts.Look, 10*time.Minute), cmp.Or(opts.Most, 5000)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"restore"}
	huma.Register(api, huma.Operation{OperationID: "create-restore", Method: http.MethodPost, Path: "/v1/restores",
		Summary: "Get a window of a camera back from the deep archive, to be played for some days", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-restores", Method: http.MethodGet, Path: "/v1/restores",
		Summary: "What my organisation asked back from the deep archive, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-restore", Method: http.MethodGet, Path: "/v1/restores/{id}",
		Summary: "How far a restore is", Tags: tags}, f.get)
}

// RestoreRequest asks for a window.
type RestoreRequest struct {
	CameraID string    `json:"camera_id" minLength:"1" maxLength:"64"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to" doc:"Up to 31 days later"`
	Purpose  string    `json:"purpose" minLength:"1" maxLength:"200" doc:"What it is for; goes into the ledger"`
	Reason   string    `json:"reason" minLength:"1" maxLength:"500" doc:"Why; goes into the ledger"`
}

// Restore is a restore as the API shows one.
type Restore struct {
	ID         string     `json:"id"`
	CameraID   string     `json:"camera_id"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	Purpose    string     `json:"purpose"`
	Reason     string     `json:"reason"`
	AskedBy    string     `json:"asked_by" doc:"User id"`
	CreatedAt  time.Time  `json:"created_at"`
	State      string     `json:"state" enum:"running,ready,over,given_up" doc:"ready: the window can be played until playable_to; over: no more"`
	Recordings int64      `json:"recordings" doc:"That lay in the deep archive when it was asked for"`
	Bytes      int64      `json:"bytes"`
	Ready      int64      `json:"ready" doc:"How many of them can be played by now"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	PlayableTo *time.Time `json:"playable_to,omitempty" doc:"When the first of the copies goes"`
	Problem    string     `json:"problem,omitempty" doc:"Why it was given up"`
}

func (f *Function) view(r gatepost.Restore) Restore {
	out := Restore{ID: r.ID, CameraID: r.CameraID, From: r.From, To: r.To, Purpose: r.Purpose, Reason: r.Reason, AskedBy: r.By, CreatedAt: r.CreatedAt,
		State: "running", Recordings: r.Recordings, Bytes: r.Bytes, Ready: r.Ready, FinishedAt: r.FinishedAt, Problem: r.Problem}
	switch {
	case r.Problem != "":
		out.State = "given_up"
	case r.FinishedAt == nil:
	case r.PlayableTo.After(f.opts.Now()):
		out.State, out.PlayableTo = "ready", &r.PlayableTo
	default:
		out.State, out.PlayableTo = "over", &r.PlayableTo
	}
	return out
}

type (
	createInput   struct{ Body RestoreRequest }
	restoreOutput struct{ Body Restore }
	listInput     struct{ host.Page }
	listOutput    struct{ Body host.List[Restore] }
	idInput       struct {
		ID string `path:"id" maxLength:"64"`
	}
)

var errNone = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such restore, or none that you may know of"}

func (f *Function) create(ctx context.Context, in *createInput) (*restoreOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	r, err := f.newRestore(in, subject)
	if err != nil {
		return nil, err
	}
	detail := map[string]string{"act": "restore", "restore": r.ID, "purpose": r.Purpose, "reason": r.Reason,
		"from": r.From.Format(time.RFC3339Nano), "to": r.To.Format(time.RFC3339Nano)}
	c, decision, err := access.Gate{Store: f.opts.Store}.Window(ctx, subject, r.CameraID, access.Playback, r.From, r.To, detail)
	if err != nil {
		return nil, err
	}
	detail["rule"] = decision.Rule
	if decision.CaseNumber != "" {
		detail["case_number"] = decision.CaseNumber
	}
	r, err = f.opts.Store.CreateRestore(ctx, r, access.Entry(gatepost.LedgerRestore, subject, c.ID, detail))
	if err != nil {
		return nil, err
	}
	return &restoreOutput{Body: f.view(r)}, nil
}

// newRestore builds the restore that is asked for, rule by rule.
func (f *Function) newRestore(in *createInput, by gatepost.Subject) (r gatepost.Restore, err error) {
	b, now := in.Body, f.opts.Now()
	r = gatepost.Restore{ID: gatepost.NewID(), CameraID: b.CameraID, From: b.From.UTC().Truncate(time.Microsecond), To: b.To.UTC().Truncate(time.Microsecond),
		By: by.UserID, Organisation: by.Organisation, CreatedAt: now.UTC().Truncate(time.Millisecond)}
	switch {
	case r.From.Year() < 1970:
		return r, gatepost.InvalidField("from", "say from when; there is no footage from before 1970")
	case !r.From.Before(r.To):
		return r, gatepost.InvalidField("to", "a window must end after it begins")
	case r.From.After(now):
		return r, gatepost.InvalidField("from", "a window must begin in the past")
	case r.To.Sub(r.From) > maxWindow:
		return r, &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "a window may last 31 days at most; ask for several"}
	}
	if r.Purpose, err = gatepost.CheckText("purpose", b.Purpose, 1, maxPurpose); err != nil {
		return r, err
	}
	r.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason)
	return r, err
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	organisation := subject.Organisation
	if subject.Admin() {
		organisation = ""
	}
	list, err := f.opts.Store.Restores(ctx, organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(r gatepost.Restore) string { return r.ID }, f.view)}, nil
}

func (f *Function) get(ctx context.Context, in *idInput) (*restoreOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNone
	}
	r, err := f.opts.Store.Restore(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && r.Organisation != subject.Organisation && !subject.Admin() {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	return &restoreOutput{Body: f.view(r)}, nil
}
