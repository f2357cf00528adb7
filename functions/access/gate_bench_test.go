package access_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// BenchmarkExplain asks the gate about random cameras of a province, half of the
// time one whose town lies in the asker's division or near it. The goal is a
// 99th percentile under a millisecond.
func BenchmarkExplain(b *testing.B) {
	p := storetest.NewProvince(b)
	gate := access.Gate{Store: p.Store}
	random := rand.New(rand.NewPCG(2, 0))
	looks := []access.Action{access.Live, access.Playback, access.Know}
	rules := map[string]int{}
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		n := random.IntN(len(p.Organisations))
		if random.IntN(2) == 0 {
			n = random.IntN(700) // police, sub-control centres and departments
		}
		o := p.Organisations[n]
		s := gatepost.Subject{UserID: "u", Organisation: o.ID, Kind: o.Kind, Division: o.Division, Role: gatepost.RoleResponder}
		camera := random.IntN(100_000)
		if random.IntN(2) == 0 {
			camera = n + 1408*random.IntN(60) // town(n) comes again after so many
		}
		start := time.Now()
		_, d, err := gate.Explain(b.Context(), s, p.CameraID(camera), looks[random.IntN(len(looks))], time.Time{}, time.Time{})
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		rules[d.Rule]++
	}
	storetest.Percentiles(b, took)
	b.Log(rules)
}
