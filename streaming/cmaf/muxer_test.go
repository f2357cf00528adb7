package cmaf_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// Parameter sets of x264, 320×180 and 640×360.
var (
	smallTrack = &media.Track{Codec: media.H264, ClockRate: 90000,
		SPS: []byte("\x67\x42\xc0\x0c\xda\x05\x06\x7e\x7c\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0c\x83\xc5\x0a\xa8"), PPS: []byte("\x68\xce\x0f\xc8")}
	largeTrack = &media.Track{Codec: media.H264, ClockRate: 90000,
		SPS: []byte("\x67\x42\xc0\x1e\xda\x02\x80\xbf\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x58\xba\x80"), PPS: []byte("\x68\xce\x0f\xc8")}
	aacTrack  = &media.Track{Codec: media.AAC, ClockRate: 48000, SampleRate: 48000, Channels: 2, AudioConfig: []byte{0x11, 0x90}}
	g711Track = &media.Track{Codec: media.G711A, ClockRate: 8000, SampleRate: 8000, Channels: 1}
)

func newMuxer(sinks ...cmaf.Sink) *cmaf.Muxer {
	return cmaf.NewMuxer(cmaf.Options{Sinks: sinks, Log: slog.New(slog.DiscardHandler)})
}

func picture(ticks int64, key bool) *media.Unit {
	data := []byte{0x41, 0x9a, 1, 2}
	if key {
		data[0] = 0x65
	}
	return &media.Unit{PTS: ticks, DTS: ticks, Key: key, Data: [][]byte{data}, NTP: time.Unix(1_800_000_000, 0).Add(media.Duration(ticks, 90000))}
}

func sound(ticks int64, frames int) *media.Unit {
	u := &media.Unit{Track: 1, PTS: ticks, DTS: ticks, Key: true, NTP: time.Unix(1_800_000_000, 0).Add(media.Duration(ticks, 48000))}
	for range frames {
		u.Data = append(u.Data, []byte{1, 2, 3})
	}
	return u
}

func TestPartGoesOutWithTheFrameThatFillsIt(t *testing.T) {
	for name, test := range map[string]struct {
		step   int64 // ticks
		frames int   // in a part
	}{
		"50 fps": {1800, 10}, "30 fps": {3000, 6}, "25 fps": {3600, 5}, "24 fps": {3750, 5}, "20 fps": {4500, 4}, "15 fps": {6000, 3},
		"12 fps": {7500, 2}, "10 fps": {9000, 2}, "5 fps": {18000, 1}, "4 fps": {22500, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var got collector
			m := newMuxer(&got)
			m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack}})
			for i := range int64(100) {
				m.WriteUnit(picture(1_000_000+i*test.step, i == 0))
				// The first parts are made before the frame rate is known.
				if i > 20 && test.frames*len(got.parts) < int(i)-2*test.frames {
					t.Fatalf("%d parts after %d frames", len(got.parts), i+1)
				}
			}
			m.EndRun("publisher_closed")
			total := 0
			for i, p := range got.parts {
				total += p.Frames
				if i > 5 && i < len(got.parts)-1 && p.Frames != test.frames {
					t.Errorf("part %d has %d frames, want %d", i, p.Frames, test.frames)
				}
				// RFC 8216bis §4.4.4.9: at least 85 %, where frames can make that.
				full := media.Duration(int64(test.frames)*test.step, 90000) >= cmaf.DefaultPartDuration
				if i > 5 && i < len(got.parts)-1 && full && p.Duration*100 < m.MaxPartDuration()*85 {
					t.Errorf("part %d lasts %v of %v", i, p.Duration, m.MaxPartDuration())
				}
				if p.Start != media.Duration(int64(total-p.Frames)*test.step, 90000) {
					t.Errorf("part %d begins at %v behind %d frames", i, p.Start, total-p.Frames)
				}
			}
			if total != 100 {
				t.Errorf("%d frames", total)
			}
		})
	}
}

