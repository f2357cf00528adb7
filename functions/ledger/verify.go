package ledger

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// Lateness is how long an entry may wait for its number, and how much older
// than those before it one may be: longer than any transaction takes and than
// clocks differ.
const Lateness = 10 * time.Minute

// maxFindings is how many findings a report names; the rest are counted.
const maxFindings = 1000

// Ledger is what Verify reads. Lists come in the order of seq, index and id.
type Ledger interface {
	LedgerKey(ctx context.Context) (seed []byte, err error)
	LedgerHead(ctx context.Context) (gatepost.LedgerHead, error)
	LedgerRowsFrom(ctx context.Context, seq int64, limit int) ([]gatepost.LedgerRow, error)
	PendingLedgerRows(ctx context.Context, after string, limit int) ([]gatepost.LedgerRow, error)
	LedgerHashes(ctx context.Context, indexes []int64) ([]tlog.Hash, error)
}

// FindingKind says what is wrong with a ledger.
type FindingKind string

// The kinds of findings.
const (
	Altered   FindingKind = "altered"   // the entry is not the one that was integrated
	Removed   FindingKind = "removed"   // an entry that was integrated is gone
	Inserted  FindingKind = "inserted"  // an entry was put in by hand
	Late      FindingKind = "late"      // an entry waits, or is older than those before it, by more than Lateness
	Hashes    FindingKind = "hashes"    // the stored hashes do not fit one another, or are gone
	Signature FindingKind = "signature" // the checkpoint is not signed by the key, or is none
	Root      FindingKind = "root"      // the entries do not give the root that was signed
	Rewritten FindingKind = "rewritten" // the ledger is not the one of the checkpoint that was kept
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind     FindingKind `json:"kind"`
	Sequence int64       `json:"sequence"` // -1 when it is about no number
	EntryID  string      `json:"entry_id,omitempty"`
	Text     string      `json:"text"`
}

// Report is what Verify found.
type Report struct {
	Size       int64     `json:"size"`       // integrated entries
	Pending    int64     `json:"pending"`    // entries that wait for their number
	Checkpoint string    `json:"checkpoint"` // the newest one
	Key        string    `json:"key"`        // that it is signed with
	Findings   []Finding `json:"findings"`
	More       int       `json:"more"` // findings beyond those that are named
}

// Whole tells whether nothing is wrong.
func (r *Report) Whole() bool { return len(r.Findings) == 0 }

func (r *Report) find(kind FindingKind, seq int64, id, format string, args ...any) {
	if len(r.Findings) >= maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, Finding{kind, seq, id, fmt.Sprintf(format, args...)})
}

// VerifyOptions are what an outsider brings along; the zero value is nothing.
type VerifyOptions struct {
	Checkpoint string        // one that was kept; "" for none
	Key        note.Verifier // that was noted; nil: the ledger's own
}

// Verify recomputes the whole ledger: every leaf from its entry, the tree, the
// signature, and whether what a kept checkpoint covers is still its beginning. It
// may run beside a server. It fails only when the ledger cannot be read; what
// is wrong with it is in the report.
func Verify(ctx context.Context, l Ledger, o VerifyOptions) (*Report, error) {
	r := &Report{Findings: []Finding{}}
	head, err := l.LedgerHead(ctx)
	if err != nil {
		return nil, err
	}
	r.Size, r.Checkpoint = head.Size, head.Note
	verifier, err := verifierOf(ctx, l, o, r)
	if err != nil {
		return nil, err
	}
	w := &walk{report: r, ledger: l, size: head.Size}
	signed, err := signature.OpenCheckpoint(head.Note, verifier)
	switch {
	case head.Note == "" && head.Size == 0:
	case err != nil:
		r.find(Signature, -1, "", "the ledger's own checkpoint cannot be trusted: %v", err)
	case signed.N != head.Size:
		r.find(Signature, -1, "", "the ledger says that it has %d integrated entries, its checkpoint %d", head.Size, signed.N)
		w.size = max(w.size, signed.N)
		w.want(signed, Root, "the entries do not give the root that was signed for %d of them")
	default:
		w.want(signed, Root, "the entries do not give the root that was signed for %d of them")
	}
	if o.Checkpoint != "" {
		switch kept, err := signature.OpenCheckpoint(o.Checkpoint, verifier); {
		case err != nil:
			r.find(Signature, -1, "", "the checkpoint that was kept cannot be used: %v", err)
		case kept.N > w.size:
			r.find(Rewritten, -1, "", "the checkpoint that was kept covers %d entries, the ledger has %d: entries were removed, or an older database was put in place", kept.N, w.size)
		default:
			w.want(kept, Rewritten, "the first %d entries are not those of the checkpoint that was kept: the ledger was rewritten")
		}
	}
	if err := w.integrated(ctx); err != nil {
		return nil, err
	}
	if err := w.beyond(ctx); err != nil {
		return nil, err
	}
	return r, w.pending(ctx)
}

