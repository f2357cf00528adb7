package incident

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

const (
	cameraPage = 1000 // cameras read at once
	tellPage   = 100  // incidents told of in one round
)

// tellSoon tells owners at once. What fails is told by the next Run.
func (f *Function) tellSoon(ctx context.Context) {
	if err := f.Run(ctx); err != nil {
		f.opts.Logger.Warn("owners are told of an incident later", "err", err)
	}
}

// Run does the timed work once: it tells owners of incidents that have begun and
// of those that have ended. Run twice, it tells once. Call it every few seconds.
func (f *Function) Run(ctx context.Context) error {
	started, ended, err := f.opts.Store.IncidentsToTell(ctx, time.Now(), tellPage)
	if err != nil {
		return err
	}
	for _, i := range started {
		if err := f.tell(ctx, i, "started", gatepost.NotifyIncidentStarted, i.From()); err != nil {
			return err
		}
	}
	for _, i := range ended {
		if err := f.tell(ctx, i, "ended", gatepost.NotifyIncidentEnded, i.Until()); err != nil {
			return err
		}
	}
	return nil
}

// tell tells every owner of a camera in service that an incident covers: one that
// was enrolled and never accepted shows nothing, and makes nobody a reader of
// police work.
func (f *Function) tell(ctx context.Context, i gatepost.Incident, told string, kind gatepost.NotificationKind, at time.Time) error {
	owners := map[string]int{}
	for after := ""; ; {
		page, err := f.opts.Store.CamerasAround(ctx, i.Division, access.Parts(i.Area), after, cameraPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			if c.State == gatepost.CameraInService && access.Covers(i, c) {
				owners[c.Owner]++
			}
		}
		if len(page) < cameraPage {
			break
		}
		after = page[len(page)-1].ID
	}
	names, err := f.opts.Store.Names(ctx, []string{i.Organisation, i.CreatedBy})
	if err != nil {
		return err
	}
	var list []gatepost.Notification
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		list = append(list, gatepost.Notification{Organisation: owner, Kind: kind, At: at, Detail: map[string]string{
			"incident": i.ID, "incident_kind": string(i.Kind), "name": i.Name, "reason": i.Reason, "drill": strconv.FormatBool(i.Drill),
			"organisation": names[i.Organisation], "by": names[i.CreatedBy], "cameras": strconv.Itoa(owners[owner]),
			"from": i.From().Format(time.RFC3339), "until": i.Until().Format(time.RFC3339)}})
	}
	if err := f.opts.Store.TellIncident(ctx, i.ID, told, list); err != nil {
		return fmt.Errorf("tell owners of incident %s: %w", i.ID, err)
	}
	return nil
}