func TestKeyFrameBeginsAPart(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
	for i := range int64(64) {
		m.WriteUnit(picture(i*3600, i%7 == 0))
		m.WriteUnit(sound(i*1920, 2))
	}
	m.EndRun("publisher_closed")
	keys := 0
	for i, p := range got.parts {
		if p.Frames == 0 {
			t.Errorf("part %d has no video", i)
		}
		if p.Independent {
			keys++
			if frames := p.Start / (40 * time.Millisecond); frames%7 != 0 {
				t.Errorf("part %d begins with frame %d", i, frames)
			}
		}
	}
	if keys != 10 {
		t.Errorf("%d independent parts for 10 key frames", keys)
	}
}

func TestParametersChangeInMidRun(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, g711Track}})
	for i := range int64(8) {
		m.WriteUnit(picture(i*3600, i == 0))
		m.WriteUnit(&media.Unit{Track: 1, PTS: i * 320, DTS: i * 320, Data: [][]byte{make([]byte, 320)}})
	}
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{largeTrack, g711Track}})
	for i := int64(8); i < 16; i++ {
		m.WriteUnit(picture(i*3600, i == 8))
	}
	m.EndRun("network")
	if len(got.inits) != 2 || got.inits[0].Width != 320 || got.inits[1].Width != 640 || got.runs[1] != "run" || got.ends[0] != "network" {
		t.Fatalf("runs %q, ends %q", got.runs, got.ends)
	}
	if d := got.inits[0].Dropped; len(d) != 1 || d[0] != media.G711A || got.inits[0].HasAudio {
		t.Errorf("dropped %v", d)
	}
	frames := 0
	for _, p := range got.parts {
		if p.Start != time.Duration(frames)*40*time.Millisecond {
			t.Errorf("a part begins at %v behind %d frames", p.Start, frames)
		}
		frames += p.Frames
	}
	if frames != 16 {
		t.Errorf("%d frames", frames)
	}
}

// TestSoundOverAChange: sound that waits when the parameters of the picture change goes
// with the pictures after it, all of it and with no part of its own.
func TestSoundOverAChange(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
	for i := range int64(20) {
		if i == 10 {
			m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{largeTrack, aacTrack}})
		}
		m.WriteUnit(picture(i*3600, i%10 == 0))
		m.WriteUnit(sound(i*1920, 2))
	}
	m.EndRun("network")
	samples, frames := 0, 0
	for i, p := range got.parts {
		if p.Frames == 0 && i < len(got.parts)-1 {
			t.Errorf("part %d of %d has no picture", i, len(got.parts))
		}
		frames += p.Frames
		samples += bytes.Count(p.Data, []byte{1, 2, 3})
	}
	if len(got.inits) != 2 || frames != 20 || samples != 40 {
		t.Errorf("%d inits, %d frames, %d samples of sound", len(got.inits), frames, samples)
	}
}

func TestRunThatCannotBeMuxed(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	for _, tracks := range [][]*media.Track{{g711Track}, {{Codec: media.H264, ClockRate: 90000}}, nil} {
		m.StartRun(&media.Run{ID: "run", Tracks: tracks})
		m.WriteUnit(picture(0, true))
		m.Flush()
		m.EndRun("network")
	}
	m.EndRun("network")
	if len(got.runs)+len(got.parts)+len(got.ends) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestFlushSendsWhatIsOpen(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack}})
	for i := range int64(7) {
		m.WriteUnit(picture(i*3600, i == 0))
	}
	m.Flush()
	m.Flush()
	if len(got.parts) != 2 || got.parts[1].Frames != 2 || got.parts[1].Duration != 80*time.Millisecond {
		t.Fatalf("parts %+v", got.parts)
	}
	m.WriteUnit(picture(100*3600, false))
	m.EndRun("network")
	if p := got.parts[2]; p.Start != 4*time.Second || p.Independent {
		t.Errorf("after the stall %+v", p)
	}
}

func TestVideoStallsAndAudioGoesOn(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
	m.WriteUnit(sound(-2048, 1)) // before the first picture
	m.WriteUnit(picture(0, true))
	m.WriteUnit(picture(3600, false))
	for i := range int64(470) { // ten seconds
		m.WriteUnit(sound(i*1024, 1))
	}
	m.WriteUnit(picture(900_000, true))
	m.EndRun("network")
	file := got.file()
	scan, err := cmaf.ScanFragments(bytes.NewReader(file), int64(len(file)))
	if err != nil || scan.Torn {
		t.Fatal(err, scan.Torn)
	}
	for i, f := range scan.Fragments {
		p := got.parts[i]
		if f.Frames != p.Frames || f.Independent != p.Independent || f.Start != p.Start || f.Duration != p.Duration || f.Duration > m.MaxPartDuration() {
			t.Errorf("fragment %d: %+v of part %+v", i, f, p)
		}
	}
	n := len(got.parts)
	if n < 40 || got.parts[0].Frames != 2 || got.parts[n-1].Frames != 1 || got.parts[n-1].Start != 10*time.Second {
		t.Errorf("%d parts, the last is %+v", n, got.parts[n-1])
	}
}

