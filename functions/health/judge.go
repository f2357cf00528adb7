package health

import (
	"fmt"
	"math"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// heardWithin is how old a gateway's word on a camera that is online may be: three of
	// its full reports.
	heardWithin = 30 * time.Second

	// measured is the least time over which a measurement says something.
	measured = 5 * time.Second
)

// finding is what is known of a camera and one kind of fault at the moment.
type finding struct {
	wrong    bool
	since    time.Time // since when, if the gateway knows; else when it was measured
	evidence gatepost.Words
}

// judge returns what is known of a camera, by kind. Kinds that are not in it cannot be
// told at the moment.
func (f *Function) judge(h gatepost.CameraHealth, now time.Time) map[gatepost.FaultKind]finding {
	known := map[gatepost.FaultKind]finding{gatepost.FaultUnwatched: unwatched(h)}
	st := h.Status
	switch {
	case !h.Reported:
		known[gatepost.FaultOffline] = finding{true, h.InService, gatepost.Words{ZH: "设备离线:投入使用以来从未推流。", EN: "It is offline: it has never pushed since it came into service."}}
		return known
	case !st.Online:
		known[gatepost.FaultOffline] = finding{true, st.Since, offlineWords(st)}
		return known
	case now.Sub(st.SeenAt) > heardWithin:
		return known
	}
	known[gatepost.FaultOffline] = finding{}
	known[gatepost.FaultKeyFrames] = finding{st.Problem == gatepost.ProblemKeyFrames, st.ProblemSince,
		gatepost.Words{ZH: "设备在推流,但没有关键帧,无法录像和播放。", EN: "It pushes, and sends no key frame: nothing can be recorded or shown."}}
	known[gatepost.FaultRecording] = recording(st)
	f.measured(st.Measurement, known)
	if st.Picture != gatepost.PictureUnchecked {
		known[gatepost.FaultBlack] = finding{st.Picture == gatepost.PictureBlack, st.PictureSince,
			gatepost.Words{ZH: "画面全黑:镜头被遮挡、没有补光,或传感器故障。", EN: "The picture is black: the lens is covered, there is no light, or the sensor is broken."}}
		known[gatepost.FaultFrozen] = finding{st.Picture == gatepost.PictureFrozen, st.PictureSince,
			gatepost.Words{ZH: "画面冻结:不断有帧,但每次取样的画面完全相同。", EN: "The picture is frozen: frames come, and every sample is the same."}}
	}
	return known
}

func unwatched(h gatepost.CameraHealth) finding {
	return finding{!h.Unwatched.IsZero(), h.Unwatched, gatepost.Words{ZH: "一类点有画面,但无人监看。", EN: "Class 1, with pictures, and nobody watches."}}
}

// measured judges what a gateway measured of a camera.
func (f *Function) measured(m gatepost.Measurement, known map[gatepost.FaultKind]finding) {
	if m.To.Sub(m.From) < measured || m.FramesReceived == 0 {
		return
	}
	least, most := f.opts.MinBitsPerSecond, f.opts.MaxClockSkewPPM
	known[gatepost.FaultBitRate] = finding{m.BitsPerSecond < least, m.From, gatepost.Words{
		ZH: fmt.Sprintf("码率 %d kbit/s,低于 %d kbit/s。", m.BitsPerSecond/1000, least/1000),
		EN: fmt.Sprintf("It sends %d kbit/s, less than %d.", m.BitsPerSecond/1000, least/1000)}}
	known[gatepost.FaultClock] = finding{math.Abs(m.ClockSkewPPM) > most, m.From, gatepost.Words{
		ZH: fmt.Sprintf("时钟偏差 %+.0f ppm,超过 %.0f ppm。", m.ClockSkewPPM, most),
		EN: fmt.Sprintf("Its clock is off by %+.0f ppm, more than %.0f.", m.ClockSkewPPM, most)}}
}

// problems are what is wrong with a recording, in words.
var problems = map[gatepost.RecordingProblem]gatepost.Words{
	gatepost.ProblemRecorder: {ZH: "录像程序没有响应。", EN: "The recorder does nothing."},
	gatepost.ProblemStorage:  {ZH: "网关的缓存磁盘不能写入。", EN: "The gateway's spool cannot be written."},
	gatepost.ProblemTracks:   {ZH: "设备发送的码流不能存成文件。", EN: "What it sends cannot be put into a file."},
	gatepost.ProblemUpload:   {ZH: "已录到网关缓存,但没有进入存储。", EN: "It is recorded into the gateway's spool, which does not reach the archive."},
}

func recording(st gatepost.CameraStatus) finding {
	words, wrong := problems[st.Problem]
	return finding{wrong, st.ProblemSince, words}
}

// endings are why a camera went offline, in words.
var endings = map[gatepost.EndReason]gatepost.Words{
	gatepost.EndTimeout:   {ZH: "长时间没有数据", EN: "nothing came any more"},
	gatepost.EndNetwork:   {ZH: "网络连接中断", EN: "the connection broke"},
	gatepost.EndSuspended: {ZH: "曾被停用,恢复后没有推流", EN: "it was suspended and has not come back"},
	gatepost.EndShutdown:  {ZH: "网关停止,之后没有推流", EN: "its gateway stopped and it has not come back"},
	gatepost.EndCrash:     {ZH: "网关异常退出,之后没有推流", EN: "its gateway died and it has not come back"},
	gatepost.EndStorage:   {ZH: "网关存储故障", EN: "its gateway's storage failed"},
}

func offlineWords(st gatepost.CameraStatus) gatepost.Words {
	words, ok := endings[st.EndReason]
	if !ok {
		words = gatepost.Words{ZH: "设备停止了推流", EN: "it stopped pushing"}
	}
	return gatepost.Words{ZH: "设备离线:" + words.ZH + "。", EN: "It is offline: " + words.EN + "."}
}
