package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
)

// Bounds of one round: what is left is done by the next.
const (
	defaultCameras    = 2000
	defaultRecordings = 100_000
	batch             = 500 // recordings that are looked at once
	maxProblem        = 500 // characters

	longestRecording = 65 * time.Minute // an object ends after an hour, at a key frame
)

// Run does one round of the sweep: it goes on with the cameras behind those of the
// round before, ends what is over of each, and leaves a record. What it cannot do
// now the next lap does. It fails with Unavailable when the database cannot be
// reached.
func (f *Function) Run(ctx context.Context) error {
	run := gatepost.RetentionRun{ID: gatepost.NewID(), StartedAt: f.opts.Now().UTC()}
	err := f.sweep(ctx, &run)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		run.Problem = clip(err.Error(), maxProblem)
	}
	run.EndedAt = f.opts.Now().UTC()
	for what, n := range map[string]int64{"recordings_ended": run.Ended, "objects_moved": run.Moved, "objects_classed": run.Classed,
		"certificates_issued": run.Certificates, "orders_carried_out": run.Orders} {
		host.Did(ctx, what, n)
	}
	if !run.Quiet() {
		f.opts.Log.Info("retention swept", "cameras", run.Cameras, "ended", run.Ended, "bytes", run.EndedBytes, "moved", run.Moved, "classed", run.Classed)
	}
	return errors.Join(err, f.opts.Store.PutRetentionRun(ctx, run))
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// sweep visits cameras until there are no more or the round's bounds are reached.
// A camera that fails does not keep others from their turn.
func (f *Function) sweep(ctx context.Context, run *gatepost.RetentionRun) error {
	last, err := f.opts.Store.RetentionRuns(ctx, true, "", 1)
	if err != nil {
		return err
	}
	if len(last) > 0 {
		run.First, run.Last = last[0].Last, last[0].Last
	}
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return err
	}
	if err := f.clear(ctx); err != nil {
		return err
	}
	cameras, err := f.opts.Store.Cameras(ctx, gatepost.CameraFilter{}, run.First, f.opts.Cameras)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range cameras {
		err := f.visit(ctx, p, c, run)
		switch code := gatepost.CodeOf(err); {
		case code == gatepost.Unavailable || ctx.Err() != nil:
			return errors.Join(append(errs, err)...)
		case code != "" && code != gatepost.Conflict: // changed under our hands: its next turn is as good
			errs = append(errs, fmt.Errorf("camera %s: %w", c.ID, err))
		}
		if f.spent(run) {
			return errors.Join(errs...)
		}
		run.Cameras, run.Last = run.Cameras+1, c.ID
	}
	if len(cameras) < f.opts.Cameras {
		run.Last = "" // the lap is over
	}
	return errors.Join(errs...)
}

// spent tells whether a round has done its share; the next begins with the camera
// that it stopped at.
func (f *Function) spent(run *gatepost.RetentionRun) bool {
	return run.Ended+run.Moved+run.Classed >= int64(f.opts.Recordings)
}

// visit does all that there is to do for a camera.
func (f *Function) visit(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, run *gatepost.RetentionRun) error {
	now := f.opts.Now().UTC()
	if err := f.carryOut(ctx, c, run, now); err != nil {
		return err
	}
	if err := f.end(ctx, p, c, run, now); err != nil {
		return err
	}
	if err := f.outlive(ctx, p, c, run, now); err != nil {
		return err
	}
	if err := f.classify(ctx, p, c, run, now); err != nil {
		return err
	}
	issued, err := f.opts.Store.IssueCertificates(ctx, c.ID, now)
	run.Certificates += int64(issued)
	return err
}

// end lays tombstones on what is over.
func (f *Function) end(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, run *gatepost.RetentionRun, now time.Time) error {
	e, err := f.expiry(ctx, p, c, now)
	if err != nil {
		return err
	}
	for !f.spent(run) {
		list, err := f.opts.Store.ExpiredRecordings(ctx, e, batch)
		if err != nil {
			return err
		}
		byRule := map[string][]string{}
		for _, r := range list {
			if k := p.Keep(c, r, e.Incidents, nil, now); k.Over(now) {
				byRule[p.Rule(k)] = append(byRule[p.Rule(k)], r.ID)
			}
		}
		ended := int64(0)
		for rule, ids := range byRule {
			n, bytes, err := f.opts.Store.EndRecordings(ctx, gatepost.Ending{Camera: c, Policy: p.Version, Rule: rule, IDs: ids, Now: now})
			ended, run.Ended, run.EndedBytes = ended+n, run.Ended+n, run.EndedBytes+bytes
			if err != nil {
				return err
			}
		}
		// None: another sweep is at it, or a hold came.
		if ended == 0 || len(list) < batch {
			return nil
		}
	}
	return nil
}

