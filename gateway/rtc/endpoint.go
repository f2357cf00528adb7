package rtc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Bounds of an Endpoint.
const (
	maxBody            = 64 << 10 // bytes of an offer or a fragment
	defaultMaxSessions = 4096
	bodyTimeout        = 10 * time.Second // for a body to arrive and an answer to be made
)

// OpenRequest is who wants a session, before the offer is looked at.
type OpenRequest struct {
	Camera string
	Token  string // the bearer: a stream key or a media token; never logged
	Remote string // host:port
}

// Opening is a session whose peer was let in and whose offer is still to be
// answered. Exactly one of its functions is called, once.
type Opening struct {
	// Answer answers the offer. When it fails, nothing is left open.
	Answer func(ctx context.Context, offer *Offer) (s Session, answer string, err error)

	// Abandon gives up: there was no offer that could be read. It may be nil.
	Abandon func()
}

// Session is what an Endpoint opened: it lives until Done is closed.
type Session interface {
	// Peer is the session's connection, already answered.
	Peer() *Peer

	// Close ends the session and waits until it has ended. It may be called
	// more than once.
	Close(reason gatepost.EndReason)

	// Done is closed when the session has ended, by itself or by Close.
	Done() <-chan struct{}
}

// Endpoint is the HTTP half that WHIP (RFC 9725) and WHEP share: POST of an offer
// to {Prefix}/{camera} makes a session, PATCH and DELETE of
// {Prefix}/{camera}/{session} change and end it, and all of it may be asked for from
// any web page. It is an http.Handler.
type Endpoint struct {
	Prefix string // "/whip"

	// Open lets a peer in by its token; only then is its offer read. Its error
	// becomes the problem that the peer sees.
	Open func(ctx context.Context, req OpenRequest) (Opening, error)

	// MaxSessions bounds the sessions of this endpoint; more are refused with
	// 503. Default 4096.
	MaxSessions int

	// Logger takes what fails inside. Default: slog.Default().
	Logger *slog.Logger

	mu       sync.Mutex
	sessions map[string]*entry
	opening  int
	closed   bool
	wg       sync.WaitGroup
}

type entry struct {
	camera  string
	token   [sha256.Size]byte
	session Session
}

// Close refuses further sessions, ends those that are there, and waits for them.
func (e *Endpoint) Close(reason gatepost.EndReason) {
	e.mu.Lock()
	e.closed = true
	open := make([]Session, 0, len(e.sessions))
	for _, s := range e.sessions {
		open = append(open, s.session)
	}
	e.mu.Unlock()
	var closing sync.WaitGroup
	for _, s := range open {
		closing.Go(func() { s.Close(reason) })
	}
	closing.Wait()
	e.wg.Wait()
}

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Accept-Patch, Retry-After")

	rest, ok := strings.CutPrefix(r.URL.Path, e.Prefix+"/")
	camera, id, inSession := strings.Cut(rest, "/")
	if !ok || camera == "" || inSession && (id == "" || strings.Contains(id, "/")) {
		WriteProblem(w, &gatepost.Error{Code: gatepost.NotFound, Message: "There is nothing here."})
		return
	}
	methods, allowed := "OPTIONS, POST", r.Method == http.MethodPost
	if inSession {
		methods, allowed = "DELETE, OPTIONS, PATCH", r.Method == http.MethodPatch || r.Method == http.MethodDelete
	}
	switch {
	case r.Method == http.MethodOptions:
		e.options(w, methods)
		return
	case !allowed:
		h.Set("Allow", methods)
		WriteProblem(w, &Refusal{Status: http.StatusMethodNotAllowed, Code: gatepost.Invalid, Detail: "This resource takes " + methods + "."})
		return
	}

	token := bearer(r)
	if token == "" {
		WriteProblem(w, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "A bearer token is needed in the Authorization header."})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), bodyTimeout)
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer can
	r = r.WithContext(ctx)
	var err error
	switch {
	case !inSession:
		err = e.post(w, r, camera, token)
	case r.Method == http.MethodPatch:
		err = e.patch(w, r, camera, id, token)
	default:
		err = e.delete(w, camera, id, token)
	}
	if err != nil {
		if c := gatepost.CodeOf(err); c == gatepost.Internal && !expected(err) {
			e.logger().Error("a WebRTC request failed inside", "camera", camera, "method", r.Method, "err", err)
		}
		WriteProblem(w, err)
	}
}

// expected tells whether an error without a code is the peer's fault anyway.
func expected(err error) bool {
	var refusal *Refusal
	var tooLarge *http.MaxBytesError
	return errors.As(err, &refusal) || errors.As(err, &tooLarge) || errors.Is(err, ErrMalformed) || errors.Is(err, context.Canceled)
}

func (e *Endpoint) logger() *slog.Logger {
	if e.Logger != nil {
		return e.Logger
	}
	return slog.Default()
}

func (e *Endpoint) options(w http.ResponseWriter, methods string) {
	h := w.Header()
	h.Set("Allow", methods)
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Max-Age", "86400")
	if strings.Contains(methods, "POST") {
		h.Set("Accept-Post", "application/sdp") // RFC 9725 §4.1
	} else {
		h.Set("Accept-Patch", "application/trickle-ice-sdpfrag")
	}
	w.WriteHeader(http.StatusNoContent)
}

