package access

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

var oracleSeed = flag.Uint64("oracle.seed", 0, "seed of TestOracle's requests; 0 for another one each time")

// oracleRows is the table of the package's comment once more, in another form:
// what a subject may do who has all of the traits. A trait with ! in front must
// be missing, and of those joined by | one is enough. The first row that allows an
// action tells what the permission ends with; what no row allows is refused.
var oracleRows = []struct{ traits, actions, ends string }{
	{"known admin", "know live playback export share audit hold manage", ""},

	{"known !admin operator owner|supervisor|responder|watcher|maintainer", "know", ""},
	{"known !admin operator owner|supervisor|maintainer", "manage", ""},
	{"known !admin operator owner|supervisor|maintainer !own supported", "live playback", "support"},

	{"known !operator own owner|supervisor", "know live playback export share audit hold manage", ""},
	{"known !operator own responder", "know live playback export", ""},
	{"known !operator own watcher", "know live playback", ""},
	{"known !operator own maintainer", "know manage", ""},

	{"known !operator !own !third_party named owner|supervisor|responder|watcher", "know", "incident"},
	{"known !operator !own !third_party named owner|supervisor|responder|watcher", "live", "incident"},
	{"known !operator !own !third_party named_within owner|supervisor|responder|watcher", "playback", "within"},

	{"known !own police holds owner|supervisor|responder|watcher|maintainer", "know", ""},
	{"known !own local class1|class2|consent owner|supervisor|responder", "live playback export", ""},
	{"known !own local class1|class2|consent watcher", "live playback", ""},

	{"known !operator !own !third_party granted owner|supervisor|responder|watcher|maintainer", "know", "granted"},
	{"known !operator !own !third_party granted_live owner|supervisor|responder|watcher", "live", "granted_live"},
	{"known !operator !own !third_party granted_playback owner|supervisor|responder|watcher", "playback", "granted_playback"},

	{"known !operator !own !third_party answered owner|supervisor|responder|watcher|maintainer", "know", "answered"},
	{"known !operator !own !third_party answered_playback owner|supervisor|responder|watcher", "playback", "answered_playback"},
	{"known !operator !own !third_party answered_export owner|supervisor|responder", "export", "answered_export"},
}

// verdict is what the oracle and Decide are compared by.
type verdict struct {
	allowed, notFound, purpose bool
	basis, caseNumber          string
	until                      time.Time
}

// ending is when a temporary permission ends, and by what.
type ending struct {
	basis      string
	until      time.Time
	drill      bool
	caseNumber string
}

// oracle answers a request by oracleRows.
func oracle(r Request) verdict {
	traits, endings := oracleTraits(r)
	allows := func(action string) (string, bool) {
		for _, row := range oracleRows {
			if strings.Contains(" "+row.actions+" ", " "+action+" ") && holdsAll(traits, row.traits) {
				return row.ends, true
			}
		}
		return "", false
	}
	ends, ok := allows(string(r.Action))
	if !ok {
		_, knows := allows("know")
		return verdict{notFound: traits["known"] && slices.Contains(Actions, r.Action) && !knows && !traits["own"] && !traits["operator"]}
	}
	look := r.Action == "live" || r.Action == "playback" || r.Action == "export"
	e := endings[ends]
	return verdict{allowed: true, purpose: look && !traits["own"], basis: e.basis, caseNumber: e.caseNumber, until: e.until}
}

func holdsAll(traits map[string]bool, condition string) bool {
	for alternatives := range strings.FieldsSeq(condition) {
		one := false
		for trait := range strings.SplitSeq(alternatives, "|") {
			name, missing := strings.CutPrefix(trait, "!")
			one = one || traits[name] != missing
		}
		if !one {
			return false
		}
	}
	return true
}

