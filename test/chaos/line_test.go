package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/test/harness"
)

// line is one connection of a camera.
type line interface {
	// picture sends a frame, whose time is in ticks of 90 kHz, and tells
	// whether parts of it were lost on purpose.
	picture(nalus [][]byte, ts int64) (hurt bool, err error)
	sound(frame int64) error // that goes with a frame
	cut() error              // ends it without a goodbye
	close()                  // says goodbye
}

// farewell is the longest that a goodbye waits: the loss of a last packet is noticed by
// nobody, and so made good by nobody.
const farewell = 1500 * time.Millisecond

// linger waits until what a line has sent is where it should be.
func linger(there func() bool) {
	for end := time.Now().Add(farewell); !there() && time.Now().Before(end); {
		harness.Until(time.Now().Add(frameTime / 2))
	}
}

// rtspLine sends by RTSP, over TCP or UDP.
type rtspLine struct {
	client *gortsplib.Client
	conn   net.Conn
	video  *description.Media
	audio  *description.Media
	encode func([][]byte) ([]*rtp.Packet, error)
	lost   func([]*rtp.Packet) ([]*rtp.Packet, bool)
}

// rtspPayload leaves room for the headers in a packet of 1,500 bytes.
const rtspPayload = 1450

func dialRTSP(c *camera, begin *clip) (line, error) {
	video, encode, err := begin.format(rtspPayload)
	if err != nil {
		return nil, err
	}
	l := &rtspLine{encode: encode, lost: c.o.lost, video: &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{video}}}
	medias := []*description.Media{l.video}
	if c.o.audio {
		l.audio = &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{&format.Opus{PayloadTyp: 97, ChannelCount: 2}}}
		medias = append(medias, l.audio)
	}
	protocol := gortsplib.ProtocolTCP
	if c.o.udp != nil {
		protocol = gortsplib.ProtocolUDP
	}
	l.client = &gortsplib.Client{Protocol: &protocol, WriteQueueSize: 1024, ListenPacket: c.o.udp, ReadTimeout: 5 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var err error
			l.conn, err = new(net.Dialer).DialContext(ctx, network, address)
			return l.conn, err
		}}
	if err := l.client.StartRecording(c.Publish.RTSP, &description.Session{Medias: medias}); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *rtspLine) picture(nalus [][]byte, ts int64) (hurt bool, err error) {
	packets, err := l.encode(nalus)
	if err != nil {
		return false, err
	}
	if l.lost != nil {
		packets, hurt = l.lost(packets)
	}
	for _, p := range packets {
		p.Timestamp = uint32(ts)
		if err := l.client.WritePacketRTP(l.video, p); err != nil {
			return hurt, err
		}
	}
	return hurt, nil
}

// sound sends two packets of silence (RFC 6716 §3.1: 20 ms of CELT).
func (l *rtspLine) sound(frame int64) error {
	for k := range int64(2) {
		p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 97, SequenceNumber: uint16(2*frame + k), Timestamp: uint32((2*frame + k) * 960), SSRC: 7}, Payload: []byte{0xf8, 0xff, 0xfe}}
		if err := l.client.WritePacketRTP(l.audio, p); err != nil {
			return err
		}
	}
	return nil
}

func (l *rtspLine) cut() error { return l.conn.Close() }

func (l *rtspLine) close() { l.client.Close() }

// errSilent says that a line has no sound.
var errSilent = errors.New("this line carries no sound")

// format describes the pictures for RTP, and packetises them.
func (c *clip) format(payload int) (format.Format, func([][]byte) ([]*rtp.Packet, error), error) {
	if c.h265 {
		f := &format.H265{PayloadTyp: 96, VPS: c.vps, SPS: c.sps, PPS: c.pps}
		e, err := f.CreateEncoder()
		if err != nil {
			return nil, nil, fmt.Errorf("H.265: %w", err)
		}
		e.PayloadMaxSize = payload
		return f, e.Encode, nil
	}
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: c.sps, PPS: c.pps}
	e, err := f.CreateEncoder()
	if err != nil {
		return nil, nil, fmt.Errorf("H.264: %w", err)
	}
	e.PayloadMaxSize = payload
	return f, e.Encode, nil
}
