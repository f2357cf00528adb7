package ingest

import (
	"net"
	"sync"
)

// Limiter counts what is open by remote host, so that one host cannot use up
// everything. The zero value allows nothing; see NewLimiter.
type Limiter struct {
	perHost, total int

	mu    sync.Mutex
	hosts map[string]int
	open  int
}

// DefaultPerHost and DefaultTotal are how many connections a protocol's server
// keeps open from one remote host (many cameras may stand behind one address
// translation) and altogether.
const (
	DefaultPerHost = 512
	DefaultTotal   = 8192
)

// NewLimiter allows perHost at once from one host and total altogether; zero
// means the default.
func NewLimiter(perHost, total int) *Limiter {
	if perHost == 0 {
		perHost = DefaultPerHost
	}
	if total == 0 {
		total = DefaultTotal
	}
	return &Limiter{perHost: perHost, total: total, hosts: map[string]int{}}
}

// Acquire takes a place for the host of addr. Each one taken is given back by
// Release with the same addr.
func (l *Limiter) Acquire(addr net.Addr) bool {
	host := Host(addr.String())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.total || l.hosts[host] >= l.perHost {
		return false
	}
	l.open++
	l.hosts[host]++
	return true
}

// Release gives a place back.
func (l *Limiter) Release(addr net.Addr) {
	host := Host(addr.String())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.hosts[host]--; l.hosts[host] <= 0 {
		delete(l.hosts, host)
	}
}

// Host returns the host of a host:port, or all of it when it has no port.
func Host(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// Listener wraps ln so that connections beyond the limits are closed at once.
// Closing a connection gives its place back. refused may be nil; it is called
// for each connection turned away.
func (l *Limiter) Listener(ln net.Listener, refused func(net.Addr)) net.Listener {
	return &limitedListener{Listener: ln, limiter: l, refused: refused}
}

type limitedListener struct {
	net.Listener
	limiter *Limiter
	refused func(net.Addr)
}

// Accept waits for a connection within the limits.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.limiter.Acquire(c.RemoteAddr()) {
			return &limitedConn{Conn: c, limiter: l.limiter}, nil
		}
		_ = c.Close()
		if l.refused != nil {
			l.refused(c.RemoteAddr())
		}
	}
}

type limitedConn struct {
	net.Conn
	limiter *Limiter
	once    sync.Once
}

// Close closes the connection and gives its place back, once.
func (c *limitedConn) Close() error {
	c.once.Do(func() { c.limiter.Release(c.RemoteAddr()) })
	return c.Conn.Close()
}

// CloseWrite ends our half of the connection, where its kind allows.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
