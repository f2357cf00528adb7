package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestLambda runs the functions on Lambda, in two instances that know of each other by their database
// alone, and schedules for the timed work: a camera is enrolled, pushes, is recorded by a gateway
// elsewhere and played; nothing happens by itself.
func TestLambda(t *testing.T) {
	t.Parallel()
	s, platform := harness.NewBackends(t).OnLambda(t)
	begun := time.Now()
	cam := s.Enrol("on Lambda")
	push := harness.Push(t, cam, "rtsp-tcp", harness.Source{Frames: 200})
	s.Online(cam.ID)
	push.Wait(t, 60*time.Second)
	s.Archived(cam.ID, 1)
	if spans := s.Timeline(cam.ID, begun, time.Now()); len(spans) == 0 {
		t.Error("an empty timeline")
	}
	if got := s.Watch(t, harness.Watch{Mode: "playlist", Grant: s.Playback(cam.ID, begun, time.Now()), Seconds: 4}); got.Frames < 50 {
		t.Errorf("played: %+v", got)
	}

	// The look is in the ledger without a number, until the ledger's turn comes.
	numbered := func() bool {
		var entries struct{ Items []struct{ Sequence *int64 } }
		s.Call("GET", "/v1/ledger?camera_id="+cam.ID, nil, &entries, 200)
		if len(entries.Items) == 0 {
			t.Fatal("nothing in the ledger")
		}
		for _, e := range entries.Items {
			if e.Sequence == nil {
				return false
			}
		}
		return true
	}
	if numbered() {
		t.Error("somebody did timed work that no schedule asked for")
	}
	if err := platform.Schedule("ledger"); err != nil || !numbered() {
		t.Errorf("after the ledger's turn: %v", err)
	}
	if err := platform.Schedule("gardening"); err == nil || !strings.Contains(err.Error(), "gardening") {
		t.Errorf("a task that there is not: %v", err)
	}
	var tasks struct {
		Items []struct {
			Task string
			Last *struct{ Did map[string]int64 }
		}
	}
	s.Call("GET", "/v1/tasks", nil, &tasks, 200)
	if len(tasks.Items) == 0 {
		t.Error("no tasks")
	}
	for _, task := range tasks.Items {
		if (task.Last != nil) != (task.Task == "ledger") {
			t.Errorf("%s: %s", task.Task, fmt.Sprint(task.Last))
		}
	}
	for _, task := range tasks.Items {
		if err := platform.Schedule(task.Task); err != nil {
			t.Error(err)
		}
	}
}
