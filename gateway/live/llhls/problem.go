package llhls

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gatepost-video/gatepost"
)

// status maps codes to HTTP. Delivery directives that make no sense are 400
// (RFC 8216bis §6.2.5.2), unlike invalid bodies elsewhere.
var status = map[gatepost.Code]int{
	gatepost.Invalid:         http.StatusBadRequest,
	gatepost.Unauthenticated: http.StatusUnauthorized,
	gatepost.Forbidden:       http.StatusForbidden,
	gatepost.NotFound:        http.StatusNotFound,
	gatepost.Gone:            http.StatusGone,
	gatepost.RateLimited:     http.StatusTooManyRequests,
	gatepost.Unavailable:     http.StatusServiceUnavailable,
}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, context.Canceled) {
		return // the viewer has gone
	}
	var e *gatepost.Error
	if !errors.As(err, &e) {
		e = &gatepost.Error{Code: gatepost.Internal, Message: "something went wrong here", Err: err}
	}
	code, ok := status[e.Code]
	if !ok {
		code = http.StatusInternalServerError
	}
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	writeProblem(w, code, e)
}

func writeProblem(w http.ResponseWriter, code int, e *gatepost.Error) {
	body, err := json.Marshal(struct {
		Type   string        `json:"type"`
		Title  string        `json:"title"`
		Status int           `json:"status"`
		Detail string        `json:"detail,omitempty"`
		Code   gatepost.Code `json:"code"`
	}{"urn:gatepost:problem:" + string(e.Code), http.StatusText(code), code, e.Message, e.Code})
	if err != nil {
		panic(err) // strings and a number
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Encoding")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the viewer has gone; there is nobody to tell
}
