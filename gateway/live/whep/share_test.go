package whep

import (
	"slices"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// audience is n viewers of a share that are live, and what each was sent.
func audience(s *share, n int) []*wire {
	var wires []*wire
	for range n {
		w := &wire{}
		v := &viewer{wake: make(chan struct{}, 1), stop: make(chan struct{}), live: true, video: outputOn(w, media.H264, 90000, 0)}
		v.video.reported = v.video.reported.AddDate(9999, 0, 0) // no report, which would need a connection
		wires = append(wires, w)
		s.add(v)
	}
	return wires
}

func numbered(n uint64, key bool) *packets {
	p := unit(true, int(n))
	p.number, p.key, p.codec = n, key, media.H264
	return p
}

// A share that is too slow loses whole units, never a part of what refers to them:
// its viewers go on with the next key frame, and live.
func TestShareFallsBehind(t *testing.T) {
	s := newShare()
	w := audience(s, 1)[0]
	n := uint64(0)
	hand := func(count int, key bool) {
		for range count {
			n++
			s.hand(numbered(n, key), false)
		}
	}
	hand(shareUnits+3, false) // nobody sends: three do not fit
	drain := func() {
		for len(s.queue) > 0 {
			s.send(<-s.queue)
			s.pending.Add(-1)
		}
	}
	drain()
	hand(2, false)
	drain()
	if len(w.headers) != shareUnits {
		t.Fatalf("%d units were sent, want the %d before the gap", len(w.headers), shareUnits)
	}
	hand(1, true)
	drain()
	var v *viewer
	for v = range s.viewers {
	}
	if len(v.queue) != 1 || !v.queue[0].key || v.dropped != 3 {
		t.Fatalf("%d units wait after the gap, %d dropped", len(v.queue), v.dropped)
	}
}

// Few viewers are sent to at once, but never before what waits for them.
func TestShareOrder(t *testing.T) {
	s := newShare()
	wires := audience(s, 2)
	s.hand(numbered(1, true), true)
	s.hand(numbered(2, false), false)
	s.hand(numbered(3, false), true)
	for _, w := range wires {
		if len(w.headers) != 1 {
			t.Fatalf("%d units were sent at once, want 1", len(w.headers))
		}
	}
	close(s.queue)
	s.run()
	for _, w := range wires {
		if got := w.sequence(); !slices.Equal(got, []uint16{0, 1, 2}) || w.bytes != 1+2+3 {
			t.Errorf("sent %v, %d bytes", got, w.bytes)
		}
	}
	if s.pending.Load() != 0 {
		t.Error("units are pending after the end")
	}
}
