package gatepost

import "time"

// NotificationKind says what an organisation is told of.
type NotificationKind string

// The kinds of notifications.
const (
	NotifyIncidentStarted NotificationKind = "incident_started" // cameras of yours were opened
	NotifyIncidentEnded   NotificationKind = "incident_ended"   // and are closed again
	NotifyCrossGrant      NotificationKind = "cross_grant"      // asked for, answered, revoked
	NotifyFootageRequest  NotificationKind = "footage_request"  // somebody asks for footage
	NotifySupport         NotificationKind = "support"          // a support window was opened or closed
	NotifyUnwatched       NotificationKind = "unwatched"        // a class 1 camera is not being watched
	NotifyDutyGap         NotificationKind = "duty_gap"         // the rota has nobody for some hours that are about to begin
	NotifyExport          NotificationKind = "export"           // a copy of footage was taken
	NotifyFault           NotificationKind = "fault"            // something is wrong with a camera, or well again
	NotifyWorkOrder       NotificationKind = "work_order"       // a repair is asked for, done, confirmed, reopened
	NotifyHoldCapacity    NotificationKind = "hold_capacity"    // what holds keep comes near to what they may
	NotifyRestore         NotificationKind = "restore"          // footage was restored from the deep archive, or could not be
)

// Notification is something that an organisation is told.
type Notification struct {
	ID           string // filled in when empty
	Organisation string
	Kind         NotificationKind
	At           time.Time
	CameraID     string            // "" when it is about several or none
	Detail       map[string]string // who, why, until when; without secrets
}
