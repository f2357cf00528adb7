package fiberhost

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// A server that closes a connection on which bytes still arrive makes the kernel
// answer them with a reset, and the reset overtakes the refusal: the client
// then sees a broken connection instead of a 413 (RFC 9112 §9.6). Such a
// connection is closed for writing first, and read until its client has heard.
const (
	lingerTimeout = 2 * time.Second
	lingerBytes   = 64 << 20
)

// lingering makes the connections of a listener able to linger.
type lingering struct{ net.Listener }

// Accept implements net.Listener.
func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingeringConn{Conn: c}, nil
}

type lingeringConn struct {
	net.Conn
	linger atomic.Bool
}

// Close implements net.Conn.
func (c *lingeringConn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger.Swap(false) && half.CloseWrite() == nil {
		// What fails here fails for a client that is gone.
		_ = c.SetReadDeadline(time.Now().Add(lingerTimeout))
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
	}
	return c.Conn.Close()
}

// linger marks the connection of a request whose rest will not be read.
func linger(c *fiber.Ctx, status int) {
	if status != http.StatusRequestEntityTooLarge && status != http.StatusRequestHeaderFieldsTooLarge {
		return
	}
	conn := c.Context().Conn()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if l, ok := conn.(*lingeringConn); ok {
		l.linger.Store(true)
	}
}
