package main

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
	"github.com/gatepost-video/gatepost/test/load/view"
)

// archived compares what was sent with what a viewer of the archive gets.
type archived struct {
	Sent     int `json:"sent"`
	Stored   int `json:"stored"`
	Excused  int `json:"excused"`  // sent, not stored, and allowed to be lost
	Lost     int `json:"lost"`     // sent and not stored
	Repeated int `json:"repeated"` // stored more than once
}

func (a *archived) add(b archived) {
	a.Sent += b.Sent
	a.Stored += b.Stored
	a.Excused += b.Excused
	a.Lost += b.Lost
	a.Repeated += b.Repeated
}

// count plays a camera's recording from the moment given and looks for every picture
// that was sent. Those for which excuse is true may be missing; nil excuses none.
func count(ctx context.Context, s *server.Server, sent publish.Sent, from time.Time, excuse func(publish.Picture) bool) (archived, error) {
	g, err := s.Playback(ctx, sent.Camera, from, time.Now())
	if err != nil {
		return archived{}, err
	}
	marks, err := view.Archive(ctx, g.URLs.Playlist)
	if err != nil {
		return archived{}, err
	}
	a := archived{Sent: sent.Pictures()}
	missing, repeated := sent.Missing(marks)
	a.Stored, a.Repeated = len(marks)-repeated, repeated
	for _, p := range missing {
		if excuse != nil && excuse(p) {
			a.Excused++
		} else {
			a.Lost++
		}
	}
	return a, nil
}