// expiry is what is over of a camera.
func (f *Function) expiry(ctx context.Context, p gatepost.RetentionPolicy, c gatepost.Camera, now time.Time) (gatepost.Expiry, error) {
	e := gatepost.Expiry{CameraID: c.ID, Now: now, Before: now.AddDate(0, 0, -p.Days(c)), IncidentBefore: now.AddDate(0, 0, -p.IncidentDays)}
	if p.IncidentDays <= p.Days(c) {
		return e, nil
	}
	incidents, err := f.opts.Store.IncidentsAround(ctx, c, e.IncidentBefore)
	if err != nil {
		return e, err
	}
	for _, i := range incidents {
		if access.Covers(i, c) && i.From().Before(i.Until()) {
			e.Incidents = append(e.Incidents, gatepost.TimeSpan{From: i.From(), To: i.Until()})
		}
	}
	e.Incidents = merged(e.Incidents)
	return e, nil
}

// merged joins spans that touch.
func merged(spans []gatepost.TimeSpan) []gatepost.TimeSpan {
	slices.SortFunc(spans, func(a, b gatepost.TimeSpan) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			if s.To.After(out[n-1].To) {
				out[n-1].To = s.To
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// carryOut ends what orders name. An order is done when nothing is left in its window and no hold keeps any of
// the window: a hold also keeps what a spool has of it still, and may outlast DeletionOrderStands. One
// that was done is open again while a later hold keeps something that came since.
func (f *Function) carryOut(ctx context.Context, c gatepost.Camera, run *gatepost.RetentionRun, now time.Time) error {
	orders, err := f.opts.Store.StandingDeletionOrders(ctx, c.ID, now.Add(-gatepost.DeletionOrderStands))
	if err != nil {
		return err
	}
	for _, o := range orders {
		left, err := f.endOrdered(ctx, o, run, now)
		if err != nil {
			return err
		}
		// A hold beside the window may keep a recording that reaches into it.
		held, err := f.opts.Store.ActiveHolds(ctx, c.ID, o.From.Add(-longestRecording), o.To.Add(longestRecording), now)
		if err != nil {
			return err
		}
		inside := slices.ContainsFunc(held, func(h gatepost.Hold) bool { return h.From.Before(o.To) && h.To.After(o.From) })
		switch {
		case o.DoneAt == nil && left == 0 && !inside:
			if err := f.mark(ctx, o, &now, "order_carried_out", now); err != nil {
				return err
			}
			run.Orders++
		case o.DoneAt != nil && left > 0 && len(held) > 0:
			if err := f.mark(ctx, o, nil, "order_open_again", now); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark says when an order was done; nil: it is not.
func (f *Function) mark(ctx context.Context, o gatepost.DeletionOrder, done *time.Time, act string, now time.Time) error {
	_, err := f.opts.Store.UpdateDeletionOrder(ctx, o.ID, func(o *gatepost.DeletionOrder) (gatepost.LedgerEntry, error) {
		o.DoneAt = done
		return gatepost.LedgerEntry{At: now, Kind: gatepost.LedgerDeletion, Actor: "system", CameraID: o.CameraID, Allowed: true,
			Detail: map[string]string{"act": act, "order": o.ID, "decision": o.Decision}}, nil
	})
	return err
}

// endOrdered returns how many recordings of an order are left.
func (f *Function) endOrdered(ctx context.Context, o gatepost.DeletionOrder, run *gatepost.RetentionRun, now time.Time) (left int, err error) {
	for from := o.From; ; {
		list, err := f.opts.Store.RecordingTimes(ctx, o.CameraID, from, o.To, batch)
		if err != nil || len(list) == 0 {
			return left, err
		}
		ids := make([]string, len(list))
		for i, r := range list {
			ids[i] = r.ID
		}
		n, bytes, err := f.opts.Store.EndByOrder(ctx, o.ID, ids, now)
		run.Ended, run.EndedBytes, left = run.Ended+n, run.EndedBytes+bytes, left+len(list)-int(n)
		if err != nil || len(list) < batch {
			return left, err
		}
		from = list[len(list)-1].Start.Add(time.Microsecond)
	}
}
