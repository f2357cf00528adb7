package access

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

var (
	kinds = []gatepost.OrganisationKind{gatepost.KindGovernment, gatepost.KindPolice, gatepost.KindDepartment, gatepost.KindSubControl,
		gatepost.KindBusiness, gatepost.KindCommunity, gatepost.KindOperator, gatepost.KindThirdParty, ""}
	roles = []gatepost.Role{gatepost.RoleWatcher, gatepost.RoleResponder, gatepost.RoleMaintainer, gatepost.RoleSupervisor,
		gatepost.RoleOwner, gatepost.RoleAdmin, "", "root", "Owner"}
)

// TestTable reads the table of the package's comment, row by row.
func TestTable(t *testing.T) {
	own := func(kind gatepost.OrganisationKind, role gatepost.Role, org string) gatepost.Subject {
		return gatepost.Subject{UserID: "u", Organisation: org, Kind: kind, Role: role}
	}
	for _, c := range []struct {
		name    string
		subject gatepost.Subject
		allowed string // actions
		refusal gatepost.Code
	}{
		{"owner", own(gatepost.KindBusiness, gatepost.RoleOwner, "mine"), "know live playback export share audit hold manage", ""},
		{"supervisor", own(gatepost.KindCommunity, gatepost.RoleSupervisor, "mine"), "know live playback export share audit hold manage", ""},
		{"responder", own(gatepost.KindBusiness, gatepost.RoleResponder, "mine"), "know live playback export", gatepost.Forbidden},
		{"watcher", own(gatepost.KindBusiness, gatepost.RoleWatcher, "mine"), "know live playback", gatepost.Forbidden},
		{"maintainer", own(gatepost.KindBusiness, gatepost.RoleMaintainer, "mine"), "know manage", gatepost.Forbidden},
		{"made-up role", own(gatepost.KindBusiness, "root", "mine"), "", gatepost.Forbidden},
		{"admin elsewhere", own(gatepost.KindOperator, gatepost.RoleAdmin, "other"), "know live playback export share audit hold manage", ""},
		{"operator's owner", own(gatepost.KindOperator, gatepost.RoleOwner, "other"), "know manage", gatepost.Forbidden},
		{"operator's watcher", own(gatepost.KindOperator, gatepost.RoleWatcher, "other"), "know", gatepost.Forbidden},
		{"operator's owner at its own camera", own(gatepost.KindOperator, gatepost.RoleOwner, "mine"), "know manage", gatepost.Forbidden},
		{"another business", own(gatepost.KindBusiness, gatepost.RoleOwner, "other"), "", gatepost.NotFound},
		{"police without a grant", own(gatepost.KindPolice, gatepost.RoleSupervisor, "other"), "", gatepost.NotFound},
		{"third party", own(gatepost.KindThirdParty, gatepost.RoleOwner, "other"), "", gatepost.NotFound},
		{"nobody", gatepost.Subject{}, "", gatepost.Unauthenticated},
		{"nobody who claims an organisation", gatepost.Subject{Organisation: "mine", Role: gatepost.RoleOwner}, "", gatepost.Unauthenticated},
		{"administrator without an id", gatepost.Subject{Role: gatepost.RoleAdmin}, "", gatepost.Unauthenticated},
	} {
		for _, a := range Actions {
			d := Decide(Request{Subject: c.subject, Action: a, Camera: gatepost.Camera{Owner: "mine"}})
			want := slices.Contains(strings.Fields(c.allowed), string(a))
			if d.Allowed != want {
				t.Errorf("%s, %s: allowed %v (%s), want %v", c.name, a, d.Allowed, d.Rule, want)
			}
			if !want && d.Code != c.refusal {
				t.Errorf("%s, %s: refused with %s, want %s", c.name, a, d.Code, c.refusal)
			}
		}
	}
}

