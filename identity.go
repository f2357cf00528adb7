package gatepost

import "time"

// Account is a user together with his organisation.
type Account struct {
	User         User
	Organisation Organisation
}

// Subject is the account as a request's subject.
func (a Account) Subject() Subject {
	return Subject{
		UserID: a.User.ID, Login: a.User.Login, Role: a.User.Role,
		Organisation: a.Organisation.ID, Kind: a.Organisation.Kind, Division: a.Organisation.Division,
	}
}

// Session is a person's refresh session. Its secret is rotated with each use;
// only hashes are kept (HashKey).
type Session struct {
	ID           string
	UserID       string
	SecretHash   string
	PreviousHash string // of the secret before; "" before the first rotation
	CreatedAt    time.Time
	RotatedAt    time.Time // when the present secret was given out
	ExpiresAt    time.Time
	RevokedAt    *time.Time
}

// APIKey lets a machine act as its user. Only the key's hash is kept (HashKey).
type APIKey struct {
	ID         string
	UserID     string
	Name       string
	SecretHash string
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	RevokedAt  *time.Time
}

// SigningKey is an Ed25519 key that signs tokens. Exactly one is active; the
// others verify until they expire.
type SigningKey struct {
	ID        string // kid: the RFC 7638 thumbprint of its public half
	Seed      []byte // 32 bytes (RFC 8032 §5.1.5)
	CreatedAt time.Time
	Active    bool
	ExpiresAt *time.Time // nil while active

	WithdrawnAt *time.Time // from then on it verifies nothing

	Withdrawn *Withdrawal // of a key of evidence: it may be in other hands
}

// Withdrawal is that a key of evidence was withdrawn.
type Withdrawal struct {
	At     time.Time `json:"withdrawn_at"`
	Since  time.Time `json:"untrusted_since"`  // what was registered later says nothing
	Reason string    `json:"withdrawn_reason"` // for whoever checks evidence
}
