package rtc

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// segments tells whether the kernel knows UDP_SEGMENT (Linux 4.18).
func segments(conn *net.UDPConn) bool {
	known := false
	_ = control(conn, func(fd int) {
		_, err := unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		known = err == nil
	})
	return known
}

// forceBuffers asks for buffers of so many bytes beyond what the kernel allows
// everyone (net.core.rmem_max), which needs CAP_NET_ADMIN, and else for as much as
// it allows. It returns the size of the receive buffer.
func forceBuffers(conn *net.UDPConn, bytes int) (granted int) {
	_ = control(conn, func(fd int) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
		}
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, bytes) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
		}
		if n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
			granted = n / 2 // socket(7): the kernel doubles it for its own bookkeeping
		}
	})
	return granted
}

func control(conn *net.UDPConn, f func(fd int)) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { f(int(fd)) })
}

// sendSegments sends buf as packets of size bytes, the last of which may be
// smaller. When it fails nothing was sent, and it may go packet by packet.
func (s *socket) sendSegments(lane *net.UDPConn, buf []byte, size int, to netip.AddrPort) error {
	var control [32]byte // at least CmsgSpace(2) on every architecture
	oob := control[:unix.CmsgSpace(2)]
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&oob[unix.CmsgLen(0)])) = uint16(size)
	_, _, err := lane.WriteMsgUDPAddrPort(buf, oob, to)
	if errors.Is(err, syscall.EIO) {
		s.segmenting.Store(false) // the interface computes no checksums
	}
	return err
}

// refused tells whether an error of sendSegments comes again on the same path, whose
// packets are smaller than the segments, or which computes no checksums.
func refused(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EIO)
}
