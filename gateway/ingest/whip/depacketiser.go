package whip

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// trackOf describes what a negotiated codec will bring. Parameter sets come in
// band.
func trackOf(c rtc.Codec) *media.Track {
	switch strings.ToLower(c.MimeType) {
	case "video/h264":
		return &media.Track{Codec: media.H264, ClockRate: 90000}
	case "video/h265":
		return &media.Track{Codec: media.H265, ClockRate: 90000}
	case "video/av1":
		return &media.Track{Codec: media.AV1, ClockRate: 90000}
	case "audio/opus":
		return &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}
	case "audio/pcma":
		return &media.Track{Codec: media.G711A, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	default:
		return &media.Track{Codec: media.G711U, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	}
}

// errPartial says that the packets of a unit, though all there, hold no whole unit.
var errPartial = errors.New("fragment without its end")

// depacketise turns the packets of one whole access unit into NAL units or OBUs.
// A decoder lives for one unit only, so that nothing of a broken unit is carried
// into the next. It takes the packets over.
func depacketise(codec media.Codec, packets []*rtp.Packet) ([][]byte, error) {
	decode, more, err := decoder(codec)
	if err != nil {
		return nil, err
	}
	last := packets[len(packets)-1]
	last.Marker = true // the end was known by the change of time
	for _, p := range packets[:len(packets)-1] {
		p.Marker = false // some senders mark every slice
		if _, err := decode(p); err != nil && !errors.Is(err, more) {
			return nil, err
		}
	}
	unit, err := decode(last)
	if errors.Is(err, more) {
		return nil, errPartial
	}
	return unit, err
}

func decoder(codec media.Codec) (decode func(*rtp.Packet) ([][]byte, error), more, err error) {
	switch codec {
	case media.H264:
		d := &rtph264.Decoder{PacketizationMode: 1}
		return d.Decode, rtph264.ErrMorePacketsNeeded, d.Init()
	case media.H265:
		d := &rtph265.Decoder{}
		return d.Decode, rtph265.ErrMorePacketsNeeded, d.Init()
	case media.AV1:
		d := &rtpav1.Decoder{}
		return d.Decode, rtpav1.ErrMorePacketsNeeded, d.Init()
	}
	return nil, nil, fmt.Errorf("no depacketiser for %s", codec)
}

// beginsPicture returns a function that tells whether a payload is the beginning
// of a picture. When in doubt it says no.
func beginsPicture(codec media.Codec) func([]byte) bool {
	switch codec {
	case media.H264:
		return beginsH264
	case media.H265:
		return beginsH265
	}
	return func([]byte) bool { return false }
}

// beginsH264 looks for what stands before slices (parameter sets, a delimiter,
// supplemental information: §7.4.1.2.3), or the first slice of a picture: its first_mb_in_slice is zero, one set bit (ITU-T H.264 §7.3.3).
func beginsH264(p []byte) bool {
	if len(p) < 3 {
		return false
	}
	switch p[0] & 0x1f {
	case 1, 5:
		return p[1]&0x80 != 0
	case 6, 7, 9:
		return true
	case 24: // STAP-A (RFC 6184 §5.7.1)
		return len(p) > 3 && beginsH264(p[3:])
	case 28: // FU-A (RFC 6184 §5.8): start bit, then the slice header
		t := p[1] & 0x1f
		return p[1]&0x80 != 0 && (t == 1 || t == 5) && p[2]&0x80 != 0
	}
	return false
}

// beginsH265 likewise: first_slice_segment_in_pic_flag is the first bit of a
// slice header (ITU-T H.265 §7.3.6.1).
func beginsH265(p []byte) bool {
	if len(p) < 4 {
		return false
	}
	switch t := p[0] >> 1 & 0x3f; {
	case t < 32:
		return p[2]&0x80 != 0
	case t == 32, t == 35, t == 39: // VPS, access unit delimiter, prefix SEI
		return true
	case t == 48: // aggregation packet (RFC 7798 §4.4.2)
		return len(p) > 4 && beginsH265(p[4:])
	case t == 49: // fragmentation unit (RFC 7798 §4.4.3)
		return p[2]&0x80 != 0 && p[2]&0x3f < 32 && p[3]&0x80 != 0
	}
	return false
}
