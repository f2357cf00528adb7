package llhls

import (
	"context"
	"errors"
	"net/http"
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

	// RevokeGrace is how long what existed when a grant was revoked can still
	// be fetched by the names that its viewer knows. Default: 2 s.
	RevokeGrace time.Duration
	// VerifyTTL is how long a verified token is not verified again. Revoke
	// overrides it. Default: 1 s.
	VerifyTTL time.Duration
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

// ServeHTTP implements http.Handler for paths below /hls/ and /part/.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	allowAnyOrigin(w.Header())
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		writeProblem(w, http.StatusMethodNotAllowed, &gatepost.Error{Code: gatepost.Invalid, Message: "playlists and media are read with GET"})
		return
	}
	path := strings.Split(req.URL.Path, "/")
	if len(path) != 4 {
		refuse(w, errNoPath)
		return
	}
	switch {
	case path[1] == "part":
		h.serveMedia(w, req, path[2], path[3])
	case path[1] == "hls" && path[3] == "index.m3u8":
		h.serveMultivariant(w, req, path[2])
	case path[1] == "hls" && path[3] == "live.m3u8":
		h.servePlaylist(w, req, path[2])
	default:
		refuse(w, errNoPath)
	}
}

var errNoPath = &gatepost.Error{Code: gatepost.NotFound, Message: "no such playlist or part"}

// allowAnyOrigin lets pages of any origin play: what protects a stream is its
// token, which such a page must have been given.
func allowAnyOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Expose-Headers", "Content-Length, Date, Age, Retry-After")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Timing-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the path holds a token
}

// watch is one admitted request for a playlist.
type watch struct {
	*request
	ctx  context.Context // ends with the grant
	ring *hls.Ring
}

// admit verifies a token and finds the ring of its camera. The caller must leave
// the request.
func (h *Handler) admit(ctx context.Context, token string) (watch, error) {
	if len(token) == 0 || len(token) > maxToken {
		return watch{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "this is not a media token"}
	}
	now := time.Now()
	v, ok := h.viewers.known(token, now)
	if !ok {
		var err error
		if v, err = h.options.Authoriser.Verify(ctx, token); err != nil {
			return watch{}, err
		}
		h.viewers.remember(token, v, now.Add(h.options.VerifyTTL))
	}
	if v.Action != gatepost.ActionLive {
		return watch{}, &gatepost.Error{Code: gatepost.Forbidden, Message: "this grant does not allow to watch live"}
	}
	if !v.ExpiresAt.IsZero() && !now.Before(v.ExpiresAt) {
		return watch{}, errExpired
	}
	ring := h.options.Rings.Ring(v.CameraID)
	if ring == nil {
		return watch{}, errOffline
	}
	ctx, r, err := h.viewers.enter(ctx, v, now)
	if err != nil {
		return watch{}, err
	}
	return watch{request: r, ctx: ctx, ring: ring}, nil
}

var (
	errExpired = &gatepost.Error{Code: gatepost.Gone, Message: "the grant has expired; ask for a new one"}
	errRevoked = &gatepost.Error{Code: gatepost.Gone, Message: "the grant was revoked"}
	errOffline = &gatepost.Error{Code: gatepost.Unavailable, Message: "the camera is not online; try again later"}
)

func (h *Handler) serveMultivariant(w http.ResponseWriter, req *http.Request, token string) {
	v, err := h.admit(req.Context(), token)
	if err != nil {
		refuse(w, err)
		return
	}
	defer func() { h.viewers.leave(v.request, time.Now()) }()
	var body []byte
	if err = v.ring.WaitMedia(v.ctx, h.options.FirstPart); err == nil {
		body, err = v.ring.Multivariant("live.m3u8")
	}
	if err != nil {
		refuse(w, explain(v.ctx, err))
		return
	}
	writePlaylist(w, req, body)
}

func (h *Handler) servePlaylist(w http.ResponseWriter, req *http.Request, token string) {
	directives, err := hls.ParseRequest(req.URL.RawQuery)
	if err != nil {
		refuse(w, explain(req.Context(), err))
		return
	}
	v, err := h.admit(req.Context(), token)
	if err != nil {
		refuse(w, err)
		return
	}
	defer func() { h.viewers.leave(v.request, time.Now()) }()
	p, err := v.ring.Playlist(v.ctx, directives)
	if err == nil {
		err = v.ctx.Err() // revoked at the very moment the wait was over
	}
	if err != nil {
		refuse(w, explain(v.ctx, err))
		return
	}
	h.route(v.ring)
	body := p.Body
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
		body = p.Gzip()
		w.Header().Set("Content-Encoding", "gzip")
	}
	writePlaylist(w, req, body)
}

// writePlaylist answers with a playlist, which no cache may keep: it is one
// viewer's, under his token.
func writePlaylist(w http.ResponseWriter, req *http.Request, body []byte) {
	w.Header().Set("Content-Type", hls.MIME)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
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
	h.mu.RLock()
	ring := h.rings[capability]
	h.mu.RUnlock()
	if ring == nil {
		refuse(w, errNoPath)
		return
	}
	epoch, _ := hls.Parameter(req.URL.RawQuery, hls.EpochParameter)
	c, err := ring.Open(req.Context(), name, epoch)
	if err != nil {
		refuse(w, explain(req.Context(), err))
		return
	}
	c.ServeHTTP(w, req)
}

// explain says in our words what a ring failed with.
func explain(ctx context.Context, err error) error {
	var e *gatepost.Error
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &e):
		return e
	case errors.Is(err, context.Canceled):
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
