package token

import "errors"

// Expired tells whether a verifier refused a token that is genuine in all but
// its expiry, which has passed.
func Expired(err error) bool { return errors.Is(err, errExpired) }
