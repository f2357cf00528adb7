package gatepost

import (
	"regexp"
	"strings"
)

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)

// LoginOf is what somebody signs in with in its one spelling: a contact may be
// written in many.
func LoginOf(s string) string {
	if c, err := ParseContact("login", s); err == nil {
		return c.Value
	}
	return strings.ToLower(strings.TrimSpace(s))
}

// CheckLogin returns a new user's login in its one spelling. It fails with Invalid,
// naming the field "login", for one that is neither plain nor a contact.
func CheckLogin(s string) (string, error) {
	login := LoginOf(s)
	if _, err := ParseContact("login", login); err != nil && !loginForm.MatchString(login) {
		return "", InvalidField("login", "a login is 2 to 64 letters a–z, digits and . _ @ -, and begins with a letter or a digit; or it is an e-mail address or a phone number")
	}
	return login, nil
}
