package storetest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("organisation", testOrganisation)
	register("division", testDivision)
}

func testOrganisation(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	var all []gatepost.Organisation
	for _, kind := range gatepost.OrganisationKinds {
		all = append(all, NewOrganisation(t, s, kind))
	}
	got, err := s.Organisation(ctx, all[3].ID)
	if err != nil || !reflect.DeepEqual(got, all[3]) {
		t.Errorf("got %+v %v, want %+v", got, err, all[3])
	}
	_, err = s.Organisation(ctx, "nobody")
	wantCode(t, "unknown", err, gatepost.NotFound)
	wantCode(t, "the same id", s.CreateOrganisation(ctx, all[0]), gatepost.Conflict)

	seen := map[string]bool{}
	for after := ""; ; {
		page, err := s.Organisations(ctx, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, o := range page {
			seen[o.ID] = true
			after = o.ID
		}
	}
	if len(seen) != len(all) {
		t.Errorf("pages held %d organisations, want %d", len(seen), len(all))
	}
	want := slices.DeleteFunc(all, func(o gatepost.Organisation) bool { return !o.Kind.Authority() })
	slices.SortFunc(want, func(a, b gatepost.Organisation) int { return strings.Compare(a.ID, b.ID) })
	authorities, err := s.Authorities(ctx, want[0].ID, 2)
	if err != nil || !reflect.DeepEqual(authorities, want[1:3]) {
		t.Errorf("authorities after the first: %+v %v, want %+v", authorities, err, want[1:3])
	}
}

func testDivision(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	list := []gatepost.Division{
		{Code: "330102", Name: "上城区", Level: "county", Parent: "3301"}, // before its parent
		{Code: "33", Name: "浙江省", Level: "province"},
		{Code: "3301", Name: "杭州市", Level: "city", Parent: "33"},
		{Code: "3302", Name: "宁波市", Level: "city", Parent: "33"},
	}
	for i, want := range []int{4, 0} {
		if n, err := s.PutDivisions(ctx, list); err != nil || n != want {
			t.Errorf("put %d: changed %d %v, want %d", i, n, err, want)
		}
	}
	list[3].Name = "甬"
	if n, err := s.PutDivisions(ctx, list); err != nil || n != 1 {
		t.Errorf("put with a change: %d %v", n, err)
	}
	got, err := s.Divisions(ctx, "33", "", 10)
	want := []gatepost.DivisionNode{{Division: list[2], HasChildren: true}, {Division: list[3]}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("below 33: %+v %v", got, err)
	}
	if got, err = s.Divisions(ctx, "", "", 10); err != nil || len(got) != 1 || got[0].Code != "33" {
		t.Errorf("provinces: %+v %v", got, err)
	}
	if got, err = s.Divisions(ctx, "33", "3301", 10); err != nil || len(got) != 1 || got[0].Code != "3302" {
		t.Errorf("after 3301: %+v %v", got, err)
	}
	d, err := s.Division(ctx, "330102")
	if err != nil || d != list[0] {
		t.Errorf("one: %+v %v", d, err)
	}
	_, err = s.Division(ctx, "99")
	wantCode(t, "unknown", err, gatepost.NotFound)
}
