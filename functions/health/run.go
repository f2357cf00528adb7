package health

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	page = 500 // cameras read at once

	// maxChanges is how many faults one round opens and closes: each is a transaction.
	// What is left, the next does.
	maxChanges = 2000

	// roundMissed is longer than from one round to the next.
	roundMissed = 90 * time.Second

	// outagesOf is how long after its end an outage still counts: longer than any
	// suspicion waits.
	outagesOf = 24 * time.Hour
)

// Run does the timed work once: it finds faults, tells of them, ends them, and closes
// orders whose fault is over. Run twice, or in two processes at once, it opens each fault
// once. Call it every half minute.
func (f *Function) Run(ctx context.Context) error {
	setting, err := f.opts.Store.HealthSetting(ctx)
	if err != nil {
		return err
	}
	r := round{f: f, now: f.now(), setting: setting, left: maxChanges}
	r.settled = r.now.Sub(f.round) <= roundMissed
	f.round = r.now
	for after := ""; ; {
		list, err := f.opts.Store.CameraHealth(ctx, r.now.Add(-outagesOf), after, page)
		if err != nil {
			return err
		}
		if err := r.cameras(ctx, list); err != nil {
			return err
		}
		if len(list) < page {
			return f.settle(ctx, r.now)
		}
		after = list[len(list)-1].Camera.ID
	}
}

// patience is how long something of a kind must last to be a fault. Gateways judge
// pictures over several samples, and duty's alarms have a patience of their own.
func (f *Function) patience(kind gatepost.FaultKind) time.Duration {
	switch kind {
	case gatepost.FaultBitRate, gatepost.FaultClock:
		return 3 * f.opts.After
	case gatepost.FaultBlack, gatepost.FaultFrozen, gatepost.FaultUnwatched:
		return 0
	}
	return f.opts.After
}

// round is one look at all cameras.
type round struct {
	f       *Function
	now     time.Time
	setting gatepost.HealthSetting
	settled bool // no rounds were missed before it, so that what is stored is not old
	left    int  // changes that it may make yet

	suspect      []gatepost.Fault
	seen, unseen []string // ids of faults
	drop         []string
}

// cameras compares what is written down of some cameras with what is known of them.
func (r *round) cameras(ctx context.Context, list []gatepost.CameraHealth) error {
	r.suspect, r.seen, r.unseen, r.drop = nil, nil, nil, nil
	for _, h := range list {
		if err := r.camera(ctx, h); err != nil {
			return fmt.Errorf("health of camera %s: %w", h.Camera.ID, err)
		}
	}
	store := r.f.opts.Store
	if err := store.SuspectFaults(ctx, r.suspect); err != nil {
		return err
	}
	if err := store.ClearFaults(ctx, r.seen, nil); err != nil {
		return err
	}
	if err := store.ClearFaults(ctx, r.unseen, &r.now); err != nil {
		return err
	}
	return store.DropFaults(ctx, r.drop)
}

func (r *round) camera(ctx context.Context, h gatepost.CameraHealth) error {
	if h.InService.IsZero() {
		return r.leave(ctx, h)
	}
	known := r.f.judge(h, r.now)
	written := map[gatepost.FaultKind]bool{}
	planned, since := outage(h, r.now)
	for _, fault := range h.Faults {
		written[fault.Kind] = true
		if now, ok := known[fault.Kind]; ok {
			if err := r.follow(ctx, h.Camera, fault, now, planned); err != nil {
				return err
			}
		}
	}
	for kind, now := range known {
		if !now.wrong || written[kind] || planned {
			continue
		}
		r.suspect = append(r.suspect, gatepost.Fault{ID: gatepost.NewID(), CameraID: h.Camera.ID, Kind: kind, Division: h.Camera.Division, Class: h.Camera.Class,
			From: latest(now.since, latest(since, h.InService)), Evidence: now.evidence})
	}
	return nil
}

// outage tells whether a planned one is under way, and when the last was over.
func outage(h gatepost.CameraHealth, now time.Time) (planned bool, over time.Time) {
	for _, o := range h.Outages {
		switch {
		case o.Covers(now):
			planned = true
		case !o.End().After(now):
			over = latest(over, o.End())
		}
	}
	return planned, over
}

// follow does what is due with a fault, or the suspicion of one.
func (r *round) follow(ctx context.Context, c gatepost.Camera, fault gatepost.Fault, now finding, planned bool) error {
	suspected := fault.OpenedAt == nil
	switch {
	case suspected && planned:
		r.drop = append(r.drop, fault.ID)
	case now.wrong && fault.ClearSince != nil:
		r.seen = append(r.seen, fault.ID)
	case now.wrong && suspected && r.settled && r.now.Sub(fault.From) >= r.f.patience(fault.Kind):
		fault.Evidence = now.evidence
		return r.open(ctx, c, fault)
	case now.wrong:
	case fault.ClearSince == nil:
		r.unseen = append(r.unseen, fault.ID)
	case suspected && r.now.Sub(*fault.ClearSince) >= r.f.opts.After/2:
		r.drop = append(r.drop, fault.ID)
	case !suspected && r.now.Sub(*fault.ClearSince) >= r.f.opts.After:
		return r.close(ctx, c, fault, *fault.ClearSince, "fault_over")
	}
	return nil
}

