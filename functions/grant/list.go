package grant

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Grant is a look as the API shows one.
type Grant struct {
	ID               string          `json:"id"`
	CameraID         string          `json:"camera_id"`
	Action           gatepost.Action `json:"action" enum:"live,playback"`
	UserID           string          `json:"user_id,omitempty" doc:"Who looked; not there when the look came from a share link"`
	UserName         string          `json:"user_name,omitempty"`
	OrganisationID   string          `json:"organisation_id" doc:"Of the one who looked; the sharer's for a share link"`
	OrganisationName string          `json:"organisation_name,omitempty"`
	ShareID          string          `json:"share_id,omitempty" doc:"The share link that the look came from"`
	Purpose          string          `json:"purpose"`
	Reason           string          `json:"reason"`
	CaseNumber       string          `json:"case_number,omitempty"`
	From             *time.Time      `json:"from,omitempty" doc:"Playback: the window"`
	To               *time.Time      `json:"to,omitempty"`
	ExpiresAt        time.Time       `json:"expires_at"`
	CreatedAt        time.Time       `json:"created_at"`
	RevokedAt        *time.Time      `json:"revoked_at,omitempty"`
}

type (
	listInput struct {
		host.Page
		CameraID string `query:"camera_id" required:"true" minLength:"1" maxLength:"64"`
	}
	listOutput  struct{ Body host.List[Grant] }
	revokeInput struct {
		ID string `path:"id" maxLength:"64"`
	}
)

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if _, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, subject, in.CameraID, access.Audit, nil); err != nil {
		return nil, err
	}
	grants, err := f.opts.Store.GrantsByCamera(ctx, in.CameraID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 2*len(grants))
	seen := map[string]bool{"": true}
	for _, g := range grants {
		for _, id := range []string{g.UserID, g.Organisation} {
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
	return &listOutput{Body: host.Paged(grants, in.Limit, func(g gatepost.Grant) string { return g.ID },
		func(g gatepost.Grant) Grant { return view(g, names) })}, nil
}

func view(g gatepost.Grant, names map[string]string) Grant {
	v := Grant{ID: g.ID, CameraID: g.CameraID, Action: g.Action, UserID: g.UserID, UserName: names[g.UserID], OrganisationID: g.Organisation,
		OrganisationName: names[g.Organisation], ShareID: g.ShareID, Purpose: g.Purpose, Reason: g.Reason, CaseNumber: g.CaseNumber,
		ExpiresAt: g.ExpiresAt, CreatedAt: g.CreatedAt, RevokedAt: g.RevokedAt}
	if g.Action == gatepost.ActionPlayback {
		v.From, v.To = &g.From, &g.To
	}
	return v
}

func (f *Function) revoke(ctx context.Context, in *revokeInput) (*struct{}, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoGrant
	}
	g, err := f.opts.Store.Grant(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoGrant
	}
	if err != nil {
		return nil, err
	}
	// Everybody may end his own look; those who see who looked may end any.
	if g.UserID != subject.UserID {
		detail := map[string]string{"grant": g.ID, "act": "revoke"}
		if err := (access.Gate{Store: f.opts.Store}).Beside(ctx, subject, g.CameraID, access.Audit, detail, errNoGrant); err != nil {
			return nil, err
		}
	}
	return nil, f.opts.Store.RevokeGrant(ctx, g.ID, time.Now(), access.Entry(gatepost.LedgerRevoke, subject, g.CameraID, map[string]string{"grant": g.ID}))
}

var errNoGrant = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such grant, or none that you may know of"}
