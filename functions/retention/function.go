package retention

import (
	"cmp"
	"context"
	"log/slog"
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

// Expiries finds what is over, and ends it.
type Expiries interface {
	ExpiredRecordings(ctx context.Context, e gatepost.Expiry, limit int) ([]gatepost.Recording, error)
	ExpiredTotal(ctx context.Context, e gatepost.Expiry) ([]gatepost.StorageTotal, error)
	// EndRecordings fails with Conflict when policy or camera changed meanwhile.
	EndRecordings(ctx context.Context, e gatepost.Ending) (ended, bytes int64, err error)
	EndByOrder(ctx context.Context, order string, ids []string, now time.Time) (ended, bytes int64, err error)
}

// Surroundings is what there is to know of cameras and of what was recorded.
type Surroundings interface {
	Cameras(ctx context.Context, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error)
	IncidentsAround(ctx context.Context, c gatepost.Camera, since time.Time) ([]gatepost.Incident, error)
	ActiveHolds(ctx context.Context, cameraID string, from, to, now time.Time) ([]gatepost.Hold, error)
	RecordingTimes(ctx context.Context, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error)
}

// Moves keeps account of objects that get another key; see internal/sqlstore.
type Moves interface {
	OutlivingRecordings(ctx context.Context, cameraID string, now time.Time, limit int) ([]gatepost.Recording, error)
	BeginMove(ctx context.Context, id, to string, now time.Time) (bool, error)
	FinishMove(ctx context.Context, id, to string, days int, class gatepost.StorageClass, began time.Time) (bool, error)
	EndMove(ctx context.Context, id, other string) error
	MovesBegun(ctx context.Context, before time.Time, limit int) ([]gatepost.Recording, error)
}

// Classes keeps account of the storage classes of objects.
type Classes interface {
	RecordingsOfClass(ctx context.Context, cameraID string, class gatepost.StorageClass, before time.Time, limit int) ([]gatepost.Recording, error)
	SetRecordingClass(ctx context.Context, id, key string, class gatepost.StorageClass) error
	StoredTotal(ctx context.Context, cameraID string) ([]gatepost.StorageTotal, error)
}

// Objects is where recordings lie; an objstore.Store has it, an objstore.Classer may be it. Copy
// fails with fs.ErrNotExist.
type Objects interface {
	Copy(ctx context.Context, from, to string) error
	Delete(ctx context.Context, keys ...string) error
}

// Records are what the sweep leaves behind.
type Records interface {
	PutRetentionRun(ctx context.Context, r gatepost.RetentionRun) error
	RetentionRuns(ctx context.Context, all bool, before string, limit int) ([]gatepost.RetentionRun, error)
	IssueCertificates(ctx context.Context, cameraID string, now time.Time) (int, error)
	DeletionCertificates(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.DeletionCertificate, error)
}

// Orders keeps deletion orders. DeletionOrder and UpdateDeletionOrder fail with
// NotFound.
type Orders interface {
	CreateDeletionOrder(ctx context.Context, o gatepost.DeletionOrder, entry gatepost.LedgerEntry) error
	DeletionOrder(ctx context.Context, id string) (gatepost.DeletionOrder, error)
	DeletionOrders(ctx context.Context, owner, cameraID, before string, limit int) ([]gatepost.DeletionOrder, error)
	StandingDeletionOrders(ctx context.Context, cameraID string, since time.Time) ([]gatepost.DeletionOrder, error)
	UpdateDeletionOrder(ctx context.Context, id string, change func(*gatepost.DeletionOrder) (gatepost.LedgerEntry, error)) (gatepost.DeletionOrder, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Policies
	Expiries
	Surroundings
	Moves
	Classes
	Records
	Orders
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store   Store
	Objects Objects

	// Cameras is how many cameras one round of the sweep visits at most. Default:
	// 2000.
	Cameras int
	// Recordings is how many recordings one round ends, moves and puts in
	// another class, some hundreds more or less. Default: 100,000: a million are over in ten rounds.
	Recordings int
	// Now defaults to time.Now.
	Now func() time.Time
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Function is the operations on retention. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.Cameras = cmp.Or(opts.Cameras, defaultCameras)
	opts.Recordings = cmp.Or(opts.Recordings, defaultRecordings)
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
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
	huma.Register(api, huma.Operation{OperationID: "dry-run-retention", Method: http.MethodPost, Path: "/v1/retention/dry-run",
		Summary: "What would be deleted now, under the present policy or another; nothing is (administrators)", Tags: tags}, f.dryRun)
	huma.Register(api, huma.Operation{OperationID: "list-retention-runs", Method: http.MethodGet, Path: "/v1/retention/runs",
		Summary: "What the rounds of the sweep did, newest first (administrators)", Tags: tags}, f.runs)
	huma.Register(api, huma.Operation{OperationID: "list-deletion-certificates", Method: http.MethodGet, Path: "/v1/retention/certificates",
		Summary: "What was deleted, by camera and day, newest first", Tags: tags}, f.certificates)
	huma.Register(api, huma.Operation{OperationID: "create-deletion-order", Method: http.MethodPost, Path: "/v1/deletion-orders",
		Summary: "Order footage to be deleted before its days are over, by a data subject's decision; somebody else approves it", Tags: tags, DefaultStatus: http.StatusCreated}, f.order)
	huma.Register(api, huma.Operation{OperationID: "list-deletion-orders", Method: http.MethodGet, Path: "/v1/deletion-orders",
		Summary: "Deletion orders, newest first", Tags: tags}, f.orders)
	huma.Register(api, huma.Operation{OperationID: "decide-deletion-order", Method: http.MethodPost, Path: "/v1/deletion-orders/{id}/decide",
		Summary: "Approve or refuse a deletion order of somebody else's", Tags: tags}, f.decide)
}
