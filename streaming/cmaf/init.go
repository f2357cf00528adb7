package cmaf

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// errNothingCarried says that a run has no track that MP4 carries.
var errNothingCarried = errors.New("no track that MP4 carries")

// newInit makes the init segment for tracks. The MP4 track ids are one more
// than the index into tracks.
func newInit(tracks []*media.Track) (*Init, error) {
	out := &Init{}
	var file fmp4.Init
	for i, t := range tracks {
		codec, err := sampleEntry(t)
		if err != nil {
			return nil, fmt.Errorf("track %d: %w", i, err)
		}
		if codec == nil {
			out.Dropped = append(out.Dropped, t.Codec)
			continue
		}
		if t.Codec.Video() {
			out.HasVideo = true
			out.Width, out.Height, err = t.PictureSize()
			if err != nil {
				return nil, fmt.Errorf("track %d: %w", i, err)
			}
		} else {
			out.HasAudio = true
		}
		if out.Codecs != "" {
			out.Codecs += ","
		}
		out.Codecs += t.CodecString()
		file.Tracks = append(file.Tracks, &fmp4.InitTrack{ID: i + 1, TimeScale: uint32(t.ClockRate), Codec: codec})
	}
	if len(file.Tracks) == 0 {
		return nil, errNothingCarried
	}
	var buf seekablebuffer.Buffer
	if err := file.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("init segment: %w", err)
	}
	out.Data = slices.Clone(buf.Bytes())
	for _, t := range tracks {
		if t.Codec == media.H265 {
			mendHvcC(out.Data, t.SPS)
		}
	}
	return out, nil
}

// mendHvcC writes general_profile_space to general_level_idc of an SPS (ITU-T H.265
// §7.3.3) into the hvcC box of an init segment, where they stand in the same twelve
// bytes (ISO 14496-15 §8.3.3.1.2). The library takes them from the SPS without
// removing the emulation prevention bytes, and leaves out the tier.
func mendHvcC(init, sps []byte) {
	at := bytes.Index(init, []byte("hvcC"))
	rbsp := h264.EmulationPreventionRemove(sps[:min(len(sps), 24)])
	if at < 0 || len(init) < at+4+13 || len(rbsp) < 15 {
		return
	}
	copy(init[at+5:at+17], rbsp[3:15]) // behind two bytes of NAL header and one of ids; behind the version
}

// sampleEntry is nil for a codec that MP4 does not carry.
func sampleEntry(t *media.Track) (codecs.Codec, error) {
	switch t.Codec {
	case media.H264:
		return &codecs.H264{SPS: t.SPS, PPS: t.PPS}, nil
	case media.H265:
		return &codecs.H265{VPS: t.VPS, SPS: t.SPS, PPS: t.PPS}, nil
	case media.AV1:
		return &codecs.AV1{SequenceHeader: t.SPS}, nil
	case media.AAC:
		var config mpeg4audio.AudioSpecificConfig
		if err := config.Unmarshal(t.AudioConfig); err != nil {
			return nil, fmt.Errorf("AudioSpecificConfig: %w", err)
		}
		return &codecs.MPEG4Audio{Config: config}, nil
	case media.Opus:
		return &codecs.Opus{ChannelCount: max(1, t.Channels)}, nil
	}
	return nil, nil
}
