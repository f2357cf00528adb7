package ledger

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/signature"
)

const typeText = "text/plain; charset=utf-8"

type textOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func (f *Function) checkpoint(ctx context.Context, _ *struct{}) (*textOutput, error) {
	head, _, err := f.signed(ctx)
	return &textOutput{ContentType: typeText, CacheControl: "no-store", Body: []byte(head.Note)}, err
}

func (f *Function) verifierKey(ctx context.Context, _ *struct{}) (*textOutput, error) {
	k, err := f.signer(ctx)
	if err != nil {
		return nil, err
	}
	return &textOutput{ContentType: typeText, CacheControl: "no-store", Body: []byte(k.Text + "\n")}, nil
}

// signed returns the newest checkpoint and its tree. It fails with Unavailable
// before the first one.
func (f *Function) signed(ctx context.Context) (gatepost.LedgerHead, tlog.Tree, error) {
	k, err := f.signer(ctx)
	if err != nil {
		return gatepost.LedgerHead{}, tlog.Tree{}, err
	}
	head, err := f.opts.Store.LedgerHead(ctx)
	if err != nil {
		return head, tlog.Tree{}, err
	}
	if head.Note == "" {
		return head, tlog.Tree{}, &gatepost.Error{Code: gatepost.Unavailable, Message: "the ledger has no checkpoint yet; ask again in a few seconds"}
	}
	tree, err := signature.OpenCheckpoint(head.Note, k)
	if err != nil || tree.N != head.Size {
		return head, tree, errForked
	}
	return head, tree, nil
}

// EntryProof proves that an entry is in the tree of a checkpoint.
type EntryProof struct {
	Sequence   int64    `json:"sequence" doc:"The number of the entry's leaf, from 0"`
	Record     []byte   `json:"record" doc:"The entry exactly as it was written down: its version and fields as netstrings, in base64; the leaf is the SHA-256 of 0x00 and these bytes"`
	Size       int64    `json:"size" doc:"Of the checkpoint's tree"`
	Hashes     [][]byte `json:"hashes" doc:"The audit path (RFC 6962 §2.1.1), in base64"`
	Checkpoint string   `json:"checkpoint"`
}

// ConsistencyProof proves that a tree is the beginning of a checkpoint's.
type ConsistencyProof struct {
	From       int64    `json:"from" doc:"The size of the older tree"`
	Size       int64    `json:"size" doc:"Of the checkpoint's tree"`
	Hashes     [][]byte `json:"hashes" doc:"The proof (RFC 6962 §2.1.2), in base64; empty when both are the same or the older is empty"`
	Checkpoint string   `json:"checkpoint"`
}

type (
	proveInput struct {
		ID string `path:"id" maxLength:"64"`
	}
	proveOutput      struct{ Body EntryProof }
	consistencyInput struct {
		From int64 `query:"from" required:"true" minimum:"0" maximum:"4611686018427387904" doc:"The size of the checkpoint that was kept"`
	}
	consistencyOutput struct{ Body ConsistencyProof }
)

var errNoEntry = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such entry, or none that you may know of"}

func (f *Function) prove(ctx context.Context, in *proveInput) (*proveOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoEntry
	}
	row, err := f.opts.Store.LedgerRow(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoEntry
	}
	if err != nil {
		return nil, err
	}
	if err := f.mayRead(ctx, subject, row.LedgerRecord); err != nil {
		return nil, err
	}
	p, err := f.proof(ctx, row)
	if err != nil {
		return nil, err
	}
	return &proveOutput{EntryProof{Sequence: p.Sequence, Record: p.Record, Size: p.Size, Hashes: p.Hashes, Checkpoint: p.Checkpoint}}, nil
}

// Prove proves that an entry is in the ledger, to whoever asks. It fails with
// NotFound, with Unavailable until the entry is integrated, which Run does, and
// with Conflict when it was changed by hand.
func (f *Function) Prove(ctx context.Context, id string) (gatepost.LedgerProof, error) {
	row, err := f.opts.Store.LedgerRow(ctx, id)
	if err != nil {
		return gatepost.LedgerProof{}, err
	}
	return f.proof(ctx, row)
}

func (f *Function) proof(ctx context.Context, row gatepost.LedgerRow) (p gatepost.LedgerProof, err error) {
	k, err := f.signer(ctx)
	if err != nil {
		return p, err
	}
	head, tree, err := f.signed(ctx)
	if err != nil {
		return p, err
	}
	if row.Seq < 0 || row.Seq >= tree.N {
		return p, &gatepost.Error{Code: gatepost.Unavailable, Message: "this entry is not in the signed ledger yet; ask again in a few seconds"}
	}
	path, err := tlog.ProveRecord(tree.N, row.Seq, f.reader(ctx))
	if err != nil {
		return p, err
	}
	record := row.Encode()
	if tlog.CheckRecord(path, tree.N, tree.Hash, row.Seq, tlog.RecordHash(record)) != nil {
		return p, &gatepost.Error{Code: gatepost.Conflict, Message: "this entry is not the one that was signed: it was changed by hand"}
	}
	return gatepost.LedgerProof{Key: k.Text, Sequence: row.Seq, Record: record, Size: tree.N, Hashes: texts(path), Checkpoint: head.Note}, nil
}

func (f *Function) consistency(ctx context.Context, in *consistencyInput) (*consistencyOutput, error) {
	head, tree, err := f.signed(ctx)
	if err != nil {
		return nil, err
	}
	if in.From > tree.N {
		return nil, gatepost.InvalidField("from", "the ledger is not that long; a checkpoint that says so is of another ledger, or entries were removed")
	}
	out := &consistencyOutput{ConsistencyProof{From: in.From, Size: tree.N, Hashes: [][]byte{}, Checkpoint: head.Note}}
	if in.From == 0 || in.From == tree.N {
		return out, nil
	}
	proof, err := tlog.ProveTree(tree.N, in.From, f.reader(ctx))
	if err != nil {
		return nil, err
	}
	out.Body.Hashes = texts(proof)
	return out, nil
}

func texts(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}
