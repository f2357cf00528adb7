package duty

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// warning is how long before a gap of the rota begins its unit is told.
	warning = 4 * time.Hour
	// outlook is how far beyond that its end is looked for.
	outlook = maxShift
)

// RunRota does the other timed work once: it tells police and sub-control centres
// that keep a rota of each gap in it some hours before the gap begins, once. A unit
// that has assigned nobody at all, or whose gap has begun, is told nothing. Call it every
// minute.
func (f *Function) RunRota(ctx context.Context) error {
	now := f.now()
	until := now.Add(warning + outlook)
	shifts, err := f.opts.Store.WatchShifts(ctx, now, until)
	if err != nil {
		return err
	}
	for len(shifts) > 0 {
		n := 1
		for n < len(shifts) && shifts[n].Organisation == shifts[0].Organisation {
			n++
		}
		if err := f.warn(ctx, shifts[:n], now, until); err != nil {
			return fmt.Errorf("rota of %s: %w", shifts[0].Organisation, err)
		}
		shifts = shifts[n:]
	}
	return nil
}

// warn tells one unit of the gaps between its shifts.
func (f *Function) warn(ctx context.Context, shifts []gatepost.Shift, now, until time.Time) error {
	unit := shifts[0].Organisation
	for _, g := range findGaps(shifts, nil, now, until, now) {
		if g.Kind != gapRota || !g.From.After(now) || g.From.After(now.Add(warning)) || g.To.Sub(g.From) <= grace {
			continue
		}
		detail := map[string]string{"act": "rota_gap", "from": g.From.Format(time.RFC3339)}
		if g.To.Before(until) {
			detail["to"] = g.To.Format(time.RFC3339)
		}
		tell := gatepost.Notification{Organisation: unit, Kind: gatepost.NotifyDutyGap, Detail: detail}
		entry := gatepost.LedgerEntry{Kind: gatepost.LedgerDuty, Actor: "system", Organisation: unit, Allowed: true, Detail: detail}
		if err := f.opts.Store.TellDutyGap(ctx, unit, g.From, []gatepost.Notification{tell}, entry); err != nil {
			return err
		}
	}
	return nil
}
