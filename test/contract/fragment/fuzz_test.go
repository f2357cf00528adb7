package fragment

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// b makes a box of its parts.
func b(kind string, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(payload))), []byte(kind), payload)
}

// w makes bytes of 32-bit words.
func w(words ...uint32) []byte {
	var out []byte
	for _, x := range words {
		out = binary.BigEndian.AppendUint32(out, x)
	}
	return out
}

// small is an init segment of one H.264 track of 90 kHz.
func small() []byte {
	entry := make([]byte, 78)
	binary.BigEndian.PutUint16(entry[24:], 320)
	binary.BigEndian.PutUint16(entry[26:], 180)
	stbl := b("stbl", b("stsd", w(0, 1), b("avc1", entry, b("avcC", []byte{1, 0x4d, 0x40, 0x1f, 0xff, 0xe0, 0}))), b("stts", w(0, 0)))
	trak := b("trak", b("tkhd", w(0, 0, 0, 1, 0, 0)), b("mdia", b("mdhd", w(0, 0, 0, 90000, 0, 0)), b("minf", stbl)))
	return slices.Concat(b("ftyp", []byte("iso6")), b("moov", trak, b("mvex", b("trex", w(0, 1, 1, 0, 0, 0)))))
}

// part is a fragment of a key frame and another one.
func part(start uint32) []byte {
	idr, other := append(w(2), 0x65, 1), append(w(2), 0x41, 1)
	make := func(offset uint32) []byte {
		return b("moof", b("mfhd", w(0, 1)), b("traf", b("tfhd", w(0x020020, 1, 0x01010000)), b("tfdt", w(0, start)),
			b("trun", w(0x000305, 2, offset, 0x02000000, 3600, 6, 3600, 6))))
	}
	return slices.Concat(make(uint32(len(make(0))+8)), b("mdat", idr, other))
}

func TestRead(t *testing.T) {
	init, err := ReadInit(small())
	if err != nil {
		t.Fatal(err)
	}
	if k := init.Track(1); k == nil || k.Codec != "avc1.4d401f" || k.Width != 320 || k.Height != 180 || k.Timescale != 90000 {
		t.Errorf("%+v", k)
	}
	m, err := Read(slices.Concat(part(9000), part(16200)), init)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Stretches) != 2 {
		t.Fatalf("%d stretches", len(m.Stretches))
	}
	for i, start := range []int64{9000, 16200} {
		if s := m.Stretches[i]; s.Start != start || s.Duration != 7200 || s.Samples != 2 || !s.Sync || !s.AnySync {
			t.Errorf("%+v", s)
		}
	}
	if _, err := Read(part(0)[:60], init); !errors.Is(err, ErrMalformed) {
		t.Errorf("a fragment that is cut off: %v", err)
	}
}

// FuzzRead reads anything as an init segment and as media under a good one.
func FuzzRead(f *testing.F) {
	f.Add(small(), part(0))
	f.Add(small(), slices.Concat(part(0), part(7200)))
	f.Add([]byte{}, []byte{0, 0, 0, 1, 'm', 'o', 'o', 'f', 0, 0, 0, 0, 0, 0, 0, 16})
	f.Fuzz(func(t *testing.T, first, data []byte) {
		init, err := ReadInit(first)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			init, _ = ReadInit(small())
		}
		m, err := Read(data, init)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range m.Stretches {
			if s.Samples < 1 || s.Samples > len(data) || s.Start < 0 || s.Track == nil {
				t.Fatalf("%+v", s)
			}
		}
		if m.Lead() == nil {
			t.Fatal("media without a track")
		}
	})
}
