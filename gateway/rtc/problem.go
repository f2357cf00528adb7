package rtc

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gatepost-video/gatepost"
)

// Refusal is an error that names the HTTP status of its own protocol, where the
// code alone does not.
type Refusal struct {
	Status int
	Code   gatepost.Code
	Reason string // for programs, finer than the code, e.g. "codec_not_supported"; "" for none
	Detail string // one sentence for people
	Err    error  // the cause, for the log
}

// Error joins detail and cause.
func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Detail + ": " + r.Err.Error()
	}
	return r.Detail
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// problem is an RFC 9457 document.
type problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Code   gatepost.Code `json:"code"`
	Reason string        `json:"reason,omitempty"`
	Field  string        `json:"field,omitempty"`
}

// statuses is the table of docs/design/api.md.
var statuses = map[gatepost.Code]int{
	gatepost.Invalid:         http.StatusUnprocessableEntity,
	gatepost.Unauthenticated: http.StatusUnauthorized,
	gatepost.Forbidden:       http.StatusForbidden,
	gatepost.NotFound:        http.StatusNotFound,
	gatepost.Conflict:        http.StatusConflict,
	gatepost.Gone:            http.StatusGone,
	gatepost.TooLarge:        http.StatusRequestEntityTooLarge,
	gatepost.RateLimited:     http.StatusTooManyRequests,
	gatepost.Unavailable:     http.StatusServiceUnavailable,
	gatepost.Internal:        http.StatusInternalServerError,
}

// WriteProblem answers a request with what went wrong.
func WriteProblem(w http.ResponseWriter, err error) {
	p := problem{Code: gatepost.CodeOf(err)}
	var refusal *Refusal
	var ours *gatepost.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &refusal):
		p.Status, p.Code, p.Reason, p.Detail = refusal.Status, refusal.Code, refusal.Reason, refusal.Detail
	case errors.As(err, &tooLarge):
		p.Code, p.Detail = gatepost.TooLarge, "The body is too large."
	case errors.Is(err, ErrMalformed):
		// The text quotes the peer's own document and nothing else.
		p.Status, p.Code, p.Detail = http.StatusBadRequest, gatepost.Invalid, err.Error()
	case errors.As(err, &ours):
		p.Detail, p.Field = ours.Message, ours.Field
	}
	if p.Status == 0 {
		p.Status = statuses[p.Code]
	}
	if p.Status == 0 {
		p.Status, p.Code = http.StatusInternalServerError, gatepost.Internal
	}
	p.Type, p.Title = "urn:gatepost:problem:"+string(p.Code), http.StatusText(p.Status)

	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the peer may be gone already
}
