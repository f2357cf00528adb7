package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// TestRecorded: what is recorded is known for as much of the archive as is open to one.
func TestRecorded(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	camera := gatepost.Camera{ID: "c", Owner: "shop", Division: "330102", Class: 3}
	answer := func(from, to int) gatepost.FootageAnswer {
		return gatepost.FootageAnswer{ID: "a", Grantee: "unit", Holder: "shop", Cameras: []string{"c"}, From: at(from), To: at(to), Until: at(600)}
	}
	over := answer(10, 20)
	over.Until = at(119)
	others := answer(10, 20)
	others.Grantee = "others"
	incident := gatepost.Incident{ID: "i", Organisation: "x", Division: "3301", Units: []string{"unit"}, Area: gatepost.Area{Divisions: []string{"330102"}}, Start: at(100), End: at(180)}
	grant := gatepost.CrossGrant{ID: "g", Grantee: "unit", Holder: "shop", Cameras: []string{"c"}, Actions: []gatepost.Action{gatepost.ActionLive}, Approved: true, Until: at(600)}
	both := grant
	both.Actions = []gatepost.Action{gatepost.ActionLive, gatepost.ActionPlayback}
	unit := gatepost.Subject{UserID: "u", Organisation: "unit", Kind: gatepost.KindDepartment, Division: "330106", Role: gatepost.RoleSupervisor}
	station := unit
	station.Kind, station.Division = gatepost.KindPolice, "3301"
	owner := gatepost.Subject{UserID: "o", Organisation: "shop", Kind: gatepost.KindBusiness, Role: gatepost.RoleWatcher}
	for _, c := range []struct {
		name  string
		who   gatepost.Subject
		facts gatepost.AccessFacts
		want  [][2]int
	}{
		{"nothing opened", unit, gatepost.AccessFacts{}, nil},
		{"the owner", owner, gatepost.AccessFacts{}, [][2]int{{0, 120}}},
		{"police of the division, with an answer", station, gatepost.AccessFacts{Footage: []gatepost.FootageAnswer{answer(10, 20)}}, [][2]int{{0, 120}}},
		{"an answer", unit, gatepost.AccessFacts{Footage: []gatepost.FootageAnswer{answer(10, 20)}}, [][2]int{{10, 20}}},
		{"answers that overlap, and one apart, in no order", unit,
			gatepost.AccessFacts{Footage: []gatepost.FootageAnswer{answer(50, 60), answer(15, 30), answer(10, 20), answer(12, 13)}}, [][2]int{{10, 30}, {50, 60}}},
		{"an answer beyond the window", unit, gatepost.AccessFacts{Footage: []gatepost.FootageAnswer{answer(-60, 5), answer(110, 300), answer(200, 300)}}, [][2]int{{0, 5}, {110, 120}}},
		{"an answer that is over, and another's", unit, gatepost.AccessFacts{Footage: []gatepost.FootageAnswer{over, others}}, nil},
		{"an incident", unit, gatepost.AccessFacts{Incidents: []gatepost.Incident{incident}}, [][2]int{{100, 120}}},
		{"a grant of live", unit, gatepost.AccessFacts{Grants: []gatepost.CrossGrant{grant}}, nil},
		{"a grant of playback", unit, gatepost.AccessFacts{Grants: []gatepost.CrossGrant{both}}, [][2]int{{0, 120}}},
	} {
		got := access.Recorded(access.Request{Subject: c.who, Camera: camera, From: at(0), To: at(120), At: at(119), Facts: c.facts})
		var want []access.Window
		for _, w := range c.want {
			want = append(want, access.Window{From: at(w[0]), To: at(w[1])})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}
