package ledger

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Entry is an entry of the ledger as the API shows one.
type Entry struct {
	ID               string              `json:"id"`
	Sequence         *int64              `json:"sequence,omitempty" doc:"Its number in the signed ledger, from 0; not there in its first seconds"`
	At               time.Time           `json:"at"`
	Kind             gatepost.LedgerKind `json:"kind"`
	ActorID          string              `json:"actor_id" doc:"User id, share:<id>, or system"`
	ActorName        string              `json:"actor_name,omitempty"`
	OrganisationID   string              `json:"organisation_id,omitempty" doc:"Of the actor; the sharer's for a share link"`
	OrganisationName string              `json:"organisation_name,omitempty"`
	CameraID         string              `json:"camera_id,omitempty"`
	Allowed          bool                `json:"allowed"`
	Detail           map[string]string   `json:"detail" doc:"What else is known: of a look its grant, transport, start, end, bytes, purpose, reason and case number"`
}

// Filter is what a request asks for.
type Filter struct {
	CameraID string              `query:"camera_id" maxLength:"64" doc:"Only entries about this camera"`
	Kind     gatepost.LedgerKind `query:"kind" maxLength:"32" doc:"Only entries of this kind, such as look, grant, decision, share, revoke"`
	Since    time.Time           `query:"since" doc:"Only entries that are not older"`
	Until    time.Time           `query:"until" doc:"Only entries that are older"`
}

type (
	listInput struct {
		host.Page
		Filter
	}
	listOutput struct{ Body host.List[Entry] }
)

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	filter, _, err := f.filter(ctx, &in.Filter, nil)
	if err != nil {
		return nil, err
	}
	rows, err := f.opts.Store.LedgerRows(ctx, filter, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	entries, err := f.entries(ctx, rows)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(entries, in.Limit, func(e Entry) string { return e.ID }, func(e Entry) Entry { return e })}, nil
}

// filter decides what the caller may see of what he asks for: those of a camera who
// may audit it; the owner's leaders all that concerns their organisation;
// administrators everything. A refusal about a camera is in the ledger.
func (f *Function) filter(ctx context.Context, in *Filter, detail map[string]string) (gatepost.LedgerFilter, gatepost.Subject, error) {
	filter := gatepost.LedgerFilter{CameraID: in.CameraID, Kind: in.Kind, Since: in.Since, Until: in.Until}
	subject, err := auth.Subject(ctx)
	if err != nil {
		return filter, subject, err
	}
	if in.CameraID != "" {
		_, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, subject, in.CameraID, access.Audit, detail)
		return filter, subject, err
	}
	if d := audits(subject, subject.Organisation); !d.Allowed {
		return filter, subject, d.Err()
	}
	if !subject.Admin() {
		filter.Owner = subject.Organisation
	}
	return filter, subject, nil
}

// audits decides whether a subject may see what concerns an organisation.
func audits(s gatepost.Subject, organisation string) access.Decision {
	return access.Decide(access.Request{Subject: s, Action: access.Audit, Camera: gatepost.Camera{Owner: organisation}})
}

// mayRead fails with NotFound and Forbidden when a subject may not see an entry.
func (f *Function) mayRead(ctx context.Context, s gatepost.Subject, r gatepost.LedgerRecord) error {
	if r.CameraID == "" || s.Admin() {
		if !s.Admin() && r.Organisation != s.Organisation || !audits(s, s.Organisation).Allowed {
			return errNoEntry
		}
		return nil
	}
	return access.Gate{Store: f.opts.Store}.Beside(ctx, s, r.CameraID, access.Audit, map[string]string{"entry": r.ID}, errNoEntry)
}

// entries resolves the names of those who acted.
func (f *Function) entries(ctx context.Context, rows []gatepost.LedgerRow) ([]Entry, error) {
	seen := map[string]bool{"": true, "system": true}
	var ids []string
	for _, r := range rows {
		for _, id := range []string{r.Actor, r.Organisation} {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(rows))
	for i, r := range rows {
		e, err := r.Entry()
		if err != nil {
			e.Detail = map[string]string{"malformed": r.Detail} // by hand: it is shown as it is
		}
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		out[i] = Entry{ID: e.ID, At: e.At, Kind: e.Kind, ActorID: e.Actor, ActorName: names[e.Actor], OrganisationID: e.Organisation,
			OrganisationName: names[e.Organisation], CameraID: e.CameraID, Allowed: e.Allowed, Detail: e.Detail}
		if r.Seq >= 0 {
			out[i].Sequence = &rows[i].Seq
		}
	}
	return out, nil
}