// leave ends what is written down of a camera that is not in service any more.
func (r *round) leave(ctx context.Context, h gatepost.CameraHealth) error {
	for _, fault := range h.Faults {
		if fault.OpenedAt == nil {
			r.drop = append(r.drop, fault.ID)
			continue
		}
		if err := r.close(ctx, h.Camera, fault, r.now, "fault_left"); err != nil {
			return err
		}
	}
	return nil
}

// open makes a suspicion a fault, tells of it, and orders its repair where that is set.
// Of cameras that nobody watches functions/duty tells, and there is nothing to repair.
func (r *round) open(ctx context.Context, c gatepost.Camera, fault gatepost.Fault) error {
	if r.left--; r.left < 0 {
		return nil
	}
	fault.OpenedAt = &r.now
	detail := faultDetail(fault)
	entries := []gatepost.LedgerEntry{r.entry(c, "fault_opened", detail)}
	var order *gatepost.WorkOrder
	var told []gatepost.Notification
	if fault.Kind != gatepost.FaultUnwatched {
		if r.setting.Opens(fault.Kind) {
			order = &gatepost.WorkOrder{ID: gatepost.NewID(), CameraID: c.ID, FaultID: fault.ID, Division: c.Division, Class: c.Class,
				Organisation: c.Responsible, State: gatepost.OrderOpen, OpenedBy: "system", OpenedAt: r.now, DueAt: r.now.Add(r.setting.DueAfter(c.Class))}
			entries = append(entries, r.entry(c, "order_opened", orderDetail(*order)))
		}
		told = tell(gatepost.NotifyFault, concerned(c), c, words(c, fault, "fault_opened", order))
	}
	return r.f.opts.Store.OpenFault(ctx, fault, order, told, entries)
}

// close ends a fault and tells of it.
func (r *round) close(ctx context.Context, c gatepost.Camera, fault gatepost.Fault, until time.Time, act string) error {
	if r.left--; r.left < 0 {
		return nil
	}
	fault.Until = &until
	var told []gatepost.Notification
	if fault.Kind != gatepost.FaultUnwatched {
		told = tell(gatepost.NotifyFault, concerned(c), c, words(c, fault, act, nil))
	}
	return r.f.opts.Store.CloseFault(ctx, fault, told, []gatepost.LedgerEntry{r.entry(c, act, faultDetail(fault))})
}

func (r *round) entry(c gatepost.Camera, act string, detail map[string]string) gatepost.LedgerEntry {
	detail["act"] = act
	return gatepost.LedgerEntry{Kind: gatepost.LedgerHealth, Actor: "system", CameraID: c.ID, Allowed: true, Detail: detail}
}

// faultDetail is what the ledger keeps of a fault.
func faultDetail(f gatepost.Fault) map[string]string {
	detail := map[string]string{"fault": f.ID, "kind": string(f.Kind), "from": f.From.Format(time.RFC3339), "evidence": f.Evidence.EN}
	if f.Until != nil {
		detail["until"] = f.Until.Format(time.RFC3339)
	}
	return detail
}

// words are what organisations are told of a fault.
func words(c gatepost.Camera, f gatepost.Fault, act string, order *gatepost.WorkOrder) map[string]string {
	detail := faultDetail(f)
	detail["act"], detail["camera"], detail["evidence_zh"] = act, c.Name, f.Evidence.ZH
	if order != nil {
		detail["order"], detail["due"] = order.ID, order.DueAt.Format(time.RFC3339)
	}
	return detail
}

// settle closes orders whose fault is over: what nobody has taken is withdrawn, what is
// done is confirmed.
func (f *Function) settle(ctx context.Context, now time.Time) error {
	list, err := f.opts.Store.SettledOrders(ctx, maxChanges)
	if err != nil {
		return err
	}
	for _, o := range list {
		_, err := f.opts.Store.UpdateWorkOrder(ctx, o.ID, func(o *gatepost.WorkOrder) ([]gatepost.Notification, gatepost.LedgerEntry, error) {
			act := "order_confirmed"
			switch o.State {
			case gatepost.OrderDone:
				o.State = gatepost.OrderConfirmed
			case gatepost.OrderOpen:
				act, o.State, o.Remark = "order_withdrawn", gatepost.OrderWithdrawn, "故障已自行消除 / it went by itself"
			default:
				return nil, gatepost.LedgerEntry{}, errMoved
			}
			o.ClosedBy, o.ClosedAt = "system", &now
			e := gatepost.LedgerEntry{Kind: gatepost.LedgerHealth, Actor: "system", CameraID: o.CameraID, Allowed: true, Detail: orderDetail(*o)}
			e.Detail["act"] = act
			return nil, e, nil
		})
		if err != nil && gatepost.CodeOf(err) != gatepost.Conflict {
			return fmt.Errorf("settle work order %s: %w", o.ID, err)
		}
	}
	return nil
}

// errMoved stops an update of an order that somebody has taken in the meantime.
var errMoved = &gatepost.Error{Code: gatepost.Conflict, Message: "the work order was changed at this moment"}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
