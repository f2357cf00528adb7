package rtsp

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// methods is what this server can do, for Public and Allow headers.
var methods = base.HeaderValue{"OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, TEARDOWN"}

// connection is what we remember of one TCP connection.
type connection struct {
	handshake *time.Timer // closes the connection unless it comes to RECORD
	session   *session    // the one it announced
	goodbye   bool        // TEARDOWN came
}

// session is one publisher, from ANNOUNCE to its end.
type session struct {
	h      *handler
	camera string
	remote string
	pub    ingest.Session
	tracks []*track

	mu sync.Mutex // of the tracks: a session may be closed while its connection still reads

	clock      clock
	udp        bool
	recording  bool
	queue      chan datagram // UDP only: from the shared socket's goroutine to this session's
	lastPacket atomic.Int64  // UDP only: Unix ns
	passed     atomic.Uint64 // packets that did not come by way of the library
	closed     chan struct{} // the library is done with the session
	reason     gatepost.EndReason
	once       sync.Once
}

// OnConnOpen starts the clock of the handshake.
func (h *handler) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	ctx.Conn.SetUserData(&connection{handshake: time.AfterFunc(h.opts.HandshakeTimeout, ctx.Conn.Close)})
}

// OnConnClose ends the session of a connection that carried its packets.
func (h *handler) OnConnClose(ctx *gortsplib.ServerHandlerOnConnCloseCtx) {
	c := ctx.Conn.UserData().(*connection)
	c.handshake.Stop()
	if c.session != nil && c.session.recording && !c.session.udp {
		reason := reasonOf(ctx.Error)
		if c.goodbye {
			reason = gatepost.EndClosed
		}
		c.session.finish(reason)
	}
}

// OnRequest notes a goodbye. It lets the packets of a UDP publisher arrive
// first: they take another way than its TEARDOWN.
func (h *handler) OnRequest(sc *gortsplib.ServerConn, req *base.Request) {
	c, _ := sc.UserData().(*connection)
	if req.Method != base.Teardown || c == nil || c.session == nil || !c.session.recording {
		return
	}
	c.goodbye = true
	if !c.session.udp {
		release(sc) // the library forgets the session, and with it what packets need
		return
	}
	const quiet, most = 50 * time.Millisecond, 500 * time.Millisecond
	started := time.Now()
	for time.Since(started) < most {
		rest := quiet - time.Since(time.Unix(0, c.session.lastPacket.Load()))
		if rest <= 0 && time.Since(started) >= quiet {
			return
		}
		<-time.After(max(rest, time.Millisecond))
	}
}

// OnResponse says what this server can do, and who it is.
func (h *handler) OnResponse(_ *gortsplib.ServerConn, res *base.Response) {
	res.Header["Server"] = base.HeaderValue{"gatepost"}
	if _, ok := res.Header["Public"]; ok {
		res.Header["Public"] = methods
	}
}

// OnDescribe refuses readers: viewers have LL-HLS and WHEP.
func (h *handler) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusMethodNotAllowed, Header: base.Header{"Allow": methods}}, nil, nil
}

// OnAnnounce admits a publisher.
func (h *handler) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	remote := ctx.Conn.NetConn().RemoteAddr().String()
	target := targetOf(ctx.Request, ctx.Path, ctx.Query)
	if target.CameraID != "" && target.Key == "" {
		// The first try of a client that sends credentials when challenged.
		return h.refuse(target.CameraID, remote, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "no stream key"})
	}
	tracks := tracksOf(ctx.Description)
	if len(tracks) == 0 {
		return h.refuse(target.CameraID, remote, &gatepost.Error{Code: gatepost.Invalid, Message: "no track that can be carried"})
	}
	pub, err := h.admit(ingest.Request{CameraID: target.CameraID, Key: target.Key, Protocol: "rtsp", Remote: remote})
	if err != nil {
		return h.refuse(target.CameraID, remote, err)
	}
	s := &session{h: h, camera: target.CameraID, remote: remote, pub: pub, tracks: tracks, closed: make(chan struct{})}
	ctx.Session.SetUserData(s)
	release(ctx.Conn)
	ctx.Conn.UserData().(*connection).session = s
	h.log.Info("publisher admitted", "camera", s.camera, "remote", remote)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// release gives the packets of a connection back to the library, whose reader is
