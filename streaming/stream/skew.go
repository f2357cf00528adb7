package stream

import (
	"math"
	"time"
)

const (
	skewWindow = 5 * time.Second
	maxWindows = 60 // kept: five minutes

	// skewParts is how many stretches a clock is judged over; there must be as many windows.
	skewParts = 5
)

// delay is how late a unit came, against the first of its run, and when.
type delay struct{ at, late time.Duration }

// skew tells a camera's clock that runs fast or slow from a network or a gateway that is late now and
// then. What is late only adds to a delay, so the least of each stretch is the nearest to the clock; and
// a clock drifts in every stretch alike, which the beginning and the end of a load do not. The zero value
// has seen nothing.
type skew struct {
	windows []delay // the least of each, the oldest first
}

func (s *skew) add(d delay) {
	if len(s.windows) == maxWindows {
		copy(s.windows, s.windows[1:])
		s.windows = s.windows[:maxWindows-1]
	}
	s.windows = append(s.windows, d)
}

// ppm is the smallest of the drifts from one stretch to the next; 0 unless all have the same sign.
func (s *skew) ppm() float64 {
	n := len(s.windows)
	if n < skewParts {
		return 0
	}
	before := least(s.windows[:n/skewParts])
	smallest := math.Inf(1)
	for i := 1; i < skewParts; i++ {
		d := least(s.windows[i*n/skewParts : (i+1)*n/skewParts])
		if d.at <= before.at { // a burst across the end of a window: no time lies between them
			return 0
		}
		drift := -float64(d.late-before.late) / float64(d.at-before.at) * 1e6
		switch {
		case math.IsInf(smallest, 1):
			smallest = drift
		case drift*smallest <= 0:
			return 0
		case math.Abs(drift) < math.Abs(smallest):
			smallest = drift
		}
		before = d
	}
	return smallest
}

func least(windows []delay) delay {
	d := windows[0]
	for _, w := range windows {
		if w.late < d.late {
			d = w
		}
	}
	return d
}
