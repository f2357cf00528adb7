package gatepost

import (
	"slices"
	"time"
)

// CrossGrant lets another organisation's people look at cameras that are not
// theirs: one asks, the holder of the cameras approves (mission R8).
type CrossGrant struct {
	ID        string
	Grantee   string // organisation that asks, and may look
	Holder    string // organisation that owns the cameras, and decides
	Cameras   []string
	Actions   []Action
	Purpose   string
	Reason    string
	Hours     Hours     // of each day
	Until     time.Time // from then on it opens nothing
	AskedBy   string    // user id
	AskedAt   time.Time
	DecidedBy string     // user id
	DecidedAt *time.Time // nil while the holder has not answered
	Approved  bool       // what the holder answered
	Answer    string     // in his words
	RevokedBy string     // user id
	RevokedAt *time.Time
}

// Opens tells whether the grant lets its grantee do something with a camera at
// a time, which is taken in its own time zone.
func (g CrossGrant) Opens(cameraID string, a Action, at time.Time) bool {
	return g.Approved && g.RevokedAt == nil && at.Before(g.Until) && g.Hours.Contains(at) &&
		slices.Contains(g.Actions, a) && slices.Contains(g.Cameras, cameraID)
}

// Hours is a span of each day, in minutes since midnight. One that ends before
// it begins goes over midnight; the zero value is the whole day.
type Hours struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Contains tells whether a time of day lies in the span.
func (h Hours) Contains(at time.Time) bool {
	minute := at.Hour()*60 + at.Minute()
	switch {
	case h.From == h.To:
		return true
	case h.From < h.To:
		return minute >= h.From && minute < h.To
	}
	return minute >= h.From || minute < h.To
}

// Ends returns when the span that holds a time is over; zero for the whole day.
func (h Hours) Ends(at time.Time) time.Time {
	if h.From == h.To {
		return time.Time{}
	}
	end := time.Date(at.Year(), at.Month(), at.Day(), h.To/60, h.To%60, 0, 0, at.Location())
	if !end.After(at) {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

// MaxSupport is how long a support window lasts at most.
const MaxSupport = 24 * time.Hour

// SupportWindow lets the operator's people look at an owner's cameras, because
// the owner asked them to help. It closes by itself.
type SupportWindow struct {
	ID       string
	Owner    string // organisation
	CameraID string // "" for every camera of the owner
	Reason   string
	OpenedBy string // user id
	From     time.Time
	Until    time.Time // at most MaxSupport after From
	ClosedBy string    // user id, when it was closed early
	ClosedAt *time.Time
}

// Open tells whether the window lets anybody look at a camera of an owner.
func (w SupportWindow) Open(c Camera, at time.Time) bool {
	return w.Owner == c.Owner && (w.CameraID == "" || w.CameraID == c.ID) &&
		w.ClosedAt == nil && !at.Before(w.From) && at.Before(w.Until)
}

// AccessFacts is what a decision rests on besides its subject and its camera.
// It may hold more than what applies; the decision looks for itself.
type AccessFacts struct {
	Incidents []Incident
	Grants    []CrossGrant
	Support   []SupportWindow
	Footage   []FootageAnswer
}