func TestAudioAlone(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{aacTrack}})
	for i := range int64(100) {
		u := sound(5_000_000+i*2048, 2)
		u.Track = 0
		u.PTS += i % 3 // the rounding of a protocol
		m.WriteUnit(u)
	}
	m.EndRun("network")
	if got.inits[0].HasVideo || got.inits[0].Codecs != "mp4a.40.2" {
		t.Errorf("init %+v", got.inits[0])
	}
	frames := 0
	for i, p := range got.parts {
		if !p.Independent || p.Start != media.Duration(int64(frames)*1024, 48000) || p.Duration > 220*time.Millisecond {
			t.Errorf("part %d: %+v behind %d frames", i, p, frames)
		}
		frames += p.Frames
	}
	if frames != 200 {
		t.Errorf("%d frames", frames)
	}
	checkScan(t, &got)
}

// TestAnyFrameTimes holds for any increasing frame times: no frame is lost, no
// part is longer than promised, each begins exactly where its first frame does,
// every key frame begins a part, and the file reads back as it was made.
func TestAnyFrameTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := time.Duration(rapid.IntRange(50, 1000).Draw(t, "part")) * time.Millisecond
		var got collector
		m := cmaf.NewMuxer(cmaf.Options{PartDuration: part, Sinks: []cmaf.Sink{&got}})
		m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
		origin := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "origin")
		times, keys := []int64{}, map[time.Duration]bool{}
		at, audioAt := int64(0), int64(0)
		for i := range rapid.IntRange(1, 150).Draw(t, "frames") {
			key := i == 0 || rapid.IntRange(0, 9).Draw(t, "key") == 0
			u := picture(origin+at, key)
			u.PTS += rapid.Int64Range(0, 3).Draw(t, "reorder") * 3600 * int64(i)
			m.WriteUnit(u)
			times = append(times, at)
			keys[media.Duration(at, 90000)] = key
			at += rapid.OneOf(rapid.Int64Range(1, 9000), rapid.Int64Range(1, 200_000)).Draw(t, "step")
			for media.Rescale(audioAt, 48000, 90000) < at && rapid.IntRange(0, 20).Draw(t, "audio") > 0 {
				m.WriteUnit(sound(media.Rescale(origin, 90000, 48000)+audioAt, 1))
				audioAt += 1024
			}
			if rapid.IntRange(0, 50).Draw(t, "flush") == 0 {
				m.Flush()
			}
		}
		m.EndRun("network")
		frames := 0
		for i, p := range got.parts {
			if p.Duration > m.MaxPartDuration() || p.Duration <= 0 {
				t.Fatalf("part %d lasts %v of %v", i, p.Duration, m.MaxPartDuration())
			}
			if p.Frames == 0 {
				continue
			}
			if want := media.Duration(times[frames], 90000); p.Start != want {
				t.Fatalf("part %d begins at %v, its first frame at %v", i, p.Start, want)
			}
			if p.Independent != keys[p.Start] {
				t.Fatalf("part %d: independent %v", i, p.Independent)
			}
			for _, at := range times[frames+1 : frames+p.Frames] {
				if keys[media.Duration(at, 90000)] {
					t.Fatalf("part %d has a key frame in its middle", i)
				}
			}
			frames += p.Frames
		}
		if frames != len(times) {
			t.Fatalf("%d frames of %d", frames, len(times))
		}
		file := got.file()
		scan, err := cmaf.ScanFragments(bytes.NewReader(file), int64(len(file)))
		if err != nil || scan.Torn || len(scan.Fragments) != len(got.parts) {
			t.Fatalf("scan: %v, %d fragments of %d", err, len(scan.Fragments), len(got.parts))
		}
		for i, f := range scan.Fragments {
			if p := got.parts[i]; f.Start != p.Start || f.Frames != p.Frames || f.Independent != p.Independent || !f.NTP.Equal(p.NTP) {
				t.Fatalf("fragment %d: %+v of part %+v", i, f, p)
			}
		}
	})
}

