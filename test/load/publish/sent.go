package publish

import (
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/quantile"
)

// Run is an unbroken sequence of pictures that were sent over one connection.
type Run struct {
	First uint32 `json:"first"`
	End   uint32 `json:"end"` // the number after the last one
}

// Sent is what a publisher sent.
type Sent struct {
	Camera string    `json:"camera"`
	Begin  time.Time `json:"begin"` // when picture 0 was due
	Runs   []Run     `json:"runs"`

	Late quantile.Samples `json:"late,omitempty"` // of every 25th picture: how much later than due it was sent
}

// Pictures counts what was sent.
func (s Sent) Pictures() int {
	n := 0
	for _, r := range s.Runs {
		n += int(r.End - r.First)
	}
	return n
}

// Due is when a picture was to be sent.
func (s Sent) Due(number uint32) time.Time { return s.Begin.Add(time.Duration(number) * Frame) }

// Missing returns the numbers of the pictures that were sent and have no mark among
// those found, with the run that each belongs to, and how many marks were found more
// than once.
func (s Sent) Missing(found []clip.Mark) (missing []Picture, repeated int) {
	have := make(map[uint32]bool, len(found))
	for _, m := range found {
		if have[m.Number] {
			repeated++
		}
		have[m.Number] = true
	}
	for _, r := range s.Runs {
		for n := r.First; n < r.End; n++ {
			if !have[n] {
				missing = append(missing, Picture{Number: n, Due: s.Due(n), Run: r})
			}
		}
	}
	return missing, repeated
}

// Picture is one picture of a publisher.
type Picture struct {
	Number uint32
	Due    time.Time
	Run    Run
}
