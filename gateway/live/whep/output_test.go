package whep

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// wire keeps the headers that it is given to send.
type wire struct {
	headers []rtp.Header
	bytes   int
	discard bool
}

func (w *wire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.bytes += len(payload)
	if !w.discard {
		w.headers = append(w.headers, *h)
	}
	return len(payload), nil
}

func (w *wire) Write(b []byte) (int, error) { return len(b), nil }

func (w *wire) sequence() []uint16 {
	var seqs []uint16
	for _, h := range w.headers {
		seqs = append(seqs, h.SequenceNumber)
	}
	return seqs
}

func outputOn(w webrtc.TrackLocalWriter, codec media.Codec, rate uint32, seq uint16) *output {
	o := newOutput(codec, rtc.Codec{RTPCodecCapability: webrtc.RTPCodecCapability{ClockRate: rate}})
	o.writer, o.seq = w, seq
	o.header = rtp.Header{Version: 2, SSRC: 5, PayloadType: 96}
	return o
}

func unit(video bool, sizes ...int) *packets {
	p := &packets{video: video}
	for _, n := range sizes {
		p.payloads, p.bytes = append(p.payloads, make([]byte, n)), p.bytes+n
	}
	return p
}

func write(t testing.TB, o *output, p *packets, at uint32) {
	t.Helper()
	if err := o.write(p, at); err != nil {
		t.Fatal(err)
	}
}

func TestOutputNumbersAndMarks(t *testing.T) {
	w := &wire{}
	o := outputOn(w, media.H264, 90000, 65534)
	write(t, o, unit(true, 10, 10, 10), 100)
	write(t, o, unit(true, 10), 3700)
	want := []rtp.Header{{SequenceNumber: 65534, Timestamp: 100}, {SequenceNumber: 65535, Timestamp: 100}, {Timestamp: 100, Marker: true}, {SequenceNumber: 1, Timestamp: 3700, Marker: true}}
	for i, h := range w.headers {
		want[i].Version, want[i].SSRC, want[i].PayloadType = 2, 5, 96
		if fmt.Sprint(h) != fmt.Sprint(want[i]) {
			t.Errorf("packet %d has %+v, want %+v", i, h, want[i])
		}
	}

	w = &wire{}
	o = outputOn(w, media.G711A, 8000, 0)
	write(t, o, unit(false, 960, 960, 80), 1000)
	for i, at := range []uint32{1000, 1960, 2920} {
		if h := w.headers[i]; h.Timestamp != at || h.Marker {
			t.Errorf("audio packet %d has %+v, want time %d", i, h, at)
		}
	}
}

func TestOutputSendsAgain(t *testing.T) {
	w := &wire{}
	o := outputOn(w, media.H264, 90000, 65500)
	for i := range 20 {
		write(t, o, unit(true, 10, 20, 30), uint32(i))
	}
	first := w.headers
	w.headers = nil
	o.resend([]uint16{65501, 3, 23, 24, 65499, 30000}) // the last three were never sent
	if got := w.sequence(); !slices.Equal(got, []uint16{65501, 3, 23}) {
		t.Fatalf("sent again: %v", got)
	}
	for i, at := range []int{1, 39, 59} {
		if fmt.Sprint(w.headers[i]) != fmt.Sprint(first[at]) {
			t.Errorf("sent again %+v, at first %+v", w.headers[i], first[at])
		}
	}

	for range 100 { // a browser that asks for ever
		o.resend([]uint16{10})
	}
	if n := len(w.headers); n != 3+maxResent*3 {
		t.Errorf("%d packets were sent again", n)
	}

	w.headers = nil
	for i := range history {
		write(t, o, unit(true, 10), uint32(100+i))
	}
	w.headers = nil
	if o.resend([]uint16{23, 24}); !slices.Equal(w.sequence(), []uint16{24}) {
		t.Errorf("of what is forgotten: %v", w.sequence())
	}
}

func TestOutputReports(t *testing.T) {
	o := outputOn(&wire{}, media.H264, 90000, 0)
	write(t, o, unit(true, 10, 20), 100)
	wall := time.Date(2026, 1, 1, 0, 0, 0, 500_000_000, time.UTC)
	now := time.Now()
	sr := o.report(now, wall, 100)
	if sr == nil || sr.SSRC != 5 || sr.RTPTime != 100 || sr.PacketCount != 2 || sr.OctetCount != 30 {
		t.Fatalf("report %+v", sr)
	}
	if want := uint64(3976214400)<<32 | 1<<31; sr.NTPTime != want { // 2026-01-01 is 46022 days after 1900-01-01
		t.Errorf("NTP time %d.%d, want %d.%d", sr.NTPTime>>32, uint32(sr.NTPTime), want>>32, uint32(want))
	}
	if o.report(now.Add(reportInterval-1), wall, 200) != nil {
		t.Error("two reports in a second")
	}
	if o.report(now.Add(reportInterval), wall, 200) == nil {
		t.Error("no second report")
	}
}

// A picture of 10 kB from access unit to the packets of each viewer, without the
// network.
func BenchmarkFan(b *testing.B) {
	for _, viewers := range []int{1, 200} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			run := &media.Run{ID: "r", Tracks: []*media.Track{{Codec: media.H264, ClockRate: 90000}}}
			nal := make([]byte, 10_000)
			nal[0] = 0x41
			var outputs []*output
			for range viewers {
				outputs = append(outputs, outputOn(&wire{discard: true}, media.H264, 90000, 0))
			}
			var p packetiser
			var at int64
			b.ReportAllocs()
			for b.Loop() {
				at += 3600
				out, err := p.packetise(run, &media.Unit{PTS: at, Data: [][]byte{nal}})
				if err != nil {
					b.Fatal(err)
				}
				for _, o := range outputs {
					write(b, o, out, uint32(at))
				}
			}
		})
	}
}
