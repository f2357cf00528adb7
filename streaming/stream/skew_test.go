package stream_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestClockSkew has a camera whose clock is off by so many ppm push for a time; what comes is late as
// lateness says.
func TestClockSkew(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	jitter := func(time.Duration) time.Duration { return time.Duration(random.IntN(30)) * time.Millisecond }
	// A starved gateway is late by up to two seconds, for up to 20 s at a time.
	var until, late time.Duration
	starved := func(at time.Duration) time.Duration {
		if at < until-20*time.Second {
			until = 0 // the next camera
		}
		if at >= until {
			until = at + time.Duration(1+random.IntN(20))*time.Second
			late = time.Duration(random.IntN(2000)) * time.Millisecond
		}
		return late + jitter(at)
	}
	// One that gets its load for good halfway, and one that is rid of it.
	loaded := func(at time.Duration) time.Duration {
		if at > 150*time.Second {
			return 800*time.Millisecond + jitter(at)
		}
		return jitter(at)
	}
	relieved := func(at time.Duration) time.Duration { return 800*time.Millisecond - loaded(at) + 2*jitter(at) }
	burst := func(at time.Duration) time.Duration { return time.Second - at%time.Second } // 25 pictures at once
	for _, c := range []struct {
		name        string
		ppm         float64
		length      time.Duration
		lateness    func(time.Duration) time.Duration
		least, most float64
	}{
		{"true", 0, 10 * time.Minute, jitter, -50, 50},
		{"starved", 0, 10 * time.Minute, starved, -300, 300},
		{"loaded", 0, 5 * time.Minute, loaded, -50, 50},
		{"relieved", 0, 5 * time.Minute, relieved, -50, 50},
		{"in bursts", 0, 5 * time.Minute, burst, -50, 50},
		{"fast", 2000, 10 * time.Minute, jitter, 1800, 2200},
		{"slow", -2000, 10 * time.Minute, jitter, -2200, -1800},
		{"fast, in bursts", 5000, 5 * time.Minute, burst, 4000, 6000},
		{"fast, of a first push", 5000, 30 * time.Second, func(time.Duration) time.Duration { return 0 }, 4900, 5100},
		{"too short to tell", 5000, 20 * time.Second, func(time.Duration) time.Duration { return 0 }, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			p := b.publish(videoTrack)
			m := b.s.Meter()
			defer m.Close()
			start := b.now
			const picture = 40 * time.Millisecond
			var worst [2]float64
			for i := range int64(c.length / picture) {
				at := time.Duration(i) * picture
				if arrival := start.Add(at + c.lateness(at)); arrival.After(b.now) { // nothing overtakes
					b.now = arrival
				}
				u := inter(int64(float64(i) * frame * (1 + c.ppm/1e6)))
				if i%25 == 0 {
					u = key(u.PTS, smallSPS)
				}
				b.write(p, u)
				b.sink.units = b.sink.units[:0]
				if i%250 == 249 && i > 25*60 { // a status each ten seconds, which begins its measurement anew
					got := m.Reset().ClockSkewPPM
					worst[0], worst[1] = min(worst[0], got), max(worst[1], got)
				}
			}
			got := m.Snapshot().ClockSkewPPM
			if got < c.least || got > c.most {
				t.Errorf("%.0f ppm measured", got)
			}
			if c.ppm == 0 && max(-worst[0], worst[1]) > 1000 {
				t.Errorf("from %.0f to %.0f ppm measured, and its clock is right", worst[0], worst[1])
			}
		})
	}
}
