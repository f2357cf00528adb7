// Package plan is what organisations may have (套餐): how many cameras, and for how
// many days each keeps its recordings. Administrators define plans and assign them;
// an organisation without one is not limited. Enrolment keeps to them
// (internal/sqlstore).
package plan

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Store keeps plans; internal/sqlstore has it. PlanUse fails with NotFound,
// AssignPlan with Invalid.
type Store interface {
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
	Plans(ctx context.Context) ([]gatepost.Plan, error)
	PutPlan(ctx context.Context, p gatepost.Plan, entry gatepost.LedgerEntry) error
	PlanUse(ctx context.Context, organisation string) (gatepost.PlanUse, error)
	AssignPlan(ctx context.Context, organisation, plan string, entry gatepost.LedgerEntry) error
}

// Options are what a function works with.
type Options struct{ Store Store }

// Function is the operations on plans. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function { return &Function{opts: opts} }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"plan"}
	huma.Register(api, huma.Operation{OperationID: "list-plans", Method: http.MethodGet, Path: "/v1/plans",
		Summary: "The plans that there are, the smallest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "put-plan", Method: http.MethodPut, Path: "/v1/plans/{name}",
		Summary: "Make or change a plan (administrators)", Tags: tags}, f.put)
	huma.Register(api, huma.Operation{OperationID: "get-organisation-plan", Method: http.MethodGet, Path: "/v1/organisations/{id}/plan",
		Summary: "An organisation's plan, and what it has of it", Tags: tags}, f.use)
	huma.Register(api, huma.Operation{OperationID: "set-organisation-plan", Method: http.MethodPut, Path: "/v1/organisations/{id}/plan",
		Summary: "Give an organisation a plan, or none (administrators)", Tags: tags}, f.assign)
}

// Plan is a plan as the API shows one.
type Plan struct {
	Name          string `json:"name"`
	Cameras       int    `json:"cameras" doc:"How many that are not retired"`
	RetentionDays int    `json:"retention_days" doc:"For how many days each keeps its recordings, at most"`
}

// PlanUse is an organisation's plan and what it has of it.
type PlanUse struct {
	OrganisationID string `json:"organisation_id"`
	Plan           *Plan  `json:"plan,omitempty" doc:"Absent: not limited"`
	Cameras        int    `json:"cameras" doc:"That are not retired"`
}

func view(p gatepost.Plan) Plan {
	return Plan{Name: p.Name, Cameras: p.Cameras, RetentionDays: p.RetentionDays}
}

type (
	listOutput   struct{ Body host.List[Plan] }
	putPlanInput struct {
		Name string `path:"name" maxLength:"32" doc:"Lower-case letters, digits and -"`
		Body struct {
			Cameras       int `json:"cameras" minimum:"1" maximum:"100000"`
			RetentionDays int `json:"retention_days" minimum:"1" maximum:"3650"`
		}
	}
	planOutput struct{ Body Plan }
	idInput    struct {
		ID string `path:"id" maxLength:"64"`
	}
	assignPlanInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Plan string `json:"plan" maxLength:"32" doc:"A plan's name; empty for none, which is without limits"`
		}
	}
	useOutput struct{ Body PlanUse }
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

	errNone = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such organisation, or none that you may know of"}
)

func (f *Function) list(ctx context.Context, _ *struct{}) (*listOutput, error) {
	plans, err := f.opts.Store.Plans(ctx)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(plans, len(plans), func(p gatepost.Plan) string { return p.Name }, view)}, nil
}

func (f *Function) put(ctx context.Context, in *putPlanInput) (*planOutput, error) {
	s, err := auth.Admin(ctx)
	if err != nil {
		return nil, err
	}
	if !nameForm.MatchString(in.Name) {
		return nil, gatepost.InvalidField("name", "a plan's name is made of a–z, 0–9 and -")
	}
	policy, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	if floor := policy.General.Floor; in.Body.RetentionDays < floor {
		return nil, gatepost.InvalidField("retention_days", fmt.Sprintf("the retention policy has recordings kept for %d days at least; give %d or more", floor, floor))
	}
	p := gatepost.Plan{Name: in.Name, Cameras: in.Body.Cameras, RetentionDays: in.Body.RetentionDays, UpdatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	err = f.opts.Store.PutPlan(ctx, p, access.Entry(gatepost.LedgerOrganisation, s, "", map[string]string{"act": "plan_defined", "plan": p.Name}))
	return &planOutput{Body: view(p)}, err
}

func (f *Function) use(ctx context.Context, in *idInput) (*useOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if in.ID != s.Organisation && !s.Admin() {
		return nil, errNone
	}
	return f.show(ctx, in.ID)
}

func (f *Function) show(ctx context.Context, organisation string) (*useOutput, error) {
	u, err := f.opts.Store.PlanUse(ctx, organisation)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	out := &useOutput{Body: PlanUse{OrganisationID: u.Organisation, Cameras: u.Cameras}}
	if u.Plan != nil {
		p := view(*u.Plan)
		out.Body.Plan = &p
	}
	return out, nil
}

func (f *Function) assign(ctx context.Context, in *assignPlanInput) (*useOutput, error) {
	s, err := auth.Admin(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := f.show(ctx, in.ID); err != nil {
		return nil, err
	}
	err = f.opts.Store.AssignPlan(ctx, in.ID, in.Body.Plan,
		access.Entry(gatepost.LedgerOrganisation, s, "", map[string]string{"act": "plan", "organisation": in.ID, "plan": in.Body.Plan}))
	if gatepost.CodeOf(err) == gatepost.Invalid {
		err = gatepost.InvalidField("plan", "there is no such plan; GET /v1/plans lists them")
	}
	if err != nil {
		return nil, err
	}
	return f.show(ctx, in.ID)
}
