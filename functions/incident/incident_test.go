package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/incident"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// world is a city with a command centre, a station in one of its counties, and
// a shop there with a class 3 camera.
type world struct {
	*functest.API
	t                           *testing.T
	store                       *sqlstore.Store
	function                    *incident.Function
	city, station, shop         gatepost.Organisation
	camera                      gatepost.Camera
	commander, officer, watcher string
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	w := &world{t: t, store: s, function: incident.New(incident.Options{Store: s})}
	w.API = functest.New(t, w.function.Register)
	w.city = organisation(t, s, "City command", gatepost.KindPolice, "3301")
	w.station = organisation(t, s, "Station", gatepost.KindSubControl, "330102")
	w.shop = organisation(t, s, "Shop", gatepost.KindBusiness, "330102")
	w.camera = storetest.NewCamera(t, s, w.shop.ID)
	var err error
	w.camera, err = s.UpdateCamera(t.Context(), w.camera.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.Division, c.Class, c.ConsentToShare, c.State = "330102001", 3, false, gatepost.CameraInService
		c.Position = &gatepost.Position{Longitude: 120.16, Latitude: 30.25}
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.commander, w.officer, w.watcher = w.SignIn(w.city, gatepost.RoleSupervisor), w.SignIn(w.station, gatepost.RoleResponder), w.SignIn(w.city, gatepost.RoleWatcher)
	return w
}

func organisation(t *testing.T, s *sqlstore.Store, name string, kind gatepost.OrganisationKind, division string) gatepost.Organisation {
	t.Helper()
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: name, Kind: kind, Division: division, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	if err := s.CreateOrganisation(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (w *world) body(more m) m {
	b := m{"kind": "emergency", "name": "Fire at the market", "reason": "smoke seen", "end": time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano),
		"area":  m{"circle": m{"centre": m{"longitude": 120.16, "latitude": 30.251}, "metres": 500}},
		"units": []string{w.station.ID}}
	for k, v := range more {
		b[k] = v
	}
	return b
}

// may asks whether an officer of the station may watch the shop's camera now.
func (w *world) may() access.Decision {
	w.t.Helper()
	s := gatepost.Subject{UserID: "officer", Organisation: w.station.ID, Kind: w.station.Kind, Division: w.station.Division, Role: gatepost.RoleResponder}
	_, d, err := (access.Gate{Store: w.store}).Explain(w.t.Context(), s, w.camera.ID, access.Live, time.Time{}, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) told(o gatepost.Organisation) []gatepost.NotificationKind {
	w.t.Helper()
	list, err := w.store.Notifications(w.t.Context(), o.ID, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []gatepost.NotificationKind
	for _, n := range list {
		if n.Detail["reason"] == "" || n.Detail["organisation"] != w.city.Name || n.Detail["cameras"] != "1" {
			w.t.Errorf("told %+v", n)
		}
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

func TestIncident(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		if d := w.may(); d.Allowed || d.Rule != "no_consent" || len(d.Remedies) == 0 {
			t.Errorf("before: %+v", d)
		}
		id := w.Do(w.commander, "POST", "/v1/incidents", w.body(nil)).Want(201).String("id")
		d := w.may()
		if !d.Allowed || d.Rule != "incident" || d.Basis != "incident:"+id || !d.NeedsPurpose || d.Until.IsZero() {
			t.Errorf("while it lasts: %+v", d)
		}
		if got := w.told(w.shop); !slices.Equal(got, []gatepost.NotificationKind{gatepost.NotifyIncidentStarted}) {
			t.Errorf("told %v", got)
		}
		if items := w.Do(w.officer, "GET", "/v1/incidents/"+id+"/cameras", nil).Want(200).Items(); len(items) != 1 || items[0]["id"] != w.camera.ID {
			t.Errorf("cameras: %v", items)
		}
		if items := w.Do(w.officer, "GET", "/v1/incidents", nil).Want(200).Items(); len(items) != 1 || items[0]["state"] != "active" {
			t.Errorf("the station's list: %v", items)
		}
		g := gatepost.Grant{ID: gatepost.NewID(), CameraID: w.camera.ID, Action: gatepost.ActionLive, UserID: "officer", Organisation: w.station.ID, Basis: d.Basis,
			Purpose: "emergency", Reason: "fire", ExpiresAt: d.Until, CreatedAt: time.Now()}
		if err := w.store.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "officer", CameraID: w.camera.ID}); err != nil {
			t.Fatal(err)
		}
		w.Do(w.officer, "POST", "/v1/incidents/"+id+"/end", nil).Refused(gatepost.Forbidden, "")
		w.Do(w.commander, "POST", "/v1/incidents/"+id+"/end", nil).Want(200)
		w.Do(w.commander, "POST", "/v1/incidents/"+id+"/end", nil).Refused(gatepost.Conflict, "")
		if d := w.may(); d.Allowed {
			t.Errorf("afterwards: %+v", d)
		}
		if revoked, _, err := w.store.RevocationsSince(t.Context(), 0, time.Now(), 10); err != nil || !slices.Equal(revoked, []string{g.ID}) {
			t.Errorf("revoked %v %v, want the look that rested on it", revoked, err)
		}
		if got := w.told(w.shop); !slices.Equal(got, []gatepost.NotificationKind{gatepost.NotifyIncidentEnded, gatepost.NotifyIncidentStarted}) {
			t.Errorf("told %v", got)
		}
		for range 2 { // nothing more to tell
			if err := w.function.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.told(w.shop); len(got) != 2 {
			t.Errorf("told %v", got)
		}
		looks := w.Do(w.commander, "GET", "/v1/incidents/"+id+"/looks", nil).Want(200).Items()
		if len(looks) != 1 || looks[0]["grant_id"] != g.ID || looks[0]["organisation_name"] != w.station.Name || looks[0]["reason"] != "fire" {
			t.Errorf("record: %v", looks)
		}
		w.Do(w.officer, "GET", "/v1/incidents/"+id+"/looks", nil).Refused(gatepost.Forbidden, "")
	})
}

// TestNamedByLevel holds that police whom an incident names by their level find
// it, and learn of the cameras of their own division only.
func TestNamedByLevel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		next := organisation(t, w.store, "Next station", gatepost.KindPolice, "330103")
		elsewhere := organisation(t, w.store, "Another city's station", gatepost.KindPolice, "330202")
		bureau := organisation(t, w.store, "Bureau", gatepost.KindDepartment, "330102")
		id := w.Do(w.commander, "POST", "/v1/incidents", w.body(m{"units": []string{bureau.ID}, "levels": []string{"county"}})).Want(201).String("id")
		for _, c := range []struct {
			name, token    string
			lists, cameras int // -1: the incident is not for him
		}{
			{"the station of the place", w.officer, 1, 1},
			{"its maintainer", w.SignIn(w.station, gatepost.RoleMaintainer), 1, 0},
			{"the station of another county", w.SignIn(next, gatepost.RoleOwner), 1, 0},
			{"the station of another city", w.SignIn(elsewhere, gatepost.RoleOwner), 0, -1},
			{"a unit by name", w.SignIn(bureau, gatepost.RoleResponder), 1, 1},
			{"the maintainer of a unit", w.SignIn(bureau, gatepost.RoleMaintainer), 1, 0},
			{"who activated it", w.commander, 1, 1},
			{"a watcher of theirs, of a level that it does not name", w.watcher, 1, 0},
			{"an administrator", w.SignIn(w.shop, gatepost.RoleAdmin), 1, 1},
			{"the owner of the camera", w.SignIn(w.shop, gatepost.RoleOwner), 0, -1},
		} {
			if items := w.Do(c.token, "GET", "/v1/incidents", nil).Want(200).Items(); len(items) != c.lists {
				t.Errorf("%s: list %v, want %d", c.name, items, c.lists)
			}
			cameras := w.Do(c.token, "GET", "/v1/incidents/"+id+"/cameras", nil)
			if c.cameras < 0 {
				cameras.Refused(gatepost.NotFound, "")
			} else if items := cameras.Want(200).Items(); len(items) != c.cameras {
				t.Errorf("%s: cameras %v, want %d", c.name, items, c.cameras)
			}
		}
	})
}

