package organisation_test

import (
	"context"

	"github.com/gatepost-video/gatepost"
)

// memory is a store without divisions that keeps what is put into it.
type memory struct{ put []gatepost.Division }

func (m *memory) PutDivisions(_ context.Context, d []gatepost.Division) (int, error) {
	m.put = d
	return len(d), nil
}

func (*memory) Division(context.Context, string) (gatepost.Division, error) {
	return gatepost.Division{}, &gatepost.Error{Code: gatepost.NotFound}
}

func (*memory) Divisions(context.Context, string, string, int) ([]gatepost.DivisionNode, error) {
	return nil, nil
}
func (*memory) CreateOrganisation(context.Context, gatepost.Organisation) error { return nil }
func (*memory) Organisation(context.Context, string) (gatepost.Organisation, error) {
	return gatepost.Organisation{}, nil
}

func (*memory) Authorities(context.Context, string, int) ([]gatepost.Organisation, error) {
	return nil, nil
}

func (*memory) Organisations(context.Context, string, int) ([]gatepost.Organisation, error) {
	return nil, nil
}
