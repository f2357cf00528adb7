package gatepost

import "time"

// PublishRequest asks the control plane whether a camera may push.
type PublishRequest struct {
	CameraID string `json:"camera_id"`
	Key      string `json:"key,omitempty"` // the stream key as presented; "" when Proven
	Proven   bool   `json:"proven"`        // the protocol itself proved knowledge of the SRT passphrase
	Protocol string `json:"protocol"`      // "rtsp", "rtmp", "srt", "whip"
	Remote   string `json:"remote"`        // host:port
	Node     string `json:"node"`          // the gateway's name
}

// PublishPermit admits one publishing session.
type PublishPermit struct {
	CameraID        string      `json:"camera_id"`
	Epoch           int64       `json:"epoch"` // the session with the highest epoch is the camera's only one
	RetentionDays   int         `json:"retention_days"`
	State           CameraState `json:"state"`
	NeedsAcceptance bool        `json:"needs_acceptance"` // measure the first 30 s and report
}

// CameraStatus is a gateway's word on one camera.
type CameraStatus struct {
	CameraID    string      `json:"camera_id"`
	Node        string      `json:"node"`
	Epoch       int64       `json:"epoch"`
	Online      bool        `json:"online"`
	Recording   bool        `json:"recording"`
	Since       time.Time   `json:"since"` // of the present state
	Protocol    string      `json:"protocol"`
	EndReason   EndReason   `json:"end_reason"`  // why it went offline
	Measurement Measurement `json:"measurement"` // of the last seconds
	Viewers     int         `json:"viewers"`
	SeenAt      time.Time   `json:"seen_at,omitzero"` // when the control plane heard it; set by the control plane

	Problem       RecordingProblem `json:"problem,omitempty"`        // what is wrong with its recording
	ProblemSince  time.Time        `json:"problem_since,omitzero"`   // when that began; what was recorded before is safe
	Picture       PictureState     `json:"picture,omitempty"`        // what its pictures show, as far as somebody looked
	PictureSince  time.Time        `json:"picture_since,omitzero"`   // since when
	LastRecording string           `json:"last_recording,omitempty"` // id of the newest that this gateway stored, to be compared with the rows
}

// RecordingProblem says why a camera that is online is not recorded, or, for
// ProblemUpload, is recorded and does not reach its archive.
type RecordingProblem string

// The problems of a recording.
const (
	ProblemRecorder  RecordingProblem = "recorder"   // the recorder does nothing: it hangs, or has died
	ProblemStorage   RecordingProblem = "storage"    // the spool cannot be written
	ProblemTracks    RecordingProblem = "tracks"     // what the camera sends cannot be put into a file
	ProblemKeyFrames RecordingProblem = "key_frames" // the camera sends no key frame, where a recording could begin
	ProblemUpload    RecordingProblem = "upload"     // recorded into the spool, which does not get on
)

// RecordingProblems lists every problem.
var RecordingProblems = []RecordingProblem{ProblemRecorder, ProblemStorage, ProblemTracks, ProblemKeyFrames, ProblemUpload}

// SyncRequest is what a gateway tells the control plane every two seconds.
type SyncRequest struct {
	Node    string         `json:"node"`
	Cursor  int64          `json:"cursor"`          // of the revocations that the gateway knows
	Cameras []CameraStatus `json:"cameras"`         // those that changed, and all of them every ten seconds
	Looks   []Look         `json:"looks,omitempty"` // those that ended, and the others every ten seconds
}

// SyncReply is what a gateway learns in return.
type SyncReply struct {
	Cursor         int64    `json:"cursor"`
	RevokedGrants  []string `json:"revoked_grants"`           // grant ids revoked since the cursor
	WithdrawnKeys  []string `json:"withdrawn_keys,omitempty"` // ids of all signing keys whose tokens are void
	StoppedCameras []string `json:"stopped_cameras"`          // of those reported online: no longer allowed to push
	Measure        []string `json:"measure"`                  // of those reported online: to be measured for acceptance, unless that is under way
	Missing        []string `json:"missing,omitempty"`        // of the last recordings reported: those that have no row
	LooksHeard     bool     `json:"looks_heard"`              // the looks that ended need not be told again
}

// CameraAdmission is what decides whether a camera that a gateway reports may
// go on.
type CameraAdmission struct {
	State      CameraState
	Epoch      int64  // of the newest status row; 0 for none
	Node       string // that wrote it; "" for none, or when the control plane ended its session
	Unmeasured bool   // no verdict is stored
}

// CameraCounts is how many cameras are in a state, by the gateways' words.
type CameraCounts struct {
	Online    int // heard of lately
	Recording int // of those: without a problem or not, their media reach a spool
	Problem   int // of those online: with a problem of their recording
	Offline   int // in service, and not online
	RowsLate  int // of those recording: no recording of theirs came for long
}
