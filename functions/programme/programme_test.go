package programme_test

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/programme"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

// now is when the tests begin; each look at the clock is a second later.
var now = time.Date(2026, 3, 10, 12, 0, 0, 0, gatepost.Zone)

func unit(t *testing.T, s *sqlstore.Store, kind gatepost.OrganisationKind, division string) gatepost.Organisation {
	t.Helper()
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: "单位 " + division, Kind: kind, Division: division, CreatedAt: now}
	if err := s.CreateOrganisation(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// newAPI returns the operations and who leads the police of a county, its city
// and its province, and of another city.
func newAPI(t *testing.T, s *sqlstore.Store) (api *functest.API, county, city, province, elsewhere string) {
	t.Helper()
	clock := now
	api = functest.New(t, programme.New(programme.Options{Store: s, Now: func() time.Time { clock = clock.Add(time.Second); return clock }}).Register, camera.New(camera.Options{Store: s}).Register)
	lead := func(division string) string {
		return api.SignIn(unit(t, s, gatepost.KindPolice, division), gatepost.RoleSupervisor)
	}
	return api, lead("330102"), lead("3301"), lead("33"), lead("3302")
}

func target(count int) m {
	return m{"place": "market", "class": 1, "count": count, "strength": "full", "deadline": "2026-12-31"}
}

func TestReview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		api, county, city, province, elsewhere := newAPI(t, open(t))
		p := api.Do(county, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(10)}}).Want(201)
		at := "/v1/programmes/" + p.String("id")
		if p.Body["state"] != "draft" || p.Body["version"] != 1.0 || p.Body["division"] != "330102" {
			t.Errorf("a draft: %s", p.Text)
		}
		api.Do(county, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(11)}}).Refused(gatepost.Conflict, "")
		api.Do(county, "POST", at+"/review", m{"approve": true}).Refused(gatepost.Conflict, "")
		api.Do(city, "POST", at+"/submit", nil).Refused(gatepost.Forbidden, "")
		if p := api.Do(county, "POST", at+"/submit", nil).Want(200); p.Body["state"] != "submitted" || p.Body["reviewer"] != "3301" {
			t.Errorf("submitted: %s", p.Text)
		}
		api.Do(county, "PUT", at, m{"targets": []m{target(12)}}).Refused(gatepost.Conflict, "")
		api.Do(county, "POST", at+"/review", m{"approve": true}).Refused(gatepost.Forbidden, "")
		api.Do(province, "POST", at+"/review", m{"approve": true}).Refused(gatepost.Forbidden, "") // not its turn
		api.Do(elsewhere, "POST", at+"/review", m{"approve": true}).Refused(gatepost.NotFound, "")
		api.Do(city, "POST", at+"/review", m{"approve": false}).Refused(gatepost.Invalid, "remark")
		if p := api.Do(city, "POST", at+"/review", m{"approve": false, "remark": "太少"}).Want(200); p.Body["state"] != "returned" || p.Body["remark"] != "太少" {
			t.Errorf("returned: %s", p.Text)
		}
		api.Do(county, "PUT", at, m{"targets": []m{target(20)}}).Want(200)
		api.Do(county, "POST", at+"/submit", nil).Want(200)
		if p := api.Do(city, "POST", at+"/review", m{"approve": true}).Want(200); p.Body["state"] != "submitted" || p.Body["reviewer"] != "33" {
			t.Errorf("passed on: %s", p.Text)
		}
		api.Do(city, "POST", at+"/review", m{"approve": true}).Refused(gatepost.Forbidden, "")
		if p := api.Do(province, "POST", at+"/review", m{"approve": true}).Want(200); p.Body["state"] != "approved" || p.Body["reviewer"] != nil {
			t.Errorf("approved: %s", p.Text)
		}
		api.Do(county, "PUT", at, m{"targets": []m{target(21)}}).Refused(gatepost.Conflict, "")
		if c := api.Do(city, "GET", "/v1/coverage", nil).Want(200).Body["categories"].([]any); len(c) != 1 || c[0].(m)["planned"] != 20.0 {
			t.Errorf("coverage: %v", c)
		}

		// A second version is in force once it is approved, and the first no more.
		second := api.Do(county, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(30)}}).Want(201)
		if second.Body["version"] != 2.0 {
			t.Errorf("a second version: %s", second.Text)
		}
		next := "/v1/programmes/" + second.String("id")
		api.Do(county, "POST", next+"/submit", nil).Want(200)
		api.Do(city, "POST", next+"/review", m{"approve": true}).Want(200)
		force := func() any {
			return api.Do(province, "GET", "/v1/programmes?in_force=true&year=2026", nil).Want(200).Items()[0]["version"]
		}
		if force() != 1.0 {
			t.Errorf("version %v is in force before the province has approved", force())
		}
		api.Do(province, "POST", next+"/review", m{"approve": true}).Want(200)
		if force() != 2.0 || api.Do(county, "GET", at, nil).Want(200).Body["state"] != "superseded" {
			t.Errorf("version %v is in force", force())
		}
		if items := api.Do(elsewhere, "GET", "/v1/programmes", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("another city sees %v", items)
		}
	})
}

