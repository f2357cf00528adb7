package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/admission"
	"github.com/gatepost-video/gatepost/gateway/archive"
	"github.com/gatepost-video/gatepost/gateway/ingest/rtmp"
	"github.com/gatepost-video/gatepost/gateway/ingest/rtsp"
	"github.com/gatepost-video/gatepost/gateway/ingest/srt"
	"github.com/gatepost-video/gatepost/gateway/ingest/whip"
	"github.com/gatepost-video/gatepost/gateway/live/llhls"
	"github.com/gatepost-video/gatepost/gateway/live/whep"
	"github.com/gatepost-video/gatepost/gateway/picture"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/hls"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// recordFlags shape recordings.
type recordFlags struct {
	ObjectDuration time.Duration `help:"Media time of one stored object; it ends at the key frame after." default:"60s" env:"GATEPOST_OBJECT_DURATION"`
	Acceptance     time.Duration `name:"acceptance-window" help:"How long a camera's first push is measured." default:"30s" env:"GATEPOST_ACCEPTANCE_WINDOW"`
}

// pictureFlags belong to who looks whether pictures show anything.
type pictureFlags struct {
	PictureInterval time.Duration `name:"picture-interval" help:"How often a key frame of each camera is looked at for being black or frozen, with ffmpeg where it is installed; 0: never." default:"10m" env:"GATEPOST_PICTURE_INTERVAL"`
}

// nodeControl is all that a gateway asks the control plane.
type nodeControl interface {
	admission.Control
	archive.Control
}

// gateway is the media plane of one process.
type gateway struct {
	listeners *listeners
	tls       *tls.Config
	tokens    *token.Verifier
	archive   *archive.Archive
	admission *admission.Admission
	pictures  *picture.Checker
	engine    *rtc.Engine
	whip      *whip.Handler
	whep      *whep.Handler
	llhls     *llhls.Handler
	rings     *rings
	sent      *sentBytes
	looks     *admission.Looks
	handler   http.Handler
}

// gatewayOptions are what a gateway is made of.
type gatewayOptions struct {
	listeners *listeners
	tls       *tls.Config
	publicIPs []string
	spool     string
	objects   objstore.Store
	control   nodeControl
	tokens    *token.Verifier
	record    recordFlags
	pictures  pictureFlags
	edgeKey   string
	front     front
	registry  *prometheus.Registry
	checks    []check // of readiness, besides its own
}

func newGateway(o gatewayOptions) (*gateway, error) {
	g := &gateway{listeners: o.listeners, tls: o.tls, tokens: o.tokens, rings: &rings{}, sent: &sentBytes{}}
	g.looks = &admission.Looks{Sent: g.sent.of}
	var err error
	metrics := archive.NewMetrics(o.registry)
	g.archive, err = archive.New(archive.Options{Spool: o.spool, Objects: o.objects, Control: o.control, Target: o.record.ObjectDuration, Metrics: metrics})
	if err != nil {
		return nil, err
	}
	g.pictures = picture.New(picture.Options{Every: o.pictures.PictureInterval, Metrics: o.registry,
		Cameras: func() []string { return g.admission.Cameras() }, Stream: func(id string) *stream.Stream { return g.admission.Stream(id) }})
	g.admission = admission.New(admission.Options{
		Control: o.control, Node: nodeName(), Outlets: g.outlets, OnRevoked: g.revoke, OnWithdrawn: g.withdraw, OnMissing: g.archive.Missing, Looks: g.looks, Picture: g.pictures.State,
		Viewers: map[string]func(string) int{
			"llhls": func(id string) int { return g.llhls.Viewers(id) },
			"whep":  func(id string) int { return g.whep.Viewers(id) },
		},
		AcceptanceWindow: o.record.Acceptance,
	})
	o.registry.MustRegister(g.admission.Metrics())
	g.engine, err = rtc.New(rtc.Options{UDPConn: o.listeners.webrtcUDP, TCPListener: o.listeners.webrtcTCP, PublicIPs: o.publicIPs})
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--webrtc-ip", Message: "cannot set up WebRTC", Err: err}
	}
	g.whip = whip.New(g.engine, g.admission, whip.Options{})
	g.whep = whep.New(g.engine, whepAuthoriser{o.tokens, g.admission}, g.admission, whep.Options{
		Looks: func(grantID, cameraID string) func() { return g.looks.Begin(grantID, cameraID, "whep") }})
	g.llhls = llhls.New(llhls.Options{Authoriser: hlsAuthoriser{o.tokens, g.admission}, Revoked: g.refused, Rings: g.rings, Joined: joined, EdgeKey: o.edgeKey,
		Watching: func(v llhls.Viewer) { g.looks.Seen(v.GrantID, v.CameraID) }})

	mux := http.NewServeMux()
	mux.Handle("/whip/", g.whip)
	mux.Handle("/whep/", g.whep)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/readyz", ready(o.checks))
	all := http.NewServeMux()
	all.Handle("/", bounded(o.front.behind(mux), answerTimeout))
	all.Handle("/metrics", bounded(o.front.metricsHandler(o.registry), answerTimeout))
	if served, ok := o.objects.(objstore.Server); ok {
		all.Handle("/objects/", moving(o.front.behind(served.Handler()), downloadStall))
	}
	viewers := bounded(o.front.behind(g.llhls), answerTimeout)
	g.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Ten requests a second of every viewer: they take no detour.
		if strings.HasPrefix(r.URL.Path, "/part/") || strings.HasPrefix(r.URL.Path, "/hls/") || strings.HasPrefix(r.URL.Path, "/edge/") {
			viewers.ServeHTTP(w, r)
			return
		}
		all.ServeHTTP(w, r)
	})
	return g, nil
}

