package invitation_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/functions/invitation"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

const password = "a long password"

// reach is the kinds of contacts that messages are sent to.
type reach []gatepost.ContactKind

func (r reach) Reaches(kind gatepost.ContactKind) bool { return len(r) > 0 && r[0] == kind }

// desk is an organisation with people who invite.
type desk struct {
	*functest.API
	store                      *sqlstore.Store
	shop                       gatepost.Organisation
	owner                      gatepost.User
	ownerToken, supervisor, by string
	admin                      string
}

func newDesk(t *testing.T, s *sqlstore.Store, ways ...gatepost.ContactKind) *desk {
	t.Helper()
	f := invitation.New(invitation.Options{Store: s, Passwords: identity.New(identity.Options{}), Reach: reach(ways), Portal: "https://video.example.org"})
	d := &desk{API: functest.New(t, f.Register), store: s, shop: storetest.NewOrganisation(t, s, gatepost.KindBusiness)}
	d.owner = storetest.NewUser(t, s, d.shop.ID, gatepost.RoleOwner)
	d.ownerToken = d.As(d.owner, d.shop)
	d.supervisor = d.As(storetest.NewUser(t, s, d.shop.ID, gatepost.RoleSupervisor), d.shop)
	d.by = d.As(storetest.NewUser(t, s, d.shop.ID, gatepost.RoleWatcher), d.shop)
	operator := storetest.NewOrganisation(t, s, gatepost.KindOperator)
	d.admin = d.As(storetest.NewUser(t, s, operator.ID, gatepost.RoleAdmin), operator)
	return d
}

// invite makes an invitation and returns its id and token.
func (d *desk) invite(t *testing.T, contact string, role gatepost.Role) (id, token string) {
	t.Helper()
	made := d.Do(d.ownerToken, "POST", "/v1/invitations", m{"contact": contact, "role": role}).Want(201)
	base, token, ok := strings.Cut(made.String("url"), "#")
	if !ok || base != "https://video.example.org/invitation" {
		t.Fatalf("the link is %s", made.String("url"))
	}
	return made.String("id"), token
}

func (d *desk) accept(token string, more m) functest.Reply {
	body := m{"token": token, "name": "阿依古丽·买买提", "password": password, "undertaking": gatepost.UndertakingVersion}
	for k, v := range more {
		body[k] = v
	}
	return d.Do("", "POST", "/v1/invitations/accept", body)
}

