package clip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// FrameRate is the pictures a second of every clip.
const FrameRate = 25

// Spec names a clip. Two equal specs are the same file.
type Spec struct {
	Width   int `json:"width"`    // pixels; default 1280
	Height  int `json:"height"`   // pixels; default 720
	BitRate int `json:"bit_rate"` // bits a second, constant over one second; default 2,000,000
	GOP     int `json:"gop"`      // pictures from one IDR picture to the next; default 50
	Seconds int `json:"seconds"`  // default 10; the clip is played in a loop
}

func (s Spec) withDefaults() Spec {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&s.Width, 1280)
	def(&s.Height, 720)
	def(&s.BitRate, 2_000_000)
	def(&s.GOP, 2*FrameRate)
	def(&s.Seconds, 10)
	return s
}

func (s Spec) name() string {
	return fmt.Sprintf("%dx%d-%dk-gop%d-%ds.h264", s.Width, s.Height, s.BitRate/1000, s.GOP, s.Seconds)
}

// Unit is one access unit without its delimiter.
type Unit struct {
	NALUs [][]byte
	Key   bool // an IDR picture
}

// Clip is a parsed elementary stream. Its first unit is a key frame.
type Clip struct {
	Units    []Unit
	SPS, PPS []byte
}

// Open returns the clip of a spec, which it makes with ffmpeg when the cache
// directory has none. GATEPOST_CACHE names another directory than the user's.
func Open(ctx context.Context, s Spec) (*Clip, error) {
	s = s.withDefaults()
	dir := os.Getenv("GATEPOST_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			user = os.TempDir()
		}
		dir = filepath.Join(user, "gatepost")
	}
	file := filepath.Join(dir, s.name())
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if err := encode(ctx, s, file); err != nil {
			return nil, err
		}
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("open a clip: %w", err)
	}
	return Parse(b)
}

// encode writes a moving picture with noise, so that the bit rate is real, and
// gives the file its name when it is complete.
func encode(ctx context.Context, s Spec, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make a clip: %w", err)
	}
	part, err := os.CreateTemp(filepath.Dir(file), "clip-*.h264")
	if err != nil {
		return fmt.Errorf("make a clip: %w", err)
	}
	defer os.Remove(part.Name())
	if err := part.Close(); err != nil {
		return fmt.Errorf("make a clip: %w", err)
	}
	rate, gop := strconv.Itoa(s.BitRate), strconv.Itoa(s.GOP)
	source := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d:duration=%d", s.Width, s.Height, FrameRate, s.Seconds)
	out, err := exec.CommandContext(ctx, "ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", source, "-vf", "noise=alls=12:allf=t",
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate,
		"-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", "0", "-pix_fmt", "yuv420p", "-f", "h264", part.Name()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a clip with ffmpeg: %w: %s", err, bytes.TrimSpace(out))
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return fmt.Errorf("make a clip: %w", err)
	}
	return nil
}

// H.264 §7.4.1, table 7-1.
const (
	naluSlice     = 1
	naluIDR       = 5
	naluSEI       = 6
	naluSPS       = 7
	naluPPS       = 8
	naluDelimiter = 9
)

func kind(nalu []byte) byte { return nalu[0] & 0x1f }

func isSlice(nalu []byte) bool { return kind(nalu) == naluSlice || kind(nalu) == naluIDR }

// Parse reads an elementary stream in Annex B form (H.264 §B.1). It fails when
// the stream does not begin with a key frame and its parameter sets.
func Parse(b []byte) (*Clip, error) {
	c := &Clip{}
	var unit Unit
	pictured := false // the unit has a slice
	finish := func() {
		if pictured {
			c.Units = append(c.Units, unit)
		}
		unit, pictured = Unit{}, false
	}
	for _, nalu := range split(b) {
		// A picture ends before what may only stand before the next one, or at
		// a slice with first_mb_in_slice 0, which is a single 1 bit (§7.4.1.2.3).
		if pictured && (!isSlice(nalu) || len(nalu) > 1 && nalu[1]&0x80 != 0) {
			finish()
		}
		switch kind(nalu) {
		case naluDelimiter, naluSEI: // the encoder's message is large, and hides the mark from who looks at small packets
			continue
		case naluSPS:
			c.SPS = nalu
		case naluPPS:
			c.PPS = nalu
		case naluIDR:
			unit.Key = true
		}
		pictured = pictured || isSlice(nalu)
		unit.NALUs = append(unit.NALUs, nalu)
	}
	finish()
	if len(c.Units) == 0 || !c.Units[0].Key || c.SPS == nil || c.PPS == nil {
		return nil, errors.New("the clip does not begin with a key frame and its parameter sets")
	}
	return c, nil
}

// split returns the NAL units between start codes.
func split(b []byte) [][]byte {
	var nalus [][]byte
	for _, nalu := range bytes.Split(b, []byte{0, 0, 1}) {
		// A fourth byte of the start code and trailing zeros belong to no unit.
		if nalu = bytes.TrimRight(nalu, "\x00"); len(nalu) > 0 {
			nalus = append(nalus, nalu)
		}
	}
	return nalus
}
