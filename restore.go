package gatepost

import "time"

// Restore (调档) asks footage back from the deep archive, to be played for some days.
type Restore struct {
	ID           string
	CameraID     string
	From, To     time.Time
	Purpose      string
	Reason       string
	By           string // user id
	Organisation string // his
	CreatedAt    time.Time

	Recordings int64 // that lay in the deep archive when it was asked for
	Bytes      int64 // of those
	Ready      int64 // that can be read, of those

	Asked      time.Time  // the store was asked for all that began before
	CheckedAt  time.Time  // when it was last looked whether they are there
	FinishedAt *time.Time // when all were there, or it was given up
	PlayableTo time.Time  // when the first copy goes; zero until all are there
	Problem    string     // why it was given up
}
