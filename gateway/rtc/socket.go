package rtc

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
)

// socket is the UDP port of an Engine. Beside carrying packets it gathers those
// of a Batch that is open, so that the packets of one picture leave with one
// system call where the kernel segments (UDP_SEGMENT), and not with one each.
//
// Everything else — STUN, DTLS, RTCP, and RTP of nobody's Batch — goes at once.
type socket struct {
	*net.UDPConn
	segmenting atomic.Bool // the kernel takes several packets at once
	shards     [16]shard   // by SSRC

	// lanes are further descriptors of the same port. Writes to one descriptor go
	// one after the other, and hundreds of viewers would wait in line for it.
	lanes []*net.UDPConn

	inbox inbox
}

type shard struct {
	mu      sync.RWMutex
	batches map[uint32]*Batch
}

// newSocket takes over a UDP port and asks for large buffers.
func newSocket(conn *net.UDPConn, logger *slog.Logger) *socket {
	s := &socket{UDPConn: conn, inbox: newInbox(conn)}
	s.segmenting.Store(segments(conn))
	for i := range s.shards {
		s.shards[i].batches = make(map[uint32]*Batch)
	}
	s.openLanes()
	if n := forceBuffers(conn, socketBuffer); n < socketBuffer {
		logger.Info("the WebRTC port has a small receive buffer; bursts of many publishers may overflow it",
			"bytes", n, "wanted", socketBuffer, "remedy", "net.core.rmem_max or CAP_NET_ADMIN")
	}
	return s
}

// maxLanes bounds the descriptors of a port: no more are written to at a time than
// there are processors.
const maxLanes = 8

func (s *socket) openLanes() {
	for range min(maxLanes, runtime.GOMAXPROCS(0)) {
		lane, err := duplicate(s.UDPConn)
		if err != nil {
			break // it is written to the one descriptor then
		}
		s.lanes = append(s.lanes, lane)
	}
}

func duplicate(conn *net.UDPConn) (*net.UDPConn, error) {
	f, err := conn.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dup, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	return dup.(*net.UDPConn), nil
}

// lane returns the descriptor that a track writes to.
func (s *socket) lane(ssrc uint32) *net.UDPConn {
	if len(s.lanes) == 0 {
		return s.UDPConn
	}
	return s.lanes[ssrc/uint32(len(s.shards))%uint32(len(s.lanes))]
}

// Close implements net.PacketConn.
func (s *socket) Close() error {
	err := s.UDPConn.Close()
	for _, lane := range s.lanes {
		err = errors.Join(err, lane.Close())
	}
	return err
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (s *socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if ssrc, ok := mediaSSRC(p); ok {
		if b := s.find(ssrc); b != nil && b.take(p, to) {
			return len(p), nil
		}
	}
	return s.WriteToUDPAddrPort(p, to)
}

// mediaSSRC returns the SSRC of an RTP packet, whose header SRTP leaves in clear
// (RFC 3711 §3.1). It tells RTP from what else a WebRTC port carries by the first
// byte (RFC 7983 §7) and from RTCP by the second (RFC 5761 §4).
func mediaSSRC(p []byte) (uint32, bool) {
	if len(p) < 12 || p[0]>>6 != 2 {
		return 0, false
	}
	if t := p[1] & 0x7f; t >= 64 && t < 96 {
		return 0, false
	}
	return binary.BigEndian.Uint32(p[8:]), true
}

func (s *socket) shard(ssrc uint32) *shard { return &s.shards[ssrc%uint32(len(s.shards))] }

func (s *socket) find(ssrc uint32) *Batch {
	h := s.shard(ssrc)
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.batches[ssrc]
}

// enter makes a Batch known; false when its SSRC is another's.
func (s *socket) enter(b *Batch) bool {
	h := s.shard(b.ssrc)
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, taken := h.batches[b.ssrc]; taken {
		return false
	}
	h.batches[b.ssrc] = b
	return true
}

func (s *socket) forget(b *Batch) {
	h := s.shard(b.ssrc)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.batches, b.ssrc)
}

// send sends the packets that lie in buf one after the other, each of its size,
// as segments where it may. It returns false when the kernel takes none on this path.
// A packet that the kernel refuses is lost, like one that the network loses.
func (s *socket) send(lane *net.UDPConn, buf []byte, sizes []int, to netip.AddrPort, segment bool) bool {
	for len(sizes) > 0 {
		count, bytes := run(sizes)
		if count > 1 && segment && s.segmenting.Load() {
			err := s.sendSegments(lane, buf[:bytes], sizes[0], to)
			if err == nil {
				buf, sizes = buf[bytes:], sizes[count:]
				continue
			}
			segment = !refused(err)
		}
		for _, n := range sizes[:count] {
			_, _ = lane.WriteToUDPAddrPort(buf[:n], to)
			buf = buf[n:]
		}
		sizes = sizes[count:]
	}
	return segment
}

// Bounds of what one system call takes: segments of a message, and its bytes in a
// packet of IPv4, which has headers too.
const (
	maxSegments = 64
	maxGathered = 63 << 10
)

// run counts the packets at the beginning of sizes that may be sent as segments of
// one message: all of one size, only the last may be smaller.
func run(sizes []int) (count, bytes int) {
	for count < len(sizes) && count < maxSegments && sizes[count] <= sizes[0] && bytes+sizes[count] <= maxGathered {
		bytes += sizes[count]
		count++
		if sizes[count-1] < sizes[0] {
			break
		}
	}
	return count, bytes
}
