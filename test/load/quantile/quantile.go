// Package quantile sums up samples of durations.
package quantile

import (
	"slices"
	"time"
)

// Set sums up samples, in milliseconds.
type Set struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Samples are durations in milliseconds.
type Samples []float64

// Add adds a sample.
func (s *Samples) Add(d time.Duration) { *s = append(*s, float64(d)/float64(time.Millisecond)) }

// Set returns the quantiles; it sorts the samples. Of none, all are 0.
func (s Samples) Set() Set {
	if len(s) == 0 {
		return Set{}
	}
	slices.Sort(s)
	at := func(q float64) float64 { return s[min(int(q*float64(len(s))), len(s)-1)] }
	return Set{Count: len(s), P50: at(0.5), P99: at(0.99), Max: s[len(s)-1]}
}
