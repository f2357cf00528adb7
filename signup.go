package gatepost

import "time"

// Signup is a small business on its way in: its contact is to be verified, then
// the undertaking accepted, then there is an organisation with an owner.
type Signup struct {
	ID           string
	Contact      Contact
	Organisation string // name
	Division     string // code, "" for none
	Name         string // of the person
	PasswordHash string
	SecretHash   string // HashKey of the token of whoever began it
	CodeHash     string // HashKey; "" when no code leads on: the contact has an account
	Attempts     int    // codes that were tried
	Address      string // from where it was begun
	CreatedAt    time.Time
	ExpiresAt    time.Time
	VerifiedAt   *time.Time
	FinishedAt   *time.Time
}

// Arrival is what a sign-up becomes.
type Arrival struct {
	Organisation Organisation
	Owner        User
	Contact      UserContact
	Undertaking  Undertaking
	Plan         string
	Entries      []LedgerEntry
}