// waiting for the answer to a request.
func release(sc *gortsplib.ServerConn) {
	if direct, ok := sc.NetConn().(*interleaved); ok {
		direct.release()
	}
}

// refuse answers a request that is not allowed. The error that closes the
// connection names no URL: it may hold the key.
func (h *handler) refuse(camera, remote string, err error) (*base.Response, error) {
	code := gatepost.CodeOf(err)
	h.log.Info("publisher refused", "camera", ingest.Loggable(camera), "remote", remote, "code", string(code), "err", err)
	res := &base.Response{StatusCode: statusOf(code)}
	if res.StatusCode == base.StatusUnauthorized {
		// The library adds the challenge, and keeps the connection for
		// a second try when no credentials came with the first.
		res.Header = base.Header{}
		return res, liberrors.ErrServerAuth{}
	}
	if res.StatusCode == base.StatusServiceUnavailable {
		res.Header = base.Header{"Retry-After": base.HeaderValue{"5"}}
	}
	return res, errRefused
}

var errRefused = errors.New("refused")

// statusOf is the table of the package comment.
func statusOf(code gatepost.Code) base.StatusCode {
	switch code {
	case gatepost.Unauthenticated:
		return base.StatusUnauthorized
	case gatepost.Forbidden:
		return base.StatusForbidden
	case gatepost.NotFound:
		return base.StatusNotFound
	case gatepost.Conflict:
		return base.StatusNotEnoughBandwidth
	case gatepost.Invalid:
		return base.StatusUnsupportedMediaType
	case gatepost.Unavailable, gatepost.RateLimited:
		return base.StatusServiceUnavailable
	default:
		return base.StatusInternalServerError
	}
}

// targetOf finds camera and key in a request. Credentials of Basic
// authentication (RFC 7617) count before those in the URL, and must be for the
// same camera. What it does not understand has no camera.
func targetOf(req *base.Request, path, query string) ingest.Target {
	target, ok := ingest.ParseTarget(path, query)
	var a headers.Authorization
	if a.Unmarshal(req.Header["Authorization"]) != nil || a.Method != headers.AuthMethodBasic {
		return target
	}
	basic, okBasic := ingest.ParseTarget(a.Username+"/"+a.BasicPass, "")
	switch {
	case okBasic && (!ok || target.CameraID == basic.CameraID):
		return basic
	case ok:
		return ingest.Target{CameraID: target.CameraID}
	default:
		return ingest.Target{}
	}
}

