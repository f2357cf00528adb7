package gatepost

import "time"

// PublishRequest asks the control plane whether a camera may push.
type PublishRequest struct {
	CameraID string
	Key      string // the stream key as presented; "" when Proven
	Proven   bool   // the protocol itself proved knowledge of the SRT passphrase
	Protocol string // "rtsp", "rtmp", "srt", "whip"
	Remote   string // host:port
	Node     string // the gateway's name
}

// PublishPermit admits one publishing session.
type PublishPermit struct {
	CameraID        string
	Epoch           int64 // the session with the highest epoch is the camera's only one
	RetentionDays   int
	State           CameraState
	NeedsAcceptance bool // measure the first 30 s and report
}

// CameraStatus is a gateway's word on one camera.
type CameraStatus struct {
	CameraID    string
	Node        string
	Epoch       int64
	Online      bool
	Recording   bool
	Since       time.Time // of the present state
	Protocol    string
	EndReason   EndReason   // why it went offline
	Measurement Measurement // of the last seconds
	Viewers     int
}

// SyncRequest is what a gateway tells the control plane every two seconds.
type SyncRequest struct {
	Node    string
	Cursor  int64          // of the revocations that the gateway knows
	Cameras []CameraStatus // those that changed, and all of them every ten seconds
}

// SyncReply is what a gateway learns in return.
type SyncReply struct {
	Cursor         int64
	RevokedGrants  []string // grant ids revoked since the cursor
	StoppedCameras []string // of those reported online: no longer allowed to push
}
