// Package e2e drives the real binary with real ffmpeg as cameras, real Chromium
// as viewers, PostgreSQL and an S3 server, the way their users would.
package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestProtocols pushes by every protocol and codec with real ffmpeg, and wants
// every frame in the archive and, for H.264, moving pictures in Chromium by
// LL-HLS and by WHEP.
func TestProtocols(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	rows := []struct {
		by, codec, audio string
		browser          bool
	}{
		{"rtsp-tcp", "libx264", "aac", true},
		{"rtsp-udp", "libx264", "aac", true},
		{"rtmp", "libx264", "aac", true},
		{"srt", "libx264", "aac", true},
		{"rtsp-tcp", "libx265", "", false},
	}
	for _, row := range rows {
		t.Run(row.by+"-"+row.codec, func(t *testing.T) {
			s := s.In(t)
			cam := s.Enrol(row.by + " " + row.codec)
			ff := harness.Push(t, cam, row.by, harness.Source{Codec: row.codec, Audio: row.audio})
			s.Online(cam.ID)
			if row.browser {
				for _, mode := range []string{"hls", "whep"} {
					w := s.Watch(t, harness.Watch{Mode: mode, Grant: s.Live(cam.ID), Seconds: 4})
					if w.Frames < 50 || w.Advanced < 2.5 {
						t.Errorf("%s in Chromium decoded %d frames and advanced %.1f s in 4 s", mode, w.Frames, w.Advanced)
					}
					t.Logf("%s over %s: %d frames, first picture after %d ms", mode, row.by, w.Frames, w.FirstFrameMS)
				}
			} else {
				harness.Until(time.Now().Add(5 * time.Second))
			}
			ff.Kill()
			s.Archived(cam.ID, 1)
			for _, o := range s.Objects(cam.ID) {
				harness.Decodes(t, o)
				if n := len(harness.Probe(t, o)); n < 50 {
					t.Errorf("only %d frames in %s", n, o)
				}
			}
		})
	}
}

// TestWHIPFromChromium publishes Chromium's fake camera and watches it in
// another Chromium.
func TestWHIPFromChromium(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam := s.Enrol("browser camera")
	pub := s.PublishWHIP(t, cam)
	s.Online(cam.ID)
	for _, mode := range []string{"whep", "hls"} {
		w := s.Watch(t, harness.Watch{Mode: mode, Grant: s.Live(cam.ID), Seconds: 8})
		t.Logf("%s: %d frames, advanced %.1f s, longest still %d ms", mode, w.Frames, w.Advanced, w.LongestStill)
		// A browser that has not enough of the processor drops frames before it
		// encodes them, to keep their size: what counts is that time goes on.
		if w.Frames < 10 || w.Advanced < 2.5 {
			t.Errorf("%s decoded %d frames and advanced %.1f s in 8 s: %+v", mode, w.Frames, w.Advanced, w)
		}
	}
	pub.Kill()
	s.Archived(cam.ID, 1)
	for _, o := range s.Objects(cam.ID) {
		harness.Decodes(t, o)
	}
}

// counted pushes exactly 3,000 frames, 50 a second, and wants exactly those in the
// archive, in several objects.
func counted(t *testing.T, s *harness.Server) harness.Camera {
	cam := s.Enrol("counted")
	frames := 3000
	harness.Push(t, cam, "rtsp-tcp", harness.Source{Frames: frames, GOP: 100, Filter: "testsrc2=size=320x180:rate=50"}).Wait(t, 4*time.Minute)
	harness.Eventually(t, 60*time.Second, "all frames are archived", func() error {
		if spool := s.SpoolOf(cam.ID); len(spool) > 0 {
			return fmt.Errorf("%d spool files left", len(spool))
		}
		if c := s.Camera(cam.ID); c.Online {
			return fmt.Errorf("still online")
		}
		return nil
	})
	var all []harness.Packet
	objects := s.Objects(cam.ID)
	if len(objects) < 2 {
		t.Errorf("%d objects, want several", len(objects))
	}
	for _, f := range objects {
		harness.Decodes(t, f)
		all = append(all, harness.Probe(t, f)...)
	}
	if len(all) != frames {
		t.Errorf("%d frames in the archive, want exactly %d", len(all), frames)
	}
	if err := harness.Continuous(all, 0.02); err != nil {
		t.Error(err)
	}
	return cam
}

func TestThreeThousandFrames(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "20s")
	counted(t, s)
	if out, err := s.Fsck(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

func TestThreeThousandFramesOnS3AndPostgreSQL(t *testing.T) {
	t.Parallel()
	b := harness.NewBackends(t)
	s := b.Server(t, "--object-duration", "20s")
	cam := counted(t, s)
	w := s.Watch(t, harness.Watch{Mode: "playlist", Grant: s.Playback(cam.ID, time.Now().Add(-2*time.Minute), time.Now()), Seconds: 4})
	if w.Frames < 50 || w.Advanced < 2.5 {
		t.Errorf("Chromium decoded %d frames from the bucket and advanced %.1f s in 4 s: %+v", w.Frames, w.Advanced, w)
	}
	if out, err := s.Fsck(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}
