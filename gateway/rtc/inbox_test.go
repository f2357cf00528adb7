package rtc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"
)

// Packets are read whole, in order, and with the address that they came from,
// however many wait.
func TestInbox(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			s := openSocket(t, addr)
			dst := s.LocalAddr().(*net.UDPAddr).AddrPort()
			senders := []*net.UDPConn{listen(t, addr), listen(t, addr)}
			const n = 3*inboxPackets + 1
			for i := range n {
				if _, err := senders[i%2].WriteToUDPAddrPort(rtpPacket(7, uint16(i), 12+i), dst); err != nil {
					t.Fatal(err)
				}
			}
			buf := make([]byte, 1500)
			for i := range n {
				size, from, err := s.ReadFromAddrPort(buf)
				if err != nil {
					t.Fatal(err)
				}
				if want := senders[i%2].LocalAddr().(*net.UDPAddr).AddrPort(); from != want {
					t.Fatalf("packet %d from %v, want %v", i, from, want)
				}
				if !bytes.Equal(buf[:size], rtpPacket(7, uint16(i), 12+i)) {
					t.Fatalf("packet %d is number %d of %d bytes", i, binary.BigEndian.Uint16(buf[2:]), size)
				}
			}
		})
	}
}

func TestInboxEndsWithItsPort(t *testing.T) {
	s := openSocket(t, "127.0.0.1:0")
	ended := make(chan error, 1)
	go func() {
		_, _, err := s.ReadFromAddrPort(make([]byte, 1500))
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the read ended with %v", err)
	}
}

// A port is busy after an interval in which much came, and quiet after one in which
// little did; a pause counts.
func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(1000, 0)
	read := func(n int, every, length time.Duration) {
		for end := now.Add(length); now.Before(end); {
			now = now.Add(every)
			p.count(n, now)
		}
	}
	read(1, time.Second/100, time.Second) // a few viewers
	if p.busy {
		t.Fatal("100 packets a second are much")
	}
	read(9, 2*time.Millisecond, time.Second) // twenty publishers
	if !p.busy {
		t.Fatal("4,500 packets a second are little")
	}
	read(30, 500*time.Millisecond, 500*time.Millisecond) // one burst after a pause
	if p.busy {
		t.Error("a burst after half a second makes the port busy")
	}
}
