package cmaf_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// collector is a cmaf.Sink that keeps everything.
type collector struct {
	runs  []string
	inits []*cmaf.Init
	parts []*cmaf.Part
	ends  []string
}

func (c *collector) Start(run string, init *cmaf.Init) {
	c.runs = append(c.runs, run)
	c.inits = append(c.inits, init)
}
func (c *collector) Part(p *cmaf.Part) { c.parts = append(c.parts, p) }
func (c *collector) End(reason string) { c.ends = append(c.ends, reason) }

func (c *collector) file() []byte {
	b := bytes.Clone(c.inits[0].Data)
	for _, p := range c.parts {
		b = append(b, p.Data...)
	}
	return b
}

// feed sends a clip through a stream and a muxer as if it came in real time.
func feed(tb testing.TB, clip *mediatest.Clip, sinks ...cmaf.Sink) {
	tb.Helper()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	now := start
	var first time.Duration
	muxer := cmaf.NewMuxer(cmaf.Options{Sinks: sinks})
	s := stream.New(stream.Options{Camera: "test", Sinks: []stream.Sink{muxer}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	p, err := s.Publish(clip.Tracks)
	if err != nil {
		tb.Fatal(err)
	}
	for i, u := range clip.Units {
		t := u.DTS
		if t == media.NoDTS {
			t = u.PTS
		}
		at := media.Duration(t, clip.Tracks[u.Track].ClockRate)
		if i == 0 {
			first = at
		}
		if arrival := start.Add(at - first); arrival.After(now) {
			now = arrival
		}
		if err := p.Write(u); err != nil {
			tb.Fatal(err)
		}
	}
	p.Close("publisher_closed")
}

type packet struct {
	Stream   int    `json:"stream_index"`
	Codec    string `json:"codec_type"`
	PTS      string `json:"pts_time"`
	DTS      string `json:"dts_time"`
	Duration string `json:"duration_time"`
	Flags    string `json:"flags"`
}

func seconds(tb testing.TB, s string) float64 {
	tb.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func probe(tb testing.TB, path string) []packet {
	tb.Helper()
	out := mediatest.FFprobe(tb, "-show_packets", "-of", "json", path)
	var doc struct{ Packets []packet }
	if err := json.Unmarshal(out, &doc); err != nil {
		tb.Fatal(err)
	}
	return doc.Packets
}

func TestMuxerAgainstFFmpeg(t *testing.T) {
	t.Parallel()
	ts := func(args ...string) func(testing.TB) *mediatest.Clip {
		return func(tb testing.TB) *mediatest.Clip { return mediatest.TS(tb, args...) }
	}
	with := func(source []string, args ...string) []string { return append(source, args...) }
	tests := map[string]struct {
		clip      func(testing.TB) *mediatest.Clip
		noDTS     bool
		reordered bool
		codecs    string
		frames    int
		step      float64 // seconds between decode times
	}{
		"h264 aac": {
			clip: ts(with(mediatest.Source("320x180", "25", "6", true),
				"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "0", "-c:a", "aac")...),
			codecs: "avc1.42c00c,mp4a.40.2", frames: 150, step: 0.04,
		},
		"h264 without decode times": {
			clip: ts(with(mediatest.Source("320x180", "30", "4", true),
				"-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "0", "-c:a", "aac")...),
			noDTS: true, codecs: "avc1.42c00d,mp4a.40.2", frames: 120, step: 1.0 / 30,
		},
		"h264 with b-frames": {
			clip: ts(with(mediatest.Source("320x180", "25", "6", true),
				"-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "3", "-b_strategy", "0", "-c:a", "aac")...),
			codecs: "avc1.64000c,mp4a.40.2", reordered: true, frames: 150, step: 0.04,
		},
		"h264 with b-frames without decode times": {
			clip: ts(with(mediatest.Source("320x180", "25", "6", true),
				"-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "3", "-b_strategy", "0", "-c:a", "aac")...),
			noDTS: true, reordered: true, codecs: "avc1.64000c,mp4a.40.2", frames: 150, step: 0.04,
		},
		"h265 opus": {
			clip: ts(with(mediatest.Source("320x180", "25", "4", true),
				"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=50:bframes=0", "-c:a", "libopus")...),
			codecs: "hvc1.1.6.L60.90,opus", frames: 100, step: 0.04,
		},
		"h265 with b-frames without decode times": {
			clip: ts(with(mediatest.Source("320x180", "25", "4", false),
				"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=50:min-keyint=50:bframes=3:b-adapt=0:open-gop=0")...),
			noDTS: true, reordered: true, codecs: "hvc1.1.6.L60.90", frames: 100, step: 0.04,
		},
		"av1": {
			clip: func(tb testing.TB) *mediatest.Clip {
				return mediatest.AV1(tb, with(mediatest.Source("320x180", "25", "2", false), "-c:v", "libsvtav1", "-preset", "12", "-g", "25")...)
			},
			codecs: "av01.0.00M.08", frames: 50, step: 0.04,
		},
		"av1 with one sequence header": {
			clip: func(tb testing.TB) *mediatest.Clip {
				clip := mediatest.AV1(tb, with(mediatest.Source("320x180", "25", "2", false), "-c:v", "libsvtav1", "-preset", "12", "-g", "25")...)
				for _, u := range clip.Units[1:] {
					u.Data = slices.DeleteFunc(u.Data, func(obu []byte) bool { return obu[0]>>3&0x0f == 1 })
				}
				return clip
			},
			codecs: "av01.0.00M.08", frames: 50, step: 0.04,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clip := test.clip(t)
			if test.noDTS {
				clip = clip.WithoutDTS()
			}
			var got collector
			feed(t, clip, &got)
			if len(got.inits) != 1 || len(got.ends) != 1 {
				t.Fatalf("%d inits, %d ends", len(got.inits), len(got.ends))
			}
			if got.inits[0].Codecs != test.codecs || got.inits[0].Width != 320 || got.inits[0].Height != 180 {
				t.Errorf("init: %q %dx%d", got.inits[0].Codecs, got.inits[0].Width, got.inits[0].Height)
			}
			path := filepath.Join(t.TempDir(), "out.mp4")
			if err := os.WriteFile(path, got.file(), 0o600); err != nil {
				t.Fatal(err)
			}
			var video, audio []packet
			for _, p := range probe(t, path) {
				if p.Codec == "video" {
					video = append(video, p)
				} else {
					audio = append(audio, p)
				}
			}
			if len(video) != test.frames {
				t.Errorf("%d video packets, want %d", len(video), test.frames)
			}
			checkContinuous(t, "video", video, test.step, 0.001)
			begin := seconds(t, video[0].PTS)
			if dts := seconds(t, video[0].DTS); begin > 0.121 || dts != 0 || !test.reordered && begin != 0 {
				t.Errorf("video begins at %v, decoded at %v", begin, dts)
			}
			if len(clip.Tracks) > 1 {
				want := clip.Frames(1)
				if n := len(audio); n < want-3 || n > want { // those before the first picture go
					t.Errorf("%d audio packets of %d", n, want)
				}
				checkContinuous(t, "audio", audio, -1, 0.0005)
				if start := seconds(t, audio[0].PTS); start < begin || start > begin+0.045 {
					t.Errorf("audio begins at %v, video at %v", start, begin)
				}
			}
			mediatest.FFmpeg(t, nil, "-xerror", "-err_detect", "explode", "-i", path, "-f", "null", "-")
			if clip.Tracks[0].Codec == media.AV1 {
				keys := 0
				for _, p := range got.parts {
					if mdat := p.Data[bytes.Index(p.Data, []byte("mdat"))+4:]; p.Independent && mdat[0]>>3&0x0f == 1 {
						keys++
					}
				}
				if keys != 2 {
					t.Errorf("%d parts begin with a sequence header", keys)
				}
			}
			checkParts(t, &got)
			checkScan(t, &got)
		})
	}
}

// checkContinuous expects decode times step apart; a negative step means that
// each packet begins where the one before ends.
func checkContinuous(t *testing.T, what string, packets []packet, step, tolerance float64) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		want := step
		if step < 0 && packets[i-1].Duration == "" {
			continue
		}
		if step < 0 {
			want = seconds(t, packets[i-1].Duration)
		}
		if d := seconds(t, packets[i].DTS) - seconds(t, packets[i-1].DTS); math.Abs(d-want) > tolerance {
			t.Errorf("%s packet %d comes %.4f s after the one before, want %.4f", what, i, d, want)
			return
		}
	}
}

func checkParts(t *testing.T, got *collector) {
	t.Helper()
	limit := cmaf.MaxPartDuration(0)
	var sum time.Duration
	for i, p := range got.parts {
		if p.Duration > limit || p.Duration <= 0 {
			t.Errorf("part %d lasts %v", i, p.Duration)
		}
		if i > 0 {
			prev := got.parts[i-1]
			if d := p.Start - prev.Start - prev.Duration; d > time.Millisecond || d < -time.Millisecond {
				t.Errorf("part %d begins %v from the end of the one before", i, d)
			}
			if d := p.NTP.Sub(prev.NTP) - (p.Start - prev.Start); d.Abs() > 200*time.Millisecond {
				t.Errorf("part %d: wall and media time %v apart", i, d)
			}
		}
		sum += p.Duration
	}
	if !got.parts[0].Independent || got.parts[0].Start != 0 {
		t.Errorf("first part: independent %v, start %v", got.parts[0].Independent, got.parts[0].Start)
	}
}

func checkScan(t *testing.T, got *collector) {
	t.Helper()
	file := got.file()
	scan, err := cmaf.ScanFragments(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if scan.Torn || scan.Whole != int64(len(file)) || scan.InitLen != int64(len(got.inits[0].Data)) || len(scan.Fragments) != len(got.parts) {
		t.Fatalf("scan: torn %v, whole %d of %d, init %d, %d fragments of %d",
			scan.Torn, scan.Whole, len(file), scan.InitLen, len(scan.Fragments), len(got.parts))
	}
	offset := scan.InitLen
	for i, f := range scan.Fragments {
		p := got.parts[i]
		want := cmaf.Fragment{
			Offset: offset, Length: int64(len(p.Data)), Start: p.Start, Duration: p.Duration, NTP: p.NTP.UTC().Round(0),
			Independent: p.Independent, Frames: p.Frames, Sequence: uint32(i + 1),
		}
		if !f.NTP.Equal(want.NTP) {
			t.Errorf("fragment %d: NTP %v, want %v", i, f.NTP, want.NTP)
		}
		if f.First > f.Start || f.Start-f.First > 200*time.Millisecond {
			t.Errorf("fragment %d: first %v, start %v", i, f.First, f.Start)
		}
		f.NTP, want.First = want.NTP, f.First
		if f != want {
			t.Errorf("fragment %d:\n%+v, want\n%+v", i, f, want)
		}
		offset += f.Length
	}
}
