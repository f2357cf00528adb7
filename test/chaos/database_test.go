package chaos

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/test/harness"
)

// TestDatabase restarts PostgreSQL and makes it unreachable in both
// ways, refusing and silent, while cameras record and one comes back in the
// middle. Nothing may be lost: what is recorded waits in the spool.
func TestDatabase(t *testing.T) {
	t.Parallel()
	server := storetest.NewPostgresServer(t)
	b := harness.NewBackends(t)
	wire := newWire(t, server)
	b.Database = wire.url
	s := b.Server(t, short...)
	steady, restless := newCamera(t, s, "steady", cameraOptions{}), newCamera(t, s, "restless", cameraOptions{})
	s.Online(steady.ID)
	s.Online(restless.ID)
	harness.Until(time.Now().Add(4 * time.Second))
	before := loadOf(t, s)
	hold := lasting(7*time.Second, 4*time.Minute)
	for _, fault := range []struct {
		name        string
		begin, over func()
	}{
		{"restart", func() { server.Stop(t) }, func() { server.Start(t) }},
		{"refusing", func() { wire.set(refusing) }, func() { wire.set(open) }},
		{"silent", func() { wire.set(silent) }, func() { wire.set(open) }},
	} {
		fault.begin()
		harness.Until(time.Now().Add(hold / 2))
		sent := restless.count()
		restless.disconnect(false)
		harness.Until(time.Now().Add(hold / 2))
		t.Logf("%s: the camera that came back meanwhile sent %d frames in %s", fault.name, restless.count()-sent, hold/2)
		fault.over()
		harness.Eventually(t, 2*time.Minute, "the spool is drained after "+fault.name, func() error { return drained(s) })
	}
	back(t, s, before)
	for _, c := range []*camera{steady, restless} {
		c.account(t, bounds{})
	}
	clean(t, s)
}

// wireState is what becomes of connections.
type wireState int

const (
	open     wireState = iota
	refusing           // they are closed at once
	silent             // they stay, and nothing comes through
)

// wire is a TCP address in front of a PostgreSQL server.
type wire struct {
	url    string
	socket string

	mu      sync.Mutex
	changed sync.Cond
	state   wireState
	conns   map[net.Conn]struct{}
}

func newWire(t *testing.T, server *storetest.PostgresServer) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{socket: server.Socket(), conns: map[net.Conn]struct{}{}}
	w.changed.L = &w.mu
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	w.url = u.String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.set(refusing)
		all.Wait()
	})
	return w
}

// set changes what becomes of all connections. Those of a silent wire do not
// come to life again, like those of a firewall that has forgotten them.
func (w *wire) set(state wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state == refusing || w.state == silent {
		for c := range w.conns {
			c.Close()
		}
	}
	w.state = state
	w.changed.Broadcast()
}

func (w *wire) serve(c net.Conn) {
	defer c.Close()
	w.mu.Lock()
	for w.state == silent {
		w.changed.Wait()
	}
	refused := w.state == refusing
	w.mu.Unlock()
	if refused {
		return
	}
	server, err := net.Dial("unix", w.socket)
	if err != nil {
		return
	}
	defer server.Close()
	w.mu.Lock()
	w.conns[c], w.conns[server] = struct{}{}, struct{}{}
	w.mu.Unlock()
	var both sync.WaitGroup
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, &hushed{from, w})
		c.Close()
		server.Close()
	}
	both.Go(func() { pipe(server, c) })
	both.Go(func() { pipe(c, server) })
	both.Wait()
	w.mu.Lock()
	delete(w.conns, c)
	delete(w.conns, server)
	w.mu.Unlock()
}

// hushed holds back what was read for as long as the wire is silent.
type hushed struct {
	net.Conn
	w *wire
}

func (h *hushed) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	for h.w.state == silent {
		h.w.changed.Wait()
	}
	return n, err
}
