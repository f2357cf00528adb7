package record

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// A Writer says when its disk takes nothing, whether its goroutine waits for
// the disk or has died; another one goes on with the run in the middle of it.
func TestStuck(t *testing.T) {
	k := clip(t, "2")
	for _, c := range []struct {
		name string
		wait func(release chan struct{})
		dead bool
	}{
		{"stuck", func(release chan struct{}) { <-release }, false},
		{"dead", func(chan struct{}) { runtime.Goexit() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			release, entered, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			dir := t.TempDir()
			w, err := NewWriter(Options{Dir: dir, Camera: "cam"})
			if err != nil {
				t.Fatal(err)
			}
			w.create = func(path string) (Storage, error) {
				close(entered)
				c.wait(release)
				return create(path)
			}
			go func() {
				defer close(ended)
				_ = w.Run(t.Context())
			}()
			k.replay(w)
			<-entered
			waitUntil(t, func() bool { return w.Stats().Stuck > 50*time.Millisecond })
			var frames int64
			for _, p := range k.parts {
				frames += int64(p.Frames)
			}
			s := w.Stats()
			if !s.LastPart.IsZero() || !c.dead && (s.Queued == 0 || s.Lost != 0) || c.dead && (s.Queued != 0 || s.Lost != frames) {
				t.Errorf("%d frames are not written: %+v", frames, s)
			}

			next := start(t, Options{Dir: dir}, nil)
			next.Resume(k.run, k.inits[0])
			for _, p := range k.parts {
				next.Part(p)
			}
			next.End("publisher_closed")
			waitUntil(t, func() bool { s := next.Stats(); return !s.LastPart.IsZero() && s.Stuck == 0 })
			closed := next.finish()
			if len(closed) != 1 || closed[0].Run == k.run || closed[0].RunEnd != "publisher_closed" {
				t.Fatalf("the second writer made %+v", closed)
			}
			check(t, closed[0])
			if p := next.Paths(); p[0] != closed[0].Path || p[1] != "" || CameraOf(p[0]) != camera {
				t.Errorf("it names %q", p)
			}

			close(release)
			w.Close(EndStorage)
			<-ended
			if !c.dead {
				if s := w.Stats(); s.Stuck != 0 || s.LastPart.IsZero() {
					t.Errorf("after the disk is back: %+v", s)
				}
			}
		})
	}
}

// Failing lasts from an error of the disk to the next part that is written.
func TestFailing(t *testing.T) {
	k := clip(t, "3")
	var full atomic.Bool
	full.Store(true)
	r := start(t, Options{}, func(w *Writer) {
		w.create = func(path string) (Storage, error) {
			if full.Load() {
				return nil, errFull
			}
			return create(path)
		}
	})
	r.Start(k.run, k.inits[0])
	r.Part(k.parts[0])
	waitUntil(t, func() bool { return r.Stats().Failing })
	full.Store(false)
	for _, p := range k.parts[1:] {
		r.Part(p)
	}
	waitUntil(t, func() bool { return !r.Stats().Failing && !r.Stats().LastPart.IsZero() })
	for _, c := range r.finish() {
		check(t, c)
	}
}

func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("not within 10 s")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