// TestOpenToLocalPolice holds that the store, which ends looks when a camera is closed to
// its local police, knows the rule that let them in.
func TestOpenToLocalPolice(t *testing.T) {
	for class := range gatepost.WatchClass(5) {
		for _, consent := range []bool{false, true} {
			c := gatepost.Camera{Owner: "shop", Division: "330102001", Class: class, ConsentToShare: consent}
			d := Decide(Request{Action: Live, Camera: c,
				Subject: gatepost.Subject{UserID: "u", Organisation: "station", Kind: gatepost.KindSubControl, Division: "330102", Role: gatepost.RoleResponder}})
			if d.Allowed != c.OpenToLocalPolice() {
				t.Errorf("class %d, consent %v: %v by %s", class, consent, d.Allowed, d.Rule)
			}
		}
	}
}

func TestEnrol(t *testing.T) {
	for _, c := range []struct {
		kind gatepost.OrganisationKind
		role gatepost.Role
		code gatepost.Code
	}{
		{gatepost.KindBusiness, gatepost.RoleOwner, ""},
		{gatepost.KindPolice, gatepost.RoleSupervisor, ""},
		{gatepost.KindOperator, gatepost.RoleMaintainer, ""},
		{gatepost.KindBusiness, gatepost.RoleWatcher, gatepost.Forbidden},
		{gatepost.KindBusiness, gatepost.RoleResponder, gatepost.Forbidden},
		{gatepost.KindBusiness, "root", gatepost.Forbidden},
		{gatepost.KindThirdParty, gatepost.RoleOwner, gatepost.Forbidden},
		{gatepost.KindThirdParty, gatepost.RoleAdmin, ""},
	} {
		d := Enrol(gatepost.Subject{UserID: "u", Organisation: "o", Kind: c.kind, Role: c.role})
		if d.Code != c.code || d.Allowed != (c.code == "") || d.ZH == "" || d.EN == "" {
			t.Errorf("%s of %s: %+v, want %q", c.role, c.kind, d, c.code)
		}
	}
	if d := Enrol(gatepost.Subject{Role: gatepost.RoleAdmin}); d.Code != gatepost.Unauthenticated {
		t.Errorf("nobody: %+v", d)
	}
}

func TestPurposeIsNeededOnlyOfOthers(t *testing.T) {
	admin := gatepost.Subject{UserID: "u", Organisation: "hq", Role: gatepost.RoleAdmin}
	if d := Decide(Request{Subject: admin, Action: Live, Camera: gatepost.Camera{Owner: "shop"}}); !d.NeedsPurpose {
		t.Error("an administrator may look at another's camera without a purpose")
	}
	if d := Decide(Request{Subject: admin, Action: Live, Camera: gatepost.Camera{Owner: "hq"}}); d.NeedsPurpose {
		t.Error("an administrator must give a purpose for his own camera")
	}
	if d := Decide(Request{Subject: admin, Action: Manage, Camera: gatepost.Camera{Owner: "shop"}}); d.NeedsPurpose {
		t.Error("managing needs no purpose")
	}
}

// sees tells whether an action shows somebody a picture, or decides that
// somebody shall see one.
func sees(a Action) bool { return a.Looks() || a == Share }

// noon is the present of the tests.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, zone)

