package hls

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// live pushes parts at the pace of the clock, which the test makes up.
func (c *camera) live(parts int) {
	for range parts {
		time.Sleep(200 * time.Millisecond) // synthetic
		c.push(1)
	}
}

// newIdleCamera makes a camera that nobody has ever watched.
func newIdleCamera(tb testing.TB, gop int) *camera {
	c := newCamera(tb, gop, Options{})
	c.ring.asked = time.Time{}
	return c
}

// held returns the media time in memory.
func (c *camera) held() time.Duration { return c.ring.clock - c.ring.segments[0].clock }

// TestIdle follows a ring that nobody watches, then somebody, then nobody again.
func TestIdle(t *testing.T) {
	for _, gop := range []int{1, 5, 10, 25, 60} {
		t.Run(fmt.Sprintf("gop %d", gop), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newIdleCamera(t, gop)
				defer c.ring.Close()
				length := time.Duration(gop) * 200 * time.Millisecond
				// One GOP, and what comes until a player may start at the next; a
				// segment that holds several GOPs stays whole.
				bound := length + c.ring.options.PartHoldBack + c.ring.options.MinSegment + 200*time.Millisecond
				idle := func(when string) {
					t.Helper()
					for range 3 * gop {
						c.live(1)
						s, at, ok := c.ring.startPart()
						if !ok || s != c.ring.segments[0] || at-s.clock >= c.ring.options.MinSegment {
							t.Fatalf("%s: a player would not start in the first segment", when)
						}
						if held := c.held(); held > bound {
							t.Fatalf("%s: %v held, want %v at most", when, held, bound)
						}
					}
				}
				c.live(3 * gop)
				idle("before the first viewer")

				first := c.ring.segments[0].clock
				body, m := read(t, c.ring, Request{})
				if len(m.Segments) == 0 || strings.Count(body, "#EXT-X-START:") != 1 {
					t.Fatalf("a player cannot start:\n%s", body)
				}
				fetchAll(t, c.ring, body)
				// As long as he watches, the window grows to its full length, and
				// nothing that he was shown goes before its time.
				for range 100 {
					c.live(1)
					read(t, c.ring, Request{})
					if s := c.ring.segments[0]; s.clock > first && c.held() < c.ring.options.Window {
						t.Fatalf("what was shown is gone after %v", c.held())
					}
				}
				full, _ := read(t, c.ring, Request{})
				if shown := c.ring.shown(); shown < c.ring.options.Window {
					t.Errorf("%v shown to a viewer", shown)
				}
				// He was promised what he saw last for a while.
				c.live(int((TargetDuration - 200*time.Millisecond) / (200 * time.Millisecond)))
				fetchAll(t, c.ring, full)
				c.live(int(c.ring.options.Idle / (200 * time.Millisecond)))
				idle("after the last viewer")
			})
		})
	}
}

// TestIdleBytes checks what an idle camera of 2 Mbit/s costs.
func TestIdleBytes(t *testing.T) {
	c := newIdleCamera(t, 10)
	c.size = 50 << 10
	var most int64
	for range 200 {
		c.push(1)
		most = max(most, c.ring.Stats().Bytes)
	}
	// A GOP, and the second until the next one is old enough to start at.
	if limit := int64((10 + 5) * c.size); most > limit {
		t.Errorf("%d bytes held for nobody, want %d at most", most, limit)
	}
}

// TestNobodyWaits: a part that nobody waits for wakes nobody up.
func TestNobodyWaits(t *testing.T) {
	c := newCamera(t, 10, Options{})
	c.push(3)
	before := c.ring.changed
	c.push(1)
	if c.ring.changed != before {
		t.Error("a channel was made for nobody")
	}
}
