package share

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Opening is one use of a link, an attempt, or a look that came of it.
type Opening struct {
	ID      string    `json:"id" doc:"Of the ledger's entry"`
	At      time.Time `json:"at"`
	Act     string    `json:"act" enum:"open,renew,look" doc:"look: somebody has watched, from start to end"`
	Allowed bool      `json:"allowed"`
	Code    string    `json:"code,omitempty" doc:"Why it was refused: gone, or forbidden from that address"`
	Remote  string    `json:"remote,omitempty" doc:"Address that it came from"`
	Start   string    `json:"start,omitempty" format:"date-time"`
	End     string    `json:"end,omitempty" format:"date-time"`
}

type (
	openingsInput struct {
		ByID
		host.Page
	}
	openingsOutput struct{ Body host.List[Opening] }
)

// openings is for those who may share the camera, as the creator of the link could.
func (f *Function) openings(ctx context.Context, in *openingsInput) (*openingsOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	sh, err := f.share(ctx, subject, in.ID, "openings")
	if err != nil {
		return nil, err
	}
	entries, err := f.opts.Store.LedgerByActor(ctx, actorPrefix+sh.ID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &openingsOutput{Body: host.Paged(entries, in.Limit, func(e gatepost.LedgerEntry) string { return e.ID }, opening)}, nil
}

func opening(e gatepost.LedgerEntry) Opening {
	o := Opening{ID: e.ID, At: e.At, Act: e.Detail["act"], Allowed: e.Allowed, Code: e.Detail["code"], Remote: e.Detail["remote"]}
	if e.Kind == gatepost.LedgerLook {
		o.Act, o.Start, o.End = "look", e.Detail["start"], e.Detail["end"]
	}
	return o
}
