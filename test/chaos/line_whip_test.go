package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/test/harness"
)

// whipLine sends by WHIP (RFC 9725), and again what the gateway asks for.
type whipLine struct {
	camera *camera
	conn   *webrtc.PeerConnection
	track  *webrtc.TrackLocalStaticRTP
	encode func([][]byte) ([]*rtp.Packet, error)
	lost   chan struct{}
	before float64 // packets that were accounted for when it connected
	sent   int     // packets since
}

// whipPayload fits every path of WebRTC.
const whipPayload = 1180

// whipPatience is how long a connection may take: the handshake of DTLS repeats what
// is lost after seconds only (RFC 6347 §4.2.4).
const whipPatience = 30 * time.Second

// byWHIP connects through a relay.
func byWHIP(via *relay) func(*camera, *clip) (line, error) {
	return func(c *camera, begin *clip) (line, error) {
		_, encode, err := begin.format(whipPayload)
		if err != nil {
			return nil, err
		}
		l := &whipLine{camera: c, encode: encode, lost: make(chan struct{})}
		if l.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}, "video", "camera"); err != nil {
			return nil, err
		}
		if l.conn, err = peer(); err != nil {
			return nil, err
		}
		if err := l.connect(c, via); err != nil {
			return nil, errors.Join(err, l.conn.GracefulClose())
		}
		return l, nil
	}
}

// peer makes a peer connection with the usual interceptors, which send lost packets again.
func peer() (*webrtc.PeerConnection, error) {
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	setting := webrtc.SettingEngine{LoggerFactory: quiet}
	setting.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	setting.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	setting.SetICETimeouts(5*time.Second, 5*time.Second, time.Second)
	return webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
}

func (l *whipLine) connect(c *camera, via *relay) error {
	ctx, cancel := context.WithTimeout(context.Background(), whipPatience)
	defer cancel()
	sender, err := l.conn.AddTrack(l.track)
	if err != nil {
		return err
	}
	go func() { // what the gateway asks for goes to the interceptors as it is read
		b := make([]byte, 1500)
		for err := error(nil); err == nil; {
			_, _, err = sender.Read(b)
		}
	}()
	connected := make(chan struct{})
	up, down := sync.OnceFunc(func() { close(connected) }), sync.OnceFunc(func() { close(l.lost) })
	l.conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { // may be connected again
		switch s {
		case webrtc.PeerConnectionStateConnected:
			up()
		case webrtc.PeerConnectionStateFailed:
			down()
		}
	})
	offer, err := l.conn.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := l.conn.SetLocalDescription(offer); err != nil {
		return err
	}
	answer, err := exchange(ctx, c, offer.SDP) // without candidates: nobody passes the relay by
	if err != nil {
		return err
	}
	if err := l.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: via.candidates(answer)}); err != nil {
		return err
	}
	select {
	case <-connected:
		l.before = l.accounted()
		return nil
	case <-l.lost:
		return errors.New("the media connection failed")
	case <-ctx.Done():
		return fmt.Errorf("no media connection came about: %w", ctx.Err())
	}
}

// exchange is RFC 9725 §4.2.
func exchange(ctx context.Context, c *camera, offer string) (answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Publish.WHIP, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/sdp")
	req.Header.Set("Authorization", "Bearer "+c.StreamKey)
	res, err := harness.Client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("the gateway says %s: %.200s", res.Status, b)
	}
	return string(b), err
}

func (l *whipLine) picture(nalus [][]byte, ts int64) (bool, error) {
	select {
	case <-l.lost:
		return false, errors.New("the media connection is lost")
	default:
	}
	packets, err := l.encode(nalus)
	if err != nil {
		return false, err
	}
	for _, p := range packets {
		p.Timestamp = uint32(ts)
		if err := l.track.WriteRTP(p); err != nil {
			return false, err
		}
		l.sent++
	}
	return false, nil
}

func (l *whipLine) sound(int64) error { return errSilent }

// accounted is how many of the camera's packets the gateway has, or knows to be lost.
func (l *whipLine) accounted() (packets float64) {
	for _, kind := range []string{"received", "lost"} {
		n, err := l.camera.s.Metric(fmt.Sprintf("gatepost_camera_packets_%s_total{camera=%q}", kind, l.camera.ID))
		if err == nil { // else the gateway is away, and has none
			packets += n
		}
	}
	return packets
}

// close waits until what was lost has been sent again, or given up.
func (l *whipLine) close() {
	linger(func() bool {
		select {
		case <-l.lost:
			return true
		default:
			return l.accounted() == l.before+float64(l.sent)
		}
	})
	_ = l.conn.GracefulClose() // nothing is left to send
}

func (l *whipLine) cut() error { return errors.New("a WHIP camera is cut off by its relay") }