// oracleTraits tells what is true of a request, and when that ends which is true
// for a time only: of several permissions, the one that lasts longest, and of
// incidents a drill only where there is nothing else.
func oracleTraits(r Request) (map[string]bool, map[string]ending) {
	s, c, at := r.Subject, r.Camera, r.At
	police := s.Kind == "police" || s.Kind == "sub_control"
	holds := inDivision(c.Division, s.Division)
	traits := map[string]bool{
		string(s.Role): true, string(s.Kind): true,
		"known":  s.UserID != "" && s.Organisation != "" && s.Role != "",
		"own":    c.Owner != "" && c.Owner == s.Organisation,
		"police": police, "holds": holds,
		"local":  police && holds && (len(s.Division) == 6 || len(s.Division) == 9),
		"class1": c.Class == 1, "class2": c.Class == 2, "consent": c.Class == 3 && c.ConsentToShare,
	}
	endings := map[string]ending{}
	last := func(trait, basis string, until time.Time, drill bool) {
		before, again := endings[trait]
		if !again || before.drill && !drill || before.drill == drill && until.After(before.until) {
			endings[trait] = ending{basis: basis, until: until, drill: drill}
		}
		traits[trait] = true
	}
	for _, w := range r.Facts.Support {
		if c.Owner == w.Owner && (w.CameraID == c.ID || w.CameraID == "") && w.ClosedAt == nil && !w.From.After(at) && w.Until.After(at) {
			traits["supported"] = true
			last("support", "support:"+w.ID, w.Until, false)
		}
	}
	for _, i := range r.Facts.Incidents {
		opened, end := i.Start, i.End
		if i.EndedAt != nil && i.EndedAt.Before(end) {
			end = *i.EndedAt
		}
		if i.ApprovedAt != nil && i.ApprovedAt.After(opened) {
			opened = *i.ApprovedAt
		}
		named := slices.Contains(i.Units, s.Organisation)
		for level, digits := range map[string]int{"province": 2, "city": 4, "county": 6, "town": 9} {
			named = named || police && holds && len(s.Division) == digits && slices.Contains(i.Levels, level)
		}
		if !named || i.Approver != "" && i.ApprovedAt == nil || at.Before(opened) || !at.Before(end) || !inDivision(c.Division, i.Division) || !inArea(c, i.Area) {
			continue
		}
		traits["named"] = true
		last("incident", "incident:"+i.ID, end, i.Drill)
		if r.From.IsZero() && r.To.IsZero() || !r.From.Before(opened) && !r.To.After(end) {
			traits["named_within"] = true
			last("within", "incident:"+i.ID, end, i.Drill)
		}
	}
	for _, g := range r.Facts.Grants {
		if g.Grantee != s.Organisation || g.Holder != c.Owner || !slices.Contains(g.Cameras, c.ID) || !g.Approved || g.RevokedAt != nil || !at.Before(g.Until) {
			continue
		}
		// Minutes since the span began, counted around the clock.
		const day = 24 * 60
		since := (at.Hour()*60 + at.Minute() - g.Hours.From + day) % day
		length := (g.Hours.To - g.Hours.From + day) % day
		last("granted", "cross_grant:"+g.ID, g.Until, false)
		until := g.Until
		if length > 0 {
			if since >= length {
				continue
			}
			if closes := at.Truncate(time.Minute).Add(time.Duration(length-since) * time.Minute); closes.Before(until) {
				until = closes
			}
		}
		for _, a := range g.Actions {
			last("granted_"+string(a), "cross_grant:"+g.ID, until, false)
		}
	}
	for _, a := range r.Facts.Footage {
		if a.Grantee != s.Organisation || a.Holder != c.Owner || a.RevokedAt != nil || !a.Until.After(at) || !slices.Contains(a.Cameras, c.ID) {
			continue
		}
		last("answered", "footage:"+a.ID, a.Until, false)
		anyWindow := r.From == time.Time{} && r.To == time.Time{}
		if !anyWindow && (a.From.After(r.From) || a.To.Before(r.To)) || r.Case != "" && r.Case != a.CaseNumber {
			continue
		}
		looks := []string{"answered_playback"}
		if a.Copy {
			looks = append(looks, "answered_export")
		}
		for _, look := range looks {
			last(look, "footage:"+a.ID, a.Until, false)
			if e := endings[look]; e.basis == "footage:"+a.ID {
				e.caseNumber = a.CaseNumber
				endings[look] = e
			}
		}
	}
	return traits, endings
}

