package footage_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/footage"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// world is a station that asks, a shop with two cameras at one crossing and a
// third far away, and the operator with one at that crossing.
type world struct {
	*functest.API
	t                    *testing.T
	store                *sqlstore.Store
	function             *footage.Function
	station, shop        gatepost.Organisation
	door, till, far      gatepost.Camera
	asker, owner, helper string // tokens; the helper watches for the shop
	from, to             time.Time
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	w := &world{t: t, store: s, function: footage.New(footage.Options{Store: s})}
	w.API = functest.New(t, w.function.Register)
	w.station, w.shop = storetest.NewOrganisation(t, s, gatepost.KindPolice), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	carrier := storetest.NewOrganisation(t, s, gatepost.KindOperator)
	w.door, w.till, w.far = w.camera(w.shop, 120.16), w.camera(w.shop, 120.161), w.camera(w.shop, 121)
	cameras := []gatepost.Camera{w.door, w.till, w.far, w.camera(carrier, 120.16), w.camera(w.station, 120.16)}
	w.asker, w.owner, w.helper = w.SignIn(w.station, gatepost.RoleSupervisor), w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.shop, gatepost.RoleWatcher)
	w.to = time.Now().UTC().Truncate(time.Millisecond)
	w.from = w.to.Add(-time.Hour)
	for _, c := range cameras {
		storetest.NewRecording(t, s, c, w.from.Add(time.Minute), nil)
	}
	return w
}

