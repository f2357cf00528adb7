package whip

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func twoTracks() *timeline {
	return newTimeline([]*media.Track{{Codec: media.H264, ClockRate: 90000}, {Codec: media.Opus, ClockRate: 48000}})
}

func ntp(d time.Duration) uint64 {
	const since1900 = 3_900_000_000
	return uint64(since1900+d/time.Second)<<32 | uint64(d%time.Second)<<32/uint64(time.Second)
}

func TestTimelineWraps(t *testing.T) {
	tl := twoTracks()
	begin := time.Unix(1000, 0)
	const first = 1<<32 - 7200
	var rtpTime uint32 = first
	for i := range int64(1000) {
		if got := tl.pts(0, rtpTime, begin); got != i*3600 {
			t.Fatalf("picture %d at %d", i, got)
		}
		rtpTime += 3600
	}
	if got := tl.pts(0, rtpTime-7200, begin); got != 998*3600 { // out of order
		t.Errorf("an earlier packet at %d", got)
	}
}

// Audio that arrives 300 ms late is placed by arrival, and moved slowly to where
// the sender's reports have it.
func TestTimelineReports(t *testing.T) {
	begin := time.Unix(1000, 0)
	late := begin.Add(300 * time.Millisecond)

	t.Run("believable", func(t *testing.T) {
		tl := twoTracks()
		tl.pts(0, 90000, begin)
		if got := tl.pts(1, 48000, late); got != 14400 {
			t.Fatalf("by arrival at %d ticks", got)
		}
		tl.report(0, ntp(time.Second), 90000)
		tl.report(1, ntp(time.Second), 48000)
		var last int64 = 14400
		var rtpTime uint32 = 48000
		for i := 1; i <= 4000; i++ { // 80 s
			rtpTime += 960
			got := tl.pts(1, rtpTime, late)
			if step := got - last; step < 960-960/slewDivisor-1 || step > 960 {
				t.Fatalf("packet %d comes %d ticks after the one before", i, step)
			}
			last = got
		}
		if want := int64(4000 * 960); last != want {
			t.Errorf("at last at %d, want %d", last, want)
		}
	})
	t.Run("unbelievable", func(t *testing.T) {
		tl := twoTracks()
		tl.pts(0, 90000, begin)
		tl.pts(1, 48000, late)
		tl.report(0, ntp(time.Second), 90000)
		tl.report(1, ntp(time.Hour), 48000)
		tl.report(1, 0, 48000)
		if got := tl.pts(1, 48960, late); got != 14400+960 {
			t.Errorf("placed at %d ticks", got)
		}
	})
}