// inDivision tells whether a division code is another or lies below it.
func inDivision(code, other string) bool {
	lengths := []int{2, 4, 6, 9}
	return slices.Contains(lengths, len(code)) && slices.Contains(lengths, len(other)) && len(other) <= len(code) && code[:len(other)] == other
}

func inArea(c gatepost.Camera, a gatepost.Area) bool {
	for _, d := range a.Divisions {
		if inDivision(c.Division, d) {
			return true
		}
	}
	if c.Position == nil {
		return false
	}
	return len(a.Polygon) > 2 && winds(*c.Position, a.Polygon) || a.Circle != nil && metres(*c.Position, a.Circle.Centre) <= a.Circle.Metres
}

// winds adds up the angles under which a point sees the sides of a polygon: a
// whole turn when it lies inside. Where the sides cross, a polygon may go around a
// point twice, and that is outside.
func winds(p gatepost.Position, polygon []gatepost.Position) bool {
	turn := 0.0
	for n, a := range polygon {
		b := polygon[(n+1)%len(polygon)]
		ax, ay, bx, by := a.Longitude-p.Longitude, a.Latitude-p.Latitude, b.Longitude-p.Longitude, b.Latitude-p.Latitude
		turn += math.Atan2(ax*by-ay*bx, ax*bx+ay*by)
	}
	return math.Mod(math.Abs(math.Round(turn/(2*math.Pi))), 2) == 1
}

// metres is the distance of two points by the angle between their directions
// from the centre of the earth.
func metres(a, b gatepost.Position) float64 {
	direction := func(p gatepost.Position) [3]float64 {
		l, f := p.Longitude*math.Pi/180, p.Latitude*math.Pi/180
		return [3]float64{math.Cos(f) * math.Cos(l), math.Cos(f) * math.Sin(l), math.Sin(f)}
	}
	u, v := direction(a), direction(b)
	cross := math.Hypot(math.Hypot(u[1]*v[2]-u[2]*v[1], u[2]*v[0]-u[0]*v[2]), u[0]*v[1]-u[1]*v[0])
	return 6371000 * math.Atan2(cross, u[0]*v[0]+u[1]*v[1]+u[2]*v[2])
}

// asker makes requests of which many come close to being allowed.
type asker struct{ *rand.Rand }

func one[T any](a asker, from ...T) T  { return from[a.IntN(len(from))] }
func (a asker) often(percent int) bool { return a.IntN(100) < percent }
func (a asker) hours(n int) time.Duration {
	return time.Duration(a.IntN(2*n*3600)-n*3600) * time.Second
}

var (
	oracleDivisions = []string{"", "33", "3301", "3302", "330102", "330103", "330102001", "330102002", "330103001", "33010", "x"}
	oracleKinds     = append(slices.Clone(gatepost.OrganisationKinds), gatepost.KindPolice, gatepost.KindPolice, gatepost.KindSubControl, gatepost.KindDepartment, gatepost.KindOperator)
	oracleRoles     = append(slices.Clone(gatepost.Roles), gatepost.RoleWatcher, gatepost.RoleSupervisor, gatepost.RoleMaintainer, gatepost.RoleOwner, gatepost.RoleResponder)
)

func (a asker) division(near string) string {
	if len(near) == 9 && a.often(60) {
		return near[:one(a, 2, 4, 6, 9)]
	}
	return one(a, oracleDivisions...)
}

