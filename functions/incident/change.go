package incident

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
)

func (f *Function) approve(ctx context.Context, in *idInput) (*output, error) {
	i, s, err := f.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if i.Approver == "" || s.Organisation != i.Approver || !commander(s) {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "this incident does not wait for a word of yours"}
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	i, err = f.opts.Store.UpdateIncident(ctx, i.ID, now, func(i *gatepost.Incident) (gatepost.LedgerEntry, error) {
		switch {
		case i.ApprovedAt != nil:
			return gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Conflict, Message: "this incident was approved before"}
		case !now.Before(i.Until()):
			return gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Gone, Message: "this incident is over"}
		}
		i.ApprovedBy, i.ApprovedAt = s.UserID, &now
		return entry(s, *i, "approve", true), nil
	})
	if err != nil {
		return nil, err
	}
	f.tellSoon(ctx)
	return f.answer(ctx, i)
}

func (f *Function) end(ctx context.Context, in *idInput) (*output, error) {
	i, s, err := f.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !commands(i, s) {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "an incident is ended by the leaders of those who activated or approved it"}
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	i, err = f.opts.Store.UpdateIncident(ctx, i.ID, now, func(i *gatepost.Incident) (gatepost.LedgerEntry, error) {
		if !now.Before(i.Until()) {
			return gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Conflict, Message: "this incident is over already"}
		}
		i.EndedBy, i.EndedAt = s.UserID, &now
		return entry(s, *i, "end", true), nil
	})
	if err != nil {
		return nil, err
	}
	f.tellSoon(ctx)
	return f.answer(ctx, i)
}
