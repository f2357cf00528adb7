package token

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	"github.com/gatepost-video/gatepost"
)

// Leeway is how far a token's issue time and not-before may lie ahead of this
// machine's clock.
const Leeway = 5 * time.Second

// staleRetry is the pause between fetches that fail while keys are known.
const staleRetry = 30 * time.Second

// maxToken is the length in bytes beyond which a token is not looked at.
const maxToken = 4 << 10

// The refusals. They say what the caller can do, and never repeat the token.
var (
	errForeign  = refusal("the token is not one of this deployment's, or is damaged; sign in again or ask for a new link")
	errExpired  = refusal("the token has expired; ask for a new one")
	errEarly    = refusal("the token is not valid yet; check the clocks")
	errAudience = refusal("the token was made for another use")
)

func refusal(message string) *gatepost.Error {
	return &gatepost.Error{Code: gatepost.Unauthenticated, Message: message}
}

// VerifierOptions are how a verifier keeps the keys. The zero value works.
type VerifierOptions struct {
	MaxAge     time.Duration // keys are fetched again when older, so that withdrawn ones end; default 5 min
	MinRefresh time.Duration // for unknown kids, at most one fetch per this; default 1 s
}

// Verifier verifies tokens offline. Its methods may be called from several
// goroutines. They fail with Unauthenticated, or with Unavailable when the keys
// were never fetched and cannot be.
type Verifier struct {
	source  Source
	opts    VerifierOptions
	limit   *rate.Limiter // of fetches for unknown kids
	parser  *jwt.Parser
	fetchMu sync.Mutex // one fetch at a time

	mu      sync.RWMutex
	gone    map[string]bool // kids that were withdrawn
	keys    map[string]ed25519.PublicKey
	fetched time.Time // when keys were
	tried   time.Time // when a fetch was last tried
}

// NewVerifier makes a verifier over a source of public keys. It fetches them
// when they are first needed.
func NewVerifier(source Source, opts VerifierOptions) *Verifier {
	if opts.MaxAge == 0 {
		opts.MaxAge = 5 * time.Minute
	}
	if opts.MinRefresh == 0 {
		opts.MinRefresh = time.Second
	}
	return &Verifier{
		source: source,
		opts:   opts,
		limit:  rate.NewLimiter(rate.Every(opts.MinRefresh), 3),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithStrictDecoding(),
			jwt.WithIssuer(IssuerName),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(Leeway),
		),
	}
}

// Access verifies an access token.
func (v *Verifier) Access(ctx context.Context, raw string) (Access, error) {
	c, err := v.verify(ctx, raw, AudienceAPI)
	if err != nil {
		return Access{}, err
	}
	return c.access()
}

// Subject verifies an access token and returns who it is.
func (v *Verifier) Subject(ctx context.Context, raw string) (gatepost.Subject, error) {
	a, err := v.Access(ctx, raw)
	return a.Subject, err
}

// Media verifies a media token. Whether its grant was revoked is for the
// caller to know.
func (v *Verifier) Media(ctx context.Context, raw string) (Media, error) {
	c, err := v.verify(ctx, raw, AudienceMedia)
	if err != nil {
		return Media{}, err
	}
	return c.media()
}

// Share verifies a share token. Whether its share was revoked or used up is
// for the caller to know.
func (v *Verifier) Share(ctx context.Context, raw string) (Share, error) {
	c, err := v.verify(ctx, raw, AudienceShare)
	if err != nil {
		return Share{}, err
	}
	return c.share()
}

// Withdraw makes a verifier refuse what some keys signed, whatever its source says
// of them, and returns those of which it had not heard before.
func (v *Verifier) Withdraw(kids ...string) (fresh []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, kid := range kids {
		if v.gone[kid] {
			continue
		}
		if v.gone == nil {
			v.gone = make(map[string]bool)
		}
		v.gone[kid] = true
		delete(v.keys, kid)
		fresh = append(fresh, kid)
	}
	return fresh
}

