package host

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// RequestIDHeader carries the id that a request is logged under. A client's or a proxy's
// own is kept when it is plain.
const RequestIDHeader = "X-Request-Id"

type remoteKey struct{}

// Remote returns the address that a request came from, for rate limits and the
// ledger; the zero Addr when it is not known.
func Remote(ctx context.Context) netip.Addr {
	a, _ := ctx.Value(remoteKey{}).(netip.Addr)
	return a
}

// Source returns what attempts of a request's sender are counted under: its IPv4
// address, or its IPv6 /64, of which every host has all addresses.
func Source(ctx context.Context) string {
	a := Remote(ctx).Unmap()
	if !a.Is6() {
		return a.String()
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}

// WithRemote returns a context in which a request came from addr; for tests.
func WithRemote(ctx context.Context, addr netip.Addr) context.Context {
	return context.WithValue(ctx, remoteKey{}, addr)
}

func requestMiddleware(logger *slog.Logger, trusted []netip.Prefix) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		id := RequestID(ctx.Header(RequestIDHeader))
		ctx.SetHeader(RequestIDHeader, id)
		c := WithRemote(ctx.Context(), gatepost.RemoteAddr(ctx.RemoteAddr(), forwarded(ctx, trusted), trusted))
		c = problem.WithLogger(c, logger.With("request", id, "operation", ctx.Operation().OperationID))
		next(huma.WithContext(ctx, c))
	}
}

// RequestID returns the id of a request: the given one when it is at most 64
// letters, digits and "-_", else a new one.
func RequestID(given string) string {
	plain := given != "" && len(given) <= 64
	for i := 0; plain && i < len(given); i++ {
		c := given[i]
		plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	if plain {
		return given
	}
	return gatepost.NewID()
}

// forwarded returns every X-Forwarded-For of a request, which only those behind
// trusted proxies have to be asked for.
func forwarded(ctx huma.Context, trusted []netip.Prefix) (list []string) {
	if len(trusted) == 0 {
		return nil
	}
	ctx.EachHeader(func(name, value string) {
		if strings.EqualFold(name, "X-Forwarded-For") {
			list = append(list, value)
		}
	})
	return list
}

// documentOnly is an adapter that serves nothing.
type documentOnly struct{}

func (documentOnly) Handle(*huma.Operation, func(huma.Context)) {}

func (documentOnly) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "", http.StatusNotImplemented)
}
