package grant

import (
	"context"
	"errors"

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
	out := Wall{Registration: gatepost.NewID(), Looks: []Tile{}}
	var grants []gatepost.Grant
	var entries []gatepost.LedgerEntry
	for _, id := range in.Body.Cameras {
		one := &grantInput{}
		one.Body.CameraID, one.Body.Action = id, gatepost.ActionLive
		one.Body.Purpose, one.Body.Reason, one.Body.CaseNumber = in.Body.Purpose, in.Body.Reason, in.Body.CaseNumber
		g, n, e, err := f.look(ctx, one, subject, out.Registration)
		var refusal *gatepost.Error
		switch {
		case err == nil:
			grants, entries = append(grants, g), append(entries, e)
			out.Looks = append(out.Looks, Tile{CameraID: id, Grant: &n})
		case errors.As(err, &refusal) && (refusal.Code == gatepost.NotFound || refusal.Code == gatepost.Forbidden || refusal.Code == gatepost.Conflict || refusal.Code == gatepost.Gone):
			out.Looks = append(out.Looks, Tile{CameraID: id, Refusal: &Refusal{refusal.Code, refusal.Message}})
		default:
			return nil, err
		}
	}
	if err := f.opts.Store.CreateGrants(ctx, grants, entries); err != nil {
		return nil, err
	}
	return &wallOutput{CacheControl: "no-store", Body: out}, nil
}
