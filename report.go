package gatepost

import "time"

// ReportState is where a version of a monthly report stands:
//
//	draft → submitted → locked
//	  └─ returned ⇄ ─┘
type ReportState string

// The states.
const (
	ReportDraft     ReportState = "draft"
	ReportSubmitted ReportState = "submitted" // the level above reviews it
	ReportReturned  ReportState = "returned"  // to be mended and submitted again
	ReportLocked    ReportState = "locked"    // signed, for ever; a correction is another version
)

// Report is a version of a division's report of a month.
type Report struct {
	ID           string
	Division     string
	Month        Month
	Version      int // from 1
	State        ReportState
	Figures      []byte // JSON, of functions/report
	Organisation string // that drew it up
	CreatedBy    string // user id
	CreatedAt    time.Time
	SubmittedBy  string     // user id
	SubmittedAt  *time.Time // for the last time
	DecidedBy    string     // user id
	DecidedAt    *time.Time // the last word on it
	Remark       string     // of the last word
	SHA256       string     // of the object of a locked one, hex
	Note         string     // that signs it
}

// ReportKey returns the object key of a locked report.
func ReportKey(r Report) string {
	return "report/" + r.Division + "/" + r.Month.String() + "/" + r.ID + ".json"
}

// FilingDeadline is when a report of a month is late: five days after its end.
func FilingDeadline(m Month) time.Time { return (m.Last() + 5).End() }

// ReportFacts is what a month's report of a division is made of. Divisions in it
// are counties, or cities and provinces where a camera or a unit is of no county, or
// "" where it is of no division at all.
type ReportFacts struct {
	Measured  int // days of the month that are measured
	Groups    []ReportGroup
	Payers    []ReportPayer
	Stocks    []ReportStock
	Uses      []ReportUse
	Events    []ReportEvents
	Stored    map[string]int64 // bytes by division: ingested before the month, and not past its retention when it ends
	Programme []Programme      // in force for the year
}

// ReportGroup is how cameras of a kind served in a month.
type ReportGroup struct {
	Division string
	Class    WatchClass
	Place    PlaceCategory
	Service
	Stored int64 // of Bytes, what is not past its retention when the month ends
}

// ReportPayer is how cameras of a class that an organisation pays for served in a
// month.
type ReportPayer struct {
	Division      string
	Class         WatchClass
	Funder        string
	Due, Recorded time.Duration
}

// ReportStock is how many cameras of a kind there were when a month ended.
type ReportStock struct {
	Division string
	Class    WatchClass
	Place    PlaceCategory
	Funder   string
	State    CameraState
	Signed   bool // off by the police
	Short    bool // its days lie below the floor of its legal category
	Cameras  int64
}

// ReportUse is what people of a kind of organisation did with cameras in a month.
type ReportUse struct {
	Division string // of the cameras
	Use
}

// ReportEvents is what units of a kind did in a division and a month.
type ReportEvents struct {
	Division  string
	Kind      OrganisationKind // of those who activated incidents and asked for footage
	Incidents int64            // that began to open cameras
	Drills    int64            // of the same kind, for exercise
	Served    int64            // incidents under which somebody looked
	Requests  int64            // for footage
	Answered  int64            // of these, by at least one owner
}

// SettlementTerms are the formula of what payers owe the operator. The fee of a camera
// is its price by the month, by the share of the month in which it was due. Of that is
// deducted, where continuity falls short of what is owed, the shortfall times a
// factor, at most a part.
type SettlementTerms struct {
	Prices [3]int64 // fen for a camera and month, of class 1, 2, 3
	Owed   int64    // continuity that is owed, in hundredths of a percent
	Factor int64    // hundredths of a percent of the fee for each hundredth of a percent of shortfall
	Cap    int64    // the most that is deducted, in hundredths of a percent of the fee
	SetBy  string   // user id
	SetAt  time.Time
}
