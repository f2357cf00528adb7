package rtmp

import (
	"bytes"
	"math"
	"testing"

	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/gateway/ingest/ingesttest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

var targetTable = []struct {
	app, name string
	want      ingest.Target
	ok        bool
}{
	{"live", "cam?key=k", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live", "cam/k", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live/cam", "k", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live/", "/cam/k/", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live/cam?key=k", "", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live?key=k", "cam", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"cam", "k", ingest.Target{CameraID: "cam", Key: "k"}, true},
	{"live", "cam", ingest.Target{CameraID: "cam"}, true},
	{"live", "", ingest.Target{}, false},
	{"", "", ingest.Target{}, false},
	{"live", "a/b/c", ingest.Target{}, false},
	{"live", "a b?key=k", ingest.Target{}, false},
}

func TestParseTarget(t *testing.T) {
	for _, c := range targetTable {
		if got, ok := parseTarget(c.app, c.name); got != c.want || ok != c.ok {
			t.Errorf("parseTarget(%q, %q) = %+v, %v", c.app, c.name, got, ok)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, c := range targetTable {
		f.Add(c.app, c.name)
	}
	f.Fuzz(func(t *testing.T, app, name string) {
		got, ok := parseTarget(app, name)
		if ok != (got.CameraID != "") {
			t.Fatalf("%+v, %v", got, ok)
		}
	})
}

var (
	testSPS  = []byte{0x67, 0x42, 0xc0, 0x1e}
	testPPS  = []byte{0x68, 0xce}
	testAVCC = append(append(append([]byte{1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4}, testSPS...), 1, 0, 2), testPPS...)
)

func TestParseVideo(t *testing.T) {
	sets, err := parseVideo(append([]byte{0x17, 0, 0, 0, 0}, testAVCC...))
	if err != nil || sets.length != 4 || !bytes.Equal(sets.config.SPS, testSPS) || !bytes.Equal(sets.config.PPS, testPPS) {
		t.Fatalf("%+v, %v", sets, err)
	}
	for _, c := range []struct {
		name   string
		in     []byte
		codec  media.Codec
		data   string
		offset int32
	}{
		{"legacy", []byte{0x27, 1, 0xff, 0xff, 0xd8, 'x'}, media.H264, "x", -40},
		{"legacy H.265", []byte{0x2c, 1, 0, 0, 40, 'x'}, media.H265, "x", 40},
		{"end of sequence", []byte{0x17, 2, 0, 0, 0}, media.H264, "", 0},
		{"Sorenson", []byte{0x22, 1, 2, 3, 4, 5}, "", "", 0},
		{"coded frames", append([]byte{0xa1}, "hvc1\x00\x00\x28x"...), media.H265, "x", 40},
		{"coded frames X", append([]byte{0xa3}, "avc1x"...), media.H264, "x", 0},
		{"AV1", append([]byte{0xa1}, "av01x"...), media.AV1, "x", 0},
		{"VP9", append([]byte{0xa1}, "vp09x"...), "", "", 0},
		{"command", []byte{0xd1, 1}, "", "", 0},
		{"ModEx", append([]byte{0xa7, 2, 1, 2, 3, 0x03}, "avc1x"...), media.H264, "x", 0},
		{"one track", append([]byte{0xa6, 0x03}, "avc1\x00x"...), media.H264, "x", 0},
		{"another track", append([]byte{0xa6, 0x03}, "avc1\x01x"...), "", "", 0},
		{"many tracks", append([]byte{0xa6, 0x13}, "avc1\x01\x00\x00\x01y\x00\x00\x00\x01x"...), media.H264, "x", 0},
		{"many codecs", append([]byte{0xa6, 0x23}, "vp09\x01\x00\x00\x01yavc1\x00\x00\x00\x01x"...), media.H264, "x", 0},
	} {
		got, err := parseVideo(c.in)
		if err != nil || got.codec != c.codec || string(got.data) != c.data || got.offset != c.offset {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestWrap(t *testing.T) {
	var d demuxer
	for _, c := range []struct {
		in   uint32
		want int64
	}{{math.MaxUint32 - 20, math.MaxUint32 - 20}, {19, math.MaxUint32 + 20}, {10, math.MaxUint32 + 11}} {
		if d.advance(c.in); d.now != c.want {
			t.Errorf("%d is %d, want %d", c.in, d.now, c.want)
		}
	}
}

// TestParameterChange sends new parameter sets in mid-stream.
func TestParameterChange(t *testing.T) {
	s := &ingesttest.Session{}
	d := &demuxer{pub: s}
	d.metadata(true, false)
	config := append([]byte{0x17, 0, 0, 0, 0}, testAVCC...)
	other := bytes.Clone(config)
	other[5+8+3]++ // level in the SPS
	frame := []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88}
	for i, m := range [][]byte{config, frame, config, frame, other, frame, frame} {
		if err := d.message(true, uint32(i*40), m); err != nil {
			t.Fatal(err)
		}
	}
	var counts []int
	for _, u := range s.Units(t, 4) {
		counts = append(counts, len(u.Data))
	}
	if len(counts) != 4 || counts[0] != 1 || counts[1] != 1 || counts[2] != 3 || counts[3] != 1 {
		t.Errorf("units hold %v NAL units", counts)
	}
}

func FuzzDemuxer(f *testing.F) {
	f.Add(append([]byte{0x17, 0, 0, 0, 0}, testAVCC...), []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88}, []byte{0xaf, 0, 0x11, 0x90}, []byte{0xaf, 1, 1, 2})
	f.Add(append([]byte{0xa0}, "av01\x81\x00\x00\x00"...), append([]byte{0xa1}, "av01\x12\x00"...), append([]byte{0x90}, "OpusOpusHead"...), append([]byte{0x91}, "Opus\xfc"...))
	f.Add(append([]byte{0xa6, 0x13}, "avc1\x01\x00\x00\x01y"...), []byte{0xa7, 0xff, 0, 1}, []byte{0x7e, 1}, []byte{0x8f, 1})
	f.Fuzz(func(t *testing.T, a, b, c, e []byte) {
		s := &ingesttest.Session{}
		d := &demuxer{pub: s}
		for round := range 2 {
			for i, m := range [][]byte{a, b, c, e} {
				_ = d.message(i < 2, uint32(round*3000+i*40), m)
			}
		}
		d.finish()
		for _, u := range s.Units(t, 0) {
			if u.Size() == 0 || u.Track >= len(s.Tracks()) || u.PTS < u.DTS {
				t.Fatalf("%+v of %d tracks", u, len(s.Tracks()))
			}
		}
	})
}

func FuzzCommand(f *testing.F) {
	f.Add(byte(20), []byte("\x02\x00\x07connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x05"))
	f.Add(byte(18), []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x0cvideocodecid\x00\x40\x1c\x00\x00\x00\x00\x00\x00\x00\x00\x09"))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		cmd, ok := parseCommand(&rawmessage.Message{Type: []byte{byte(message.TypeCommandAMF0), byte(message.TypeDataAMF0), byte(message.TypeCommandAMF3), byte(message.TypeDataAMF3)}[kind%4], Body: body})
		if !ok {
			return
		}
		(&demuxer{}).announce(cmd)
		object(cmd.arg(0)).GetString("app")
	})
}
