package token

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gatepost-video/gatepost"
)

// MaxLife is the longest that a token may live: that of a share link.
const MaxLife = 366 * 24 * time.Hour

// KeyStore keeps the signing keys of a deployment.
type KeyStore interface {
	// SigningKeys lists the keys that have not expired.
	SigningKeys(ctx context.Context) ([]gatepost.SigningKey, error)

	// ReplaceSigningKey makes next the active key and lets the one named old
	// ("" for none) verify until expires. It fails with Conflict when old is
	// not the active key: somebody else was first.
	ReplaceSigningKey(ctx context.Context, old string, expires time.Time, next gatepost.SigningKey) error

	// WithdrawSigningKey makes a key verify nothing; next signs from then on
	// if it was the active one. The key stays known as withdrawn until expires.
	// It fails with NotFound.
	WithdrawSigningKey(ctx context.Context, id string, at, expires time.Time, next gatepost.SigningKey, entry gatepost.LedgerEntry) error

	// DeleteSigningKeys removes the keys that expired before a time.
	DeleteSigningKeys(ctx context.Context, before time.Time) error
}

// IssuerOptions are how an issuer keeps its keys. The zero value works.
type IssuerOptions struct {
	RotateEvery time.Duration // age at which the active key is replaced; default 30 days
	ReloadEvery time.Duration // how old its idea of the keys may be, withdrawn ones too; default 1 s
}

// A store that hangs holds nobody up for long, once its keys are known: it has
// reloadPatience to answer, and is left alone for reloadRetry when it does not.
const (
	reloadPatience = time.Second
	reloadRetry    = 5 * time.Second
)

// Issuer signs tokens. Its methods may be called from several goroutines.
type Issuer struct {
	store KeyStore
	opts  IssuerOptions

	mu     sync.Mutex
	stale  time.Time // from then on the keys are read again
	active string    // kid
	signer ed25519.PrivateKey
	born   time.Time // of the active key
	set    JWKS
}

// NewIssuer makes an issuer over a store of keys. It makes the first key when
// it is first needed.
func NewIssuer(store KeyStore, opts IssuerOptions) *Issuer {
	if opts.RotateEvery == 0 {
		opts.RotateEvery = 30 * 24 * time.Hour
	}
	if opts.ReloadEvery == 0 {
		opts.ReloadEvery = time.Second
	}
	return &Issuer{store: store, opts: opts}
}

// Access signs an access token. Its expiry is cut to whole seconds.
func (i *Issuer) Access(ctx context.Context, a Access) (string, error) {
	return i.sign(ctx, claims{
		Audience: AudienceAPI, Subject: a.UserID, ExpiresAt: a.ExpiresAt.Unix(),
		Login: a.Login, Organisation: a.Organisation, Kind: string(a.Kind), Division: a.Division, Role: string(a.Role),
	})
}

// Media signs a media token. Its expiry is cut to whole seconds, its window to
// microseconds.
func (i *Issuer) Media(ctx context.Context, m Media) (string, error) {
	c := claims{
		Audience: AudienceMedia, Subject: m.Subject, ID: m.GrantID, ExpiresAt: m.ExpiresAt.Unix(),
		Camera: m.CameraID, Action: string(m.Action), Label: m.Label, Networks: string(m.Networks),
	}
	if m.Action == gatepost.ActionPlayback {
		c.From, c.To = m.From.UnixMicro(), m.To.UnixMicro()
	}
	if _, err := c.media(); err != nil {
		return "", fmt.Errorf("sign media token: its grant, camera, subject or window is missing")
	}
	return i.sign(ctx, c)
}

// Share signs a share token.
func (i *Issuer) Share(ctx context.Context, s Share) (string, error) {
	return i.sign(ctx, claims{Audience: AudienceShare, ID: s.ShareID, ExpiresAt: s.ExpiresAt.Unix()})
}

func (i *Issuer) sign(ctx context.Context, c claims) (string, error) {
	now := time.Now()
	c.Issuer, c.IssuedAt = IssuerName, now.Unix()
	switch life := time.Unix(c.ExpiresAt, 0).Sub(now); {
	case life > MaxLife:
		return "", gatepost.InvalidField("expires_at", fmt.Sprintf("it may lie at most %d days ahead", MaxLife/(24*time.Hour)))
	case life <= 0:
		return "", gatepost.InvalidField("expires_at", "it must lie in the future")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.load(ctx, now); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &c)
	t.Header["kid"] = i.active
	signed, err := t.SignedString(i.signer)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(signed) > maxToken {
		return "", &gatepost.Error{Code: gatepost.TooLarge, Message: "the label is too long to go into a token"}
	}
	return signed, nil
}

