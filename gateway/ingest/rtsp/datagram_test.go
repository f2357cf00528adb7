package rtsp

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost"
)

// udpPublisher is a hand-made publisher by UDP.
type udpPublisher struct {
	control   net.Conn
	rtp, rtcp *net.UDPConn
	id        string
}

// publishUDP brings one to RECORD.
func publishUDP(t *testing.T, r *running) *udpPublisher {
	t.Helper()
	own, ownControl, err := ListenUDP("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	port := own.LocalAddr().(*net.UDPAddr).Port
	own.Close()
	ownControl.Close()
	p := &udpPublisher{control: r.dial(t)}
	if head := ask(t, p.control, "ANNOUNCE", r.url(pathKey), "", h264SDP); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	head := ask(t, p.control, "SETUP", r.url(pathKey+"/streamid=0"), fmt.Sprintf("Transport: RTP/AVP;unicast;client_port=%d-%d;mode=record\r\n", port, port+1), "")
	_, rest, _ := strings.Cut(head, "Session: ")
	p.id, _, _ = strings.Cut(rest, ";")
	_, rest, _ = strings.Cut(head, "server_port=")
	var to, toControl int
	if _, err := fmt.Sscanf(rest, "%d-%d", &to, &toControl); err != nil {
		t.Fatalf("no ports in %q: %v", head, err)
	}
	for _, s := range []struct {
		c        **net.UDPConn
		from, to int
	}{{&p.rtp, port, to}, {&p.rtcp, port + 1, toControl}} {
		local := net.IPv4(127, 0, 0, 1)
		if *s.c, err = net.DialUDP("udp", &net.UDPAddr{IP: local, Port: s.from}, &net.UDPAddr{IP: local, Port: s.to}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*s.c).Close() })
	}
	if head := ask(t, p.control, "RECORD", r.url(pathKey), "Session: "+p.id+"\r\n", ""); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
	return p
}

// send sends pictures of one packet each, in the order of the numbers.
func (p *udpPublisher) send(t *testing.T, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		packet := rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: uint16(n), Timestamp: uint32(n) * 3600, SSRC: 9},
			Payload: []byte{0x65, 0x88, 0x84, 1}}
		b, err := packet.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.rtp.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

// teardown says goodbye.
func (p *udpPublisher) teardown(t *testing.T, r *running) {
	t.Helper()
	if head := ask(t, p.control, "TEARDOWN", r.url(pathKey), "Session: "+p.id+"\r\n", ""); !strings.Contains(head, "200 OK") {
		t.Fatal(head)
	}
}

// TestDatagrams: of a camera that sends by UDP, what came is handed on whatever was
// lost before it, in order, also what came late and what came just before the goodbye.
func TestDatagrams(t *testing.T) {
	var first []int
	for n := range 100 {
		switch n % 10 {
		case 3: // lost
		case 5: // overtaken
			first = append(first, n+1, n+2, n)
		case 6, 7:
		default:
			first = append(first, n)
		}
	}
	for _, c := range []struct {
		name string
		sent []int
		lost uint64
	}{
		{"lost and overtaken", first, 10},
		{"twice", []int{0, 1, 1, 2, 2, 4, 4, 3, 3}, 0},
		{"over the end of the numbers", []int{1<<16 - 3, 1<<16 - 2, 1 << 16, 1<<16 - 1, 1<<16 + 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			p := publishUDP(t, r)
			s := r.admitter.Next(t)
			p.send(t, c.sent[0])
			s.Units(t, 1) // the library has shown where it comes from
			p.send(t, c.sent[1:]...)
			p.teardown(t, r)
			if got := s.Reason(t); got != gatepost.EndClosed {
				t.Errorf("ended with %q", got)
			}
			want := slices.Compact(slices.Sorted(slices.Values(c.sent)))
			var got []int
			for _, u := range s.Units(t, 1) {
				got = append(got, c.sent[0]+int(u.PTS/3600))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got pictures %v, want %v", got, want)
			}
			if lost, received := s.Loss(); lost != c.lost || received != uint64(len(want)) {
				t.Errorf("%d packets lost, %d received, want %d and %d", lost, received, c.lost, len(want))
			}
		})
	}
}

// TestSenderReport: reports, which come by the other port, reach the clock.
func TestSenderReport(t *testing.T) {
	r := start(t, nil)
	p := publishUDP(t, r)
	s := r.admitter.Next(t)
	p.send(t, 0)
	began := s.Units(t, 1)[0].NTP.Truncate(time.Millisecond).Add(2 * time.Second)
	b, err := (&rtcp.SenderReport{SSRC: 9, NTPTime: ntp.Encode(began)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 100; n++ {
		if _, err := p.rtcp.Write(b); err != nil {
			t.Fatal(err)
		}
		p.send(t, n)
		u := s.Units(t, n+1)[n]
		if d := u.NTP.Sub(began.Add(time.Duration(n) * 40 * time.Millisecond)); d.Abs() < time.Millisecond {
			return
		}
	}
	t.Error("no picture has the time of the camera's clock")
}

// TestClock: the wall time of a picture is the camera's own when it tells one that
// can be true, and its arrival otherwise.
func TestClock(t *testing.T) {
	arrival := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		sr   *rtcp.SenderReport
		want time.Time
	}{
		{"no report", nil, arrival},
		{"2 s ahead", &rtcp.SenderReport{SSRC: 9, NTPTime: ntp.Encode(arrival.Add(time.Second)), RTPTime: 90000}, arrival.Add(2 * time.Second)},
		{"2 s behind", &rtcp.SenderReport{SSRC: 9, NTPTime: ntp.Encode(arrival.Add(-4 * time.Second)), RTPTime: 0}, arrival.Add(-2 * time.Second)},
		{"an hour ahead", &rtcp.SenderReport{SSRC: 9, NTPTime: ntp.Encode(arrival.Add(time.Hour)), RTPTime: 180000}, arrival},
		{"of another source", &rtcp.SenderReport{SSRC: 8, NTPTime: ntp.Encode(arrival.Add(time.Second)), RTPTime: 180000}, arrival},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTrack(&description.Media{}, &format.H264{PayloadTyp: 96, PacketizationMode: 1})
			var k clock
			picture := func(at uint32) times {
				return k.timed(tr, &rtp.Packet{Header: rtp.Header{PayloadType: 96, Timestamp: at, SSRC: 9}, Payload: []byte{0x65, 0x88}}, arrival)
			}
			picture(176400)
			if c.sr != nil {
				tr.report(c.sr)
			}
			at := picture(180000)
			if d := at.ntp.Sub(c.want).Abs(); !at.timed || at.pts != 3600 || d > time.Microsecond {
				t.Errorf("%+v, want 3600 and %v", at, c.want)
			}
		})
	}
}
