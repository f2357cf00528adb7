package chaos

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// network is a bad one, between a camera and the gateway by UDP.
type network struct {
	percent int

	mu            sync.Mutex
	random        *rand.Rand
	lost, swapped int
}

func newNetwork(seed uint64, percent int) *network {
	return &network{percent: percent, random: rand.New(rand.NewPCG(seed, 1))}
}

func (n *network) hit(of int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.random.IntN(100) < of
}

func (n *network) counts() (lost, swapped int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lost, n.swapped
}

// lose drops some packets of a frame, and tells whether it did.
func (n *network) lose(packets []*rtp.Packet) (left []*rtp.Packet, hurt bool) {
	for _, p := range packets {
		if n.hit(n.percent) {
			hurt = true
			n.mu.Lock()
			n.lost++
			n.mu.Unlock()
			continue
		}
		left = append(left, p)
	}
	return left, hurt
}

// listen makes a socket that sends some packets after those that follow them.
func (n *network) listen(network, address string) (net.PacketConn, error) {
	c, err := net.ListenPacket(network, address)
	if err != nil || n.percent == 0 {
		return c, err
	}
	return &swapping{UDPConn: c.(*net.UDPConn), n: n}, nil
}

type swapping struct {
	*net.UDPConn
	n *network

	mu   sync.Mutex
	held []byte
	to   net.Addr
}

// overtaken is how long a packet is on its way when none follows that overtakes it.
const overtaken = frameTime / 2

func (s *swapping) WriteTo(b []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil && s.n.hit(5) {
		s.held, s.to = append([]byte{}, b...), to
		time.AfterFunc(overtaken, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			_ = s.release() // fails when the camera has gone
		})
		return len(b), nil
	}
	size, err := s.UDPConn.WriteTo(b, to)
	if err == nil && s.held != nil {
		err = s.release()
		s.n.mu.Lock()
		s.n.swapped++
		s.n.mu.Unlock()
	}
	return size, err
}

func (s *swapping) release() error {
	if s.held == nil {
		return nil
	}
	_, err := s.UDPConn.WriteTo(s.held, s.to)
	s.held = nil
	return err
}
