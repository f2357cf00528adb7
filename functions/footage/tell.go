package footage

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
	tellPage   = 100  // requests told of in one round

	// onItsWay is for how long what a camera in service records may be with its
	// gateway yet.
	onItsWay = 5 * time.Minute
)

// Run does the timed work once: it tells the owners of cameras in the areas of
// new requests, and those who were asked of withdrawn ones. Run twice, it tells once. Call it every few seconds.
func (f *Function) Run(ctx context.Context) error {
	requests, err := f.opts.Store.FootageRequestsToTell(ctx, tellPage)
	if err != nil {
		return err
	}
	for _, r := range requests {
		if err := f.tell(ctx, r); err != nil {
			return fmt.Errorf("tell owners of footage request %s: %w", r.ID, err)
		}
	}
	return nil
}

// tell tells every owner whom a request reaches. The ledger gets one entry
// however many they are, so that its length, which is public, does not tell.
func (f *Function) tell(ctx context.Context, r gatepost.FootageRequest) error {
	names, err := f.opts.Store.Names(ctx, []string{r.Organisation})
	if err != nil {
		return err
	}
	if r.WithdrawnAt != nil {
		return f.opts.Store.TellFootageWithdrawal(ctx, r.ID, notice(r, "withdrawn", names[r.Organisation], nil))
	}
	owners, err := f.owners(ctx, r)
	if err != nil {
		return err
	}
	var list []gatepost.Notification
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		n := notice(r, "asked", names[r.Organisation], map[string]string{"cameras": strconv.Itoa(owners[owner])})
		n.Organisation = owner
		list = append(list, n)
	}
	return f.opts.Store.TellFootageRequest(ctx, r.ID, list, gatepost.LedgerEntry{Kind: gatepost.LedgerRequest, Actor: "system", Allowed: true,
		Detail: map[string]string{"act": "tell", "request": r.ID}})
}

// owners counts the cameras that have what a request asks for by their owners,
// but those who asked and those who let nobody watch. A camera that recorded
// nothing then makes nobody a reader of what the police look for; one in service is
// taken to have recorded what may be on its way.
func (f *Function) owners(ctx context.Context, r gatepost.FootageRequest) (map[string]int, error) {
	owners := map[string]int{}
	for after := ""; ; {
		page, err := f.opts.Store.CamerasAround(ctx, "", access.Parts(r.Area), after, cameraPage)
		if err != nil {
			return nil, err
		}
		around := map[string]string{} // owners by camera that has to be asked after
		for _, c := range page {
			switch {
			case !covers(r, c):
			case c.State == gatepost.CameraInService && r.AskedAt.Sub(r.To) < onItsWay:
				owners[c.Owner]++
			default:
				around[c.ID] = c.Owner
			}
		}
		recorded, err := f.opts.Store.Recorded(ctx, slices.Collect(maps.Keys(around)), r.From, r.To)
		if err != nil {
			return nil, err
		}
		for _, id := range recorded {
			owners[around[id]]++
		}
		if len(page) < cameraPage {
			break
		}
		after = page[len(page)-1].ID
	}
	delete(owners, r.Organisation)
	for owner := range owners {
		o, err := f.opts.Store.Organisation(ctx, owner)
		if err != nil {
			return nil, err
		}
		if o.Kind == gatepost.KindOperator {
			delete(owners, owner)
		}
	}
	return owners, nil
}

// notice is what organisations are told of a request: those who asked, unless
// somebody else is filled in.
func notice(r gatepost.FootageRequest, act, by string, more map[string]string) gatepost.Notification {
	detail := map[string]string{"act": act, "request": r.ID, "by": by, "case_number": r.CaseNumber, "reason": r.Reason,
		"from": r.From.Format(time.RFC3339), "to": r.To.Format(time.RFC3339), "expires": r.Expires.Format(time.RFC3339)}
	maps.Copy(detail, more)
	return gatepost.Notification{Organisation: r.Organisation, Kind: gatepost.NotifyFootageRequest, Detail: detail}
}
