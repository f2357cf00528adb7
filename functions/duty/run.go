package duty

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// alarmAfter is after how long an unwatched camera is an alarm where its
	// division has set nothing; minAfter and maxAfter bound what it may set.
	alarmAfter = time.Minute
	minAfter   = 10 * time.Second
	maxAfter   = time.Hour

	// heardWithin is how old a gateway's word on a camera may be for its silence
	// about viewers to mean that there are none: three of its full reports.
	heardWithin = 30 * time.Second

	// lookBack is how far back the last look at a camera is looked for.
	lookBack = 7 * 24 * time.Hour

	page = 500 // cameras read at once
)

// Run does the timed work once: it writes down which class 1 cameras are watched,
// opens alarms and closes them. Run twice, or in two processes at once, it opens
// each alarm once. Call it every few seconds.
func (f *Function) Run(ctx context.Context) error {
	for {
		changes, err := f.opts.Store.WatchChanges(ctx, f.now().Add(-lookBack), page)
		if err != nil {
			return err
		}
		for _, w := range changes {
			if err := f.change(ctx, w); err != nil {
				return fmt.Errorf("watch of camera %s: %w", w.CameraID, err)
			}
		}
		if len(changes) < page {
			return f.openAlarms(ctx)
		}
	}
}

// change writes down that a camera is watched, no longer watched, or need not be.
func (f *Function) change(ctx context.Context, w gatepost.Watch) error {
	now := f.now()
	since := now
	if w.Known && !w.Watched && w.Left.After(w.Since) && w.Left.Before(now) {
		since = w.Left
	}
	if w.AlarmID == "" {
		return f.opts.Store.PutWatch(ctx, w, since, now, nil, gatepost.LedgerEntry{})
	}
	act := "watched_again"
	if !w.Due {
		act = "no_longer_due"
	}
	tell, entry, err := f.words(ctx, w, act, map[string]string{"alarm": w.AlarmID, "since": w.Since.Format(time.RFC3339), "until": now.Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return f.opts.Store.PutWatch(ctx, w, since, now, tell, entry)
}

// openAlarms opens an alarm for each camera that was not watched for as long as
// its division lets it be.
func (f *Function) openAlarms(ctx context.Context) error {
	settings, err := f.opts.Store.WatchSettings(ctx)
	if err != nil {
		return err
	}
	least := alarmAfter
	for _, d := range settings {
		least = min(least, d)
	}
	for after := ""; ; {
		now := f.now()
		list, err := f.opts.Store.Unwatched(ctx, now.Add(-least), after, page)
		if err != nil {
			return err
		}
		for _, w := range list {
			if _, patience := settingOf(settings, w.Division); now.Sub(w.Since) < patience || w.Online && now.Sub(w.HeardAt) > heardWithin {
				continue
			}
			if err := f.openAlarm(ctx, w, now); err != nil {
				return fmt.Errorf("open alarm of camera %s: %w", w.CameraID, err)
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].CameraID
	}
}

func (f *Function) openAlarm(ctx context.Context, w gatepost.Watch, now time.Time) error {
	a := gatepost.WatchAlarm{ID: gatepost.NewID(), CameraID: w.CameraID, Division: w.Division, Cause: gatepost.CauseUnattended, Since: w.Since, OpenedAt: now}
	if !w.Online {
		a.Cause = gatepost.CauseOffline
	}
	tell, entry, err := f.words(ctx, w, "unwatched", map[string]string{"alarm": a.ID, "cause": string(a.Cause), "since": a.Since.Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return f.opts.Store.OpenWatchAlarm(ctx, a, tell, entry)
}

// words are what the nearest units in charge of a camera are told of an alarm, and
// what the ledger keeps of it.
func (f *Function) words(ctx context.Context, w gatepost.Watch, act string, detail map[string]string) ([]gatepost.Notification, gatepost.LedgerEntry, error) {
	detail["act"] = act
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerDuty, Actor: "system", CameraID: w.CameraID, Allowed: true, Detail: detail}
	units, err := f.nearest(ctx, w.Division)
	if err != nil {
		return nil, entry, err
	}
	told := map[string]string{"camera": w.Name}
	for name, value := range detail {
		told[name] = value
	}
	tell := make([]gatepost.Notification, len(units))
	for i, o := range units {
		tell[i] = gatepost.Notification{Organisation: o.ID, Kind: gatepost.NotifyUnwatched, CameraID: w.CameraID, Detail: told}
	}
	return tell, entry, nil
}

// nearest lists the units in charge of a camera that are told of its alarms: those
// of its town and county; where there are none, of the city, then of the province.
func (f *Function) nearest(ctx context.Context, division string) ([]gatepost.Organisation, error) {
	lists := [][]string{nil, nil, nil}
	for i, lengths := range [][]int{{9, 6}, {4}, {2}} {
		for _, n := range lengths {
			if len(division) >= n {
				lists[i] = append(lists[i], division[:n])
			}
		}
	}
	for _, codes := range lists {
		if units, err := f.opts.Store.InCharge(ctx, codes); err != nil || len(units) > 0 {
			return units, err
		}
	}
	return nil, nil
}

// settingOf returns after how long an unwatched camera of a division is an alarm,
// and the division that set it: the nearest; "" when none has.
func settingOf(settings map[string]time.Duration, division string) (string, time.Duration) {
	for _, n := range []int{9, 6, 4, 2} {
		if len(division) < n {
			continue
		}
		if d, ok := settings[division[:n]]; ok {
			return division[:n], d
		}
	}
	return "", alarmAfter
}
