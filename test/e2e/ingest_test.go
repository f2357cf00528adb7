package e2e

import (
	"fmt"
	"testing"
	"time"
)

// TestProtocols pushes by every protocol and codec with real ffmpeg, and wants
// every frame in the archive and, for H.264, moving pictures in Chromium by
// LL-HLS and by WHEP.
func TestProtocols(t *testing.T) {
	t.Parallel()
	s := newServer(t)
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
			s := s.in(t)
			cam := s.enrol(row.by + " " + row.codec)
			ff := push(t, cam, row.by, source{codec: row.codec, audio: row.audio})
			s.online(cam.ID)
			if row.browser {
				for _, mode := range []string{"hls", "whep"} {
					w := s.watch(t, watch{Mode: mode, Grant: s.live(cam.ID), Seconds: 4})
					if w.Frames < 50 || w.Advanced < 2.5 {
						t.Errorf("%s in Chromium decoded %d frames and advanced %.1f s in 4 s", mode, w.Frames, w.Advanced)
					}
					t.Logf("%s over %s: %d frames, first picture after %d ms", mode, row.by, w.Frames, w.FirstFrameMS)
				}
			} else {
				until(time.Now().Add(5 * time.Second))
			}
			ff.kill()
			s.archived(cam.ID, 1)
			for _, o := range s.objects(cam.ID) {
				decodes(t, o)
				if n := len(probe(t, o)); n < 50 {
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
	s := newServer(t)
	cam := s.enrol("browser camera")
	pub := s.publishWHIP(t, cam)
	s.online(cam.ID)
	for _, mode := range []string{"whep", "hls"} {
		w := s.watch(t, watch{Mode: mode, Grant: s.live(cam.ID), Seconds: 4})
		t.Logf("%s: %d frames, advanced %.1f s, longest still %d ms", mode, w.Frames, w.Advanced, w.LongestStill)
		// A browser that has not enough of the processor drops frames before it
		// encodes them, to keep their size: what counts is that time goes on.
		if w.Frames < 10 || w.Advanced < 2.5 || w.LongestStill > 1500 {
			t.Errorf("%s decoded %d frames and advanced %.1f s in 4 s: %+v", mode, w.Frames, w.Advanced, w)
		}
	}
	pub.kill()
	s.archived(cam.ID, 1)
	for _, o := range s.objects(cam.ID) {
		decodes(t, o)
	}
}

// counted pushes exactly 3,000 frames and wants exactly those in the archive.
func counted(t *testing.T, s *server, fetch func(t *testing.T, camera string) []string) camera {
	cam := s.enrol("counted")
	frames := 3000
	push(t, cam, "rtsp-tcp", source{frames: frames, gop: 50}).wait(t, 4*time.Minute)
	eventually(t, 60*time.Second, "all frames are archived", func() error {
		if spool := s.spoolOf(cam.ID); len(spool) > 0 {
			return fmt.Errorf("%d spool files left", len(spool))
		}
		if c := s.camera(cam.ID); c.Online {
			return fmt.Errorf("still online")
		}
		return nil
	})
	var all []packet
	for _, f := range fetch(t, cam.ID) {
		decodes(t, f)
		all = append(all, probe(t, f)...)
	}
	if len(all) != frames {
		t.Errorf("%d frames in the archive, want exactly %d", len(all), frames)
	}
	if err := continuous(all, 0.04); err != nil {
		t.Error(err)
	}
	return cam
}

func TestThreeThousandFrames(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	counted(t, s, func(t *testing.T, camera string) []string { return s.objects(camera) })
	if out, err := s.fsck(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

func TestThreeThousandFramesOnS3AndPostgreSQL(t *testing.T) {
	t.Parallel()
	b := newBackends(t)
	s := b.server(t)
	cam := counted(t, s, b.download)
	w := s.watch(t, watch{Mode: "playlist", Grant: s.playback(cam.ID, time.Now().Add(-2*time.Minute), time.Now()), Seconds: 4})
	if w.Frames < 50 || w.Advanced < 2.5 {
		t.Errorf("Chromium decoded %d frames from the bucket and advanced %.1f s in 4 s: %+v", w.Frames, w.Advanced, w)
	}
	if out, err := s.fsck(b.flags()...); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}
