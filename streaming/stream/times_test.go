package stream_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestJumps(t *testing.T) {
	tests := map[string]struct {
		shift time.Duration // of media time, behind 30 pictures
		pause time.Duration // of wall time
		dts   bool
		cut   bool
	}{
		"forward":                   {shift: time.Hour, cut: true},
		"forward with decode times": {shift: 6 * time.Second, dts: true, cut: true},
		"backward":                  {shift: -time.Hour, cut: true},
		"backward a little":         {shift: -3 * time.Second, dts: true, cut: true},
		"silence":                   {shift: time.Minute, pause: time.Minute},
		"a short leap":              {shift: 4 * time.Second},
		"a stall that catches up":   {pause: 20 * time.Second},
		"a hiccup":                  {shift: -200 * time.Millisecond, dts: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.publish(videoTrack)
			m := b.s.Meter()
			defer m.Close()
			shift := media.Ticks(test.shift, 90000)
			for i := range 100 {
				pts := int64(i) * frame
				if i == 30 {
					b.now = b.now.Add(test.pause)
				}
				if i >= 30 {
					pts += shift
				}
				u := inter(pts)
				if i%25 == 0 {
					u = key(pts, smallSPS)
				}
				if test.dts {
					u.DTS = pts
				}
				b.write(p, u)
				if test.pause == 0 || i < 30 || test.shift != 0 {
					b.now = b.now.Add(40 * time.Millisecond)
				}
			}
			p.Close("publisher_closed")
			if test.cut {
				b.expect("start run1 1 tracks 320", "end timestamp_jump", "start run2 1 tracks 320", "end publisher_closed")
				if n := len(b.sink.units); n != 80 || m.Snapshot().TimestampJumps != 1 { // 20 pictures until the key frame
					t.Errorf("%d units, %d jumps", n, m.Snapshot().TimestampJumps)
				}
			} else {
				b.expect("start run1 1 tracks 320", "end publisher_closed")
				if n := len(b.sink.units); n != 100 || m.Snapshot().TimestampJumps != 0 {
					t.Errorf("%d units, %d jumps", n, m.Snapshot().TimestampJumps)
				}
			}
		})
	}
}

// TestClockApart: a clock that is wrong for good is cut at a key frame, and no
// picture is lost for it.
func TestClockApart(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	b.pictures(p, 0, 50)
	b.now = b.now.Add(time.Minute) // a pause in which its clock stood still
	b.pictures(p, 50, 350)
	p.Close("publisher_closed")
	b.expect("start run1 1 tracks 320", "end timestamp_jump", "start run2 1 tracks 320", "end publisher_closed")
	if len(b.sink.units) != 400 {
		t.Errorf("%d units", len(b.sink.units))
	}
	last := b.sink.units[399]
	if off := b.now.Sub(last.NTP); off < 0 || off > time.Second {
		t.Errorf("wall time is off by %v", off)
	}
}

func TestAudioNeverBreaksVideo(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack, audioTrack)
	for i := range 100 {
		u := inter(int64(i) * frame)
		if i%25 == 0 {
			u = key(int64(i)*frame, smallSPS)
		}
		b.write(p, u)
		pts := int64(i) * 1920
		switch {
		case i >= 70:
			pts -= 48000 * 3600
		case i >= 30:
			pts += 48000 * 3600
		}
		b.write(p, audio(pts))
		b.now = b.now.Add(40 * time.Millisecond)
	}
	b.expect("start run1 2 tracks 320")
	for i, u := range b.sink.units {
		track := b.sink.runs[0].Tracks[u.Track]
		want := time.Duration(i/2) * 40 * time.Millisecond
		if off := media.Duration(u.PTS, track.ClockRate) - want; off.Abs() > 40*time.Millisecond {
			t.Fatalf("unit %d of track %d is off by %v", i, u.Track, off)
		}
	}
}