func verifierOf(ctx context.Context, l Ledger, o VerifyOptions, r *Report) (note.Verifier, error) {
	seed, err := l.LedgerKey(ctx)
	if err != nil {
		return nil, err
	}
	own, err := signature.NewKey(signature.Ledger, seed)
	if err != nil {
		return nil, err
	}
	r.Key = own.Text
	if o.Key == nil {
		return own, nil
	}
	if o.Key.Name() != own.Name() || o.Key.KeyHash() != own.KeyHash() {
		r.find(Signature, -1, "", "the ledger's key is %s, not the one that was noted", own.Text)
	}
	return o.Key, nil
}

// wanted is a root that the first entries must give.
type wanted struct {
	tree tlog.Tree
	kind FindingKind
	text string
}

// walk goes through the ledger once, in order, and keeps no more of the tree
// than its right edge.
type walk struct {
	report *Report
	ledger Ledger
	size   int64
	wanted []wanted

	edge   []tlog.Hash // of the complete subtrees, the widest first
	newest int64       // time of the newest entry so far, ms
}

func (w *walk) want(t tlog.Tree, kind FindingKind, text string) {
	w.wanted = append(w.wanted, wanted{t, kind, text})
}

// page is how many entries are read at a time.
const page = 1000

// integrated goes through the numbers below the size.
func (w *walk) integrated(ctx context.Context) error {
	w.check(0)
	var rows []gatepost.LedgerRow
	for first := int64(0); first < w.size; first += page {
		count := min(page, w.size-first)
		var err error
		if rows, err = w.ledger.LedgerRowsFrom(ctx, first, int(count)); err != nil {
			return err
		}
		hashes, err := w.hashes(ctx, first, count)
		if err != nil {
			return err
		}
		at := 0
		for n := first; n < first+count; n++ {
			for ; at < len(rows) && rows[at].Seq < n; at++ { // a second one of a number
				w.report.find(Inserted, rows[at].Seq, rows[at].ID, "there are two entries with the number %d", rows[at].Seq)
			}
			var row *gatepost.LedgerRow
			if at < len(rows) && rows[at].Seq == n {
				row = &rows[at]
				at++
			}
			w.leaf(n, row, hashes)
			w.check(n + 1)
		}
	}
	return nil
}

// hashes reads the stored hashes that came with some leaves, by index.
func (w *walk) hashes(ctx context.Context, first, count int64) (map[int64]tlog.Hash, error) {
	from, to := tlog.StoredHashCount(first), tlog.StoredHashCount(first+count)
	indexes := make([]int64, 0, to-from)
	for i := from; i < to; i++ {
		indexes = append(indexes, i)
	}
	out := make(map[int64]tlog.Hash, len(indexes))
	if hashes, err := w.ledger.LedgerHashes(ctx, indexes); err == nil {
		for i, h := range hashes {
			out[indexes[i]] = h
		}
		return out, nil
	} else if ctx.Err() != nil || gatepost.CodeOf(err) == gatepost.Unavailable {
		return nil, err
	}
	// Some are gone: one by one, to say which.
	for _, i := range indexes {
		hashes, err := w.ledger.LedgerHashes(ctx, []int64{i})
		if ctx.Err() != nil || gatepost.CodeOf(err) == gatepost.Unavailable {
			return nil, err
		}
		if err != nil {
			level, n := tlog.SplitStoredHashIndex(i)
			w.report.find(Hashes, n<<level, "", "the stored hash of level %d at number %d is missing or malformed", level, n<<level)
			continue
		}
		out[i] = hashes[0]
	}
	return out, nil
}

