// Package auth tells operations who asks. Every operation needs a bearer token
// unless it says otherwise:
//
//	huma.Register(api, huma.Operation{…}, op)                        // a person's or a machine's token
//	huma.Register(api, huma.Operation{Security: auth.Public, …}, op) // nobody in particular
//	huma.Register(api, huma.Operation{Security: auth.Node, …}, op)   // a gateway
//
// and an operation asks with Subject or Admin.
package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// Names of the security schemes in the OpenAPI document.
const (
	SchemeBearer = "bearer"
	SchemeNode   = "node"
)

// Security requirements of operations. Without one an operation has Bearer's.
var (
	Bearer = []map[string][]string{{SchemeBearer: {}}}
	Node   = []map[string][]string{{SchemeNode: {}}}
	Public = []map[string][]string{}
)

// KeyPrefix begins every API key, so that a key is told from a token, and
// found by secret scanners.
const KeyPrefix = "gpk_"

// Tokens verifies access tokens, offline. It fails with Unauthenticated.
type Tokens interface {
	Subject(ctx context.Context, accessToken string) (gatepost.Subject, error)
}

// Keys finds whose API key it is. It fails with Unauthenticated for a key that
// is unknown, expired or revoked, and with Unavailable.
type Keys interface {
	KeySubject(ctx context.Context, key string) (gatepost.Subject, error)
}

// People knows who users are now: a role may have changed, or an account been
// deactivated, since a token was signed. It fails with Unauthenticated for those
// who may not act any more, and with Unavailable.
type People interface {
	Present(ctx context.Context, userID string) (gatepost.Subject, error)
}

// peopleTTL is how long the answer of People is believed.
const peopleTTL = 2 * time.Second

// A key's answer is kept for keyTTL: a revoked key works that much longer at
// most. The cache is emptied when it is full.
const (
	keyTTL   = 5 * time.Second
	keyCache = 4096
)

// maxCredential is the length in bytes beyond which a credential is not even
// looked at.
const maxCredential = 8 << 10

// Authenticator checks the credential of each request.
type Authenticator struct {
	// Tokens and Keys may each be nil: nothing of that kind is accepted then.
	Tokens Tokens
	Keys   Keys

	// People, when set, is asked who a token's user is now.
	People People

	// NodeKey is the key that gateways present (GATEPOST_NODE_KEY). Empty: no
	// gateway is let in over HTTP.
	NodeKey string

	mu     sync.Mutex
	known  map[[sha256.Size]byte]knownKey // by the key's hash
	people map[string]knownKey            // by user id
}

type knownKey struct {
	subject gatepost.Subject
	until   time.Time
}

type subjectKey struct{}

// WithSubject returns a context that a subject is known in; for tests and for
// hosts of other kinds.
func WithSubject(ctx context.Context, s gatepost.Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// Subject returns who makes the request. It fails with Unauthenticated in an
// operation that is Public.
func Subject(ctx context.Context) (gatepost.Subject, error) {
	s, ok := ctx.Value(subjectKey{}).(gatepost.Subject)
	if !ok {
		return gatepost.Subject{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "sign in, or present an API key"}
	}
	return s, nil
}

// Admin returns who makes the request. It fails with Forbidden for anyone but
// an administrator.
func Admin(ctx context.Context) (gatepost.Subject, error) {
	s, err := Subject(ctx)
	if err == nil && !s.Admin() {
		err = &gatepost.Error{Code: gatepost.Forbidden, Message: "only an administrator may do this"}
	}
	return s, err
}

// Middleware checks every operation's credential as its Security demands.
func (a *Authenticator) Middleware(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		switch security := ctx.Operation().Security; {
		case security == nil || demands(security, SchemeBearer):
			s, err := a.authenticate(ctx.Context(), ctx.Header("Authorization"))
			if err != nil {
				refuse(api, ctx, err)
				return
			}
			next(huma.WithContext(ctx, WithSubject(ctx.Context(), s)))
		case demands(security, SchemeNode):
			if err := a.node(ctx.Header("Authorization")); err != nil {
				refuse(api, ctx, err)
				return
			}
			next(ctx)
		default:
			next(ctx)
		}
	}
}

func demands(security []map[string][]string, scheme string) bool {
	for _, requirement := range security {
		if _, ok := requirement[scheme]; ok {
			return true
		}
	}
	return false
}

// refuse answers with the challenge of RFC 6750 §3.
func refuse(api huma.API, ctx huma.Context, err error) {
	if gatepost.CodeOf(err) == gatepost.Unauthenticated {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="gatepost"`)
	}
	problem.Write(api, ctx, err)
}

func (a *Authenticator) authenticate(ctx context.Context, header string) (gatepost.Subject, error) {
	credential, err := bearer(header)
	if err != nil {
		return gatepost.Subject{}, err
	}
	if strings.HasPrefix(credential, KeyPrefix) {
		return a.key(ctx, credential)
	}
	if a.Tokens == nil {
		return gatepost.Subject{}, unauthenticated("access tokens are not accepted here")
	}
	s, err := a.Tokens.Subject(ctx, credential)
	if err != nil || a.People == nil {
		return s, err
	}
	return a.present(ctx, s.UserID)
}

// present returns who a user is now, as of two seconds ago at most.
func (a *Authenticator) present(ctx context.Context, userID string) (gatepost.Subject, error) {
	now := time.Now()
	a.mu.Lock()
	known, ok := a.people[userID]
	a.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.subject, nil
	}
	s, err := a.People.Present(ctx, userID)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		delete(a.people, userID)
		return gatepost.Subject{}, err
	}
	if a.people == nil || len(a.people) >= keyCache {
		a.people = make(map[string]knownKey)
	}
	a.people[userID] = knownKey{subject: s, until: now.Add(peopleTTL)}
	return s, nil
}

func (a *Authenticator) key(ctx context.Context, key string) (gatepost.Subject, error) {
	if a.Keys == nil {
		return gatepost.Subject{}, unauthenticated("API keys are not accepted here")
	}
	hash := sha256.Sum256([]byte(key))
	now := time.Now()
	a.mu.Lock()
	known, ok := a.known[hash]
	a.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.subject, nil
	}
	s, err := a.Keys.KeySubject(ctx, key)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		delete(a.known, hash)
		return gatepost.Subject{}, err
	}
	if a.known == nil || len(a.known) >= keyCache {
		a.known = make(map[[sha256.Size]byte]knownKey)
	}
	a.known[hash] = knownKey{subject: s, until: now.Add(keyTTL)}
	return s, nil
}

func (a *Authenticator) node(header string) error {
	credential, err := bearer(header)
	if err != nil {
		return err
	}
	want, got := sha256.Sum256([]byte(a.NodeKey)), sha256.Sum256([]byte(credential))
	if a.NodeKey == "" || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return unauthenticated("this is not the node key of this deployment")
	}
	return nil
}

// bearer takes the credential out of an Authorization header (RFC 6750 §2.1).
func bearer(header string) (string, error) {
	if header == "" {
		return "", unauthenticated("sign in, or present an API key: Authorization: Bearer …")
	}
	scheme, credential, _ := strings.Cut(header, " ")
	credential = strings.TrimSpace(credential)
	if !strings.EqualFold(scheme, "Bearer") || credential == "" {
		return "", unauthenticated("the Authorization header must read: Bearer and a token")
	}
	if len(credential) > maxCredential {
		return "", unauthenticated("the credential is too long to be one of ours")
	}
	return credential, nil
}

func unauthenticated(message string) error {
	return &gatepost.Error{Code: gatepost.Unauthenticated, Message: message}
}
