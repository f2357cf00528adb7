package access

import (
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/planar"

	"github.com/gatepost-video/gatepost"
)

// InArea tells whether a camera lies in an area: by its division, or by its
// position, which it need not have. A polygon's edge belongs to it.
func InArea(a gatepost.Area, c gatepost.Camera) bool {
	if slices.ContainsFunc(a.Divisions, func(code string) bool { return gatepost.Within(c.Division, code) }) {
		return true
	}
	if c.Position == nil {
		return false
	}
	at := point(*c.Position)
	if a.Circle != nil && a.Circle.Metres > 0 && geo.DistanceHaversine(point(a.Circle.Centre), at) <= a.Circle.Metres {
		return true
	}
	if len(a.Polygon) < 3 {
		return false
	}
	ring := make(orb.Ring, 0, len(a.Polygon)+1)
	for _, p := range a.Polygon {
		ring = append(ring, point(p))
	}
	if !ring.Closed() {
		ring = append(ring, ring[0])
	}
	return planar.RingContains(ring, at)
}

func point(p gatepost.Position) orb.Point { return orb.Point{p.Longitude, p.Latitude} }
