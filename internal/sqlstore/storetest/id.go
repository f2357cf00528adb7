package storetest

import (
	"sync"

	"github.com/gatepost-video/gatepost"
)

var (
	idMu   sync.Mutex
	lastID string
)

// nextID returns an id that sorts after every one that it returned before; those
// of gatepost.NewID do so only from one millisecond to the next.
func nextID() string {
	idMu.Lock()
	defer idMu.Unlock()
	for {
		if id := gatepost.NewID(); id > lastID {
			lastID = id
			return id
		}
	}
}
