package picture

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost/internal/ffmpeg"
	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	width = 320 // of the small picture, in pixels

	// rowBytes are of one row in 4:2:0: a brightness for each pixel and two colours for each four.
	rowBytes = width * 3 / 2

	maxHeight = 4096
	patience  = 30 * time.Second // a busy machine gives it what is left
)

// decoder runs ffmpeg.
type decoder struct{ path string }

// decode returns the brightnesses of a key frame, row by row, width of them in each.
// It fails when ffmpeg does, or takes too long.
func (d decoder) decode(ctx context.Context, track *media.Track, unit *media.Unit) ([]byte, error) {
	format, raw, err := elementary(track, unit)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	picture, err := ffmpeg.Picture(ctx, d.path, ffmpeg.Job{Format: format, In: raw, Most: rowBytes * maxHeight, Nice: 15,
		Out: []string{"-vf", "scale=" + strconv.Itoa(width) + ":-2:flags=area,format=yuv420p", "-f", "rawvideo"}})
	if err != nil {
		return nil, err
	}
	return brightnesses(picture)
}

// brightnesses returns the first plane of a picture in 4:2:0.
func brightnesses(picture []byte) ([]byte, error) {
	height := len(picture) / rowBytes
	if height == 0 || len(picture)%rowBytes != 0 {
		return nil, fmt.Errorf("%w: %d bytes", errPicture, len(picture))
	}
	return picture[:width*height], nil
}

// elementary returns a key frame with its parameter sets as a stream that ffmpeg reads,
// and its name for that format.
func elementary(track *media.Track, unit *media.Unit) (format string, raw []byte, err error) {
	sets := make([][]byte, 0, 3)
	for _, set := range [][]byte{track.VPS, track.SPS, track.PPS} {
		if len(set) > 0 {
			sets = append(sets, set)
		}
	}
	switch track.Codec {
	case media.H264, media.H265:
		format = map[media.Codec]string{media.H264: "h264", media.H265: "hevc"}[track.Codec]
		return format, media.AppendAnnexB(media.AppendAnnexB(nil, sets), unit.Data), nil
	case media.AV1:
		return "obu", appendOBUs([]byte{temporalDelimiter<<3 | hasSize, 0}, append(sets, unit.Data...)), nil
	}
	return "", nil, fmt.Errorf("pictures of %s are not decoded", track.Codec)
}

// Of AV1's header of an OBU (§5.3.2).
const (
	temporalDelimiter = 2
	hasExtension      = 1 << 2
	hasSize           = 1 << 1
)

// appendOBUs appends OBUs without size fields as the low-overhead format wants them:
// with (AV1 §5.2).
func appendOBUs(dst []byte, units [][]byte) []byte {
	for _, obu := range units {
		if len(obu) == 0 {
			continue
		}
		header := 1
		if obu[0]&hasExtension != 0 {
			header = 2
		}
		if len(obu) < header {
			continue
		}
		dst = append(dst, obu[0]|hasSize)
		dst = append(dst, obu[1:header]...)
		n := len(obu) - header
		for ; n >= 0x80; n >>= 7 { // leb128 (§4.10.5)
			dst = append(dst, byte(n)|0x80)
		}
		dst = append(dst, byte(n))
		dst = append(dst, obu[header:]...)
	}
	return dst
}
