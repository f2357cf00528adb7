package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
	"github.com/gatepost-video/gatepost/test/load/view"
)

// TestUnrulyViewers lets viewers that read 10 kB a second, viewers that read nothing
// and 200 that vanish at a camera that others watch. Every picture must be in the
// archive, the others must see every picture, and the server must have its memory and
// its goroutines back.
func TestUnrulyViewers(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam, camera := loadCamera(s, loadSource(t), publish.RTSP, 0)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	pushCtx, endPush := context.WithCancel(t.Context())
	defer endPush()
	var pushing, watching sync.WaitGroup
	pushing.Go(func() {
		if err := camera.Run(pushCtx); err != nil {
			t.Error(err)
		}
	})
	s.Online(cam.ID)

	var byHLS, byWHEP view.Meter
	for range 3 {
		hls, whep := s.Live(cam.ID), s.Live(cam.ID)
		watching.Go(func() {
			if err := view.LLHLS(ctx, hls.URLs.HLS, &byHLS); err != nil {
				byHLS.Fail(err)
			}
		})
		watching.Go(func() {
			if err := view.WHEP(ctx, whep.URLs.WHEP, whep.Token, &byWHEP); err != nil {
				byWHEP.Fail(err)
			}
		})
	}
	// Each of the three has seen several seconds, so that the server has what it
	// keeps for them.
	harness.Eventually(t, time.Minute, "the others watch", func() error {
		if byHLS.Pictures() < 3*150 || byWHEP.Pictures() < 3*150 {
			return fmt.Errorf("%d and %d pictures so far", byHLS.Pictures(), byWHEP.Pictures())
		}
		return nil
	})
	byHLS.Start()
	byWHEP.Start()
	before := leanest(t, s, 3*time.Second)
	unruly(t, s, cam.ID)
	harness.Eventually(t, 90*time.Second, "memory and goroutines are back", func() error {
		now := leanest(t, s, 3*time.Second)
		if now.Goroutines > before.Goroutines+10 || now.Heap > before.Heap+before.Heap/4+8<<20 {
			return fmt.Errorf("%d goroutines and %d KiB; before: %d and %d", now.Goroutines, now.Heap>>10, before.Goroutines, before.Heap>>10)
		}
		return nil
	})
	byHLS.Stop()
	byWHEP.Stop()
	leave()
	watching.Wait()
	endPush()
	pushing.Wait()

	hls, whep := byHLS.Report(), byWHEP.Report()
	if hls.Viewers != 3 || hls.Failed > 0 || hls.Refused > 0 || hls.Missing > 0 || hls.Pictures == 0 {
		t.Errorf("the others by LL-HLS: %+v", hls)
	}
	// A packet may be lost by the kernel on a busy machine; the server must not
	// have skipped a picture.
	if whep.Viewers != 3 || whep.Failed > 0 || whep.Missing > whep.Lost || whep.Lost > whep.Packets/100 || whep.Pictures == 0 {
		t.Errorf("the others by WHEP: %+v", whep)
	}
	if lost := missing(s, camera.Sent()); len(lost) > 0 {
		t.Errorf("%d pictures are missing from the archive, the first was due at %s", len(lost), lost[0].Due)
	}
}

// leanest samples the server for a while and returns the smallest figures: the heap
// is a saw, whose lowest points are what is in use.
func leanest(t *testing.T, s *harness.Server, d time.Duration) server.Gauges {
	t.Helper()
	var least server.Gauges
	for end := time.Now().Add(d); time.Now().Before(end); harness.Until(time.Now().Add(100 * time.Millisecond)) {
		g, err := server.ReadGauges(t.Context(), s.Media)
		if err != nil {
			t.Fatal(err)
		}
		if least.Goroutines == 0 || g.Goroutines < least.Goroutines {
			least.Goroutines = g.Goroutines
		}
		if least.Heap == 0 || g.Heap < least.Heap {
			least.Heap = g.Heap
		}
	}
	return least
}

// unruly comes and goes. It returns when all of them have gone.
func unruly(t *testing.T, s *harness.Server, camera string) {
	t.Helper()
	const (
		slow, stalled = 3, 3
		aborted       = 200
		rate          = 10_000 // bytes a second
	)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var lingering, vanishing sync.WaitGroup
	linger := func(what string, f func() error) {
		lingering.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	for range slow {
		g := s.Live(camera)
		linger("slow viewer", func() error {
			n, err := view.Slow(ctx, g.URLs.HLS, rate)
			if err == nil && n == 0 {
				err = errors.New("it read nothing")
			}
			return err
		})
	}
	for range stalled {
		hls, whep := s.Live(camera), s.Live(camera)
		linger("stalled LL-HLS viewer", func() error { return view.Stalled(ctx, hls.URLs.HLS) })
		linger("stalled WHEP viewer", func() error { return view.StalledWHEP(ctx, whep.URLs.WHEP, whep.Token) })
	}
	places := make(chan struct{}, 8) // so many vanish at once
	for i := range aborted / 4 {
		hls, whep := s.Live(camera), s.Live(camera)
		for _, f := range []func() error{
			func() error { return view.Abort(ctx, hls.URLs.HLS, false) },
			func() error { return view.Abort(ctx, hls.URLs.HLS, true) },
			func() error { return view.AbortWHEP(ctx, whep.URLs.WHEP, whep.Token, false) },
			func() error { return view.AbortWHEP(ctx, whep.URLs.WHEP, whep.Token, true) },
		} {
			places <- struct{}{}
			vanishing.Go(func() {
				defer func() { <-places }()
				if err := f(); err != nil {
					t.Errorf("aborted viewer %d: %v", i, err)
				}
			})
		}
	}
	vanishing.Wait()
	leave()
	lingering.Wait()
}
