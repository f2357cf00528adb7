// Package evidence takes footage out of the system so that it stands as
// evidence: a clip with where it is from, who took it and why, the ledger's proof
// of that and the platform's signature, in one file that anybody can check
// without an account (internal/evidence).
//
// An export is decided and registered as it is asked for, made by Run into object
// storage, and fetched by links that are decided and registered anew.
//
//	queued ⇄ making → ready → removed | expired
//	            └───→ failed
//
// # Invariants
//
//  1. The ledger has the decision before anything is made, the clip's SHA-256
//     before the file exists, and every link before it is given out.
//  2. An export is made by one process at a time; one that dies is taken over
//     when its lease is over.
//  3. A file goes after its row says so, and rows stay.
//
// docs/design/evidence.md says what this proves and what it does not.
package evidence

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Exports keeps exports; internal/sqlstore says what each method does.
type Exports interface {
	CreateEvidence(ctx context.Context, e gatepost.Evidence, waiting int, entry gatepost.LedgerEntry) error
	Evidence(ctx context.Context, id string) (gatepost.Evidence, error)
	EvidenceList(ctx context.Context, f gatepost.EvidenceFilter, before string, limit int) ([]gatepost.Evidence, error)
	ClaimEvidence(ctx context.Context, now, lease time.Time) (e gatepost.Evidence, ok bool, err error)
	UpdateEvidence(ctx context.Context, id string, change func(*gatepost.Evidence) ([]gatepost.LedgerEntry, error)) (gatepost.Evidence, error)
	// RegisterExport writes an entry and tells the camera's owner.
	RegisterExport(ctx context.Context, e gatepost.LedgerEntry) error
	SpentEvidence(ctx context.Context, now time.Time, limit int) ([]gatepost.Evidence, error)
}

// Keys keeps the keys that evidence is signed with.
type Keys interface {
	EvidenceKeys(ctx context.Context) ([]gatepost.SigningKey, error)
	// WithdrawEvidenceKey has next sign when id was the active key. It fails with NotFound.
	WithdrawEvidenceKey(ctx context.Context, id string, w gatepost.Withdrawal, next gatepost.SigningKey, entry gatepost.LedgerEntry) error
	// ReplaceEvidenceKey fails with Conflict when old is not the active key.
	ReplaceEvidenceKey(ctx context.Context, old string, next gatepost.SigningKey, entry gatepost.LedgerEntry) error
}

// Names finds what users and organisations are called, by id.
type Names interface {
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Exports
	Keys
	Names
	access.Store
}

// Clips are assembled; functions/playback says what each method does.
type Clips interface {
	Assemble(ctx context.Context, cameraID string, from, to time.Time, file *os.File) (gatepost.Clip, error)
	ClipSize(ctx context.Context, cameraID string, from, to time.Time) (int64, error)
	Spans(ctx context.Context, c gatepost.Camera, from, to time.Time) ([]gatepost.Span, error)
}

// Ledger numbers entries and proves that they are there; functions/ledger has
// both. Prove fails with Unavailable until Run has been.
type Ledger interface {
	Run(ctx context.Context) error
	Prove(ctx context.Context, id string) (gatepost.LedgerProof, error)
}

// Objects is where files lie; an objstore.Store has it.
type Objects interface {
	Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error
	Presign(ctx context.Context, key string, opts objstore.PresignOptions) (string, error)
	Delete(ctx context.Context, keys ...string) error
}

// Options are what a function works with.
type Options struct {
	Store   Store
	Clips   Clips
	Ledger  Ledger
	Objects Objects

	// Address is the base URL of the portal and the API, for the words in the
	// file that say where to check it.
	Address string
	// Life is how long after it was made a file is deleted. Default: 30 days.
	Life time.Duration
	// Link is how long a link holds. Default: 1 h.
	Link time.Duration
	// Lease is how long after the last word of its maker an export is taken over.
	// Default: 1 min.
	Lease time.Duration
	// Waiting is how many exports one organisation may wait for. Default: 20.
	Waiting int
	// TempDir takes a clip while it is made, up to four gigabytes. Default: that of
	// the system.
	TempDir string
	// Logger: default slog.Default().
	Logger *slog.Logger
}

// Function is the operations on evidence, and its timed work. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.Life = cmp.Or(opts.Life, 30*24*time.Hour)
	opts.Link = cmp.Or(opts.Link, time.Hour)
	opts.Lease = cmp.Or(opts.Lease, time.Minute)
	opts.Waiting = cmp.Or(opts.Waiting, 20)
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"evidence"}
	huma.Register(api, huma.Operation{OperationID: "create-evidence", Method: http.MethodPost, Path: "/v1/evidence",
		Summary: "Export footage as evidence; the file is made within minutes", Tags: tags, DefaultStatus: http.StatusAccepted}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-evidence", Method: http.MethodGet, Path: "/v1/evidence",
		Summary: "Exports by my organisation and of its cameras, newest first; one's own for those who do not lead it", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-evidence", Method: http.MethodGet, Path: "/v1/evidence/{id}",
		Summary: "One export, and how far it is", Tags: tags}, f.get)
	huma.Register(api, huma.Operation{OperationID: "link-evidence", Method: http.MethodPost, Path: "/v1/evidence/{id}/link",
		Summary: "A link to fetch the file with; each is registered", Tags: tags, DefaultStatus: http.StatusCreated}, f.link)
	huma.Register(api, huma.Operation{OperationID: "remove-evidence", Method: http.MethodDelete, Path: "/v1/evidence/{id}",
		Summary: "Delete the file, or make none any more; that it was exported stays known", Tags: tags, DefaultStatus: http.StatusNoContent}, f.remove)
	huma.Register(api, huma.Operation{OperationID: "get-evidence-keys", Method: http.MethodGet, Path: "/v1/evidence-keys",
		Summary: "The keys that evidence verifies with, retired and withdrawn ones too (RFC 7517)", Tags: tags, Security: auth.Public}, f.keys)
	huma.Register(api, huma.Operation{OperationID: "replace-evidence-key", Method: http.MethodPost, Path: "/v1/evidence-keys",
		Summary: "Sign with a new key from now on; the old one verifies for ever", Tags: tags}, f.replaceKey)
	huma.Register(api, huma.Operation{OperationID: "withdraw-evidence-key", Method: http.MethodPost, Path: "/v1/evidence-keys/{id}/withdraw",
		Summary: "Withdraw a key that others may have: evidence that was registered since is void, what was before says so", Tags: tags, DefaultStatus: http.StatusNoContent}, f.withdrawKey)
}