// Withdrawn tells whether a key was withdrawn, as far as Withdraw was told.
func (v *Verifier) Withdrawn(kid string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.gone[kid]
}

func (v *Verifier) verify(ctx context.Context, raw, audience string) (*claims, error) {
	if len(raw) > maxToken || !plain(raw) {
		return nil, errForeign
	}
	var c claims
	_, err := v.parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) {
		// RFC 7515 §4.1.11: a critical extension that is not understood.
		if _, ok := t.Header["crit"]; ok {
			return nil, errForeign
		}
		kid, ok := t.Header["kid"].(string)
		if !ok {
			return nil, errForeign
		}
		c.keyID = kid
		return v.key(ctx, kid)
	})
	switch {
	case err == nil:
	case gatepost.CodeOf(err) == gatepost.Unavailable:
		return nil, err
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, errExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return nil, errEarly
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, errForeign
	}
	if c.Audience != audience {
		return nil, errAudience
	}
	if c.IssuedAt == 0 {
		return nil, errForeign
	}
	// The leeway is for clocks that are behind, not a longer life.
	if !time.Now().Before(c.expiry()) {
		return nil, errExpired
	}
	return &c, nil
}

// plain tells whether raw can be a JWT at all: three parts of base64url, and no
// name twice in its header or payload (RFC 7519 §4), in any spelling that
// encoding/json would take for the same.
func plain(raw string) bool {
	for i := range len(raw) {
		c := raw[i]
		// encoding/base64 passes over line breaks; RFC 7515 §2 does not.
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts[:2] {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || !distinct(b) {
			return false
		}
	}
	return true
}

// distinct tells whether b is one flat JSON object with distinct names.
func distinct(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	seen := make(map[string]bool, 16)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		s, ok := name.(string)
		if !ok {
			return false
		}
		if s = strings.ToLower(s); seen[s] {
			return false
		}
		seen[s] = true
		switch value, err := d.Token(); value.(type) {
		case json.Delim:
			return false // ours have neither objects nor lists inside
		default:
			if err != nil {
				return false
			}
		}
	}
	_, err := d.Token() // the closing brace
	return err == nil && !d.More()
}

// key returns the public key with a kid, fetching the set when it is old or
// does not know it. A control plane that is away costs one caller in staleRetry
// the time of a fetch; a key that is known stays good meanwhile.
func (v *Verifier) key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	key, fetched, tried := v.cached(kid)
	switch {
	case key != nil && (time.Since(fetched) < v.opts.MaxAge || tried.After(fetched) && time.Since(tried) < staleRetry):
		return key, nil
	case key != nil:
		if v.fetchMu.TryLock() {
			defer v.fetchMu.Unlock()
			_ = v.fetch(ctx) // the key at hand will do
			if newer, _, _ := v.cached(kid); newer == nil {
				return nil, errForeign // it expired, or was withdrawn
			}
		}
		return key, nil
	case !fetched.IsZero() && !v.limit.Allow():
		return nil, errForeign
	}
	v.fetchMu.Lock()
	defer v.fetchMu.Unlock()
	if _, again, _ := v.cached(kid); !again.After(fetched) { // else another call fetched in the meantime
		if err := v.fetch(ctx); err != nil && fetched.IsZero() {
			return nil, err
		}
	}
	if key, _, _ = v.cached(kid); key == nil {
		return nil, errForeign
	}
	return key, nil
}

func (v *Verifier) cached(kid string) (key ed25519.PublicKey, fetched, tried time.Time) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.keys[kid], v.fetched, v.tried
}

// fetch reads the set. v.fetchMu is held.
func (v *Verifier) fetch(ctx context.Context) error {
	set, err := v.source.JWKS(ctx)
	var keys map[string]ed25519.PublicKey
	if err == nil {
		if keys, err = set.PublicKeys(); err != nil {
			err = &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane's signing keys cannot be read", Err: err}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tried = time.Now()
	if err == nil {
		for kid := range v.gone {
			delete(keys, kid)
		}
		v.keys, v.fetched = keys, v.tried
	}
	return err
}
