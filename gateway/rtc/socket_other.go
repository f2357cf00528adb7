//go:build !linux

package rtc

import (
	"errors"
	"net"
	"net/netip"
)

// segments tells whether the kernel takes several packets at once.
func segments(*net.UDPConn) bool { return false }

// forceBuffers asks for buffers of so many bytes. It returns what it asked for, as
// the kernel does not say what it gave.
func forceBuffers(conn *net.UDPConn, bytes int) (granted int) {
	_, _ = conn.SetReadBuffer(bytes), conn.SetWriteBuffer(bytes)
	return bytes
}

func (*socket) sendSegments(*net.UDPConn, []byte, int, netip.AddrPort) error {
	return errors.ErrUnsupported
}

func refused(error) bool { return true }