func (w *world) camera(o gatepost.Organisation, longitude float64) gatepost.Camera {
	w.t.Helper()
	c := storetest.NewCamera(w.t, w.store, o.ID)
	c, err := w.store.UpdateCamera(w.t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.Position = &gatepost.Position{Longitude: longitude, Latitude: 30.25}
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func circle(longitude, metres float64) m {
	return m{"circle": m{"centre": m{"longitude": longitude, "latitude": 30.25}, "metres": metres}}
}

func (w *world) body(more m) m {
	b := m{"area": circle(120.16, 500), "from": stamp(w.from), "to": stamp(w.to), "case_number": "A-17", "reason": "a stolen bicycle"}
	maps.Copy(b, more)
	return b
}

// ask asks, and has the owners told.
func (w *world) ask(more m) string {
	w.t.Helper()
	id := w.Do(w.asker, "POST", "/v1/footage-requests", w.body(more)).Want(201).String("id")
	w.run()
	return id
}

func (w *world) run() {
	w.t.Helper()
	if err := w.function.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// may asks whether somebody of the station may look at a camera.
func (w *world) may(c gatepost.Camera, a access.Action, from, to time.Time, caseNumber string) access.Decision {
	w.t.Helper()
	who := gatepost.Subject{UserID: "officer", Organisation: w.station.ID, Kind: w.station.Kind, Role: gatepost.RoleResponder}
	_, d, err := (access.Gate{Store: w.store, Case: caseNumber}).Explain(w.t.Context(), who, c.ID, a, from, to)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// told lists what an organisation was told of requests, sorted.
func (w *world) told(o gatepost.Organisation) (acts []string) {
	w.t.Helper()
	list, err := w.store.Notifications(w.t.Context(), o.ID, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range list {
		acts = append(acts, n.Detail["act"])
	}
	slices.Sort(acts)
	return acts
}

func TestAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		id := w.ask(nil)
		if d := w.may(w.door, access.Playback, w.from, w.to, ""); d.Allowed || d.Code != gatepost.NotFound {
			t.Errorf("asked, not answered: %+v", d)
		}
		received := w.Do(w.owner, "GET", "/v1/footage-requests/received", nil).Want(200).Items()
		if len(received) != 1 || received[0]["id"] != id || received[0]["organisation_name"] != w.station.Name || received[0]["case_number"] != "A-17" {
			t.Fatalf("the owner received %v", received)
		}
		path := "/v1/footage-requests/" + id
		var mine []any
		for _, c := range w.Do(w.owner, "GET", path+"/cameras", nil).Want(200).Items() {
			mine = append(mine, c["id"])
		}
		if !slices.Equal(mine, []any{w.door.ID, w.till.ID}) {
			t.Errorf("cameras in the area: %v", mine)
		}
		half := w.from.Add(30 * time.Minute)
		answer := m{"cameras": []string{w.door.ID}, "to": stamp(half), "copies": true, "answer": "from the door"}
		if state := w.Do(w.owner, "POST", path+"/answer", answer).Want(201).String("state"); state != "open" {
			t.Errorf("state %s", state)
		}
		w.Do(w.owner, "POST", path+"/answer", answer).Refused(gatepost.Conflict, "")

		for _, c := range []struct {
			name     string
			camera   gatepost.Camera
			action   access.Action
			from, to time.Time
			number   string
			want     bool
		}{
			{"what was opened", w.door, access.Playback, w.from, half, "A-17", true},
			{"without naming the case", w.door, access.Playback, w.from, half, "", true},
			{"a copy", w.door, access.Export, w.from, half, "A-17", true},
			{"another case", w.door, access.Playback, w.from, half, "A-18", false},
			{"a second more", w.door, access.Playback, w.from, half.Add(time.Second), "A-17", false},
			{"a second before", w.door, access.Playback, w.from.Add(-time.Second), half, "A-17", false},
			{"live", w.door, access.Live, time.Time{}, time.Time{}, "A-17", false},
			{"the other camera", w.till, access.Playback, w.from, half, "A-17", false},
		} {
			if d := w.may(c.camera, c.action, c.from, c.to, c.number); d.Allowed != c.want || c.want && (d.CaseNumber != "A-17" || !d.NeedsPurpose || d.Rule != "footage") {
				t.Errorf("%s: %+v", c.name, d)
			}
		}
		if d := w.may(w.door, access.Know, time.Time{}, time.Time{}, ""); !d.Allowed || d.Rule != "footage" {
			t.Errorf("to know of it: %+v", d)
		}
		mineNow := w.Do(w.asker, "GET", "/v1/footage-requests", nil).Want(200).Items()
		answers, _ := mineNow[0]["answers"].([]any)
		if len(answers) != 1 || answers[0].(m)["holder_name"] != w.shop.Name || answers[0].(m)["copies"] != true {
			t.Errorf("the asker sees %v", mineNow)
		}

		// Revoking ends the looks that rest on it; it can be answered anew.
		d := w.may(w.door, access.Playback, w.from, half, "A-17")
		g := w.look(d)
		w.Do(w.helper, "DELETE", path+"/answer", nil).Refused(gatepost.Forbidden, "")
		w.Do(w.owner, "DELETE", path+"/answer", nil).Want(204)
		w.Do(w.owner, "DELETE", path+"/answer", nil).Refused(gatepost.Conflict, "")
		if d := w.may(w.door, access.Playback, w.from, half, "A-17"); d.Allowed {
			t.Errorf("revoked: %+v", d)
		}
		w.Do(w.owner, "POST", path+"/answer", m{"cameras": []string{w.till.ID}}).Want(201)
		d = w.may(w.till, access.Playback, w.from, w.to, "A-17")
		if !d.Allowed || w.may(w.till, access.Export, w.from, w.to, "A-17").Allowed {
			t.Errorf("answered again, without copies: %+v", d)
		}
		second := w.look(d)

		// Withdrawing ends everything, and tells those who were asked no sooner than
		// the next round: how long it takes does not say how many they are.
		w.Do(w.SignIn(w.station, gatepost.RoleWatcher), "DELETE", path, nil).Refused(gatepost.Forbidden, "")
		w.Do(w.asker, "DELETE", path, nil).Want(204)
		w.Do(w.asker, "DELETE", path, nil).Refused(gatepost.Conflict, "")
		w.Do(w.owner, "POST", path+"/answer", answer).Refused(gatepost.Gone, "")
		if d := w.may(w.till, access.Playback, w.from, w.to, "A-17"); d.Allowed {
			t.Errorf("withdrawn: %+v", d)
		}
		revoked, _, err := w.store.RevocationsSince(t.Context(), 0, time.Now(), 10)
		if err != nil || !slices.Equal(revoked, []string{g, second}) {
			t.Errorf("revoked %v %v, want the looks that rested on answers", revoked, err)
		}
		if got := w.told(w.shop); !slices.Equal(got, []string{"asked"}) {
			t.Errorf("the owner was told %v within the request of the asker", got)
		}
		for range 2 {
			w.run()
		}
		if got := w.told(w.shop); !slices.Equal(got, []string{"asked", "withdrawn"}) {
			t.Errorf("the owner was told %v", got)
		}
		if got := w.told(w.station); !slices.Equal(got, []string{"answered", "answered", "revoked"}) {
			t.Errorf("the asker was told %v", got)
		}
	})
}

// TestRecordedNothing holds that a camera which recorded nothing in the window
// makes its owner no reader of what the police look for, and that what was
// withdrawn before anybody heard of it stays unheard.
func TestRecordedNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		curious, late := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), storetest.NewOrganisation(t, w.store, gatepost.KindBusiness)
		w.camera(curious, 120.16)
		storetest.NewRecording(t, w.store, w.camera(late, 120.16), w.from.Add(-time.Minute), nil) // ends where the window begins
		working := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness)
		if _, err := w.store.UpdateCamera(t.Context(), w.camera(working, 120.16).ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.State = gatepost.CameraInService
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "test"}, nil
		}); err != nil {
			t.Fatal(err)
		}
		w.to = time.Now() // they were enrolled within the window
		w.ask(nil)
		if a, b := w.told(curious), w.told(late); len(a)+len(b) != 0 {
			t.Errorf("told %v, %v", a, b)
		}
		if got := w.told(working); !slices.Equal(got, []string{"asked"}) {
			t.Errorf("the owner of a camera whose recording is on its way was told %v", got)
		}
		id := w.Do(w.asker, "POST", "/v1/footage-requests", w.body(nil)).Want(201).String("id")
		w.Do(w.asker, "DELETE", "/v1/footage-requests/"+id, nil).Want(204)
		w.run()
		if got := w.told(w.shop); !slices.Equal(got, []string{"asked"}) {
			t.Errorf("the owner of one who recorded was told %v", got)
		}
	})
}