func TestInvitation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		d := newDesk(t, s)
		id, token := d.invite(t, "138 1234 5678", gatepost.RoleResponder)
		opened := d.Do("", "POST", "/v1/invitations/open", m{"token": token}).Want(200)
		if opened.String("organisation") != d.shop.Name || opened.String("contact") != "13812345678" || opened.String("role") != "responder" {
			t.Errorf("opened: %s", opened.Text)
		}
		if text, _ := opened.Body["undertaking"].(map[string]any); text["version"] != float64(gatepost.UndertakingVersion) || !strings.Contains(text["zh"].(string), "承诺") || text["en"] == "" {
			t.Errorf("the undertaking: %s", opened.Text)
		}
		d.accept(token, m{"undertaking": gatepost.UndertakingVersion + 1}).Refused(gatepost.Invalid, "undertaking")
		d.Do("", "POST", "/v1/invitations/accept", m{"token": token, "name": "x", "password": password}).Refused(gatepost.Invalid, "undertaking")
		d.accept(token, m{"password": "short"}).Refused(gatepost.Invalid, "password")
		d.accept(token, m{"name": " "}).Refused(gatepost.Invalid, "name")
		d.accept(token, m{"name": strings.Repeat("长", 101)}).Refused(gatepost.Invalid, "name")
		d.accept(token, m{"login": "a b"}).Refused(gatepost.Invalid, "login")
		if login := d.accept(token, nil).Want(201).String("login"); login != "13812345678" {
			t.Errorf("login %s", login)
		}
		a, err := s.AccountByLogin(t.Context(), "13812345678")
		if err != nil || a.User.Role != gatepost.RoleResponder || a.User.Organisation != d.shop.ID || a.User.Name != "阿依古丽·买买提" {
			t.Errorf("account: %+v %v", a, err)
		}
		if _, err := s.UserContact(t.Context(), a.User.ID); gatepost.CodeOf(err) != gatepost.NotFound {
			t.Errorf("a contact that nobody has shown to be his: %v", err)
		}
		d.accept(token, m{"login": "second"}).Refused(gatepost.Gone, "")
		d.Do("", "POST", "/v1/invitations/open", m{"token": token}).Refused(gatepost.Gone, "")
		list := d.Do(d.supervisor, "GET", "/v1/invitations", nil).Want(200)
		if items := list.Items(); len(items) != 1 || items[0]["id"] != id || items[0]["state"] != "accepted" || items[0]["accepted_by"] != a.User.ID {
			t.Errorf("list: %s", list.Text)
		}
		if strings.Contains(list.Text, token) || strings.Contains(list.Text, gatepost.HashKey(token)) {
			t.Error("the list tells the token")
		}
		rows, err := s.LedgerRows(t.Context(), gatepost.LedgerFilter{Owner: d.shop.ID}, "", 10)
		kinds := map[string]int{}
		for _, r := range rows {
			kinds[r.Kind]++
			if strings.Contains(r.Detail, token) || strings.Contains(r.Detail, "13812345678") {
				t.Errorf("the ledger tells too much: %s", r.Detail)
			}
		}
		if err != nil || kinds["invitation"] != 2 || kinds["member"] != 1 || kinds["organisation"] != 1 {
			t.Errorf("ledger: %v %v", kinds, err)
		}
		if u, err := s.Undertakings(t.Context(), d.shop.ID); err != nil || len(u) != 1 || u[0].UserID != a.User.ID || u[0].Version != gatepost.UndertakingVersion || time.Since(u[0].AcceptedAt) > time.Minute {
			t.Errorf("undertakings: %+v %v", u, err)
		}
	})
}

// TestSent holds that a link that is sent is not shown to the inviter, and that it
// shows the contact to be its holder's.
func TestSent(t *testing.T) {
	s := storetest.OpenSQLite(t)
	d := newDesk(t, s, gatepost.ContactEmail)
	made := d.Do(d.ownerToken, "POST", "/v1/invitations", m{"contact": "Li@Example.org", "role": "watcher"}).Want(201)
	if made.Body["url"] != nil || made.Body["sent"] != true {
		t.Errorf("made: %s", made.Text)
	}
	due, err := s.DueMessages(t.Context(), []gatepost.ContactKind{gatepost.ContactEmail}, time.Now(), time.Minute, 10)
	if err != nil || len(due) != 1 || due[0].To.Value != "li@example.org" || due[0].OrganisationName != d.shop.Name {
		t.Fatalf("due: %+v %v", due, err)
	}
	_, token, _ := strings.Cut(due[0].Secret, "#")
	d.accept(token, nil).Want(201)
	a, err := s.AccountByLogin(t.Context(), "li@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.UserContact(t.Context(), a.User.ID); err != nil || c.Contact.Value != "li@example.org" || c.Notify {
		t.Errorf("contact: %+v %v", c, err)
	}
	if list, err := s.Messages(t.Context(), "", "", "", 10); err != nil || len(list) != 1 || list[0].Secret != "" {
		t.Errorf("the link is still kept: %+v %v", list, err)
	}
}

