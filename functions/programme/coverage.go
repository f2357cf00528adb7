package programme

import (
	"context"
	"math"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	maxForce = 2000 // programmes in force of a division
	maxBlind = 1000 // blind spots that one answer shows

	// controlled is how much of what was due a camera must have recorded on a
	// day, in percent, not to be uncontrolled.
	controlled = 90
)

// Category is how a category of places is covered by cameras of a class.
type Category struct {
	Place     gatepost.PlaceCategory `json:"place"`
	Class     gatepost.WatchClass    `json:"class"`
	Planned   int64                  `json:"planned" doc:"By the programmes of the year that are in force"`
	Enrolled  int64                  `json:"enrolled" doc:"Cameras that are not retired"`
	Built     int64                  `json:"built" doc:"Of these, have pushed"`
	InService int64                  `json:"in_service" doc:"Of these, in service"`
	Accepted  int64                  `json:"accepted" doc:"Of those built, signed off by the police"`
}

// BlindSpot is a site of a programme that no working camera covers.
type BlindSpot struct {
	ProgrammeID string  `json:"programme_id"`
	Division    string  `json:"division"`
	Site        Site    `json:"site"`
	Nearest     float64 `json:"nearest_metres,omitempty" doc:"How far the nearest working camera is, when there is one within ten times the distance"`
}

// Coverage is how a division is covered.
type Coverage struct {
	Division   string      `json:"division,omitempty" doc:"Absent: every division"`
	Year       int         `json:"year"`
	Categories []Category  `json:"categories"`
	Sites      int         `json:"sites" doc:"Of the programmes in force"`
	Covered    int         `json:"covered" doc:"Sites with a working camera near by"`
	BlindSpots []BlindSpot `json:"blind_spots" doc:"The first thousand"`
}

// SignOff is the police's word on a camera.
type SignOff struct {
	Passed bool   `json:"passed"`
	Remark string `json:"remark,omitempty" maxLength:"500" doc:"Needed when it has not passed"`
}

type (
	coverageInput struct {
		Metres int `query:"metres" minimum:"10" maximum:"5000" default:"100" doc:"How near a working camera must be to a site"`
	}
	coverageOutput    struct{ Body Coverage }
	uncontrolledInput struct{ host.Page }
	signOffInput      struct {
		ID   string `path:"id" maxLength:"64"`
		Body SignOff
	}
)

// UncontrolledCamera is a camera that did not record as it must.
type UncontrolledCamera struct {
	CameraID string              `json:"camera_id"`
	Division string              `json:"division"`
	Class    gatepost.WatchClass `json:"class"`
	Day      string              `json:"day"`
	Due      int64               `json:"due_ms"`
	Recorded int64               `json:"recorded_ms"`
}

type uncontrolledOutput struct {
	Body host.List[UncontrolledCamera]
}

func (f *Function) coverage(ctx context.Context, in *coverageInput) (*coverageOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := reads(s)
	if err != nil {
		return nil, err
	}
	now := f.now()
	out := Coverage{Division: division, Year: now.In(gatepost.Zone).Year(), BlindSpots: []BlindSpot{}}
	force, err := f.opts.Store.Programmes(ctx, division, out.Year, true, "", maxForce)
	if err != nil {
		return nil, err
	}
	counts, err := f.opts.Store.Coverage(ctx, division, now)
	if err != nil {
		return nil, err
	}
	out.Categories = categories(force, counts)
	for _, p := range force {
		spots, err := f.blind(ctx, p, float64(in.Metres))
		if err != nil {
			return nil, err
		}
		out.Sites += len(p.Sites)
		out.Covered += len(p.Sites) - len(spots)
		out.BlindSpots = append(out.BlindSpots, spots[:min(len(spots), maxBlind-len(out.BlindSpots))]...)
	}
	return &coverageOutput{Body: out}, nil
}

// categories sets what is there against what is planned, in the order of forms,
// without those that have neither.
func categories(force []gatepost.Programme, counts []gatepost.CoverageCount) []Category {
	type kind struct {
		place gatepost.PlaceCategory
		class gatepost.WatchClass
	}
	by := map[kind]*Category{}
	of := func(place gatepost.PlaceCategory, class gatepost.WatchClass) *Category {
		k := kind{place, class}
		if by[k] == nil {
			by[k] = &Category{Place: place, Class: class}
		}
		return by[k]
	}
	for _, p := range force {
		for _, t := range p.Targets {
			of(t.Place, t.Class).Planned += int64(t.Count)
		}
	}
	for _, n := range counts {
		c := of(n.Place, n.Class)
		if n.State == gatepost.CameraPlanned {
			continue
		}
		c.Enrolled += n.Cameras
		if n.State == gatepost.CameraEnrolled {
			continue
		}
		c.Built += n.Cameras
		if n.State == gatepost.CameraInService {
			c.InService += n.Cameras
		}
		if n.Signed {
			c.Accepted += n.Cameras
		}
	}
	list := []Category{}
	for _, place := range gatepost.PlaceCategories {
		for class := gatepost.WatchClass(1); class <= 3; class++ {
			if c := by[kind{place, class}]; c != nil && *c != (Category{Place: place, Class: class}) {
				list = append(list, *c)
			}
		}
	}
	return list
}

// reach is how far from its sites, in multiples of the distance, cameras are
// looked for.
const reach = 10

