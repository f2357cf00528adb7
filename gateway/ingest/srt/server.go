package srt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// Options of a Server. Admitter and Listener are required.
type Options struct {
	Admitter ingest.Admitter
	Listener gosrt.Listener // from Listen; Run closes it

	HandshakeTimeout time.Duration // from connection to the first picture or sound; 0: 10 s
	ReadTimeout      time.Duration // without data; 0: 10 s
	MaxPerHost       int           // sessions from one remote host; 0: ingest.DefaultPerHost
	Logger           *slog.Logger  // nil: slog.Default()
}

// Server takes SRT publishers.
type Server struct {
	opts    Options
	limiter *ingest.Limiter
	log     *slog.Logger
}

// receiveBuffer is asked of the kernel for the one socket that all publishers
// share.
const receiveBuffer = 8 << 20

// Listen opens a UDP socket for SRT at address, host:port. It fails when the
// port is in use. (The library would share it with another process, which then
// gets half of the packets.)
func Listen(address string) (gosrt.Listener, error) {
	config := gosrt.DefaultConfig()
	config.PeerIdleTimeout = 10 * time.Second
	config.ListenerControl = func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer) // the kernel may grant less
		})
		return errors.Join(err, failed)
	}
	ln, err := gosrt.Listen("srt", address, config)
	if err != nil {
		return nil, fmt.Errorf("listen for SRT: %w", err)
	}
	return ln, nil
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
	return &Server{opts: opts, limiter: ingest.NewLimiter(opts.MaxPerHost, 0), log: opts.Logger.With("protocol", "srt")}
}

// Run serves until ctx is done, then ends every session and returns nil when
// the last has ended. It returns an error when the listener fails.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer s.opts.Listener.Close()
	defer cancel()
	stop := context.AfterFunc(ctx, s.opts.Listener.Close)
	defer stop()
	for {
		req, err := s.opts.Listener.Accept2()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("SRT server: %w", err)
		}
		addr := req.RemoteAddr()
		if !s.limiter.Acquire(addr) {
			s.log.Debug("session refused: too many from this host", "remote", addr.String())
			req.Reject(gosrt.REJX_OVERLOAD)
			continue
		}
		sessions.Go(func() {
			defer s.limiter.Release(addr)
			s.serve(ctx, req, addr.String())
		})
	}
}
