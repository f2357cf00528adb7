package ledger

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// Entries are the ledger's lines. LedgerRow fails with NotFound.
type Entries interface {
	LedgerRow(ctx context.Context, id string) (gatepost.LedgerRow, error)
	LedgerRows(ctx context.Context, f gatepost.LedgerFilter, before string, limit int) ([]gatepost.LedgerRow, error)
	// Names returns the names of users and organisations.
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Tree is the Merkle tree of the ledger.
type Tree interface {
	LedgerKey(ctx context.Context) (seed []byte, err error)
	LedgerHead(ctx context.Context) (gatepost.LedgerHead, error)
	LedgerHashes(ctx context.Context, indexes []int64) ([]tlog.Hash, error)
	IntegrateLedger(ctx context.Context, now time.Time, limit int,
		sign func(before gatepost.LedgerHead, was tlog.Hash, tree tlog.Tree) (note string, err error)) (done int, unsealed bool, err error)
}

// Looks ends looks that nobody speaks of any more.
type Looks interface {
	CloseLooks(ctx context.Context, before, now time.Time, limit int) (closed int, err error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Entries
	Tree
	Looks
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store  Store
	Logger *slog.Logger // default slog.Default()
}

// Function is the operations on the ledger, and its timed work. Make it with New.
type Function struct {
	opts Options

	mu       sync.Mutex
	key      *signature.Key // once it was read
	unsealed bool           // some entries have no seal, and it was said
}

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
	tags := []string{"ledger"}
	huma.Register(api, huma.Operation{OperationID: "list-ledger", Method: http.MethodGet, Path: "/v1/ledger",
		Summary: "Who looked at my cameras, and what else was done, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "export-ledger", Method: http.MethodGet, Path: "/v1/ledger/export",
		Summary: "The same as a file, up to 10,000 entries at a time", Tags: tags,
		Responses: map[string]*huma.Response{"200": {Description: "CSV, or JSON lines", Content: map[string]*huma.MediaType{
			typeCSV: {Schema: &huma.Schema{Type: huma.TypeString}}, typeJSONL: {Schema: &huma.Schema{Type: huma.TypeString}}}}}}, f.export)
	huma.Register(api, huma.Operation{OperationID: "prove-ledger-entry", Method: http.MethodGet, Path: "/v1/ledger/entries/{id}/proof",
		Summary: "Proof that an entry is in the ledger (RFC 6962 §2.1.1)", Tags: tags}, f.prove)
	plain := func(what string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: what, Content: map[string]*huma.MediaType{typeText: {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	}
	huma.Register(api, huma.Operation{OperationID: "get-ledger-checkpoint", Method: http.MethodGet, Path: "/v1/ledger/checkpoint",
		Summary: "The newest signed checkpoint of the ledger; keep it", Tags: tags, Security: auth.Public,
		Responses: plain("A signed note: origin, size, root, signature")}, f.checkpoint)
	huma.Register(api, huma.Operation{OperationID: "get-ledger-key", Method: http.MethodGet, Path: "/v1/ledger/key",
		Summary: "The key that checkpoints verify with", Tags: tags, Security: auth.Public,
		Responses: plain("A verifier key of golang.org/x/mod/sumdb/note")}, f.verifierKey)
	huma.Register(api, huma.Operation{OperationID: "prove-ledger-consistency", Method: http.MethodGet, Path: "/v1/ledger/consistency",
		Summary: "Proof that the ledger of an older checkpoint is the beginning of the present one (RFC 6962 §2.1.2)", Tags: tags, Security: auth.Public}, f.consistency)
}

// signer returns the key of the ledger. It is read once: it does not change.
func (f *Function) signer(ctx context.Context) (*signature.Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key == nil {
		seed, err := f.opts.Store.LedgerKey(ctx)
		if err != nil {
			return nil, err
		}
		if f.key, err = signature.NewKey(signature.Ledger, seed); err != nil {
			return nil, err
		}
	}
	return f.key, nil
}

// reader reads stored hashes of the tree.
func (f *Function) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return f.opts.Store.LedgerHashes(ctx, indexes) })
}
