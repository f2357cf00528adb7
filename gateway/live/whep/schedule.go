package whep

import "time"

const (
	// catchUpSpeed is how many times faster than real time a viewer is brought
	// up to the present.
	catchUpSpeed = 8

	// catchUpRate bounds the same in bytes per second, lest the burst fills the
	// viewer's last mile.
	catchUpRate = 6 << 20

	// longestPause bounds the wait between two pictures of a burst: a camera with
	// few frames a second is caught up with all the faster.
	longestPause = 20 * time.Millisecond

	// leastStep is between two pictures sent one after the other.
	leastStep = time.Millisecond

	// runStep is the least time from the last picture of one run to the first of
	// the next.
	runStep = 40 * time.Millisecond
)

// schedule decides when a viewer is sent a unit and which time it bears. Times
// given out are durations since the schedule's epoch; those of video grow always.
type schedule struct {
	epoch time.Time
	run   string

	catching bool
	shift    time.Duration // live: time given out = unit's time + shift
	placed   bool          // shift is known

	lastAt    time.Duration // of the last video unit, on its run's scale
	lastOut   time.Duration
	sentVideo bool

	lastAudio time.Duration
	sentAudio bool
}

// catchUp begins to hurry: what comes next was kept for a while.
func (s *schedule) catchUp() { s.catching, s.placed = true, false }

// lead places a unit of the leading track that is sent now. newest says that
// nothing waits behind it. It returns the time that it bears, and how long to wait
// before the next is sent.
func (s *schedule) lead(p *packets, newest bool, now time.Time) (out, pause time.Duration) {
	if p.run != s.run {
		s.run, s.placed = p.run, false
		if s.sentVideo && !s.catching {
			s.lastOut += runStep - leastStep
		}
	}
	switch {
	case s.catching:
		out = now.Sub(s.epoch)
		if s.sentVideo {
			pause = max(0, p.at-s.lastAt) / catchUpSpeed
		}
		pause = max(leastStep, min(pause, longestPause),
			time.Duration(p.bytes)*time.Second/catchUpRate)
	case s.placed:
		out = p.at + s.shift
	default:
		out = now.Sub(s.epoch)
	}
	if s.sentVideo {
		out = max(out, s.lastOut+leastStep)
	}
	if s.catching && newest {
		s.catching, pause = false, 0
	}
	if !s.catching {
		s.shift, s.placed = out-p.at, true
	}
	s.lastAt, s.lastOut, s.sentVideo = p.at, out, true
	return out, pause
}

// audio places a unit of audio beside video; false when it is not to be sent,
// because video is not live yet or it would go back in time.
func (s *schedule) audio(p *packets) (time.Duration, bool) {
	if s.catching || !s.placed || p.run != s.run {
		return 0, false
	}
	out := p.at + s.shift
	if out < 0 || s.sentAudio && out <= s.lastAudio {
		return 0, false
	}
	s.lastAudio, s.sentAudio = out, true
	return out, true
}
