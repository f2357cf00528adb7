// Package mediatest makes access units of every codec with a real ffmpeg, for
// tests.
package mediatest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	tscodecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Clip is what a publisher would write. Video tracks come without parameter
// sets: those are in the units.
type Clip struct {
	Tracks []*media.Track
	Units  []*media.Unit
}

// FFmpeg runs ffmpeg with args and returns what it writes to its standard
// output. It skips the test when there is no ffmpeg.
func FFmpeg(tb testing.TB, stdin []byte, args ...string) []byte {
	tb.Helper()
	return run(tb, stdin, "ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...)...)
}

// FFprobe is FFmpeg for ffprobe.
func FFprobe(tb testing.TB, args ...string) []byte {
	tb.Helper()
	return run(tb, nil, "ffprobe", append([]string{"-hide_banner", "-loglevel", "error"}, args...)...)
}

func run(tb testing.TB, stdin []byte, name string, args ...string) []byte {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		tb.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(tb.Context(), name, args...)
	var out, diagnosis bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &diagnosis
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s %q: %v\n%s", name, args, err, &diagnosis)
	}
	return out.Bytes()
}

// Source is the ffmpeg input of a moving test picture of size at fps for
// seconds, with a tone when audio is set.
func Source(size, fps, seconds string, audio bool) []string {
	args := []string{"-f", "lavfi", "-i", "testsrc=size=" + size + ":rate=" + fps + ":duration=" + seconds}
	if audio {
		args = append(args, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration="+seconds)
	}
	return append(args, "-pix_fmt", "yuv420p")
}

// TS makes a clip by way of MPEG-TS: H.264 or H.265, with AAC or Opus. args are
// input and encoder options of ffmpeg.
func TS(tb testing.TB, args ...string) *Clip {
	tb.Helper()
	data := FFmpeg(tb, nil, append(args, "-f", "mpegts", "-muxdelay", "0", "-")...)
	r := &mpegts.Reader{R: bytes.NewReader(data)}
	if err := r.Initialize(); err != nil { //nolint:misspell // the library's name
		tb.Fatal(err)
	}
	r.OnDecodeError(func(err error) { tb.Errorf("MPEG-TS: %v", err) })
	c := &Clip{}
	for _, t := range r.Tracks() {
		c.addTrack(tb, r, t)
	}
	for {
		if err := r.Read(); err != nil {
			if !errors.Is(err, io.EOF) {
				tb.Fatal(err)
			}
			return c
		}
	}
}

func (c *Clip) addTrack(tb testing.TB, r *mpegts.Reader, t *mpegts.Track) {
	index := len(c.Tracks)
	video := func(pts, dts int64, au [][]byte) error {
		c.Units = append(c.Units, &media.Unit{Track: index, PTS: pts, DTS: dts, Data: au})
		return nil
	}
	switch codec := t.Codec.(type) {
	case *tscodecs.H264:
		c.Tracks = append(c.Tracks, &media.Track{Codec: media.H264, ClockRate: 90000})
		r.OnDataH264(t, video)
	case *tscodecs.H265:
		c.Tracks = append(c.Tracks, &media.Track{Codec: media.H265, ClockRate: 90000})
		r.OnDataH265(t, video)
	case *tscodecs.MPEG4Audio:
		config, err := codec.Config.Marshal()
		if err != nil {
			tb.Fatal(err)
		}
		rate := codec.Config.SampleRate
		c.Tracks = append(c.Tracks, &media.Track{
			Codec: media.AAC, ClockRate: rate, AudioConfig: config, SampleRate: rate, Channels: int(codec.Config.ChannelConfig),
		})
		r.OnDataMPEG4Audio(t, func(pts int64, aus [][]byte) error { return c.audio(index, rate, pts, aus) })
	case *tscodecs.Opus:
		c.Tracks = append(c.Tracks, &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: int(codec.Desc.ChannelConfigCode)})
		r.OnDataOpus(t, func(pts int64, packets [][]byte) error { return c.audio(index, 48000, pts, packets) })
	default:
		tb.Fatalf("codec %T", codec)
	}
}

func (c *Clip) audio(index, rate int, pts int64, frames [][]byte) error {
	pts = media.Rescale(pts, 90000, rate)
	c.Units = append(c.Units, &media.Unit{Track: index, PTS: pts, DTS: pts, Data: frames, Key: true})
	return nil
}

// AV1 makes a clip of one AV1 track by way of IVF.
func AV1(tb testing.TB, args ...string) *Clip {
	tb.Helper()
	data := FFmpeg(tb, nil, append(args, "-f", "ivf", "-")...)
	if len(data) < 32 {
		tb.Fatalf("IVF of %d bytes", len(data))
	}
	rate, scale := binary.LittleEndian.Uint32(data[16:]), binary.LittleEndian.Uint32(data[20:])
	c := &Clip{Tracks: []*media.Track{{Codec: media.AV1, ClockRate: 90000}}}
	for data = data[32:]; len(data) >= 12; {
		size := binary.LittleEndian.Uint32(data)
		pts := int64(binary.LittleEndian.Uint64(data[4:])) * 90000 * int64(scale) / int64(rate)
		var obus av1.Bitstream
		if err := obus.Unmarshal(data[12 : 12+size]); err != nil {
			tb.Fatal(err)
		}
		c.Units = append(c.Units, &media.Unit{PTS: pts, DTS: pts, Data: obus})
		data = data[12+size:]
	}
	return c
}

// Count returns the units of a track.
func (c *Clip) Count(track int) int {
	n := 0
	for _, u := range c.Units {
		if u.Track == track {
			n++
		}
	}
	return n
}

// Frames returns the elements of all units of a track: for audio its frames.
func (c *Clip) Frames(track int) int {
	n := 0
	for _, u := range c.Units {
		if u.Track == track {
			n += len(u.Data)
		}
	}
	return n
}

// WithoutDTS returns a copy of c whose video units have no decode times, as if
// they came by RTP.
func (c *Clip) WithoutDTS() *Clip {
	out := &Clip{Tracks: c.Tracks}
	for _, u := range c.Units {
		copied := *u
		if c.Tracks[u.Track].Codec.Video() {
			copied.DTS = media.NoDTS
		}
		out.Units = append(out.Units, &copied)
	}
	return out
}
