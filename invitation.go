package gatepost

import "time"

// Invitation lets whoever holds its token join an organisation, once.
type Invitation struct {
	ID           string
	Organisation string // id
	Contact      Contact
	Role         Role
	SecretHash   string // HashKey of the token
	Sent         bool   // the token went to the contact alone: who has it has shown that the contact is his
	InvitedBy    string // user id
	CreatedAt    time.Time
	ExpiresAt    time.Time
	RevokedAt    *time.Time
	AcceptedAt   *time.Time
	AcceptedBy   string // user id, "" before
}
