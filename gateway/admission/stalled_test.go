package admission

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// stuck is a sink on a disk that does not answer until it is released.
type stuck struct {
	began   atomic.Bool
	release chan struct{}
}

func (s *stuck) Start(string, *cmaf.Init) {}
func (s *stuck) Part(*cmaf.Part)          { s.began.Store(true); <-s.release }
func (s *stuck) End(string)               {}

// waitUntil waits for a condition, in real time: a goroutine that waits for a
// mutex stops the clock of a synctest bubble.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("not within 5 s: %s", what)
		case <-tick.C:
		}
	}
}

// A camera that is stopped while its recorder does not take its pictures must
// not keep revocations from everybody else.
func TestStopOfStalledCamera(t *testing.T) {
	camera, key := gatepost.NewID(), gatepost.NewSecret(20)
	control := &control{keys: map[string]string{camera: key}, suspended: map[string]bool{}}
	sink := &stuck{release: make(chan struct{})}
	a := New(Options{
		Control: control, Node: "node", SyncEvery: 5 * time.Millisecond,
		Outlets: func(gatepost.PublishPermit) (Outlets, error) {
			return Outlets{Sinks: []cmaf.Sink{sink}}, nil
		},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()

	s, err := a.Admit(ctx, ingest.Request{CameraID: camera, Key: key, Protocol: "rtsp", Remote: "10.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start([]*media.Track{{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 2}}); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := int64(0); s.Write(&media.Unit{PTS: i * 960, DTS: i * 960, Data: [][]byte{{0xfc, 1, 2}}, Key: true}) == nil; i++ {
			if i == 1000 {
				return
			}
		}
	}()
	waitUntil(t, "the recorder is stuck", sink.began.Load)

	control.set(func() { control.reply = gatepost.SyncReply{Cursor: 1, StoppedCameras: []string{camera}} })
	var syncs int
	control.set(func() { syncs = len(control.syncs) })
	waitUntil(t, "the camera is told to stop", func() (ok bool) {
		control.set(func() { ok = len(control.syncs) > syncs })
		return ok
	})
	control.set(func() { control.reply.Cursor, control.reply.RevokedGrants = 2, []string{"g"} })
	waitUntil(t, "a revocation is heard", func() bool { return a.Revoked("g") })

	close(sink.release)
	waitUntil(t, "the stopped session ends", func() bool { return isDone(s) })
	<-written
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if st, _ := control.last(camera); st.Online || st.EndReason != gatepost.EndSuspended {
		t.Errorf("%+v", st)
	}
}
