package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// look describes the pictures that a camera sends, 25 a second.
type look struct {
	h265    bool
	size    string // "320x180" by default
	gop     int    // frames; 25 by default
	bframes int
}

// clip is some seconds of pictures, to be repeated. It begins with a key frame.
type clip struct {
	look
	units         []unit
	vps, sps, pps []byte
	length        int64 // in ticks of 90 kHz
}

// unit is one access unit; its times are ticks since the clip began.
type unit struct {
	nalus [][]byte
	pts   int64
}

const frameTicks = 3600 // of 90 kHz, at 25 frames a second

var clips sync.Map // look → func() (*clip, error)

// clipOf encodes a look with ffmpeg, once for all tests.
func clipOf(t testing.TB, l look) *clip {
	t.Helper()
	if l.size == "" {
		l.size = "320x180"
	}
	if l.gop == 0 {
		l.gop = 25
	}
	once, _ := clips.LoadOrStore(l, sync.OnceValues(func() (*clip, error) { return encode(l) }))
	c, err := once.(func() (*clip, error))()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(l look) (*clip, error) {
	dir, err := os.MkdirTemp("", "gatepost-clip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	movie, stream := filepath.Join(dir, "clip.mp4"), filepath.Join(dir, "clip.bin")
	seconds := max(4, l.gop/25)
	args := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size=" + l.size, "-t", strconv.Itoa(seconds), "-pix_fmt", "yuv420p", "-threads", "1", "-g", strconv.Itoa(l.gop)}
	format, filter := "h264", "h264_mp4toannexb"
	if l.h265 {
		format, filter = "hevc", "hevc_mp4toannexb"
		args = append(args, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
			fmt.Sprintf("log-level=error:pools=1:scenecut=0:open-gop=0:bframes=%d:min-keyint=%d:keyint=%d", l.bframes, l.gop, l.gop))
	} else {
		args = append(args, "-c:v", "libx264", "-preset", "ultrafast", "-bf", strconv.Itoa(l.bframes), "-b_strategy", "0", "-sc_threshold", "0",
			"-x264-params", "open-gop=0")
	}
	for _, line := range [][]string{append(args, movie), {"-v", "error", "-i", movie, "-c", "copy", "-bsf:v", filter, "-f", format, stream}} {
		if out, err := exec.Command("ffmpeg", line...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ffmpeg %v: %w: %s", line, err, out)
		}
	}
	b, err := os.ReadFile(stream)
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "packet=pts,dts", "-of", "csv=p=0", movie).Output()
	if err != nil {
		return nil, fmt.Errorf("ffprobe: %w", err)
	}
	c := &clip{look: l, length: int64(seconds) * 25 * frameTicks}
	c.split(b)
	times := harness.Lines(string(out))
	if len(times) != len(c.units) || len(times) != seconds*25 {
		return nil, fmt.Errorf("%d units and %d times in a clip of %d s", len(c.units), len(times), seconds)
	}
	pts, dts := make([]int64, len(times)), make([]int64, len(times))
	for i, line := range times {
		if _, err := fmt.Sscanf(line, "%d,%d", &pts[i], &dts[i]); err != nil {
			return nil, fmt.Errorf("ffprobe: %q: %w", line, err)
		}
	}
	for i := range c.units {
		c.units[i].pts = (pts[i] - dts[0]) / (dts[1] - dts[0]) * frameTicks
	}
	return c, nil
}

// split cuts a byte stream (H.264 and H.265 annex B) into pictures of one slice
// each: what comes before a slice belongs to it.
func (c *clip) split(b []byte) {
	b = bytes.ReplaceAll(b, []byte{0, 0, 0, 1}, []byte{0, 0, 1})
	var next unit
	for _, nalu := range bytes.Split(b, []byte{0, 0, 1}) {
		if len(nalu) == 0 {
			continue
		}
		kind, slice := c.kind(nalu)
		parameters := map[byte]*[]byte{7: &c.sps, 8: &c.pps} // ITU-T H.264 table 7-1
		if c.h265 {
			parameters = map[byte]*[]byte{32: &c.vps, 33: &c.sps, 34: &c.pps} // ITU-T H.265 table 7-1
		}
		if p := parameters[kind]; p != nil && *p == nil {
			*p = nalu
		}
		next.nalus = append(next.nalus, nalu)
		if slice {
			c.units = append(c.units, next)
			next = unit{}
		}
	}
}

// kind returns the type of a NAL unit, and whether it is a slice.
func (c *clip) kind(nalu []byte) (kind byte, slice bool) {
	if c.h265 {
		kind = nalu[0] >> 1 & 0x3f
		return kind, kind < 32
	}
	kind = nalu[0] & 0x1f
	return kind, kind >= 1 && kind <= 5
}

// mark is what frames are found by in objects: the UUID of a message of user
// data (ITU-T H.264 §D.1.7), followed by ten digits.
const mark = "gatepost-frame-#"

// numbered returns the NAL units of a picture with its number in front of the
// first slice.
func (c *clip) numbered(u unit, n int) [][]byte {
	text := fmt.Sprintf("%s%010d", mark, n)
	sei := append([]byte{6, 5, byte(len(text))}, text...)
	if c.h265 {
		sei = append([]byte{39 << 1, 1, 5, byte(len(text))}, text...)
	}
	sei = append(sei, 0x80)
	at := len(u.nalus) - 1 // the slice comes last
	out := append([][]byte{}, u.nalus[:at]...)
	return append(append(out, sei), u.nalus[at:]...)
}

// frameTime is the time of one frame.
const frameTime = 40 * time.Millisecond
