package media

// NAL unit types of H.264 (ITU-T H.264 table 7-1) that are told apart here.
const (
	h264NonIDR  = 1
	h264IDR     = 5
	h264SEI     = 6
	h264SPS     = 7
	h264PPS     = 8
	h264Prefix  = 14
	h264Aux     = 19
	h264Ext     = 20
	h264DepthEx = 21
)

// NAL unit types of H.265 (ITU-T H.265 table 7-1) that are told apart here.
const (
	h265FirstIRAP = 16 // BLA_W_LP
	h265LastIRAP  = 21 // CRA_NUT
	h265LastVCL   = 31
	h265VPS       = 32
	h265SPS       = 33
	h265PPS       = 34
	h265PrefixSEI = 39
	h265SuffixSEI = 40
)

// OBU types of AV1 (AV1 bitstream specification §6.2.2).
const (
	av1SequenceHeader = 1
	av1FrameHeader    = 3
	av1TileGroup      = 4
	av1Metadata       = 5
	av1Frame          = 6
	av1RedundantFrame = 7
)

// AccessUnit is what Normalise makes of the payload of one unit.
type AccessUnit struct {
	// Data holds what a decoder needs apart from the parameter sets. AV1
	// sequence headers stay in it, as the AV1 file format wants them there.
	// Elements point into the input.
	Data [][]byte

	// Parameter sets found in the unit, nil when there were none. AV1: the
	// sequence header in SPS.
	VPS, SPS, PPS []byte

	Key     bool // a decoder can begin here
	Picture bool // there is at least one coded slice, tile or frame
}

// Normalise sorts the NAL units or OBUs of one access unit: delimiters, filler,
// end markers and empty elements go, parameter sets are reported apart, the
// rest stays in order. For audio it only removes empty frames.
//
// Of several PPS the first is reported; those with another id stay in Data,
// because a Track has room for one.
func Normalise(c Codec, data [][]byte) AccessUnit {
	var out AccessUnit
	kept := 0
	var classify func(*AccessUnit, []byte) bool
	switch c {
	case H264:
		classify = classifyH264
	case H265:
		classify = classifyH265
	case AV1:
		classify = classifyAV1
	default:
		classify = classifyAudio
	}
	copied := false
	for i, d := range data {
		if classify(&out, d) {
			if copied {
				out.Data = append(out.Data, d)
			}
			kept++
			continue
		}
		if !copied { // from here on the kept elements are no longer a prefix of data
			out.Data = append(make([][]byte, 0, len(data)-1), data[:i]...)
			copied = true
		}
	}
	if !copied {
		out.Data = data[:kept:kept]
	}
	return out
}

func classifyAudio(out *AccessUnit, d []byte) bool {
	if len(d) == 0 {
		return false
	}
	out.Key, out.Picture = true, true
	return true
}

func classifyH264(out *AccessUnit, d []byte) bool {
	if len(d) < 2 {
		return false
	}
	switch t := d[0] & 0x1f; {
	case t == h264IDR:
		out.Key, out.Picture = true, true
		return true
	case t >= h264NonIDR && t < h264IDR:
		out.Picture = true
		return true
	case t == h264SPS:
		out.SPS = d
		return false
	case t == h264PPS:
		if out.PPS == nil || samePPS(out.PPS, d) {
			out.PPS = d
			return false
		}
		return true
	case t == h264SEI, t == h264Prefix, t == h264Aux, t == h264Ext, t == h264DepthEx:
		return true
	}
	return false
}

// samePPS tells whether two H.264 PPS carry the same pic_parameter_set_id
// (§7.3.2.2), which stands first, as an Exp-Golomb code.
func samePPS(a, b []byte) bool {
	return expGolombPrefix(a[1:]) == expGolombPrefix(b[1:])
}

// expGolombPrefix reads one ue(v) code (ITU-T H.264 §9.1) of at most 8 leading
// zero bits, which is more than a parameter set id needs. It is -1 on a
// malformed code.
func expGolombPrefix(b []byte) int {
	bit := func(i int) (int, bool) {
		if i/8 >= len(b) {
			return 0, false
		}
		return int(b[i/8]>>(7-i%8)) & 1, true
	}
	zeros := 0
	for {
		v, ok := bit(zeros)
		if !ok || zeros > 8 {
			return -1
		}
		if v == 1 {
			break
		}
		zeros++
	}
	value := 1
	for i := range zeros {
		v, ok := bit(zeros + 1 + i)
		if !ok {
			return -1
		}
		value = value<<1 | v
	}
	return value - 1
}

func classifyH265(out *AccessUnit, d []byte) bool {
	if len(d) < 3 {
		return false
	}
	switch t := d[0] >> 1 & 0x3f; {
	case t <= h265LastVCL:
		out.Picture = true
		if t >= h265FirstIRAP && t <= h265LastIRAP {
			out.Key = true
		}
		return true
	case t == h265VPS:
		out.VPS = d
	case t == h265SPS:
		out.SPS = d
	case t == h265PPS:
		if out.PPS == nil || expGolombPrefix(out.PPS[2:]) == expGolombPrefix(d[2:]) {
			out.PPS = d
			return false
		}
		return true
	case t == h265PrefixSEI, t == h265SuffixSEI:
		return true
	}
	return false
}

func classifyAV1(out *AccessUnit, d []byte) bool {
	if len(d) == 0 {
		return false
	}
	switch d[0] >> 3 & 0x0f {
	case av1SequenceHeader:
		out.SPS = d
		return true
	case av1Frame, av1FrameHeader:
		if !out.Picture && av1KeyFrame(d) {
			out.Key = true
		}
		out.Picture = true
		return true
	case av1TileGroup, av1RedundantFrame:
		out.Picture = true
		return true
	case av1Metadata:
		return true
	}
	return false // temporal delimiter, padding, tile list, reserved
}

// av1KeyFrame reads show_existing_frame, frame_type and show_frame at the front
// of a frame header (AV1 §5.9.2) that is not one of a still picture.
func av1KeyFrame(obu []byte) bool {
	payload := AV1Payload(obu)
	if len(payload) == 0 {
		return false
	}
	b := payload[0]
	const shown = 0x10
	return b&0x80 == 0 && b>>5&3 == 0 && b&shown != 0
}

// AV1Payload returns the bytes of an OBU behind its header, its extension and
// its size field, if it has any (AV1 §5.3). It is nil when obu is malformed.
func AV1Payload(obu []byte) []byte {
	if len(obu) == 0 {
		return nil
	}
	header := 1
	if obu[0]&0x04 != 0 { // obu_extension_flag
		header = 2
	}
	if len(obu) < header {
		return nil
	}
	rest := obu[header:]
	if obu[0]&0x02 == 0 { // obu_has_size_field
		return rest
	}
	size, n := readLEB128(rest)
	if n == 0 || size > uint64(len(rest)-n) {
		return nil
	}
	return rest[n : n+int(size)]
}

// readLEB128 reads a leb128() (AV1 §4.10.5) and the number of its bytes, zero
// when it is malformed.
func readLEB128(b []byte) (value uint64, n int) {
	for i := 0; i < 8 && i < len(b); i++ {
		value |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}
