package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

const (
	connectTimeout = 10 * time.Second
	maxAnswer      = 64 << 10
	whipPayload    = 1180 // bytes of an RTP payload
)

func publishWHIP(ctx context.Context, p *player, endpoint, bearer string, logger *slog.Logger) error {
	conn, track, err := whipConnection()
	if err != nil {
		return err
	}
	defer func() {
		if err := conn.GracefulClose(); err != nil {
			logger.Debug("close WHIP connection", "err", err)
		}
	}()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	connected := make(chan struct{}, 1)
	conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			select {
			case connected <- struct{}{}:
			default:
			}
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			cancel(errors.New("WHIP connection: " + s.String()))
		}
	})
	session, err := whipOffer(ctx, conn, endpoint, bearer)
	if err != nil {
		return err
	}
	defer whipDelete(session, bearer, logger)

	timer := time.NewTimer(connectTimeout)
	defer timer.Stop()
	select {
	case <-connected:
	case <-timer.C:
		return errors.New("the WHIP endpoint answered, but no media connection came about: is its UDP port open?")
	case <-ctx.Done():
		return context.Cause(ctx)
	}

	packetiser := rtp.NewPacketizer(whipPayload+12, 0, 0, &codecs.H264Payloader{}, rtp.NewRandomSequencer(), ticksPerSecond)
	err = p.play(ctx, func(f frame, ticks int64, _ time.Time) error {
		var annexB []byte
		for _, u := range f.units {
			annexB = append(append(annexB, 0, 0, 0, 1), u...)
		}
		for _, packet := range packetiser.Packetize(annexB, 0) {
			packet.Timestamp = uint32(ticks)
			if err := track.WriteRTP(packet); err != nil {
				return fmt.Errorf("send by WHIP: %w", err)
			}
		}
		return nil
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// whipConnection makes a peer connection that sends one H.264 track.
func whipConnection() (*webrtc.PeerConnection, *webrtc.TrackLocalStaticRTP, error) {
	capability := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: ticksPerSecond,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
	}
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: capability, PayloadType: 102}, webrtc.RTPCodecTypeVideo); err != nil {
		return nil, nil, fmt.Errorf("register H.264: %w", err)
	}
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(engine, registry); err != nil {
		return nil, nil, fmt.Errorf("set up retransmission and reports: %w", err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	setting := webrtc.SettingEngine{LoggerFactory: quiet}
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	setting.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(setting))
	conn, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, nil, fmt.Errorf("make a peer connection: %w", err)
	}
	track, err := webrtc.NewTrackLocalStaticRTP(capability, "video", "camera")
	if err == nil {
		_, err = conn.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("add the video track: %w", err), conn.GracefulClose())
	}
	return conn, track, nil
}

// whipOffer makes the exchange of RFC 9725 §4.2 and returns the session's URL.
func whipOffer(ctx context.Context, conn *webrtc.PeerConnection, endpoint, bearer string) (string, error) {
	offer, err := conn.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("make an offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(conn)
	if err := conn.SetLocalDescription(offer); err != nil {
		return "", fmt.Errorf("apply the offer: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("gather candidates: %w", ctx.Err())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader([]byte(conn.LocalDescription().SDP)))
	if err != nil {
		return "", fmt.Errorf("WHIP address: %w", err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("publish by WHIP: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("read the WHIP answer: %w", err)
	}
	if res.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("publish by WHIP: %s", res.Status)
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("WHIP address: %w", err)
	}
	session, err := base.Parse(res.Header.Get("Location"))
	if err != nil {
		return "", fmt.Errorf("WHIP session address: %w", err)
	}
	if err := conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		whipDelete(session.String(), bearer, slog.Default())
		return "", fmt.Errorf("apply the WHIP answer: %w", err)
	}
	return session.String(), nil
}

// whipDelete ends the session (RFC 9725 §4.2), so that the gateway need not wait
// for it to time out.
func whipDelete(session, bearer string, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, session, nil)
	if err != nil {
		return
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		logger.Debug("end the WHIP session", "err", err)
		return
	}
	res.Body.Close()
}
