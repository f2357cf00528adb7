package node

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// heardEvery is within which a database that answers keeps some gateway's word:
	// each tells all it has every ten seconds.
	heardEvery = 10 * time.Second

	// deafNodes is how many gateways may be unheard before all count as unheard.
	deafNodes = 100
)

// deafness is which gateways may have spoken lately without being heard, because the
// process or the database was away: they are not silent.
type deafness struct {
	mu    sync.Mutex
	heard time.Time            // when the word of any gateway was last kept
	all   time.Time            // when the last was missed that any gateway may have said
	nodes map[string]time.Time // when the last was missed of one, while others were heard
}

// begin notes that any gateway may have spoken until now.
func (d *deafness) begin(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = now
}

// answered notes how a gateway's word fared. What is refused was heard.
func (d *deafness) answered(node string, now time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		d.heard = now
		delete(d.nodes, node)
	case !away(err):
	case now.Sub(d.heard) > heardEvery || len(d.nodes) >= deafNodes:
		d.all = now // one gateway's trouble is its own, but nobody is heard
	default:
		if d.nodes == nil {
			d.nodes = map[string]time.Time{}
		}
		d.nodes[node] = now
	}
}

// since returns the gateways that were missed after a time; all says that any may
// have been.
func (d *deafness) since(t time.Time) (nodes []string, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.nodes, func(_ string, at time.Time) bool { return !at.After(t) })
	return slices.Sorted(maps.Keys(d.nodes)), d.all.After(t)
}

// away tells whether the database did not answer, or not in time.
func away(err error) bool {
	return gatepost.CodeOf(err) == gatepost.Unavailable || errors.Is(err, context.DeadlineExceeded)
}