// outlets are where a camera's parts go: the ring of live viewers and the
// recorder.
func (g *gateway) outlets(p gatepost.PublishPermit) (admission.Outlets, error) {
	sink, err := g.archive.Sink(p.CameraID, p.RetentionDays)
	if err != nil {
		return admission.Outlets{}, err
	}
	ring := g.rings.add(p.CameraID)
	return admission.Outlets{
		Sinks:    []cmaf.Sink{ring, sink, g.sent.sink(p.CameraID)},
		Permit:   func(p gatepost.PublishPermit) { sink.SetRetentionDays(p.RetentionDays) },
		Recorder: func() admission.Recorder { return admission.Recorder(sink.State()) },
		Restart:  sink.Restart,
		Close: func() {
			g.rings.remove(p.CameraID, ring)
			sink.Close(gatepost.EndClosed)
		},
	}, nil
}

// refused tells whether the grant of a viewer by HLS was revoked or his key
// withdrawn.
func (g *gateway) refused(v llhls.Viewer) bool {
	return g.admission.Revoked(v.GrantID) || g.tokens.Withdrawn(v.KeyID)
}

// withdraw ends what rests on tokens of keys that are withdrawn.
func (g *gateway) withdraw(keyIDs []string) {
	fresh := g.tokens.Withdraw(keyIDs...)
	if len(fresh) == 0 {
		return
	}
	g.looks.Revoked(g.llhls.RevokeKeys(fresh...))
	for _, id := range fresh {
		g.whep.CloseKey(id)
	}
}

func (g *gateway) revoke(grantIDs []string) {
	g.llhls.Revoke(grantIDs...)
	for _, id := range grantIDs {
		g.whep.CloseGrant(id)
	}
}

// doorsGrace is how long publishers may take to end in order.
const doorsGrace = 20 * time.Second

