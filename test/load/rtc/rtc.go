// Package rtc is the WebRTC client of cameras (WHIP, RFC 9725) and of viewers
// (WHEP), light enough for hundreds of them in one process: one interface, no
// interceptors, hence no retransmission that would hide a loss.
package rtc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

const (
	connectTimeout = 15 * time.Second
	maxAnswer      = 64 << 10
)

// api is made once; it holds no sockets.
var api = sync.OnceValues(func() (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, fmt.Errorf("set up WebRTC: %w", err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	setting := webrtc.SettingEngine{LoggerFactory: quiet}
	setting.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	setting.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	setting.SetICETimeouts(3*time.Second, 3*time.Second, 2*time.Second)
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(setting)), nil
})

var client = &http.Client{Timeout: connectTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// Session is one media connection.
type Session struct {
	conn     *webrtc.PeerConnection
	resource string
	bearer   string

	lost     chan struct{}
	lostOnce sync.Once
}

// Connect makes a connection to a WHIP or WHEP endpoint and returns when media
// can flow. Prepare adds tracks and handlers before the offer is made.
func Connect(ctx context.Context, endpoint, bearer string, prepare func(*webrtc.PeerConnection) error) (*Session, error) {
	s, connected, err := offer(ctx, endpoint, bearer, prepare)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	select {
	case <-connected:
		return s, nil
	case <-s.lost:
		err = errors.New("the media connection failed")
	case <-ctx.Done():
		err = fmt.Errorf("no media connection came about: %w", ctx.Err())
	}
	s.Close()
	return nil, err
}

// Abandon makes an offer and leaves when it is answered, without a word.
func Abandon(ctx context.Context, endpoint, bearer string, prepare func(*webrtc.PeerConnection) error) error {
	s, _, err := offer(ctx, endpoint, bearer, prepare)
	if err != nil {
		return err
	}
	return s.conn.GracefulClose()
}

// offer makes the exchange of RFC 9725 §4.2.
func offer(ctx context.Context, endpoint, bearer string, prepare func(*webrtc.PeerConnection) error) (*Session, <-chan struct{}, error) {
	api, err := api()
	if err != nil {
		return nil, nil, err
	}
	conn, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, nil, fmt.Errorf("make a peer connection: %w", err)
	}
	s := &Session{conn: conn, bearer: bearer, lost: make(chan struct{})}
	connected := make(chan struct{})
	var once sync.Once
	conn.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			s.lostOnce.Do(func() { close(s.lost) })
		}
	})
	if err := s.exchange(ctx, endpoint, prepare); err != nil {
		return nil, nil, errors.Join(err, conn.GracefulClose())
	}
	return s, connected, nil
}

func (s *Session) exchange(ctx context.Context, endpoint string, prepare func(*webrtc.PeerConnection) error) error {
	if err := prepare(s.conn); err != nil {
		return fmt.Errorf("add tracks: %w", err)
	}
	offer, err := s.conn.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(s.conn)
	if err := s.conn.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("apply the offer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return fmt.Errorf("gather candidates: %w", ctx.Err())
	}
	res, err := s.request(ctx, http.MethodPost, endpoint, s.conn.LocalDescription().SDP)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode != http.StatusCreated {
		return fmt.Errorf("the endpoint says %s: %.200s", res.Status, answer)
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return errors.New("the endpoint is no URL")
	}
	resource, err := base.Parse(res.Header.Get("Location"))
	if err != nil {
		return errors.New("the session's address is no URL")
	}
	s.resource = resource.String()
	if err := s.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		return fmt.Errorf("apply the answer: %w", err)
	}
	return nil
}

func (s *Session) request(ctx context.Context, method, address, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, errors.New("the endpoint is no URL")
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/sdp")
	}
	req.Header.Set("Authorization", "Bearer "+s.bearer)
	res, err := client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the address
		}
		return nil, fmt.Errorf("ask the endpoint: %w", err)
	}
	return res, nil
}

// Lost is closed when the connection has failed.
func (s *Session) Lost() <-chan struct{} { return s.lost }

// Close says goodbye (RFC 9725 §4.2) and waits for the connection to end.
func (s *Session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if res, err := s.request(ctx, http.MethodDelete, s.resource, ""); err == nil {
		res.Body.Close()
	}
	s.Leave()
}

// Leave ends the connection without goodbye to the endpoint.
func (s *Session) Leave() { _ = s.conn.GracefulClose() } // what was not closed in order is of no interest
