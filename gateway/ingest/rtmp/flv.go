package rtmp

import (
	"encoding/binary"
	"errors"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// tag is one audio or video message: a configuration, or frames.
type tag struct {
	codec  media.Codec  // "" for one that is not carried
	config *media.Track // for a configuration
	length int          // with config: bytes of a NAL unit's length
	data   []byte       // for frames
	offset int32        // with data: PTS minus DTS in milliseconds
}

var (
	errShort = errors.New("message too short")
	errBad   = errors.New("malformed message")
)

// fourCC of enhanced RTMP v2, "Defining additional video/audio codecs".
var fourCC = map[string]media.Codec{"avc1": media.H264, "hvc1": media.H265, "av01": media.AV1, "mp4a": media.AAC, "Opus": media.Opus}

// Kinds of packets. The numbers are those of enhanced RTMP v2, where video and
// audio agree but for multitrack.
const (
	packetSequenceStart  = 0
	packetCodedFrames    = 1
	packetCodedFramesX   = 3 // video without a composition time
	packetMultitrack     = 6
	packetModEx          = 7
	audioMultitrack      = 5
	multitrackOne        = 0
	multitrackManyCodecs = 2
)

// parseVideo reads a video message: FLV specification 10.1 §E.4.3.1, and the
// ExVideoTagHeader of enhanced RTMP v2.
func parseVideo(b []byte) (tag, error) {
	if len(b) < 2 {
		return tag{}, errShort
	}
	if b[0]&0x80 != 0 {
		kind := int(b[0] & 0x0f)
		if b[0]>>4&7 == 5 { // a command, no picture
			return tag{}, nil
		}
		return parseExtended(b[1:], kind, packetMultitrack)
	}
	if len(b) < 5 || b[0]>>4 == 5 {
		return tag{}, nil
	}
	var codec media.Codec
	switch b[0] & 0x0f {
	case 7:
		codec = media.H264
	case 12: // not in the specification, but what many encoders send
		codec = media.H265
	default:
		return tag{}, nil
	}
	switch b[1] {
	case 0:
		return configuration(codec, b[5:])
	case 1:
		return tag{codec: codec, data: b[5:], offset: signed24(b[2:])}, nil
	}
	return tag{codec: codec}, nil
}

// parseAudio reads an audio message: FLV specification 10.1 §E.4.2.1, and the
// ExAudioTagHeader of enhanced RTMP v2.
func parseAudio(b []byte) (tag, error) {
	if len(b) < 2 {
		return tag{}, errShort
	}
	channels := int(b[0]&1) + 1
	switch b[0] >> 4 {
	case 7, 8:
		codec := media.G711A
		if b[0]>>4 == 8 {
			codec = media.G711U
		}
		return tag{codec: codec, data: b[1:], config: &media.Track{Codec: codec, ClockRate: 8000, SampleRate: 8000, Channels: channels}}, nil
	case 9:
		return parseExtended(b[1:], int(b[0]&0x0f), audioMultitrack)
	case 10:
		if b[1] == 0 {
			return configuration(media.AAC, b[2:])
		}
		return tag{codec: media.AAC, data: b[2:]}, nil
	}
	return tag{}, nil
}

// parseExtended reads what follows the first byte of an enhanced message. Of
// several tracks only number 0 is carried.
func parseExtended(b []byte, kind, multitrack int) (tag, error) {
	for kind == packetModEx {
		if len(b) < 1 {
			return tag{}, errShort
		}
		n := int(b[0]) + 1
		b = b[1:]
		if n == 256 {
			if len(b) < 2 {
				return tag{}, errShort
			}
			n = int(binary.BigEndian.Uint16(b)) + 1
			b = b[2:]
		}
		if len(b) < n+1 {
			return tag{}, errShort
		}
		kind = int(b[n] & 0x0f)
		b = b[n+1:]
	}
	if kind != multitrack {
		if len(b) < 4 {
			return tag{}, errShort
		}
		return parsePacket(fourCC[string(b[:4])], kind, b[4:])
	}
	if len(b) < 1 {
		return tag{}, errShort
	}
	form := b[0] >> 4
	kind = int(b[0] & 0x0f)
	b = b[1:]
	var codec string
	if form != multitrackManyCodecs {
		if len(b) < 4 {
			return tag{}, errShort
		}
		codec, b = string(b[:4]), b[4:]
	}
	for len(b) > 0 {
		if form == multitrackManyCodecs {
			if len(b) < 4 {
				return tag{}, errShort
			}
			codec, b = string(b[:4]), b[4:]
		}
		if len(b) < 1 {
			return tag{}, errShort
		}
		id, body := b[0], b[1:]
		b = nil
		if form != multitrackOne {
			if len(body) < 3 {
				return tag{}, errShort
			}
			n := int(body[0])<<16 | int(body[1])<<8 | int(body[2])
			body = body[3:]
			if n > len(body) {
				return tag{}, errShort
			}
			body, b = body[:n], body[n:]
		}
		if id == 0 {
			return parsePacket(fourCC[codec], kind, body)
		}
	}
	return tag{}, nil
}

func parsePacket(codec media.Codec, kind int, b []byte) (tag, error) {
	if codec == "" {
		return tag{}, nil
	}
	switch kind {
	case packetSequenceStart:
		return configuration(codec, b)
	case packetCodedFrames:
		t := tag{codec: codec, data: b}
		if codec == media.H264 || codec == media.H265 {
			if len(b) < 3 {
				return tag{}, errShort
			}
			t.data, t.offset = b[3:], signed24(b)
		}
		return t, nil
	case packetCodedFramesX:
		if !codec.Video() {
			return tag{codec: codec}, nil
		}
		return tag{codec: codec, data: b}, nil
	}
	return tag{codec: codec}, nil
}

// signed24 reads a composition time (SI24).
func signed24(b []byte) int32 {
	return int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
}

// configuration reads a decoder configuration. An empty one says nothing.
func configuration(codec media.Codec, b []byte) (tag, error) {
	t := tag{codec: codec}
	track := &media.Track{Codec: codec, ClockRate: 90000}
	var err error
	switch codec {
	case media.H264:
		t.length, err = avcC(track, b)
	case media.H265:
		t.length, err = hvcC(track, b)
	case media.AV1:
		err = av1C(track, b)
	case media.AAC:
		if len(b) == 0 {
			return t, nil
		}
		var c mpeg4audio.AudioSpecificConfig
		if err = c.Unmarshal(b); err != nil {
			return tag{}, err
		}
		if track = ingest.AAC(&c); track == nil {
			err = errBad
		}
	case media.Opus:
		track.ClockRate, track.SampleRate, track.Channels = 48000, 48000, 2
		var h opus.IDHeader
		if h.Unmarshal(b) == nil && h.ChannelCount > 0 {
			track.Channels = int(h.ChannelCount)
		}
	}
	if err != nil {
		return tag{}, err
	}
	t.config = track
	return t, nil
}

// avcC reads an AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3.1): the first
// SPS and PPS, and the bytes of a NAL unit's length.
func avcC(t *media.Track, b []byte) (int, error) {
	if len(b) < 6 {
		return 0, errShort
	}
	length := int(b[4]&3) + 1
	sps, rest, err := sets(b[6:], int(b[5]&0x1f))
	if err != nil || len(rest) < 1 {
		return 0, errShort
	}
	pps, _, err := sets(rest[1:], int(rest[0]))
	if err != nil || sps == nil || pps == nil || sps[0]&0x1f != 7 || pps[0]&0x1f != 8 {
		return 0, errBad
	}
	t.SPS, t.PPS = sps, pps
	return length, nil
}

// hvcC reads an HEVCDecoderConfigurationRecord (ISO 14496-15 §8.3.3.1).
func hvcC(t *media.Track, b []byte) (int, error) {
	if len(b) < 23 {
		return 0, errShort
	}
	length := int(b[21]&3) + 1
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return 0, errShort
		}
		kind, n := b[0]&0x3f, int(binary.BigEndian.Uint16(b[1:]))
		first, rest, err := sets(b[3:], n)
		if err != nil {
			return 0, err
		}
		b = rest
		if first == nil || first[0]>>1&0x3f != kind {
			continue
		}
		switch kind {
		case 32:
			t.VPS = first
		case 33:
			t.SPS = first
		case 34:
			t.PPS = first
		}
	}
	if t.SPS == nil || t.PPS == nil {
		return 0, errBad
	}
	return length, nil
}

