package problem

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// Install makes huma answer with problems. huma keeps this in package
// variables, so it holds for every API of the process; it may be called often.
var Install = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return build(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := build(status, message, errs)
		if len(errs) > 0 {
			Log(ctx.Context(), p, errs[0])
		}
		return p
	}
})

// build tells an operation's error, which huma hands over as a 500 with its
// cause, from huma's own findings.
func build(status int, message string, errs []error) *Problem {
	if status >= 500 && len(errs) > 0 {
		return From(errs[0])
	}
	if status == 0 {
		return &Problem{} // huma asks for the type only
	}
	if status >= 500 {
		return New(status, internalDetail)
	}
	return violations(status, message, errs)
}

// Write answers a request with an error, from a middleware.
func Write(api huma.API, ctx huma.Context, err error) {
	// It fails only when the client is gone.
	_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", err)
}

// Log writes the cause of a problem that somebody must know of: a defect, or
// something that is not available. Refusals are the caller's business alone.
func Log(ctx context.Context, p *Problem, cause error) {
	switch p.Code {
	case gatepost.Internal:
		logger(ctx).ErrorContext(ctx, "request failed", "err", cause)
	case gatepost.Unavailable:
		if ctx.Err() == nil { // not when the client gave up
			logger(ctx).WarnContext(ctx, "request not served", "err", cause)
		}
	}
}

type loggerKey struct{}

// WithLogger returns a context whose problems are logged to l, which should
// carry the request's id.
func WithLogger(ctx context.Context, l *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, l)
}

func logger(ctx context.Context) *slog.Logger {
	if l, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return l
	}
	return slog.Default()
}

// Recover is a huma middleware that answers a panic with a 500 and logs it
// with its stack.
func Recover(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(r)
			}
			LogPanic(ctx.Context(), r)
			_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, internalDetail)
		}()
		next(ctx)
	}
}

// LogPanic logs a recovered panic with its stack.
func LogPanic(ctx context.Context, r any) {
	logger(ctx).ErrorContext(ctx, "panic", "err", r, "stack", string(debug.Stack()))
}