// TestRenewal holds that the same cameras are not kept open beyond the end of an
// incident without a new reason, given when the end is near.
func TestRenewal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		now := time.Now()
		at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339Nano) }
		activate := func(more m) functest.Reply { return w.Do(w.commander, "POST", "/v1/incidents", w.body(more)) }
		first := activate(m{"end": at(24 * time.Hour)}).Want(201).String("id")
		for _, c := range []struct {
			name  string
			more  m
			code  gatepost.Code
			field string
		}{
			{"the next day", m{"start": at(24 * time.Hour), "end": at(48 * time.Hour), "reason": "another"}, gatepost.Conflict, "renews"},
			{"after a pause", m{"start": at(24*time.Hour + 30*time.Minute), "end": at(48 * time.Hour)}, gatepost.Conflict, "renews"},
			{"an hour more", m{"end": at(25 * time.Hour), "start": at(2 * time.Hour)}, gatepost.Conflict, "renews"},
			{"by its division", m{"area": m{"divisions": []string{"330102"}}, "start": at(12 * time.Hour), "end": at(30 * time.Hour)}, gatepost.Conflict, "renews"},
			{"renewed long before the end", m{"renews": first, "reason": "another", "start": at(24 * time.Hour), "end": at(48 * time.Hour)}, gatepost.Invalid, "renews"},
		} {
			t.Run(c.name, func(t *testing.T) { activate(c.more).Refused(c.code, c.field) })
		}
		within := activate(m{"reason": "within its time"}).Want(201).String("id")
		activate(m{"area": m{"divisions": []string{"330105"}}, "end": at(24*time.Hour - time.Minute), "start": at(time.Hour)}).Want(201)
		activate(m{"area": m{"divisions": []string{"330105"}}, "start": at(10 * time.Hour), "end": at(30 * time.Hour)}).Want(201) // no camera is there

		later := activate(m{"start": at(100 * time.Hour), "end": at(124 * time.Hour)}).Want(201).String("id")
		activate(m{"start": at(76 * time.Hour), "end": at(100 * time.Hour)}).Refused(gatepost.Conflict, "renews") // backwards
		w.Do(w.commander, "POST", "/v1/incidents/"+later+"/end", nil).Want(200)
		activate(m{"start": at(76 * time.Hour), "end": at(100 * time.Hour)}).Want(201) // the other never opened anything

		w.Do(w.commander, "POST", "/v1/incidents/"+first+"/end", nil).Want(200)
		activate(m{"end": at(24 * time.Hour)}).Refused(gatepost.Conflict, "renews")
		activate(m{"end": at(24 * time.Hour), "renews": within, "reason": "within its time"}).Refused(gatepost.Invalid, "reason")
		activate(m{"end": at(24 * time.Hour), "renews": within, "reason": "it still burns"}).Want(201)
	})
}

