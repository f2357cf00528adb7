package access

import (
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/planar"

	"github.com/gatepost-video/gatepost"
)

// Covers tells whether an incident opens a camera at all: one of its area, in
// the division of those who activated it.
func Covers(i gatepost.Incident, c gatepost.Camera) bool {
	return gatepost.Within(c.Division, i.Division) && InArea(i.Area, c)
}

// Opens tells whether an incident, and nothing else, opens a camera to a subject
// at a time: one that it covers, to somebody whom it names in a role that looks.
func Opens(i gatepost.Incident, s gatepost.Subject, c gatepost.Camera, at time.Time) bool {
	_, ok := incident(Request{Subject: s, Action: Know, Camera: c, At: at, Facts: gatepost.AccessFacts{Incidents: []gatepost.Incident{i}}})
	return ok
}

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

// metresPerDegree is a degree of latitude; a little less than any, so that boxes
// are large enough.
const metresPerDegree = 110_000

// Parts returns divisions and boxes that together hold all of an area.
func Parts(a gatepost.Area) []gatepost.AreaPart {
	var parts []gatepost.AreaPart
	for _, code := range a.Divisions {
		parts = append(parts, gatepost.AreaPart{Division: code})
	}
	if c := a.Circle; c != nil {
		height := c.Metres / metresPerDegree
		width := 360.0
		if cos := math.Cos(math.Min(math.Abs(c.Centre.Latitude)+height, 90) * math.Pi / 180); cos > 0.01 {
			width = height / cos
		}
		parts = append(parts, gatepost.AreaPart{West: c.Centre.Longitude - width, East: c.Centre.Longitude + width,
			South: c.Centre.Latitude - height, North: c.Centre.Latitude + height})
	}
	if len(a.Polygon) > 0 {
		box := gatepost.AreaPart{West: 180, East: -180, South: 90, North: -90}
		for _, p := range a.Polygon {
			box.West, box.East = min(box.West, p.Longitude), max(box.East, p.Longitude)
			box.South, box.North = min(box.South, p.Latitude), max(box.North, p.Latitude)
		}
		parts = append(parts, box)
	}
	return parts
}
