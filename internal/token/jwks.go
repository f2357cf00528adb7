package token

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gatepost-video/gatepost"
)

// JWKS is a set of public keys (RFC 7517 §5).
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one Ed25519 public key (RFC 8037 §2).
type JWK struct {
	KeyType   string `json:"kty"` // "OKP"
	Curve     string `json:"crv"` // "Ed25519"
	KeyID     string `json:"kid"`
	Use       string `json:"use"` // "sig"
	Algorithm string `json:"alg"` // "EdDSA"
	X         string `json:"x"`   // base64url of the 32 bytes
}

// NewJWK is the public half of a key.
func NewJWK(public ed25519.PublicKey) JWK {
	x := base64.RawURLEncoding.EncodeToString(public)
	// RFC 7638 §3 and RFC 8037 appendix A.3: the required members in
	// lexical order, without spaces.
	thumb := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return JWK{
		KeyType: "OKP", Curve: "Ed25519", Use: "sig", Algorithm: "EdDSA", X: x,
		KeyID: base64.RawURLEncoding.EncodeToString(thumb[:]),
	}
}

// PublicKeys returns the keys of a set by kid. Keys of other kinds are passed
// over, as RFC 7517 §5 wants; a malformed Ed25519 key is an error.
func (s JWKS) PublicKeys() (map[string]ed25519.PublicKey, error) {
	keys := make(map[string]ed25519.PublicKey, len(s.Keys))
	for _, k := range s.Keys {
		if k.KeyType != "OKP" || k.Curve != "Ed25519" || k.Use != "sig" && k.Use != "" {
			continue
		}
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize || k.KeyID == "" {
			return nil, fmt.Errorf("key %q of the JWKS is malformed", k.KeyID)
		}
		keys[k.KeyID] = x
	}
	return keys, nil
}

// Source is where a verifier gets the public keys from. It fails with
// Unavailable. An Issuer is one for its own process.
type Source interface {
	JWKS(ctx context.Context) (JWKS, error)
}

// Limits of a fetched JWKS.
const (
	maxJWKS      = 256 << 10
	fetchTimeout = 5 * time.Second
)

type urlSource struct {
	url    string
	client *http.Client
}

// URLSource fetches the JWKS from a control plane's /.well-known/jwks.json.
// client may be nil.
func URLSource(url string, client *http.Client) Source {
	if client == nil {
		client = http.DefaultClient
	}
	return &urlSource{url: url, client: client}
}

func (u *urlSource) JWKS(ctx context.Context) (JWKS, error) {
	set, err := u.fetch(ctx)
	if err != nil {
		return JWKS{}, &gatepost.Error{Code: gatepost.Unavailable,
			Message: "the control plane's signing keys cannot be fetched", Err: fmt.Errorf("get %s: %w", u.url, err)}
	}
	return set, nil
}

func (u *urlSource) fetch(ctx context.Context) (set JWKS, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url, nil)
	if err != nil {
		return set, err
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return set, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return set, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKS+1))
	if err != nil {
		return set, err
	}
	if len(body) > maxJWKS {
		return set, fmt.Errorf("more than %d bytes", maxJWKS)
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return set, err
	}
	return set, nil
}
