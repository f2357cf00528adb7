package chaos

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// relay passes datagrams between cameras and a port of the gateway, and loses some
// both ways.
type relay struct {
	address string // where cameras send to
	to      string
	n       *network
	passed  atomic.Int64

	front  *net.UDPConn
	mu     sync.Mutex
	backs  map[string]net.Conn // by the camera's address
	closed bool                // and no more are made
	all    sync.WaitGroup
}

func newRelay(t *testing.T, to string, n *network) *relay {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: front.LocalAddr().String(), to: to, n: n, front: front, backs: map[string]net.Conn{}}
	r.all.Go(r.forth)
	t.Cleanup(func() {
		front.Close()
		r.mu.Lock()
		r.closed = true
		for _, b := range r.backs {
			b.Close()
		}
		r.mu.Unlock()
		r.all.Wait()
	})
	return r
}

// lose tells whether the next datagram is lost.
func (r *relay) lose() bool {
	r.passed.Add(1)
	if !r.n.hit(r.n.percent) {
		return false
	}
	r.n.mu.Lock()
	r.n.lost++
	r.n.mu.Unlock()
	return true
}

func (r *relay) forth() {
	b := make([]byte, 2048)
	for {
		n, from, err := r.front.ReadFromUDP(b)
		if err != nil {
			return
		}
		back, err := r.back(from)
		if err != nil {
			return
		}
		if !r.lose() {
			_, _ = back.Write(b[:n]) // as unreliable as the network
		}
	}
}

// back is the socket of one camera towards the gateway.
func (r *relay) back(camera *net.UDPAddr) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.backs[camera.String()]; c != nil {
		return c, nil
	}
	if r.closed {
		return nil, net.ErrClosed
	}
	c, err := net.Dial("udp", r.to)
	if err != nil {
		return nil, err
	}
	r.backs[camera.String()] = c
	r.all.Go(func() {
		b := make([]byte, 2048)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if !r.lose() {
				_, _ = r.front.WriteTo(b[:n], camera)
			}
		}
	})
	return c, nil
}

// candidates puts the relay into an answer in the gateway's place.
func (r *relay) candidates(sdp string) string {
	_, gateway, _ := net.SplitHostPort(r.to)
	_, own, _ := net.SplitHostPort(r.address)
	var out []string
	for line := range strings.SplitSeq(sdp, "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") {
			if !strings.Contains(strings.ToLower(line), " udp ") {
				continue
			}
			line = strings.Replace(line, fmt.Sprintf(" %s typ ", gateway), fmt.Sprintf(" %s typ ", own), 1)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\r\n")
}
