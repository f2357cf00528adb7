package rtsp

import (
	"bytes"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// encoder packetises access units.
type encoder interface {
	Encode([][]byte) ([]*rtp.Packet, error)
}

// frame makes an access unit of n units that says which it is.
func frame(codec media.Codec, number byte, slices int) [][]byte {
	var au [][]byte
	for i := range slices {
		body := bytes.Repeat([]byte{number, byte(i), 7}, 900) // three packets each
		first := byte(0)
		if i == 0 {
			first = 0x80
		}
		switch codec {
		case media.H264:
			body[0], body[1] = 0x41, first|1
		case media.H265:
			body[0], body[1], body[2] = 0x02, 0x01, first|1
		}
		au = append(au, body)
	}
	return au
}

func testPackets(t testing.TB, codec media.Codec, frames, slices int, marker bool) (format.Format, []*rtp.Packet, [][][]byte) {
	t.Helper()
	var f format.Format
	var enc encoder
	var err error
	switch codec {
	case media.H264:
		g := &format.H264{PayloadTyp: 96, PacketizationMode: 1}
		enc, err = g.CreateEncoder()
		f = g
	case media.H265:
		g := &format.H265{PayloadTyp: 96}
		enc, err = g.CreateEncoder()
		f = g
	}
	if err != nil {
		t.Fatal(err)
	}
	var packets []*rtp.Packet
	var sent [][][]byte
	for i := range frames {
		au := frame(codec, byte(i), slices)
		sent = append(sent, au)
		ps, err := enc.Encode(au)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			p.Timestamp = uint32(i) * 3600
			p.Marker = p.Marker && marker
			packets = append(packets, p)
		}
	}
	return f, packets, sent
}

// TestLoss drops every packet in turn, and pairs of packets: what comes out is
// whole access units with the right time, and only those that were hit, or their
// successor, are missing.
func TestLoss(t *testing.T) {
	for _, codec := range []media.Codec{media.H264, media.H265} {
		for _, marker := range []bool{true, false} {
			_, all, _ := testPackets(t, codec, 6, 2, marker)
			for drop := -1; drop < len(all); drop++ {
				for _, run := range []int{1, 2} {
					if drop+run >= len(all) && !marker {
						continue // nothing after it can tell that the end is missing
					}
					f, packets, sent := testPackets(t, codec, 6, 2, marker)
					tr := newTrack(&description.Media{}, f)
					var got []*media.Unit
					tr.write = func(u *media.Unit, _ uint64) { got = append(got, u) }
					for i, p := range packets {
						if drop >= 0 && i >= drop && i < drop+run {
							continue
						}
						tr.packet(packet{Packet: p, times: times{pts: int64(p.Timestamp), timed: true, ntp: time.Unix(1, 0)}})
					}
					tr.flush()
					want := len(sent)
					if drop >= 0 {
						want -= 2 // the one hit and, at worst, a neighbour
					}
					if len(got) < want || drop < 0 && len(got) != want {
						t.Fatalf("%s marker %v drop %d+%d: %d units of %d", codec, marker, drop, run, len(got), len(sent))
					}
					for _, u := range got {
						au := sent[u.PTS/3600]
						if len(u.Data) != len(au) || !bytes.Equal(bytes.Join(u.Data, nil), bytes.Join(au, nil)) {
							t.Fatalf("%s marker %v drop %d+%d: unit at %d is not whole", codec, marker, drop, run, u.PTS)
						}
						if u.DTS != media.NoDTS {
							t.Fatal("a decode time was made up")
						}
					}
				}
			}
		}
	}
}

