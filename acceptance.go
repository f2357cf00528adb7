package gatepost

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// AcceptanceLimits are the thresholds by which a measurement is judged. A zero
// field takes its default, so that the zero value is the default set.
type AcceptanceLimits struct {
	MinFPS           float64       // frames a second; fewer fail. Default 5.
	MinBitsPerSecond int64         // fewer fail. Default 50,000.
	MaxKeyInterval   time.Duration // longer fails. Default 12 s.
	NoteKeyInterval  time.Duration // longer is noted. Default 4 s.
	MaxLoss          float64       // share of packets, 0 to 1; more fails. Default 0.02.
	NoteLoss         float64       // share of packets; more is noted. Default 0.005.
	NoteClockSkewPPM float64       // either way; more is noted. Default 500.
	MaxJumps         int           // timestamp jumps; more fail, any is noted. Default 2.
}

func (l AcceptanceLimits) withDefaults() AcceptanceLimits {
	return AcceptanceLimits{
		MinFPS:           cmp.Or(l.MinFPS, 5),
		MinBitsPerSecond: cmp.Or(l.MinBitsPerSecond, 50_000),
		MaxKeyInterval:   cmp.Or(l.MaxKeyInterval, 12*time.Second),
		NoteKeyInterval:  cmp.Or(l.NoteKeyInterval, 4*time.Second),
		MaxLoss:          cmp.Or(l.MaxLoss, 0.02),
		NoteLoss:         cmp.Or(l.NoteLoss, 0.005),
		NoteClockSkewPPM: cmp.Or(l.NoteClockSkewPPM, 500),
		MaxJumps:         cmp.Or(l.MaxJumps, 2),
	}
}

// The codes of acceptance reasons. Those of the first group fail a camera,
// those of the second are only to be known.
const (
	ReasonNoVideo          = "no_video"
	ReasonNoKeyFrame       = "no_key_frame"
	ReasonKeyIntervalLong  = "key_interval_too_long"
	ReasonFrameRateLow     = "frame_rate_too_low"
	ReasonBitRateLow       = "bit_rate_too_low"
	ReasonLossHigh         = "loss_too_high"
	ReasonTimestampsBroken = "timestamps_broken"

	ReasonKeyIntervalNote  = "key_interval_long"
	ReasonLossNote         = "loss"
	ReasonClockSkew        = "clock_skew"
	ReasonTimestampJumps   = "timestamp_jumps"
	ReasonBFrames          = "b_frames"
	ReasonCodecLimited     = "codec_limited"
	ReasonAudioLimited     = "audio_limited"
	ReasonParameterChanges = "parameter_changes"
)

// Judge decides by the default limits whether a measured camera may go into
// service. Reasons that fail it come first, then what should be known though it
// passed; a perfect camera has none.
func Judge(m Measurement) (passed bool, reasons []AcceptanceReason) {
	return AcceptanceLimits{}.Judge(m)
}

// Judge decides by l whether a measured camera may go into service; see the
// function Judge.
func (l AcceptanceLimits) Judge(m Measurement) (passed bool, reasons []AcceptanceReason) {
	l = l.withDefaults()
	failures := l.failures(m)
	return len(failures) == 0, append(failures, l.notes(m)...)
}

func (l AcceptanceLimits) failures(m Measurement) (out []AcceptanceReason) {
	fail := func(code, zh, en string) { out = append(out, AcceptanceReason{Code: code, ZH: zh, EN: en}) }

	if m.VideoCodec == "" || m.FramesReceived <= 0 {
		fail(ReasonNoVideo, "没有收到视频画面。请检查摄像机的视频编码和推流设置。",
			"No video arrived. Check the camera's video encoder and its push settings.")
		return out // the other figures say nothing without video
	}
	// A window with fewer than two key frames holds a stretch without any
	// that is at least half as long as the window.
	if window := m.To.Sub(m.From); m.KeyInterval <= 0 && window/2 > l.MaxKeyInterval {
		fail(ReasonNoKeyFrame,
			fmt.Sprintf("%s 内没有收到新的关键帧。请把关键帧间隔(I 帧间隔)设为 2 秒。", secondsZH(window)),
			fmt.Sprintf("No further key frame arrived within %s. Set the key-frame interval (I-frame interval) to 2 seconds.", secondsEN(window)))
	}
	if m.KeyInterval > l.MaxKeyInterval {
		fail(ReasonKeyIntervalLong,
			fmt.Sprintf("关键帧间隔为 %s,超过上限 %s。请设为 2 秒。", secondsZH(m.KeyInterval), secondsZH(l.MaxKeyInterval)),
			fmt.Sprintf("Key frames are %s apart, over the limit of %s. Set the interval to 2 seconds.", secondsEN(m.KeyInterval), secondsEN(l.MaxKeyInterval)))
	}
	if !(m.FPS >= l.MinFPS) { // also catches NaN
		fail(ReasonFrameRateLow,
			fmt.Sprintf("帧率为每秒 %.1f 帧,低于下限 %.4g 帧。请提高摄像机帧率。", m.FPS, l.MinFPS),
			fmt.Sprintf("The camera sends %.1f frames a second, under the limit of %.4g. Raise its frame rate.", m.FPS, l.MinFPS))
	}
	if m.BitsPerSecond < l.MinBitsPerSecond {
		fail(ReasonBitRateLow,
			fmt.Sprintf("码率为 %d kbit/s,低于下限 %d kbit/s。请提高码率或分辨率。", m.BitsPerSecond/1000, l.MinBitsPerSecond/1000),
			fmt.Sprintf("The bit rate is %d kbit/s, under the limit of %d kbit/s. Raise the bit rate or the resolution.", m.BitsPerSecond/1000, l.MinBitsPerSecond/1000))
	}
	if loss := m.Loss(); loss > l.MaxLoss {
		fail(ReasonLossHigh,
			fmt.Sprintf("丢包率为 %.2f%%,超过上限 %.4g%%。请检查网络,或改用 TCP 推流。", loss*100, l.MaxLoss*100),
			fmt.Sprintf("%.2f %% of the packets were lost, over the limit of %.4g %%. Check the network, or push over TCP.", loss*100, l.MaxLoss*100))
	}
	if m.TimestampJumps > l.MaxJumps {
		fail(ReasonTimestampsBroken,
			fmt.Sprintf("时间戳跳变 %d 次,录像会被反复切断。请检查摄像机的时钟和固件。", m.TimestampJumps),
			fmt.Sprintf("The timestamps jumped %d times, which cuts the recording each time. Check the camera's clock and firmware.", m.TimestampJumps))
	}
	return out
}

