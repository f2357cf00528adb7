package llhls

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/hls"
)

// Authoriser verifies media tokens, without asking anybody. It knows which grants
// are revoked.
type Authoriser interface {
	// Verify fails with Unauthenticated (forged, malformed, wrong audience) and
	// Gone (expired or revoked).
	Verify(ctx context.Context, token string) (Viewer, error)
}

// Viewer is whom a media token speaks of.
type Viewer struct {
	GrantID   string
	CameraID  string
	Action    gatepost.Action
	ExpiresAt time.Time
	KeyID     string            // of the key that signed his token
	Networks  gatepost.Networks // from where he may watch
}

// Rings finds the ring of a camera.
type Rings interface {
	// Ring returns nil when this gateway has nothing of the camera.
	Ring(cameraID string) *hls.Ring
}

// Options configures a Handler. The zero value of each duration works.
type Options struct {
	Authoriser Authoriser
	Rings      Rings

	// Joined, if set, is told before an answer is written whose body has so
	// many bytes and comes in one piece: header and body may go out together.
	Joined func(req *http.Request, body int64)

	// RevokeGrace is how long what existed when a grant was revoked can still
	// be fetched by the names that its viewer knows. Default: 2 s.
	RevokeGrace time.Duration
	// Revoked tells whether a viewer's grant was revoked or his key withdrawn, as
	// far as this gateway has heard. It is asked on every request for a playlist.
	// May be nil.
	Revoked func(Viewer) bool
	// Watching is told of every request for a playlist that is admitted, to keep
	// who watched. May be nil.
	Watching func(Viewer)
	// VerifyTTL is how long a verified token is not verified again. Revoke
	// and Revoked override it. Default: 1 s, or 1 min with Revoked.
	VerifyTTL time.Duration
	// EdgeKey is what a trusted cache in front of this gateway presents in
	// X-Gatepost-Edge. Without it no playlist is shared.
	EdgeKey string
	// PassTTL is how long such a cache may admit a viewer without asking, as
	// long as nobody's grant is revoked. Default: 15 s.
	PassTTL time.Duration
	// FirstPart is how long the first request waits for a camera that has
	// just begun to push. Default: 3 s.
	FirstPart time.Duration
}

// maxToken is the length in bytes beyond which a token is not looked at.
const maxToken = 4 << 10

// Handler is the http.Handler of live HLS. It needs a server without
// WriteTimeout, or one of more than three target durations.
type Handler struct {
	options Options
	viewers *viewers

	mu    sync.RWMutex
	rings map[string]*hls.Ring // by capability
}

// New makes a Handler. It starts no goroutine.
func New(o Options) *Handler {
	if o.RevokeGrace <= 0 {
		o.RevokeGrace = 2 * time.Second
	}
	if o.VerifyTTL <= 0 {
		o.VerifyTTL = time.Second
		if o.Revoked != nil {
			o.VerifyTTL = time.Minute
		}
	}
	if o.PassTTL <= 0 {
		o.PassTTL = 15 * time.Second
	}
	if o.FirstPart <= 0 {
		o.FirstPart = 3 * time.Second
	}
	return &Handler{options: o, viewers: newViewers(), rings: make(map[string]*hls.Ring)}
}

// Viewers counts the grants under which a camera was watched within the last ten
// seconds.
func (h *Handler) Viewers(cameraID string) int { return h.viewers.count(cameraID, time.Now()) }

// Revoke ends the viewers of some grants at once. Grants that nobody uses here are
// ignored.
func (h *Handler) Revoke(grantIDs ...string) {
	for camera := range h.viewers.revoke(grantIDs) {
		if ring := h.options.Rings.Ring(camera); ring != nil {
			ring.Withdraw(h.options.RevokeGrace)
		}
	}
}

// RevokeKeys ends the viewers whose tokens some keys have signed, at once, and
// returns their grants.
func (h *Handler) RevokeKeys(keyIDs ...string) []string {
	cameras, grants := h.viewers.revokeKeys(keyIDs)
	for camera := range cameras {
		if ring := h.options.Rings.Ring(camera); ring != nil {
			ring.Withdraw(h.options.RevokeGrace)
		}
	}
	return slices.Collect(maps.Keys(grants))
}

