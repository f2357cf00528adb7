package srt

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// rejection is the table of the package comment.
var rejection = map[gatepost.Code]gosrt.RejectionReason{
	gatepost.Unauthenticated: gosrt.REJX_UNAUTHORIZED,
	gatepost.Forbidden:       gosrt.REJX_FORBIDDEN,
	gatepost.NotFound:        gosrt.REJX_NOTFOUND,
	gatepost.Conflict:        gosrt.REJX_CONFLICT,
	gatepost.RateLimited:     gosrt.REJX_OVERLOAD,
	gatepost.Unavailable:     gosrt.REJX_DOWN,
	gatepost.Invalid:         gosrt.REJX_UNACCEPTABLE,
	gatepost.Internal:        gosrt.REJX_ISE,
}

// serve is the life of one request.
func (s *Server) serve(ctx context.Context, req gosrt.ConnRequest, remote string) {
	target, pub, reason := s.admit(ctx, req, remote)
	if pub == nil {
		s.log.Info("publisher refused", "camera", ingest.Loggable(target.CameraID), "remote", remote, "code", int(reason))
		req.Reject(reason)
		return
	}
	conn, err := req.Accept()
	if err != nil {
		s.log.Info("publisher left during the handshake", "camera", target.CameraID, "remote", remote)
		pub.End(gatepost.EndNetwork)
		return
	}
	s.log.Info("publisher admitted", "camera", target.CameraID, "remote", remote)
	end := s.receive(ctx, conn, pub)
	pub.End(end)
	s.log.Info("publisher ended", "camera", target.CameraID, "remote", remote, "reason", string(end))
}

// admit asks whether the caller may publish; without a session, reason says why
// not.
func (s *Server) admit(ctx context.Context, req gosrt.ConnRequest, remote string) (target ingest.Target, pub ingest.Session, reason gosrt.RejectionReason) {
	target, err := parseStreamID(req.StreamId())
	switch {
	case errors.Is(err, errMode):
		return target, nil, gosrt.REJX_BAD_MODE
	case err != nil:
		return target, nil, gosrt.REJX_BAD_REQUEST
	case !req.IsEncrypted() && target.Key == "":
		return target, nil, gosrt.REJ_UNSECURE
	}
	// The caller repeats its request for three seconds.
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	ask := ingest.Request{CameraID: target.CameraID, Key: target.Key, Protocol: "srt", Remote: remote}
	if req.IsEncrypted() {
		passphrase, err := s.opts.Admitter.SRTPassphrase(ctx, target.CameraID)
		if err != nil {
			return target, nil, rejection[gatepost.CodeOf(err)]
		}
		if req.SetPassphrase(passphrase) != nil {
			// It counts as an attempt with a wrong key.
			ask.Key = ""
			if pub, err := s.opts.Admitter.Admit(ctx, ask); err == nil {
				pub.End(gatepost.EndProtocol)
			} else if gatepost.CodeOf(err) == gatepost.RateLimited {
				return target, nil, gosrt.REJX_OVERLOAD
			}
			return target, nil, gosrt.REJ_BADSECRET
		}
		ask.Key, ask.Proven = "", true
	}
	pub, err = s.opts.Admitter.Admit(ctx, ask)
	if err != nil {
		reason, ok := rejection[gatepost.CodeOf(err)]
		if !ok {
			reason = gosrt.REJX_ISE
		}
		return target, nil, reason
	}
	return target, pub, 0
}

// receive takes a publisher's stream until its end, and says why it ended.
func (s *Server) receive(ctx context.Context, conn gosrt.Conn, pub ingest.Session) gatepost.EndReason {
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	var late atomic.Bool
	silence := time.AfterFunc(s.opts.HandshakeTimeout, func() {
		late.Store(true)
		_ = conn.Close()
	})
	defer silence.Stop()
	finished, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-pub.Done():
			_ = conn.Close()
		case <-finished:
		}
	}()

	d := &demuxer{guard: guard{r: conn}, pub: pub}
	err := d.open()
	last := time.Now()
	for err == nil {
		if received := d.guard.received; received > 0 {
			last = time.Now()
			silence.Reset(s.opts.ReadTimeout)
		}
		err = d.read()
	}
	close(finished)
	<-watched
	switch {
	case ctx.Err() != nil:
		return gatepost.EndShutdown
	case errors.Is(err, errTooBig), gatepost.CodeOf(err) == gatepost.Invalid:
		return gatepost.EndProtocol
	case late.Load(), time.Since(last) > s.opts.ReadTimeout-time.Second && time.Since(last) > time.Second:
		return gatepost.EndTimeout
	case errors.Is(err, errDemux):
		return gatepost.EndProtocol
	default: // the library says only that it is over; a peer that vanished shows as silence
		return gatepost.EndClosed
	}
}
