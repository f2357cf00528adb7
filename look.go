package gatepost

import "time"

// Look is how somebody watched under a grant, as the one that showed the
// pictures tells it: again and again while it lasts, and once when it is over.
type Look struct {
	ID        string    `json:"id"` // of this look; a grant may have several
	GrantID   string    `json:"grant_id"`
	CameraID  string    `json:"camera_id"`
	Transport string    `json:"transport"` // "hls", "whep" or "playback"
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"` // of what is known so far
	Bytes     int64     `json:"bytes"`
	Ended     bool      `json:"ended"`
}
