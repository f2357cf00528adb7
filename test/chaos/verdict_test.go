package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// edge is how far a frame's wall time may be from that of the span it lies in:
// the gateway smooths arrivals, and a run begins and ends between two frames.
const edge = 400 * time.Millisecond

// bounds are what a verdict allows.
type bounds struct {
	reasons []string                     // of gaps in which frames may be missing; none: none may be missing
	at      func(missing frame) error    // further condition on each missing frame; may be nil
	damaged bool                         // pictures may refer to pictures that were lost on the way
	archive func(objects []string) error // further condition on the archive; may be nil
}

// account waits until all is archived, and says of each frame that a camera sent
// where it is.
func (c *camera) account(t *testing.T, b bounds) {
	t.Helper()
	c.stop()
	s := c.s.In(t)
	s.Archived(c.ID, 1)
	objects := s.Objects(c.ID)
	found := map[int]bool{}
	var counts []int
	for _, o := range objects {
		numbers := numbersIn(t, o)
		for i, n := range numbers {
			if found[n] {
				t.Errorf("frame %d is in the archive twice", n)
			}
			found[n] = true
			if i > 0 && n < numbers[i-1] {
				t.Errorf("frame %d comes after %d in %s", n, numbers[i-1], o)
			}
		}
		counts = append(counts, len(numbers))
	}
	decode(t, objects, counts, b.damaged)
	c.mu.Lock()
	sent := slices.Clone(c.sent)
	c.mu.Unlock()
	if len(sent) < 50 {
		t.Fatalf("only %d frames were sent", len(sent))
	}
	var missing []frame
	for _, f := range sent {
		if !found[f.n] {
			missing = append(missing, f)
		}
	}
	for n := range found {
		c.earliest = min(c.earliest, n)
	}
	spans := s.Timeline(c.ID, sent[0].at.Add(-time.Minute), time.Now())
	reasons := map[string]int{}
	bad := 0
	for _, f := range missing {
		reason, err := excused(spans, f.at, b.reasons)
		if err != nil && sent[len(sent)-1].at.Sub(f.at) < time.Second {
			// What was under way when the camera left was no second old.
			reason, err = excused(spans, f.at, []string{"camera_offline"})
		}
		if err == nil && b.at != nil {
			err = b.at(f)
		}
		if err != nil {
			if bad++; bad <= 3 {
				t.Errorf("frame %d, sent at %s, is not in the archive: %v", f.n, f.at.UTC().Format("15:04:05.000"), err)
			}
			continue
		}
		reasons[reason]++
	}
	if bad > 0 {
		t.Errorf("%d of %d missing frames are not accounted for", bad, len(missing))
		for _, sp := range spans {
			t.Logf("%s … %s %s %s", sp.From.UTC().Format("15:04:05.000"), sp.To.UTC().Format("15:04:05.000"), sp.State, sp.Reason)
		}
	}
	if b.archive != nil {
		if err := b.archive(objects); err != nil {
			t.Error(err)
		}
	}
	note("| %s | %d | %d | %d | %s | %d |", t.Name(), len(sent), len(sent)-len(missing), len(missing), tell(reasons), len(objects))
}

// excused finds the gap in which a moment lies, and its reason.
func excused(spans []harness.Span, at time.Time, reasons []string) (string, error) {
	seen := []string{}
	for _, sp := range spans {
		if sp.From.After(at.Add(edge)) || sp.To.Before(at.Add(-edge)) {
			continue
		}
		if slices.Contains(reasons, sp.Reason) {
			return sp.Reason, nil
		}
		seen = append(seen, strings.TrimSpace(sp.State+" "+sp.Reason))
	}
	return "", fmt.Errorf("the timeline says %q then, a gap of %v was to be expected", seen, reasons)
}