func TestTracksOf(t *testing.T) {
	d := &description.Session{Medias: []*description.Media{
		{Formats: []format.Format{&format.MPEG1Audio{}, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}},
		{Formats: []format.Format{&format.VP8{PayloadTyp: 97}, &format.AV1{PayloadTyp: 98}}},
		{Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}},
		{Formats: []format.Format{&format.Opus{PayloadTyp: 99}}},
		{Formats: []format.Format{&format.MPEG4AudioLATM{PayloadTyp: 100, CPresent: true}}},
	}}
	tracks := tracksOf(d)
	if len(tracks) != 2 || tracks[0].media.Codec != media.G711A || tracks[1].media.Codec != media.AV1 || tracks[1].index != 1 {
		t.Fatalf("%+v", tracks)
	}
	latm := newTrack(&description.Media{}, &format.MPEG4AudioLATM{StreamMuxConfig: &mpeg4audio.StreamMuxConfig{Programs: []*mpeg4audio.StreamMuxConfigProgram{{Layers: []*mpeg4audio.StreamMuxConfigLayer{{
		AudioSpecificConfig: &mpeg4audio.AudioSpecificConfig{Type: 2, SampleRate: 44100, ChannelConfig: 2}}}}}}})
	if latm == nil || latm.media.SampleRate != 44100 || len(latm.media.AudioConfig) == 0 {
		t.Fatalf("%+v", latm)
	}
}

func FuzzTrack(f *testing.F) {
	for _, codec := range []media.Codec{media.H264, media.H265} {
		_, packets, _ := testPackets(f, codec, 1, 1, true)
		for i, p := range packets {
			f.Add(byte(0), uint16(i), p.Payload, p.Marker)
			f.Add(byte(1), uint16(i), p.Payload, p.Marker)
		}
	}
	f.Add(byte(2), uint16(0), []byte{0x18, 0x0a, 0x01}, true)
	f.Add(byte(3), uint16(0), []byte{0x00, 0x10, 0x00, 0x08, 1}, true)
	f.Fuzz(func(t *testing.T, kind byte, gap uint16, payload []byte, marker bool) {
		formats := []format.Format{
			&format.H264{PayloadTyp: 96, PacketizationMode: 1}, &format.H265{PayloadTyp: 96}, &format.AV1{PayloadTyp: 96},
			&format.MPEG4Audio{PayloadTyp: 96, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3, Config: &mpeg4audio.AudioSpecificConfig{Type: 2, SampleRate: 48000, ChannelConfig: 2}},
			&format.MPEG4AudioLATM{StreamMuxConfig: &mpeg4audio.StreamMuxConfig{Programs: []*mpeg4audio.StreamMuxConfigProgram{{Layers: []*mpeg4audio.StreamMuxConfigLayer{{
				AudioSpecificConfig: &mpeg4audio.AudioSpecificConfig{Type: 2, SampleRate: 48000, ChannelConfig: 2}}}}}}},
			&format.Opus{ChannelCount: 2}, &format.G711{SampleRate: 8000, ChannelCount: 1},
		}
		tr := newTrack(&description.Media{}, formats[int(kind)%len(formats)])
		tr.write = func(u *media.Unit, _ uint64) {
			if u.Size() == 0 {
				t.Fatal("an empty unit")
			}
		}
		for i := range 4 {
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i) * (1 + gap%3), Timestamp: uint32(i / 2), Marker: marker != (i%2 == 0)}, Payload: bytes.Clone(payload)}
			tr.packet(packet{Packet: p, times: times{timed: true, ntp: time.Unix(1, 0)}})
		}
		tr.flush()
	})
}

// BenchmarkTrack is one 2 Mbit/s camera: pictures of 10 kB, 25 in a second.
func BenchmarkTrack(b *testing.B) {
	f, packets, _ := testPackets(b, media.H264, 25, 4, true)
	tr := newTrack(&description.Media{}, f)
	tr.write = func(*media.Unit, uint64) {}
	b.ReportAllocs()
	for b.Loop() { // a second of the camera
		for _, p := range packets {
			p.SequenceNumber += uint16(len(packets))
			tr.packet(packet{Packet: p, times: times{pts: int64(p.Timestamp), timed: true, ntp: time.Unix(1, 0)}})
		}
	}
	b.ReportMetric(float64(len(packets)), "packets/op")
}
