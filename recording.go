package gatepost

import (
	"fmt"
	"time"
)

// EndReason says why a run (one unbroken connection of a publisher) ended, and so why a gap
// after it is there.
type EndReason string

const (
	EndClosed    EndReason = "publisher_closed"  // the camera said goodbye
	EndTimeout   EndReason = "publisher_timeout" // nothing came for too long
	EndNetwork   EndReason = "network"           // the connection broke
	EndReplaced  EndReason = "replaced"          // the camera itself came back on a new connection
	EndJump      EndReason = "timestamp_jump"    // its clock jumped; the run was cut and begun anew
	EndChanged   EndReason = "parameters"        // codec or picture size changed; begun anew
	EndSuspended EndReason = "suspended"         // an operator or owner stopped it
	EndShutdown  EndReason = "gateway_shutdown"  // this gateway was stopped in order
	EndCrash     EndReason = "gateway_crash"     // this gateway died; found at its next start
	EndStorage   EndReason = "storage"           // the spool could not be written
	EndProtocol  EndReason = "protocol_error"    // the publisher broke its protocol
)

// Recording is one stored object of a camera: a self-contained fragmented MP4
// of about a minute. A row exists only after its object is complete.
type Recording struct {
	ID       string `json:"id"`
	CameraID string `json:"camera_id"`
	Run      string `json:"run"` // id of the unbroken connection it belongs to
	Seq      int    `json:"seq"` // 0, 1, 2 … within the run
	Key      string `json:"key"` // object key; see RecordingKey

	Start     time.Time     `json:"start"`         // wall time of the first frame, µs
	End       time.Time     `json:"end"`           // wall time of the end of the last frame, µs
	Duration  time.Duration `json:"duration_ns"`   // media time from first frame to end of last
	MediaTime time.Duration `json:"media_time_ns"` // media time of the first frame since the run began

	Bytes         int64     `json:"bytes"`
	Frames        int64     `json:"frames"` // video frames, or audio frames when there is no video
	SHA256        string    `json:"sha256"` // hex, of the whole object
	Codecs        string    `json:"codecs"` // RFC 6381, e.g. "avc1.4d401f,mp4a.40.2"
	Width         int       `json:"width"`
	Height        int       `json:"height"`
	InitLen       int64     `json:"init_len"`    // bytes of ftyp+moov at the front
	InitSHA256    string    `json:"init_sha256"` // hex; equal init segments need one EXT-X-MAP
	Segments      []Segment `json:"segments"`
	PriorEnd      EndReason `json:"prior_end"`      // why the run before ended; "" unless Seq is 0
	RunEnd        EndReason `json:"run_end"`        // why this run ended; "" unless it is the run's last object
	RetentionDays int       `json:"retention_days"` // that its key names; 0 where no rule of a bucket ends it
	Garbage       bool      `json:"garbage"`        // tombstone: the object is being deleted

	OtherKey string    `json:"-"` // where a copy of the object may lie, while it moves; "" for nowhere
	OtherAt  time.Time `json:"-"` // when the move began

	Class         StorageClass `json:"-"` // that its object lies in
	RestoredUntil time.Time    `json:"-"` // in the deep archive: how long a copy that was restored can be read
}

// Archived tells whether the object must be restored before it can be read.
func (r *Recording) Archived(now time.Time) bool {
	return r.Class == ClassDeepArchive && !r.RestoredUntil.After(now)
}

// Segment is one independently decodable stretch of an object: it begins at a
// key frame (or, without video, at any frame).
type Segment struct {
	Offset   int64         `json:"offset"`   // from the object's first byte
	Length   int64         `json:"length"`   // bytes
	Start    time.Duration `json:"start_ns"` // media time since the object's first frame
	Duration time.Duration `json:"duration_ns"`
}

// RecordingKey is the object key of a recording:
// rec/<retention-days>/<camera>/<yyyy>/<mm>/<dd>/<run>-<seq>.mp4, by UTC start,
// so that a bucket's lifecycle rules can be set by prefix as a backstop; with 0
// days hold/<camera>/…, for which there is no rule.
func RecordingKey(retentionDays int, camera string, start time.Time, run string, seq int) string {
	prefix := "hold"
	if retentionDays > 0 {
		prefix = fmt.Sprintf("rec/%d", retentionDays)
	}
	return fmt.Sprintf("%s/%s/%s/%s-%05d.mp4", prefix, camera, start.UTC().Format("2006/01/02"), run, seq)
}

// Hold keeps a window of a camera's recordings from deletion.
type Hold struct {
	ID         string
	CameraID   string
	From, To   time.Time
	Case       string
	Reason     string
	Until      time.Time
	By         string // user id
	CreatedAt  time.Time
	ReleasedAt *time.Time
}

// HoldUse is what the active holds on an organisation's cameras keep.
type HoldUse struct {
	Organisation string
	Holds        int64
	Recordings   int64
	Bytes        int64
}

// HoldWarning says how near an organisation's holds are to what the policy gives them.
type HoldWarning string

// The warnings.
const (
	HoldsFine HoldWarning = "none"
	HoldsNear HoldWarning = "near" // four fifths are used
	HoldsOver HoldWarning = "over"
)

// Warning says how near a use is to the policy's bytes.
func (u HoldUse) Warning(p RetentionPolicy) HoldWarning {
	switch {
	case p.HoldBytes == 0 || u.Bytes < p.HoldBytes/5*4:
		return HoldsFine
	case u.Bytes <= p.HoldBytes:
		return HoldsNear
	}
	return HoldsOver
}

// SpanState is what a timeline says about a stretch of time.
type SpanState string

const (
	SpanRecorded SpanState = "recorded"
	SpanGap      SpanState = "gap"     // nothing there; Reason says why
	SpanExpired  SpanState = "expired" // older than the camera's retention
	SpanHeld     SpanState = "held"    // recorded, and kept by a hold
)

// Span is one stretch of a timeline.
type Span struct {
	From, To time.Time
	State    SpanState
	Reason   GapReason // for gaps
	Archived bool      // it must be restored before it can be played
}

// GapReason is why there is no footage.
type GapReason string

const (
	GapCameraOffline GapReason = "camera_offline"
	GapNetwork       GapReason = "network"
	GapGateway       GapReason = "gateway"
	GapStorage       GapReason = "storage"
	GapSuspended     GapReason = "suspended"
	GapNotEnrolled   GapReason = "not_enrolled" // before the camera's first push
)
