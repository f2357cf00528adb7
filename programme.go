package gatepost

import "time"

// Strength is how surely a target must be reached (mission R3).
type Strength string

// The strengths.
const (
	StrengthFull   Strength = "full"   // 全面建成
	StrengthBasic  Strength = "basic"  // 基本建成
	StrengthStrive Strength = "strive" // 力争建成
)

// Target is how many cameras of a kind are to be there by a day.
type Target struct {
	Place    PlaceCategory
	Class    WatchClass
	Count    int
	Strength Strength
	Deadline Day
}

// Site is a place at which a camera is to be.
type Site struct {
	Name     string
	Place    PlaceCategory
	Class    WatchClass
	Position Position
}

// ProgrammeState is where a version of a programme stands:
//
//	draft → submitted → approved → superseded
//	  └─ returned ⇄ ─┘
type ProgrammeState string

// The states.
const (
	ProgrammeDraft      ProgrammeState = "draft"
	ProgrammeSubmitted  ProgrammeState = "submitted"  // a level above reviews it
	ProgrammeReturned   ProgrammeState = "returned"   // to be mended and submitted again
	ProgrammeApproved   ProgrammeState = "approved"   // by every level above: in force
	ProgrammeSuperseded ProgrammeState = "superseded" // a later version is in force
)

// Programme is a version of what a city or a county is to build in a year. What
// a city's holds comes on top of what those of its counties hold.
type Programme struct {
	ID           string
	Division     string
	Year         int
	Version      int // from 1
	State        ProgrammeState
	Reviewer     string // division whose word is awaited while it is submitted
	Targets      []Target
	Sites        []Site
	Organisation string // that drew it up
	CreatedBy    string // user id
	CreatedAt    time.Time
	SubmittedBy  string     // user id
	SubmittedAt  *time.Time // for the last time
	DecidedBy    string     // user id
	DecidedAt    *time.Time // the last word on it
	Remark       string     // of the last word
}

// Signoff is the police's word on a camera that has passed its measurement: built
// as planned, or not.
type Signoff struct {
	CameraID     string
	At           time.Time
	By           string // user id
	Organisation string
	Passed       bool
	Remark       string
}

// CoverageCount is how many cameras of a kind there are in a state.
type CoverageCount struct {
	Place   PlaceCategory
	Class   WatchClass
	State   CameraState
	Signed  bool // off by the police
	Cameras int64
}

// Parent returns the code of the division above one; "" for a province.
func Parent(code string) string {
	switch len(code) {
	case 4:
		return code[:2]
	case 6:
		return code[:4]
	case 9:
		return code[:6]
	}
	return ""
}
