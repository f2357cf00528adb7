package grant

import (
	"context"
	"errors"
	"slices"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

type (
	wallInput struct {
		Body struct {
			Cameras    []string `json:"cameras" minItems:"1" maxItems:"16" uniqueItems:"true"`
			Purpose    string   `json:"purpose,omitempty" maxLength:"64" doc:"As of a grant, for all of them"`
			Reason     string   `json:"reason,omitempty" maxLength:"500"`
			CaseNumber string   `json:"case_number,omitempty" maxLength:"64"`
		}
	}
	wallOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         Wall
	}
)

// Wall is the answer to looks that were asked for at once.
type Wall struct {
	Registration string `json:"registration" doc:"What the ledger joins these looks by"`
	Looks        []Tile `json:"looks" doc:"One for each camera, in the order in which they were asked for"`
}

// Tile is one look of a wall: a grant, or why there is none.
type Tile struct {
	CameraID string    `json:"camera_id"`
	Grant    *NewGrant `json:"grant,omitempty"`
	Refusal  *Refusal  `json:"refusal,omitempty"`
}

// Refusal is why a look of a wall is not there.
type Refusal struct {
	Code   gatepost.Code `json:"code"`
	Detail string        `json:"detail"`
}

// wall registers live looks at several cameras. Those that are refused do not
// stop the others; what is wrong with the request itself stops all.
func (f *Function) wall(ctx context.Context, in *wallInput) (*wallOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	now, err := f.running(ctx, subject)
	if err != nil {
		return nil, err
	}
	out := Wall{Registration: gatepost.NewID(), Looks: []Tile{}}
	var looks []look
	var grants []gatepost.Grant
	var entries []gatepost.LedgerEntry
	for _, id := range in.Body.Cameras {
		one := &grantInput{}
		one.Body.CameraID, one.Body.Action = id, gatepost.ActionLive
		one.Body.Purpose, one.Body.Reason, one.Body.CaseNumber = in.Body.Purpose, in.Body.Reason, in.Body.CaseNumber
		l, err := f.look(ctx, one, subject, out.Registration, now)
		if err == nil {
			looks, grants, entries = append(looks, l), append(grants, l.grant), append(entries, l.entry)
			out.Looks = append(out.Looks, Tile{CameraID: id, Grant: &l.answer})
			continue
		}
		refusal := refused(err)
		if refusal == nil {
			return nil, err
		}
		out.Looks = append(out.Looks, Tile{CameraID: id, Refusal: refusal})
	}
	if err := f.opts.Store.CreateGrants(ctx, grants, entries); err != nil {
		return nil, err
	}
	if err := f.bounded(ctx, subject, looks...); err != nil {
		return nil, err
	}
	if err := f.confirmAll(ctx, subject, looks, out.Looks); err != nil {
		return nil, err
	}
	return &wallOutput{CacheControl: "no-store", Body: out}, nil
}

// confirmAll confirms every look of a wall; a tile whose look has lost its ground
// says why. It fails when it cannot tell, and then no token is given away.
func (f *Function) confirmAll(ctx context.Context, subject gatepost.Subject, looks []look, tiles []Tile) error {
	var failed error
	for _, l := range looks {
		err := f.confirm(ctx, subject, l)
		if err == nil {
			continue
		}
		refusal := refused(err)
		if refusal == nil {
			failed = err // the others are confirmed nevertheless: what is to be revoked is
			continue
		}
		i := slices.IndexFunc(tiles, func(t Tile) bool { return t.CameraID == l.grant.CameraID })
		tiles[i] = Tile{CameraID: l.grant.CameraID, Refusal: refusal}
	}
	return failed
}

// refused is what a tile says for an error that concerns its camera alone; nil for others.
func refused(err error) *Refusal {
	var e *gatepost.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case gatepost.NotFound, gatepost.Forbidden, gatepost.Conflict, gatepost.Gone:
		return &Refusal{e.Code, e.Message}
	}
	return nil
}
