package share

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// maxOrigins is how many there may be: they travel in a header.
const maxOrigins = 16

// checkOrigins reads the origins of pages (RFC 6454 §6.2): scheme, host and
// perhaps a port, and nothing that means more in a Content-Security-Policy.
func checkOrigins(list []string) ([]string, error) {
	if len(list) > maxOrigins {
		return nil, gatepost.InvalidField("origins", "at most 16 origins; make another link for the other pages")
	}
	origins := make([]string, 0, len(list))
	for _, raw := range list {
		origin, ok := parseOrigin(strings.TrimSpace(raw))
		if !ok {
			return nil, gatepost.InvalidField("origins", "an origin is written like https://www.example.org, with a port where there is one and without a path")
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins, nil
}

func parseOrigin(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || len(u.Host) > 255 {
		return "", false
	}
	for _, r := range u.Host {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]", r) {
			return "", false
		}
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	// Whatever else it has, a path, a user or a query, is no part of an origin.
	return origin, strings.EqualFold(strings.TrimSuffix(raw, "/"), origin)
}

// Origins returns the origins of the pages that may show a link in a frame; none
// for a link that does not exist.
func (f *Function) Origins(ctx context.Context, shareID string) ([]string, error) {
	if !gatepost.ValidID(shareID) {
		return nil, nil
	}
	sh, err := f.opts.Store.Share(ctx, shareID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, nil
	}
	return sh.Origins, err
}
