package camera_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// region is a county with two towns, its neighbour, and who is there.
type region struct {
	*rand.Rand
	store         *sqlstore.Store
	organisations []gatepost.Organisation
	cameras       []gatepost.Camera
}

var divisions = []string{"", "33", "3301", "330106", "330106001", "330106002", "330108", "330108001"}

func newRegion(t *testing.T, s *sqlstore.Store, random *rand.Rand) *region {
	t.Helper()
	r := &region{Rand: random, store: s}
	for n, kind := range []gatepost.OrganisationKind{gatepost.KindBusiness, gatepost.KindBusiness, gatepost.KindPolice, gatepost.KindPolice, gatepost.KindSubControl,
		gatepost.KindDepartment, gatepost.KindGovernment, gatepost.KindThirdParty, gatepost.KindOperator} {
		o := gatepost.Organisation{ID: gatepost.NewID(), Name: fmt.Sprint(kind, n), Kind: kind, Division: divisions[r.IntN(len(divisions))], CreatedAt: time.Now()}
		if err := s.CreateOrganisation(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		r.organisations = append(r.organisations, o)
	}
	for range 60 {
		c := gatepost.Camera{ID: gatepost.NewID(), Name: "c", Place: gatepost.PlaceMarket, Class: gatepost.WatchClass(1 + r.IntN(3)), Owner: r.organisation().ID,
			Division: divisions[r.IntN(len(divisions))], RetentionDays: 30, State: gatepost.CameraInService}
		c.Responsible, c.Funder, c.Beneficiary = c.Owner, c.Owner, c.Owner
		if r.IntN(4) > 0 {
			p := r.position()
			c.Position = &p
		}
		c, err := s.CreateCamera(t.Context(), c, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true})
		if err != nil {
			t.Fatal(err)
		}
		r.cameras = append(r.cameras, c)
	}
	for range 12 {
		r.incident(t)
		r.grant(t)
		r.footage(t)
	}
	return r
}

func (r *region) organisation() gatepost.Organisation {
	return r.organisations[r.IntN(len(r.organisations))]
}

func (r *region) position() gatepost.Position {
	return gatepost.Position{Longitude: 120 + r.Float64(), Latitude: 30 + r.Float64()}
}

func (r *region) incident(t *testing.T) {
	t.Helper()
	start := time.Now().Add(-time.Duration(r.IntN(3)) * time.Hour)
	i := gatepost.Incident{ID: gatepost.NewID(), Kind: gatepost.IncidentEmergency, Name: "n", Reason: "r", Organisation: r.organisation().ID, Division: divisions[r.IntN(4)],
		CreatedBy: "u", CreatedAt: start, Start: start, End: start.Add(time.Duration(1+r.IntN(5))*time.Hour - time.Minute), Levels: []string{"county"}}
	if r.IntN(4) > 0 {
		i.Units = []string{r.organisation().ID}
	}
	switch r.IntN(3) {
	case 0:
		i.Area.Divisions = []string{divisions[1+r.IntN(len(divisions)-1)]}
	case 1:
		i.Area.Circle = &gatepost.Circle{Centre: r.position(), Metres: 30_000}
	default:
		i.Area.Polygon = []gatepost.Position{r.position(), r.position(), r.position()}
	}
	if r.IntN(5) == 0 {
		i.Approver = r.organisation().ID
	}
	if r.IntN(5) == 0 {
		ended := start.Add(time.Minute)
		i.EndedAt = &ended
	}
	if err := r.store.CreateIncident(t.Context(), i, access.Parts(i.Area), 0, anyway, gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: "u", Allowed: true}); err != nil {
		t.Fatal(err)
	}
}

func (r *region) grant(t *testing.T) {
	t.Helper()
	c := r.cameras[r.IntN(len(r.cameras))]
	now := time.Now()
	g := gatepost.CrossGrant{ID: gatepost.NewID(), Grantee: r.organisation().ID, Holder: c.Owner, Cameras: []string{c.ID}, Actions: []gatepost.Action{gatepost.ActionLive},
		Purpose: "p", Reason: "r", Until: now.Add(time.Duration(r.IntN(4)-1)*time.Hour + time.Minute), AskedBy: "u", AskedAt: now, Approved: r.IntN(4) > 0}
	if r.IntN(5) == 0 {
		g.RevokedAt = &now
	}
	if r.IntN(5) == 0 {
		g.Holder = r.organisation().ID // which owned it once
	}
	if r.IntN(2) == 0 {
		g.Hours = gatepost.Hours{From: 60, To: 61} // at any other hour too it is known
	}
	note := gatepost.Notification{ID: gatepost.NewID(), Organisation: g.Holder, Kind: "n", At: now}
	if err := r.store.CreateCrossGrant(t.Context(), g, note, gatepost.LedgerEntry{Kind: gatepost.LedgerDecision, Actor: "u", Allowed: true}); err != nil {
		t.Fatal(err)
	}
}