// look registers a look that rests on a decision.
func (w *world) look(d access.Decision) string {
	w.t.Helper()
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: w.door.ID, Action: gatepost.ActionPlayback, UserID: "officer", Organisation: w.station.ID, Basis: d.Basis,
		ExpiresAt: d.Until, CreatedAt: time.Now()}
	if err := w.store.CreateGrant(w.t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "officer"}); err != nil {
		w.t.Fatal(err)
	}
	return g.ID
}

// TestSilence holds that those who ask learn the same from a request that reaches
// an owner as from one that reaches nobody: in the reply, in the list, in what
// they are told, and in the length of the ledger.
func TestSilence(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	learnt := func(area m) (reply, listed m, told []string, entries int64) {
		t.Helper()
		before := w.entries()
		reply = w.Do(w.asker, "POST", "/v1/footage-requests", w.body(m{"area": area, "expires": "2026-12-24T00:00:00Z"})).Want(201).Body
		w.run()
		w.Do(w.owner, "GET", "/v1/footage-requests/received", nil).Want(200)
		listed = w.Do(w.asker, "GET", "/v1/footage-requests", nil).Want(200).Items()[0]
		return reply, listed, w.told(w.station), w.entries() - before
	}
	strip := func(b m) m {
		for _, name := range []string{"id", "asked_at", "area", "from", "to"} {
			if b[name] == nil {
				t.Errorf("no %s in %v", name, b)
			}
			delete(b, name)
		}
		return b
	}
	somebody, listed, told, entries := learnt(circle(120.16, 500))
	nobody, listedNobody, toldNobody, entriesNobody := learnt(circle(100, 500))
	if !maps.EqualFunc(strip(somebody), strip(nobody), same) || !maps.EqualFunc(strip(listed), strip(listedNobody), same) {
		t.Errorf("replies differ: %v, %v; %v, %v", somebody, nobody, listed, listedNobody)
	}
	if len(told)+len(toldNobody) > 0 || entries != entriesNobody {
		t.Errorf("told %v, %v; entries %d, %d", told, toldNobody, entries, entriesNobody)
	}
	if got := w.told(w.shop); !slices.Equal(got, []string{"asked"}) {
		t.Fatalf("the owner was told %v: the test shows nothing", got)
	}
}

func same(a, b any) bool {
	if list, ok := a.([]any); ok {
		other, ok := b.([]any)
		return ok && len(list) == 0 && len(other) == 0
	}
	return a == b
}

// entries counts the ledger.
func (w *world) entries() int64 {
	w.t.Helper()
	var n int64
	for before := ""; ; {
		page, err := w.store.LedgerRows(w.t.Context(), gatepost.LedgerFilter{}, before, 200)
		if err != nil {
			w.t.Fatal(err)
		}
		if n += int64(len(page)); len(page) < 200 {
			return n
		}
		before = page[len(page)-1].ID
	}
}

