package duty_test

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/functions/duty"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// BenchmarkRound is a round of the timed work on a province of 100,000 cameras, of
// which nothing has changed. It is done every two seconds.
func BenchmarkRound(b *testing.B) {
	p := storetest.NewProvince(b)
	f := duty.New(duty.Options{Store: p.Store})
	if err := f.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := f.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	storetest.Percentiles(b, took)
	watches, err := p.Store.Watches(b.Context(), "", false, "", 200_000)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d class 1 cameras in service", len(watches))
}