func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, camera, token string) error {
	if err := e.reserve(); err != nil {
		return err
	}
	s, answer, err := e.open(w, r, OpenRequest{Camera: camera, Token: token, Remote: r.RemoteAddr})
	if err != nil {
		e.release()
		return err
	}
	id := gatepost.NewSecret(20)
	if !e.add(id, camera, token, s) {
		s.Close(gatepost.EndShutdown)
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "The gateway is shutting down."}
	}
	h := w.Header()
	h.Set("Location", e.Prefix+"/"+url.PathEscape(camera)+"/"+id)
	h.Set("ETag", s.Peer().ETag())
	h.Set("Accept-Patch", "application/trickle-ice-sdpfrag")
	h.Set("Content-Type", "application/sdp")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // a peer that is gone never connects, and the session times out
	return nil
}

// open lets the peer in, reads its offer and answers it.
func (e *Endpoint) open(w http.ResponseWriter, r *http.Request, req OpenRequest) (Session, string, error) {
	opening, err := e.Open(r.Context(), req)
	if err != nil {
		return nil, "", err
	}
	offer, err := readOffer(w, r)
	if err != nil {
		if opening.Abandon != nil {
			opening.Abandon()
		}
		return nil, "", err
	}
	return opening.Answer(r.Context(), offer)
}

func readOffer(w http.ResponseWriter, r *http.Request) (*Offer, error) {
	body, err := readBody(w, r, "application/sdp")
	if err != nil {
		return nil, err
	}
	offer, err := ParseOffer(body)
	if err != nil && !errors.Is(err, ErrMalformed) {
		err = &Refusal{Status: http.StatusUnprocessableEntity, Code: gatepost.Invalid, Reason: "too_many_streams", Detail: "The offer cannot be served: " + err.Error() + "."}
	}
	return offer, err
}

// reserve takes one of MaxSessions before the work of opening is done.
func (e *Endpoint) reserve() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	limit := e.MaxSessions
	if limit == 0 {
		limit = defaultMaxSessions
	}
	switch {
	case e.closed:
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "The gateway is shutting down."}
	case len(e.sessions)+e.opening >= limit:
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "The gateway has as many WebRTC sessions as it can bear."}
	}
	e.opening++
	return nil
}

func (e *Endpoint) release() {
	e.mu.Lock()
	e.opening--
	e.mu.Unlock()
}

// add enters a session and sees to its removal; false when the endpoint closed
// in the meantime.
func (e *Endpoint) add(id, camera, token string, s Session) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opening--
	if e.closed {
		return false
	}
	if e.sessions == nil {
		e.sessions = make(map[string]*entry)
	}
	e.sessions[id] = &entry{camera: camera, token: sha256.Sum256([]byte(token)), session: s}
	e.wg.Go(func() {
		<-s.Done()
		e.mu.Lock()
		delete(e.sessions, id)
		e.mu.Unlock()
	})
	return true
}

// find returns a session to whoever holds the token that opened it.
func (e *Endpoint) find(camera, id, token string) (Session, error) {
	e.mu.Lock()
	s, ok := e.sessions[id]
	e.mu.Unlock()
	if !ok || s.camera != camera {
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "No such session; it may have ended."}
	}
	h := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(h[:], s.token[:]) != 1 {
		return nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "The session belongs to another token."}
	}
	return s.session, nil
}

// patch is trickle ICE, or with "If-Match: *" an ICE restart (RFC 9725 §4.3).
func (e *Endpoint) patch(w http.ResponseWriter, r *http.Request, camera, id, token string) error {
	s, err := e.find(camera, id, token)
	if err != nil {
		return err
	}
	body, err := readBody(w, r, "application/trickle-ice-sdpfrag")
	if err != nil {
		return err
	}
	match := r.Header.Get("If-Match")
	if match == "" {
		return &Refusal{Status: http.StatusPreconditionRequired, Code: gatepost.Invalid, Detail: "If-Match must name the ICE session by its ETag, or be * for a restart."}
	}
	f, err := ParseFragment(body)
	if err != nil {
		return err
	}
	if match == "*" {
		ours, err := s.Peer().Restart(r.Context(), f)
		if err != nil {
			return err
		}
		w.Header().Set("ETag", s.Peer().ETag())
		w.Header().Set("Content-Type", "application/trickle-ice-sdpfrag")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, ours.String())
		return nil
	}
	if !matchesETag(match, s.Peer().ETag()) {
		return &Refusal{Status: http.StatusPreconditionFailed, Code: gatepost.Conflict, Detail: "The ICE session has been restarted since."}
	}
	if err := s.Peer().Trickle(f); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (e *Endpoint) delete(w http.ResponseWriter, camera, id, token string) error {
	s, err := e.find(camera, id, token)
	if err != nil {
		return err
	}
	s.Close(gatepost.EndClosed)
	w.WriteHeader(http.StatusOK) // RFC 9725 §4.2
	return nil
}

// bearer returns the token of the Authorization header (RFC 6750 §2.1), "" for none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// readBody reads a small body of the content type wanted.
func readBody(w http.ResponseWriter, r *http.Request, want string) (string, error) {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return "", &Refusal{Status: http.StatusUnsupportedMediaType, Code: gatepost.Invalid, Detail: "The body must be " + want + "."}
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return "", err
		}
		return "", &Refusal{Status: http.StatusBadRequest, Code: gatepost.Invalid, Detail: "The body did not arrive whole.", Err: err}
	}
	return string(b), nil
}

// matchesETag compares strongly with each tag of an If-Match header (RFC 9110 §13.1.1).
func matchesETag(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(tag) == etag {
			return true
		}
	}
	return false
}
