package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/archive"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// rows is a control plane that takes rows.
type rows struct {
	mu   sync.Mutex
	list []gatepost.Recording
}

// RecordingClosed implements archive.Control.
func (r *rows) RecordingClosed(_ context.Context, rec gatepost.Recording) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, rec)
	return nil
}

// TestClockStep sets the wall clock by an hour under a recording camera. The
// machine's own clock stays: the way from the stream to the rows is driven in
// this process, with a clock that is given to it.
func TestClockStep(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{time.Hour, -time.Hour, 2 * time.Second, -2 * time.Second} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			taken, objects, sent, turn := recordAcross(t, step)
			found := map[int]bool{}
			runs := map[string]bool{}
			var counts []int
			for _, o := range objects {
				numbers := numbersIn(t, o)
				counts = append(counts, len(numbers))
				for _, n := range numbers {
					found[n] = true
				}
			}
			if len(found) != sent {
				t.Errorf("%d frames in the archive, %d were sent", len(found), sent)
			}
			decode(t, objects, counts, false)
			for _, r := range taken {
				runs[r.Run] = true
				if off := r.End.Sub(r.Start) - r.Duration; off < -time.Second || off > time.Second {
					t.Errorf("a recording of %s lasts from %s to %s", r.Duration, r.Start, r.End)
				}
			}
			want := 1
			if step > 5*time.Second || step < -5*time.Second {
				want = 2 // the hour is not smoothed away: another run, with the new time
			}
			if len(runs) != want {
				t.Errorf("%d runs, want %d", len(runs), want)
			}
			at := slices.IndexFunc(taken, func(r gatepost.Recording) bool { return r.RunEnd == gatepost.EndClosed })
			if at < 0 {
				t.Fatal("no recording is the last of its run")
			}
			last := taken[at]
			if off := last.End.Sub(turn); off < -3*time.Second || off > 3*time.Second {
				t.Errorf("the last recording ends at %s, when it was %s", last.End, turn)
			}
			note("| %s | %d | %d | %d | %d runs | %d |", t.Name(), sent, len(found), sent-len(found), len(runs), len(objects))
		})
	}
}

// recordAcross records 60 s of a camera, with a step of the clock after 20 s. It
// returns the rows, the objects, the number of frames and the time at the end.
func recordAcross(t *testing.T, step time.Duration) (taken []gatepost.Recording, objects []string, sent int, end time.Time) {
	t.Helper()
	store := t.TempDir()
	objs, err := dir.Open(store, dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	control := &rows{}
	a, err := archive.New(archive.Options{Spool: t.TempDir(), Objects: objs, Control: control, Target: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	id := gatepost.NewID()
	sink, err := a.Sink(id, 30)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Round(0)
	s := stream.New(stream.Options{Camera: id, Sinks: []stream.Sink{cmaf.NewMuxer(cmaf.Options{Sinks: []cmaf.Sink{sink}})},
		NewRunID: gatepost.NewID, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	c := clipOf(t, look{})
	p, err := s.Publish([]*media.Track{{Codec: media.H264, ClockRate: 90000, SPS: c.sps, PPS: c.pps}})
	if err != nil {
		t.Fatal(err)
	}
	for sent = range 60 * 25 {
		u := c.units[sent%len(c.units)]
		ts := int64(sent) * frameTicks
		if err := p.Write(&media.Unit{PTS: ts, DTS: ts, NTP: now, Data: c.numbered(u, sent), Key: sent%c.gop == 0}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(frameTime)
		if sent == 20*25 {
			now = now.Add(step)
		}
	}
	sent++
	s.Close(string(gatepost.EndClosed))
	sink.Close(gatepost.EndClosed)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	objects, err = filepath.Glob(filepath.Join(store, "rec", "*", id, "*", "*", "*", "*.mp4"))
	if err != nil || len(objects) != len(control.list) {
		t.Fatal(fmt.Errorf("%d objects and %d rows: %w", len(objects), len(control.list), err))
	}
	return control.list, objects, sent, now
}
