package gatepost

import (
	"slices"
	"time"
)

// FaultKind is what is wrong with a camera in service (mission R16).
type FaultKind string

// The kinds of faults.
const (
	FaultOffline   FaultKind = "offline"    // it does not push
	FaultKeyFrames FaultKind = "key_frames" // it pushes, and no key frame comes
	FaultFrozen    FaultKind = "frozen"     // pictures come, and all are the same
	FaultBlack     FaultKind = "black"      // pictures come, and nothing is on them
	FaultBitRate   FaultKind = "bit_rate"   // it sends too little for a picture of use
	FaultClock     FaultKind = "clock"      // its clock runs fast or slow
	FaultRecording FaultKind = "recording"  // it pushes, and is not recorded, or what is recorded does not reach the archive
	FaultUnwatched FaultKind = "unwatched"  // class 1, and nobody watches: an alarm of functions/duty
)

// FaultKinds lists every kind, in the order that pages show them.
var FaultKinds = []FaultKind{FaultOffline, FaultRecording, FaultKeyFrames, FaultBlack, FaultFrozen, FaultBitRate, FaultClock, FaultUnwatched}

// PictureState is what a gateway found on a camera's pictures.
type PictureState string

// The states of pictures.
const (
	PictureUnchecked PictureState = "" // nobody looks, or not often enough yet
	PictureGood      PictureState = "good"
	PictureBlack     PictureState = "black"  // next to nothing on them is brighter than black
	PictureFrozen    PictureState = "frozen" // each is the same as the one before
)

// Words is something said to people in both languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Fault is a time in which something was wrong with a camera. Of a camera that comes
// and goes it is one.
type Fault struct {
	ID       string
	CameraID string
	Camera   string // its name
	Kind     FaultKind
	Division string     // of the camera, when this began
	Class    WatchClass // the same
	From     time.Time

	OpenedAt   *time.Time // nil while it is only suspected
	ClearSince *time.Time // since when it was not seen any more, while that is not certain
	Until      *time.Time // nil while it lasts
	Evidence   Words
	OrderID    string // of the work order that it has, unless that was withdrawn; "" for none
}

// Outage is a time in which a camera is planned not to work: what is wrong with it
// then is no fault.
type Outage struct {
	ID        string
	CameraID  string
	Camera    string // its name
	From, To  time.Time
	Reason    string
	CreatedBy string // user id
	CreatedAt time.Time
	EndedAt   *time.Time // earlier than was planned
}

// End is when the outage ends, or did.
func (o Outage) End() time.Time {
	if o.EndedAt != nil && o.EndedAt.Before(o.To) {
		return *o.EndedAt
	}
	return o.To
}

// Covers tells whether the outage is under way at a time.
func (o Outage) Covers(t time.Time) bool { return !t.Before(o.From) && t.Before(o.End()) }

// CameraHealth is all that faults of a camera are found from.
type CameraHealth struct {
	Camera    Camera // id, name, division, class, owner, responsible unit, state
	Status    CameraStatus
	Reported  bool      // a gateway has spoken of it; without, Status says nothing
	InService time.Time // since when without a break; zero: it is not
	Unwatched time.Time // since when, by an open alarm; zero: it is watched, or need not be
	Faults    []Fault   // that are suspected or last
	Outages   []Outage  // that are under way or ended within the last day
}

// HealthScope is whose cameras a list is of: those that an organisation owns or answers
// for and those of a division and below it, each unless it is "", and everybody's when both are.
type HealthScope struct{ Organisation, Division string }

// OrderState is where a work order stands: open → taken → done → confirmed; reopened,
// it is open again. One that is not needed any more is withdrawn.
type OrderState string

// The states of work orders.
const (
	OrderOpen      OrderState = "open"
	OrderTaken     OrderState = "taken"
	OrderDone      OrderState = "done"
	OrderConfirmed OrderState = "confirmed"
	OrderWithdrawn OrderState = "withdrawn"
)

// RepairCause is what a repair found to be broken (mission R16).
type RepairCause string

// RepairCauses lists every cause: power (供电), lighting (补光), network, the camera itself,
// something in front of it, its settings, something else.
var RepairCauses = []RepairCause{"power", "lighting", "network", "camera", "obstruction", "settings", "other"}

// WorkOrder tells maintainers to repair a camera.
type WorkOrder struct {
	ID           string
	CameraID     string
	Camera       string     // its name
	FaultID      string     // "" when it was opened by hand
	Kind         FaultKind  // of the fault; "" by hand
	Evidence     Words      // the same
	Division     string     // of the camera, when this was opened
	Class        WatchClass // the same
	Description  string     // "" with a fault that says it all
	Organisation string     // whose maintainers it is for
	Assignee     string     // user id of one of them; "" for any
	State        OrderState
	OpenedBy     string // user id, or "system"
	OpenedAt     time.Time
	DueAt        time.Time
	TakenBy      string
	TakenAt      *time.Time
	DoneBy       string
	DoneAt       *time.Time
	Cause        RepairCause // what it was, once it is done
	Note         string
	ClosedBy     string
	ClosedAt     *time.Time // when it was confirmed or withdrawn
	Reopenings   int
	Remark       string // why it was reopened or withdrawn
}

// Overdue tells whether the order was not done by when it should have been.
func (o WorkOrder) Overdue(now time.Time) bool {
	switch {
	case o.DoneAt != nil:
		return o.DoneAt.After(o.DueAt)
	case o.ClosedAt != nil:
		return o.ClosedAt.After(o.DueAt)
	}
	return now.After(o.DueAt)
}

// HealthSetting is how work orders are made.
type HealthSetting struct {
	SetAt     time.Time // zero: nobody has set anything, it is the default
	SetBy     string
	Due       [3]time.Duration // to repair a camera of class 1, 2, 3; whole hours
	Automatic []FaultKind      // an order is opened with the fault
}

// DefaultHealthSetting holds where nobody has set anything.
func DefaultHealthSetting() HealthSetting {
	return HealthSetting{Due: [3]time.Duration{24 * time.Hour, 48 * time.Hour, 72 * time.Hour},
		Automatic: []FaultKind{FaultOffline, FaultRecording, FaultKeyFrames, FaultBlack, FaultFrozen}}
}

// DueAfter is how long the repair of a camera may take.
func (h HealthSetting) DueAfter(class WatchClass) time.Duration {
	return h.Due[min(max(int(class), 1), len(h.Due))-1]
}

// Opens tells whether a fault of a kind comes with a work order.
func (h HealthSetting) Opens(kind FaultKind) bool { return slices.Contains(h.Automatic, kind) }

// FaultFigure is what one kind of fault comes to.
type FaultFigure struct {
	Kind   FaultKind
	Opened int64         // within the time
	Lasted time.Duration // within the time, whenever they began
}

// HealthFigure is what faults and repairs of the cameras of a county and class come to
// over some time.
type HealthFigure struct {
	Division   string // of a county, or of what wider division its cameras are
	Class      WatchClass
	Faults     []FaultFigure // of kinds that came to something, by kind
	Opened     int64         // work orders
	Closed     int64         // confirmed, or withdrawn
	Overdue    int64         // that came due within the time and were not done by then
	Repaired   int64         // confirmed within the time
	RepairTime time.Duration // of those together, from opened to done
}

// MeanRepair is the mean time to repair, 0 when nothing was repaired.
func (f HealthFigure) MeanRepair() time.Duration {
	if f.Repaired == 0 {
		return 0
	}
	return f.RepairTime / time.Duration(f.Repaired)
}
