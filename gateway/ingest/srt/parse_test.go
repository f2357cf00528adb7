package srt

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/gateway/ingest/ingesttest"
)

var streamIDs = []struct {
	id   string
	want ingest.Target
	err  error
}{
	{"publish:cam", ingest.Target{CameraID: "cam"}, nil},
	{"publish:cam:k", ingest.Target{CameraID: "cam", Key: "k"}, nil},
	{"publish:cam:", ingest.Target{CameraID: "cam"}, nil},
	{"#!::m=publish,r=cam,s=k", ingest.Target{CameraID: "cam", Key: "k"}, nil},
	{"#!::r=cam,m=publish,u=someone,h=host,t=stream", ingest.Target{CameraID: "cam"}, nil},
	{"#!::r=cam", ingest.Target{}, errMode},
	{"#!::r=cam,m=bidirectional", ingest.Target{}, errMode},
	{"#!::r=cam,m", ingest.Target{}, errStreamID},
	{"#!::m=publish", ingest.Target{}, errStreamID},
	{"#!::m=publish,r=a/b", ingest.Target{}, errStreamID},
	{"read:cam", ingest.Target{}, errMode},
	{"publish", ingest.Target{}, errStreamID},
	{"publish:", ingest.Target{}, errStreamID},
	{"publish:/cam", ingest.Target{}, errStreamID},
	{"publish:cam/k", ingest.Target{}, errStreamID},
	{"publish:a:b:c", ingest.Target{}, errStreamID},
	{"", ingest.Target{}, errStreamID},
}

func TestParseStreamID(t *testing.T) {
	for _, c := range streamIDs {
		if got, err := parseStreamID(c.id); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("parseStreamID(%q) = %+v, %v", c.id, got, err)
		}
	}
}

func FuzzParseStreamID(f *testing.F) {
	for _, c := range streamIDs {
		f.Add(c.id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got, err := parseStreamID(id)
		if (err == nil) != (got.CameraID != "") {
			t.Fatalf("%+v, %v", got, err)
		}
		if err == nil {
			if back, err := parseStreamID("publish:" + got.CameraID + ":" + got.Key); err != nil || back != got {
				t.Fatalf("%+v came back as %+v, %v", got, back, err)
			}
		}
	})
}

// ts makes a transport packet.
func ts(pid uint16, counter byte, start bool) []byte {
	p := bytes.Repeat([]byte{0xff}, packetSize)
	p[0], p[1], p[2], p[3] = 0x47, byte(pid>>8), byte(pid), 0x10|counter&0x0f
	if start {
		p[1] |= 0x40
	}
	return p
}

func TestGuardCounts(t *testing.T) {
	var b []byte
	b = append(b, "garbage"...)
	for _, c := range []byte{14, 15, 0, 1, 4, 5} { // 2 and 3 are lost
		b = append(b, ts(256, c, true)...)
	}
	b = append(b, ts(257, 9, true)...)
	b = append(b, ts(0x1fff, 3, false)...)
	g := &guard{r: bytes.NewReader(b)}
	if _, err := io.Copy(io.Discard, io.LimitReader(g, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if lost, received := g.counts(); lost != 2 || received != 8 {
		t.Errorf("%d lost, %d received", lost, received)
	}
}

func TestGuardLimits(t *testing.T) {
	endless := &guard{r: &repeat{packet: func(i int) []byte { return ts(256, byte(i), i == 0) }}}
	if n, err := io.Copy(io.Discard, endless); !errors.Is(err, errTooBig) || n > maxPending+packetSize {
		t.Errorf("%d bytes, %v", n, err)
	}
	many := &guard{r: &repeat{packet: func(i int) []byte { return ts(uint16(i), 0, true) }}}
	if n, err := io.Copy(io.Discard, many); !errors.Is(err, errTooBig) || n > (maxPIDs+1)*packetSize {
		t.Errorf("%d bytes, %v", n, err)
	}
	fine := &guard{r: io.LimitReader(&repeat{packet: func(i int) []byte { return ts(256, byte(i), i%1000 == 0) }}, 8<<20)}
	if _, err := io.Copy(io.Discard, fine); err != nil {
		t.Error(err)
	}
}

// repeat reads as packets without end.
type repeat struct {
	packet func(i int) []byte
	i      int
	rest   []byte
}

func (r *repeat) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.rest = r.packet(r.i)
		r.i++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func FuzzDemuxer(f *testing.F) {
	pat := []byte{0x47, 0x40, 0x00, 0x10, 0x00, 0x00, 0xb0, 0x0d, 0x00, 0x01, 0xc1, 0x00, 0x00, 0x00, 0x01, 0xf0, 0x00, 0x2a, 0xb1, 0x04, 0xb2}
	pmt := []byte{0x47, 0x50, 0x00, 0x10, 0x00, 0x02, 0xb0, 0x12, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x00, 0xf0, 0x00, 0x1b, 0xe1, 0x00, 0xf0, 0x00, 0x15, 0xbd, 0x4d, 0x56}
	pes := []byte{0x47, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1, 0, 0, 0, 1, 0x65, 0x88}
	pad := func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, packetSize-len(b))...) }
	seed := append(append(append(pad(pat), pad(pmt)...), pad(pes)...), pad(bytes.Clone(pes))...)
	f.Add(seed)
	f.Add([]byte("garbage"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &ingesttest.Session{}
		d := &demuxer{guard: guard{r: bytes.NewReader(b)}, pub: s}
		err := d.open()
		for err == nil {
			err = d.read()
		}
		for _, u := range s.Units(t, 0) {
			if u.Size() == 0 || u.PTS < u.DTS || u.Track >= len(s.Tracks()) {
				t.Fatalf("%+v", u)
			}
		}
	})
}
