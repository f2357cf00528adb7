package ingest

import (
	"net"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestStartsPicture(t *testing.T) {
	for _, c := range []struct {
		codec media.Codec
		nal   []byte
		want  bool
	}{
		{media.H264, []byte{0x65, 0x88}, true}, {media.H264, []byte{0x41, 0x9a}, true}, {media.H264, []byte{0x41, 0x1a}, false},
		{media.H264, []byte{0x67, 0x42}, true}, {media.H264, []byte{0x43, 0xff}, false}, {media.H264, []byte{0x65}, false}, {media.H264, nil, false},
		{media.H265, []byte{0x26, 1, 0x80}, true}, {media.H265, []byte{0x02, 1, 0x40}, false}, {media.H265, []byte{0x40, 1, 0x0c}, true}, {media.H265, []byte{0x26}, false},
	} {
		if got := StartsPicture(c.codec, c.nal); got != c.want {
			t.Errorf("%s %x: %v", c.codec, c.nal, got)
		}
	}
}

func TestSteady(t *testing.T) {
	var s Steady
	// AAC at 44.1 kHz through RTMP: 1024 samples are 23.22 ms, sent as 0 23 46 70 93 …
	var want int64
	for i := range 1000 {
		ms := int64(float64(i)*1024/44.1 + 0.5)
		if got := s.At(media.Rescale(ms, 1000, 44100), 1024, 100); got != want {
			t.Fatalf("frame %d at %d, want %d", i, got, want)
		}
		want += 1024
	}
	if got := s.At(want+5000, 1024, 100); got != want+5000 {
		t.Fatalf("a gap was closed: %d", got)
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