func TestRefused(t *testing.T) {
	s := storetest.OpenSQLite(t)
	api, county, _, province, _ := newAPI(t, s)
	with := func(change func(m)) []m {
		x := target(1)
		change(x)
		return []m{x}
	}
	for name, tt := range map[string]struct {
		body   m
		field  string
		remedy string
	}{
		"a negative target":       {m{"year": 2026, "targets": with(func(x m) { x["count"] = -1 })}, "targets[0].count", "0 or more"},
		"too large":               {m{"year": 2026, "targets": with(func(x m) { x["count"] = 1_000_001 })}, "targets[0].count", "1000000 cameras at most"},
		"a year that is over":     {m{"year": 2025, "targets": with(func(m) {})}, "year", "for 2026 or a later year"},
		"a year far ahead":        {m{"year": 2037, "targets": with(func(m) {})}, "year", "at most 10 years ahead"},
		"a deadline of next year": {m{"year": 2026, "targets": with(func(x m) { x["deadline"] = "2027-01-01" })}, "targets[0].deadline", "in the programme's year, 2026"},
		"no such place":           {m{"year": 2026, "targets": with(func(x m) { x["place"] = "moon" })}, "targets[0].place", "town_centre"},
		"no such class":           {m{"year": 2026, "targets": with(func(x m) { x["class"] = 4 })}, "targets[0].class", "1, 2 or 3"},
		"twice":                   {m{"year": 2026, "targets": []m{target(1), target(2)}}, "targets[1]", "put the numbers together"},
		"a site without a class":  {m{"year": 2026, "targets": []m{}, "sites": []m{{"name": "x", "place": "market", "class": 0, "longitude": 1, "latitude": 1}}}, "sites[0].class", "1, 2 or 3"},
	} {
		r := api.Do(county, "POST", "/v1/programmes", tt.body)
		if r.Refused(gatepost.Invalid, tt.field).Status != 422 || !strings.Contains(r.String("detail"), tt.remedy) {
			t.Errorf("%s: %q, which does not say %q", name, r.Text, tt.remedy)
		}
	}
	if r := api.Do(province, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(1)}}).Refused(gatepost.Forbidden, ""); !strings.Contains(r.String("detail"), "of a city or a county draw up") {
		t.Errorf("a programme by the wrong level: %q", r.String("detail"))
	}
	shop := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindBusiness), gatepost.RoleOwner)
	watcher := api.SignIn(unit(t, s, gatepost.KindPolice, "330103"), gatepost.RoleWatcher)
	for _, who := range []string{shop, watcher} {
		api.Do(who, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(1)}}).Refused(gatepost.Forbidden, "")
	}
	api.Do(shop, "GET", "/v1/programmes", nil).Refused(gatepost.Forbidden, "")
	api.Do(shop, "GET", "/v1/coverage", nil).Refused(gatepost.Forbidden, "")
	api.Do(county, "GET", "/v1/coverage/uncontrolled", nil).Refused(gatepost.Conflict, "")
	empty := api.Do(county, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{}}).Want(201).String("id")
	api.Do(county, "POST", "/v1/programmes/"+empty+"/submit", nil).Refused(gatepost.Invalid, "targets")
}