// blind lists the sites of a programme without a working camera near by.
func (f *Function) blind(ctx context.Context, p gatepost.Programme, metres float64) ([]BlindSpot, error) {
	if len(p.Sites) == 0 {
		return nil, nil
	}
	bound := orb.Bound{Min: point(p.Sites[0].Position), Max: point(p.Sites[0].Position)}
	for _, s := range p.Sites {
		bound = bound.Extend(point(s.Position))
	}
	bound = geo.BoundPad(bound, reach*metres)
	working, err := f.opts.Store.WorkingPositions(ctx, gatepost.Box{West: bound.Min.Lon(), South: bound.Min.Lat(), East: bound.Max.Lon(), North: bound.Max.Lat()})
	if err != nil {
		return nil, err
	}
	cells := newCells(working, metres)
	var spots []BlindSpot
	for i, s := range p.Sites {
		if cells.nearest(s.Position, metres) <= metres {
			continue
		}
		spot := BlindSpot{ProgrammeID: p.ID, Division: p.Division, Site: view(gatepost.Programme{Sites: p.Sites[i : i+1]}).Sites[0]}
		if d := cells.nearest(s.Position, reach*metres); d <= reach*metres {
			spot.Nearest = math.Round(d)
		}
		spots = append(spots, spot)
	}
	return spots, nil
}

func point(p gatepost.Position) orb.Point { return orb.Point{p.Longitude, p.Latitude} }

// cells are positions, sorted into squares of some metres.
type cells struct {
	height, width float64 // of a square, degrees
	in            map[[2]int][]gatepost.Position
}

func newCells(list []gatepost.Position, metres float64) cells {
	c := cells{height: metres / 110_000, in: map[[2]int][]gatepost.Position{}}
	north := 0.0
	for _, p := range list {
		north = max(north, math.Abs(p.Latitude))
	}
	c.width = c.height / max(math.Cos(min(north, 89)*math.Pi/180), 0.01)
	for _, p := range list {
		k := c.key(p)
		c.in[k] = append(c.in[k], p)
	}
	return c
}

func (c cells) key(p gatepost.Position) [2]int {
	return [2]int{int(math.Floor(p.Longitude / c.width)), int(math.Floor(p.Latitude / c.height))}
}

// nearest returns how far the nearest position is, in metres, if it is within some
// metres; +Inf or more than those otherwise.
func (c cells) nearest(p gatepost.Position, metres float64) float64 {
	n := int(math.Ceil(metres/110_000/c.height)) + 1
	at, best := c.key(p), math.Inf(1)
	for x := at[0] - n; x <= at[0]+n; x++ {
		for y := at[1] - n; y <= at[1]+n; y++ {
			for _, o := range c.in[[2]int{x, y}] {
				best = min(best, geo.DistanceHaversine(point(p), point(o)))
			}
		}
	}
	return best
}

func (f *Function) uncontrolled(ctx context.Context, in *uncontrolledInput) (*uncontrolledOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := reads(s)
	if err != nil {
		return nil, err
	}
	day, ok, err := f.measured(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "no day is measured yet; ask again tomorrow"}
	}
	list, err := f.opts.Store.Uncontrolled(ctx, division, day, controlled, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &uncontrolledOutput{Body: host.Paged(list, in.Limit, func(d gatepost.CameraDay) string { return d.CameraID }, func(d gatepost.CameraDay) UncontrolledCamera {
		return UncontrolledCamera{CameraID: d.CameraID, Division: d.Division, Class: d.Class, Day: d.Day.String(), Due: d.Due.Milliseconds(), Recorded: d.Recorded.Milliseconds()}
	})}, nil
}

// measured returns the last day that is measured; false when there is none.
func (f *Function) measured(ctx context.Context) (gatepost.Day, bool, error) {
	runs, err := f.opts.Store.DayRuns(ctx, 0, 200)
	if err != nil {
		return 0, false, err
	}
	for _, r := range runs {
		if r.FinishedAt != nil {
			return r.Day, true, nil
		}
	}
	return 0, false, nil
}

func (f *Function) signOff(ctx context.Context, in *signOffInput) (*struct{}, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	remark, err := gatepost.CheckText("remark", in.Body.Remark, 0, maxRemark)
	if err != nil {
		return nil, err
	}
	c, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, s, in.ID, access.Know, map[string]string{"act": "sign_off"})
	if err != nil {
		return nil, err
	}
	switch {
	case s.Kind != gatepost.KindPolice || !s.Leads() || !gatepost.Within(c.Division, s.Division):
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of the police of the camera's division sign it off"}
	case c.Acceptance == nil || !c.Acceptance.Passed || c.State == gatepost.CameraRetired:
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "a camera is signed off once its gateway has measured it and passed it"}
	case !in.Body.Passed && remark == "":
		return nil, gatepost.InvalidField("remark", "say what is missing")
	}
	word := gatepost.Signoff{CameraID: c.ID, At: f.now(), By: s.UserID, Organisation: s.Organisation, Passed: in.Body.Passed, Remark: remark}
	verdict := map[bool]string{true: "passed", false: "failed"}[word.Passed]
	return nil, f.opts.Store.PutSignoff(ctx, word, access.Entry(gatepost.LedgerCamera, s, c.ID, map[string]string{"act": "sign_off", "verdict": verdict, "remark": remark,
		"measured_at": c.Acceptance.At.Format(time.RFC3339)}))
}