// TestToldOnce runs the round of two processes at once.
func TestToldOnce(t *testing.T) {
	w := newWorld(t, storetest.OpenPostgres(t))
	for range 5 {
		w.Do(w.asker, "POST", "/v1/footage-requests", w.body(nil)).Want(201)
	}
	var g sync.WaitGroup
	for range 2 {
		g.Go(func() {
			if err := footage.New(footage.Options{Store: w.store}).Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	if got := w.told(w.shop); len(got) != 5 {
		t.Errorf("told %d times of five requests", len(got))
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	corners := func(size float64) m {
		return m{"polygon": []m{{"longitude": 120.1, "latitude": 30.2}, {"longitude": 120.1 + size, "latitude": 30.2}, {"longitude": 120.1, "latitude": 30.2 + size}}}
	}
	for _, c := range []struct {
		name, token string
		more        m
		code        gatepost.Code
		field       string
	}{
		{"nobody", "", nil, gatepost.Unauthenticated, ""},
		{"a shop", w.owner, nil, gatepost.Forbidden, ""},
		{"a watcher", w.SignIn(w.station, gatepost.RoleWatcher), nil, gatepost.Forbidden, ""},
		{"no area", w.asker, m{"area": m{}}, gatepost.Invalid, "area"},
		{"two areas", w.asker, m{"area": m{"circle": circle(1, 1)["circle"], "polygon": corners(0.1)["polygon"]}}, gatepost.Invalid, "area"},
		{"a province", w.asker, m{"area": circle(120, 50_000)}, gatepost.Invalid, "area.circle.metres"},
		{"a large polygon", w.asker, m{"area": corners(0.3)}, gatepost.Invalid, "area.polygon"},
		{"not on earth", w.asker, m{"area": circle(190, 500)}, gatepost.Invalid, "area.circle.centre.longitude"},
		{"the future", w.asker, m{"to": stamp(time.Now().Add(time.Hour))}, gatepost.Invalid, "to"},
		{"backwards", w.asker, m{"from": stamp(w.to), "to": stamp(w.from)}, gatepost.Invalid, "from"},
		{"no case", w.asker, m{"case_number": " "}, gatepost.Invalid, "case_number"},
		{"no reason", w.asker, m{"reason": " "}, gatepost.Invalid, "reason"},
		{"over", w.asker, m{"expires": "2020-01-01T00:00:00Z"}, gatepost.Invalid, "expires"},
		{"for ever", w.asker, m{"expires": "2999-01-01T00:00:00Z"}, gatepost.Invalid, "expires"},
	} {
		w.Do(c.token, "POST", "/v1/footage-requests", w.body(c.more)).Refused(c.code, c.field)
	}
	w.Do(w.asker, "POST", "/v1/footage-requests", w.body(m{"area": corners(0.1)})).Want(201)

	id := w.ask(nil)
	stranger := w.SignIn(storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), gatepost.RoleOwner)
	path := "/v1/footage-requests/" + id
	answer := func(more m) m {
		b := m{"cameras": []string{w.door.ID}}
		maps.Copy(b, more)
		return b
	}
	for _, c := range []struct {
		name, token string
		more        m
		code        gatepost.Code
		field       string
	}{
		{"a stranger", stranger, nil, gatepost.NotFound, ""},
		{"who asked", w.asker, nil, gatepost.NotFound, ""},
		{"a watcher", w.helper, nil, gatepost.Forbidden, ""},
		{"outside the area", w.owner, m{"cameras": []string{w.far.ID}}, gatepost.Invalid, "cameras"},
		{"no camera", w.owner, m{"cameras": []string{gatepost.NewID()}}, gatepost.Invalid, "cameras"},
		{"before the window", w.owner, m{"from": stamp(w.from.Add(-time.Second))}, gatepost.Invalid, "from"},
		{"after the window", w.owner, m{"to": stamp(w.to.Add(time.Second))}, gatepost.Invalid, "to"},
		{"over", w.owner, m{"until": "2020-01-01T00:00:00Z"}, gatepost.Invalid, "until"},
		{"for ever", w.owner, m{"until": "2999-01-01T00:00:00Z"}, gatepost.Invalid, "until"},
	} {
		w.Do(c.token, "POST", path+"/answer", answer(c.more)).Refused(c.code, c.field)
	}
	w.Do(w.owner, "DELETE", path+"/answer", nil).Refused(gatepost.Conflict, "")
	w.Do(stranger, "GET", path+"/cameras", nil).Refused(gatepost.NotFound, "")
	w.Do(stranger, "DELETE", path, nil).Refused(gatepost.NotFound, "")
	w.Do(w.helper, "GET", "/v1/footage-requests/received", nil).Refused(gatepost.Forbidden, "")
	if items := w.Do(stranger, "GET", "/v1/footage-requests/received", nil).Want(200).Items(); len(items) != 0 {
		t.Errorf("a stranger received %v", items)
	}

	over := gatepost.NewID()
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerRequest, Actor: "test"}
	if err := w.store.CreateFootageRequest(t.Context(), gatepost.FootageRequest{ID: over, Organisation: w.station.ID, Area: gatepost.Area{Circle: &gatepost.Circle{
		Centre: *w.door.Position, Metres: 100}}, From: w.from, To: w.to, CaseNumber: "A-1", Reason: "r", Expires: time.Now()}, entry); err != nil {
		t.Fatal(err)
	}
	w.run()
	if items := w.Do(w.owner, "GET", "/v1/footage-requests/received", nil).Want(200).Items(); items[0]["id"] != over || items[0]["state"] != "expired" {
		t.Errorf("an expired request: %v", items[0])
	}
	w.Do(w.owner, "POST", "/v1/footage-requests/"+over+"/answer", answer(nil)).Refused(gatepost.Gone, "")
}
