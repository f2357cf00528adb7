package ledger

import (
	"bytes"
	"encoding/json"
	"io"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// MaxProof is the size in bytes beyond which a proof is not looked at: a tree
// of 2^62 entries needs half of it.
const MaxProof = 64 << 10

// CheckConsistency checks an answer of GET /v1/ledger/consistency: its
// checkpoint is signed, and the kept tree is the beginning of the checkpoint's.
// It returns the checkpoint, to be kept from now on, and its tree. It fails with
// Invalid, and with Conflict when the ledger was rewritten.
func CheckConsistency(answer []byte, kept tlog.Tree, v note.Verifier) (checkpoint string, t tlog.Tree, err error) {
	var p ConsistencyProof
	if err := decode(answer, &p); err != nil {
		return "", t, err
	}
	if t, err = signature.OpenCheckpoint(p.Checkpoint, v); err != nil {
		return "", t, err
	}
	hashes, err := parse(p.Hashes)
	if err != nil {
		return "", t, err
	}
	switch {
	case kept.N > t.N:
		return "", t, rewritten("the ledger is shorter than the checkpoint that was kept")
	case kept.N == t.N:
		if kept.Hash != t.Hash {
			return "", t, rewritten("two checkpoints of the same length differ")
		}
	case kept.N == 0:
		if empty, _ := tlog.TreeHash(0, nil); kept.Hash != empty {
			return "", t, rewritten("the checkpoint that was kept is not that of an empty ledger")
		}
	default:
		if err := tlog.CheckTree(hashes, t.N, t.Hash, kept.N, kept.Hash); err != nil {
			return "", t, rewritten("the ledger of the checkpoint that was kept is not the beginning of the present one, or the proof is wrong")
		}
	}
	return p.Checkpoint, t, nil
}

func rewritten(why string) error { return &gatepost.Error{Code: gatepost.Conflict, Message: why} }

// CheckEntry checks an answer of GET /v1/ledger/entries/{id}/proof: its checkpoint
// is signed, and the entry is in the checkpoint's tree. It returns what the entry
// says and the tree, whose consistency with another is the caller's to check. It
// fails with Invalid.
func CheckEntry(answer []byte, v note.Verifier) (r gatepost.LedgerRecord, seq int64, t tlog.Tree, err error) {
	var p EntryProof
	if err := decode(answer, &p); err != nil {
		return r, 0, t, err
	}
	if t, err = signature.OpenCheckpoint(p.Checkpoint, v); err != nil {
		return r, 0, t, err
	}
	hashes, err := parse(p.Hashes)
	if err != nil {
		return r, 0, t, err
	}
	if p.Sequence < 0 || p.Sequence >= t.N {
		return r, 0, t, invalid("the entry's number is not one of the checkpoint's", nil)
	}
	if err := tlog.CheckRecord(hashes, t.N, t.Hash, p.Sequence, tlog.RecordHash(p.Record)); err != nil {
		return r, 0, t, invalid("the proof does not show that the entry is in the ledger", err)
	}
	if r, err = gatepost.ParseLedgerRecord(p.Record); err != nil {
		return r, 0, t, invalid("the entry is in the ledger, and written in a way that this program does not know", err)
	}
	return r, p.Sequence, t, nil
}

func invalid(why string, err error) error {
	return &gatepost.Error{Code: gatepost.Invalid, Message: why, Err: err}
}

// decode reads one JSON value and nothing behind it.
func decode(answer []byte, to any) error {
	if len(answer) > MaxProof {
		return invalid("the proof is too long to be one", nil)
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	if err := d.Decode(to); err != nil {
		return invalid("the proof is malformed", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return invalid("something follows the proof", nil)
	}
	return nil
}

func parse(hashes [][]byte) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		if len(h) != tlog.HashSize {
			return nil, invalid("a hash of the proof is none", nil)
		}
		out[i] = tlog.Hash(h)
	}
	return out, nil
}
