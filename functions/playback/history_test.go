package playback

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// at is a time in minutes after noon.
func at(minutes float64) time.Time {
	return noon.Add(time.Duration(minutes * float64(time.Minute)))
}

// row is a recording from one minute to another.
func row(run string, seq int, from, to float64, change ...func(*gatepost.Recording)) gatepost.Recording {
	r := gatepost.Recording{ID: fmt.Sprint(run, "-", seq), Run: run, Seq: seq, Start: at(from), End: at(to), Duration: at(to).Sub(at(from))}
	for _, c := range change {
		c(&r)
	}
	return r
}

func prior(e gatepost.EndReason) func(*gatepost.Recording) {
	return func(r *gatepost.Recording) { r.PriorEnd = e }
}

func ended(e gatepost.EndReason) func(*gatepost.Recording) {
	return func(r *gatepost.Recording) { r.RunEnd = e }
}

// show writes spans as "0-1 recorded; 1-2 gap network".
func show(spans []gatepost.Span) string {
	var parts []string
	for _, s := range spans {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%g-%g %s %s", s.From.Sub(noon).Minutes(), s.To.Sub(noon).Minutes(), s.State, s.Reason)))
	}
	return strings.Join(parts, "; ")
}

func TestHistory(t *testing.T) {
	live := func(since float64) *gatepost.CameraStatus {
		return &gatepost.CameraStatus{Online: true, Recording: true, Since: at(since), SeenAt: at(60)}
	}
	away := func(since float64, why gatepost.EndReason) *gatepost.CameraStatus {
		return &gatepost.CameraStatus{Since: at(since), EndReason: why, SeenAt: at(60)}
	}
	tests := map[string]struct {
		rows     []gatepost.Recording // all there are
		from, to float64              // now is minute 60
		created  float64
		days     int
		status   *gatepost.CameraStatus
		holds    []gatepost.Hold
		want     string
	}{
		"nothing ever": {to: 60, created: -1, want: "0-60 gap not_enrolled"},
		"one run": {rows: []gatepost.Recording{row("a", 0, -1, 1), row("a", 1, 1, 2), row("a", 2, 2, 11)}, to: 10, created: -2,
			want: "0-10 recorded"},
		"seams of a run do not show": {rows: []gatepost.Recording{row("a", 0, 0, 1), row("a", 1, 1.01, 2), row("a", 2, 1.99, 11)}, to: 10, created: -2,
			want: "0-10 recorded"},
		"a publisher that stalled": {rows: []gatepost.Recording{row("a", 0, 0, 1), row("a", 1, 2, 11)}, to: 10, created: -2,
			want: "0-1 recorded; 1-2 gap network; 2-10 recorded"},
		"an object is missing": {rows: []gatepost.Recording{row("a", 0, 0, 1), row("a", 2, 2, 11)}, to: 10, created: -2,
			want: "0-1 recorded; 1-2 gap storage; 2-10 recorded"},
		"reasons from the run after": {rows: []gatepost.Recording{row("a", 0, 0, 1), row("b", 0, 2, 3, prior(gatepost.EndClosed)),
			row("c", 0, 4, 5, prior(gatepost.EndTimeout)), row("d", 0, 6, 7, prior(gatepost.EndCrash)),
			row("e", 0, 8, 9, prior(gatepost.EndStorage)), row("f", 0, 10, 11, prior(gatepost.EndSuspended))}, to: 11, created: -2,
			want: "0-1 recorded; 1-2 gap camera_offline; 2-3 recorded; 3-4 gap network; 4-5 recorded; 5-6 gap gateway; 6-7 recorded; 7-8 gap storage; 8-9 recorded; 9-10 gap suspended; 10-11 recorded"},
		"reasons from the run before": {rows: []gatepost.Recording{row("a", 0, 0, 1, ended(gatepost.EndShutdown)), row("b", 0, 2, 11)}, to: 10, created: -2,
			want: "0-1 recorded; 1-2 gap gateway; 2-10 recorded"},
		"a window between two runs": {rows: []gatepost.Recording{row("a", 0, -9, -8), row("b", 0, 20, 21, prior(gatepost.EndNetwork))}, to: 10, created: -20,
			want: "0-10 gap network"},
		"before the first push": {rows: []gatepost.Recording{row("a", 0, 5, 11)}, to: 10, created: -2, want: "0-5 gap not_enrolled; 5-10 recorded"},
		"before the first that is left": {rows: []gatepost.Recording{row("a", 7, 5, 11)}, to: 10, created: -2,
			want: "0-5 expired; 5-10 recorded"},
		"expired": {rows: []gatepost.Recording{row("a", 0, 5, 11, prior(gatepost.EndNetwork))}, from: -40*24*60 + 60, to: -10*24*60 + 60, created: -35 * 24 * 60, days: 30,
			want: "-57540--50400 gap not_enrolled; -50400--43140 expired; -43140--14340 gap network"},
		"now recording": {rows: []gatepost.Recording{row("a", 0, 50, 59)}, from: 50, to: 70, created: 0, status: live(50),
			want: "50-60 recorded"},
		"recording again": {rows: []gatepost.Recording{row("a", 0, 50, 57, ended(gatepost.EndNetwork))}, from: 50, to: 60, created: 0, status: live(58),
			want: "50-57 recorded; 57-58 gap network; 58-60 recorded"},
		"the first minute": {from: 50, to: 60, created: 0, status: live(59.5), want: "50-59.5 gap not_enrolled; 59.5-60 recorded"},
		"online but not recording": {rows: []gatepost.Recording{row("a", 0, 50, 57)}, from: 50, to: 60, created: 0,
			status: &gatepost.CameraStatus{Online: true, Since: at(50), SeenAt: at(60)}, want: "50-57 recorded; 57-60 gap storage"},
		"a disk that fails: what lies in the spool is safe": {rows: []gatepost.Recording{row("a", 0, 50, 57)}, from: 50, to: 60, created: -2,
			status: &gatepost.CameraStatus{Online: true, Since: at(50), SeenAt: at(60), Problem: gatepost.ProblemStorage, ProblemSince: at(59)}, want: "50-59 recorded; 59-60 gap storage"},
		"a disk that failed, and its row": {rows: []gatepost.Recording{row("a", 0, 50, 57, ended(gatepost.EndStorage))}, from: 50, to: 60, created: -2,
			status: &gatepost.CameraStatus{Online: true, Since: at(50), SeenAt: at(60), Problem: gatepost.ProblemRecorder, ProblemSince: at(58)}, want: "50-57 recorded; 57-60 gap storage"},
		"back, without key frames": {rows: []gatepost.Recording{row("a", 0, 50, 55, ended(gatepost.EndNetwork))}, from: 50, to: 60, created: -2,
			status: &gatepost.CameraStatus{Online: true, Since: at(58), SeenAt: at(60), Problem: gatepost.ProblemKeyFrames, ProblemSince: at(58)}, want: "50-55 recorded; 55-58 gap network; 58-60 gap gateway"},
		"an upload that waits": {rows: []gatepost.Recording{row("a", 0, 50, 55)}, from: 50, to: 60, created: -2,
			status: &gatepost.CameraStatus{Online: true, Recording: true, Since: at(50), SeenAt: at(60), Problem: gatepost.ProblemUpload, ProblemSince: at(56)}, want: "50-60 recorded"},
		"sound that cannot be recorded, ever": {from: 50, to: 60, created: 40,
			status: &gatepost.CameraStatus{Online: true, Since: at(55), SeenAt: at(60), Problem: gatepost.ProblemTracks, ProblemSince: at(55)}, want: "50-55 gap not_enrolled; 55-60 gap gateway"},
		"a silent gateway": {rows: []gatepost.Recording{row("a", 0, 50, 57)}, from: 50, to: 60, created: 0,
			status: &gatepost.CameraStatus{Online: true, Recording: true, Since: at(50), SeenAt: at(58)}, want: "50-57 recorded; 57-60 gap gateway"},
		"gone, its last object stored": {rows: []gatepost.Recording{row("a", 0, 50, 57, ended(gatepost.EndClosed))}, from: 50, to: 60, created: 0,
			status: away(57, gatepost.EndClosed), want: "50-57 recorded; 57-60 gap camera_offline"},
		"gone, its last object on the way": {rows: []gatepost.Recording{row("a", 0, 50, 57)}, from: 50, to: 60, created: 0,
			status: away(58, gatepost.EndTimeout), want: "50-58 recorded; 58-60 gap network"},
		"suspended": {rows: []gatepost.Recording{row("a", 0, 0, 7)}, to: 60, created: 0, status: away(7, gatepost.EndSuspended),
			want: "0-7 recorded; 7-60 gap suspended"},
		"held": {rows: []gatepost.Recording{row("a", 0, 0, 4), row("b", 0, 6, 11, prior(gatepost.EndNetwork))}, to: 10, created: -2,
			holds: []gatepost.Hold{{From: at(-3), To: at(1)}, {From: at(3), To: at(7)}},
			want:  "0-1 held; 1-3 recorded; 3-4 held; 4-6 gap network; 6-7 held; 7-10 recorded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := history{camera: gatepost.Camera{CreatedAt: at(tt.created)}, days: tt.days, now: at(60), from: at(tt.from), to: earlier(at(tt.to), at(60)), holds: tt.holds, status: tt.status}
			for i := range tt.rows {
				r := &tt.rows[i]
				if h.first == nil {
					h.first = r
				}
				h.last = r
				if r.Start.Before(h.to) && r.End.After(h.from) {
					h.rows = append(h.rows, *r)
				} else if h.next == nil && !r.Start.Before(h.to) {
					h.next = r
				}
			}
			if got := show(h.spans()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestHistoryCovers: whatever is recorded, spans touch and cover the window, and
// what a row says is recorded is shown so.
func TestHistoryCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := history{camera: gatepost.Camera{CreatedAt: at(float64(rapid.IntRange(-100, 60).Draw(t, "created")))}, days: rapid.IntRange(0, 2).Draw(t, "days"), now: at(60)}
		h.from = at(rapid.Float64Range(-3000, 59).Draw(t, "from"))
		h.to = earlier(h.from.Add(time.Duration(rapid.IntRange(1, 1e13).Draw(t, "length"))), h.now)
		minute, run, seq := rapid.Float64Range(-2000, 55).Draw(t, "first"), 0, rapid.IntRange(0, 2).Draw(t, "seq")
		ends := []gatepost.EndReason{"", gatepost.EndClosed, gatepost.EndNetwork, gatepost.EndCrash}
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			r := row(fmt.Sprint(run), seq, minute, minute+rapid.Float64Range(0.001, 2).Draw(t, "lasts"),
				prior(rapid.SampledFrom(ends).Draw(t, "prior")), ended(rapid.SampledFrom(ends).Draw(t, "end")))
			// Rows come in the order of their start.
			minute = max(minute, r.End.Sub(noon).Minutes()+rapid.SampledFrom([]float64{-0.01, 0, 0.001, 5, 100}).Draw(t, "gap"))
			if seq++; rapid.Bool().Draw(t, "new run") {
				run, seq = run+1, 0
			}
			if r.End.After(h.now) {
				break
			}
			if h.first == nil {
				h.first = &r
			}
			h.last = &r
			if r.Start.Before(h.to) && r.End.After(h.from) {
				h.rows = append(h.rows, r)
			} else if h.next == nil && !r.Start.Before(h.to) {
				h.next = &r
			}
		}
		if rapid.Bool().Draw(t, "status") {
			h.status = &gatepost.CameraStatus{Online: rapid.Bool().Draw(t, "online"), Recording: rapid.Bool().Draw(t, "recording"),
				Since: at(rapid.Float64Range(-2000, 60).Draw(t, "since")), SeenAt: at(rapid.Float64Range(50, 60).Draw(t, "seen")), EndReason: rapid.SampledFrom(ends).Draw(t, "why")}
		}
		if rapid.Bool().Draw(t, "hold") {
			from := at(rapid.Float64Range(-3000, 60).Draw(t, "hold from"))
			h.holds = []gatepost.Hold{{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 1e13).Draw(t, "hold length")))}}
		}
		spans, at := h.spans(), h.from
		for _, s := range spans {
			if !s.From.Equal(at) || !s.To.After(s.From) {
				t.Fatalf("span %v to %v follows on %v: %s", s.From, s.To, at, show(spans))
			}
			if (s.Reason != "") != (s.State == gatepost.SpanGap) {
				t.Fatalf("state %q with reason %q", s.State, s.Reason)
			}
			at = s.To
		}
		if !at.Equal(h.to) {
			t.Fatalf("spans end at %v, the window at %v: %s", at, h.to, show(spans))
		}
		for _, r := range h.rows {
			middle := r.Start.Add(r.Duration / 2)
			for _, s := range spans {
				if !s.From.After(middle) && s.To.After(middle) && s.State != gatepost.SpanRecorded && s.State != gatepost.SpanHeld {
					t.Fatalf("%v is recorded and shown as %s: %s", middle, s.State, show(spans))
				}
			}
		}
	})
}