// JWKS returns the public halves of every key that still verifies. It fails
// with Unavailable when the store cannot be read and none were read before.
func (i *Issuer) JWKS(ctx context.Context) (JWKS, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.load(ctx, time.Now()); err != nil {
		return JWKS{}, err
	}
	return i.set, nil
}

// Rotate replaces the active key once it is RotateEvery old and removes keys
// that expired. Run twice, or in two processes at once, it does it once.
func (i *Issuer) Rotate(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	i.stale = time.Time{}
	if err := i.load(ctx, now); err != nil {
		return err
	}
	if now.Sub(i.born) >= i.opts.RotateEvery {
		if err := i.replace(ctx, now); err != nil {
			return err
		}
	}
	if err := i.store.DeleteSigningKeys(ctx, now); err != nil {
		return fmt.Errorf("delete expired signing keys: %w", err)
	}
	return nil
}

// Withdraw makes a key verify nothing from now on, here at once and elsewhere
// within ReloadEvery, because somebody else may have it. Every token that it signed
// is void; if it was the active key, another one signs. entry goes into the ledger
// with it. It fails with NotFound.
func (i *Issuer) Withdraw(ctx context.Context, id string, entry gatepost.LedgerEntry) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	err := i.store.WithdrawSigningKey(ctx, id, now, now.Add(MaxLife), newKey(now), entry)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such signing key; GET /v1/signing-keys lists them"}
	}
	if err != nil {
		return fmt.Errorf("withdraw signing key: %w", err)
	}
	return i.read(ctx, now)
}

// newKey makes a key that is to be the active one.
func newKey(now time.Time) gatepost.SigningKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	return gatepost.SigningKey{ID: NewJWK(public).KeyID, Seed: seed, CreatedAt: now, Active: true}
}

// replace makes a new active key and reads the keys again. i.mu is held.
func (i *Issuer) replace(ctx context.Context, now time.Time) error {
	err := i.store.ReplaceSigningKey(ctx, i.active, now.Add(MaxLife), newKey(now))
	if err != nil && gatepost.CodeOf(err) != gatepost.Conflict {
		return fmt.Errorf("replace signing key: %w", err)
	}
	// After a conflict, the other's key is the one.
	return i.read(ctx, now)
}

// load makes sure that the keys are known and fresh. Known keys outlast a store
// that is away. i.mu is held.
func (i *Issuer) load(ctx context.Context, now time.Time) error {
	known := i.active != ""
	if known && now.Before(i.stale) {
		return nil
	}
	reading := ctx
	if known {
		var cancel context.CancelFunc
		reading, cancel = context.WithTimeout(ctx, reloadPatience)
		defer cancel()
	}
	err := i.read(reading, now)
	if err == nil && i.active == "" {
		err = i.replace(ctx, now)
	}
	if err != nil {
		if i.active != "" && ctx.Err() == nil {
			i.stale = time.Now().Add(reloadRetry) // and not again at every token
			return nil
		}
		return err
	}
	if i.active == "" {
		return fmt.Errorf("load signing keys: none is active")
	}
	return nil
}

func (i *Issuer) read(ctx context.Context, now time.Time) error {
	keys, err := i.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	set := JWKS{Keys: []JWK{}}
	i.active = ""
	for _, k := range keys {
		if len(k.Seed) != ed25519.SeedSize {
			return fmt.Errorf("load signing keys: key %s is malformed", k.ID)
		}
		private := ed25519.NewKeyFromSeed(k.Seed)
		public := NewJWK(private.Public().(ed25519.PublicKey))
		if k.ID != public.KeyID {
			return fmt.Errorf("load signing keys: key %s is not the one that its name says", k.ID)
		}
		set.Keys = append(set.Keys, public)
		if k.Active {
			i.active, i.signer, i.born = k.ID, private, k.CreatedAt
		}
	}
	i.set, i.stale = set, now.Add(i.opts.ReloadEvery)
	return nil
}
