package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// serverBuffer is the size of net/http's buffer of what it writes: an answer that
// does not fit reaches the connection in two writes at least, the first of which
// has this size.
const serverBuffer = 4 << 10

var heads = sync.Pool{New: func() any { return new([serverBuffer]byte) }}

// mediaListener accepts connections that write a header and the body after it with
// one system call.
type mediaListener struct{ net.Listener }

// Accept implements net.Listener.
func (l mediaListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		return &mediaConn{TCPConn: t}, err
	}
	return c, err
}

// mediaConn is a connection without TLS. Its methods that write belong to the
// goroutine of the request that it serves.
type mediaConn struct {
	*net.TCPConn
	deadline time.Time // of writes
	join     bool      // the next write waits for the one after it
	head     *[serverBuffer]byte
	held     int // bytes of head
	two      [2][]byte
}

type mediaConnKey struct{}

// withConn is http.Server.ConnContext. What TLS or HTTP/2 has wrapped is left out.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if m, ok := c.(*mediaConn); ok {
		return context.WithValue(ctx, mediaConnKey{}, m)
	}
	return ctx
}

func mediaConnOf(r *http.Request) *mediaConn {
	m, _ := r.Context().Value(mediaConnKey{}).(*mediaConn)
	return m
}

// joined is called before a handler writes a body of so many bytes at once.
func joined(r *http.Request, body int64) {
	if m := mediaConnOf(r); m != nil && body > serverBuffer {
		m.join = true
	}
}

// Write implements net.Conn.
func (m *mediaConn) Write(b []byte) (int, error) {
	if m.join {
		m.join = false
		if len(b) <= serverBuffer && m.held == 0 {
			m.head = heads.Get().(*[serverBuffer]byte)
			m.held = copy(m.head[:], b)
			return len(b), nil
		}
	}
	if m.held == 0 {
		return m.TCPConn.Write(b)
	}
	m.two = [2][]byte{m.head[:m.held], b}
	both := net.Buffers(m.two[:])
	n, err := both.WriteTo(m.TCPConn)
	n = max(0, n-int64(m.held))
	heads.Put(m.head)
	m.head, m.held, m.two = nil, 0, [2][]byte{}
	return int(n), err
}

// SetWriteDeadline implements net.Conn. The server takes the deadline away after
// each answer; here it stays until bound or a handler moves it, since every
// handler that answers on such a connection begins with that.
func (m *mediaConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	m.deadline = t
	return m.TCPConn.SetWriteDeadline(t)
}

// bound lets writes last so long, or a sixth less: a deadline costs more than
// the answer to a small request, so that it moves in steps.
func (m *mediaConn) bound(timeout time.Duration) {
	if now := time.Now(); m.deadline.Sub(now) < timeout*5/6 {
		_ = m.SetWriteDeadline(now.Add(timeout)) // a closed connection says so when it is written to
	}
}
