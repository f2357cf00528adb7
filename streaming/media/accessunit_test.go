package media_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func units(u ...[]byte) [][]byte { return u }

func TestNormalise(t *testing.T) {
	var (
		aud    = []byte{9, 0xf0}
		sps    = []byte{0x67, 1, 2}
		pps0   = []byte{0x68, 0x80} // id 0
		pps0b  = []byte{0x68, 0x88} // id 0
		pps1   = []byte{0x68, 0x40} // id 1
		sei    = []byte{6, 1}
		idr    = []byte{0x65, 1}
		slice  = []byte{0x41, 1}
		filler = []byte{12, 0xff}

		vps5  = []byte{32 << 1, 1, 0}
		sps5  = []byte{33 << 1, 1, 0}
		pps5  = []byte{34 << 1, 1, 0x80}
		idr5  = []byte{19 << 1, 1, 0}
		cra5  = []byte{21 << 1, 1, 0}
		trail = []byte{1 << 1, 1, 0}
		aud5  = []byte{35 << 1, 1, 0}

		delimiter = []byte{0x10}
		header    = []byte{0x08, 1}
		sized     = []byte{0x0a, 1, 1}
		key       = []byte{0x30, 0x10} // frame, shown key frame
		inter     = []byte{0x30, 0x30}
		existing  = []byte{0x18, 0x90}
		padding   = []byte{15 << 3, 0}
	)
	tests := map[string]struct {
		codec media.Codec
		in    [][]byte
		want  media.AccessUnit
	}{
		"h264 key": {media.H264, units(aud, sps, pps0, sei, idr, filler),
			media.AccessUnit{Data: units(sei, idr), SPS: sps, PPS: pps0, Key: true, Picture: true}},
		"h264 plain":           {media.H264, units(slice, slice), media.AccessUnit{Data: units(slice, slice), Picture: true}},
		"h264 parameters only": {media.H264, units(sps, pps0), media.AccessUnit{SPS: sps, PPS: pps0}},
		"h264 same pps twice":  {media.H264, units(pps0, pps0b, idr), media.AccessUnit{Data: units(idr), PPS: pps0b, Key: true, Picture: true}},
		"h264 two pps":         {media.H264, units(pps0, pps1, idr), media.AccessUnit{Data: units(pps1, idr), PPS: pps0, Key: true, Picture: true}},
		"h264 empty units":     {media.H264, units(nil, slice, []byte{}), media.AccessUnit{Data: units(slice), Picture: true}},
		"h264 rtp aggregate":   {media.H264, units([]byte{24, 0, 2, 0x65, 1}), media.AccessUnit{}},
		"h265 key": {media.H265, units(aud5, vps5, sps5, pps5, idr5),
			media.AccessUnit{Data: units(idr5), VPS: vps5, SPS: sps5, PPS: pps5, Key: true, Picture: true}},
		"h265 cra":   {media.H265, units(cra5), media.AccessUnit{Data: units(cra5), Key: true, Picture: true}},
		"h265 plain": {media.H265, units(trail, []byte{1}), media.AccessUnit{Data: units(trail), Picture: true}},
		"av1 key": {media.AV1, units(delimiter, header, key, padding),
			media.AccessUnit{Data: units(header, key), SPS: header, Key: true, Picture: true}},
		"av1 sized header":        {media.AV1, units(sized, inter), media.AccessUnit{Data: units(sized, inter), SPS: sized, Picture: true}},
		"av1 shows a frame again": {media.AV1, units(existing), media.AccessUnit{Data: units(existing), Picture: true}},
		"aac":                     {media.AAC, units([]byte{1}, nil), media.AccessUnit{Data: units([]byte{1}), Key: true, Picture: true}},
		"aac empty":               {media.AAC, nil, media.AccessUnit{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.in)
			got := media.Normalise(test.codec, test.in)
			if !slices.EqualFunc(got.Data, test.want.Data, bytes.Equal) {
				t.Errorf("data % x, want % x", got.Data, test.want.Data)
			}
			if !bytes.Equal(got.VPS, test.want.VPS) || !bytes.Equal(got.SPS, test.want.SPS) || !bytes.Equal(got.PPS, test.want.PPS) {
				t.Errorf("parameter sets % x, % x, % x", got.VPS, got.SPS, got.PPS)
			}
			if got.Key != test.want.Key || got.Picture != test.want.Picture {
				t.Errorf("key %v, picture %v", got.Key, got.Picture)
			}
			if !slices.EqualFunc(before, test.in, bytes.Equal) {
				t.Error("the input was changed")
			}
		})
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 0x80, 0, 0, 1, 0x65, 1})
	f.Add([]byte{0, 0, 1, 0x42, 1, 1, 0, 0, 1, 0x26, 1, 2})
	f.Add([]byte{0, 0, 1, 0x0a, 1, 1, 0, 0, 1, 0x30, 0x10})
	f.Fuzz(func(t *testing.T, b []byte) {
		data := media.SplitAnnexB(b)
		for _, codec := range []media.Codec{media.H264, media.H265, media.AV1, media.AAC} {
			au := media.Normalise(codec, data)
			if au.Key && !au.Picture {
				t.Fatal("a key frame without a picture")
			}
			again := media.Normalise(codec, au.Data)
			if again.Key != au.Key || again.Picture != au.Picture {
				t.Fatalf("%s: normalising twice: %+v, then %+v", codec, au, again)
			}
			track := (&media.Track{Codec: codec, ClockRate: 90000, AudioConfig: b}).With(au)
			_ = track.Check()
			_ = track.CodecString()
			_ = track.FrameTicks()
			if depth, _ := track.ReorderDepth(); depth < 0 || depth > 16 {
				t.Fatalf("reorder depth %d", depth)
			}
			if w, h, err := track.PictureSize(); err == nil && (w < 0 || h < 0 || w > media.MaxPictureSide || h > media.MaxPictureSide) {
				t.Fatalf("picture of %d×%d", w, h)
			}
			var e media.DTSEstimator
			e.SetTrack(track)
			last := e.Next(1000, au.Data)
			for _, pts := range []int64{4000, 2000, 3000, 8000} {
				next := e.Next(pts, au.Data)
				if next <= last {
					t.Fatalf("decode time %d after %d", next, last)
				}
				last = next
			}
		}
	})
}
