package publish

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/rtc"
)

// ticks of the RTP clock in a frame.
const ticks = 90000 / clip.FrameRate

// rtpStream sends pictures as RTP packets.
type rtpStream struct {
	packets  [][]clip.Packet
	buffer   [64]byte
	ssrc     uint32
	sequence uint16
	base     uint32 // timestamp of picture 0
}

func newRTPStream(s *Source, size int) *rtpStream {
	return &rtpStream{packets: s.packets(size), ssrc: rand.Uint32(), sequence: uint16(rand.Uint32()), base: rand.Uint32()}
}

func (r *rtpStream) send(m clip.Mark, write func(*rtp.Packet) error) error {
	unit := r.packets[int(m.Number)%len(r.packets)]
	for i := range unit {
		r.sequence++
		packet := &rtp.Packet{
			Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: r.sequence, Timestamp: r.base + m.Number*ticks,
				SSRC: r.ssrc, Marker: unit[i].Last},
			Payload: unit[i].Payload(r.buffer[:], m),
		}
		if err := write(packet); err != nil {
			return err
		}
	}
	return nil
}

// rtspPayload leaves room for the headers in a packet of 1,500 bytes.
const rtspPayload = 1400

type rtspSender struct {
	client *gortsplib.Client
	media  *description.Media
	stream *rtpStream
}

func connectRTSP(s *Source, t Target, udp bool) (sender, error) {
	h264 := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: s.clip.SPS, PPS: s.clip.PPS}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{h264}}
	protocol := gortsplib.ProtocolTCP
	if udp {
		protocol = gortsplib.ProtocolUDP
	}
	client := &gortsplib.Client{Protocol: &protocol, WriteQueueSize: 1024}
	if err := client.StartRecording(t.URL, &description.Session{Medias: []*description.Media{media}}); err != nil {
		return nil, fmt.Errorf("connect: %w", redact(err, t))
	}
	return &rtspSender{client: client, media: media, stream: newRTPStream(s, rtspPayload)}, nil
}

func (r *rtspSender) send(m clip.Mark) error {
	return r.stream.send(m, func(p *rtp.Packet) error { return r.client.WritePacketRTP(r.media, p) })
}

// finish leaves the library the time to send its queue, which closing throws away.
func (r *rtspSender) finish() { time.Sleep(Frame) }

func (r *rtspSender) close() { r.client.Close() }

type whipSender struct {
	session *rtc.Session
	track   *webrtc.TrackLocalStaticRTP
	stream  *rtpStream
}

// whipPayload fits every path of WebRTC.
const whipPayload = 1180

func connectWHIP(ctx context.Context, s *Source, t Target) (sender, error) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}, "video", "camera")
	if err != nil {
		return nil, err
	}
	session, err := rtc.Connect(ctx, t.URL, t.Key, func(conn *webrtc.PeerConnection) error {
		transceiver, err := conn.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		go func() { // reports are of no use here, but must be read
			b := make([]byte, 1500)
			for err := error(nil); err == nil; {
				_, _, err = transceiver.Sender().Read(b)
			}
		}()
		return nil
	})
	if err != nil {
		return nil, redact(err, t)
	}
	return &whipSender{session: session, track: track, stream: newRTPStream(s, whipPayload)}, nil
}

func (w *whipSender) send(m clip.Mark) error {
	select {
	case <-w.session.Lost():
		return errors.New("the media connection is lost")
	default:
		return w.stream.send(m, w.track.WriteRTP)
	}
}

// finish leaves packets on their way the time to arrive.
func (w *whipSender) finish() { time.Sleep(Frame) }

func (w *whipSender) close() { w.session.Close() }

// redact takes address and key out of what a library says.
func redact(err error, t Target) error {
	s := strings.ReplaceAll(err.Error(), t.URL, "its address")
	if t.Key != "" {
		s = strings.ReplaceAll(s, t.Key, "…")
	}
	return errors.New(s)
}
