package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// Options of a Server. Admitter and Listener are required.
type Options struct {
	Admitter ingest.Admitter
	Listener net.Listener // TCP; Run closes it

	// TLS makes this an RTMPS server. A gateway that offers both runs two
	// Servers.
	TLS *tls.Config

	HandshakeTimeout time.Duration // from connection to publish; 0: 10 s
	ReadTimeout      time.Duration // without audio or video; 0: 10 s
	MaxPerHost       int           // connections from one remote host; 0: ingest.DefaultPerHost
	Logger           *slog.Logger  // nil: slog.Default()
}

// Server takes RTMP publishers.
type Server struct {
	opts    Options
	limiter *ingest.Limiter
	log     *slog.Logger
}

// New returns a Server; Run starts it.
func New(opts Options) *Server {
	if opts.HandshakeTimeout == 0 {
		opts.HandshakeTimeout = 10 * time.Second
	}
	if opts.ReadTimeout == 0 {
		opts.ReadTimeout = 10 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Server{opts: opts, limiter: ingest.NewLimiter(opts.MaxPerHost, 0), log: opts.Logger.With("protocol", "rtmp")}
}

// Run serves until ctx is done, then ends every session and returns nil when
// the last has ended. It returns an error when the listener fails.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ln := s.limiter.Listener(s.opts.Listener, func(a net.Addr) {
		s.log.Debug("connection refused: too many from this host", "remote", a.String())
	})
	if s.opts.TLS != nil {
		ln = tls.NewListener(ln, s.opts.TLS)
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()

	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel() // before the wait
	for pause := 5 * time.Millisecond; ; {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			sessions.Go(func() { s.serve(ctx, nc) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("RTMP server: %w", err)
		default: // out of file descriptors, or the client gave up: it passes
			s.log.Warn("accept failed, trying again", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, time.Second)
		}
	}
}
