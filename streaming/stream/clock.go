package stream

import "time"

const (
	maxSlew      = 500 // ppm
	clockWindow  = 2 * time.Second
	jumpLimit    = 5 * time.Second
	jumpPatience = 10 * time.Second
)

// clock maps media time to wall time. It is anchored at the first arrival of a
// run and then follows the earliest arrivals (delay only ever adds) by at most
// 500 ppm, so that wall time neither jumps nor drifts away.
type clock struct {
	set    bool
	base   time.Time // wall time of media time zero
	window time.Time // begin of the present window
	least  time.Duration
	any    bool
	off    time.Time // since when every arrival has been off by more than jumpLimit
}

// observe notes that media time m arrived at now, and tells whether wall and
// media time have been apart for so long that the run should be cut.
func (c *clock) observe(now time.Time, m time.Duration) (apart bool) {
	now = now.Round(0) // wall time, so that a corrected system clock is followed
	if !c.set {
		*c = clock{set: true, base: now.Add(-m), window: now}
	}
	e := now.Sub(c.at(m))
	if !c.any || e < c.least {
		c.least, c.any = e, true
	}
	if elapsed := now.Sub(c.window); elapsed >= clockWindow || elapsed < 0 {
		bound := max(0, min(elapsed, 2*clockWindow)) * maxSlew / 1e6 // a clock that was set must not pull by its step
		c.base = c.base.Add(max(-bound, min(bound, c.least)))
		c.window, c.any = now, false
	}
	if e > -jumpLimit && e < jumpLimit {
		c.off = time.Time{}
		return false
	}
	if c.off.IsZero() {
		c.off = now
	}
	return now.Sub(c.off) >= jumpPatience
}

// at returns the wall time of media time m.
func (c *clock) at(m time.Duration) time.Time { return c.base.Add(m) }
