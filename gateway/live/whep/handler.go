package whep

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// Authoriser verifies media tokens, without asking anybody. It knows which grants
// are revoked.
type Authoriser interface {
	// Verify fails with Unauthenticated (forged, malformed, wrong audience), Gone
	// (expired or revoked), and Forbidden (for another camera, or not for live).
	Verify(ctx context.Context, token, cameraID string) (Viewer, error)
}

// Viewer is whom a media token speaks of.
type Viewer struct {
	GrantID   string
	ExpiresAt time.Time
	KeyID     string            // of the key that signed his token
	Networks  gatepost.Networks // from where he may watch
}

// Streams finds the stream of a camera.
type Streams interface {
	// Stream returns nil when this gateway has nothing of the camera.
	Stream(cameraID string) *stream.Stream
}

// Options configure a Handler. The zero value works.
type Options struct {
	// ConnectTimeout is how long a viewer may take from its offer to its media
	// connection. Default 15 s.
	ConnectTimeout time.Duration

	// Reconnect is for how long after a camera went away new viewers are still
	// taken, to wait for it. Those that were there wait as long as their grant
	// lasts. Default 15 s.
	Reconnect time.Duration

	// MaxSessions bounds the viewers; more are refused with 503. Default 4096.
	MaxSessions int

	// Looks is told of each viewer once he is connected, and returns what is
	// called when he leaves; nil: nobody is told.
	Looks func(grantID, cameraID string) (left func())

	// Logger: default slog.Default().
	Logger *slog.Logger
}

// Handler serves POST, PATCH, DELETE and OPTIONS below /whep/. It is an
// http.Handler.
type Handler struct {
	engine     *rtc.Engine
	authoriser Authoriser
	streams    Streams
	options    Options
	endpoint   *rtc.Endpoint

	mu      sync.Mutex
	feeds   map[string]*feed
	viewers map[*viewer]struct{}
}

// New makes a Handler. Run must be called for its viewers to end in order.
func New(engine *rtc.Engine, authoriser Authoriser, streams Streams, options Options) *Handler {
	if options.ConnectTimeout == 0 {
		options.ConnectTimeout = 15 * time.Second
	}
	if options.Reconnect == 0 {
		options.Reconnect = 15 * time.Second
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	h := &Handler{
		engine: engine, authoriser: authoriser, streams: streams, options: options,
		feeds: make(map[string]*feed), viewers: make(map[*viewer]struct{}),
	}
	h.endpoint = &rtc.Endpoint{Prefix: "/whep", Open: h.open, MaxSessions: options.MaxSessions, Logger: options.Logger}
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.endpoint.ServeHTTP(w, r) }

// Run waits for ctx, then refuses new viewers, ends those that are there, and
// returns when all have ended.
func (h *Handler) Run(ctx context.Context) error {
	<-ctx.Done()
	h.endpoint.Close(gatepost.EndShutdown)
	return nil
}

// CloseGrant ends every viewer of a grant, at once. The Authoriser must refuse the
// grant before this is called.
func (h *Handler) CloseGrant(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.viewers {
		if v.grant == id {
			v.finish("revoked")
		}
	}
}

// CloseKey ends every viewer whose token a key has signed, at once. The Authoriser
// must refuse the key before this is called.
func (h *Handler) CloseKey(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.viewers {
		if v.key == id {
			v.finish("key_withdrawn")
		}
	}
}

// Viewers counts the sessions that watch a camera.
func (h *Handler) Viewers(cameraID string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for v := range h.viewers {
		if v.camera == cameraID {
			n++
		}
	}
	return n
}

// open lets a viewer in.
func (h *Handler) open(ctx context.Context, req rtc.OpenRequest) (rtc.Opening, error) {
	who, err := h.authoriser.Verify(ctx, req.Token, req.Camera)
	if err == nil {
		err = who.Networks.Admit(gatepost.ParseAddr(req.Remote))
	}
	if err != nil {
		return rtc.Opening{}, err
	}
	return rtc.Opening{Answer: func(ctx context.Context, offer *rtc.Offer) (rtc.Session, string, error) {
		return h.serve(ctx, req, who, offer)
	}}, nil
}

// serve answers a viewer's offer.
func (h *Handler) serve(ctx context.Context, req rtc.OpenRequest, who Viewer, offer *rtc.Offer) (rtc.Session, string, error) {
	s := h.streams.Stream(req.Camera)
	if s == nil || !h.present(s) {
		return nil, "", &rtc.Refusal{
			Status: http.StatusServiceUnavailable, Code: gatepost.Unavailable, Reason: reasonOffline,
			Detail: "The camera is not live at the moment.",
		}
	}
	codec, video, audio, err := choose(offer, s)
	if err != nil {
		return nil, "", err
	}
	v := &viewer{
		camera: req.Camera, grant: who.GrantID, key: who.KeyID, expires: who.ExpiresAt, timeout: h.options.ConnectTimeout,
		video: video, audio: audio, opened: time.Now(), looks: h.options.Looks,
		logger: h.options.Logger.With("camera", req.Camera, "grant", who.GrantID, "remote", req.Remote),
		wake:   make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	answer, err := h.answer(ctx, offer, v)
	if err != nil {
		return nil, "", err
	}
	h.enter(v, s, codec)
	// A grant that was revoked while the answer was made has missed CloseGrant, and
	// a key that was withdrawn CloseKey.
	if _, err := h.authoriser.Verify(ctx, req.Token, req.Camera); err != nil {
		v.Close("revoked")
		return nil, "", err
	}
	return v, answer, nil
}

// present tells whether a camera is live, or went away so recently that it may be
// back at once.
func (h *Handler) present(s *stream.Stream) bool {
	st := s.Stats()
	return len(s.Tracks()) > 0 && (st.Publisher || time.Since(st.Since) < h.options.Reconnect)
}

func (h *Handler) answer(ctx context.Context, offer *rtc.Offer, v *viewer) (string, error) {
	var outputs []*output
	var codecs []rtc.Codec
	for _, o := range []*output{v.video, v.audio} {
		if o != nil {
			o.engine = h.engine
			outputs, codecs = append(outputs, o), append(codecs, o.codec)
		}
	}
	conn, err := h.engine.NewSender(codecs...)
	if err != nil {
		return "", err
	}
	v.peer = rtc.NewPeer(conn)
	for _, o := range outputs {
		init := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
		if _, err := conn.AddTransceiverFromTrack(o, init); err != nil {
			return "", errors.Join(err, v.peer.Close())
		}
	}
	answer, err := v.peer.Answer(ctx, offer)
	if err != nil {
		return "", errors.Join(err, v.peer.Close())
	}
	return answer, nil
}

// enter starts a viewer, and the camera's feed with its first one.
func (h *Handler) enter(v *viewer, s *stream.Stream, codec media.Codec) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[v.camera]
	if f == nil || f.stream != s || f.codec != codec {
		// A feed of a stream or codec that is no more ends with its own viewers.
		f = newFeed(s, codec, h.options.Logger.With("camera", v.camera))
		h.feeds[v.camera] = f
	}
	f.users++
	v.feed = f
	h.viewers[v] = struct{}{}
	go v.run(h.left)
}

// left forgets a viewer, and stops the feed after its last one.
func (h *Handler) left(v *viewer) {
	h.mu.Lock()
	delete(h.viewers, v)
	v.feed.users--
	last := v.feed.users == 0
	if last && h.feeds[v.camera] == v.feed {
		delete(h.feeds, v.camera)
	}
	h.mu.Unlock()
	if last {
		v.feed.stop()
	}
}
