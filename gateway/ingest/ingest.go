// Package ingest is what every publishing protocol has in common: whom it asks
// for admission, and where it writes what arrives. Each protocol lives in a
// package of its own below this one and knows nothing of the others.
package ingest

import (
	"context"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// Admitter decides who may publish. It is implemented by gateway/admission.
type Admitter interface {
	// Admit opens a publishing session for a camera. It fails with
	// Unauthenticated (wrong or missing key), NotFound (no such camera),
	// Forbidden (suspended or retired), Conflict (another publisher is
	// live and this is not its reconnect), Unavailable (the control plane
	// cannot be asked and the camera is not known here), RateLimited.
	//
	// A reconnect with the same key replaces the camera's own session; the
	// replaced one is told through Session.Done.
	Admit(ctx context.Context, req Request) (Session, error)

	// SRTPassphrase returns the passphrase that an SRT caller for this camera
	// must prove. It fails with NotFound and Unavailable.
	SRTPassphrase(ctx context.Context, cameraID string) (string, error)
}

// Request is who wants to publish, as its protocol saw it.
type Request struct {
	CameraID string
	Key      string // as presented; "" when Proven
	Proven   bool   // an SRT handshake proved the passphrase
	Protocol string // "rtsp", "rtmp", "srt", "whip"
	Remote   string // host:port
}

// Session is one admitted publisher. Its methods may be called from several
// goroutines.
type Session interface {
	// Start announces the tracks, once, before the first Write. It fails
	// with Invalid when there is nothing in them that the gateway can carry.
	Start(tracks []*media.Track) error

	// Write hands on one unit; it is immutable from then on. It fails once
	// the session has ended.
	Write(u *media.Unit) error

	// Lost reports packets that never arrived, for the statistics.
	Lost(packets, received uint64)

	// Done is closed when the session must end: replaced, suspended,
	// shut down. The protocol then closes its connection.
	Done() <-chan struct{}

	// End closes the session. The reason is one of the root package's; it is ignored
	// when the session was ended from the other side before.
	End(reason gatepost.EndReason)
}
