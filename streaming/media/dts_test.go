package media_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

func TestDTSEstimatorFollowsEncoders(t *testing.T) {
	t.Parallel()
	source := mediatest.Source("320x180", "25", "3", false)
	tests := map[string][]string{
		"no b-frames":  {"-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"},
		"b-frames":     {"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-g", "25"},
		"deep pyramid": {"-c:v", "libx264", "-preset", "veryfast", "-bf", "7", "-b_strategy", "0", "-b-pyramid", "normal", "-g", "25"},
		"open gop":     {"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "25", "-x264-params", "open-gop=1"},
		"h265":         {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:bframes=4:b-adapt=0:keyint=25"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clip := mediatest.TS(t, append(slices.Clone(source), args...)...)
			track := realTrack(t, clip)
			var e media.DTSEstimator
			e.SetTrack(track)
			offset := int64(0)
			for i, u := range clip.Units {
				got := e.Next(u.PTS, media.Normalise(track.Codec, u.Data).Data)
				if i == 0 {
					offset = got - u.DTS
				}
				if got > u.PTS || got-u.DTS != offset {
					t.Fatalf("picture %d: %d for %d of the encoder, presented at %d", i, got, u.DTS, u.PTS)
				}
			}
		})
	}
}

// TestDTSEstimatorOnAnything shows pictures in any order: decode times grow,
// and where no picture overtakes more others than announced they stay at or
// before presentation.
func TestDTSEstimatorOnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e media.DTSEstimator
		e.SetTrack(&media.Track{Codec: media.H264, ClockRate: 90000}) // tells no depth
		last := int64(-1 << 62)
		for range rapid.IntRange(1, 200).Draw(t, "pictures") {
			pts := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "pts")
			dts := e.Next(pts, [][]byte{{0x41, 0x9a}})
			if dts <= last {
				t.Fatalf("%d after %d", dts, last)
			}
			last = dts
		}
	})
}

func TestRescale(t *testing.T) {
	for _, test := range []struct {
		ticks    int64
		from, to int
		want     int64
	}{
		{90000, 90000, 48000, 48000}, {-90001, 90000, 1, -1}, {1 << 62, 1, 2, 1<<63 - 1}, {-1 << 63, 1, 2, -1<<63 + 1},
		{1 << 49, 90000, 1_000_000_000, 6254999482459022222}, {5, 0, 1, 0}, {5, 1, 0, 0}, {-1 << 63, 7, 7, -1 << 63},
	} {
		got := media.Rescale(test.ticks, test.from, test.to)
		if got != test.want {
			t.Errorf("%d ticks of %d in %d: %d, want %d", test.ticks, test.from, test.to, got, test.want)
		}
	}
}
