package gatepost

import "time"

// MessagePurpose is why a person is written to.
type MessagePurpose string

// What people are written to about.
const (
	MessageSignup       MessagePurpose = "signup"        // a code for a new business
	MessageSignupExists MessagePurpose = "signup_exists" // somebody signs up with a contact that has an account
	MessageContact      MessagePurpose = "contact"       // a code for a contact that a user says is his
	MessageInvitation   MessagePurpose = "invitation"    // a link into an organisation
	MessageNotification MessagePurpose = "notification"  // something that his organisation is told
)

// Message is an e-mail or a text message on its way to a person.
type Message struct {
	ID           string
	Purpose      MessagePurpose
	To           Contact
	Organisation string // whose it is; "" for somebody who has none yet
	About        string // id of the sign-up, the user, the invitation or the notification
	Secret       string // the code or the link; erased once it is sent or of no use
	State        DeliveryState
	Attempts     int
	NextAt       time.Time // of the next try, while it waits
	LastError    string
	CreatedAt    time.Time
	ExpiresAt    time.Time // when it is of no use any more
	SentAt       *time.Time

	OrganisationName string        // read only
	Notification     *Notification // read only, for MessageNotification
}
