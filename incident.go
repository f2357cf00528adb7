package gatepost

import (
	"fmt"
	"time"
)

// IncidentKind is an occasion on which any level of police may call up live
// images of every class (mission R15).
type IncidentKind string

// The kinds of incidents.
const (
	IncidentMajorEvent   IncidentKind = "major_event"   // 重大活动
	IncidentSecurityTask IncidentKind = "security_task" // 大型保卫任务
	IncidentEmergency    IncidentKind = "emergency"     // 突发事件
)

// IncidentKinds lists every kind.
var IncidentKinds = []IncidentKind{IncidentMajorEvent, IncidentSecurityTask, IncidentEmergency}

// MaxIncident is how long an incident lasts at most; it is renewed by another,
// with a reason of its own.
const MaxIncident = 24 * time.Hour

// Circle is all that lies within a distance of a point.
type Circle struct {
	Centre Position `json:"centre"`
	Metres float64  `json:"metres"`
}

// Area is where an incident is: all that lies in any of what is given.
type Area struct {
	Polygon   []Position `json:"polygon,omitempty"`   // its corners, in order; the last joins the first; outside is what sides that cross go around twice
	Circle    *Circle    `json:"circle,omitempty"`    // around a point
	Divisions []string   `json:"divisions,omitempty"` // codes; what lies below them is in it too
}

// Check fails with Invalid, naming what lies below field, unless polygon and
// circle are shapes on earth, the circle's radius at most some kilometres.
func (a Area) Check(field string, kilometres int) error {
	if n := len(a.Polygon); n > 0 && n < 3 {
		return InvalidField(field+".polygon", "a polygon has at least three corners")
	}
	for n, p := range a.Polygon {
		if err := p.check(fmt.Sprintf("%s.polygon[%d]", field, n)); err != nil {
			return err
		}
	}
	if a.Circle == nil {
		return nil
	}
	if metres := a.Circle.Metres; !(metres >= 1 && metres <= float64(kilometres)*1000) {
		return InvalidField(field+".circle.metres", fmt.Sprintf("the radius lies between 1 m and %d km", kilometres))
	}
	return a.Circle.Centre.check(field + ".circle.centre")
}

func (p Position) check(field string) error {
	if !(p.Longitude >= -180 && p.Longitude <= 180) {
		return InvalidField(field+".longitude", "a longitude lies between −180 and 180 degrees")
	}
	if !(p.Latitude >= -90 && p.Latitude <= 90) {
		return InvalidField(field+".latitude", "a latitude lies between −90 and 90 degrees")
	}
	return nil
}

// AreaPart is a division or a box that a piece of an area lies in, for finding
// incidents around a camera and cameras in an area.
type AreaPart struct {
	Division                 string
	West, South, East, North float64 // degrees, when Division is ""
}

// Incident opens the cameras of an area to those it names, for a time.
type Incident struct {
	ID           string
	Kind         IncidentKind
	Drill        bool // an exercise: the same rights, and marked as such everywhere
	Name         string
	Reason       string
	Area         Area
	Levels       []string // division levels: police of these whose division holds the camera
	Units        []string // organisations, besides
	Organisation string   // that activated it
	Division     string   // of that organisation: nothing outside it is opened
	CreatedBy    string   // user id
	CreatedAt    time.Time
	Start, End   time.Time
	Approver     string     // organisation whose word is needed first; "" for none
	ApprovedBy   string     // user id
	ApprovedAt   *time.Time // nil while that word is missing
	EndedBy      string     // user id, when it was ended early
	EndedAt      *time.Time // nil unless it was ended early
	Renews       string     // id of the incident that it goes on from; "" for none
}

// Until is when an incident ends, or ended.
func (i Incident) Until() time.Time {
	if i.EndedAt != nil && i.EndedAt.Before(i.End) {
		return *i.EndedAt
	}
	return i.End
}

// Approved tells whether an incident needs no further word.
func (i Incident) Approved() bool { return i.Approver == "" || i.ApprovedAt != nil }

// From is when an incident begins to open cameras: its start, or the moment at
// which it was approved if that came later. It is zero while that is missing.
func (i Incident) From() time.Time {
	switch {
	case !i.Approved():
		return time.Time{}
	case i.ApprovedAt != nil && i.ApprovedAt.After(i.Start):
		return *i.ApprovedAt
	}
	return i.Start
}

// Active tells whether an incident opens cameras at a time.
func (i Incident) Active(at time.Time) bool {
	return i.Approved() && !at.Before(i.From()) && at.Before(i.Until())
}
