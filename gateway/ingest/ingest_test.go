package ingest

import (
	"bytes"
	"net"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestVideoUnit(t *testing.T) {
	sps, pps, idr, p, aud, sei := []byte{0x67, 1}, []byte{0x68, 1}, []byte{0x65, 0x88}, []byte{0x41, 0x9a}, []byte{9, 0x10}, []byte{6, 5}
	v := Video{Codec: media.H264}
	steps := []struct {
		name    string
		in      [][]byte
		out     [][]byte
		key, ok bool
	}{
		{"parameter sets alone wait", [][]byte{sps, pps}, nil, false, false},
		{"and come with the next picture", [][]byte{aud, idr}, [][]byte{sps, pps, idr}, true, true},
		{"once", [][]byte{aud, sei, p}, [][]byte{sei, p}, false, true},
		{"empty units do no harm", [][]byte{{}, p, nil}, [][]byte{p}, false, true},
		{"nothing", nil, nil, false, false},
		{"only a delimiter", [][]byte{aud}, nil, false, false},
	}
	for _, s := range steps {
		out, key, ok := v.Unit(append([][]byte(nil), s.in...))
		if key != s.key || ok != s.ok || len(out) != len(s.out) {
			t.Fatalf("%s: %v %v %v", s.name, out, key, ok)
		}
		for i := range out {
			if !bytes.Equal(out[i], s.out[i]) {
				t.Fatalf("%s: unit %d is %x, want %x", s.name, i, out[i], s.out[i])
			}
		}
	}
	h265 := Video{Codec: media.H265}
	for typ, want := range map[byte][2]bool{19: {true, true}, 20: {true, true}, 21: {true, true}, 16: {true, true}, 1: {false, true}, 33: {false, false}, 35: {false, false}} {
		_, key, ok := h265.Unit([][]byte{{typ << 1, 1, 0x80}})
		if key != want[0] || ok != want[1] {
			t.Errorf("H.265 type %d: key %v picture %v", typ, key, ok)
		}
	}
	av1 := Video{Codec: media.AV1}
	if _, key, ok := av1.Unit([][]byte{{2 << 3}, {1 << 3, 0}, {6 << 3, 0}}); !key || !ok {
		t.Error("an AV1 frame with its sequence header is a key frame")
	}
	if data, key, ok := av1.Unit([][]byte{{2 << 3}, {6 << 3, 0}}); key || !ok || len(data) != 1 {
		t.Error("an AV1 frame alone is none")
	}
}

func FuzzVideoUnit(f *testing.F) {
	f.Add(byte(0), []byte{0x67, 1, 0xff, 0x65, 0x88, 0xff, 9})
	f.Add(byte(1), []byte{0x26, 1, 0x80, 0xff, 0x02, 1})
	f.Add(byte(2), []byte{0x12, 0xff, 0x0a, 1, 0xff, 0x32})
	f.Fuzz(func(t *testing.T, c byte, b []byte) {
		codec := []media.Codec{media.H264, media.H265, media.AV1}[c%3]
		v := Video{Codec: codec}
		for _, half := range [][]byte{b[:len(b)/2], b[len(b)/2:]} {
			data, key, ok := v.Unit(bytes.Split(half, []byte{0xff}))
			if !ok && (data != nil || key) || ok && len(data) == 0 {
				t.Fatalf("data %x key %v ok %v", data, key, ok)
			}
			for _, n := range data {
				if len(n) == 0 {
					t.Fatal("an empty unit came through")
				}
				StartsPicture(codec, n)
			}
		}
	})
}

func TestSteady(t *testing.T) {
	var s Steady
	// AAC at 44.1 kHz through RTMP: 1024 samples are 23.22 ms, sent as 0 23 46 70 93 …
	var want int64
	for i := range 1000 {
		ms := int64(float64(i)*1024/44.1 + 0.5)
		if got := s.At(Rescale(ms, 1000, 44100), 1024, 100); got != want {
			t.Fatalf("frame %d at %d, want %d", i, got, want)
		}
		want += 1024
	}
	if got := s.At(want+5000, 1024, 100); got != want+5000 {
		t.Fatalf("a gap was closed: %d", got)
	}
}

func TestRescale(t *testing.T) {
	for _, c := range []struct {
		v        int64
		from, to int
		want     int64
	}{{90000, 90000, 48000, 48000}, {1, 1000, 44100, 44}, {-1, 1000, 44100, -44}, {1 << 50, 90000, 48000, 600479950316066}, {3, 2, 1, 2}, {-3, 2, 1, -2}} {
		if got := Rescale(c.v, c.from, c.to); got != c.want {
			t.Errorf("Rescale(%d, %d, %d) = %d, want %d", c.v, c.from, c.to, got, c.want)
		}
	}
}

func TestLimiter(t *testing.T) {
	a := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}
	b := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 1}
	c := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 3), Port: 1}
	l := NewLimiter(2, 3)
	for i, step := range []struct {
		addr net.Addr
		want bool
	}{{a, true}, {a, true}, {a, false}, {b, true}, {b, false}, {c, false}} {
		if got := l.Acquire(step.addr); got != step.want {
			t.Fatalf("step %d: %v", i, got)
		}
	}
	l.Release(a)
	if !l.Acquire(c) {
		t.Fatal("a place given back is not there")
	}
	l.Release(a)
	l.Release(b)
	l.Release(c)
	if len(l.hosts) != 0 || l.open != 0 {
		t.Fatalf("left over: %v, %d", l.hosts, l.open)
	}
}