func tell(reasons map[string]int) string {
	out := []string{}
	for r, n := range reasons {
		if r == "" {
			r = "not in a gap"
		}
		out = append(out, fmt.Sprintf("%s %d", r, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// numbersIn returns the numbers of the frames of an object, in order.
func numbersIn(t testing.TB, path string) []int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for {
		at := bytes.Index(b, []byte(mark))
		if at < 0 {
			return out
		}
		b = b[at+len(mark):]
		n, err := strconv.Atoi(string(b[:10]))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, n)
	}
}

// decode has ffmpeg decode objects, all at once, and wants as many pictures of
// each as it has numbers, and no complaint. Of a camera that lost packets it may
// complain, leave pictures out, and make some up for those that are not there.
func decode(t testing.TB, objects []string, counts []int, damaged bool) {
	t.Helper()
	args := []string{"-v", "error"}
	if !damaged {
		args = append(args, "-xerror")
	}
	for _, o := range objects {
		args = append(args, "-threads", "1", "-i", o)
	}
	for i := range objects {
		args = append(args, "-map", fmt.Sprintf("%d:v", i))
	}
	cmd := exec.Command("ffmpeg", append(args, "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "framecrc", "-")...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 && !damaged {
		t.Errorf("ffmpeg cannot decode %v: %v: %.2000s", objects, err, stderr.String())
	}
	pictures := make([]int, len(objects))
	for _, l := range harness.Lines(string(out)) {
		if stream, _, ok := strings.Cut(l, ","); ok && l[0] != '#' {
			if i, err := strconv.Atoi(stream); err == nil && i < len(pictures) {
				pictures[i]++
			}
		}
	}
	for i, n := range pictures {
		if n != counts[i] && (!damaged || n == 0) {
			t.Errorf("ffmpeg decodes %d pictures of %s, which holds %d", n, objects[i], counts[i])
		}
	}
}

// clean wants rows and objects to agree.
func clean(t *testing.T, s *harness.Server) {
	t.Helper()
	if out, err := s.Fsck(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

// load is what a process holds.
type load struct{ goroutines, memory float64 }

// loadOf reads a server's own figures, after a collection of garbage.
func loadOf(t *testing.T, s *harness.Server) load {
	t.Helper()
	harness.Client.CloseIdleConnections()
	err := s.Collect()
	goroutines, err2 := s.Metric("go_goroutines")
	memory, err3 := s.Metric("process_resident_memory_bytes")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	return load{goroutines, memory}
}

// Tolerances of back: connections to the stores that are kept for the next
// request have two goroutines each, and a heap that was larger for a while is
// given back to the system over minutes.
const (
	spareGoroutines = 12
	spareMemory     = 32 << 20
	memoryFactor    = 1.5
)

// back wants a server to hold what it held before, with the same cameras.
func back(t *testing.T, s *harness.Server, before load) {
	t.Helper()
	var now load
	harness.Eventually(t, time.Minute, "goroutines and memory are back", func() error {
		now = loadOf(t, s)
		if now.goroutines > before.goroutines+spareGoroutines || now.memory > before.memory*memoryFactor+spareMemory {
			return fmt.Errorf("%+v, before %+v", now, before)
		}
		return nil
	})
	note("| %s, afterwards | goroutines %.0f → %.0f | memory %.1f → %.1f MiB | | | |", t.Name(), before.goroutines, now.goroutines, before.memory/(1<<20), now.memory/(1<<20))
}

// notes are the table that the tests print at the end.
var notes struct {
	sync.Mutex
	lines []string
}

func note(format string, args ...any) {
	notes.Lock()
	defer notes.Unlock()
	notes.lines = append(notes.lines, fmt.Sprintf(format, args...))
}

func TestMain(m *testing.M) {
	code := m.Run()
	if testing.Verbose() && len(notes.lines) > 0 {
		fmt.Println("| fault | frames sent | in the archive | missing | in gaps named | objects |")
		fmt.Println("|---|---|---|---|---|---|")
		for _, l := range notes.lines {
			fmt.Println(l)
		}
	}
	os.Exit(code)
}
