package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/signature"
	"github.com/gatepost-video/gatepost/internal/token"
)

// MaxKeys is the size in bytes beyond which a set of keys is not looked at.
const MaxKeys = 256 << 10

// Withdrawn is a key that was withdrawn: evidence counts that was registered before it
// may have been in other hands.
type Withdrawn struct {
	note.Verifier
	gatepost.Withdrawal
}

// ParseKeys reads the keys that evidence is signed with, of which some may be Withdrawn: the JWKS that the
// platform publishes (GET /v1/evidence-keys), or verifier keys, one a line. It fails
// with Invalid.
func ParseKeys(b []byte) ([]note.Verifier, error) {
	bad := func(why string, err error) ([]note.Verifier, error) {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Message: why, Err: err}
	}
	if len(b) > MaxKeys {
		return bad("these are too many keys", nil)
	}
	b = bytes.TrimSpace(b)
	var keys []note.Verifier
	if !bytes.HasPrefix(b, []byte("{")) {
		for line := range bytes.Lines(b) {
			v, err := signature.NewVerifier(string(line))
			if err != nil {
				return nil, err
			}
			keys = append(keys, v)
		}
	} else {
		var set token.JWKS
		var gone struct {
			Keys []struct {
				KeyID string     `json:"kid"`
				At    *time.Time `json:"withdrawn_at"`
				gatepost.Withdrawal
			} `json:"keys"`
		}
		if err := errors.Join(json.Unmarshal(b, &set), json.Unmarshal(b, &gone)); err != nil {
			return bad("this is not a JWKS", err)
		}
		withdrawn := map[string]gatepost.Withdrawal{}
		for _, k := range gone.Keys {
			if k.At != nil {
				withdrawn[k.KeyID] = gatepost.Withdrawal{At: *k.At, Since: k.Since, Reason: k.Reason}
			}
		}
		public, err := set.PublicKeys()
		if err != nil {
			return bad("a key of the JWKS is malformed", err)
		}
		for _, kid := range slices.Sorted(maps.Keys(public)) {
			text, err := signature.VerifierText(signature.Evidence, public[kid])
			if err != nil {
				return nil, err
			}
			v, err := signature.NewVerifier(text)
			if err != nil {
				return nil, err
			}
			if w, ok := withdrawn[kid]; ok {
				v = Withdrawn{v, w}
			}
			keys = append(keys, v)
		}
	}
	if len(keys) == 0 {
		return bad("there is no Ed25519 key in it", nil)
	}
	return keys, nil
}
