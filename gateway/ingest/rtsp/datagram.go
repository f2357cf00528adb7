package rtsp

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// datagrams is the socket of all UDP publishers' RTP. It shows each packet of a
// claimed address to its session, and then gives it to the library, which answers with
// receiver reports and notices silence. What the library hands on is not used:
// after a loss it holds 64 packets back, and gives up all that is
// missing among them at once, also what is only late.
//
// ReadFrom is for one goroutine, that of the library's reader.
type datagrams struct {
	*net.UDPConn
	from netip.AddrPort // of what the library got last

	mu     sync.Mutex
	claims map[netip.AddrPort]claim
}

// claim says whose packets come from an address.
type claim struct {
	s *session
	t *track
}

// ReadFrom gives the library every packet, and its session the same before.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := d.UDPConn.ReadFrom(b)
	if err != nil {
		return n, from, err
	}
	if u, ok := from.(*net.UDPAddr); ok {
		d.from = u.AddrPort()
		d.mu.Lock()
		c := d.claims[d.from]
		d.mu.Unlock()
		if c.s != nil && n < len(b) { // a longer one is cut off, and the library refuses it
			c.s.datagram(c.t, b[:n], time.Now())
		}
	}
	return n, from, nil
}

// claim makes the sender of the packet that the library is just handing on one of
// the session's.
func (d *datagrams) claim(s *session, t *track) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claims[d.from] = claim{s, t}
}

// release forgets a session.
func (d *datagrams) release(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for from, c := range d.claims {
		if c.s == s {
			delete(d.claims, from)
		}
	}
}

// datagram is a packet on its way from the shared socket to its session.
type datagram struct {
	*rtp.Packet
	track *track
	at    time.Time
}

// queueLength is how many packets of one UDP publisher wait while it is written
// out; more are dropped and counted. It is two seconds of 4 Mbit/s.
const queueLength = 1024

// claim takes the first packet of a track from the library, and those that follow
// from its socket.
func (s *session) claim(rs *gortsplib.ServerSession, t *track) {
	t.reorder = &ingest.Reorderer{Wait: s.h.opts.Reorder, Emit: func(p *rtp.Packet, at time.Time, _ bool) { s.deliver(t, p, at) }}
	claimed := false
	rs.OnPacketRTP(t.announced, t.format, func(p *rtp.Packet) {
		if !claimed {
			claimed = true
			s.h.datagrams.claim(s, t)
			s.enqueue(datagram{p, t, time.Now()})
		}
	})
}

// datagram takes a packet before the library does, which counts what is none.
func (s *session) datagram(t *track, b []byte, now time.Time) {
	p := &rtp.Packet{}
	if parseRTP(bytes.Clone(b), p) && p.PayloadType == t.format.PayloadType() {
		s.passed.Add(1)
		s.enqueue(datagram{p, t, now})
	}
}

// enqueue runs on the goroutine of the socket, which serves all UDP publishers and
// must not wait. What a full queue drops is missing later, and counted then.
func (s *session) enqueue(d datagram) {
	s.lastPacket.Store(d.at.UnixNano())
	select {
	case s.queue <- d:
	default:
	}
}

// arrange takes a packet from the queue, and sets the timer when it has to wait.
func (s *session) arrange(d datagram, overdue *time.Timer) {
	r := d.track.reorder
	_, waited := r.Deadline()
	r.Push(d.Packet, d.at)
	s.account(r)
	if _, waits := r.Deadline(); waits && !waited {
		s.arm(overdue)
	}
}

// expire gives up on what has been waited for too long, after a look at what the
// queue holds.
func (s *session) expire(overdue *time.Timer) {
	now := time.Now()
	for range len(s.queue) {
		s.arrange(<-s.queue, overdue)
	}
	for _, t := range s.tracks {
		t.reorder.Expire(now)
		s.account(t.reorder)
	}
	s.arm(overdue)
}

// arm sets the timer for the packet that is due first.
func (s *session) arm(overdue *time.Timer) {
	var next time.Time
	for _, t := range s.tracks {
		if at, waits := t.reorder.Deadline(); waits && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		overdue.Reset(time.Until(next))
	}
}

// drain hands on what is left when the camera has gone.
func (s *session) drain() {
	for len(s.queue) > 0 {
		d := <-s.queue
		d.track.reorder.Push(d.Packet, d.at)
	}
	for _, t := range s.tracks {
		t.reorder.Flush()
		s.account(t.reorder)
	}
}

// account reports what was lost; what came is reported with its unit.
func (s *session) account(r *ingest.Reorderer) {
	if lost, _ := r.Counts(); lost > 0 {
		s.pub.Lost(lost, 0)
	}
}
