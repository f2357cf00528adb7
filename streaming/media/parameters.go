package media

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// MaxPictureSide bounds width and height of a picture, in pixels. Parameter
// sets that claim more are refused.
const MaxPictureSide = 16384

// ErrNoParameters says that a track's parameter sets have not arrived yet.
var ErrNoParameters = errors.New("no parameter sets yet")

// Check tells whether t can be decoded as it stands: nil, ErrNoParameters when
// something is still missing, another error when it is malformed or of an
// unknown codec.
func (t *Track) Check() error {
	switch t.Codec {
	case H264, H265, AV1:
		if t.ClockRate < 1 {
			return fmt.Errorf("%s: clock rate %d", t.Codec, t.ClockRate)
		}
		_, _, err := t.PictureSize()
		return err
	case AAC:
		if len(t.AudioConfig) == 0 {
			return ErrNoParameters
		}
		var config mpeg4audio.AudioSpecificConfig
		if err := config.Unmarshal(t.AudioConfig); err != nil {
			return fmt.Errorf("AudioSpecificConfig: %w", err)
		}
	case Opus, G711A, G711U:
	default:
		return fmt.Errorf("unknown codec %q", t.Codec)
	}
	if t.ClockRate < 1 {
		return fmt.Errorf("%s: clock rate %d", t.Codec, t.ClockRate)
	}
	return nil
}

// PictureSize returns the size of the cropped picture in pixels, zero for
// audio. It fails with ErrNoParameters, or when a parameter set does not parse.
func (t *Track) PictureSize() (width, height int, err error) {
	switch t.Codec {
	case H264:
		if len(t.SPS) == 0 || len(t.PPS) == 0 {
			return 0, 0, ErrNoParameters
		}
		sps, err := parseH264(t.SPS)
		if err != nil {
			return 0, 0, err
		}
		width, height = sps.Width(), sps.Height()
	case H265:
		if len(t.VPS) == 0 || len(t.SPS) == 0 || len(t.PPS) == 0 {
			return 0, 0, ErrNoParameters
		}
		sps, err := parseH265(t.SPS)
		if err != nil {
			return 0, 0, err
		}
		width, height = sps.Width(), sps.Height()
	case AV1:
		if len(t.SPS) == 0 {
			return 0, 0, ErrNoParameters
		}
		header, err := parseAV1(t.SPS)
		if err != nil {
			return 0, 0, err
		}
		width, height = header.Width(), header.Height()
	default:
		return 0, 0, nil
	}
	if width < 1 || height < 1 || width > MaxPictureSide || height > MaxPictureSide {
		return 0, 0, fmt.Errorf("%s: picture of %d×%d", t.Codec, width, height)
	}
	return width, height, nil
}

// With returns t with the parameter sets that au carries, or t itself when it
// carries none or the same. It copies them: they lie in a picture's memory.
func (t *Track) With(au AccessUnit) *Track {
	if !differs(t.VPS, au.VPS) && !differs(t.SPS, au.SPS) && !differs(t.PPS, au.PPS) {
		return t
	}
	next := *t
	if differs(t.VPS, au.VPS) {
		next.VPS = bytes.Clone(au.VPS)
	}
	if differs(t.SPS, au.SPS) {
		next.SPS = bytes.Clone(au.SPS)
	}
	if differs(t.PPS, au.PPS) {
		next.PPS = bytes.Clone(au.PPS)
	}
	return &next
}

func differs(set, found []byte) bool { return found != nil && !bytes.Equal(set, found) }

// Change is how much two sets of parameters differ.
type Change int

// The kinds of change.
const (
	Unchanged Change = iota
	Cosmetic         // display hints only (VUI, VPS timing): a decoder set up for the old one goes on
	Real             // size, profile, level, reference frames, PPS …: a decoder must be set up anew
)

// Compare tells how next differs from t. Parameter sets that do not parse
// differ for real.
func (t *Track) Compare(next *Track) Change {
	if t.Codec != next.Codec || t.ClockRate != next.ClockRate || t.SampleRate != next.SampleRate ||
		t.Channels != next.Channels || !bytes.Equal(t.AudioConfig, next.AudioConfig) || !bytes.Equal(t.PPS, next.PPS) {
		return Real
	}
	if bytes.Equal(t.SPS, next.SPS) {
		if bytes.Equal(t.VPS, next.VPS) {
			return Unchanged
		}
		return Cosmetic
	}
	var a, b any
	var errA, errB error
	switch t.Codec {
	case H264:
		a, errA = withoutVUI264(t.SPS)
		b, errB = withoutVUI264(next.SPS)
	case H265:
		a, errA = withoutVUI265(t.SPS)
		b, errB = withoutVUI265(next.SPS)
	case AV1:
		a, errA = withoutTiming(t.SPS)
		b, errB = withoutTiming(next.SPS)
	default:
		return Real
	}
	if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
		return Real
	}
	return Cosmetic
}

func withoutVUI264(b []byte) (*h264.SPS, error) {
	sps, err := parseH264(b)
	if err == nil {
		sps.VUI = nil
	}
	return sps, err
}

func withoutVUI265(b []byte) (*h265.SPS, error) {
	sps, err := parseH265(b)
	if err == nil {
		sps.VUI = nil
	}
	return sps, err
}

func withoutTiming(b []byte) (*av1.SequenceHeader, error) {
	header, err := parseAV1(b)
	if err == nil {
		header.TimingInfo = nil
	}
	return header, err
}

func parseH264(b []byte) (*h264.SPS, error) {
	var sps h264.SPS
	if err := sps.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("H.264 SPS: %w", err)
	}
	return &sps, nil
}

func parseH265(b []byte) (*h265.SPS, error) {
	var sps h265.SPS
	if err := sps.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("H.265 SPS: %w", err)
	}
	return &sps, nil
}

func parseAV1(b []byte) (*av1.SequenceHeader, error) {
	var header av1.SequenceHeader
	if err := header.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("AV1 sequence header: %w", err)
	}
	return &header, nil
}

// ReorderDepth returns how many pictures may precede another one in decoding
// order and follow it in output order, and whether t's parameter sets say so.
// Zero and true means that there can be no B-frames.
func (t *Track) ReorderDepth() (depth int, known bool) {
	switch t.Codec {
	case H264:
		sps, err := parseH264(t.SPS)
		if err != nil {
			return 0, false
		}
		const baseline = 66
		switch {
		case sps.PicOrderCntType == 2, sps.ProfileIdc == baseline: // §8.2.1.3; §A.2.1
			return 0, true
		case sps.VUI != nil && sps.VUI.BitstreamRestriction != nil:
			return min(int(sps.VUI.BitstreamRestriction.MaxNumReorderFrames), maxReorder), true
		}
		return 0, false
	case H265:
		sps, err := parseH265(t.SPS)
		if err != nil || len(sps.MaxNumReorderPics) == 0 {
			return 0, false
		}
		return min(int(sps.MaxNumReorderPics[len(sps.MaxNumReorderPics)-1]), maxReorder), true
	}
	return 0, true
}

// FrameTicks returns the nominal duration of a picture in ticks of t's clock,
// or zero when its parameter sets do not tell.
func (t *Track) FrameTicks() int64 {
	var fps float64
	switch t.Codec {
	case H264:
		if sps, err := parseH264(t.SPS); err == nil {
			fps = sps.FPS()
		}
	case H265:
		if sps, err := parseH265(t.SPS); err == nil {
			fps = sps.FPS()
		}
	}
	if !(fps >= 0.1 && fps <= 1000) { // also false for NaN
		return 0
	}
	return int64(float64(t.ClockRate)/fps + 0.5)
}
