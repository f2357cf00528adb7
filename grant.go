package gatepost

import "time"

// Action is what a grant or a share link allows.
type Action string

const (
	ActionLive     Action = "live"
	ActionPlayback Action = "playback"
)

// Grant is a registered permission to look: who, at what, why, until when. No
// grant, no picture (Order 799 art. 16).
type Grant struct {
	ID           string
	CameraID     string
	Action       Action
	UserID       string // "" when it came from a share link
	Organisation string // organisation of the one who looks; the share's owner for a share link
	ShareID      string // "" unless it came from a share link
	Basis        string // what it ends with, e.g. "incident:<id>"; "" for a standing right
	Purpose      string
	Reason       string
	CaseNumber   string
	From, To     time.Time // playback window; zero for live
	ExpiresAt    time.Time
	CreatedAt    time.Time
	RevokedAt    *time.Time
}

// RunningLook is what a grant opens: a camera for an action.
type RunningLook struct {
	CameraID string
	Action   Action
}

// Share is a link that opens exactly what it names, without an account.
type Share struct {
	ID           string
	CameraID     string
	Organisation string // who shares
	CreatedBy    string // user id
	Actions      []Action
	From, To     time.Time // playback window; zero when live only
	ExpiresAt    time.Time
	MaxUses      int // 0: no limit
	Uses         int
	Label        string   // watermark
	Networks     Networks // from where it opens
	Origins      []string // of the pages that may embed it, e.g. "https://www.example.org"
	LegalBasis   string   // what the one who shares rests it on, in his words
	CreatedAt    time.Time
	RevokedAt    *time.Time
}

// Closed tells why a share link opens nothing at a time: revoked, expired, or,
// when a new use is asked for, used up. It is nil while the link opens, and a
// Gone error that says which otherwise.
func (s Share) Closed(now time.Time, newUse bool) error {
	switch {
	case s.RevokedAt != nil:
		return &Error{Code: Gone, Message: "this link was revoked by the one who shared it"}
	case !s.ExpiresAt.After(now):
		return &Error{Code: Gone, Message: "this link has expired; ask for a new one"}
	case newUse && s.MaxUses > 0 && s.Uses >= s.MaxUses:
		return &Error{Code: Gone, Message: "this link has been used as often as it may be; ask for a new one"}
	}
	return nil
}
