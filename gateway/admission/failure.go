package admission

import (
	"sync"
	"time"
)

// Wrong keys and unknown cameras from one host: this many in a window, then it
// must wait until the window is over. Many cameras may stand behind one
// address, and none of them fails unless its key was rotated.
const (
	failureLimit  = 60
	failureWindow = time.Minute
	failureHosts  = 16384 // more are not tracked
)

// failures counts refused credentials by remote host.
type failures struct {
	mu    sync.Mutex
	hosts map[string]failure
}

type failure struct {
	n     int
	since time.Time
}

func newFailures() *failures { return &failures{hosts: map[string]failure{}} }

func (f *failures) allow(host string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[host]
	return h.n < failureLimit || now.Sub(h.since) > failureWindow
}

func (f *failures) add(host string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, ok := f.hosts[host]
	if !ok && len(f.hosts) >= failureHosts {
		return
	}
	if now.Sub(h.since) > failureWindow {
		h = failure{since: now}
	}
	h.n++
	f.hosts[host] = h
}

func (f *failures) forget(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for host, h := range f.hosts {
		if now.Sub(h.since) > failureWindow {
			delete(f.hosts, host)
		}
	}
}
