package rtsp

import (
	"testing"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// TestWebSocket: a camera that reaches this server through a WebSocket (ONVIF
// Streaming Specification) records, too: nothing in its masked frames is
// taken for a packet.
func TestWebSocket(t *testing.T) {
	r := start(t, nil)
	c := gortsplib.Client{Tunnel: gortsplib.TunnelWebSocket}
	m := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}}
	if err := c.StartRecording(r.url(pathKey), &description.Session{Medias: []*description.Media{m}}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := r.admitter.Next(t)
	const n = 200 // fewer than the client queues
	for i := range n {
		p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3600, SSRC: 9},
			Payload: []byte{0x65, 0x88, 0x84, byte(i)}}
		if err := c.WritePacketRTP(m, p); err != nil {
			t.Fatal(err)
		}
	}
	s.Units(t, n)
}
