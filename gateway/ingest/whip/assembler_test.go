package whip

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestAssembler(t *testing.T) {
	// Letters are packets: capital ones begin a picture, "." after one is its
	// marker, "|" a gap, "~" a padding packet, "/" a step of time.
	for _, c := range []struct {
		in   string
		want string
		drop int
	}{
		{"Ab./Cd./E.", "Ab Cd E", 0},
		{"Ab/Cd/E/F.", "Ab Cd E F", 0}, // nothing is marked until the end
		{"A|b./C.", "C", 1},            // its middle
		{"Ab/|C./D.", "C D", 1},        // its end; C shows its beginning
		{"Ab/|c./D.", "D", 2},          // its end, and C's beginning may be missing
		{"A./|c./D.", "A D", 1},        // a beginning after a whole one
		{"A./|C./D.", "A C D", 0},      // a whole one is lost, both neighbours are whole
		{"A.~/C.", "A C", 0},
		{"A./~/C.", "A C", 0},
		{"A.|~/C.", "A C", 1}, // the padding's time has a unit that is gone
		{"A~b.", "Ab", 0},
		{"A|~b./C.", "C", 1},
	} {
		t.Run(c.in, func(t *testing.T) {
			var got []string
			drop := 0
			a := assembler{
				begins: func(p []byte) bool { return p[0] >= 'A' && p[0] <= 'Z' },
				emit: func(packets []*rtp.Packet, _ time.Time) {
					s := ""
					for _, p := range packets {
						s += string(p.Payload)
					}
					got = append(got, s)
				},
				drop: func() { drop++ },
			}
			var now uint32
			gap := false
			for i, r := range c.in {
				switch r {
				case '.':
				case '|':
					gap = true
				case '/':
					now += 3600
				default:
					p := &rtp.Packet{Header: rtp.Header{Timestamp: now, Marker: i+1 < len(c.in) && c.in[i+1] == '.'}, Payload: []byte{byte(r)}}
					if r == '~' {
						p.Payload, p.Marker = nil, false
					}
					a.push(p, time.Time{}, gap)
					gap = false
				}
			}
			if s := fmt.Sprint(got); s != "["+c.want+"]" || drop != c.drop {
				t.Errorf("got %s, dropped %d; want [%s], dropped %d", s, drop, c.want, c.drop)
			}
		})
	}
}

// A unit without end is given up, not kept.
func TestAssemblerBounds(t *testing.T) {
	dropped := 0
	a := assembler{
		begins: func([]byte) bool { return true },
		emit:   func([]*rtp.Packet, time.Time) { t.Error("an endless unit was passed on") },
		drop:   func() { dropped++ },
	}
	for range maxUnitPackets + 10 {
		a.push(&rtp.Packet{Payload: make([]byte, 100)}, time.Time{}, false)
	}
	if len(a.packets) > maxUnitPackets {
		t.Errorf("%d packets kept", len(a.packets))
	}
	a.push(&rtp.Packet{Header: rtp.Header{Marker: true}, Payload: make([]byte, 100)}, time.Time{}, false)
	if dropped != 1 {
		t.Errorf("%d dropped", dropped)
	}
}

