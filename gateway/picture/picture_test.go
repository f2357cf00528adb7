package picture

import (
	"bytes"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

// keyFrames returns the key frames of a clip with its track, as a stream hands them on.
func keyFrames(t *testing.T, clip *mediatest.Clip) (*media.Track, []*media.Unit) {
	t.Helper()
	track := clip.Tracks[0]
	var keys []*media.Unit
	for _, u := range clip.Units {
		au := media.Normalise(track.Codec, u.Data)
		track = track.With(au)
		if au.Key {
			keys = append(keys, &media.Unit{PTS: u.PTS, Data: au.Data, Key: true})
		}
	}
	return track, keys
}

func source(filter, codec string, more ...string) []string {
	args := []string{"-f", "lavfi", "-i", filter, "-pix_fmt", "yuv420p", "-threads", "1", "-g", "5", "-c:v", codec}
	return append(args, more...)
}

var (
	x264 = []string{"-preset", "ultrafast", "-sc_threshold", "0", "-bf", "0"}
	x265 = []string{"-preset", "ultrafast", "-x265-params", "log-level=error:pools=1:keyint=5:scenecut=0", "-bf", "0"}
)

// TestPictures judges what real encoders make of scenes that a camera may have.
func TestPictures(t *testing.T) {
	night := "color=black:size=640x360:rate=25:duration=1.2,noise=alls=12:allf=t,drawbox=x=500:y=60:w=60:h=60:color=white@0.8:t=fill"
	for _, c := range []struct {
		name, filter, codec string
		more                []string
		want                gatepost.PictureState
	}{
		{"something moves", "testsrc2=size=640x360:rate=25:duration=1.2", "libx264", x264, gatepost.PictureGood},
		{"something moves, H.265", "testsrc2=size=640x360:rate=25:duration=1.2", "libx265", x265, gatepost.PictureGood},
		{"a quiet corridor with a sensor's noise", "color=gray:size=640x360:rate=25:duration=1.2,noise=alls=4:allf=t", "libx264", x264, gatepost.PictureGood},
		{"a lamp at night", night, "libx264", x264, gatepost.PictureGood},
		{"upright", "testsrc2=size=360x640:rate=25:duration=1.2", "libx264", x264, gatepost.PictureGood},
		{"a covered lens, with noise", "color=black:size=640x360:rate=25:duration=1.2,noise=alls=6:allf=t", "libx264", x264, gatepost.PictureBlack},
		{"nothing at all", "color=black:size=640x360:rate=25:duration=1.2", "libx265", x265, gatepost.PictureBlack},
		{"one picture again and again", "testsrc2=size=640x360:rate=25:duration=0.04,loop=loop=-1:size=1,trim=duration=1.2", "libx264", append([]string{"-qp", "28"}, x264...), gatepost.PictureFrozen},
	} {
		t.Run(c.name, func(t *testing.T) {
			track, keys := keyFrames(t, mediatest.TS(t, source(c.filter, c.codec, c.more...)...))
			if len(keys) < sameSamples {
				t.Fatalf("%d key frames", len(keys))
			}
			h := &history{}
			begin := time.Now()
			for i, u := range keys {
				luma, err := decoder{"ffmpeg"}.decode(t.Context(), track, u)
				if err != nil {
					t.Fatal(err)
				}
				if len(luma)%width != 0 || len(luma) < width*100 {
					t.Fatalf("a picture of %d pixels", len(luma))
				}
				h.add(begin.Add(time.Duration(i)*time.Minute), luma)
			}
			if h.state != c.want {
				t.Errorf("%q, want %q", h.state, c.want)
			}
			if c.want != gatepost.PictureGood && !h.since.Equal(begin) {
				t.Errorf("since %s, want %s", h.since, begin)
			}
		})
	}
}

func TestPictureAV1(t *testing.T) {
	track, keys := keyFrames(t, mediatest.AV1(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.2", "-pix_fmt", "yuv420p", "-g", "5", "-c:v", "libaom-av1", "-cpu-used", "8", "-threads", "1"))
	if luma, err := (decoder{"ffmpeg"}).decode(t.Context(), track, keys[0]); err != nil || len(luma) != 320*180 || isBlack(luma) {
		t.Errorf("%d bytes, %v", len(luma), err)
	}
}

// TestHistory goes through what pictures may do one after the other: a letter is a
// picture, and capitals are black.
func TestHistory(t *testing.T) {
	const unchecked, good, black, frozen = gatepost.PictureUnchecked, gatepost.PictureGood, gatepost.PictureBlack, gatepost.PictureFrozen
	for _, c := range []struct {
		pictures string
		want     gatepost.PictureState
		since    int
	}{
		{"a", unchecked, -1}, {"ab", good, 1}, {"aa", unchecked, -1}, {"aaa", unchecked, -1}, {"aaaa", frozen, 0}, {"abcd", good, 1},
		{"abbb", good, 1}, {"abbbb", frozen, 1}, {"aaaab", good, 4}, {"A", unchecked, -1}, {"AA", black, 0}, {"AB", black, 0}, {"AAAAAA", black, 0},
		{"abA", good, 1}, {"abAb", good, 1}, {"abAB", black, 2}, {"abABc", good, 4}, {"bbbbAA", black, 4},
	} {
		h := &history{}
		begin := time.Now()
		for i, p := range []byte(c.pictures) {
			luma := bytes.Repeat([]byte{200}, 1000)
			if p < 'a' {
				luma = bytes.Repeat([]byte{16}, 1000)
			}
			luma[0] = p
			h.add(begin.Add(time.Duration(i)*time.Minute), luma)
		}
		since := time.Time{}
		if c.since >= 0 {
			since = begin.Add(time.Duration(c.since) * time.Minute)
		}
		if h.state != c.want || !h.since.Equal(since) {
			t.Errorf("%s: %q since %s, want %q since %s", c.pictures, h.state, h.since, c.want, since)
		}
	}
}

// TestBroken holds that what cannot be decoded is an error, and no picture.
func TestBroken(t *testing.T) {
	track, keys := keyFrames(t, mediatest.TS(t, source("testsrc2=size=320x180:rate=25:duration=0.2", "libx264", x264...)...))
	for name, unit := range map[string]*media.Unit{"noise": {Data: [][]byte{bytes.Repeat([]byte{0x65, 0xff}, 2000)}}, "nothing": {}} {
		if luma, err := (decoder{"ffmpeg"}).decode(t.Context(), track, unit); err == nil {
			t.Errorf("%s: %d pixels", name, len(luma))
		}
	}
	if _, err := (decoder{"/nowhere/ffmpeg"}).decode(t.Context(), track, keys[0]); err == nil {
		t.Error("no ffmpeg, and a picture")
	}
	if _, err := brightnesses(make([]byte, rowBytes+1)); err == nil {
		t.Error("half a row is a picture")
	}
}

// FuzzOBUs holds that whatever a camera sends as OBUs can be written with sizes.
func FuzzOBUs(f *testing.F) {
	f.Add([]byte{0x12, 0x00, 0x0a}, []byte{0x32, 1, 2, 3})
	f.Add([]byte{0x16}, bytes.Repeat([]byte{0x30}, 300))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		out := appendOBUs(nil, [][]byte{a, b})
		if len(out) > len(a)+len(b)+2*5 {
			t.Errorf("%d bytes of %d", len(out), len(a)+len(b))
		}
	})
}