func (a asker) request() Request {
	at := time.Date(2026, 5, 1, a.IntN(24), a.IntN(60), a.IntN(60), 0, zone)
	c := gatepost.Camera{ID: "c", Owner: one(a, "shop", "bureau", "carrier", "station"), Class: gatepost.WatchClass(1 + a.IntN(3)), ConsentToShare: a.often(50),
		Division: one(a, "330102001", "330102001", "330102002", one(a, oracleDivisions...)), State: one(a, gatepost.CameraEnrolled, gatepost.CameraInService, gatepost.CameraSuspended, gatepost.CameraRetired)}
	if a.often(3) {
		c.Class = gatepost.WatchClass(one(a, 0, 4))
	}
	if a.often(80) {
		c.Position = &gatepost.Position{Longitude: 120 + a.Float64()/2, Latitude: 30 + a.Float64()/2}
	}
	s := gatepost.Subject{UserID: "u", Organisation: one(a, "shop", "bureau", "carrier", "station", "other"), Kind: one(a, oracleKinds...), Role: one(a, oracleRoles...), Division: a.division(c.Division)}
	if a.often(3) {
		s.Role, s.Kind = one(a, s.Role, "root", "Owner"), one(a, s.Kind, "", "spies")
	}
	if a.often(2) {
		switch a.IntN(3) {
		case 0:
			s.UserID = ""
		case 1:
			s.Organisation = ""
		default:
			s.Role = ""
		}
	}
	r := Request{Subject: s, Camera: c, At: at, Action: one(a, Actions...)}
	if a.often(45) {
		r.Action = one(a, Live, Playback, Export)
	}
	if a.often(1) {
		r.Action = one[Action](a, "", "LIVE", "delete")
	}
	if (r.Action == Playback || r.Action == Export) && a.often(80) {
		r.From = at.Add(-time.Duration(a.IntN(6*3600)) * time.Second)
		r.To = r.From.Add(time.Duration(a.IntN(3600)) * time.Second)
	}
	for n := range a.IntN(3) {
		r.Facts.Support = append(r.Facts.Support, a.support(n, r))
	}
	if a.often(70) {
		for n := range a.IntN(4) {
			r.Facts.Incidents = append(r.Facts.Incidents, a.incident(n, r))
		}
	}
	for n := range a.IntN(3) {
		r.Facts.Grants = append(r.Facts.Grants, a.grant(n, r))
	}
	for n := range a.IntN(3) {
		r.Facts.Footage = append(r.Facts.Footage, a.answer(n, r))
	}
	r.Case = one(a, "", "", "A1", "A2")
	return r
}

func (a asker) support(n int, r Request) gatepost.SupportWindow {
	w := gatepost.SupportWindow{ID: fmt.Sprint("w", n), Owner: one(a, r.Camera.Owner, r.Camera.Owner, "shop"), CameraID: one(a, "", "", "c", "d"), From: r.At.Add(a.hours(3))}
	w.Until = w.From.Add(time.Duration(a.IntN(24*3600)) * time.Second)
	if a.often(15) {
		closed := w.From
		w.ClosedAt = &closed
	}
	return w
}

func (a asker) incident(n int, r Request) gatepost.Incident {
	i := gatepost.Incident{ID: fmt.Sprint("i", n), Drill: a.often(50), Start: r.At.Add(a.hours(8)), Division: a.division(r.Camera.Division)}
	if a.often(70) {
		i.Start = r.At.Add(-time.Duration(a.IntN(8*3600)) * time.Second)
	}
	i.End = i.Start.Add(time.Duration(a.IntN(24*3600)) * time.Second)
	for _, level := range gatepost.Levels {
		if a.often(40) {
			i.Levels = append(i.Levels, level)
		}
	}
	if a.often(40) {
		i.Units = []string{one(a, "shop", "bureau", "carrier", "station", "other", r.Subject.Organisation, r.Subject.Organisation)}
	}
	if a.often(50) {
		i.Area.Divisions = []string{a.division(r.Camera.Division)}
	}
	if a.often(40) {
		c := &gatepost.Circle{Centre: gatepost.Position{Longitude: 120 + a.Float64()/2, Latitude: 30 + a.Float64()/2}, Metres: 100 + 40000*a.Float64()}
		if p := r.Camera.Position; p != nil && math.Abs(metres(*p, c.Centre)/c.Metres-1) < 0.01 {
			c.Metres *= 1.02 // the earth is no sphere: its radius is a matter of opinion, by less than this
		}
		i.Area.Circle = c
	}
	if a.often(40) {
		for range 2 + a.IntN(5) { // sides may cross
			i.Area.Polygon = append(i.Area.Polygon, gatepost.Position{Longitude: 120 + a.Float64()/2, Latitude: 30 + a.Float64()/2})
		}
	}
	if a.often(30) {
		if i.Approver = "hq"; a.often(70) {
			t := i.Start.Add(a.hours(2))
			i.ApprovedAt = &t
		}
	}
	if a.often(20) {
		t := i.Start.Add(time.Duration(a.IntN(24*3600)) * time.Second)
		i.EndedAt = &t
	}
	return i
}

