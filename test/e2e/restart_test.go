package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestRestartKeepsData stops the server in order and starts it again on the
// same data.
func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam := s.Enrol("kept")
	harness.Push(t, cam, "rtsp-tcp", harness.Source{Frames: 100}).Wait(t, time.Minute)
	s.Archived(cam.ID, 1)
	s.Stop()
	s.Start()
	if c := s.Camera(cam.ID); c.ID != cam.ID {
		t.Errorf("camera %s is gone after a restart", cam.ID)
	}
	out, err := s.Fsck()
	if err != nil || !strings.Contains(out, "1") {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}
