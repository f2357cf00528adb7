package identity

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const maxReason = 500 // characters

// SigningKey is a key that signs tokens, without its secret half.
type SigningKey struct {
	ID          string     `json:"id" doc:"The kid of its tokens and of the JWKS"`
	CreatedAt   time.Time  `json:"created_at"`
	Active      bool       `json:"active" doc:"It signs"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When no token that it signed can live any more"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty" doc:"Since then what it signed is void"`
}

// SigningKeyList is all of them.
type SigningKeyList struct {
	Items []SigningKey `json:"items" doc:"Newest first"`
}

type signingKeysOutput struct{ Body SigningKeyList }

func (s *Service) listSigningKeys(ctx context.Context, _ *struct{}) (*signingKeysOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	keys, err := s.opts.Store.AllSigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	out := &signingKeysOutput{Body: SigningKeyList{Items: make([]SigningKey, 0, len(keys))}}
	for _, k := range keys {
		out.Body.Items = append(out.Body.Items,
			SigningKey{ID: k.ID, CreatedAt: k.CreatedAt, Active: k.Active, ExpiresAt: k.ExpiresAt, WithdrawnAt: k.WithdrawnAt})
	}
	return out, nil
}

type withdrawInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The key's kid"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"What happened to it; for the ledger"`
	}
}

func (s *Service) withdrawSigningKey(ctx context.Context, in *withdrawInput) (*struct{}, error) {
	subject, err := auth.Admin(ctx)
	if err != nil {
		return nil, err
	}
	reason, err := gatepost.CheckText("reason", in.Body.Reason, 1, maxReason)
	if err != nil {
		return nil, err
	}
	return nil, s.opts.Issuer.Withdraw(ctx, in.ID,
		access.Entry(gatepost.LedgerKey, subject, "", map[string]string{"act": "withdraw", "key": in.ID, "reason": reason}))
}
