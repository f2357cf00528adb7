package media

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// CodecString returns the codecs parameter of RFC 6381 for t in an MP4 file:
// "avc1.4d401f" (RFC 6381 §3.3), "hvc1.1.6.L93.B0" (ISO 14496-15 annex E),
// "av01.0.04M.08" (AV1 in ISOBMFF §5), "mp4a.40.2", "opus". It is "" for
// G.711, which MP4 does not carry here, and for parameters that do not parse.
func (t *Track) CodecString() string {
	switch t.Codec {
	case H264:
		if len(t.SPS) >= 4 {
			return fmt.Sprintf("avc1.%02x%02x%02x", t.SPS[1], t.SPS[2], t.SPS[3])
		}
	case H265:
		return hevcString(t.SPS)
	case AV1:
		header, err := parseAV1(t.SPS)
		if err != nil || len(header.SeqLevelIdx) == 0 || len(header.SeqTier) == 0 {
			return ""
		}
		tier := "M"
		if header.SeqTier[0] {
			tier = "H"
		}
		return fmt.Sprintf("av01.%d.%02d%s.%02d", header.SeqProfile, header.SeqLevelIdx[0], tier, header.ColorConfig.BitDepth)
	case AAC:
		var config mpeg4audio.AudioSpecificConfig
		if err := config.Unmarshal(t.AudioConfig); err != nil {
			return ""
		}
		object := config.Type
		if config.ExtensionType != 0 { // HE-AAC: SBR or PS around it
			object = config.ExtensionType
		}
		return fmt.Sprintf("mp4a.40.%d", object)
	case Opus:
		return "opus"
	}
	return ""
}

// hevcString reads profile_tier_level() of an SPS (ITU-T H.265 §7.3.3).
func hevcString(sps []byte) string {
	if len(sps) < 15 {
		return ""
	}
	rbsp := h264.EmulationPreventionRemove(sps[:min(len(sps), 24)])
	if len(rbsp) < 15 {
		return ""
	}
	ptl := rbsp[3:] // two bytes of NAL header, one of ids
	space := [...]string{"", "A", "B", "C"}[ptl[0]>>6]
	tier := "L"
	if ptl[0]&0x20 != 0 {
		tier = "H"
	}
	compatibility := uint32(ptl[1])<<24 | uint32(ptl[2])<<16 | uint32(ptl[3])<<8 | uint32(ptl[4])
	var b strings.Builder
	fmt.Fprintf(&b, "hvc1.%s%d.%X.%s%d", space, ptl[0]&0x1f, bits.Reverse32(compatibility), tier, ptl[11])
	constraints := ptl[5:11]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, c := range constraints {
		fmt.Fprintf(&b, ".%X", c)
	}
	return b.String()
}
