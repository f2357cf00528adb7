package whip

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// Options configure a Handler. The zero value works.
type Options struct {
	// ConnectTimeout is how long a publisher may take from its offer to its
	// first packet, and Timeout how long it may be silent afterwards. Default 10 s each.
	ConnectTimeout time.Duration
	Timeout        time.Duration

	// KeyInterval is the age of the last key frame at which another is asked
	// for. Default 2 s.
	KeyInterval time.Duration

	// Reorder is how long a packet waits for one before it that is missing, so
	// that a retransmission can arrive. Default 300 ms for video; audio waits at
	// most 150 ms.
	Reorder time.Duration

	// MaxSessions bounds the publishers; more are refused with 503. Default 4096.
	MaxSessions int

	// Logger: default slog.Default().
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.KeyInterval == 0 {
		o.KeyInterval = 2 * time.Second
	}
	if o.Reorder == 0 {
		o.Reorder = 300 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Handler serves POST, PATCH, DELETE and OPTIONS below /whip/. It is an
// http.Handler.
type Handler struct {
	engine   *rtc.Engine
	admitter ingest.Admitter
	options  Options
	endpoint *rtc.Endpoint
}

// New makes a Handler. Run must be called for its sessions to end in order.
func New(engine *rtc.Engine, admitter ingest.Admitter, options Options) *Handler {
	options.setDefaults()
	h := &Handler{engine: engine, admitter: admitter, options: options}
	h.endpoint = &rtc.Endpoint{Prefix: "/whip", Open: h.open, MaxSessions: options.MaxSessions, Logger: options.Logger}
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.endpoint.ServeHTTP(w, r) }

// Run waits for ctx, then refuses new publishers, ends those that are there with
// gateway_shutdown, and returns when all have ended.
func (h *Handler) Run(ctx context.Context) error {
	<-ctx.Done()
	h.endpoint.Close(gatepost.EndShutdown)
	return nil
}

// open admits a publisher and answers it.
func (h *Handler) open(ctx context.Context, req rtc.OpenRequest) (rtc.Opening, error) {
	admitted, err := h.admitter.Admit(ctx, ingest.Request{
		CameraID: req.Camera, Key: req.Token, Protocol: "whip", Remote: req.Remote,
	})
	if err != nil {
		return rtc.Opening{}, err
	}
	return rtc.Opening{
		Answer: func(ctx context.Context, offer *rtc.Offer) (rtc.Session, string, error) {
			s, answer, err := h.answer(ctx, req, offer, admitted)
			if err != nil {
				admitted.End(gatepost.EndProtocol)
				return nil, "", err
			}
			return s, answer, nil
		},
		Abandon: func() { admitted.End(gatepost.EndProtocol) },
	}, nil
}

func (h *Handler) answer(ctx context.Context, req rtc.OpenRequest, offer *rtc.Offer, admitted ingest.Session) (*session, string, error) {
	codecs, tracks, err := choose(offer)
	if err != nil {
		return nil, "", err
	}
	conn, err := h.engine.NewReceiver(codecs...)
	if err != nil {
		return nil, "", err
	}
	s := newSession(req, rtc.NewPeer(conn), admitted, tracks, h.options)
	conn.OnTrack(s.onTrack)
	answer, err := s.peer.Answer(ctx, offer)
	if err != nil {
		return nil, "", errors.Join(err, s.peer.Close())
	}
	if err := admitted.Start(tracks); err != nil {
		return nil, "", errors.Join(err, s.peer.Close())
	}
	go s.run()
	return s, answer, nil
}

// choose picks one video and one audio codec of an offer. H.264 goes first,
// because every viewer can play it; otherwise the publisher's order counts.
func choose(o *rtc.Offer) ([]rtc.Codec, []*media.Track, error) {
	var codecs []rtc.Codec
	var tracks []*media.Track
	if o.Video != nil && o.Video.Sends {
		c, ok := first(o.Video, webrtc.MimeTypeH264)
		if !ok && len(o.Video.Codecs) > 0 {
			c, ok = o.Video.Codecs[0], true
		}
		if !ok {
			return nil, nil, &rtc.Refusal{
				Status: http.StatusUnprocessableEntity, Code: gatepost.Invalid, Reason: "codec_not_supported",
				Detail: "The camera offers no video codec that the gateway carries: H.264 (packetization-mode 1), H.265 or AV1.",
			}
		}
		codecs, tracks = append(codecs, c), append(tracks, trackOf(c))
	}
	if o.Audio != nil && o.Audio.Sends && len(o.Audio.Codecs) > 0 {
		c, ok := first(o.Audio, webrtc.MimeTypeOpus)
		if !ok {
			c = o.Audio.Codecs[0]
		}
		codecs, tracks = append(codecs, c), append(tracks, trackOf(c))
	}
	if len(tracks) == 0 {
		return nil, nil, &rtc.Refusal{
			Status: http.StatusUnprocessableEntity, Code: gatepost.Invalid, Reason: "nothing_sent",
			Detail: "The offer sends neither video nor audio that the gateway carries.",
		}
	}
	return codecs, tracks, nil
}

func first(s *rtc.Section, mimeType string) (rtc.Codec, bool) {
	found := s.Find(mimeType)
	if len(found) == 0 {
		return rtc.Codec{}, false
	}
	return found[0], true
}
