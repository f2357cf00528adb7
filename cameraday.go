package gatepost

import "time"

// CameraMoment is what a camera was from a time on, as far as reports count it.
type CameraMoment struct {
	At            time.Time
	State         CameraState
	Class         WatchClass
	Division      string
	Place         PlaceCategory
	Owner, Funder string // organisation ids
	RetentionDays int
	Category      LegalCategory
}

// Use is what people of one kind of organisation did with a camera.
type Use struct {
	Kind      OrganisationKind
	Lives     int64         // live looks that began
	Playbacks int64         // looks at recordings that began
	Exports   int64         // copies of recordings that were allowed
	Shares    int64         // share links made
	Viewed    time.Duration // of all looks together
	Bytes     int64         // of the looks that began
}

// Service is how a camera, or several, served over some time. Every duration is a
// whole number of milliseconds; Recorded and the gaps make up Due.
type Service struct {
	Due      time.Duration // in service, so that it had to be recorded
	Recorded time.Duration
	Online   time.Duration // recorded, or pushed and not recorded
	Offline  time.Duration // gaps, by reason: GapCameraOffline
	Network  time.Duration // GapNetwork
	Gateway  time.Duration // GapGateway
	Storage  time.Duration // GapStorage
	Stopped  time.Duration // GapSuspended: in service again, and not back yet
	WatchDue time.Duration // in service at class 1, so that it had to be watched live
	Watched  time.Duration // of that
	Bytes    int64         // of the objects that began
	Objects  int64         // that began
}

// Add adds what others did.
func (s *Service) Add(o Service) {
	s.Due += o.Due
	s.Recorded += o.Recorded
	s.Online += o.Online
	s.Offline += o.Offline
	s.Network += o.Network
	s.Gateway += o.Gateway
	s.Storage += o.Storage
	s.Stopped += o.Stopped
	s.WatchDue += o.WatchDue
	s.Watched += o.Watched
	s.Bytes += o.Bytes
	s.Objects += o.Objects
}

// CameraDay is what is known of a camera and a day once its recordings are gone.
type CameraDay struct {
	CameraID     string
	Day          Day
	CameraMoment // at the end of the day
	Service
	Uses []Use
}

// CameraFacts is what a CameraDay is measured from.
type CameraFacts struct {
	CameraID string
	Moments  []CameraMoment // until the end of the day, by time; at the first of them the camera was enrolled, or history began
	Rows     []Recording    // that overlap the day, by start; times, run and size only
	Before   *Recording     // the last that starts before those; nil for none
	Next     *Recording     // the first that starts behind the day; nil for none
	Looks    []LookFact     // that overlap the day
	Exports  map[OrganisationKind]int64
	Shares   map[OrganisationKind]int64
}

// LookFact is a look and who looked.
type LookFact struct {
	Start, End time.Time
	Live       bool
	Bytes      int64
	Kind       OrganisationKind
	Division   string // of the organisation that looked
	Shared     bool   // by a share link
}

// DayRun is how far the days of cameras are measured: each day is measured twice,
// soon after its end and when what came late is there.
type DayRun struct {
	Day        Day
	Pass       int
	Cursor     string // the last camera that is done
	Cameras    int64  // that are done
	StartedAt  time.Time
	FinishedAt *time.Time
}

// ServiceUse sums up the days of something.
type ServiceUse struct {
	Key         string // id of a camera or an organisation
	Cameras     int64
	Days        int64 // camera days
	StoredBytes int64 // ingested, and not past its retention after the last day
	Service
	Lives, Playbacks int64
	Viewed           time.Duration
	ViewedBytes      int64
}