// leaf compares an entry with its stored leaf, and the stored hashes above it
// with what lies below them.
func (w *walk) leaf(n int64, row *gatepost.LedgerRow, stored map[int64]tlog.Hash) {
	leaf, known := stored[tlog.StoredHashIndex(0, n)]
	if row == nil {
		w.report.find(Removed, n, "", "entry %d was removed", n)
	} else {
		own := tlog.RecordHash(row.Encode())
		switch {
		case known && own != leaf && !row.Sealed:
			w.report.find(Altered, n, row.ID, "entry %d (%s of %s) was altered, or another was put in its place", n, row.Kind, at(row.At))
		case known && own != leaf:
			w.report.find(Altered, n, row.ID, "entry %d is not the one that was integrated under that number: entries were exchanged, or its leaf was altered", n)
		case !row.Sealed:
			w.report.find(Inserted, n, row.ID, "entry %d (%s of %s) was not appended by a program that knows the ledger's secret", n, row.Kind, at(row.At))
		case row.At < w.newest-Lateness.Milliseconds():
			w.report.find(Late, n, row.ID, "entry %d says that it is of %s, after entries of %s", n, at(row.At), at(w.newest))
		}
		if row.Sealed {
			w.newest = max(w.newest, row.At)
		}
		if !known {
			leaf = own
		}
	}
	// The trailing ones of n are how many subtrees the leaf completes.
	h := leaf
	for level := 1; n>>(level-1)&1 == 1; level++ {
		last := len(w.edge) - 1
		h = tlog.NodeHash(w.edge[last], h)
		w.edge = w.edge[:last]
		if s, ok := stored[tlog.StoredHashIndex(level, n>>level)]; ok && s != h {
			w.report.find(Hashes, n>>level<<level, "", "the stored hash over entries %d to %d is not that of what lies below it", n>>level<<level, n)
		}
	}
	w.edge = append(w.edge, h)
}

// check compares the tree of the first n entries with the roots that are wanted
// of it.
func (w *walk) check(n int64) {
	for _, want := range w.wanted {
		if want.tree.N == n && w.root(n) != want.tree.Hash {
			w.report.find(want.kind, -1, "", want.text, n)
		}
	}
}

func (w *walk) root(n int64) tlog.Hash {
	if n == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing
		return empty
	}
	last := len(w.edge) - 1
	h := w.edge[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(w.edge[i], h)
	}
	return h
}

// beyond finds entries with numbers that the tree does not have, apart from
// those that were integrated meanwhile.
func (w *walk) beyond(ctx context.Context) error {
	rows, err := w.ledger.LedgerRowsFrom(ctx, w.size, maxFindings)
	if err != nil {
		return err
	}
	head, err := w.ledger.LedgerHead(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Seq >= head.Size {
			w.report.find(Inserted, row.Seq, row.ID, "an entry has the number %d, which the ledger has not reached: it was put in by hand", row.Seq)
		}
	}
	// Below 0 there is nothing.
	rows, err = w.ledger.LedgerRowsFrom(ctx, minSeq, 1)
	if err == nil && len(rows) > 0 && rows[0].Seq < 0 {
		w.report.find(Inserted, rows[0].Seq, rows[0].ID, "an entry has the number %d: it was put in by hand", rows[0].Seq)
	}
	return err
}

const minSeq = -1 << 62

// pending looks at what waits for its number.
func (w *walk) pending(ctx context.Context) error {
	after := ""
	for {
		rows, err := w.ledger.PendingLedgerRows(ctx, after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.ID
			w.report.Pending++
			switch {
			case !row.Sealed:
				w.report.find(Inserted, -1, row.ID, "entry %s (%s of %s) was put in by hand: it has no seal", row.ID, row.Kind, at(row.At))
			case row.At < w.newest-Lateness.Milliseconds():
				w.report.find(Late, -1, row.ID, "entry %s (%s of %s) is older than the last checkpoint and not in it", row.ID, row.Kind, at(row.At))
			}
		}
		if len(rows) < page {
			return nil
		}
	}
}

func at(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