func drawRequest(t *rapid.T) Request {
	organisations := rapid.SampledFrom([]string{"", "a", "b"})
	divisions := rapid.SampledFrom([]string{"", "33", "3301", "330102", "330102001", "330103"})
	at := rapid.Custom(func(t *rapid.T) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(-30, 30).Draw(t, "hours")) * time.Hour)
	})
	incident := rapid.Custom(func(t *rapid.T) gatepost.Incident {
		i := gatepost.Incident{Division: divisions.Draw(t, "incident's division"), ID: rapid.StringMatching("i[1-9]").Draw(t, "id"), Drill: rapid.Bool().Draw(t, "drill"), Start: at.Draw(t, "start"), End: at.Draw(t, "end"),
			Levels: rapid.SliceOfN(rapid.SampledFrom(gatepost.Levels), 0, 3).Draw(t, "levels"), Units: rapid.SliceOfN(organisations, 0, 2).Draw(t, "units")}
		switch rapid.IntRange(0, 2).Draw(t, "area") {
		case 0:
			i.Area.Divisions = []string{divisions.Draw(t, "division")}
		case 1:
			i.Area.Circle = &gatepost.Circle{Centre: gatepost.Position{Longitude: 120.16, Latitude: 30.25}, Metres: 1000}
		default:
			i.Area.Polygon = []gatepost.Position{{Longitude: 120, Latitude: 30}, {Longitude: 121, Latitude: 30}, {Longitude: 121, Latitude: 31}, {Longitude: 120, Latitude: 31}}
		}
		if rapid.Bool().Draw(t, "needs approval") {
			i.Approver = "hq"
			if rapid.Bool().Draw(t, "approved") {
				a := at.Draw(t, "approved at")
				i.ApprovedAt = &a
			}
		}
		if rapid.Bool().Draw(t, "ended early") {
			e := at.Draw(t, "ended at")
			i.EndedAt = &e
		}
		return i
	})
	grant := rapid.Custom(func(t *rapid.T) gatepost.CrossGrant {
		return gatepost.CrossGrant{ID: "g", Grantee: organisations.Draw(t, "grantee"), Holder: organisations.Draw(t, "holder"), Cameras: []string{"c"},
			Actions: rapid.SliceOf(rapid.SampledFrom([]gatepost.Action{gatepost.ActionLive, gatepost.ActionPlayback})).Draw(t, "actions"),
			Hours:   gatepost.Hours{From: rapid.IntRange(0, 1439).Draw(t, "from"), To: rapid.IntRange(0, 1439).Draw(t, "to")}, Until: at.Draw(t, "until"), Approved: rapid.Bool().Draw(t, "approved")}
	})
	support := rapid.Custom(func(t *rapid.T) gatepost.SupportWindow {
		return gatepost.SupportWindow{ID: "w", Owner: organisations.Draw(t, "owner"), From: at.Draw(t, "from"), Until: at.Draw(t, "until")}
	})
	footage := rapid.Custom(func(t *rapid.T) gatepost.FootageAnswer {
		return gatepost.FootageAnswer{ID: "f", Grantee: organisations.Draw(t, "grantee"), Holder: organisations.Draw(t, "holder"), Cameras: []string{"c"}, From: at.Draw(t, "from"), To: at.Draw(t, "to"),
			Copy: rapid.Bool().Draw(t, "copy"), CaseNumber: "A1", Until: at.Draw(t, "until")}
	})
	var position *gatepost.Position
	if rapid.Bool().Draw(t, "has position") {
		position = &gatepost.Position{Longitude: 120.16, Latitude: rapid.SampledFrom([]float64{30.25, 30.9, 29}).Draw(t, "latitude")}
	}
	return Request{
		At: noon,
		Facts: gatepost.AccessFacts{Incidents: rapid.SliceOfN(incident, 0, 2).Draw(t, "incidents"), Grants: rapid.SliceOfN(grant, 0, 2).Draw(t, "grants"),
			Support: rapid.SliceOfN(support, 0, 2).Draw(t, "support"), Footage: rapid.SliceOfN(footage, 0, 2).Draw(t, "footage")},
		Subject: gatepost.Subject{
			UserID:       rapid.SampledFrom([]string{"", "u1", "u2"}).Draw(t, "user"),
			Organisation: organisations.Draw(t, "organisation"),
			Kind:         rapid.SampledFrom(kinds).Draw(t, "kind"),
			Division:     divisions.Draw(t, "subject's division"),
			Role:         rapid.SampledFrom(roles).Draw(t, "role"),
		},
		Action: rapid.SampledFrom(append([]Action{"", "delete", "LIVE"}, Actions...)).Draw(t, "action"),
		Camera: gatepost.Camera{
			ID:             "c",
			Division:       divisions.Draw(t, "camera's division"),
			Position:       position,
			Owner:          organisations.Draw(t, "owner"),
			Responsible:    organisations.Draw(t, "responsible"),
			Funder:         organisations.Draw(t, "funder"),
			Beneficiary:    organisations.Draw(t, "beneficiary"),
			Class:          gatepost.WatchClass(rapid.IntRange(0, 4).Draw(t, "class")),
			ConsentToShare: rapid.Bool().Draw(t, "consent"),
			State:          rapid.SampledFrom([]gatepost.CameraState{gatepost.CameraEnrolled, gatepost.CameraInService, gatepost.CameraSuspended, gatepost.CameraRetired}).Draw(t, "state"),
		},
	}
}