func TestWhoMayInvite(t *testing.T) {
	s := storetest.OpenSQLite(t)
	d := newDesk(t, s)
	other := storetest.NewOrganisation(t, s, gatepost.KindPolice)
	for _, c := range []struct {
		name, token  string
		organisation string
		role         gatepost.Role
		code         gatepost.Code
		field        string
	}{
		{"a watcher", d.by, "", gatepost.RoleWatcher, gatepost.Forbidden, ""},
		{"nobody", "", "", gatepost.RoleWatcher, gatepost.Unauthenticated, ""},
		{"into another organisation", d.ownerToken, other.ID, gatepost.RoleWatcher, gatepost.Forbidden, "organisation_id"},
		{"an administrator", d.ownerToken, "", gatepost.RoleAdmin, gatepost.Forbidden, "role"},
		{"a supervisor an owner", d.supervisor, "", gatepost.RoleOwner, gatepost.Forbidden, "role"},
		{"a supervisor his like", d.supervisor, "", gatepost.RoleSupervisor, gatepost.Forbidden, "role"},
		{"into no organisation", d.admin, gatepost.NewID(), gatepost.RoleOwner, gatepost.Invalid, "organisation_id"},
		{"a king", d.ownerToken, "", "king", gatepost.Invalid, "role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.Do(c.token, "POST", "/v1/invitations", m{"contact": "a@example.org", "role": c.role, "organisation_id": c.organisation}).Refused(c.code, c.field)
		})
	}
	d.Do(d.ownerToken, "POST", "/v1/invitations", m{"contact": "a@example.org\r\nBcc: b@example.org", "role": "watcher"}).Refused(gatepost.Invalid, "contact")
	d.Do(d.supervisor, "POST", "/v1/invitations", m{"contact": "watcher@example.org", "role": "watcher"}).Want(201)
	d.Do(d.admin, "POST", "/v1/invitations", m{"contact": "chief@example.org", "role": "owner", "organisation_id": other.ID}).Want(201)
	d.Do(d.by, "GET", "/v1/invitations", nil).Refused(gatepost.Forbidden, "")
	if items := d.Do(d.ownerToken, "GET", "/v1/invitations", nil).Want(200).Items(); len(items) != 1 {
		t.Errorf("the owner sees %v, want one", items)
	}
	if items := d.Do(d.admin, "GET", "/v1/invitations", nil).Want(200).Items(); len(items) != 2 {
		t.Errorf("the administrator sees %v, want both", items)
	}
}