func TestSecondWord(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	government := organisation(t, w.store, "Emergency centre", gatepost.KindGovernment, "3301")
	head := w.SignIn(government, gatepost.RoleOwner)
	id := w.Do(w.commander, "POST", "/v1/incidents", w.body(m{"approver_id": government.ID, "drill": true})).Want(201).String("id")
	if d := w.may(); d.Allowed {
		t.Errorf("before the second word: %+v", d)
	}
	if got := w.told(w.shop); len(got) != 0 {
		t.Errorf("told of what has not begun: %v", got)
	}
	w.Do(w.commander, "POST", "/v1/incidents/"+id+"/approve", nil).Refused(gatepost.Forbidden, "")
	if state := w.Do(head, "POST", "/v1/incidents/"+id+"/approve", nil).Want(200).String("state"); state != "active" {
		t.Errorf("state %s", state)
	}
	if d := w.may(); !d.Allowed || !d.Drill || d.Rule != "incident_drill" {
		t.Errorf("a drill: %+v", d)
	}
	w.Do(head, "POST", "/v1/incidents/"+id+"/approve", nil).Refused(gatepost.Conflict, "")
	if got := w.told(w.shop); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}

// TestNotInService holds that a camera which was enrolled and never accepted does
// not have its owner told of what the police do around it.
func TestNotInService(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	curious := organisation(t, w.store, "Curious", gatepost.KindBusiness, "330102")
	c := storetest.NewCamera(t, w.store, curious.ID)
	if _, err := w.store.UpdateCamera(t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.Division, c.Position = w.camera.Division, w.camera.Position
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.Do(w.commander, "POST", "/v1/incidents", w.body(nil)).Want(201)
	if got := w.told(curious); len(got) != 0 {
		t.Errorf("the owner of a camera that is not there was told %v", got)
	}
	if got := w.told(w.shop); len(got) != 1 {
		t.Errorf("the owner of a camera in service was told %v", got)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	operator := organisation(t, w.store, "Carrier", gatepost.KindOperator, "33")
	owner, stranger := w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(organisation(t, w.store, "Other", gatepost.KindDepartment, "3302"), gatepost.RoleOwner)
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		name, token string
		more        m
		code        gatepost.Code
		field       string
	}{
		{"nobody", "", nil, gatepost.Unauthenticated, ""},
		{"an owner of a shop", owner, nil, gatepost.Forbidden, ""},
		{"a watcher", w.watcher, nil, gatepost.Forbidden, ""},
		{"an operator", w.SignIn(operator, gatepost.RoleAdmin), nil, gatepost.Forbidden, ""},
		{"no kind", w.commander, m{"kind": "party"}, gatepost.Invalid, "kind"},
		{"no area", w.commander, m{"area": m{}}, gatepost.Invalid, "area"},
		{"two corners", w.commander, m{"area": m{"polygon": []m{{"longitude": 1, "latitude": 1}, {"longitude": 2, "latitude": 2}}}}, gatepost.Invalid, "area.polygon"},
		{"a place that is not on earth", w.commander, m{"area": m{"polygon": []m{{"longitude": 1, "latitude": 1}, {"longitude": 200, "latitude": 2}, {"longitude": 3, "latitude": 3}}}}, gatepost.Invalid, "area.polygon[1].longitude"},
		{"no radius", w.commander, m{"area": m{"circle": m{"centre": m{"longitude": 1, "latitude": 1}, "metres": 0}}}, gatepost.Invalid, "area.circle.metres"},
		{"another's division", w.commander, m{"area": m{"divisions": []string{"3302"}}}, gatepost.Invalid, "area.divisions"},
		{"too long", w.commander, m{"end": at(25 * time.Hour)}, gatepost.Invalid, "end"},
		{"over", w.commander, m{"end": at(-time.Second)}, gatepost.Invalid, "end"},
		{"in the past", w.commander, m{"start": at(-time.Hour)}, gatepost.Invalid, "start"},
		{"far ahead", w.commander, m{"start": at(1000 * time.Hour), "end": at(1001 * time.Hour)}, gatepost.Invalid, "start"},
		{"for nobody", w.commander, m{"units": []string{}}, gatepost.Invalid, "levels"},
		{"no level", w.commander, m{"levels": []string{"planet"}}, gatepost.Invalid, "levels"},
		{"a unit that is not", w.commander, m{"units": []string{gatepost.NewID()}}, gatepost.Invalid, "units"},
		{"the operator as unit", w.commander, m{"units": []string{operator.ID}}, gatepost.Invalid, "units"},
		{"its own second word", w.commander, m{"approver_id": w.city.ID}, gatepost.Invalid, "approver_id"},
		{"a shop's second word", w.commander, m{"approver_id": w.shop.ID}, gatepost.Invalid, "approver_id"},
		{"a blank reason", w.commander, m{"reason": "  "}, gatepost.Invalid, "reason"},
		{"renews nothing", w.commander, m{"renews": gatepost.NewID()}, gatepost.Invalid, "renews"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Do(c.token, "POST", "/v1/incidents", w.body(c.more)).Refused(c.code, c.field)
		})
	}
	id := w.Do(w.commander, "POST", "/v1/incidents", w.body(nil)).Want(201).String("id")
	w.Do(w.commander, "POST", "/v1/incidents", w.body(m{"renews": id})).Refused(gatepost.Invalid, "reason")
	w.Do(w.commander, "POST", "/v1/incidents", w.body(m{"renews": id, "reason": "it still burns"})).Want(201)
	for _, path := range []string{"", "/cameras", "/looks"} {
		w.Do(stranger, "GET", "/v1/incidents/"+id+path, nil).Refused(gatepost.NotFound, "")
	}
	w.Do(stranger, "POST", "/v1/incidents/"+id+"/end", nil).Refused(gatepost.NotFound, "")
	w.Do(w.commander, "GET", "/v1/incidents/"+strings.Repeat("x", 40), nil).Refused(gatepost.NotFound, "")
}