// TestInvariants states what must hold of every request, whatever rules are
// added.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		d := Decide(r)
		s := r.Subject
		if d.Allowed != (d.Code == "") || d.Rule == "" || d.ZH == "" || d.EN == "" {
			t.Fatalf("incomplete decision %+v", d)
		}
		if d.Allowed != (d.Err() == nil) || gatepost.CodeOf(d.Err()) != d.Code {
			t.Fatalf("error %v does not tell the decision %+v", d.Err(), d)
		}
		if !reflect.DeepEqual(d, Decide(r)) {
			t.Fatal("two answers to one question")
		}
		if !d.Allowed {
			if d.NeedsPurpose {
				t.Fatal("a refusal that asks for a purpose")
			}
			know := r
			know.Action = Know
			if d.Code == gatepost.NotFound && Decide(know).Allowed {
				t.Fatal("a camera that he may know of is said not to exist")
			}
			return
		}
		if s.UserID == "" || s.Organisation == "" {
			t.Fatal("somebody unknown was let in")
		}
		if !slices.Contains(Actions, r.Action) {
			t.Fatal("an unknown action was allowed")
		}
		if sees(r.Action) && s.Kind == gatepost.KindOperator && !s.Admin() && d.Rule != "support" {
			t.Fatal("the operator saw a picture")
		}
		if sees(r.Action) && s.Role == gatepost.RoleMaintainer && d.Rule != "support" {
			t.Fatal("a maintainer saw a picture")
		}
		if sees(r.Action) && !s.Admin() && s.Kind == gatepost.KindThirdParty && (r.Camera.Owner == "" || s.Organisation != r.Camera.Owner) {
			t.Fatal("a third party saw a picture")
		}
		if r.Action == Share && !s.Admin() && (r.Camera.Owner == "" || s.Organisation != r.Camera.Owner) {
			t.Fatal("a stranger shared a camera")
		}
		if (d.Basis == "") != d.Until.IsZero() {
			t.Fatal("a permission that ends has a basis, and no other")
		}
		if !d.Until.IsZero() && !d.Until.After(r.At) {
			t.Fatal("a permission that has ended")
		}
		if r.Action.Looks() && s.Organisation != r.Camera.Owner && !d.NeedsPurpose {
			t.Fatal("somebody else's camera without a purpose")
		}
		know := r
		know.Action = Know
		if !Decide(know).Allowed {
			t.Fatal("may act on a camera that he may not know of")
		}
	})
}

// TestStrangersLearnNothing holds that a refusal to a stranger is the same
// whatever the camera is like.
func TestStrangersLearnNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, other := drawRequest(t), drawRequest(t).Camera
		if r.Subject.Admin() || r.Subject.Kind == gatepost.KindOperator || r.Subject.Organisation == r.Camera.Owner || r.Subject.Organisation == other.Owner {
			return
		}
		if police(r.Subject) && r.Subject.Division != "" || len(r.Facts.Incidents)+len(r.Facts.Grants)+len(r.Facts.Footage) > 0 {
			return // no strangers
		}
		q := r
		q.Camera = other
		if a, b := Decide(r), Decide(q); !reflect.DeepEqual(a, b) {
			t.Fatalf("two cameras, two refusals: %+v, %+v", a, b)
		}
	})
}
