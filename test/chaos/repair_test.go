package chaos

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestRepair loses packets both ways under protocols that send them again: a frame
// is missing only when the gateway has counted a packet as lost for good, and the camera
// stays online.
func TestRepair(t *testing.T) {
	t.Parallel()
	random := seed(t)
	s := harness.NewServer(t, "--object-duration", "5s")
	s.Admin() // signs in once, for all
	var all sync.WaitGroup
	for _, protocol := range []struct {
		name, port string
		by         func(*relay) func(*camera, *clip) (line, error)
	}{{"SRT", "--srt", bySRT}, {"WHIP", "--webrtc-udp", byWHIP}} {
		for _, percent := range []int{5, 20} {
			via := newRelay(t, s.Arg(protocol.port), newNetwork(random.Uint64(), percent))
			all.Go(func() {
				t.Run(fmt.Sprintf("%s, %d %% lost both ways", protocol.name, percent), func(t *testing.T) {
					repaired(t, s.In(t), via, protocol.by(via))
				})
			})
		}
	}
	all.Wait()
	clean(t, s)
}

// tail is the end of a stream whose loss nobody can notice: nothing comes behind it.
const tail = 5 * frameTime

func repaired(t *testing.T, s *harness.Server, via *relay, by func(*camera, *clip) (line, error)) {
	c := newCamera(t, s, t.Name(), cameraOptions{by: by})
	online := func(want bool) {
		harness.Eventually(t, 3*time.Minute, fmt.Sprintf("the camera is online: %v", want), func() error {
			if s.Camera(c.ID).Online != want {
				return fmt.Errorf("not after %d tries", c.tries())
			}
			return nil
		})
	}
	online(true)
	harness.Until(time.Now().Add(lasting(15*time.Second, 2*time.Minute)))
	c.stop()
	online(false) // all is counted then
	gone, err := s.Metric(fmt.Sprintf("gatepost_camera_packets_lost_total{camera=%q}", c.ID))
	if err != nil {
		t.Fatal(err)
	}
	missing, end := 0, c.last()
	// Where a picture of the tail is missing, those behind it refer to it.
	c.account(t, bounds{damaged: true, reasons: []string{"not_enrolled", "network", ""}, at: func(f frame) error {
		if f.n < c.earliest || f.at.After(end.Add(-tail)) {
			return nil
		}
		if missing++; missing > int(gone) {
			return fmt.Errorf("it is number %d, and the gateway lost %.0f packets", missing, gone)
		}
		return nil
	}})
	lost, _ := via.n.counts()
	if int64(lost)*200 < via.passed.Load()*int64(via.n.percent) {
		t.Errorf("%d of %d packets lost: the network was too good", lost, via.passed.Load())
	}
	note("| %s, datagrams lost on the way, and for good | %d | %.0f | | | |", t.Name(), lost, gone)
}