// Run serves until ctx ends. Publishers end first, then what they recorded is
// stored, so that an orderly stop leaves nothing behind.
func (g *gateway) Run(ctx context.Context) error {
	media, stopMedia := context.WithCancelCause(ctx)
	defer stopMedia(nil)
	stored, stopStored := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStored()

	var archiving errgroup.Group
	archiving.Go(func() error { return g.archive.Run(stored) })

	doors, doorsCtx := errgroup.WithContext(media)
	door := func(name string, run func(context.Context) error) {
		doors.Go(func() error {
			if err := run(doorsCtx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	l := g.listeners
	if l.rtsp != nil {
		door("rtsp", rtsp.New(rtsp.Options{Admitter: g.admission, Listener: l.rtsp, RTP: l.rtp, RTCP: l.rtcp}).Run)
	}
	if l.rtsps != nil {
		door("rtsps", rtsp.New(rtsp.Options{Admitter: g.admission, Listener: l.rtsps, TLS: g.tls}).Run)
	}
	if l.rtmp != nil {
		door("rtmp", rtmp.New(rtmp.Options{Admitter: g.admission, Listener: l.rtmp}).Run)
	}
	if l.rtmps != nil {
		door("rtmps", rtmp.New(rtmp.Options{Admitter: g.admission, Listener: l.rtmps, TLS: g.tls}).Run)
	}
	if l.srt != nil {
		door("srt", srt.New(srt.Options{Admitter: g.admission, Listener: l.srt}).Run)
	}
	door("whip", g.whip.Run)
	door("whep", g.whep.Run)
	door("admission", g.admission.Run)
	door("picture", g.pictures.Run)
	door("media", func(ctx context.Context) error { return serveMedia(ctx, l.media, g.tls, g.handler) })

	// A publisher that waits for a dead disk would keep its door open for ever:
	// after the grace the recorders are closed, which lets it go.
	overdue := context.AfterFunc(media, func() {
		timer := time.NewTimer(doorsGrace)
		defer timer.Stop()
		select {
		case <-timer.C:
			stopStored()
		case <-stored.Done():
		}
	})
	defer overdue()
	err := doors.Wait()
	g.rings.close()
	stopStored()
	return errors.Join(err, archiving.Wait(), g.engine.Close())
}

// rings are the live rings of the cameras that are here.
type rings struct{ byCamera sync.Map }

func (r *rings) add(cameraID string) *hls.Ring {
	ring := hls.New(hls.Options{})
	r.byCamera.Store(cameraID, ring)
	return ring
}

func (r *rings) remove(cameraID string, ring *hls.Ring) {
	r.byCamera.CompareAndDelete(cameraID, ring)
	ring.Close()
}

// Ring implements llhls.Rings.
func (r *rings) Ring(cameraID string) *hls.Ring {
	if v, ok := r.byCamera.Load(cameraID); ok {
		return v.(*hls.Ring)
	}
	return nil
}

func (r *rings) close() {
	r.byCamera.Range(func(_, v any) bool {
		v.(*hls.Ring).Close()
		return true
	})
}

// liveGrant verifies a media token offline and looks whether its grant was revoked.
func liveGrant(ctx context.Context, tokens *token.Verifier, a *admission.Admission, raw string) (token.Media, error) {
	m, err := tokens.Media(ctx, raw)
	if err != nil {
		return token.Media{}, err
	}
	if a.Revoked(m.GrantID) {
		return token.Media{}, &gatepost.Error{Code: gatepost.Gone, Message: "this grant was revoked"}
	}
	if m.Action != gatepost.ActionLive {
		return token.Media{}, &gatepost.Error{Code: gatepost.Forbidden, Message: "this grant is not for live pictures; ask for a live one"}
	}
	return m, nil
}

type hlsAuthoriser struct {
	tokens    *token.Verifier
	admission *admission.Admission
}

// Verify implements llhls.Authoriser.
func (h hlsAuthoriser) Verify(ctx context.Context, raw string) (llhls.Viewer, error) {
	m, err := liveGrant(ctx, h.tokens, h.admission, raw)
	return llhls.Viewer{GrantID: m.GrantID, CameraID: m.CameraID, Action: m.Action, ExpiresAt: m.ExpiresAt, KeyID: m.KeyID, Networks: m.Networks}, err
}

type whepAuthoriser struct {
	tokens    *token.Verifier
	admission *admission.Admission
}

// Verify implements whep.Authoriser.
func (w whepAuthoriser) Verify(ctx context.Context, raw, cameraID string) (whep.Viewer, error) {
	m, err := liveGrant(ctx, w.tokens, w.admission, raw)
	if err == nil && m.CameraID != cameraID {
		err = &gatepost.Error{Code: gatepost.Forbidden, Message: "this grant is for another camera"}
	}
	return whep.Viewer{GrantID: m.GrantID, ExpiresAt: m.ExpiresAt, KeyID: m.KeyID, Networks: m.Networks}, err
}

// nodeName is this gateway's name in statuses.
func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return "gateway"
	}
	return name
}
