package gatepost

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// ContactKind is a way to reach a person.
type ContactKind string

// The ways to reach a person.
const (
	ContactEmail ContactKind = "email"
	ContactPhone ContactKind = "phone"
)

// Contact is where a person is reached, in one spelling, so that equal ones are
// the same person's: an e-mail address in lower case, a mobile number of the
// mainland as its 11 digits, any other number as + and its digits (ITU-T E.164).
type Contact struct {
	Kind  ContactKind
	Value string
}

const maxEmail = 254 // bytes, RFC 5321 §4.5.3.1.3 less its brackets

var (
	emailForm    = regexp.MustCompile(`^[a-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	mainlandForm = regexp.MustCompile(`^(?:\+?86)?(1[3-9][0-9]{9})$`)
	phoneForm    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	phoneFiller  = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "")
)

// ParseContact reads an e-mail address or a phone number. It fails with Invalid,
// naming the field.
func ParseContact(field, s string) (Contact, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.Contains(s, "@") {
		if a, err := mail.ParseAddress(s); err == nil && a.Address == s && len(s) <= maxEmail && emailForm.MatchString(s) {
			return Contact{Kind: ContactEmail, Value: s}, nil
		}
		return Contact{}, InvalidField(field, "this is not an e-mail address; write it as name@example.org")
	}
	number := phoneFiller.Replace(s)
	if m := mainlandForm.FindStringSubmatch(number); m != nil {
		return Contact{Kind: ContactPhone, Value: m[1]}, nil
	}
	if phoneForm.MatchString(number) {
		return Contact{Kind: ContactPhone, Value: number}, nil
	}
	return Contact{}, InvalidField(field, "this is neither an e-mail address nor a mobile number; write numbers from abroad with + and the country's code")
}

// Masked is enough of the contact to know it again, for the ledger and for
// lists: w***@example.org, 138****5678.
func (c Contact) Masked() string {
	if c.Kind == ContactEmail {
		name, host, _ := strings.Cut(c.Value, "@")
		_, first := utf8.DecodeRuneInString(name)
		return name[:first] + "***@" + host
	}
	if len(c.Value) < 8 {
		return "****"
	}
	return c.Value[:3] + "****" + c.Value[len(c.Value)-4:]
}

// UserContact is a contact that a user has shown to be his.
type UserContact struct {
	UserID     string
	Contact    Contact
	Notify     bool // his organisation's notifications come to him by e-mail
	VerifiedAt time.Time
}

// MaxCodeAttempts is how many codes may be tried before another is needed.
const MaxCodeAttempts = 5

// ContactCode is a code on its way to a contact that a user says is his.
type ContactCode struct {
	UserID    string
	Contact   Contact
	CodeHash  string // HashKey
	Attempts  int
	CreatedAt time.Time
	ExpiresAt time.Time
}
