package whep

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever the camera does, video times grow, audio times grow, and after catching
// up a viewer is at most a little behind the sending.
func TestScheduleProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		s := schedule{epoch: now}
		var at, lastVideo, lastAudio time.Duration
		sentVideo, sentAudio := false, false
		run := "a"
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond)
			switch rapid.IntRange(0, 20).Draw(t, "event") {
			case 0: // the camera comes back with other times
				run += "a"
				at = time.Duration(rapid.IntRange(0, 1000).Draw(t, "origin")) * time.Second
			case 1:
				s.catchUp()
			case 2, 3, 4:
				out, ok := s.audio(&packets{run: run, at: at})
				if ok && sentAudio && out <= lastAudio {
					t.Fatalf("audio at %v after %v", out, lastAudio)
				}
				if ok {
					lastAudio, sentAudio = out, true
				}
			default:
				at += time.Duration(rapid.IntRange(0, 100).Draw(t, "frame")) * time.Millisecond
				newest := rapid.Bool().Draw(t, "newest")
				catching := s.catching
				out, pause := s.lead(&packets{video: true, run: run, at: at, bytes: 1000}, newest, now)
				if sentVideo && out <= lastVideo {
					t.Fatalf("video at %v after %v", out, lastVideo)
				}
				if !catching && pause != 0 || pause > longestPause {
					t.Fatalf("waits %v, catching up %v", pause, catching)
				}
				lastVideo, sentVideo = out, true
			}
		}
	})
}

// Ten seconds of cached pictures are sent within a fraction of that, bear times
// of that fraction, and then it is live with the camera's own steps.
func TestScheduleCatchesUp(t *testing.T) {
	begin := time.Unix(1000, 0)
	now := begin
	s := schedule{epoch: begin}
	s.catchUp()
	const n = 250
	var out, pause time.Duration
	for i := range n {
		if _, ok := s.audio(&packets{run: "r", at: time.Duration(i) * 40 * time.Millisecond}); ok {
			t.Fatal("audio while catching up")
		}
		out, pause = s.lead(&packets{video: true, run: "r", at: time.Duration(i) * 40 * time.Millisecond, bytes: 5000}, i == n-1, now)
		now = now.Add(pause)
	}
	if took := now.Sub(begin); took > 1300*time.Millisecond || pause != 0 {
		t.Errorf("ten seconds took %v, then waits %v", took, pause)
	}
	if out > 1300*time.Millisecond {
		t.Errorf("the last cached picture bears %v", out)
	}
	next, _ := s.lead(&packets{video: true, run: "r", at: n * 40 * time.Millisecond}, true, now.Add(55*time.Millisecond))
	if next-out != 40*time.Millisecond {
		t.Errorf("the first live picture comes %v after it", next-out)
	}
	if a, ok := s.audio(&packets{run: "r", at: n * 40 * time.Millisecond}); !ok || a != next {
		t.Errorf("audio of the same time bears %v (%v), video %v", a, ok, next)
	}
}

// A viewer that cannot keep up is skipped to a key frame and counted; the queue
// never grows beyond its bound.
func TestViewerQueue(t *testing.T) {
	v := &viewer{wake: make(chan struct{}, 1), stop: make(chan struct{}), video: &output{}}
	v.begin(nil)
	number := uint64(0)
	push := func(key bool, n int) {
		for range n {
			number++
			v.push(&packets{number: number, video: true, key: key})
		}
	}
	push(false, 3) // before any key frame
	push(true, 1)
	push(false, queueUnits-1)
	if len(v.queue) != queueUnits || v.dropped != 3 {
		t.Fatalf("%d queued, %d dropped", len(v.queue), v.dropped)
	}
	push(false, 10)
	if len(v.queue) != 0 || v.dropped != 3+queueUnits+10 {
		t.Errorf("%d queued, %d dropped", len(v.queue), v.dropped)
	}
	push(true, 1)
	push(false, 5)
	if p, restart, newest := v.pop(); p == nil || !p.key || restart || newest {
		t.Errorf("popped %+v, restart %v, newest %v", p, restart, newest)
	}
}