func TestScanOfTornFiles(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
	for i := range int64(15) {
		m.WriteUnit(picture(i*3600, i == 0))
		m.WriteUnit(sound(i*1920, 2))
	}
	m.EndRun("network")
	file := got.file()
	ends := []int64{int64(len(got.inits[0].Data))}
	for _, p := range got.parts {
		ends = append(ends, ends[len(ends)-1]+int64(len(p.Data)))
	}
	for cut := range len(file) + 1 {
		for name, tail := range map[string][]byte{"": nil, "zeros": make([]byte, 40), "garbage": []byte("not a box at all")} {
			torn := append(bytes.Clone(file[:cut]), tail...)
			scan, err := cmaf.ScanFragments(bytes.NewReader(torn), int64(len(torn)))
			if int64(cut) < ends[0] {
				if name == "" && !errors.Is(err, cmaf.ErrNoInit) {
					t.Fatalf("cut at %d %s: %v", cut, name, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			whole := ends[len(scan.Fragments)]
			if scan.Whole < whole || scan.Whole > int64(cut) && name == "" || scan.Torn != (scan.Whole < int64(len(torn))) {
				t.Fatalf("cut at %d %s: whole %d, torn %v", cut, name, scan.Whole, scan.Torn)
			}
			if n := len(scan.Fragments); name == "" && n+1 < len(ends) && ends[n+1] <= int64(cut) {
				t.Fatalf("cut at %d: only %d fragments", cut, n)
			}
		}
	}
}

func BenchmarkMuxer(b *testing.B) {
	m := newMuxer(discard{})
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack, aacTrack}})
	frame := make([]byte, 10_000) // 2 Mbit/s at 25 frames a second
	frame[0] = 0x41
	video := make([]*media.Unit, 5)
	audio := make([]*media.Unit, 9)
	b.ReportAllocs()
	b.SetBytes(int64(len(video)*len(frame) + len(audio)*400))
	i, k := int64(0), int64(0)
	for n := range video {
		video[n] = &media.Unit{Data: [][]byte{frame}}
	}
	for n := range audio {
		audio[n] = &media.Unit{Track: 1, Data: [][]byte{make([]byte, 400)}, Key: true}
	}
	for b.Loop() { // one part
		for _, u := range audio {
			u.PTS, u.DTS = k*1024, k*1024
			m.WriteUnit(u)
			k++
		}
		for _, u := range video {
			u.PTS, u.DTS = i*3600, i*3600
			m.WriteUnit(u)
			i++
		}
	}
}

type discard struct{}

func (discard) Start(string, *cmaf.Init) {}
func (discard) Part(*cmaf.Part)          {}
func (discard) End(string)               {}

func ExampleMaxPartDuration() {
	fmt.Println(cmaf.MaxPartDuration(0), cmaf.MaxPartDuration(time.Second))
	// Output: 235ms 1.176s
}

// TestInitOfH265 compares the hvcC box with the SPS, whose profile and level are
// interspersed with emulation prevention bytes.
func TestInitOfH265(t *testing.T) {
	track := &media.Track{Codec: media.H265, ClockRate: 90000,
		VPS: []byte("\x40\x01\x0c\x01\xff\xff\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x78\x95\x98\x09"),
		SPS: []byte("\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x78\xa0\x03\xc0\x80\x10\xe5\x96\x56\x69\x24\xca\xe0\x10\x00\x00\x03\x00\x10\x00\x00\x03\x01\xe0\x80"),
		PPS: []byte("\x44\x01\xc1\x72\xb4\x62\x40"),
	}
	var got collector
	newMuxer(&got).StartRun(&media.Run{ID: "run", Tracks: []*media.Track{track}})
	_, hvcC, _ := bytes.Cut(got.inits[0].Data, []byte("hvcC"))
	if want := []byte("\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x78"); !bytes.HasPrefix(hvcC, want) {
		t.Errorf("hvcC begins with %x, want %x; CODECS says %s", hvcC[:13], want, got.inits[0].Codecs)
	}
}