// OnSetup accepts the transport of an announced track.
func (h *handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Session.State() != gortsplib.ServerSessionStatePreRecord {
		return &base.Response{StatusCode: base.StatusMethodNotValidInThisState, Header: base.Header{"Allow": methods}}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

// OnRecord starts a publisher.
func (h *handler) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	s := ctx.Session.UserData().(*session)
	tracks := make([]*media.Track, len(s.tracks))
	for i, t := range s.tracks {
		tracks[i] = t.media
	}
	if err := s.pub.Start(tracks); err != nil {
		return h.refuse(s.camera, s.remote, err)
	}
	s.udp = ctx.Session.Transport().Protocol == gortsplib.ProtocolUDP
	if s.udp {
		s.queue = make(chan datagram, queueLength)
		s.lastPacket.Store(time.Now().UnixNano())
	}
	direct, _ := ctx.Conn.NetConn().(*interleaved)
	if s.udp {
		direct = nil
	}
	for _, t := range s.tracks {
		t.write = s.write
		ctx.Session.OnPacketRTCP(t.announced, t.report)
		if s.udp {
			s.claim(ctx.Session, t)
			continue
		}
		ctx.Session.OnPacketRTP(t.announced, t.format, func(p *rtp.Packet) {
			s.deliver(t, p, time.Now())
			if direct != nil && t.picture != nil {
				direct.claim(p, func(b []byte, now time.Time) bool { return s.direct(t, b, now) })
			}
		})
	}
	s.recording = true
	ctx.Conn.UserData().(*connection).handshake.Stop()
	h.sessions.Go(func() { s.watch(ctx.Session) })
	h.log.Info("publisher started", "camera", s.camera, "remote", s.remote, "udp", s.udp, "tracks", len(tracks))
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// direct takes a packet past the library. It leaves it what it alone knows to
// refuse.
func (s *session) direct(t *track, b []byte, now time.Time) bool {
	p := &t.direct
	if !parseRTP(b, p) || p.PayloadType != t.format.PayloadType() {
		return false
	}
	if gap := p.SequenceNumber - t.sequence - 1; t.started && gap > 0 && gap < 1<<15 {
		s.pub.Lost(uint64(gap), 0)
	}
	s.deliver(t, p, now)
	p.Payload = nil
	s.passed.Add(1)
	return true
}

// watch closes the session when it must end, and runs its queue.
func (s *session) watch(rs *gortsplib.ServerSession) {
	overdue := time.NewTimer(0) // UDP only: a packet has waited for too long
	overdue.Stop()
	defer overdue.Stop()
	for {
		select {
		case d := <-s.queue:
			s.arrange(d, overdue)
		case <-overdue.C:
			s.expire(overdue)
		case <-s.pub.Done():
			rs.Close()
			<-s.closed
			s.pub.End(gatepost.EndReplaced) // whoever ended it knows the true reason
			s.h.log.Info("publisher ended by the gateway", "camera", s.camera, "remote", s.remote)
			return
		case <-s.closed:
			if s.udp {
				s.drain()
			}
			s.end()
			return
		}
	}
}

// deliver hands a packet, which is the next in order, to its track.
func (s *session) deliver(t *track, p *rtp.Packet, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.packet(packet{Packet: p, times: s.clock.timed(t, p, now)})
}

func (s *session) write(u *media.Unit, received uint64) {
	s.pub.Lost(0, received)
	_ = s.pub.Write(u) // fails only once the session has ended, and then watch closes it
}

// finish is called when no packet comes any more.
func (s *session) finish(reason gatepost.EndReason) {
	s.once.Do(func() {
		if s.udp {
			s.h.datagrams.release(s)
		}
		s.reason = reason
		close(s.closed)
		if !s.recording {
			s.end()
		}
	})
}

func (s *session) end() {
	s.mu.Lock()
	for _, t := range s.tracks {
		t.flush()
	}
	s.mu.Unlock()
	s.h.log.Info("publisher ended", "camera", s.camera, "remote", s.remote, "reason", string(s.reason), "direct", s.passed.Load())
	s.pub.End(s.reason)
}

// OnSessionClose ends a publisher.
func (h *handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	s, ok := ctx.Session.UserData().(*session)
	if !ok {
		return
	}
	var unused liberrors.ErrServerSessionNotInUse
	if errors.As(ctx.Error, &unused) && s.recording && !s.udp {
		return // its connection was closed, and OnConnClose knows why
	}
	s.finish(reasonOf(ctx.Error))
}

// OnPacketsLost counts what the library found missing. By UDP the session knows
// better.
func (h *handler) OnPacketsLost(ctx *gortsplib.ServerHandlerOnPacketsLostCtx) {
	if s, ok := ctx.Session.UserData().(*session); ok && !s.udp {
		s.pub.Lost(ctx.Lost, 0)
	}
}

// OnDecodeError is called for packets that are no RTP or RTCP: they count as
// lost.
func (h *handler) OnDecodeError(ctx *gortsplib.ServerHandlerOnDecodeErrorCtx) {
	if s, ok := ctx.Session.UserData().(*session); ok {
		s.pub.Lost(1, 0)
	}
}

// OnStreamWriteError is never called for publishers.
func (h *handler) OnStreamWriteError(*gortsplib.ServerHandlerOnStreamWriteErrorCtx) {}

// reasonOf says why a connection or session ended.
func reasonOf(err error) gatepost.EndReason {
	var torn liberrors.ErrServerSessionTornDown
	var late liberrors.ErrServerSessionTimedOut
	var stopped liberrors.ErrServerTerminated
	var unused liberrors.ErrServerSessionNotInUse
	var op *net.OpError
	switch {
	case errors.As(err, &torn):
		return gatepost.EndClosed
	case errors.As(err, &late), errors.Is(err, os.ErrDeadlineExceeded):
		return gatepost.EndTimeout
	case errors.As(err, &stopped):
		return gatepost.EndShutdown
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, net.ErrClosed), errors.As(err, &op), errors.As(err, &unused):
		return gatepost.EndNetwork
	default:
		return gatepost.EndProtocol
	}
}