// ServeHTTP implements http.Handler for paths below /hls/, /part/ and /edge/.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	for _, f := range anyOrigin {
		header[f.name] = f.value
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		for _, f := range preflight {
			header[f.name] = f.value
		}
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		writeProblem(w, http.StatusMethodNotAllowed, &gatepost.Error{Code: gatepost.Invalid, Message: "playlists and media are read with GET"})
		return
	}
	root, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	key, name, ok := strings.Cut(rest, "/")
	switch {
	case !ok || strings.Contains(name, "/"):
		refuse(w, errNoPath)
	case root == "part":
		h.serveMedia(w, req, key, name)
	case root == "hls" && name == "index.m3u8":
		h.serveMultivariant(w, req, key)
	case root == "hls" && name == "live.m3u8":
		h.servePlaylist(w, req, key)
	case root == "hls" && name == "pass" && h.isEdge(req):
		h.servePass(w, req, key)
	case root == "edge" && h.isEdge(req):
		h.serveShared(w, req, key, name)
	default:
		refuse(w, errNoPath)
	}
}

var errNoPath = &gatepost.Error{Code: gatepost.NotFound, Message: "no such playlist or part"}

// field is a header field in the server's spelling, with values that all answers
// share.
type field struct {
	name  string
	value []string
}

// anyOrigin lets pages of any origin play: what protects a stream is its token,
// which such a page must have been given.
var anyOrigin = []field{
	{"Access-Control-Allow-Origin", []string{"*"}},
	{"Access-Control-Expose-Headers", []string{"Content-Length, Date, Age, Retry-After"}},
	{"Timing-Allow-Origin", []string{"*"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}}, // the path holds a token
}

// preflight is what OPTIONS tells besides.
var preflight = []field{
	{"Access-Control-Allow-Methods", []string{"GET, HEAD, OPTIONS"}},
	{"Access-Control-Allow-Headers", []string{"*"}},
	{"Access-Control-Max-Age", []string{"86400"}},
}

// admit verifies the token of a request, and that it comes from where the token is
// good, and finds the ring of its camera. The caller enters and leaves the ticket.
func (h *Handler) admit(req *http.Request, token string, now time.Time) (*ticket, *hls.Ring, error) {
	if len(token) == 0 || len(token) > maxToken {
		return nil, nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "this is not a media token"}
	}
	t := h.viewers.known(token, now)
	if t == nil {
		v, err := h.options.Authoriser.Verify(req.Context(), token)
		if err != nil {
			return nil, nil, err
		}
		if v.Action != gatepost.ActionLive {
			return nil, nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "this grant does not allow to watch live"}
		}
		if t, err = h.viewers.admit(token, v, now, now.Add(h.options.VerifyTTL)); err != nil {
			return nil, nil, err
		}
	}
	if h.options.Revoked != nil && h.options.Revoked(t.viewer) {
		return nil, nil, errRevoked
	}
	if err := t.err(); err != nil {
		return nil, nil, err
	}
	if networks := t.viewer.Networks; networks != "" {
		if err := networks.Admit(gatepost.ParseAddr(req.RemoteAddr)); err != nil {
			return nil, nil, err
		}
	}
	ring := h.options.Rings.Ring(t.viewer.CameraID)
	if ring == nil {
		return nil, nil, errOffline
	}
	if h.options.Watching != nil {
		h.options.Watching(t.viewer)
	}
	return t, ring, nil
}

var (
	errExpired = &gatepost.Error{Code: gatepost.Gone, Message: "the grant has expired; ask for a new one"}
	errRevoked = &gatepost.Error{Code: gatepost.Gone, Message: "the grant was revoked"}
	errOffline = &gatepost.Error{Code: gatepost.Unavailable, Message: "the camera is not online; try again later"}
)

func (h *Handler) serveMultivariant(w http.ResponseWriter, req *http.Request, token string) {
	now := time.Now()
	t, ring, err := h.admit(req, token, now)
	if err != nil {
		refuse(w, err)
		return
	}
	t.enter(now)
	defer func() { t.leave(time.Now()) }()
	var body []byte
	if err = ring.WaitMedia(req.Context(), t.ended, h.options.FirstPart); err == nil {
		body, err = ring.Multivariant("live.m3u8")
	}
	if gone := t.err(); gone != nil {
		err = gone
	}
	if err != nil {
		refuse(w, explain(err))
		return
	}
	h.writePlaylist(w, req, body, []string{strconv.Itoa(len(body))})
}