// What an independent packetiser made is put together as it was.
func TestDepacketise(t *testing.T) {
	h264 := &rtph264.Encoder{PayloadMaxSize: 500, PacketizationMode: 1}
	h265 := &rtph265.Encoder{PayloadMaxSize: 500}
	av1 := &rtpav1.Encoder{PayloadMaxSize: 500}
	for _, init := range []func() error{h264.Init, h265.Init, av1.Init} {
		if err := init(); err != nil {
			t.Fatal(err)
		}
	}
	big := bytes.Repeat([]byte{0x55}, 3000)
	for _, c := range []struct {
		codec  media.Codec
		encode func([][]byte) ([]*rtp.Packet, error)
		unit   [][]byte
		begins bool
	}{
		{media.H264, h264.Encode, [][]byte{{0x67, 1, 2, 3}, {0x68, 4, 5, 6}, append([]byte{0x65, 0x88}, big...)}, true},
		{media.H264, h264.Encode, [][]byte{append([]byte{0x41, 0x9a}, big...)}, true},
		{media.H264, h264.Encode, [][]byte{append([]byte{0x41, 0x1a}, big...)}, false}, // a later slice
		{media.H264, h264.Encode, [][]byte{{0x06, 5, 1, 0x80}, append([]byte{0x41, 0x9a}, big...)}, true},
		{media.H265, h265.Encode, [][]byte{{0x4e, 1, 5, 1, 0x80}, append([]byte{0x02, 1, 0x80}, big...)}, true},
		{media.H265, h265.Encode, [][]byte{{0x40, 1, 2, 3, 4}, {0x42, 1, 2, 3, 4}, append([]byte{0x26, 1, 0x80}, big...)}, true},
		{media.H265, h265.Encode, [][]byte{append([]byte{0x02, 1, 0x80}, big...)}, true},
		{media.H265, h265.Encode, [][]byte{append([]byte{0x02, 1, 0x40}, big...)}, false},
		{media.AV1, av1.Encode, [][]byte{{0x08, 1, 2, 3}, append([]byte{0x30}, big...)}, false},
	} {
		packets, err := c.encode(c.unit)
		if err != nil {
			t.Fatal(err)
		}
		if begins := beginsPicture(c.codec)(packets[0].Payload); begins != c.begins {
			t.Errorf("%s %x: begins a picture: %v", c.codec, packets[0].Payload[:3], begins)
		}
		if len(packets) > 2 && beginsPicture(c.codec)(packets[2].Payload) {
			t.Errorf("%s: the middle begins a picture", c.codec)
		}
		packets[len(packets)-1].Marker = false // the change of time told
		got, err := depacketise(c.codec, slices.Clone(packets))
		if err != nil || !slices.EqualFunc(got, c.unit, bytes.Equal) {
			t.Errorf("%s: %d units back of %d, %v", c.codec, len(got), len(c.unit), err)
		}
		if _, err := depacketise(c.codec, packets[:len(packets)-1]); len(packets) > 1 && err == nil {
			t.Errorf("%s: a fragment without its end is a unit", c.codec)
		}
	}
}

// Whatever bytes arrive as RTP, the way from packet to unit neither panics nor
// keeps more than its bounds.
func FuzzPackets(f *testing.F) {
	packet := func(seq uint16, time uint32, marker bool, payload ...byte) []byte {
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: seq, Timestamp: time, Marker: marker}, Payload: payload}).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		return append([]byte{byte(len(b))}, b...)
	}
	f.Add(byte(0), slices.Concat(packet(1, 0, false, 0x67, 1, 2), packet(2, 0, true, 0x65, 0x88, 1), packet(4, 3600, true, 0x41, 0x9a, 2)))
	f.Add(byte(0), slices.Concat(packet(1, 0, false, 0x7c, 0x85, 0x88), packet(3, 0, false, 0x7c, 0x05, 1), packet(2, 0, true, 0x7c, 0x45, 1)))
	f.Add(byte(0), packet(1, 0, true, 0x78, 0, 2, 0x67, 1, 0, 9, 0x68))
	f.Add(byte(1), packet(1, 0, true, 0x60, 1, 0, 2, 0x40, 1, 0, 2, 0x26, 1))
	f.Add(byte(1), slices.Concat(packet(1, 0, false, 0x62, 1, 0x93, 0x80, 1), packet(2, 0, true, 0x62, 1, 0x53, 1)))
	f.Add(byte(2), slices.Concat(packet(1, 0, false, 0x50, 0x08, 1, 2), packet(2, 0, true, 0x90, 3, 4)))
	f.Fuzz(func(t *testing.T, which byte, stream []byte) {
		codec := []media.Codec{media.H264, media.H265, media.AV1}[which%3]
		a := assembler{begins: beginsPicture(codec), drop: func() {}}
		a.emit = func(packets []*rtp.Packet, _ time.Time) {
			unit, err := depacketise(codec, packets)
			if err == nil {
				media.Normalise(codec, unit)
			}
		}
		r := ingest.Reorderer{Wait: 20 * time.Millisecond, Limit: 16, Emit: a.push}
		now := time.Unix(0, 0)
		for len(stream) > 0 {
			n := min(int(stream[0]), len(stream)-1)
			var p rtp.Packet
			if p.Unmarshal(bytes.Clone(stream[1:1+n])) == nil {
				r.Push(&p, now)
				now = now.Add(time.Millisecond)
			}
			stream = stream[1+n:]
		}
		r.Flush()
	})
}
