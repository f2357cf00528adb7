package rtc

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	inboxPackets = 32
	inboxMTU     = 8192 // bytes; as much of a packet as the ICE library takes
)

// inbox takes what has arrived on a UDP port with one system call where the kernel
// can (recvmmsg), and hands it out packet by packet: a key frame comes in a burst.
type inbox struct {
	conn     *ipv4.PacketConn // reads either family
	messages []ipv4.Message
	have     int
	next     int // of have
	pace     pace
}

func newInbox(conn *net.UDPConn) inbox {
	in := inbox{conn: ipv4.NewPacketConn(conn), messages: make([]ipv4.Message, inboxPackets)}
	for i := range in.messages {
		in.messages[i].Buffers = [][]byte{make([]byte, inboxMTU)}
	}
	return in
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter. Only one goroutine may read.
func (s *socket) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	in := &s.inbox
	for in.next == in.have {
		if in.pace.busy && in.have < inboxPackets {
			time.Sleep(rest)
		}
		n, err := in.conn.ReadBatch(in.messages, 0)
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		in.next, in.have = 0, n
		in.pace.count(n, time.Now())
	}
	m := &in.messages[in.next]
	in.next++
	from, ok := m.Addr.(*net.UDPAddr)
	if !ok {
		return 0, netip.AddrPort{}, net.InvalidAddrError("a packet of no UDP address")
	}
	return copy(p, m.Buffers[0][:m.N]), from.AddrPort(), nil
}

const (
	// rest is how long a busy port is left alone after it was emptied. The packets
	// of a picture are then taken together, and wake the goroutines behind the port
	// once and not one by one.
	rest = time.Millisecond

	// busyRate is from how many packets a second on a port is busy: some ten
	// publishers. Viewers alone send far less.
	busyRate = 2000

	paceInterval = 20 * time.Millisecond
)

// pace tells whether a port is busy, from what came in the last whole interval.
type pace struct {
	busy  bool
	since time.Time
	got   int
}

// count takes how many packets were read at a time.
func (p *pace) count(n int, now time.Time) {
	p.got += n
	elapsed := now.Sub(p.since)
	if elapsed < paceInterval {
		return
	}
	p.busy = float64(p.got) > busyRate*elapsed.Seconds()
	p.since, p.got = now, 0
}
