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
	Purpose      string
	Reason       string
	CaseNumber   string
	From, To     time.Time // playback window; zero for live
	ExpiresAt    time.Time
	CreatedAt    time.Time
	RevokedAt    *time.Time
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
	Label        string // watermark
	CreatedAt    time.Time
	RevokedAt    *time.Time
}
