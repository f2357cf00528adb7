package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestKill kills the server in mid-recording with SIGKILL, again and again, and
// wants all but the last second before each kill, every object playable, rows
// and objects in agreement, and no spool left.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds, between := 5, 6*time.Second
	if harness.Long {
		between = 70 * time.Second
	}
	s := harness.NewServer(t)
	cam := s.Enrol("kill -9")
	begin := time.Now()
	var kills []time.Time
	for range rounds {
		harness.Push(t, cam, "rtsp-tcp", harness.Source{})
		s.Online(cam.ID)
		harness.Until(time.Now().Add(between))
		kills = append(kills, s.Kill())
		s.Start()
	}
	harness.Eventually(t, 60*time.Second, "the spool is empty", func() error {
		if left := s.SpoolOf(cam.ID); len(left) > 0 {
			return fmt.Errorf("left: %v", left)
		}
		return nil
	})
	spans := s.Timeline(cam.ID, begin, time.Now())
	for i, kill := range kills {
		last := time.Time{}
		for _, sp := range spans {
			if sp.State == "recorded" && sp.From.Before(kill) && sp.To.After(last) {
				last = sp.To
			}
		}
		missing := kill.Sub(last)
		t.Logf("kill %d: %.3f s before it are missing", i+1, missing.Seconds())
		if missing > 1100*time.Millisecond { // a second, and the frame under way
			t.Errorf("kill %d: %s before it are missing", i+1, missing)
		}
	}
	objects := s.Objects(cam.ID)
	if len(objects) < rounds {
		t.Errorf("%d objects after %d runs", len(objects), rounds)
	}
	for _, o := range objects {
		harness.Decodes(t, o)
	}
	for _, sp := range spans {
		if sp.State == "gap" && sp.From.After(begin.Add(5*time.Second)) && sp.To.Before(kills[len(kills)-1]) && sp.Reason != "gateway" {
			t.Errorf("gap %s–%s is put down to %q, want gateway", sp.From, sp.To, sp.Reason)
		}
	}
	out, err := s.Fsck()
	if err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

// TestOutage stops the S3 server under four recording cameras and wants every
// frame in the bucket afterwards.
func TestOutage(t *testing.T) {
	t.Parallel()
	outage := 20 * time.Second
	if harness.Long {
		outage = 2 * time.Minute
	}
	b := harness.NewBackends(t)
	s := b.Server(t)
	frames := int((outage + 30*time.Second).Seconds() * 25)
	var cams []harness.Camera
	var pushes []*harness.Process
	for i := range 4 {
		cam := s.Enrol(fmt.Sprintf("outage %d", i))
		cams = append(cams, cam)
		pushes = append(pushes, harness.Push(t, cam, "rtsp-tcp", harness.Source{Frames: frames}))
	}
	for _, c := range cams {
		s.Online(c.ID)
	}
	harness.Until(time.Now().Add(8 * time.Second))
	b.StopS3()
	harness.Until(time.Now().Add(outage))
	b.StartS3(t)
	for _, p := range pushes {
		p.Wait(t, 5*time.Minute)
	}
	for _, c := range cams {
		harness.Eventually(t, 2*time.Minute, "everything is uploaded", func() error {
			if left := s.SpoolOf(c.ID); len(left) > 0 {
				return fmt.Errorf("%d spool files left", len(left))
			}
			if s.Camera(c.ID).Online {
				return fmt.Errorf("still online")
			}
			return nil
		})
		n := 0
		for _, f := range b.Download(t, c.ID) {
			n += len(harness.Probe(t, f))
		}
		if n != frames {
			t.Errorf("%d frames of camera %s in the bucket, want %d", n, c.ID, frames)
		}
	}
	if out, err := s.Fsck(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

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