func TestAudioFollowsACameraClockThatJumps(t *testing.T) {
	for _, videoFirst := range []bool{false, true} {
		b := newBench(t)
		p := b.publish(videoTrack, audioTrack)
		for i := range 60 {
			jump := int64(0)
			if i >= 25 {
				jump = 3600
			}
			video := inter(int64(i)*frame + jump*90000)
			if i%25 == 0 {
				video = key(int64(i)*frame+jump*90000, smallSPS)
			}
			sound := audio(int64(i)*1920 + jump*48000)
			if videoFirst {
				b.write(p, video)
				b.write(p, sound)
			} else {
				b.write(p, sound)
				b.write(p, video)
			}
			b.now = b.now.Add(40 * time.Millisecond)
		}
		b.expect("start run1 2 tracks 320", "end timestamp_jump", "start run2 2 tracks 320")
		for _, u := range b.sink.units[len(b.sink.units)-20:] {
			rate := b.sink.runs[1].Tracks[u.Track].ClockRate
			if at := media.Duration(u.PTS, rate); at < time.Hour || at > time.Hour+3*time.Second {
				t.Fatalf("video first %v: unit of track %d at %v", videoFirst, u.Track, at)
			}
		}
	}
}

// TestTimesAreFit holds for any input: a run begins with a key frame, within it
// decode times grow by track, and presentation never precedes them.
func TestTimesAreFit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		p := b.publish(videoTrack, audioTrack)
		at := time.Duration(0)
		for i := range rapid.IntRange(1, 300).Draw(rt, "units") {
			step := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(-7000, 7000)).Draw(rt, "step")
			at += time.Duration(step) * time.Millisecond
			var u *media.Unit
			switch {
			case rapid.Bool().Draw(rt, "audio"):
				u = audio(media.Ticks(at, 48000))
			case i%10 == 0:
				u = key(media.Ticks(at, 90000), smallSPS)
			default:
				u = inter(media.Ticks(at, 90000))
			}
			if rapid.Bool().Draw(rt, "decode time") {
				u.DTS = u.PTS - rapid.Int64Range(0, 5000).Draw(rt, "delay")
			}
			b.write(p, u)
			b.now = b.now.Add(time.Duration(rapid.Int64Range(0, 200).Draw(rt, "wall")) * time.Millisecond)
		}
		p.Close("publisher_closed")
		for i, first := range b.sink.firsts {
			end := len(b.sink.units)
			if i+1 < len(b.sink.firsts) {
				end = b.sink.firsts[i+1]
			}
			checkRun(rt, b.sink.units[first:end])
		}
	})
}

func checkRun(t *rapid.T, units []*media.Unit) {
	if len(units) == 0 || !units[0].Key || units[0].Track != 0 {
		t.Fatal("a run that does not begin with a key frame")
	}
	last := map[int]*media.Unit{}
	for _, u := range units {
		if before := last[u.Track]; before != nil && u.DTS <= before.DTS {
			t.Fatalf("track %d: decoded at %d after %d", u.Track, u.DTS, before.DTS)
		}
		if u.PTS < u.DTS {
			t.Fatalf("presented at %d, decoded at %d", u.PTS, u.DTS)
		}
		last[u.Track] = u
	}
}

// TestWallTimeIsSmooth: arrivals jitter by up to 300 ms and the camera's clock
// is 200 ppm fast; wall time follows without a step.
func TestWallTimeIsSmooth(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	m := b.s.Meter()
	defer m.Close()
	start := b.now
	const n = 25 * 600
	var previous *media.Unit
	for i := range n {
		wall := time.Duration(i) * 40 * time.Millisecond
		pts := int64(float64(i) * frame * 1.0002)
		b.now = start.Add(wall + time.Duration(i*7919%300)*time.Millisecond)
		u := inter(pts)
		if i%25 == 0 {
			u = key(pts, smallSPS)
		}
		b.write(p, u)
		got := b.sink.units[len(b.sink.units)-1]
		b.sink.units = b.sink.units[:0]
		if previous != nil {
			mediaStep := media.Duration(got.PTS-previous.PTS, 90000)
			drift := got.NTP.Sub(previous.NTP) - mediaStep
			if drift.Abs() > 2300*500*time.Nanosecond { // 500 ppm of a window of two seconds and some
				t.Fatalf("wall time steps by %v", drift)
			}
		}
		previous = got
		if i > n/2 {
			if off := got.NTP.Sub(start.Add(wall)).Abs(); off > 50*time.Millisecond {
				t.Fatalf("wall time is off by %v after %v", off, wall)
			}
		}
	}
	b.expect("start run1 1 tracks 320")
	if got := m.Snapshot().ClockSkewPPM; got < 150 || got > 250 {
		t.Errorf("skew of %.0f ppm measured", got)
	}
}
