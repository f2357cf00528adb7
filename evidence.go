package gatepost

import "time"

// EvidenceState is how far an export of evidence is.
type EvidenceState string

// The states of an export:
//
//	queued ⇄ making → ready → removed | expired
//	            └───→ failed
const (
	EvidenceQueued  EvidenceState = "queued"
	EvidenceMaking  EvidenceState = "making"
	EvidenceReady   EvidenceState = "ready"
	EvidenceFailed  EvidenceState = "failed"
	EvidenceRemoved EvidenceState = "removed"
	EvidenceExpired EvidenceState = "expired"
)

// Evidence is footage that somebody takes out of the system as evidence.
type Evidence struct {
	ID           string
	CameraID     string
	Organisation string // of who exports
	UserID       string
	From, To     time.Time // the window, µs
	Purpose      string
	Reason       string
	CaseNumber   string
	CreatedAt    time.Time

	State      EvidenceState
	Problem    string    // why it failed, for people
	Attempts   int       // how often somebody began to make it
	LeaseUntil time.Time // while making: when another may begin anew
	Bytes      int64     // of the file
	SHA256     string    // of the file, hex
	MadeAt     *time.Time
	ExpiresAt  *time.Time // when the file is deleted
	Purged     bool       // there is no file, or none any more
}

// EvidenceKey returns the object key of an export's file.
func EvidenceKey(cameraID, id string) string { return "evidence/" + cameraID + "/" + id + ".zip" }

// EvidenceFilter chooses exports; its zero value is all.
type EvidenceFilter struct {
	UserID       string // made by somebody
	Organisation string // made by somebody of it, or of its cameras
	CameraID     string
}
