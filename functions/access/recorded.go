package access

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Window is a time of a camera's archive.
type Window struct{ From, To time.Time }

// Recorded returns of which parts of the window From to To, in order, a subject may know what is
// recorded. Whoever knows of the camera by a standing right knows of all; others of
// what was opened to them: the time of an incident, the window of an answered footage
// request, all that a cross-department grant lets them play back.
func Recorded(r Request) []Window {
	r.Action = Know
	if !Decide(r).Allowed {
		return nil
	}
	whole := Window{r.From, r.To}
	bare := r
	bare.Facts = gatepost.AccessFacts{}
	if Decide(bare).Allowed {
		return []Window{whole}
	}
	var opened []Window
	for _, i := range r.Facts.Incidents {
		if Opens(i, r.Subject, r.Camera, r.At) {
			opened = append(opened, Window{i.From(), i.Until()})
		}
	}
	for _, g := range r.Facts.Grants {
		if g.Grantee == r.Subject.Organisation && stands(g, r) && slices.Contains(g.Actions, gatepost.ActionPlayback) {
			opened = append(opened, whole)
		}
	}
	for _, a := range r.Facts.Footage {
		if a.Grantee == r.Subject.Organisation && a.Opens(r.Camera, r.At) {
			opened = append(opened, Window{a.From, a.To})
		}
	}
	return within(whole, opened)
}

// within cuts windows to one, and joins those that overlap or touch.
func within(whole Window, windows []Window) []Window {
	slices.SortFunc(windows, func(a, b Window) int { return a.From.Compare(b.From) })
	var list []Window
	for _, w := range windows {
		if w.From.Before(whole.From) {
			w.From = whole.From
		}
		if w.To.After(whole.To) {
			w.To = whole.To
		}
		switch last := len(list) - 1; {
		case !w.From.Before(w.To):
		case last < 0 || w.From.After(list[last].To):
			list = append(list, w)
		case w.To.After(list[last].To):
			list[last].To = w.To
		}
	}
	return list
}

// Recorded is Recorded for a camera that the subject may know of.
func (g Gate) Recorded(ctx context.Context, s gatepost.Subject, c gatepost.Camera, from, to time.Time) ([]Window, error) {
	r := Request{Subject: s, Camera: c, From: from, To: to, At: time.Now().In(zone)}
	if !s.Admin() && !owns(r) {
		var err error
		if r.Facts, err = g.Store.AccessFacts(ctx, s, c, r.At); err != nil {
			return nil, err
		}
	}
	return Recorded(r), nil
}
