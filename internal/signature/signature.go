// Package signature is how a deployment signs what outsiders keep, and how they
// check it: signed notes (golang.org/x/mod/sumdb/note) with Ed25519 keys whose
// names follow from their public halves, and checkpoints of the ledger as such
// notes (C2SP tlog-checkpoint).
package signature

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

// What keys are for: the beginnings of their names.
const (
	Ledger   = "gatepost/ledger/"
	Evidence = "gatepost/evidence/"
	Report   = "gatepost/report/" // the keys of evidence, under another name
)

// maxNote is the size in bytes beyond which a note is not looked at.
const maxNote = 4 << 10

// Key signs notes. It implements note.Signer.
type Key struct {
	note.Verifier
	Text string // of the verifier, as it is published

	private ed25519.PrivateKey
}

// NewKey makes the key of a seed (32 bytes, RFC 8032 §5.1.5). Its name follows
// from its public half, so that no two deployments have the same.
func NewKey(purpose string, seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the key %s… is malformed", purpose)
	}
	private := ed25519.NewKeyFromSeed(seed)
	text, err := VerifierText(purpose, private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("read the key %s…: %w", purpose, err)
	}
	return &Key{v, text, private}, nil
}

// VerifierText is a public key as a note's verifier key.
func VerifierText(purpose string, public ed25519.PublicKey) (string, error) {
	sum := sha256.Sum256(public)
	text, err := note.NewEd25519VerifierKey(purpose+hex.EncodeToString(sum[:8]), public)
	if err != nil {
		return "", fmt.Errorf("name the key %s…: %w", purpose, err)
	}
	return text, nil
}

// Sign implements note.Signer.
func (k *Key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }

// Note returns lines as a signed note; the first line is the key's name.
func (k *Key) Note(lines ...string) (string, error) {
	b, err := note.Sign(&note.Note{Text: k.Name() + "\n" + strings.Join(lines, "\n") + "\n"}, k)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", k.Name(), err)
	}
	return string(b), nil
}

// Checkpoint returns the signed note of a tree: the origin, the size in decimal
// and the root in base64, a line each, then the signature.
func (k *Key) Checkpoint(t tlog.Tree) (string, error) {
	return k.Note(strconv.FormatInt(t.N, 10), t.Hash.String())
}

// NewVerifier reads a verifier key as GET /v1/ledger/key publishes it. It fails
// with Invalid.
func NewVerifier(text string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Message: "this is not a verifier key (name+hash+base64)", Err: err}
	}
	return v, nil
}

// Open verifies a note with one of some keys and returns its lines after the
// first, which is the name of the key that signed it, and that name. It fails
// with what note.Open fails with, and with Invalid for a note that is malformed.
func Open(signed string, keys ...note.Verifier) (signer string, lines []string, err error) {
	if len(signed) > maxNote {
		return "", nil, &gatepost.Error{Code: gatepost.Invalid, Message: "it is too long to be a signed note"}
	}
	n, err := note.Open([]byte(signed), note.VerifierList(keys...))
	if err != nil {
		return "", nil, err
	}
	all := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 || all[0] != n.Sigs[0].Name {
		return "", nil, &gatepost.Error{Code: gatepost.Invalid, Message: "the note is not by the key that it names"}
	}
	return all[0], all[1:], nil
}

// OpenCheckpoint verifies the signature of a checkpoint and returns its tree. It fails
// with Invalid for one that is malformed, of another ledger, or not signed with
// the key.
func OpenCheckpoint(signed string, v note.Verifier) (tlog.Tree, error) {
	bad := func(why string, err error) (tlog.Tree, error) {
		return tlog.Tree{}, &gatepost.Error{Code: gatepost.Invalid, Message: "the checkpoint " + why, Err: err}
	}
	_, lines, err := Open(signed, v)
	if err != nil {
		return bad("is not signed with the ledger's key", err)
	}
	if len(lines) != 2 {
		return bad("is malformed", nil)
	}
	size, err := strconv.ParseInt(lines[0], 10, 62)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[0] {
		return bad("has a size that is none", err)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[1])
	if err != nil || len(root) != tlog.HashSize {
		return bad("has a root that is none", err)
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}