// sets reads n byte strings with 16-bit lengths; it returns the first that is
// not empty, and what follows.
func sets(b []byte, n int) (first, rest []byte, err error) {
	for range n {
		if len(b) < 2 {
			return nil, nil, errShort
		}
		l := int(binary.BigEndian.Uint16(b))
		b = b[2:]
		if l > len(b) {
			return nil, nil, errShort
		}
		if first == nil && l > 0 {
			first = b[:l]
		}
		b = b[l:]
	}
	return first, b, nil
}

// av1C reads an AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3.3). The
// sequence header in it is optional: the stream has it too.
func av1C(t *media.Track, b []byte) error {
	if len(b) < 4 {
		return errShort
	}
	var obus av1.Bitstream
	if len(b) > 4 && obus.Unmarshal(b[4:]) == nil {
		for _, o := range obus {
			if len(o) > 0 && o[0]>>3&0xf == 1 {
				t.SPS = o
			}
		}
	}
	return nil
}

// maxUnits bounds the NAL units of one access unit.
const maxUnits = 1024

// units splits the payload of a video message.
func units(codec media.Codec, length int, b []byte) ([][]byte, error) {
	if codec == media.AV1 {
		if len(b) == 0 {
			return nil, nil
		}
		var obus av1.Bitstream
		err := obus.Unmarshal(b)
		return obus, err
	}
	var out [][]byte
	for len(b) > 0 {
		if len(b) < length || len(out) == maxUnits {
			return nil, errBad
		}
		n := 0
		for _, c := range b[:length] {
			n = n<<8 | int(c)
		}
		b = b[length:]
		if n > len(b) {
			return nil, errBad
		}
		if n > 0 {
			out = append(out, b[:n])
		}
		b = b[n:]
	}
	return out, nil
}
