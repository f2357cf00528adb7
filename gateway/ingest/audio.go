package ingest

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// AAC makes a track of an AudioSpecificConfig (ISO 14496-3 §1.6.2.1). It returns
// nil for one that cannot be carried.
func AAC(c *mpeg4audio.AudioSpecificConfig) *media.Track {
	if c == nil || c.SampleRate <= 0 {
		return nil
	}
	config, err := c.Marshal()
	if err != nil {
		return nil
	}
	channels := int(c.ChannelConfig)
	switch channels {
	case 0: // told in the stream, and the decoder will see it there
		channels = 2
	case 7:
		channels = 8
	}
	return &media.Track{Codec: media.AAC, ClockRate: c.SampleRate, AudioConfig: config, SampleRate: c.SampleRate, Channels: channels}
}

// Steady evens out the times of audio frames that a protocol rounds (RTMP to
// milliseconds, MPEG-TS to 1/90000 s): while a frame comes within the tolerance
// of where the samples before it end, it is put exactly there. A real gap or
// drift beyond the tolerance is taken as it is. The zero value is ready.
type Steady struct {
	next int64
	set  bool
}

// At returns the time of a frame of the given number of samples, all in ticks of
// the sample rate.
func (s *Steady) At(pts, samples, tolerance int64) int64 {
	if d := pts - s.next; s.set && d >= -tolerance && d <= tolerance {
		pts = s.next
	}
	s.next, s.set = pts+samples, true
	return pts
}
