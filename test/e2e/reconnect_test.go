package e2e

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// A viewer keeps watching by its transport when its camera goes away for five
// seconds and comes back as another run.
func TestReconnectKeepsViewers(t *testing.T) {
	t.Parallel()
	for mode, transport := range map[string]string{"hls": "ll-hls", "whep": "whep"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := harness.NewServer(t)
			cam := s.Enrol("flapping")
			first := harness.Push(t, cam, "rtsp-tcp", harness.Source{})
			s.Online(cam.ID)
			began, seen := s.Watching(t, harness.Watch{Mode: mode, Grant: s.Live(cam.ID), Seconds: 22})
			select {
			case <-began:
			case w := <-seen:
				t.Fatalf("no picture: %+v", w)
			}
			harness.Until(time.Now().Add(4 * time.Second))
			first.Kill()
			harness.Until(time.Now().Add(5 * time.Second))
			harness.Push(t, cam, "rtsp-tcp", harness.Source{})
			w := <-seen
			t.Logf("%d frames, advanced %.1f s, longest still %d ms, states %v", w.Frames, w.Advanced, w.LongestStill, w.States)
			if w.Transport != transport || w.Error != "" {
				t.Errorf("transport %q, error %q", w.Transport, w.Error)
			}
			// Four seconds before, and what is left after: of 22 s five are dark, and
			// a few more until ffmpeg is there and the first key frame has come.
			if w.Frames < 11*25 {
				t.Errorf("%d frames in 22 s", w.Frames)
			}
			if w.LongestStill > 11000 {
				t.Errorf("stood still for %d ms", w.LongestStill)
			}
		})
	}
}
