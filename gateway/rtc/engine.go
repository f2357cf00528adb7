package rtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"
)

// Options configure an Engine. The zero value listens on UDP port 8189 of every
// address and has no TCP.
type Options struct {
	// UDPAddr is the address of the one UDP port of all sessions. Default ":8189".
	UDPAddr string

	// UDPConn, when set, is used instead of listening on UDPAddr. The Engine
	// owns it and closes it. Packets are gathered (Batch) on a *net.UDPConn only.
	UDPConn net.PacketConn

	// TCPListener, when set, also takes ICE over TCP (RFC 6544), for viewers
	// whose network blocks UDP. The Engine owns it and closes it.
	TCPListener net.Listener

	// PublicIPs are further addresses under which this gateway is reached on
	// the same port, behind a one-to-one NAT. They are advertised beside those of
	// the interfaces.
	PublicIPs []string

	// Logger takes the messages of the WebRTC library at debug level. Default:
	// slog.Default().
	Logger *slog.Logger
}

// Ports and buffers of an Engine.
const (
	DefaultUDPAddr = ":8189"

	socketBuffer   = 16 << 20 // bytes; key frames of many publishers arrive in bursts that overflow the usual 208 KiB
	tcpWriteBuffer = 1 << 20  // bytes for each TCP viewer; what does not fit is dropped as UDP would
	tcpReadBuffer  = 64       // packets

	// replayWindow is how far behind the newest packet a retransmission may
	// arrive and still be decrypted; SRTP's usual 64 is less than one key frame.
	replayWindow = 2048

	disconnectedAfter = 5 * time.Second
	failedAfter       = 10 * time.Second // on top of disconnectedAfter
	keepalive         = 2 * time.Second

	nackInterval = 40 * time.Millisecond
)

// srtpProfiles are what a peer may choose from. With AES-GCM (RFC 7714) a packet is
// ciphered and authenticated in one pass, by the processor's own instructions; 128
// bits, because a peer that could choose would take more rounds for nothing. Every
// peer has the last (RFC 8827 §6.5).
var srtpProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}

// Engine is the WebRTC API of the process.
type Engine struct {
	socket  *socket // nil when the port is no UDP port of the kernel
	udp     ice.UDPMux
	udpAddr net.Addr
	tcp     ice.TCPMux // nil without TCP
	setting webrtc.SettingEngine
	loggers slogFactory
}

// New opens the port and starts to serve it. It fails when the port is taken or
// a public address is not an IP address. Close releases everything.
func New(opts Options) (*Engine, error) {
	logger := opts.Logger
	if logger == nil {
		logger = slog.Default()
	}
	e := &Engine{loggers: slogFactory{logger}}

	for _, s := range opts.PublicIPs {
		if _, err := netip.ParseAddr(s); err != nil {
			return nil, fmt.Errorf("public address %q of the WebRTC gateway: %w", s, err)
		}
	}

	conn := opts.UDPConn
	if conn == nil {
		addr := opts.UDPAddr
		if addr == "" {
			addr = DefaultUDPAddr
		}
		var err error
		var lc net.ListenConfig
		if conn, err = lc.ListenPacket(context.Background(), "udp", addr); err != nil {
			return nil, fmt.Errorf("listen for WebRTC on udp %s: %w", addr, err)
		}
	}
	e.udpAddr = conn.LocalAddr()
	if udp, ok := conn.(*net.UDPConn); ok {
		e.socket = newSocket(udp, logger)
		conn = e.socket
	}
	e.udp = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: e.loggers.NewLogger("udp_mux")})
	if opts.TCPListener != nil {
		e.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener:        opts.TCPListener,
			Logger:          e.loggers.NewLogger("tcp_mux"),
			ReadBufferSize:  tcpReadBuffer,
			WriteBufferSize: tcpWriteBuffer,
		})
	}

	if err := e.configure(opts.PublicIPs); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// configure fills the settings of every peer connection.
func (e *Engine) configure(publicIPs []string) error {
	e.setting = webrtc.SettingEngine{LoggerFactory: e.loggers}
	e.setting.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.setting.SetIncludeLoopbackCandidate(true)
	e.setting.SetICETimeouts(disconnectedAfter, failedAfter, keepalive)
	e.setting.SetSRTPReplayProtectionWindow(replayWindow)
	e.setting.SetSRTPProtectionProfiles(srtpProfiles...)
	e.setting.DisableActiveTCP(true)
	e.setting.SetLite(true)
	e.setting.SetICEUDPMux(e.udp)
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if e.tcp != nil {
		e.setting.SetICETCPMux(e.tcp)
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	e.setting.SetNetworkTypes(networks)
	if len(publicIPs) > 0 {
		err := e.setting.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External:        publicIPs,
			AsCandidateType: webrtc.ICECandidateTypeHost,
			Mode:            webrtc.ICEAddressRewriteAppend,
		})
		if err != nil {
			return fmt.Errorf("public addresses of the WebRTC gateway: %w", err)
		}
	}
	return nil
}

// UDPAddr is the address of the UDP port.
func (e *Engine) UDPAddr() net.Addr { return e.udpAddr }

// Close closes the ports. Peer connections must have been closed before: one
// that is left open loses its transport but not its goroutines.
func (e *Engine) Close() error {
	err := e.udp.Close()
	if e.tcp != nil {
		err = errors.Join(err, e.tcp.Close())
	}
	return err
}

// NewReceiver makes a peer connection that answers a publisher's offer. It asks
// for what is missing (NACK), reports how the path does (TWCC, receiver
// reports), and takes just the codecs given, see Offer.
func (e *Engine) NewReceiver(codecs ...Codec) (*webrtc.PeerConnection, error) {
	me, err := mediaEngine(codecs)
	if err != nil {
		return nil, err
	}
	reg := &interceptor.Registry{}
	gen, err := nack.NewGeneratorInterceptor(
		nack.GeneratorInterval(nackInterval),
		nack.GeneratorSize(2048),
		nack.GeneratorMaxNacksPerPacket(8),
		nack.WithGeneratorLoggerFactory(e.loggers))
	if err != nil {
		return nil, fmt.Errorf("set up NACK: %w", err)
	}
	reg.Add(gen)
	rr, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(e.loggers))
	if err != nil {
		return nil, fmt.Errorf("set up receiver reports: %w", err)
	}
	reg.Add(rr)
	if err := webrtc.ConfigureTWCCSender(me, reg); err != nil {
		return nil, fmt.Errorf("set up transport-wide congestion control: %w", err)
	}
	return e.connect(me, reg)
}

// NewSender makes a peer connection that answers a viewer's offer with the
// codecs given. Retransmission and sender reports are its user's business, who has
// the packets and knows their times.
func (e *Engine) NewSender(codecs ...Codec) (*webrtc.PeerConnection, error) {
	me, err := mediaEngine(codecs)
	if err != nil {
		return nil, err
	}
	return e.connect(me, &interceptor.Registry{})
}

func (e *Engine) connect(me *webrtc.MediaEngine, reg *interceptor.Registry) (*webrtc.PeerConnection, error) {
	api := webrtc.NewAPI(webrtc.WithSettingEngine(e.setting), webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(reg))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("make a peer connection: %w", err)
	}
	return pc, nil
}
