package ledger

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/signature"
)

const (
	// batch is how many entries one transaction integrates.
	batch = 1000
	// batches is how many of them one round does: after a day without an
	// integrator the next rounds go on.
	batches = 20
	// silentFor is how long after the last word of it a look is over.
	silentFor = time.Minute
	// closeLooks is how many looks one round ends.
	closeLooks = 500
)

var errForked = &gatepost.Error{Code: gatepost.Conflict, Message: "the ledger's tree is not the one that was signed: rows were changed by hand; " +
	"nothing more is signed; run gatepost verify-ledger, and restore a backup"}

// Run does the timed work once: it ends looks that nothing was heard of for a
// minute, and integrates what was appended since. Call it every second or two, in
// as many instances as there are. It fails with Conflict when the stored tree
// is not the one that was signed, and then signs nothing.
func (f *Function) Run(ctx context.Context) error {
	now := time.Now()
	if _, err := f.opts.Store.CloseLooks(ctx, now.Add(-silentFor), now, closeLooks); err != nil {
		return err
	}
	signer, err := f.signer(ctx)
	if err != nil {
		return err
	}
	sign := func(before gatepost.LedgerHead, was tlog.Hash, tree tlog.Tree) (string, error) {
		if before.Note != "" {
			if old, err := signature.OpenCheckpoint(before.Note, signer); err != nil || old.N != before.Size || old.Hash != was {
				return "", errForked
			}
		} else if before.Size != 0 {
			return "", errForked
		}
		return signer.Checkpoint(tree)
	}
	total := 0
	for range batches {
		n, unsealed, err := f.opts.Store.IntegrateLedger(ctx, time.Now(), batch, sign)
		if err != nil {
			return err
		}
		f.tellUnsealed(unsealed)
		total += n
		if n < batch {
			break
		}
	}
	if total > 0 {
		f.opts.Logger.Debug("ledger integrated", "entries", total)
	}
	return nil
}

// tellUnsealed says once that there are entries without a seal, not every second.
func (f *Function) tellUnsealed(unsealed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if unsealed && !f.unsealed {
		f.opts.Logger.Error("the ledger has entries that no program of ours appended; they are left out of it, gatepost verify-ledger names them")
	}
	f.unsealed = unsealed
}
