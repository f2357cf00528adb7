package rtc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// rtpPacket is one that a Batch knows by its ssrc.
func rtpPacket(ssrc uint32, seq uint16, size int) []byte {
	p := bytes.Repeat([]byte{byte(seq)}, size)
	p[0], p[1] = 0x80, 96
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return p
}

func listen(t testing.TB, addr string) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
	if err != nil {
		t.Skip("no such address here: ", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func openSocket(t testing.TB, addr string) *socket {
	t.Helper()
	s := newSocket(listen(t, addr), slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// receive reads n packets.
func receive(t *testing.T, conn *net.UDPConn, n int) [][]byte {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	buf := make([]byte, 65536)
	for len(got) < n {
		size, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("after %d of %d packets: %v", len(got), n, err)
		}
		got = append(got, bytes.Clone(buf[:size]))
	}
	return got
}

// What is gathered arrives as it was written: every packet whole, and in order.
func TestBatch(t *testing.T) {
	many := slices.Repeat([]int{300}, 300) // more than one message takes, in number and in bytes
	tests := []struct {
		name  string
		sizes []int
	}{
		{"one", []int{100}},
		{"equal", []int{1208, 1208, 1208}},
		{"shorter last", []int{1208, 1208, 700}},
		{"short first", []int{60, 1208, 1208, 700}},
		{"all different", []int{100, 200, 150, 300, 90}},
		{"many", many},
		{"larger than a message", slices.Repeat([]int{1208}, 120)},
		{"larger than a path takes unfragmented", []int{9000, 9000, 4000}},
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		for _, segmenting := range []bool{true, false} {
			for _, tt := range tests {
				t.Run(fmt.Sprintf("%s/segmenting=%t/%s", addr, segmenting, tt.name), func(t *testing.T) {
					to := listen(t, addr)
					forceBuffers(to, 4<<20)
					s := openSocket(t, addr)
					if segmenting && !s.segmenting.Load() {
						t.Skip("the kernel does not segment")
					}
					s.segmenting.Store(segmenting)
					b := (&Engine{socket: s}).Batch(7)
					b.Begin()
					var want [][]byte
					for i, size := range tt.sizes {
						p := rtpPacket(7, uint16(i), size)
						want = append(want, p)
						if n, err := s.WriteToAddrPort(p, to.LocalAddr().(*net.UDPAddr).AddrPort()); n != size || err != nil {
							t.Fatalf("wrote %d of %d: %v", n, size, err)
						}
					}
					b.Flush()
					for i, got := range receive(t, to, len(want)) {
						if !bytes.Equal(got, want[i]) {
							t.Fatalf("packet %d of %d bytes came as %d bytes, number %d", i, len(want[i]), len(got), binary.BigEndian.Uint16(got[2:]))
						}
					}
					b.Close()
				})
			}
		}
	}
}

// Only RTP of the Batch's own track waits for Flush, and only between Begin and it.
func TestBatchHoldsBackNothingElse(t *testing.T) {
	to := listen(t, "127.0.0.1:0")
	dst := to.LocalAddr().(*net.UDPAddr).AddrPort()
	e := &Engine{socket: openSocket(t, "127.0.0.1:0")}
	b := e.Batch(7)
	if again := e.Batch(7); again != nil {
		t.Error("two batches of one ssrc")
	}
	report := rtpPacket(7, 1, 60)
	report[1] = 200 // a sender report (RFC 3550 §12.1)
	handshake := rtpPacket(7, 2, 60)
	handshake[0] = 22 // DTLS (RFC 7983 §7)
	write := func(p []byte) {
		t.Helper()
		if _, err := e.socket.WriteToAddrPort(p, dst); err != nil {
			t.Fatal(err)
		}
	}
	held := rtpPacket(7, 3, 100)
	before := rtpPacket(7, 0, 100)
	write(before)
	b.Begin()
	write(held)
	at := [][]byte{before, report, handshake, rtpPacket(8, 4, 100), {0x80}}
	for _, p := range at[1:] {
		write(p)
	}
	b.Flush()
	after := rtpPacket(7, 5, 100)
	write(after)
	for i, got := range receive(t, to, 7) {
		if want := append(slices.Clone(at), held, after)[i]; !bytes.Equal(got, want) {
			t.Errorf("packet %d is % x…", i, got[:min(len(got), 12)])
		}
	}

	b.Begin()
	write(held)
	b.Close()
	b.Flush()
	write(after)
	if got := receive(t, to, 1)[0]; !bytes.Equal(got, after) {
		t.Error("a closed batch sent what it had gathered")
	}
	if e.Batch(7) == nil {
		t.Error("a closed batch keeps its ssrc")
	}
}

// A track whose path changes in the middle of a picture sends each packet to where
// it was written.
func TestBatchFollowsThePath(t *testing.T) {
	old, now := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	e := &Engine{socket: openSocket(t, "127.0.0.1:0")}
	b := e.Batch(7)
	b.Begin()
	for i, conn := range []*net.UDPConn{old, old, now} {
		if _, err := e.socket.WriteToAddrPort(rtpPacket(7, uint16(i), 200), conn.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Fatal(err)
		}
	}
	b.Flush()
	receive(t, old, 2)
	if got := receive(t, now, 1)[0]; binary.BigEndian.Uint16(got[2:]) != 2 {
		t.Error("the wrong packet on the new path")
	}
}

func TestNoBatch(t *testing.T) {
	b := (&Engine{}).Batch(7)
	if b != nil {
		t.Fatal("a batch without a port")
	}
	b.Begin()
	b.Flush()
	b.Close()
}

// One picture of nine packets, gathered and one by one.
func BenchmarkBatch(b *testing.B) {
	for _, segmenting := range []bool{true, false} {
		b.Run(fmt.Sprintf("segmenting=%t", segmenting), func(b *testing.B) {
			to := listen(b, "127.0.0.1:0") // what is not read is dropped, at the same cost
			dst := to.LocalAddr().(*net.UDPAddr).AddrPort()
			s := openSocket(b, "127.0.0.1:0")
			s.segmenting.Store(s.segmenting.Load() && segmenting)
			batch := (&Engine{socket: s}).Batch(7)
			defer batch.Close()
			p := rtpPacket(7, 0, 1208)
			b.ReportAllocs()
			for b.Loop() {
				batch.Begin()
				for range 9 {
					if _, err := s.WriteToAddrPort(p, dst); err != nil {
						b.Fatal(err)
					}
				}
				batch.Flush()
			}
		})
	}
}
