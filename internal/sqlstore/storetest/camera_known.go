package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() { register("camera known", testCameraKnown) }

// testCameraKnown holds that each reason for which a camera may be known finds it,
// and that filter and page hold for all of them.
func testCameraKnown(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	shop, bureau := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindDepartment)
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true}
	cameras := map[string]gatepost.Camera{}
	create := func(name, owner, division string, class gatepost.WatchClass, position *gatepost.Position) {
		c, err := s.CreateCamera(ctx, gatepost.Camera{ID: nextID(), Name: name, Division: division, Class: class, Position: position, Owner: owner, Responsible: owner,
			Funder: owner, Beneficiary: owner, Place: gatepost.PlaceMarket, RetentionDays: 30, State: gatepost.CameraInService}, entry)
		if err != nil {
			t.Fatal(err)
		}
		cameras[name] = c
	}
	create("own", bureau.ID, "", 3, nil)
	create("nowhere", shop.ID, "", 1, nil)
	create("town", shop.ID, "330106001", 1, &gatepost.Position{Longitude: 120, Latitude: 30})
	create("last town", shop.ID, "330199999", 2, &gatepost.Position{Longitude: 121, Latitude: 31})
	create("next county", shop.ID, "330200", 2, &gatepost.Position{Longitude: 120, Latitude: 31})
	create("city", shop.ID, "3301", 3, &gatepost.Position{Longitude: -122, Latitude: -30})

	at := now()
	incident := gatepost.Incident{ID: nextID(), Kind: gatepost.IncidentEmergency, Name: "n", Reason: "r", Organisation: shop.ID, Division: "3301", Units: []string{bureau.ID},
		CreatedBy: "u", CreatedAt: at, Start: at, End: at.Add(time.Hour)}
	parts := []gatepost.AreaPart{{Division: "330106"}, {West: 120.5, South: 30.5, East: 121, North: 31}, {West: 119, South: 30.5, East: 120.5, North: 32}}
	if err := s.CreateIncident(ctx, incident, parts, 0, func([]gatepost.Incident) error { return nil }, entry); err != nil {
		t.Fatal(err)
	}
	grant := gatepost.CrossGrant{ID: nextID(), Grantee: bureau.ID, Holder: shop.ID, Cameras: []string{cameras["nowhere"].ID}, Actions: []gatepost.Action{gatepost.ActionLive},
		Until: at.Add(2 * time.Hour), AskedBy: "u", AskedAt: at, Approved: true}
	if err := s.CreateCrossGrant(ctx, grant, gatepost.Notification{Organisation: shop.ID, Kind: gatepost.NotifyCrossGrant, At: at}, entry); err != nil {
		t.Fatal(err)
	}

	create("far", shop.ID, "44", 3, nil)
	request := gatepost.FootageRequest{ID: nextID(), Organisation: bureau.ID, AskedBy: "u", AskedAt: at, From: at.Add(-time.Hour), To: at, CaseNumber: "n", Reason: "r", Expires: at.Add(time.Hour)}
	if err := s.CreateFootageRequest(ctx, request, entry); err != nil {
		t.Fatal(err)
	}
	answer := gatepost.FootageAnswer{ID: nextID(), Request: request.ID, Grantee: bureau.ID, Holder: shop.ID, Cameras: []string{cameras["far"].ID}, From: request.From, To: request.To,
		CaseNumber: "n", AnsweredBy: "u", AnsweredAt: at, Until: at.Add(3 * time.Hour)}
	if err := s.AnswerFootageRequest(ctx, answer, gatepost.Notification{Organisation: bureau.ID, Kind: gatepost.NotifyFootageRequest, At: at}, entry); err != nil {
		t.Fatal(err)
	}

	subject := func(kind gatepost.OrganisationKind, organisation, division string) gatepost.Subject {
		return gatepost.Subject{UserID: "u", Organisation: organisation, Kind: kind, Division: division, Role: gatepost.RoleOwner}
	}
	department, third := subject(gatepost.KindDepartment, bureau.ID, "3301"), subject(gatepost.KindThirdParty, bureau.ID, "3301")
	for _, c := range []struct {
		name   string
		who    gatepost.Subject
		filter gatepost.CameraFilter
		at     time.Time
		want   []string
	}{
		{"department", department, gatepost.CameraFilter{}, at, []string{"own", "nowhere", "town", "last town", "far"}},
		{"after the incident", department, gatepost.CameraFilter{}, at.Add(time.Hour), []string{"own", "nowhere", "far"}},
		{"after the grant", department, gatepost.CameraFilter{}, at.Add(2 * time.Hour), []string{"own", "far"}},
		{"after the answer", department, gatepost.CameraFilter{}, at.Add(3 * time.Hour), []string{"own"}},
		{"before the incident", department, gatepost.CameraFilter{}, at.Add(-time.Second), []string{"own", "nowhere", "far"}},
		{"third party", third, gatepost.CameraFilter{}, at, []string{"own"}},
		{"police of the city", subject(gatepost.KindPolice, "p", "3301"), gatepost.CameraFilter{}, at, []string{"town", "last town", "city"}},
		{"police of the county", subject(gatepost.KindSubControl, "p", "330106"), gatepost.CameraFilter{}, at, []string{"town"}},
		{"police of nowhere", subject(gatepost.KindPolice, "p", ""), gatepost.CameraFilter{}, at, nil},
		{"a class", department, gatepost.CameraFilter{Class: 1}, at, []string{"nowhere", "town"}},
		{"an owner", department, gatepost.CameraFilter{Owner: bureau.ID}, at, []string{"own"}},
		{"a box, its edges with it", department, gatepost.CameraFilter{Box: &gatepost.Box{West: 120, South: 30, East: 121, North: 31}}, at, []string{"town", "last town"}},
		{"a small box", department, gatepost.CameraFilter{Box: &gatepost.Box{West: 120, South: 30, East: 120, North: 30}}, at, []string{"town"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			facts, err := s.KnowingFacts(ctx, c.who, c.at)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, name := range c.want {
				want = append(want, cameras[name].ID)
			}
			for _, limit := range []int{1, 100} {
				var got []string
				after := ""
				for {
					page, err := s.KnowableCameras(ctx, c.who, facts, c.filter, after, limit)
					if err != nil || len(page) > limit {
						t.Fatalf("%d cameras, %v", len(page), err)
					}
					if len(page) == 0 {
						break
					}
					for _, camera := range page {
						got = append(got, camera.ID)
						after = camera.ID
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("in pages of %d: %d cameras, want %v", limit, len(got), c.want)
				}
			}
		})
	}
	all, err := s.Cameras(ctx, gatepost.CameraFilter{Class: 2, Owner: shop.ID, Box: &gatepost.Box{West: 119, South: 31, East: 121, North: 32}}, cameras["last town"].ID, 10)
	if err != nil || len(all) != 1 || all[0].Name != "next county" {
		t.Errorf("all of a filter: %d cameras, %v", len(all), err)
	}
}
