package rtc

import (
	"net"
	"net/netip"

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
		n, err := in.conn.ReadBatch(in.messages, 0)
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		in.next, in.have = 0, n
	}
	m := &in.messages[in.next]
	in.next++
	from, ok := m.Addr.(*net.UDPAddr)
	if !ok {
		return 0, netip.AddrPort{}, net.InvalidAddrError("a packet of no UDP address")
	}
	return copy(p, m.Buffers[0][:m.N]), from.AddrPort(), nil
}