// TestNoLongerHolds goes through what ends an invitation.
func TestNoLongerHolds(t *testing.T) {
	s := storetest.OpenSQLite(t)
	d := newDesk(t, s)
	d.accept("no such token", nil).Refused(gatepost.NotFound, "")
	revoked, token := d.invite(t, "a@example.org", gatepost.RoleWatcher)
	d.Do(d.ownerToken, "POST", "/v1/invitations", m{"contact": "A@example.org", "role": "watcher"}).Refused(gatepost.Conflict, "contact")
	stranger := d.SignIn(storetest.NewOrganisation(t, s, gatepost.KindBusiness), gatepost.RoleOwner)
	d.Do(stranger, "DELETE", "/v1/invitations/"+revoked, nil).Refused(gatepost.NotFound, "")
	d.Do(d.by, "DELETE", "/v1/invitations/"+revoked, nil).Refused(gatepost.Forbidden, "")
	d.Do(d.ownerToken, "DELETE", "/v1/invitations/"+revoked, nil).Want(204)
	d.Do(d.ownerToken, "DELETE", "/v1/invitations/"+revoked, nil).Refused(gatepost.NotFound, "")
	d.accept(token, nil).Refused(gatepost.Gone, "")
	d.invite(t, "a@example.org", gatepost.RoleWatcher) // the revoked one stands in nobody's way

	expired := gatepost.Invitation{ID: gatepost.NewID(), Organisation: d.shop.ID, Contact: gatepost.Contact{Kind: gatepost.ContactEmail, Value: "late@example.org"},
		Role: gatepost.RoleWatcher, SecretHash: gatepost.HashKey("late"), InvitedBy: d.owner.ID, CreatedAt: time.Now().Add(-8 * 24 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour)}
	if err := s.CreateInvitation(t.Context(), expired, nil, gatepost.LedgerEntry{Kind: gatepost.LedgerInvitation, Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	d.accept("late", nil).Refused(gatepost.Gone, "")

	// Its inviter is deactivated, or loses the role, before it is accepted.
	_, token = d.invite(t, "b@example.org", gatepost.RoleMaintainer)
	change := func(do func(*gatepost.User)) {
		t.Helper()
		err := s.UpdateUser(t.Context(), d.owner.ID, time.Now(), func(u *gatepost.User) (gatepost.LedgerEntry, error) {
			do(u)
			return gatepost.LedgerEntry{Kind: gatepost.LedgerMember, Actor: "u"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, do := range []func(*gatepost.User){
		func(u *gatepost.User) { u.Disabled = true },
		func(u *gatepost.User) { u.Disabled, u.Role = false, gatepost.RoleWatcher },
	} {
		change(do)
		d.accept(token, nil).Refused(gatepost.Gone, "")
	}
	change(func(u *gatepost.User) { u.Role = gatepost.RoleSupervisor })
	d.accept(token, nil).Want(201)
}

// TestExisting holds that an inviter does not learn who has an account elsewhere,
// and that who has one chooses another login.
func TestExisting(t *testing.T) {
	s := storetest.OpenSQLite(t)
	d := newDesk(t, s)
	elsewhere := storetest.NewOrganisation(t, s, gatepost.KindCommunity)
	u := gatepost.User{ID: gatepost.NewID(), Login: "wang@example.org", Organisation: elsewhere.ID, Role: gatepost.RoleOwner, PasswordHash: "-", CreatedAt: time.Now()}
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	_, token := d.invite(t, "wang@example.org", gatepost.RoleWatcher)
	d.accept(token, nil).Refused(gatepost.Conflict, "login")
	d.accept(token, m{"login": "wang-at-the-shop"}).Want(201)
	own := gatepost.User{ID: gatepost.NewID(), Login: "li@example.org", Organisation: d.shop.ID, Role: gatepost.RoleWatcher, PasswordHash: "-", CreatedAt: time.Now()}
	if err := s.CreateUser(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	d.Do(d.ownerToken, "POST", "/v1/invitations", m{"contact": "li@example.org", "role": "watcher"}).Refused(gatepost.Conflict, "contact")
}

// TestEnumeration holds that an invitation tells of five logins at most whether
// they are taken.
func TestEnumeration(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		d := newDesk(t, open(t))
		_, token := d.invite(t, "zhao@example.org", gatepost.RoleWatcher)
		for range 5 {
			d.accept(token, m{"login": d.owner.Login}).Refused(gatepost.Conflict, "login")
		}
		d.accept(token, m{"login": d.owner.Login}).Refused(gatepost.Gone, "")
		d.accept(token, nil).Refused(gatepost.Gone, "")
	})
}

// TestAcceptedOnce holds that of several who accept at the same moment one comes
// in.
func TestAcceptedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		d := newDesk(t, open(t))
		_, token := d.invite(t, "a@example.org", gatepost.RoleWatcher)
		logins := []string{"one", "two", "three", "four", "five"}
		replies := make([]functest.Reply, len(logins))
		var work sync.WaitGroup
		for i, login := range logins {
			work.Go(func() { replies[i] = d.accept(token, m{"login": login}) })
		}
		work.Wait()
		in := 0
		for _, r := range replies {
			if r.Status == 201 {
				in++
			} else {
				r.Refused(gatepost.Gone, "")
			}
		}
		members, err := d.store.Accounts(t.Context(), d.shop.ID, "", 20)
		if err != nil || in != 1 || len(members) != 4 {
			t.Errorf("%d came in, %d members, %v; want one and four", in, len(members), err)
		}
	})
}

// TestGuessing holds that tokens cannot be tried without end.
func TestGuessing(t *testing.T) {
	d := newDesk(t, storetest.OpenSQLite(t))
	for range 100 {
		if r := d.Do("", "POST", "/v1/invitations/open", m{"token": gatepost.NewSecret(20)}); r.Status != 404 {
			r.Refused(gatepost.RateLimited, "")
			return
		}
	}
	t.Error("a hundred tokens were tried")
}
