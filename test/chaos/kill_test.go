package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// seed makes the random moments of a run; GATEPOST_SEED repeats those of another.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if v, err := strconv.ParseUint(os.Getenv("GATEPOST_SEED"), 10, 64); err == nil {
		n = v
	}
	t.Logf("GATEPOST_SEED=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// lastSecond is what a kill may cost: a second, and the frame under way.
const lastSecond = 1100 * time.Millisecond

// TestKill kills the server with SIGKILL at random moments, also while its
// uploads fail in every way, and wants all but the last second before each kill.
// One camera is a real ffmpeg.
func TestKill(t *testing.T) {
	t.Parallel()
	random := seed(t)
	b := harness.NewBackends(t)
	proxy := newStorageProxy(t, b)
	s := b.Server(t, short...)
	cams := []*camera{newCamera(t, s, "plain", cameraOptions{}), newCamera(t, s, "B-frames and sound", cameraOptions{look: look{bframes: 2}, audio: true})}
	real := s.Enrol("ffmpeg")
	var kills, back []time.Time
	faults := []storageFault{healthy, cutUpload, lostAnswer, answer500}
	rounds := 4
	if harness.Long {
		rounds = 40
	}
	for i := range rounds {
		proxy.set(faults[i%len(faults)])
		ff := harness.Push(t, real, "rtsp-tcp", harness.Source{})
		for _, id := range []string{real.ID, cams[0].ID, cams[1].ID} {
			pushing(t, s, id)
		}
		harness.Until(time.Now().Add(2*time.Second + time.Duration(random.Int64N(int64(lasting(5*time.Second, 15*time.Second))))))
		kills = append(kills, s.Kill())
		ff.Kill()
		s.Launch()
		back = append(back, time.Now())
	}
	proxy.set(healthy)
	for _, c := range cams {
		c.account(t, bounds{reasons: []string{"gateway"}, at: func(f frame) error { return killed(kills, back, f.at) }})
	}
	s.Archived(real.ID, rounds)
	spans := s.Timeline(real.ID, kills[0].Add(-time.Minute), time.Now())
	for i, kill := range kills {
		last := time.Time{}
		for _, sp := range spans {
			if sp.State == "recorded" && sp.From.Before(kill) && sp.To.After(last) {
				last = sp.To
			}
		}
		if missing := kill.Sub(last); missing > lastSecond {
			t.Errorf("kill %d: %s before it are missing of ffmpeg's camera", i+1, missing)
		}
	}
	for _, o := range s.Objects(real.ID) {
		harness.Decodes(t, o)
	}
	clean(t, s)
}

// pushing waits until a camera pushes to this run of the server: its row says so from
// before the kill, too.
func pushing(t *testing.T, s *harness.Server, id string) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, "the camera pushes", func() error {
		n, err := s.Metric(fmt.Sprintf("gatepost_camera_online{camera=%q}", id))
		if err == nil && n != 1 {
			err = errors.New("it does not")
		}
		return err
	})
}

// killed tells whether a frame may be missing: it came in the last second before
// a kill, or to a connection that was dead and did not know, before the server
// was back.
func killed(kills, back []time.Time, at time.Time) error {
	for i, k := range kills {
		if at.After(k.Add(-lastSecond)) && at.Before(back[i]) {
			return nil
		}
	}
	return fmt.Errorf("no kill was within a second: %v", kills)
}
