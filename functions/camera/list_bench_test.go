package camera_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// BenchmarkList asks for the first page of what an organisation of each kind may
// know of in a province, all of it and in a box. The goal is 50 ms.
func BenchmarkList(b *testing.B) {
	p := storetest.NewProvince(b)
	api := functest.New(b, camera.New(camera.Options{Store: p.Store}).Register)
	random := rand.New(rand.NewPCG(3, 0))
	box := func() string {
		west, south := 118.5+3*random.Float64(), 27.5+3*random.Float64()
		return fmt.Sprintf("&west=%f&south=%f&east=%f&north=%f", west, south, west+0.1, south+0.1)
	}
	for _, who := range []struct {
		name        string
		first, last int // organisations
	}{{"province", 0, 1}, {"city", 1, 12}, {"county", 12, 100}, {"town", 100, 500}, {"department", 500, 700}, {"business", 700, 1900}, {"operator", 1990, 2000}} {
		for _, query := range []string{"", "box", "class", "box-class"} {
			b.Run(who.name+"/"+query, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					o := p.Organisations[who.first+random.IntN(who.last-who.first)]
					path := "/v1/cameras?limit=200"
					if slices.Contains([]string{"box", "box-class"}, query) {
						path += box()
					}
					if slices.Contains([]string{"class", "box-class"}, query) {
						path += fmt.Sprint("&class=", 1+random.IntN(3))
					}
					token := api.SignIn(o, gatepost.RoleWatcher)
					start := time.Now()
					api.Do(token, "GET", path, nil).Want(200)
					took = append(took, time.Since(start))
				}
				storetest.Percentiles(b, took)
			})
		}
	}
}
