package harness

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Source describes what ffmpeg pushes.
type Source struct {
	Frames int    // 0: until killed
	Codec  string // "libx264" by default
	GOP    int    // frames; 25 by default
	Audio  string // ffmpeg encoder, "" for none
	Size   string
	Loss   bool
	Filter string // what it sees, a source of lavfi; a moving test picture by default
	Encode []string
}

// Push starts ffmpeg at real-time pace towards a publish URL of a camera:
// "rtsp-tcp", "rtsp-udp", "rtmp" or "srt".
func Push(t testing.TB, c Camera, by string, src Source) *Process {
	t.Helper()
	if src.Codec == "" {
		src.Codec = "libx264"
	}
	if src.GOP == 0 {
		src.GOP = 25
	}
	if src.Size == "" {
		src.Size = "320x180"
	}
	if src.Filter == "" {
		src.Filter = "testsrc2=size=" + src.Size + ":rate=25"
	}
	args := []string{"-hide_banner", "-loglevel", "warning", "-re", "-f", "lavfi", "-i", src.Filter}
	if src.Audio != "" {
		args = append(args, "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
	}
	args = append(args, "-map", "0:v", "-c:v", src.Codec, "-g", strconv.Itoa(src.GOP), "-pix_fmt", "yuv420p", "-threads", "1")
	switch src.Codec {
	case "libx264":
		args = append(args, "-preset", "ultrafast", "-tune", "zerolatency", "-sc_threshold", "0")
	case "libx265":
		args = append(args, "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1:keyint="+strconv.Itoa(src.GOP), "-bf", "0")
	}
	args = append(args, src.Encode...)
	if src.Frames > 0 {
		args = append(args, "-frames:v", strconv.Itoa(src.Frames))
	}
	if src.Audio != "" {
		args = append(args, "-map", "1:a", "-c:a", src.Audio, "-b:a", "64k", "-shortest")
	}
	switch by {
	case "rtsp-tcp":
		args = append(args, "-f", "rtsp", "-rtsp_transport", "tcp", c.Publish.RTSP)
	case "rtsp-udp":
		args = append(args, "-f", "rtsp", "-rtsp_transport", "udp", c.Publish.RTSP)
	case "rtmp":
		args = append(args, "-f", "flv", c.Publish.RTMP)
	case "srt":
		args = append(args, "-f", "mpegts", c.Publish.SRT)
	default:
		t.Fatalf("unknown protocol %q", by)
	}
	return StartProcess(t, "ffmpeg", args...)
}

// Packet is one video packet of an object, as ffprobe reads it.
type Packet struct {
	PTS, DTS float64
	Key      bool
}

// Probe lists the video packets of a file or URL.
func Probe(t testing.TB, path string) []Packet {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time,dts_time,flags", "-of", "csv=p=0", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe %s: %v: %s", path, err, out)
	}
	var packets []Packet
	for _, l := range Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(l, ","), ",")
		if len(f) < 3 {
			t.Fatalf("ffprobe %s: odd line %q", path, l)
		}
		pts, err1 := strconv.ParseFloat(f[0], 64)
		dts, err2 := strconv.ParseFloat(f[1], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("ffprobe %s: odd line %q", path, l)
		}
		packets = append(packets, Packet{pts, dts, strings.HasPrefix(f[2], "K")})
	}
	return packets
}

// Decodes fails the test unless ffmpeg decodes the whole file without an error.
// Pictures keep their own times: a browser's camera has no fixed frame rate,
// and two of its pictures may fall into one tick of the rate that ffmpeg guesses.
func Decodes(t testing.TB, path string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", path, "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("ffmpeg cannot decode %s: %v: %s", path, err, out)
	}
}

// Continuous checks that decode times grow by the frame time, within a
// millisecond, all along.
func Continuous(packets []Packet, frame float64) error {
	for i := 1; i < len(packets); i++ {
		if d := packets[i].DTS - packets[i-1].DTS; d < frame-0.0015 || d > frame+0.0015 {
			return fmt.Errorf("frame %d comes %.4f s after the one before, not %.4f", i, d, frame)
		}
	}
	return nil
}

// Online waits until a camera is online.
func (s *Server) Online(id string) {
	s.T.Helper()
	Eventually(s.T, 20*time.Second, "the camera is online", func() error {
		if c := s.Camera(id); !c.Online {
			return fmt.Errorf("state %s, online %v", c.State, c.Online)
		}
		return nil
	})
}