// enrol makes a camera in service that is online, some metres east of 120°, 30°.
func enrol(t *testing.T, s *sqlstore.Store, owner gatepost.Organisation, metres float64, online, passed bool) gatepost.Camera {
	t.Helper()
	id := gatepost.NewID()
	degree := 111_319.49 * math.Cos(30*math.Pi/180)
	c := gatepost.Camera{ID: id, Name: "c", Division: "330102001", Place: gatepost.PlaceMarket, Class: 1, Position: &gatepost.Position{Longitude: 120 + metres/degree, Latitude: 30},
		Owner: owner.ID, Responsible: owner.ID, Funder: owner.ID, Beneficiary: owner.ID, RetentionDays: 30, State: gatepost.CameraAcceptance, CreatedAt: now, UpdatedAt: now}
	if passed {
		c.State, c.Acceptance = gatepost.CameraInService, &gatepost.Acceptance{At: now, Passed: true}
	}
	c, err := s.CreateCamera(t.Context(), c, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: id, Allowed: true})
	if err == nil {
		err = s.PutStatuses(t.Context(), []gatepost.CameraStatus{{CameraID: id, Node: "n", Online: online, SeenAt: now, Since: now}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCoverage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api, county, city, province, elsewhere := newAPI(t, s)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		working, dark, measured := enrol(t, s, shop, 80, true, true), enrol(t, s, shop, 1000, false, true), enrol(t, s, shop, 2000, true, false)
		site := func(metres float64) m {
			return m{"name": "路口", "place": "market", "class": 1, "longitude": 120 + metres/(111_319.49*math.Cos(30*math.Pi/180)), "latitude": 30}
		}
		p := api.Do(county, "POST", "/v1/programmes", m{"year": 2026, "targets": []m{target(3)}, "sites": []m{site(0), site(1000), site(9000)}}).Want(201).String("id")
		api.Do(county, "POST", "/v1/programmes/"+p+"/submit", nil).Want(200)
		api.Do(city, "POST", "/v1/programmes/"+p+"/review", m{"approve": true}).Want(200)
		api.Do(province, "POST", "/v1/programmes/"+p+"/review", m{"approve": true}).Want(200)

		sign := func(who string, c gatepost.Camera, body m) functest.Reply {
			return api.Do(who, "POST", "/v1/cameras/"+c.ID+"/sign-off", body)
		}
		sign(county, measured, m{"passed": true}).Refused(gatepost.Conflict, "")
		sign(elsewhere, working, m{"passed": true}).Refused(gatepost.NotFound, "")
		sign(county, working, m{"passed": false}).Refused(gatepost.Invalid, "remark")
		sign(county, working, m{"passed": false, "remark": "没有标志"}).Want(204)
		c := api.Do(county, "GET", "/v1/coverage", nil).Want(200)
		if got := c.Body["categories"].([]any)[0].(m); got["planned"] != 3.0 || got["enrolled"] != 3.0 || got["built"] != 3.0 || got["in_service"] != 2.0 || got["accepted"] != 0.0 {
			t.Errorf("categories: %v", got)
		}
		word := func() m {
			t.Helper()
			said, _ := api.Do(county, "GET", "/v1/cameras/"+working.ID, nil).Want(200).Body["sign_off"].(m)
			return said
		}
		if said := word(); said["passed"] != false || said["remark"] != "没有标志" || said["organisation_id"] == "" || said["at"] == nil {
			t.Errorf("the word that was not good is read as %v", said)
		}
		sign(county, working, m{"passed": true}).Want(204)
		if said := word(); said["passed"] != true || said["remark"] != nil {
			t.Errorf("the last word is read as %v", said)
		}
		sign(county, dark, m{"passed": true}).Want(204)
		c = api.Do(city, "GET", "/v1/coverage", nil).Want(200)
		if got := c.Body["categories"].([]any)[0].(m); got["accepted"] != 2.0 {
			t.Errorf("categories: %v", got)
		}
		spots := c.Body["blind_spots"].([]any)
		if c.Body["sites"] != 3.0 || c.Body["covered"] != 1.0 || len(spots) != 2 {
			t.Fatalf("coverage: %s", c.Text)
		}
		if near := spots[0].(m)["nearest_metres"]; near != 920.0 {
			t.Errorf("the nearest working camera of the dark site is %v m away, not 920", near)
		}
		if far := spots[1].(m)["nearest_metres"]; far != nil {
			t.Errorf("there is a camera %v m from the far site", far)
		}
		if c := api.Do(county, "GET", "/v1/coverage?metres=50", nil).Want(200); c.Body["covered"] != 0.0 {
			t.Errorf("within 50 m: %s", c.Text)
		}
		if c := api.Do(county, "GET", "/v1/coverage?metres=1000", nil).Want(200); c.Body["covered"] != 2.0 {
			t.Errorf("within 1000 m: %s", c.Text)
		}
		if c := api.Do(elsewhere, "GET", "/v1/coverage", nil).Want(200); c.Body["sites"] != 0.0 || len(c.Body["categories"].([]any)) != 0 {
			t.Errorf("another city: %s", c.Text)
		}
	})
}

func TestUncontrolled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		api, county, _, _, elsewhere := newAPI(t, s)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		day := gatepost.DayOf(now) - 1
		if err := s.BeginDayRuns(t.Context(), 1, day, day, now); err != nil {
			t.Fatal(err)
		}
		enrol(t, s, shop, 0, true, true)
		if err := s.BeginDayRuns(t.Context(), 1, day, day+1, now); err != nil {
			t.Fatal(err)
		}
		run, ok, err := s.NextDayRun(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		var days []gatepost.CameraDay
		for i, percent := range []int{100, 90, 89, 0} {
			c := enrol(t, s, shop, float64(i), true, true)
			d := gatepost.CameraDay{CameraID: c.ID, Day: run.Day, CameraMoment: gatepost.CameraMoment{State: gatepost.CameraInService, Class: 1, Division: c.Division}}
			d.Due, d.Recorded = 24*time.Hour, 24*time.Hour/100*time.Duration(percent)
			days = append(days, d)
		}
		if ok, err := s.PutCameraDays(t.Context(), run, days, "x", 4); err != nil || !ok {
			t.Fatal(ok, err)
		}
		run.Cursor = "x"
		if err := s.FinishDayRun(t.Context(), run, now); err != nil {
			t.Fatal(err)
		}
		items := api.Do(county, "GET", "/v1/coverage/uncontrolled", nil).Want(200).Items()
		got := map[any]any{}
		for _, item := range items {
			got[item["camera_id"]] = item["recorded_ms"]
		}
		if want := (map[any]any{days[2].CameraID: float64(days[2].Recorded.Milliseconds()), days[3].CameraID: 0.0}); !maps.Equal(got, want) || items[0]["day"] != run.Day.String() {
			t.Errorf("uncontrolled: %v, want %v", items, want)
		}
		if items := api.Do(elsewhere, "GET", "/v1/coverage/uncontrolled", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("another city sees %v", items)
		}
	})
}
