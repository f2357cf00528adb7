package gatepost

import "errors"

// Code classifies an error for programs. The HTTP status of each code, and the
// way back in the SDK, are in one table each (functions/host/problem and
// sdk/js/src/error.ts).
type Code string

// The codes that operations fail with.
const (
	Invalid         Code = "invalid"         // the request is malformed or breaks a rule; Field names the culprit
	Unauthenticated Code = "unauthenticated" // no credential, or one that does not verify
	Forbidden       Code = "forbidden"       // the credential is good, the action is not allowed
	NotFound        Code = "not_found"       // no such thing, or none that the caller may know of
	Conflict        Code = "conflict"        // the state of the thing does not allow it, e.g. a second publisher
	Archived        Code = "archived"        // footage that must be restored first
	Gone            Code = "gone"            // it existed: expired, revoked, used up
	TooLarge        Code = "too_large"       // body, window or list over its limit
	RateLimited     Code = "rate_limited"    // too many attempts; try again later
	Unavailable     Code = "unavailable"     // a database, a bucket or a camera is not there at the moment
	Unsupported     Code = "unsupported"     // this deployment has not what it takes; trying again does not help
	Internal        Code = "internal"        // a defect of ours
)

// Error is the error of every operation: a code for programs, a message for
// people (it never holds a key, a token or a presigned URL), and the cause for
// the log.
type Error struct {
	Code    Code
	Message string // one sentence, says what is wrong and what to do about it
	Field   string // for Invalid: the JSON field, parameter or flag at fault
	Err     error  // the cause; logged, never sent to a caller
}

// Error joins message and cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Field != "" {
		s += " " + e.Field
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// InvalidField is an Invalid error about one field.
func InvalidField(field, message string) *Error {
	return &Error{Code: Invalid, Field: field, Message: message}
}

// CodeOf returns the code of the outermost *Error in err's chain, Internal for
// any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
