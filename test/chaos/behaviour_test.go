package chaos

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestCameras lets cameras behave as they do in the field, all on one server.
func TestCameras(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "5s")
	s.Admin() // signs in once, for all
	length := lasting(20*time.Second, 3*time.Minute)
	gone := []string{"network", "camera_offline"}
	var all sync.WaitGroup
	for _, row := range []struct {
		name  string
		o     cameraOptions
		every time.Duration // between two misdeeds; 0: it behaves
		act   func(c *camera, i int)
		b     bounds
	}{
		{name: "no sound"},
		{name: "B-frames", o: cameraOptions{look: look{bframes: 2}, audio: true}},
		{name: "H.265", o: cameraOptions{look: look{h265: true}}},
		{name: "GOPs of 10 s", o: cameraOptions{look: look{gop: 250}, audio: true}},
		{name: "says goodbye every 3 s", every: 3 * time.Second, act: func(c *camera, _ int) { c.disconnect(false) }},
		{name: "is cut off every 3 s", o: cameraOptions{audio: true}, every: 3 * time.Second, act: func(c *camera, _ int) { c.disconnect(true) }, b: bounds{reasons: gone}},
		{name: "RTMP, cut off every 3 s", o: cameraOptions{by: dialRTMP}, every: 3 * time.Second, act: func(c *camera, _ int) { c.disconnect(true) }, b: bounds{reasons: gone}},
		{name: "jumps an hour ahead", every: 5 * time.Second, act: leap(3600), b: bounds{reasons: gone}},
		{name: "jumps an hour back", o: cameraOptions{audio: true}, every: 5 * time.Second, act: leap(-3600), b: bounds{reasons: gone}},
		{name: "jumps 3 s ahead", every: 5 * time.Second, act: leap(3), b: bounds{}},
		{name: "changes its size", every: 4 * time.Second, act: func(c *camera, i int) {
			next := clipOf(t, look{size: []string{"640x360", "320x180"}[i%2]})
			c.set(func() { c.clip = next })
		}},
		{name: "changes its codec", every: 6 * time.Second, act: func(c *camera, i int) {
			next := clipOf(t, look{h265: i%2 == 0})
			c.set(func() { c.clip = next })
		}},
		{name: "has only sound for a while", o: cameraOptions{audio: true}, every: 4 * time.Second, act: func(c *camera, i int) {
			c.set(func() { c.dark = i%2 == 0 })
		}},
	} {
		all.Go(func() {
			t.Run(row.name, func(t *testing.T) {
				c := newCamera(t, s.In(t), row.name, row.o)
				s.In(t).Online(c.ID)
				end := time.Now().Add(length)
				for i := 0; row.every > 0 && time.Now().Add(row.every).Before(end); i++ {
					harness.Until(time.Now().Add(row.every))
					row.act(c, i)
				}
				harness.Until(end)
				c.account(t, row.b)
			})
		})
	}
	all.Wait()
	clean(t, s)
}

// leap lets the camera's clock jump.
func leap(seconds int64) func(*camera, int) {
	return func(c *camera, _ int) { c.set(func() { c.skip += seconds * 90000 }) }
}

// TestLoss sends by UDP through a network that loses and reorders: every frame
// of which all packets arrived is in the archive, the last before the goodbye as
// well, and the camera stays online.
func TestLoss(t *testing.T) {
	t.Parallel()
	random := seed(t)
	s := harness.NewServer(t, "--object-duration", "5s")
	length := lasting(15*time.Second, 2*time.Minute)
	for _, percent := range []int{0, 5, 20} {
		n := newNetwork(random.Uint64(), percent)
		t.Run(fmt.Sprintf("RTSP by UDP, %d %% lost", percent), func(t *testing.T) {
			c := newCamera(t, s.In(t), t.Name(), cameraOptions{udp: n.listen, lost: n.lose})
			s.In(t).Online(c.ID)
			harness.Until(time.Now().Add(length))
			// Before the first whole key frame there is no picture to record.
			b := bounds{damaged: percent > 0, reasons: []string{"not_enrolled"}, at: func(f frame) error {
				if f.n > c.earliest {
					return errors.New("it came after the first that is there")
				}
				return nil
			}}
			b.archive = func(objects []string) error {
				runs := map[string]bool{}
				for _, o := range objects {
					runs[o[:len(o)-len("-00000.mp4")]] = true
				}
				if len(runs) != 1 {
					return fmt.Errorf("%d runs, want one", len(runs))
				}
				return nil
			}
			c.account(t, b)
			if lost, swapped := n.counts(); percent > 0 && (lost == 0 || swapped == 0) {
				t.Errorf("%d packets lost, %d reordered: the network was too good", lost, swapped)
			}
		})
	}
	clean(t, s)
}

// TestClips proves that the cameras' pictures are what they should be.
func TestClips(t *testing.T) {
	b := clipOf(t, look{bframes: 2})
	var pts []int64
	for _, u := range b.units {
		pts = append(pts, u.pts)
	}
	if slices.IsSorted(pts) {
		t.Error("a clip with B-frames is in order")
	}
	if slices.Sort(pts); len(slices.Compact(pts)) != len(b.units) {
		t.Error("two pictures have the same time")
	}
}
