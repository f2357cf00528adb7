package gatepost

import "time"

// Watch is how a class 1 camera in service is watched by the units in charge of
// its division: police and sub-control centres (mission R14).
type Watch struct {
	CameraID string
	Name     string // of the camera
	Division string // of the camera
	Due      bool   // false: of another class by now, or no longer in service
	Watched  bool   // at this moment
	Known    bool   // what is below was written down before
	Was      bool   // whether it was watched then
	Since    time.Time
	Left     time.Time // when the last of them stopped watching; zero: not known
	AlarmID  string    // of the open alarm; "" for none
	Online   bool
	HeardAt  time.Time // when a gateway last spoke of the camera; zero: never
}

// Watcher is somebody who watches a camera live now.
type Watcher struct {
	CameraID     string
	UserID       string // "" when he came by a share link
	Organisation string
	InCharge     bool // of a unit in charge of the camera's division
	Transport    string
	Since        time.Time
}

// WatchAlarmCause says why a class 1 camera was not watched.
type WatchAlarmCause string

// The causes.
const (
	CauseUnattended WatchAlarmCause = "unattended" // it had pictures, and nobody looked
	CauseOffline    WatchAlarmCause = "offline"    // it had none
)

// WatchAlarm says that a class 1 camera was not watched for too long.
type WatchAlarm struct {
	ID       string
	CameraID string
	Division string // of the camera
	Cause    WatchAlarmCause
	Since    time.Time // when it was last watched
	OpenedAt time.Time
	ClosedAt *time.Time // when it was watched again, or no longer had to be
}

// Shift is somebody's turn of duty in a watch room.
type Shift struct {
	ID           string
	Organisation string
	UserID       string
	From, To     time.Time
	CreatedBy    string // user id
	CreatedAt    time.Time
	CheckedIn    *time.Time
	CheckedOut   *time.Time
}

// Handover is what one shift tells the next. It is never changed but for its
// acknowledgement.
type Handover struct {
	ID             string
	Organisation   string
	ShiftID        string
	Author         string // user id
	At             time.Time
	Happened       string
	Open           string // matters that go on; "" for none
	AcknowledgedBy string // user id
	AcknowledgedAt *time.Time
}
