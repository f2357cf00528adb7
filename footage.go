package gatepost

import (
	"slices"
	"time"
)

// MaxFootage is how long an owner's answer to a footage request opens anything,
// at most.
const MaxFootage = 30 * 24 * time.Hour

// FootageRequest asks the owners of cameras in an area for what they recorded in
// a window. Who asks does not learn whom it reached: an owner answers, or says
// nothing.
type FootageRequest struct {
	ID           string
	Organisation string // that asks
	AskedBy      string // user id
	AskedAt      time.Time
	Area         Area // a polygon or a circle
	From, To     time.Time
	CaseNumber   string
	Reason       string
	Expires      time.Time  // from then on nobody answers it
	WithdrawnBy  string     // user id
	WithdrawnAt  *time.Time // nil unless it was withdrawn
}

// Open tells whether an owner may answer the request at a time.
func (r FootageRequest) Open(at time.Time) bool { return r.WithdrawnAt == nil && at.Before(r.Expires) }

// FootageAnswer is an owner's answer to a footage request: it lets those who
// asked see a window of some of his cameras, for that case.
type FootageAnswer struct {
	ID         string
	Request    string // id of the footage request
	Grantee    string // organisation that asked
	Holder     string // organisation that owns the cameras
	Cameras    []string
	From, To   time.Time // within what was asked for
	Copy       bool      // copies may be taken
	CaseNumber string    // of the request
	Answer     string    // in the owner's words
	AnsweredBy string    // user id
	AnsweredAt time.Time
	Until      time.Time // from then on it opens nothing
	RevokedBy  string    // user id
	RevokedAt  *time.Time
}

// Opens tells whether the answer opens a camera to its grantee at a time.
func (a FootageAnswer) Opens(c Camera, at time.Time) bool {
	return a.RevokedAt == nil && at.Before(a.Until) && a.Holder == c.Owner && slices.Contains(a.Cameras, c.ID)
}

// Holds tells whether a window lies in the one that was given. No window in
// particular does.
func (a FootageAnswer) Holds(from, to time.Time) bool {
	return from.IsZero() && to.IsZero() || !from.Before(a.From) && !to.After(a.To)
}
