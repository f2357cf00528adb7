package e2e

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/view"
)

// loadSource is the clip of make load.
func loadSource(t *testing.T) *publish.Source {
	t.Helper()
	c, err := clip.Open(t.Context(), clip.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	return publish.NewSource(c)
}

// loadCamera enrols a camera and returns a publisher of it.
func loadCamera(s *harness.Server, source *publish.Source, protocol publish.Protocol, pictures int) (harness.Camera, *publish.Publisher) {
	s.T.Helper()
	c := s.Enrol("load by " + string(protocol))
	target := publish.Target{Camera: c.ID, Key: c.StreamKey}
	switch protocol {
	case publish.RTSP, publish.RTSPUDP:
		target.URL = c.Publish.RTSP
	case publish.RTMP:
		target.URL = c.Publish.RTMP
	case publish.SRT:
		target.URL = c.Publish.SRT
	case publish.WHIP:
		target.URL = c.Publish.WHIP
	}
	return c, publish.New(publish.Options{Source: source, Protocol: protocol, Target: target, Pictures: pictures})
}

// missing are the pictures of a camera that were sent and are not in its archive.
func missing(s *harness.Server, sent publish.Sent) []publish.Picture {
	s.T.Helper()
	s.Archived(sent.Camera, 1)
	marks, err := view.Archive(context.Background(), s.Playback(sent.Camera, sent.Begin.Add(-time.Minute), time.Now()).URLs.Playlist)
	if err != nil {
		s.T.Fatal(err)
	}
	missing, repeated := sent.Missing(marks)
	if repeated > 0 {
		s.T.Errorf("camera %s: %d pictures are in the archive more than once", sent.Camera, repeated)
	}
	return missing
}

// TestLoad pushes many cameras at the pace of real time, by every protocol, and
// wants every picture of each in the archive. What goes by UDP may be lost on a busy
// machine before the server has it, but not most of it. make load measures.
func TestLoad(t *testing.T) {
	const pictures = 8 * clip.FrameRate
	counts := map[publish.Protocol]int{publish.RTSP: 12, publish.RTMP: 2, publish.RTSPUDP: 2, publish.SRT: 2, publish.WHIP: 2}
	lossy := map[publish.Protocol]bool{publish.RTSPUDP: true, publish.SRT: true, publish.WHIP: true}
	source := loadSource(t)
	s := harness.NewServer(t)
	publishers := map[*publish.Publisher]publish.Protocol{}
	for protocol, n := range counts {
		for range n {
			_, p := loadCamera(s, source, protocol, pictures)
			publishers[p] = protocol
		}
	}
	var running sync.WaitGroup
	for p := range publishers {
		running.Go(func() {
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	for p, protocol := range publishers {
		sent := p.Sent()
		if n := sent.Pictures(); n != pictures {
			t.Errorf("%s: %d pictures were sent, want %d", protocol, n, pictures)
			continue
		}
		switch lost := len(missing(s, sent)); {
		case lossy[protocol] && lost > 0:
			t.Logf("%s: %d of %d pictures are missing", protocol, lost, pictures)
			if lost > pictures/2 {
				t.Errorf("%s: most pictures are missing", protocol)
			}
		case lost > 0:
			t.Errorf("%s: %d of %d pictures are missing from the archive", protocol, lost, pictures)
		}
	}
}
