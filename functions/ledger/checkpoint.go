package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
)

// maxCheckpoint is the size in bytes beyond which a checkpoint is not looked at.
const maxCheckpoint = 4 << 10

// key signs checkpoints. It implements note.Signer.
type key struct {
	note.Verifier
	text    string // of the verifier, as it is published
	private ed25519.PrivateKey
}

// newKey makes the key of a seed. Its name, which is also the origin of its
// checkpoints, follows from its public half, so that no two deployments have the same.
func newKey(seed []byte) (*key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the ledger's key is malformed")
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	text, err := note.NewEd25519VerifierKey("gatepost/ledger/"+hex.EncodeToString(sum[:8]), public)
	if err != nil {
		return nil, fmt.Errorf("name the ledger's key: %w", err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's key: %w", err)
	}
	return &key{verifier, text, private}, nil
}

// Sign implements note.Signer.
func (k *key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }

// checkpoint returns the signed note of a tree: the origin, the size in decimal
// and the root in base64, a line each (C2SP tlog-checkpoint), then the signature.
func (k *key) checkpoint(t tlog.Tree) (string, error) {
	b, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", k.Name(), t.N, t.Hash)}, k)
	if err != nil {
		return "", fmt.Errorf("sign checkpoint: %w", err)
	}
	return string(b), nil
}

// NewVerifier reads a verifier key as GET /v1/ledger/key publishes it. It fails
// with Invalid.
func NewVerifier(text string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Message: "this is not the verifier key of a ledger", Err: err}
	}
	return v, nil
}

// OpenCheckpoint verifies the signature of a checkpoint and returns its tree. It fails
// with Invalid for one that is malformed, of another ledger, or not signed with
// the key.
func OpenCheckpoint(signed string, v note.Verifier) (tlog.Tree, error) {
	bad := func(why string, err error) (tlog.Tree, error) {
		return tlog.Tree{}, &gatepost.Error{Code: gatepost.Invalid, Message: "the checkpoint " + why, Err: err}
	}
	if len(signed) > maxCheckpoint {
		return bad("is too long to be one", nil)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return bad("is not signed with the ledger's key", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != v.Name() {
		return bad("is malformed", nil)
	}
	size, err := strconv.ParseInt(lines[1], 10, 62)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return bad("has a size that is none", err)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return bad("has a root that is none", err)
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}
