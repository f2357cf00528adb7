package host

import (
	"net/http"
	"strings"
)

// openPaths are used by players and pages on other origins: CORS (Fetch
// standard §3.2) lets anyone in, without cookies. All else is for the portal's
// own origin.
var openPaths = []string{"/v1/shares/open", "/v1/shares/renew", "/v1/playback/", "/.well-known/jwks.json",
	"/v1/evidence-keys", "/v1/ledger/key", "/v1/ledger/consistency"}

// CrossOrigin sets the header that opens a path to other origins, if it is one that is. The answer to a
// preflight is that header alone, with status 204.
func CrossOrigin(method, path string, set func(name, value string)) (preflight bool) {
	for _, open := range openPaths {
		if path != open && (!strings.HasSuffix(open, "/") || !strings.HasPrefix(path, open)) {
			continue
		}
		set("Access-Control-Allow-Origin", "*")
		set("Access-Control-Expose-Headers", "Content-Length, Content-Range, Accept-Ranges, Retry-After, Gatepost-Picture-Time, "+RequestIDHeader)
		if method != http.MethodOptions {
			return false
		}
		set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
		set("Access-Control-Allow-Headers", "Content-Type, Range")
		set("Access-Control-Max-Age", "86400")
		return true
	}
	return false
}
