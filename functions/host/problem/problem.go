// Package problem is the one place where errors become HTTP: the table from
// gatepost.Code to status, and the body of every refusal (RFC 9457,
// application/problem+json).
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// URN is the prefix of a problem's type; the code follows.
const URN = "urn:gatepost:problem:"

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Problem is the body of every refused request.
type Problem struct {
	Type   string        `json:"type" doc:"urn:gatepost:problem: and the code" example:"urn:gatepost:problem:invalid"`
	Title  string        `json:"title" doc:"What kind of problem it is, the same for every occurrence"`
	Status int           `json:"status" doc:"The HTTP status"`
	Detail string        `json:"detail" doc:"What is wrong with this request, and what to do about it"`
	Code   gatepost.Code `json:"code" enum:"invalid,unauthenticated,forbidden,not_found,conflict,archived,gone,too_large,rate_limited,unavailable,unsupported,internal" doc:"The kind of problem, for programs"`
	Field  string        `json:"field,omitempty" doc:"The field or parameter at fault, as a path"`
	Errors []Violation   `json:"errors,omitempty" doc:"Every violation, when there is more to say than the detail"`
}

// Violation is one thing that is wrong with a request.
type Violation struct {
	Location string `json:"location" doc:"Where, e.g. body.position.longitude or query.limit"`
	Message  string `json:"message" doc:"What"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return ContentType }

// Write answers a request of net/http with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only when the client is gone
}

type kind struct {
	status int
	title  string
}

// The table. Its inverse is in the SDK.
var kinds = map[gatepost.Code]kind{
	gatepost.Invalid:         {http.StatusUnprocessableEntity, "The request is not valid"},
	gatepost.Unauthenticated: {http.StatusUnauthorized, "A valid credential is needed"},
	gatepost.Forbidden:       {http.StatusForbidden, "This is not allowed"},
	gatepost.NotFound:        {http.StatusNotFound, "There is no such thing"},
	gatepost.Conflict:        {http.StatusConflict, "The present state does not allow it"},
	gatepost.Gone:            {http.StatusGone, "It is no longer available"},
	gatepost.Archived:        {http.StatusConflict, "The footage must be restored first"},
	gatepost.TooLarge:        {http.StatusRequestEntityTooLarge, "The request is too large"},
	gatepost.RateLimited:     {http.StatusTooManyRequests, "Too many attempts"},
	gatepost.Unavailable:     {http.StatusServiceUnavailable, "Something needed is not available at the moment"},
	gatepost.Unsupported:     {http.StatusNotImplemented, "It is not available here"},
	gatepost.Internal:        {http.StatusInternalServerError, "An internal error"},
}

// Status returns the HTTP status of a code.
func Status(code gatepost.Code) int {
	if k, ok := kinds[code]; ok {
		return k.status
	}
	return http.StatusInternalServerError
}

// codeOf returns the code for a status that a library chose.
func codeOf(status int) gatepost.Code {
	for code, k := range kinds {
		if k.status == status {
			return code
		}
	}
	switch {
	case status == http.StatusRequestURITooLong, status == http.StatusRequestHeaderFieldsTooLarge:
		return gatepost.TooLarge
	case status == http.StatusPreconditionFailed:
		return gatepost.Conflict
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return gatepost.Unavailable
	case status >= 500:
		return gatepost.Internal
	}
	return gatepost.Invalid // 400, 405, 406, 408, 411, 415 and the like
}

// New returns a problem with a status other than its code's own, such as 405.
func New(status int, detail string) *Problem {
	code := codeOf(status)
	return &Problem{Type: URN + string(code), Title: kinds[code].title, Status: status, Detail: detail, Code: code}
}

// internalDetail is all that a caller learns of a defect.
const internalDetail = "an internal error occurred; it has been logged"

// From returns the problem that an operation's error is answered with. The
// cause of an error never becomes part of it.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	e := asError(err)
	code, k := e.Code, kinds[e.Code]
	if k.status == 0 {
		code, k = gatepost.Internal, kinds[gatepost.Internal]
	}
	detail := e.Message
	switch {
	case code == gatepost.Internal:
		detail = internalDetail
	case detail == "":
		detail = strings.ToLower(k.title[:1]) + k.title[1:]
	}
	return &Problem{Type: URN + string(code), Title: k.title, Status: k.status, Detail: detail, Code: code, Field: e.Field}
}

// asError finds the gatepost error in err, and makes one for a deadline.
func asError(err error) *gatepost.Error {
	var e *gatepost.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the request took too long or was given up; try again", Err: err}
	}
	return &gatepost.Error{Code: gatepost.Internal, Err: err}
}

// violations builds the problem for what huma found wrong with a request.
func violations(status int, message string, errs []error) *Problem {
	p := New(status, message)
	for _, err := range errs {
		if err == nil {
			continue
		}
		v := Violation{Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			// Not its value: that may be a password.
			v = Violation{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message}
		}
		if v.Location == "body" && status == http.StatusBadRequest {
			v.Message = "not valid JSON: " + v.Message
		}
		p.Errors = append(p.Errors, v)
	}
	if len(p.Errors) > 0 {
		first := p.Errors[0]
		p.Field = field(first)
		p.Detail = first.Message
		if first.Location != "" {
			p.Detail = first.Location + ": " + first.Message
		}
	}
	return p
}

// field is the path of a violation without the part of the request that it is
// in. huma places a missing property at its parent.
func field(v Violation) string {
	_, path, _ := strings.Cut(v.Location, ".")
	if name, ok := strings.CutPrefix(v.Message, "expected required property "); ok {
		if name, ok = strings.CutSuffix(name, " to be present"); ok {
			if path == "" {
				return name
			}
			return path + "." + name
		}
	}
	return path
}
