// Package organisation is the tenants and the administrative divisions that
// they, and cameras, belong to.
package organisation

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Organisations keeps tenants. Organisation fails with NotFound.
type Organisations interface {
	CreateOrganisation(ctx context.Context, o gatepost.Organisation) error
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
	Organisations(ctx context.Context, after string, limit int) ([]gatepost.Organisation, error)
	Authorities(ctx context.Context, after string, limit int) ([]gatepost.Organisation, error)
}

// Divisions keeps administrative divisions. Division fails with NotFound.
type Divisions interface {
	PutDivisions(ctx context.Context, divisions []gatepost.Division) (changed int, err error)
	Division(ctx context.Context, code string) (gatepost.Division, error)
	Divisions(ctx context.Context, parent, after string, limit int) ([]gatepost.DivisionNode, error)
}

// Store is all that the service keeps; internal/sqlstore has it.
type Store interface {
	Organisations
	Divisions
}

// Service is the operations on organisations and divisions.
type Service struct{ store Store }

// New makes a service. With a nil store it can be registered, for the OpenAPI
// document, but not called.
func New(store Store) *Service { return &Service{store: store} }

// Register adds the operations to an API.
func (s *Service) Register(api huma.API) {
	tags := []string{"organisation"}
	huma.Register(api, huma.Operation{OperationID: "create-organisation", Method: http.MethodPost, Path: "/v1/organisations",
		Summary: "Add an organisation (administrators)", Tags: tags, DefaultStatus: http.StatusCreated}, s.create)
	huma.Register(api, huma.Operation{OperationID: "list-organisations", Method: http.MethodGet, Path: "/v1/organisations",
		Summary: "List organisations: all of them for administrators, authorities for one another, else one's own", Tags: tags}, s.list)
	huma.Register(api, huma.Operation{OperationID: "list-divisions", Method: http.MethodGet, Path: "/v1/divisions",
		Summary: "List the divisions directly below another", Tags: tags, Security: auth.Public}, s.divisions)
}

// Organisation is an organisation as the API shows one.
type Organisation struct {
	ID        string                    `json:"id"`
	Name      string                    `json:"name"`
	Kind      gatepost.OrganisationKind `json:"kind" enum:"government,police,department,sub_control,business,community,operator,third_party"`
	Division  string                    `json:"division" doc:"Division code; empty for none"`
	CreatedAt time.Time                 `json:"created_at"`
}

func view(o gatepost.Organisation) Organisation {
	return Organisation{ID: o.ID, Name: o.Name, Kind: o.Kind, Division: o.Division, CreatedAt: o.CreatedAt}
}

type createOrganisationInput struct {
	Body struct {
		Name     string                    `json:"name" minLength:"1" maxLength:"200"`
		Kind     gatepost.OrganisationKind `json:"kind" enum:"government,police,department,sub_control,business,community,operator,third_party"`
		Division string                    `json:"division,omitempty" maxLength:"12" doc:"Division code"`
	}
}

type organisationOutput struct{ Body Organisation }

func (s *Service) create(ctx context.Context, in *createOrganisationInput) (*organisationOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	o, err := s.Create(ctx, in.Body.Name, in.Body.Kind, in.Body.Division)
	if err != nil {
		return nil, err
	}
	return &organisationOutput{Body: view(o)}, nil
}

// Create makes an organisation; division may be "". It fails with Invalid,
// naming the field.
func (s *Service) Create(ctx context.Context, name string, kind gatepost.OrganisationKind, division string) (gatepost.Organisation, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return gatepost.Organisation{}, gatepost.InvalidField("name", "an organisation needs a name")
	}
	if division != "" {
		_, err := s.store.Division(ctx, division)
		if gatepost.CodeOf(err) == gatepost.NotFound {
			return gatepost.Organisation{}, gatepost.InvalidField("division", "there is no such division; GET /v1/divisions lists them")
		}
		if err != nil {
			return gatepost.Organisation{}, err
		}
	}
	o := gatepost.Organisation{
		ID: gatepost.NewID(), Name: name, Kind: kind, Division: division,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	if err := s.store.CreateOrganisation(ctx, o); err != nil {
		return gatepost.Organisation{}, err
	}
	return o, nil
}

type listOutput struct{ Body host.List[Organisation] }

func (s *Service) list(ctx context.Context, in *struct{ host.Page }) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	var list []gatepost.Organisation
	switch {
	case subject.Admin():
		list, err = s.store.Organisations(ctx, in.After, in.Limit+1)
	case subject.Kind.Authority(): // they name one another in incidents
		list, err = s.store.Authorities(ctx, in.After, in.Limit+1)
	default:
		list = make([]gatepost.Organisation, 1)
		list[0], err = s.store.Organisation(ctx, subject.Organisation)
	}
	if err != nil {
		return nil, err
	}
	cursor := func(o gatepost.Organisation) string { return o.ID }
	return &listOutput{Body: host.Paged(list, in.Limit, cursor, view)}, nil
}

// Division is a division as the API shows one.
type Division struct {
	Code        string `json:"code" doc:"GB/T 2260 and its extensions: 2 digits for a province, 4 city, 6 county, 9 town"`
	Name        string `json:"name"`
	Level       string `json:"level" enum:"province,city,county,town"`
	Parent      string `json:"parent" doc:"Empty for a province"`
	HasChildren bool   `json:"has_children"`
}

type divisionsOutput struct{ Body host.List[Division] }

func (s *Service) divisions(ctx context.Context, in *struct {
	host.Page
	Parent string `query:"parent" maxLength:"12" doc:"Division code; empty for the provinces"`
}) (*divisionsOutput, error) {
	nodes, err := s.store.Divisions(ctx, in.Parent, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	cursor := func(n gatepost.DivisionNode) string { return n.Code }
	show := func(n gatepost.DivisionNode) Division {
		return Division{Code: n.Code, Name: n.Name, Level: n.Level, Parent: n.Parent, HasChildren: n.HasChildren}
	}
	return &divisionsOutput{Body: host.Paged(nodes, in.Limit, cursor, show)}, nil
}
