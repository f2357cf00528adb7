package rtc

import (
	"bytes"
	"log/slog"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What the kernel does not take as segments, here for want of checksums, goes packet
// by packet, and is not offered as segments again.
func TestBatchRefused(t *testing.T) {
	to := listen(t, "127.0.0.1:0")
	from := listen(t, "127.0.0.1:0")
	s := newSocket(from, slog.New(slog.DiscardHandler))
	if !s.segmenting.Load() {
		t.Skip("the kernel does not segment")
	}
	if err := control(from, func(fd int) {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	b := (&Engine{socket: s}).Batch(7)
	address := to.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := s.sendSegments(from, make([]byte, 1000), 500, address); !refused(err) {
		t.Fatal("segments were taken: ", err)
	}
	for picture := range 2 {
		b.Begin()
		var want [][]byte
		for i := range 5 {
			want = append(want, rtpPacket(7, uint16(5*picture+i), 500))
			if _, err := s.WriteToAddrPort(want[i], address); err != nil {
				t.Fatal(err)
			}
		}
		b.Flush()
		for i, got := range receive(t, to, 5) {
			if !bytes.Equal(got, want[i]) {
				t.Errorf("packet %d of picture %d is another", i, picture)
			}
		}
		if b.single != address {
			t.Error("the next picture would be offered as segments again")
		}
	}
}
