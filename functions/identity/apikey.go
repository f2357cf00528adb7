package identity

import (
	"context"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// APIKey is an API key as lists show it.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent: never"`
}

// NewAPIKey is an API key at the one time that it is shown.
type NewAPIKey struct {
	APIKey
	Key string `json:"key" doc:"Sent on as Authorization: Bearer; shown this once"`
}

func viewAPIKey(k gatepost.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt}
}

type createAPIKeyInput struct {
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for"`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Default: never"`
	}
}

type newAPIKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         NewAPIKey
}

func (s *Service) createAPIKey(ctx context.Context, in *createAPIKeyInput) (*newAPIKeyOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(in.Body.Name)
	if name == "" {
		return nil, gatepost.InvalidField("name", "say what the key is for")
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if in.Body.ExpiresAt != nil && !in.Body.ExpiresAt.After(now) {
		return nil, gatepost.InvalidField("expires_at", "it must lie in the future; leave it out for a key that does not expire")
	}
	key := auth.KeyPrefix + gatepost.NewSecret(20)
	k := gatepost.APIKey{
		ID: gatepost.NewID(), UserID: subject.UserID, Name: name, SecretHash: gatepost.HashKey(key),
		CreatedAt: now, ExpiresAt: in.Body.ExpiresAt,
	}
	if err := s.opts.Store.CreateAPIKey(ctx, k); err != nil {
		return nil, err
	}
	return &newAPIKeyOutput{CacheControl: "no-store", Body: NewAPIKey{APIKey: viewAPIKey(k), Key: key}}, nil
}

type listAPIKeysOutput struct{ Body host.List[APIKey] }

func (s *Service) listAPIKeys(ctx context.Context, in *struct{ host.Page }) (*listAPIKeysOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := s.opts.Store.APIKeys(ctx, subject.UserID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	cursor := func(k gatepost.APIKey) string { return k.ID }
	return &listAPIKeysOutput{Body: host.Paged(keys, in.Limit, cursor, viewAPIKey)}, nil
}

func (s *Service) deleteAPIKey(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"36"`
}) (*struct{}, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.opts.Store.RevokeAPIKey(ctx, subject.UserID, in.ID, time.Now())
}

// KeySubject implements auth.Keys.
func (s *Service) KeySubject(ctx context.Context, key string) (gatepost.Subject, error) {
	refused := &gatepost.Error{Code: gatepost.Unauthenticated, Message: "the API key is unknown, expired or revoked; make a new one"}
	k, err := s.opts.Store.APIKeyByHash(ctx, gatepost.HashKey(key))
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound:
		return gatepost.Subject{}, refused
	case err != nil:
		return gatepost.Subject{}, err
	case k.RevokedAt != nil, k.ExpiresAt != nil && !time.Now().Before(*k.ExpiresAt):
		return gatepost.Subject{}, refused
	}
	account, err := s.opts.Store.Account(ctx, k.UserID)
	if err != nil {
		return gatepost.Subject{}, err
	}
	if account.User.Disabled {
		return gatepost.Subject{}, refused
	}
	return account.Subject(), nil
}
