package dir

import (
	"crypto/subtle"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Handler serves presigned URLs, to be mounted at Prefix. It answers GET and
// HEAD with Range (RFC 9110 §14) and lets any origin read. A wrong or expired
// signature is 403, an object that is gone 404, and a URL that was signed for
// a range answers only a request for that range or a stretch within it.
func (s *Store) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Store) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	switch r.Method {
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "Range")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodGet, http.MethodHead:
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		problem(w, http.StatusMethodNotAllowed, gatepost.Invalid, "objects can only be read")
		return
	}
	c, ok := s.verify(r.URL)
	if !ok {
		problem(w, http.StatusForbidden, gatepost.Forbidden, "the URL is not valid, or no longer")
		return
	}
	if c.span != "" && !within(r.Header.Values("Range"), c.span) {
		problem(w, http.StatusForbidden, gatepost.Forbidden, "the URL was signed for another range")
		return
	}
	f, info, err := s.openObject(c.key)
	if errors.Is(err, fs.ErrNotExist) {
		problem(w, http.StatusNotFound, gatepost.NotFound, "no such object")
		return
	}
	if err != nil {
		problem(w, http.StatusServiceUnavailable, gatepost.Unavailable, "the object cannot be read at the moment")
		return
	}
	defer f.Close()
	if c.span != "" {
		// Without a validator there is no If-Range that could turn the
		// answer into the whole object.
		r = r.Clone(r.Context())
		r.Header.Del("If-Range")
	}
	h.Set("Content-Type", contentType(c.key))
	if c.filename != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.filename}))
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func contentType(key string) string {
	if path.Ext(key) == ".mp4" {
		return "video/mp4"
	}
	return "application/octet-stream"
}

// verify checks the signature and the expiry of u.
func (s *Store) verify(u *url.URL) (claim, bool) {
	key, ok := strings.CutPrefix(u.Path, Prefix)
	if !ok || objstore.ValidKey(key) != nil {
		return claim{}, false
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return claim{}, false
	}
	expires, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	if err != nil {
		return claim{}, false
	}
	c := claim{key, expires, query.Get("range"), query.Get("filename")}
	if strings.ContainsRune(c.span+c.filename, '\n') {
		return claim{}, false
	}
	if subtle.ConstantTimeCompare([]byte(s.sign(c)), []byte(query.Get("sig"))) != 1 {
		return claim{}, false
	}
	return c, s.now().Unix() < c.expires
}

// within tells whether the Range headers ask for one range inside of span.
func within(headers []string, span string) bool {
	if len(headers) != 1 {
		return false
	}
	asked, ok := strings.CutPrefix(headers[0], "bytes=")
	if !ok {
		return false
	}
	first, last, ok := parseSpan(strings.TrimSpace(asked))
	if !ok {
		return false
	}
	low, high, ok := parseSpan(span)
	return ok && low <= first && last <= high
}

// parseSpan reads "first-last", both given.
func parseSpan(s string) (first, last int64, ok bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, false
	}
	low, err := strconv.ParseUint(a, 10, 63)
	if err != nil {
		return 0, 0, false
	}
	high, err := strconv.ParseUint(b, 10, 63)
	if err != nil || high < low {
		return 0, 0, false
	}
	return int64(low), int64(high), true
}

// problem answers in the form of every error of ours (RFC 9457).
func problem(w http.ResponseWriter, status int, code gatepost.Code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"type":"urn:gatepost:problem:` + string(code) + `","title":"` + http.StatusText(status) +
		`","status":` + strconv.Itoa(status) + `,"detail":"` + detail + `","code":"` + string(code) + `"}` + "\n"))
}
