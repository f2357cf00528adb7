package evidence

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/signature"
	"github.com/gatepost-video/gatepost/internal/token"
)

type keysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         token.JWKS
}

func (f *Function) keys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	if _, err := f.signer(ctx); err != nil {
		return nil, err
	}
	keys, err := f.opts.Store.EvidenceKeys(ctx)
	if err != nil {
		return nil, err
	}
	set := token.JWKS{Keys: []token.JWK{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, token.NewJWK(public(k.Seed)))
	}
	return &keysOutput{CacheControl: "public, max-age=60", Body: set}, nil
}

func public(seed []byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

func (f *Function) replaceKey(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Admin() {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "administrators of the system replace keys"}
	}
	old, err := f.active(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.newKey(ctx, old, access.Entry(gatepost.LedgerKey, s, "", nil)); err != nil {
		return nil, err
	}
	return f.keys(ctx, nil)
}

// active returns the key that signs; its ID is "" when there is none yet.
func (f *Function) active(ctx context.Context) (gatepost.SigningKey, error) {
	keys, err := f.opts.Store.EvidenceKeys(ctx)
	if err != nil {
		return gatepost.SigningKey{}, err
	}
	for _, k := range keys {
		if k.Active {
			return k, nil
		}
	}
	return gatepost.SigningKey{}, nil
}

// newKey makes a key that signs from now on.
func (f *Function) newKey(ctx context.Context, old gatepost.SigningKey, entry gatepost.LedgerEntry) error {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	next := gatepost.SigningKey{ID: token.NewJWK(public(seed)).KeyID, Seed: seed, CreatedAt: time.Now(), Active: true}
	entry.Detail = map[string]string{"act": "replace", "of": "evidence", "new": next.ID}
	if old.ID != "" {
		entry.Detail["old"] = old.ID
	}
	return f.opts.Store.ReplaceEvidenceKey(ctx, old.ID, next, entry)
}

// signer returns the key that signs, and makes the first one.
func (f *Function) signer(ctx context.Context) (*signature.Key, error) {
	return f.signerFor(ctx, signature.Evidence)
}

// SignReport returns lines as a note that is signed with the key of evidence, under a
// name of its own, so that nobody takes a report for evidence.
func (f *Function) SignReport(ctx context.Context, lines ...string) (string, error) {
	k, err := f.signerFor(ctx, signature.Report)
	if err != nil {
		return "", err
	}
	return k.Note(lines...)
}

func (f *Function) signerFor(ctx context.Context, purpose string) (*signature.Key, error) {
	k, err := f.active(ctx)
	if err == nil && k.ID == "" {
		err = f.newKey(ctx, k, gatepost.LedgerEntry{Kind: gatepost.LedgerKey, Actor: "system", Allowed: true})
		if err == nil || gatepost.CodeOf(err) == gatepost.Conflict { // another process was first
			k, err = f.active(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	return signature.NewKey(purpose, k.Seed)
}