func (r *region) footage(t *testing.T) {
	t.Helper()
	c, now := r.cameras[r.IntN(len(r.cameras))], time.Now()
	q := gatepost.FootageRequest{ID: gatepost.NewID(), Organisation: r.organisation().ID, AskedBy: "u", AskedAt: now, From: now.Add(-time.Hour), To: now, CaseNumber: "n", Reason: "r",
		Expires: now.Add(time.Hour)}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRequest, Actor: "u", Allowed: true}
	if err := r.store.CreateFootageRequest(t.Context(), q, entry); err != nil {
		t.Fatal(err)
	}
	a := gatepost.FootageAnswer{ID: gatepost.NewID(), Request: q.ID, Grantee: q.Organisation, Holder: c.Owner, Cameras: []string{c.ID}, From: q.From, To: q.To, CaseNumber: "n",
		AnsweredBy: "u", AnsweredAt: now, Until: now.Add(time.Duration(r.IntN(4)-1)*time.Hour + time.Minute)}
	if r.IntN(5) == 0 {
		a.RevokedAt = &now
	}
	if r.IntN(5) == 0 {
		a.Holder = r.organisation().ID // which owned it once
	}
	if err := r.store.AnswerFootageRequest(t.Context(), a, gatepost.Notification{Organisation: q.Organisation, Kind: "n", At: now}, entry); err != nil {
		t.Fatal(err)
	}
}

// TestListShowsWhatMayBeKnown compares the list, page by page, with what the gate
// says of each camera.
func TestListShowsWhatMayBeKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *sqlstore.Store) {
		seed := rand.Uint64()
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
		r := newRegion(t, open(t), rand.New(rand.NewPCG(seed, 0)))
		api := functest.New(t, camera.New(camera.Options{Store: r.store}).Register)
		gate := access.Gate{Store: r.store}
		roles := append(slices.Clone(gatepost.Roles), gatepost.RoleWatcher, gatepost.RoleOwner)
		for range 60 {
			o, role := r.organisation(), roles[r.IntN(len(roles))]
			query, matches := r.query()
			want := []string{}
			for _, c := range r.cameras {
				_, d, err := gate.Explain(t.Context(), gatepost.Subject{UserID: "u", Organisation: o.ID, Kind: o.Kind, Division: o.Division, Role: role}, c.ID, access.Know, time.Time{}, time.Time{})
				if err != nil {
					t.Fatal(err)
				}
				if d.Allowed && matches(c) {
					want = append(want, c.ID)
				}
			}
			slices.Sort(want)
			got := []string{}
			token := api.SignIn(o, role)
			for range len(r.cameras) {
				reply := api.Do(token, "GET", "/v1/cameras?"+query.Encode(), nil).Want(200)
				for _, item := range reply.Items() {
					got = append(got, item["id"].(string))
				}
				query.Set("after", reply.String("next"))
				if query.Get("after") == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s, %s: the list shows %d cameras\n%v, may be known %d\n%v", role, o.Name, query.Encode(), len(got), got, len(want), want)
			}
		}
	})
}

// query draws a query for cameras and what it lets through.
func (r *region) query() (url.Values, func(gatepost.Camera) bool) {
	query := url.Values{"limit": {fmt.Sprint(1 + r.IntN(20))}}
	owner, class := "", 0
	var box *gatepost.Box
	if r.IntN(4) == 0 {
		owner = r.organisation().ID
		query.Set("owner_id", owner)
	}
	if r.IntN(3) == 0 {
		class = 1 + r.IntN(3)
		query.Set("class", fmt.Sprint(class))
	}
	if r.IntN(2) == 0 {
		p := r.position()
		box = &gatepost.Box{West: p.Longitude - 0.3, South: p.Latitude - 0.3, East: p.Longitude + 0.3, North: p.Latitude + 0.3}
		for name, v := range map[string]float64{"west": box.West, "south": box.South, "east": box.East, "north": box.North} {
			query.Set(name, fmt.Sprint(v))
		}
	}
	return query, func(c gatepost.Camera) bool {
		if box != nil && (c.Position == nil || c.Position.Longitude < box.West || c.Position.Longitude > box.East || c.Position.Latitude < box.South || c.Position.Latitude > box.North) {
			return false
		}
		return (owner == "" || c.Owner == owner) && (class == 0 || int(c.Class) == class)
	}
}

func TestListRefusesBoxes(t *testing.T) {
	w := newWorld(t)
	for query, field := range map[string]string{
		"west=120&east=119": "east", "south=31&north=30": "north", "west=NaN": "east", "north=NaN": "north", "west=-181": "west", "north=90.5": "north",
		"class=0": "class", "class=4": "class", "west=x": "west",
	} {
		r := w.Do(w.owner, "GET", "/v1/cameras?"+query, nil)
		if r.Status != 422 && r.Status != 400 || r.String("field") != field {
			t.Errorf("%s: status %d, field %q, want %q: %s", query, r.Status, r.String("field"), field, r.Text)
		}
	}
}

// anyway lets an incident be made whatever lies beside it.
func anyway([]gatepost.Incident) error { return nil }
