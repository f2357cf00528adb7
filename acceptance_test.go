package gatepost

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// goodMeasurement is a camera without fault.
func goodMeasurement() Measurement {
	from := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	return Measurement{
		From: from, To: from.Add(30 * time.Second), VideoCodec: "h264", AudioCodec: "aac", Width: 1920, Height: 1080,
		FPS: 25, BitsPerSecond: 2_000_000, KeyInterval: 2 * time.Second, FramesReceived: 750, PacketsReceived: 5000,
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Measurement)
		passed bool
		codes  []string
	}{
		{"perfect", func(*Measurement) {}, true, nil},
		{"nothing at all", func(m *Measurement) { *m = Measurement{} }, false, []string{ReasonNoVideo}},
		{"audio only", func(m *Measurement) { m.VideoCodec = ""; m.HasBFrames = true }, false, []string{ReasonNoVideo}},
		{"announced, no frame", func(m *Measurement) { m.FramesReceived = 0; m.FPS = 0 }, false, []string{ReasonNoVideo}},
		{"one key frame in 30 s", func(m *Measurement) { m.KeyInterval = 0 }, false, []string{ReasonNoKeyFrame}},
		{"one key frame in 10 s says nothing", func(m *Measurement) { m.KeyInterval = 0; m.To = m.From.Add(10 * time.Second) }, true, nil},
		{"key interval at the note", func(m *Measurement) { m.KeyInterval = 4 * time.Second }, true, nil},
		{"key interval over the note", func(m *Measurement) { m.KeyInterval = 4*time.Second + 1 }, true, []string{ReasonKeyIntervalNote}},
		{"key interval at the limit", func(m *Measurement) { m.KeyInterval = 12 * time.Second }, true, []string{ReasonKeyIntervalNote}},
		{"key interval over the limit", func(m *Measurement) { m.KeyInterval = 12*time.Second + 1 }, false, []string{ReasonKeyIntervalLong}},
		{"5 fps", func(m *Measurement) { m.FPS = 5 }, true, nil},
		{"4.9 fps", func(m *Measurement) { m.FPS = 4.9 }, false, []string{ReasonFrameRateLow}},
		{"fps not a number", func(m *Measurement) { m.FPS = math.NaN() }, false, []string{ReasonFrameRateLow}},
		{"50 kbit/s", func(m *Measurement) { m.BitsPerSecond = 50_000 }, true, nil},
		{"under 50 kbit/s", func(m *Measurement) { m.BitsPerSecond = 49_999 }, false, []string{ReasonBitRateLow}},
		{"loss 0.5 %", func(m *Measurement) { m.PacketsLost, m.PacketsReceived = 5, 995 }, true, nil},
		{"loss 0.6 %", func(m *Measurement) { m.PacketsLost, m.PacketsReceived = 6, 994 }, true, []string{ReasonLossNote}},
		{"loss 2 %", func(m *Measurement) { m.PacketsLost, m.PacketsReceived = 20, 980 }, true, []string{ReasonLossNote}},
		{"loss 2.1 %", func(m *Measurement) { m.PacketsLost, m.PacketsReceived = 21, 979 }, false, []string{ReasonLossHigh}},
		{"clock slow by 501 ppm", func(m *Measurement) { m.ClockSkewPPM = -501 }, true, []string{ReasonClockSkew}},
		{"clock fast by 500 ppm", func(m *Measurement) { m.ClockSkewPPM = 500 }, true, nil},
		{"two jumps", func(m *Measurement) { m.TimestampJumps = 2 }, true, []string{ReasonTimestampJumps}},
		{"three jumps", func(m *Measurement) { m.TimestampJumps = 3 }, false, []string{ReasonTimestampsBroken}},
		{"B-frames", func(m *Measurement) { m.HasBFrames = true }, true, []string{ReasonBFrames}},
		{"H.265 and G.711", func(m *Measurement) { m.VideoCodec, m.AudioCodec = "h265", "g711a" }, true, []string{ReasonCodecLimited, ReasonAudioLimited}},
		{"parameters change", func(m *Measurement) { m.ParameterChanges = 1 }, true, []string{ReasonParameterChanges}},
		{"failures come before notes", func(m *Measurement) { m.HasBFrames = true; m.FPS = 1; m.ClockSkewPPM = 900 }, false,
			[]string{ReasonFrameRateLow, ReasonClockSkew, ReasonBFrames}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := goodMeasurement()
			c.change(&m)
			passed, reasons := Judge(m)
			var codes []string
			for _, r := range reasons {
				codes = append(codes, r.Code)
				if r.ZH == "" || r.EN == "" || strings.Contains(r.ZH+r.EN, "%!") {
					t.Errorf("%s: words %q / %q", r.Code, r.ZH, r.EN)
				}
			}
			if passed != c.passed || !slices.Equal(codes, c.codes) {
				t.Errorf("passed %v with %v, want %v with %v", passed, codes, c.passed, c.codes)
			}
		})
	}
}

func TestAcceptanceLimitsAreConfigurable(t *testing.T) {
	m := goodMeasurement()
	if passed, _ := (AcceptanceLimits{MinFPS: 30}).Judge(m); passed {
		t.Error("25 fps passed a limit of 30")
	}
	m.FPS = 2
	if passed, _ := (AcceptanceLimits{MinFPS: 1}).Judge(m); !passed {
		t.Error("2 fps failed a limit of 1")
	}
}
