package camera

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// maxBatch is how many cameras are read at once, at most.
const maxBatch = 4096

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	// Whoever may not know of a camera of his own may not ask for others'.
	d := access.Decide(access.Request{Subject: subject, Action: access.Know, Camera: gatepost.Camera{Owner: subject.Organisation}})
	if !d.Allowed {
		return nil, d.Err()
	}
	read := f.known
	if subject.Admin() || subject.Kind == gatepost.KindOperator {
		read = func(ctx context.Context, _ gatepost.Subject, filter gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error) {
			return f.opts.Store.Cameras(ctx, filter, after, limit)
		}
	}
	cameras, err := read(ctx, subject, filter, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(cameras))
	for i, c := range cameras {
		ids[i] = c.ID
	}
	statuses, err := f.opts.Store.CameraStatuses(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &listOutput{Body: host.Paged(cameras, in.Limit, func(c gatepost.Camera) string { return c.ID },
		func(c gatepost.Camera) Camera { return view(c, statuses[c.ID], now) })}, nil
}

// filter fails with Invalid when a box ends before it begins.
func (in *listInput) filter() (gatepost.CameraFilter, error) {
	filter := gatepost.CameraFilter{Owner: in.OwnerID, Class: gatepost.WatchClass(in.Class)}
	box := gatepost.Box{West: in.West, South: in.South, East: in.East, North: in.North}
	switch {
	case !(box.West <= box.East): // also when one is no number
		return filter, gatepost.InvalidField("east", "east must not be less than west; a box over the 180th meridian is asked for in two")
	case !(box.South <= box.North):
		return filter, gatepost.InvalidField("north", "north must not be less than south")
	}
	if box != (gatepost.Box{West: -180, South: -90, East: 180, North: 90}) {
		filter.Box = &box
	}
	return filter, nil
}

// known lists the cameras that a subject may know of: what the store finds, each
// one decided. Only an incident's area is found too large, by its boxes.
func (f *Function) known(ctx context.Context, s gatepost.Subject, filter gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error) {
	now := time.Now()
	facts, err := f.opts.Store.KnowingFacts(ctx, s, now)
	if err != nil {
		return nil, err
	}
	var known []gatepost.Camera
	for batch := limit; ; batch = min(2*batch, maxBatch) {
		cameras, err := f.opts.Store.KnowableCameras(ctx, s, facts, filter, after, batch)
		if err != nil {
			return nil, err
		}
		for _, c := range cameras {
			if !access.Decide(access.Request{Subject: s, Action: access.Know, Camera: c, At: now, Facts: facts}).Allowed {
				continue
			}
			if known = append(known, c); len(known) == limit {
				return known, nil
			}
		}
		if len(cameras) < batch {
			return known, nil
		}
		after = cameras[len(cameras)-1].ID
	}
}
