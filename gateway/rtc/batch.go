package rtc

import (
	"net"
	"net/netip"
	"sync"
)

// Batch gathers the packets of one outgoing track from Begin to Flush, so that a
// picture costs few system calls. Nothing waits for a timer: what was gathered
// goes with Flush, and what is written outside goes at once. A nil Batch is valid
// and gathers nothing. Its methods may be called from several goroutines.
type Batch struct {
	socket *socket
	ssrc   uint32
	lane   *net.UDPConn

	mu       sync.Mutex
	gathered *gathered      // nil outside
	single   netip.AddrPort // where the kernel takes no segments, on a path of small packets for one
}

// gathered is packets for one destination, one after the other.
type gathered struct {
	to    netip.AddrPort
	buf   []byte
	sizes []int
}

// usualPicture is the room for a picture to begin with.
const usualPicture = 16 << 10

var gatheredPool = sync.Pool{New: func() any {
	return &gathered{buf: make([]byte, 0, usualPicture)}
}}

// Batch returns the Batch of a track that is sent under ssrc; nil when the port
// cannot gather or another track has the same ssrc. It must be closed.
func (e *Engine) Batch(ssrc uint32) *Batch {
	if e == nil || e.socket == nil {
		return nil
	}
	b := &Batch{socket: e.socket, ssrc: ssrc, lane: e.socket.lane(ssrc)}
	if !e.socket.enter(b) {
		return nil
	}
	return b
}

// Begin gathers what the track sends from now on.
func (b *Batch) Begin() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gathered == nil {
		b.gathered = gatheredPool.Get().(*gathered)
	}
}

// Flush sends what was gathered since Begin.
func (b *Batch) Flush() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.gathered
	if g == nil {
		return
	}
	b.gathered = nil
	b.empty(g)
	gatheredPool.Put(g)
}

// Close gives up the track's ssrc; what was gathered and not flushed is dropped.
func (b *Batch) Close() {
	if b == nil {
		return
	}
	b.socket.forget(b)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gathered = nil
}

// take keeps a copy of a packet; false when it must be sent at once.
func (b *Batch) take(p []byte, to netip.AddrPort) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.gathered
	if g == nil || len(p) > maxGathered {
		return false
	}
	if to != g.to || len(g.buf)+len(p) > maxGathered {
		b.empty(g) // the path changed, or the picture is large
	}
	g.to = to
	g.buf = append(g.buf, p...)
	g.sizes = append(g.sizes, len(p))
	return true
}

func (b *Batch) empty(g *gathered) {
	if !b.socket.send(b.lane, g.buf, g.sizes, g.to, g.to != b.single) {
		b.single = g.to
	}
	g.buf, g.sizes = g.buf[:0], g.sizes[:0]
}