func (l AcceptanceLimits) notes(m Measurement) (out []AcceptanceReason) {
	note := func(code, zh, en string) { out = append(out, AcceptanceReason{Code: code, ZH: zh, EN: en}) }

	if m.VideoCodec == "" || m.FramesReceived <= 0 {
		return nil
	}
	if m.KeyInterval > l.NoteKeyInterval && m.KeyInterval <= l.MaxKeyInterval {
		note(ReasonKeyIntervalNote,
			fmt.Sprintf("关键帧间隔为 %s,开始观看和拖动会变慢。建议设为 2 秒。", secondsZH(m.KeyInterval)),
			fmt.Sprintf("Key frames are %s apart, which makes seeking coarse. 2 seconds are better.", secondsEN(m.KeyInterval)))
	}
	if loss := m.Loss(); loss > l.NoteLoss && loss <= l.MaxLoss {
		note(ReasonLossNote,
			fmt.Sprintf("丢包率为 %.2f%%,画面偶尔会花屏。建议改用 TCP 推流。", loss*100),
			fmt.Sprintf("%.2f %% of the packets were lost; the picture will break up at times. Pushing over TCP avoids it.", loss*100))
	}
	if math.Abs(m.ClockSkewPPM) > l.NoteClockSkewPPM {
		note(ReasonClockSkew,
			fmt.Sprintf("摄像机时钟偏差 %+.0f ppm,画面时间会缓慢漂移。建议启用校时(NTP)。", m.ClockSkewPPM),
			fmt.Sprintf("The camera's clock is off by %+.0f ppm, so its times drift slowly. Turn on time synchronisation (NTP).", m.ClockSkewPPM))
	}
	if m.TimestampJumps > 0 && m.TimestampJumps <= l.MaxJumps {
		note(ReasonTimestampJumps,
			fmt.Sprintf("时间戳跳变 %d 次,录像在跳变处分段。", m.TimestampJumps),
			fmt.Sprintf("The timestamps jumped (%d); the recording is cut where they do.", m.TimestampJumps))
	}
	if m.HasBFrames {
		note(ReasonBFrames,
			"视频含 B 帧,只能通过 LL-HLS 播放,不能通过 WebRTC 播放。关闭 B 帧可降低延迟。",
			"The video has B-frames and plays by LL-HLS only, not by WebRTC. Turning them off lowers the delay.")
	}
	if m.VideoCodec == "h265" || m.VideoCodec == "av1" {
		note(ReasonCodecLimited,
			fmt.Sprintf("视频编码为 %s,部分浏览器不能播放;H.264 均可播放。", codecName(m.VideoCodec)),
			fmt.Sprintf("The video is %s, which some browsers cannot play; all play H.264.", codecName(m.VideoCodec)))
	}
	if m.AudioCodec == "g711a" || m.AudioCodec == "g711u" {
		note(ReasonAudioLimited,
			"音频编码为 G.711,录像和 LL-HLS 不含声音;改用 AAC 可保留声音。",
			"The audio is G.711, which recordings and LL-HLS cannot carry; AAC keeps the sound.")
	}
	if m.ParameterChanges > 0 {
		note(ReasonParameterChanges,
			fmt.Sprintf("测量期间视频参数变化 %d 次,每次变化都会使播放短暂中断。", m.ParameterChanges),
			fmt.Sprintf("The video's parameters changed (%d) while it was measured; playback hiccups at each change.", m.ParameterChanges))
	}
	return out
}

// Loss is the share of packets that never arrived, 0 to 1.
func (m Measurement) Loss() float64 {
	if m.PacketsLost <= 0 {
		return 0
	}
	return float64(m.PacketsLost) / (float64(m.PacketsLost) + float64(max(m.PacketsReceived, 0)))
}

func codecName(c string) string {
	switch c {
	case "h265":
		return "H.265"
	case "av1":
		return "AV1"
	}
	return c
}

func secondsZH(d time.Duration) string { return fmt.Sprintf("%.4g 秒", d.Seconds()) }
func secondsEN(d time.Duration) string { return fmt.Sprintf("%.4g s", d.Seconds()) }
