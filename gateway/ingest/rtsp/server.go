package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// Options of a Server. Admitter and Listener are required.
type Options struct {
	Admitter ingest.Admitter
	Listener net.Listener // TCP; Run closes it

	// RTP and RTCP receive UDP transport on an even port and the one above
	// it; see ListenUDP. Run closes them. Both nil: TCP only.
	RTP, RTCP *net.UDPConn

	// TLS makes this an RTSPS server (TCP only). A gateway that offers both
	// runs two Servers.
	TLS *tls.Config

	// Reorder is how long a packet that came by UDP waits for one before it that
	// is missing. Default 100 ms.
	Reorder time.Duration

	HandshakeTimeout time.Duration // from connection to RECORD; 0: 10 s
	ReadTimeout      time.Duration // without a packet while recording; 0: 10 s
	MaxPerHost       int           // connections from one remote host; 0: ingest.DefaultPerHost
	Logger           *slog.Logger  // nil: slog.Default()
}

// Server takes RTSP publishers.
type Server struct {
	opts    Options
	limiter *ingest.Limiter
	log     *slog.Logger
}

// admitTimeout bounds the question to the control plane.
const admitTimeout = 5 * time.Second

// New returns a Server; Run starts it.
func New(opts Options) *Server {
	if opts.HandshakeTimeout == 0 {
		opts.HandshakeTimeout = 10 * time.Second
	}
	if opts.Reorder == 0 {
		opts.Reorder = 100 * time.Millisecond
	}
	if opts.ReadTimeout == 0 {
		opts.ReadTimeout = 10 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Server{opts: opts, limiter: ingest.NewLimiter(opts.MaxPerHost, 0), log: opts.Logger.With("protocol", "rtsp")}
}

// Run serves until ctx is done, then ends every session and returns nil when
// the last has ended. It returns an error when the listener fails.
func (s *Server) Run(ctx context.Context) error {
	h := &handler{
		opts: s.opts,
		log:  s.log,
		admit: func(req ingest.Request) (ingest.Session, error) {
			ctx, cancel := context.WithTimeout(ctx, admitTimeout)
			defer cancel()
			return s.opts.Admitter.Admit(ctx, req)
		},
	}
	listener := s.limiter.Listener(s.opts.Listener, func(a net.Addr) {
		s.log.Debug("connection refused: too many from this host", "remote", a.String())
	})
	srv := &gortsplib.Server{
		Handler:     h,
		RTSPAddress: s.opts.Listener.Addr().String(),
		TLSConfig:   s.opts.TLS,
		ReadTimeout: s.opts.ReadTimeout,
		// Only Basic reveals the key, and only its hash is kept to compare.
		AuthMethods: []auth.VerifyMethod{auth.VerifyMethodBasic},
		Listen:      func(string, string) (net.Listener, error) { return interleavedListener{listener}, nil },
		TLSListen: func(_, _ string, config *tls.Config) (net.Listener, error) {
			return interleavedListener{tls.NewListener(listener, config)}, nil
		},
	}
	if s.opts.RTP != nil && s.opts.RTCP != nil {
		h.datagrams = &datagrams{UDPConn: s.opts.RTP, claims: make(map[netip.AddrPort]claim)}
		srv.UDPRTPAddress = s.opts.RTP.LocalAddr().String()
		srv.UDPRTCPAddress = s.opts.RTCP.LocalAddr().String()
		srv.ListenPacket = func(_, address string) (net.PacketConn, error) {
			_, port, _ := net.SplitHostPort(address)
			if _, rtp, _ := net.SplitHostPort(srv.UDPRTPAddress); port == rtp {
				return h.datagrams, nil
			}
			return s.opts.RTCP, nil
		}
	}
	if err := srv.Start(); err != nil {
		s.close()
		return fmt.Errorf("start RTSP server: %w", err)
	}
	stop := context.AfterFunc(ctx, srv.Close)
	err := srv.Wait()
	if !stop() {
		err = nil // it ended because it was closed
	}
	srv.Close()
	h.sessions.Wait()
	if err != nil {
		return fmt.Errorf("RTSP server: %w", err)
	}
	return nil
}

func (s *Server) close() {
	_ = s.opts.Listener.Close()
	for _, c := range []*net.UDPConn{s.opts.RTP, s.opts.RTCP} {
		if c != nil {
			_ = c.Close()
		}
	}
}

// receiveBuffer is asked of the kernel for each UDP socket: a key frame of a
// few hundred cameras at once is some megabytes (the default holds 212 kB).
const receiveBuffer = 8 << 20

// ListenUDP opens the two sockets of the UDP transport: an even port for RTP and
// the next one for RTCP (RFC 3550 §11). Port 0 picks a free pair. The kernel may
// grant a smaller receive buffer than asked for (net.core.rmem_max).
func ListenUDP(host string, port int) (rtp, rtcp *net.UDPConn, err error) {
	if port%2 != 0 {
		return nil, nil, fmt.Errorf("listen for RTP: port %d is not even", port)
	}
	for range 64 {
		rtp, err = listenUDP(host, port)
		if err != nil {
			return nil, nil, fmt.Errorf("listen for RTP: %w", err)
		}
		got := rtp.LocalAddr().(*net.UDPAddr).Port
		if got%2 == 0 {
			if rtcp, err = listenUDP(host, got+1); err == nil {
				return rtp, rtcp, nil
			}
		}
		_ = rtp.Close()
		if port != 0 {
			return nil, nil, fmt.Errorf("listen for RTCP: %w", err)
		}
	}
	return nil, nil, errors.New("listen for RTP: no free pair of ports")
}

func listenUDP(host string, port int) (*net.UDPConn, error) {
	c, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	u := c.(*net.UDPConn)
	_ = u.SetReadBuffer(receiveBuffer) // less is granted silently, or by error; either way it works
	return u, nil
}

// handler is called by the library.
type handler struct {
	opts  Options
	log   *slog.Logger
	admit func(ingest.Request) (ingest.Session, error)

	datagrams *datagrams     // nil: TCP only
	sessions  sync.WaitGroup // goroutines of sessions
}
