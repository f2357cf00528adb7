package playback

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// maxTimeline is the longest window of a timeline.
const maxTimeline = 31 * 24 * time.Hour

// timelineBatch is how many rows are read at a time.
const timelineBatch = 5000

type timelineInput struct {
	ID   string    `path:"id" maxLength:"64" doc:"The camera"`
	From time.Time `query:"from" required:"true" doc:"Begin of the window, RFC 3339"`
	To   time.Time `query:"to" required:"true" doc:"End of the window, RFC 3339; up to 31 days later"`
}

// TimelineSpan is one stretch of a timeline.
type TimelineSpan struct {
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	State    gatepost.SpanState `json:"state" enum:"recorded,gap,expired,held"`
	Reason   gatepost.GapReason `json:"reason,omitempty" enum:"camera_offline,network,gateway,storage,suspended,not_enrolled" doc:"Why nothing is there; for gaps"`
	Archived bool               `json:"archived,omitempty" doc:"What is recorded lies in the deep archive: restore it (POST /v1/restores) before it can be played"`
}

// Timeline is what is recorded of a camera.
type Timeline struct {
	Spans []TimelineSpan `json:"spans" doc:"In order, they touch, and cover the window up to now; where only parts of the archive are open to one, as by an answered footage request, these parts. The last recorded span of a camera that is recording reaches to now; its end can be played within a minute."`
}

type timelineOutput struct{ Body Timeline }

func (f *Function) timeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	now := f.opts.Now()
	if err := window(in.From, in.To, now, maxTimeline, "31 days"); err != nil {
		return nil, err
	}
	c, s, _, err := f.camera(ctx, in.ID, access.Know, nil)
	if err != nil {
		return nil, err
	}
	from, to := in.From.UTC(), in.To.UTC()
	if to.After(now) {
		to = now.UTC()
	}
	policy, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	parts, err := access.Gate{Store: f.opts.Store}.Recorded(ctx, s, c, from, to)
	if err != nil {
		return nil, err
	}
	out := &timelineOutput{Body: Timeline{Spans: []TimelineSpan{}}}
	for _, part := range parts {
		h := history{camera: c, days: policy.Days(c), now: now, from: part.From, to: part.To}
		if err := f.look(ctx, &h); err != nil {
			return nil, err
		}
		for _, s := range h.spans() {
			out.Body.Spans = append(out.Body.Spans, TimelineSpan{From: s.From.Truncate(time.Microsecond), To: s.To.Truncate(time.Microsecond), State: s.State, Reason: s.Reason, Archived: s.Archived})
		}
	}
	return out, nil
}

// look reads what a timeline is made of.
func (f *Function) look(ctx context.Context, h *history) error {
	s := f.opts.Store
	first, last, ok, err := s.RecordingBounds(ctx, h.camera.ID)
	if err != nil {
		return err
	}
	if ok {
		// The last row, or one near it, tells how its run ended; the first,
		// whether there was anything before.
		for _, at := range []struct {
			when time.Time
			row  **gatepost.Recording
		}{{first, &h.first}, {last.Add(-time.Microsecond), &h.last}} {
			rows, err := s.RecordingTimes(ctx, h.camera.ID, at.when, at.when.Add(time.Microsecond), 10)
			if err != nil {
				return err
			}
			if len(rows) > 0 {
				*at.row = &rows[len(rows)-1]
			}
		}
	}
	for from := h.from; ; {
		rows, err := s.RecordingTimes(ctx, h.camera.ID, from, h.to, timelineBatch)
		if err != nil {
			return err
		}
		for i := range rows {
			if n := len(h.rows); n == 0 || rows[i].Start.After(h.rows[n-1].Start) {
				h.rows = append(h.rows, rows[i])
			}
		}
		if len(rows) < timelineBatch {
			break
		}
		from = rows[len(rows)-1].Start.Add(time.Microsecond)
	}
	if len(h.rows) == 0 || h.rows[len(h.rows)-1].End.Before(h.to) {
		// What comes next says why there was a gap before it.
		rows, err := s.RecordingTimes(ctx, h.camera.ID, h.to, h.now.Add(time.Minute), 1)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			h.next = &rows[0]
		}
	}
	if h.holds, err = s.ActiveHolds(ctx, h.camera.ID, h.from, h.to, h.now); err != nil {
		return err
	}
	statuses, err := s.CameraStatuses(ctx, []string{h.camera.ID})
	if err != nil {
		return err
	}
	if status, ok := statuses[h.camera.ID]; ok {
		h.status = &status
	}
	return nil
}