func (a asker) grant(n int, r Request) gatepost.CrossGrant {
	g := gatepost.CrossGrant{ID: fmt.Sprint("g", n), Grantee: one(a, r.Subject.Organisation, r.Subject.Organisation, "bureau"), Holder: one(a, r.Camera.Owner, r.Camera.Owner, r.Camera.Owner, "shop"),
		Cameras: one(a, []string{"c"}, []string{"b", "c"}, []string{"b"}), Actions: one(a, []gatepost.Action{"live"}, []gatepost.Action{"playback"}, []gatepost.Action{"live", "playback"}),
		Until: r.At.Add(a.hours(20) + 10*time.Hour), Approved: a.often(90)}
	if a.often(60) {
		g.Hours = gatepost.Hours{From: a.IntN(1440), To: a.IntN(1440)}
	}
	if a.often(10) {
		t := r.At.Add(-time.Minute)
		g.RevokedAt = &t
	}
	return g
}

func (a asker) answer(n int, r Request) gatepost.FootageAnswer {
	f := gatepost.FootageAnswer{ID: fmt.Sprint("f", n), Grantee: one(a, r.Subject.Organisation, r.Subject.Organisation, "bureau"), Holder: one(a, r.Camera.Owner, r.Camera.Owner, r.Camera.Owner, "shop"),
		Cameras: one(a, []string{"c"}, []string{"b", "c"}, []string{"b"}), From: r.At.Add(a.hours(6)), Copy: a.often(60), CaseNumber: one(a, "A1", "A2"), Until: r.At.Add(a.hours(20) + 10*time.Hour)}
	if a.often(60) && !r.From.IsZero() {
		f.From = r.From.Add(-time.Duration(a.IntN(3)) * time.Minute)
	}
	f.To = f.From.Add(time.Duration(a.IntN(2*3600)) * time.Second)
	if a.often(20) && !r.To.IsZero() {
		f.To = r.To
	}
	if a.often(10) {
		t := r.At.Add(-time.Minute)
		f.RevokedAt = &t
	}
	return f
}

// TestOracle compares Decide with the oracle, on requests of which each rule
// decides many.
func TestOracle(t *testing.T) {
	seed := *oracleSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with: go test ./functions/access -run TestOracle -oracle.seed %d", seed)
		}
	})
	a := asker{rand.New(rand.NewPCG(seed, 0))}
	decided, wrong := map[string]int{}, 0
	for range 250_000 {
		r := a.request()
		d := Decide(r)
		decided[fmt.Sprintf("%s, allowed %v", d.Rule, d.Allowed)]++
		got, want := verdict{d.Allowed, d.Code == gatepost.NotFound, d.NeedsPurpose, d.Basis, d.CaseNumber, d.Until}, oracle(r)
		if got.until.Equal(want.until) {
			got.until = want.until
		}
		if got == want && d.Drill == strings.HasSuffix(d.Rule, "_drill") {
			continue
		}
		asked, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s: got %+v, want %+v\nfor %s", d.Rule, got, want, asked)
		if wrong++; wrong == 5 {
			t.Fatal("and so on")
		}
	}
	for rule, n := range decided {
		if n < 500 {
			t.Errorf("the rule %s decided %d requests, fewer than 500", rule, n)
		}
	}
	for _, rule := range documentedRules(t) {
		if decided[rule+", allowed true"]+decided[rule+", allowed false"] == 0 && rule != "third_party" { // which is Enrol's
			t.Errorf("the rule %s decided nothing", rule)
		}
	}
}