func (h *Handler) servePlaylist(w http.ResponseWriter, req *http.Request, token string) {
	directives, err := hls.ParseRequest(req.URL.RawQuery)
	if err != nil {
		refuse(w, explain(err))
		return
	}
	now := time.Now()
	t, ring, err := h.admit(req, token, now)
	if err != nil {
		refuse(w, err)
		return
	}
	t.enter(now)
	defer func() { t.leave(time.Now()) }()
	directives.Stop = t.ended
	p, err := ring.Playlist(req.Context(), directives)
	if gone := t.err(); gone != nil { // perhaps at the very moment the wait was over
		err = gone
	}
	if err != nil {
		refuse(w, explain(err))
		return
	}
	h.route(ring)
	h.writeMedia(w, req, p)
}

// writeMedia answers with a media playlist.
func (h *Handler) writeMedia(w http.ResponseWriter, req *http.Request, p *hls.Playlist) {
	body, length := p.Body, p.Length
	header := w.Header()
	header["Vary"] = acceptEncoding
	if acceptsGzip(req) {
		body, length = p.Gzip()
		header["Content-Encoding"] = gzipEncoding
	}
	h.writePlaylist(w, req, body, length)
}

var acceptEncoding, gzipEncoding = []string{"Accept-Encoding"}, []string{"gzip"}

func acceptsGzip(req *http.Request) bool {
	v := req.Header["Accept-Encoding"]
	return len(v) > 0 && strings.Contains(v[0], "gzip")
}

// playlistFields are those of every playlist, which no cache may keep: it is one
// viewer's, under his token.
var playlistFields = []field{
	{"Content-Type", []string{hls.MIME}},
	{"Cache-Control", []string{"no-store"}},
}

func (h *Handler) writePlaylist(w http.ResponseWriter, req *http.Request, body []byte, length []string) {
	header := w.Header()
	for _, f := range playlistFields {
		header[f.name] = f.value
	}
	header["Content-Length"] = length
	if h.options.Joined != nil && req.Method == http.MethodGet {
		h.options.Joined(req, int64(len(body)))
	}
	w.WriteHeader(http.StatusOK)
	if req.Method != http.MethodHead {
		_, _ = w.Write(body) // the viewer has gone; there is nobody to tell
	}
}

// route remembers which ring a capability belongs to.
func (h *Handler) route(ring *hls.Ring) {
	capability := ring.Capability()
	h.mu.RLock()
	known := h.rings[capability] == ring
	h.mu.RUnlock()
	if known {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for c, r := range h.rings {
		if r.Stats().Closed {
			delete(h.rings, c)
		}
	}
	h.rings[capability] = ring
}

func (h *Handler) serveMedia(w http.ResponseWriter, req *http.Request, capability, name string) {
	ring := h.ring(capability)
	if ring == nil {
		refuse(w, errNoPath)
		return
	}
	epoch, _ := hls.Parameter(req.URL.RawQuery, hls.EpochParameter)
	c, err := ring.Open(req.Context(), name, epoch)
	if err != nil {
		refuse(w, explain(err))
		return
	}
	if h.options.Joined != nil && req.Method == http.MethodGet {
		h.options.Joined(req, c.Size)
	}
	c.ServeHTTP(w, req)
}

// explain says in our words what a ring failed with.
func explain(err error) error {
	var e *gatepost.Error
	switch {
	case errors.As(err, &e), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, hls.ErrNotFound):
		return &gatepost.Error{Code: gatepost.NotFound, Message: "no such part, or no longer", Err: err}
	case errors.Is(err, hls.ErrBadRequest), errors.Is(err, hls.ErrTooFar):
		return &gatepost.Error{Code: gatepost.Invalid, Message: strings.TrimPrefix(err.Error(), "hls: "), Err: err}
	case errors.Is(err, hls.ErrNoMedia), errors.Is(err, hls.ErrClosed):
		return errOffline
	default:
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "nothing came from the camera in time", Err: err}
	}
}
