package clip

import (
	"bytes"
	"testing"
	"time"
)

var (
	sps   = []byte{0x67, 66, 0, 31}
	pps   = []byte{0x68, 1, 2}
	idr   = append([]byte{0x65, 0x88}, bytes.Repeat([]byte{7}, 3000)...)
	slice = []byte{0x41, 0x9a, 5}
	more  = []byte{0x41, 0x1a, 6} // a second slice of the same picture
)

func stream() []byte {
	var b []byte
	for _, n := range [][]byte{{9, 0xf0}, sps, pps, {6, 5, 1, 0x41, 0x80}, idr, {9, 0xf0}, slice, more, slice} {
		b = append(append(b, 0, 0, 0, 1), n...)
	}
	return b
}

func TestParse(t *testing.T) {
	c, err := Parse(stream())
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, u := range c.Units {
		sizes = append(sizes, len(u.NALUs))
	}
	if len(sizes) != 3 || sizes[0] != 3 || sizes[1] != 2 || sizes[2] != 1 {
		t.Errorf("units of %v NAL units, want 3, 2 and 1", sizes)
	}
	if !c.Units[0].Key || c.Units[1].Key || !bytes.Equal(c.SPS, sps) || !bytes.Equal(c.PPS, pps) {
		t.Errorf("key frames or parameter sets are not found: %+v", c)
	}
	if _, err := Parse(append([]byte{0, 0, 1}, slice...)); err == nil {
		t.Error("a clip without a key frame is taken")
	}
}

// TestMarks sends every picture as RTP and as an access unit and wants to find its
// mark in both.
func TestMarks(t *testing.T) {
	c, err := Parse(stream())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Round(0)
	for i, unit := range c.Packets(1000) {
		m := Mark{At: at.Add(time.Duration(i)), Number: uint32(0xfffffff0 + i)}
		var sent, found []Mark
		for j, p := range unit {
			payload := p.Payload(make([]byte, 64), m)
			if len(payload) > 1000 {
				t.Errorf("a payload of %d bytes", len(payload))
			}
			if p.Last != (j == len(unit)-1) {
				t.Errorf("picture %d: packet %d of %d has the marker bit wrong", i, j, len(unit))
			}
			Scan(payload, func(m Mark) { sent = append(sent, m) })
		}
		Scan(bytes.Join(c.Units[i].Marked(m), nil), func(m Mark) { found = append(found, m) })
		if len(sent) != 1 || !sent[0].At.Equal(m.At) || sent[0].Number != m.Number {
			t.Errorf("picture %d is marked %v in its packets, want %v", i, sent, m)
		}
		if len(found) != 1 || found[0] != sent[0] {
			t.Errorf("picture %d is marked %v as a unit", i, found)
		}
	}
	if len(c.Units[0].NALUs) != 3 {
		t.Error("marking changed the clip")
	}
}

// TestFragments puts the fragments of a NAL unit together again.
func TestFragments(t *testing.T) {
	packets := appendPackets(nil, idr, 1000)
	if len(packets) != 4 {
		t.Fatalf("%d fragments", len(packets))
	}
	whole := []byte{packets[0].payload[0]&0xe0 | packets[0].payload[1]&0x1f}
	for i, p := range packets {
		if start, end := p.payload[1]&0x80 != 0, p.payload[1]&0x40 != 0; start != (i == 0) || end != (i == 3) {
			t.Errorf("fragment %d: start %t, end %t", i, start, end)
		}
		whole = append(whole, p.payload[2:]...)
	}
	if !bytes.Equal(whole, idr) {
		t.Error("the fragments are not the NAL unit")
	}
}

func FuzzScan(f *testing.F) {
	f.Add(Mark{At: time.Unix(1, 2), Number: 3}.NALU())
	f.Add([]byte(uuid))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		Scan(b, func(Mark) { n++ })
		if n*markSize > len(b) {
			t.Errorf("%d marks in %d bytes", n, len(b))
		}
	})
}
