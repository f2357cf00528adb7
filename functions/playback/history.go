package playback

import (
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// staleStatus is how old a gateway's word on a camera may be.
	staleStatus = 30 * time.Second
	// pending is how long media may wait in a spool after its run ended
	// before it counts as lost.
	pending = 5 * time.Minute
)

// history is all that a timeline is made of.
type history struct {
	camera   gatepost.Camera
	days     int // that its ordinary footage is kept
	now      time.Time
	from, to time.Time // to is not after now

	rows   []gatepost.Recording // that overlap the window, by start
	first  *gatepost.Recording  // of all; nil: none
	last   *gatepost.Recording  // of all
	next   *gatepost.Recording  // the first behind the window
	holds  []gatepost.Hold      // that keep something in the window
	status *gatepost.CameraStatus
}

// spans returns stretches that touch and cover the window.
func (h *history) spans() []gatepost.Span {
	w := &spanWriter{at: h.from, to: h.to}
	var before *gatepost.Recording
	for i := range h.rows {
		r := &h.rows[i]
		if r.Start.After(w.at) {
			if before != nil && before.Precedes(r) && r.Start.Sub(w.at) < gatepost.Seam {
				w.write(r.Start, gatepost.SpanRecorded, "")
			} else {
				h.gap(w, before, r)
			}
		}
		w.archived = r.Archived(h.now)
		w.write(r.End, gatepost.SpanRecorded, "")
		w.archived = false
		before = r
	}
	switch {
	case h.next != nil && h.next.Start.After(w.at):
		if before != nil && before.Precedes(h.next) && h.next.Start.Sub(w.at) < gatepost.Seam {
			w.write(h.to, gatepost.SpanRecorded, "")
		}
		h.gap(w, before, h.next)
	default:
		h.tail(w)
	}
	return hold(w.spans, h.holds)
}

// gap writes what lies between two recordings; before is nil when it lies before
// the window or does not exist.
func (h *history) gap(w *spanWriter, before, next *gatepost.Recording) {
	until := next.Start
	if before == nil && h.first != nil && next.ID == h.first.ID {
		h.prehistory(w, until)
		return
	}
	w.write(until, gatepost.SpanGap, gatepost.GapBetween(before, next))
}

// prehistory writes what lies before the first recording that is left.
func (h *history) prehistory(w *spanWriter, until time.Time) {
	if at := h.camera.CreatedAt; !at.IsZero() {
		w.write(earlier(at, until), gatepost.SpanGap, gatepost.GapNotEnrolled)
	}
	if edge := h.now.AddDate(0, 0, -h.days); h.days > 0 {
		w.write(earlier(edge, until), gatepost.SpanExpired, "")
	}
	switch {
	case h.first == nil:
		w.write(until, gatepost.SpanGap, gatepost.GapNotEnrolled)
	case h.first.Seq > 0: // its run began with objects that are gone
		w.write(until, gatepost.SpanExpired, "")
	case h.first.PriorEnd != "":
		w.write(until, gatepost.SpanGap, gatepost.GapAfter(h.first.PriorEnd))
	default: // its first push
		w.write(until, gatepost.SpanGap, gatepost.GapNotEnrolled)
	}
}

// tail writes what lies behind the last recording of all.
func (h *history) tail(w *spanWriter) {
	if !w.at.Before(h.to) {
		return
	}
	s := h.status
	fresh := s != nil && h.now.Sub(s.SeenAt) < staleStatus
	if h.last == nil {
		// Nothing is stored yet; the first minute may be on its way.
		if fresh && s.Online && s.Recording {
			h.prehistory(w, s.Since)
			w.write(h.to, gatepost.SpanRecorded, "")
			return
		}
		if fresh && s.Online && s.Problem != "" {
			h.prehistory(w, s.Since)
			h.problem(w)
			return
		}
		h.prehistory(w, h.to)
		return
	}
	reason := gatepost.GapCameraOffline
	if s != nil && s.EndReason != "" {
		reason = gatepost.GapAfter(s.EndReason)
	}
	if h.last.RunEnd != "" {
		reason = gatepost.GapAfter(h.last.RunEnd)
	}
	switch {
	case fresh && s.Online && (s.Recording || s.Problem != ""):
		// A run that ended left a gap until the present one began. What
		// this one recorded is in the spool until its object is complete.
		if s.Since.After(h.last.End) && (h.last.RunEnd != "" || s.Since.Sub(h.last.End) > gatepost.Seam) {
			w.write(s.Since, gatepost.SpanGap, reason)
		}
		if !s.Recording {
			h.problem(w)
			return
		}
		w.write(h.to, gatepost.SpanRecorded, "")
	case fresh && s.Online:
		w.write(h.to, gatepost.SpanGap, gatepost.GapStorage) // it pushes, and nothing is written
	case s != nil && !s.Online && h.last.RunEnd == "" && s.Since.After(h.last.End) && h.now.Sub(s.Since) < pending:
		w.write(s.Since, gatepost.SpanRecorded, "") // on its way out of the spool
		w.write(h.to, gatepost.SpanGap, gatepost.GapAfter(s.EndReason))
	case s != nil && !fresh && s.Online:
		w.write(h.to, gatepost.SpanGap, gatepost.GapGateway) // the gateway is silent
	default:
		w.write(h.to, gatepost.SpanGap, reason)
	}
}

// problem writes what a camera that is online and not recorded leaves: what was
// recorded before the problem is in a spool, unless a row says that it ended.
func (h *history) problem(w *spanWriter) {
	if h.last == nil || h.last.RunEnd == "" || h.status.Since.After(h.last.End) {
		w.write(h.status.ProblemSince, gatepost.SpanRecorded, "")
	}
	reason := gatepost.GapStorage
	switch h.status.Problem {
	case gatepost.ProblemTracks, gatepost.ProblemKeyFrames:
		reason = gatepost.GapGateway
	}
	w.write(h.to, gatepost.SpanGap, reason)
}

// spanWriter lays spans end to end within a window.
type spanWriter struct {
	at, to   time.Time
	archived bool // what is written must be restored first
	spans    []gatepost.Span
}

// write extends the spans to a time, if they do not reach there yet.
func (w *spanWriter) write(until time.Time, state gatepost.SpanState, reason gatepost.GapReason) {
	until = earlier(until, w.to)
	if !until.After(w.at) {
		return
	}
	if n := len(w.spans); n > 0 && w.spans[n-1].State == state && w.spans[n-1].Reason == reason && w.spans[n-1].Archived == w.archived {
		w.spans[n-1].To = until
	} else {
		w.spans = append(w.spans, gatepost.Span{From: w.at, To: until, State: state, Reason: reason, Archived: w.archived})
	}
	w.at = until
}

// hold turns into held what is recorded within a hold.
func hold(spans []gatepost.Span, holds []gatepost.Hold) []gatepost.Span {
	for _, h := range holds {
		w := &spanWriter{}
		for _, s := range spans {
			w.at, w.to, w.archived = s.From, s.To, s.Archived
			if s.State == gatepost.SpanRecorded {
				w.write(h.From, gatepost.SpanRecorded, "")
				w.write(h.To, gatepost.SpanHeld, "")
			}
			w.write(s.To, s.State, s.Reason)
		}
		spans = w.spans
	}
	return spans
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
