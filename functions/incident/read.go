package incident

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Incident is an incident as the API shows one.
type Incident struct {
	ID               string                `json:"id"`
	Kind             gatepost.IncidentKind `json:"kind"`
	Drill            bool                  `json:"drill"`
	Name             string                `json:"name"`
	Reason           string                `json:"reason"`
	Area             Area                  `json:"area"`
	Levels           []string              `json:"levels"`
	Units            []string              `json:"units"`
	OrganisationID   string                `json:"organisation_id"`
	OrganisationName string                `json:"organisation_name"`
	CreatedBy        string                `json:"created_by" doc:"User id"`
	CreatedByName    string                `json:"created_by_name"`
	CreatedAt        time.Time             `json:"created_at"`
	Start            time.Time             `json:"start"`
	End              time.Time             `json:"end"`
	ApproverID       string                `json:"approver_id,omitempty"`
	ApprovedAt       *time.Time            `json:"approved_at,omitempty"`
	EndedAt          *time.Time            `json:"ended_at,omitempty" doc:"When it was ended early"`
	Renews           string                `json:"renews,omitempty"`
	State            string                `json:"state" enum:"waiting,scheduled,active,ended" doc:"waiting: for its second word"`
}

type output struct{ Body Incident }

func state(i gatepost.Incident, now time.Time) string {
	switch {
	case !now.Before(i.Until()):
		return "ended"
	case !i.Approved():
		return "waiting"
	case i.Active(now):
		return "active"
	}
	return "scheduled"
}

func view(i gatepost.Incident, names map[string]string, now time.Time) Incident {
	return Incident{ID: i.ID, Kind: i.Kind, Drill: i.Drill, Name: i.Name, Reason: i.Reason, Area: Area(i.Area), Levels: i.Levels, Units: i.Units,
		OrganisationID: i.Organisation, OrganisationName: names[i.Organisation], CreatedBy: i.CreatedBy, CreatedByName: names[i.CreatedBy],
		CreatedAt: i.CreatedAt, Start: i.Start, End: i.End, ApproverID: i.Approver, ApprovedAt: i.ApprovedAt, EndedAt: i.EndedAt, Renews: i.Renews,
		State: state(i, now)}
}

func (f *Function) answer(ctx context.Context, i gatepost.Incident) (*output, error) {
	names, err := f.opts.Store.Names(ctx, []string{i.Organisation, i.CreatedBy})
	if err != nil {
		return nil, err
	}
	return &output{Body: view(i, names, time.Now())}, nil
}

// concerns tells whether an incident is a subject's business.
func concerns(i gatepost.Incident, s gatepost.Subject) bool {
	if s.Organisation == i.Organisation || s.Organisation == i.Approver || slices.Contains(i.Units, s.Organisation) {
		return true
	}
	police := s.Kind == gatepost.KindPolice || s.Kind == gatepost.KindSubControl
	return police && slices.Contains(i.Levels, gatepost.LevelOf(s.Division)) &&
		(gatepost.Within(i.Division, s.Division) || gatepost.Within(s.Division, i.Division))
}

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (f *Function) get(ctx context.Context, in *idInput) (*output, error) {
	i, _, err := f.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return f.answer(ctx, i)
}

type (
	listInput  struct{ host.Page }
	listOutput struct{ Body host.List[Incident] }
)

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Incidents(ctx, s, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 2*len(list))
	for _, i := range list {
		ids = append(ids, i.Organisation, i.CreatedBy)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &listOutput{Body: host.Paged(list, in.Limit, func(i gatepost.Incident) string { return i.ID },
		func(i gatepost.Incident) Incident { return view(i, names, now) })}, nil
}

// IncidentCamera is a camera that an incident opens.
type IncidentCamera struct {
	ID       string              `json:"id"`
	Name     string              `json:"name"`
	Division string              `json:"division"`
	Position *gatepost.Position  `json:"position"`
	Class    gatepost.WatchClass `json:"class"`
}

type (
	pageInput struct {
		host.Page
		ID string `path:"id" maxLength:"64"`
	}
	camerasOutput struct{ Body host.List[IncidentCamera] }
)

// cameras lists what an incident opens to the subject. Those who have it in hand
// see what they opened to others.
func (f *Function) cameras(ctx context.Context, in *pageInput) (*camerasOutput, error) {
	i, s, err := f.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, all := time.Now(), commands(i, s)
	if state(i, now) != "active" {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "this incident opens nothing now"}
	}
	var found []gatepost.Camera
	for after := in.After; len(found) <= in.Limit; {
		page, err := f.opts.Store.CamerasAround(ctx, i.Division, access.Parts(i.Area), after, cameraPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if access.Opens(i, s, c, now) || all && access.Covers(i, c) {
				found = append(found, c)
			}
		}
		if len(page) < cameraPage {
			break
		}
		after = page[len(page)-1].ID
	}
	found = found[:min(len(found), in.Limit+1)]
	return &camerasOutput{Body: host.Paged(found, in.Limit, func(c gatepost.Camera) string { return c.ID }, func(c gatepost.Camera) IncidentCamera {
		return IncidentCamera{ID: c.ID, Name: c.Name, Division: c.Division, Position: c.Position, Class: c.Class}
	})}, nil
}

// IncidentLook is one look under an incident.
type IncidentLook struct {
	GrantID          string          `json:"grant_id"`
	CameraID         string          `json:"camera_id"`
	Action           gatepost.Action `json:"action"`
	UserID           string          `json:"user_id"`
	UserName         string          `json:"user_name"`
	OrganisationID   string          `json:"organisation_id"`
	OrganisationName string          `json:"organisation_name"`
	Purpose          string          `json:"purpose"`
	Reason           string          `json:"reason"`
	CaseNumber       string          `json:"case_number,omitempty"`
	From             time.Time       `json:"from" doc:"When it was registered"`
	Until            time.Time       `json:"until" doc:"When it ended, or will at the latest"`
}

type looksOutput struct{ Body host.List[IncidentLook] }

// looks is the record of an incident, for those who activated it, those whose word it
// needed, and administrators.
func (f *Function) looks(ctx context.Context, in *pageInput) (*looksOutput, error) {
	i, s, err := f.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !commands(i, s) {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "the record of an incident is for the leaders of those who activated or approved it"}
	}
	grants, err := f.opts.Store.GrantsOn(ctx, "incident:"+i.ID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 2*len(grants))
	for _, g := range grants {
		ids = append(ids, g.UserID, g.Organisation)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &looksOutput{Body: host.Paged(grants, in.Limit, func(g gatepost.Grant) string { return g.ID }, func(g gatepost.Grant) IncidentLook {
		until := g.ExpiresAt
		if g.RevokedAt != nil {
			until = *g.RevokedAt
		}
		return IncidentLook{GrantID: g.ID, CameraID: g.CameraID, Action: g.Action, UserID: g.UserID, UserName: names[g.UserID], OrganisationID: g.Organisation,
			OrganisationName: names[g.Organisation], Purpose: g.Purpose, Reason: g.Reason, CaseNumber: g.CaseNumber, From: g.CreatedAt, Until: until}
	})}, nil
}
