package media_test

import (
	"errors"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

// realTrack returns the video track of a clip with the parameter sets of its
// first key frame.
func realTrack(t *testing.T, c *mediatest.Clip) *media.Track {
	t.Helper()
	track := c.Tracks[0]
	for _, u := range c.Units {
		if u.Track == 0 {
			track = track.With(media.Normalise(track.Codec, u.Data))
		}
		if track.Check() == nil {
			return track
		}
	}
	t.Fatal("no parameter sets in the clip")
	return nil
}

func h264Args(size string, more ...string) []string {
	return append(mediatest.Source(size, "25", "0.2", false), append([]string{"-c:v", "libx264", "-preset", "ultrafast"}, more...)...)
}

func TestParametersOfRealStreams(t *testing.T) {
	t.Parallel()
	x265 := func(size, params string) []string {
		return append(mediatest.Source(size, "25", "0.2", false),
			"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:"+params)
	}
	tests := map[string]struct {
		clip          func() *mediatest.Clip
		width, height int
		codecs        string
		depth         int
		frame         int64
	}{
		"h264": {func() *mediatest.Clip { return mediatest.TS(t, h264Args("640x360", "-bf", "0")...) },
			640, 360, "avc1.42c01e", 0, 3600},
		"h264 cropped": {func() *mediatest.Clip { return mediatest.TS(t, h264Args("1922x1082", "-bf", "0")...) },
			1922, 1082, "avc1.42c02a", 0, 3600},
		"h264 with b-frames": {func() *mediatest.Clip {
			return mediatest.TS(t, h264Args("320x180", "-profile:v", "main", "-bf", "2", "-b-pyramid", "none")...)
		}, 320, 180, "avc1.4d400c", 1, 3600},
		"h265": {func() *mediatest.Clip { return mediatest.TS(t, x265("320x180", "bframes=0")...) },
			320, 180, "hvc1.1.6.L60.90", 0, 3600},
		"h265 with b-frames": {func() *mediatest.Clip { return mediatest.TS(t, x265("640x360", "bframes=4:b-pyramid=1")...) },
			640, 360, "hvc1.1.6.L63.90", 2, 3600},
		"av1": {func() *mediatest.Clip {
			return mediatest.AV1(t, append(mediatest.Source("320x180", "25", "0.4", false), "-c:v", "libsvtav1", "-preset", "12")...)
		}, 320, 180, "av01.0.00M.08", 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			track := realTrack(t, test.clip())
			if w, h, err := track.PictureSize(); err != nil || w != test.width || h != test.height {
				t.Errorf("size %dx%d, %v", w, h, err)
			}
			if got := track.CodecString(); got != test.codecs {
				t.Errorf("codec string %q, want %q", got, test.codecs)
			}
			if depth, known := track.ReorderDepth(); depth != test.depth || !known {
				t.Errorf("reorder depth %d, known %v", depth, known)
			}
			if got := track.FrameTicks(); got != test.frame {
				t.Errorf("frame of %d ticks, want %d", got, test.frame)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	make264 := func(size string, more ...string) *media.Track {
		return realTrack(t, mediatest.TS(t, h264Args(size, more...)...))
	}
	base := make264("320x180")
	tests := map[string]struct {
		next *media.Track
		want media.Change
	}{
		"the same":      {make264("320x180"), media.Unchanged},
		"full range":    {make264("320x180", "-bsf:v", "h264_metadata=video_full_range_flag=1"), media.Cosmetic},
		"tick rate":     {make264("320x180", "-bsf:v", "h264_metadata=tick_rate=60"), media.Cosmetic},
		"level":         {make264("320x180", "-bsf:v", "h264_metadata=level=4.2"), media.Real},
		"cropping":      {make264("320x180", "-bsf:v", "h264_metadata=crop_bottom=8"), media.Real},
		"size":          {make264("640x360"), media.Real},
		"profile":       {make264("320x180", "-profile:v", "high", "-x264-params", "8x8dct=1:cabac=1"), media.Real},
		"garbage":       {base.With(media.AccessUnit{SPS: []byte{0x67, 1}}), media.Real},
		"other pps":     {base.With(media.AccessUnit{PPS: []byte{0x68, 0x99, 1}}), media.Real},
		"a clock rate":  {&media.Track{Codec: media.H264, ClockRate: 1000, SPS: base.SPS, PPS: base.PPS}, media.Real},
		"another codec": {&media.Track{Codec: media.H265, ClockRate: 90000}, media.Real},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := base.Compare(test.next); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		track    media.Track
		ok, wait bool
	}{
		"h264 without sets":  {media.Track{Codec: media.H264, ClockRate: 90000}, false, true},
		"h264 without pps":   {media.Track{Codec: media.H264, ClockRate: 90000, SPS: []byte{0x67}}, false, true},
		"h264 garbage":       {media.Track{Codec: media.H264, ClockRate: 90000, SPS: []byte{0x67, 1, 2, 3}, PPS: []byte{0x68, 1}}, false, false},
		"h265 without sets":  {media.Track{Codec: media.H265, ClockRate: 90000}, false, true},
		"av1 without header": {media.Track{Codec: media.AV1, ClockRate: 90000}, false, true},
		"aac":                {media.Track{Codec: media.AAC, ClockRate: 48000, AudioConfig: []byte{0x11, 0x90}}, true, false},
		"aac without config": {media.Track{Codec: media.AAC, ClockRate: 48000}, false, true},
		"aac garbage":        {media.Track{Codec: media.AAC, ClockRate: 48000, AudioConfig: []byte{0xff}}, false, false},
		"opus":               {media.Track{Codec: media.Opus, ClockRate: 48000}, true, false},
		"g711":               {media.Track{Codec: media.G711A, ClockRate: 8000}, true, false},
		"no clock":           {media.Track{Codec: media.Opus}, false, false},
		"unknown":            {media.Track{Codec: "mp2", ClockRate: 90000}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := test.track.Check()
			if (err == nil) != test.ok || errors.Is(err, media.ErrNoParameters) != test.wait {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAudioCodecStrings(t *testing.T) {
	for want, track := range map[string]media.Track{
		"mp4a.40.2": {Codec: media.AAC, AudioConfig: []byte{0x11, 0x90}},
		"mp4a.40.5": {Codec: media.AAC, AudioConfig: []byte{0x2b, 0x92, 0x08, 0x00}},
		"opus":      {Codec: media.Opus},
		"":          {Codec: media.G711U},
	} {
		if got := track.CodecString(); got != want {
			t.Errorf("%s: %q, want %q", track.Codec, got, want)
		}
	}
}
