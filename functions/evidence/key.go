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

// EvidenceKeys is a JWKS (RFC 7517 §5) whose keys may be withdrawn.
type EvidenceKeys struct {
	Keys []EvidenceKey `json:"keys"`
}

// EvidenceKey is a key that evidence verifies with.
type EvidenceKey struct {
	token.JWK
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty" doc:"It may be in other hands"`
	Since       *time.Time `json:"untrusted_since,omitempty" doc:"What it signed that was registered later says nothing"`
	Reason      string     `json:"withdrawn_reason,omitempty"`
}

type keysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         EvidenceKeys
}

func (f *Function) keys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	if _, err := f.signer(ctx); err != nil {
		return nil, err
	}
	keys, err := f.opts.Store.EvidenceKeys(ctx)
	if err != nil {
		return nil, err
	}
	set := EvidenceKeys{Keys: []EvidenceKey{}}
	for _, k := range keys {
		shown := EvidenceKey{JWK: token.NewJWK(public(k.Seed))}
		if w := k.Withdrawn; w != nil {
			shown.WithdrawnAt, shown.Since, shown.Reason = &w.At, &w.Since, w.Reason
		}
		set.Keys = append(set.Keys, shown)
	}
	return &keysOutput{CacheControl: "public, max-age=60", Body: set}, nil
}

func public(seed []byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// keeper returns the caller, who must be an administrator.
func keeper(ctx context.Context) (gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err == nil && !s.Admin() {
		err = &gatepost.Error{Code: gatepost.Forbidden, Message: "administrators of the system replace and withdraw keys"}
	}
	return s, err
}

type withdrawKeyInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The key's kid"`
	Body struct {
		Reason string    `json:"reason" minLength:"1" maxLength:"500" doc:"What happened to it; whoever checks evidence reads it"`
		Since  time.Time `json:"untrusted_since,omitzero" doc:"Since when it may be in other hands; default now"`
	}
}

func (f *Function) withdrawKey(ctx context.Context, in *withdrawKeyInput) (*struct{}, error) {
	s, err := keeper(ctx)
	if err != nil {
		return nil, err
	}
	w := gatepost.Withdrawal{At: time.Now().UTC().Truncate(time.Millisecond), Since: in.Body.Since.UTC().Truncate(time.Millisecond)}
	if w.Reason, err = gatepost.CheckText("reason", in.Body.Reason, 1, maxReason); err != nil {
		return nil, err
	}
	if in.Body.Since.IsZero() {
		w.Since = w.At
	}
	if w.Since.After(w.At) {
		return nil, gatepost.InvalidField("untrusted_since", "it cannot lie in the future; leave it out for now")
	}
	next := newSigningKey()
	err = f.opts.Store.WithdrawEvidenceKey(ctx, in.ID, w, next, access.Entry(gatepost.LedgerKey, s, "", map[string]string{"act": "withdraw", "of": "evidence",
		"key": in.ID, "since": w.Since.Format(time.RFC3339Nano), "reason": w.Reason}))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such key; GET /v1/evidence-keys lists them"}
	}
	return nil, err
}

func (f *Function) replaceKey(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	s, err := keeper(ctx)
	if err != nil {
		return nil, err
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

func newSigningKey() gatepost.SigningKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return gatepost.SigningKey{ID: token.NewJWK(public(seed)).KeyID, Seed: seed, CreatedAt: time.Now(), Active: true}
}

// newKey makes a key that signs from now on.
func (f *Function) newKey(ctx context.Context, old gatepost.SigningKey, entry gatepost.LedgerEntry) error {
	next := newSigningKey()
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

// WithdrawnReportKeys returns the keys that signed reports and may have come into other hands, by the
// names that notes give them.
func (f *Function) WithdrawnReportKeys(ctx context.Context) (map[string]gatepost.Withdrawal, error) {
	keys, err := f.opts.Store.EvidenceKeys(ctx)
	if err != nil {
		return nil, err
	}
	list := map[string]gatepost.Withdrawal{}
	for _, k := range keys {
		if k.Withdrawn == nil {
			continue
		}
		signer, err := signature.NewKey(signature.Report, k.Seed)
		if err != nil {
			return nil, err
		}
		list[signer.Name()] = *k.Withdrawn
	}
	return list, nil
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
