package signup_test

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/functions/signup"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

// reached is a deployment that sends to everybody.
type reached struct{}

func (reached) Reaches(gatepost.ContactKind) bool { return true }

// door is signing up on a store of its own.
type door struct {
	*functest.API
	t     *testing.T
	store *sqlstore.Store
}

func newDoor(t *testing.T, s *sqlstore.Store, change func(*signup.Options)) *door {
	t.Helper()
	_, err := s.PutDivisions(t.Context(), []gatepost.Division{
		{Code: "33", Name: "浙江省", Level: "province"}, {Code: "3301", Name: "杭州市", Level: "city", Parent: "33"},
		{Code: "330102", Name: "上城区", Level: "county", Parent: "3301"}, {Code: "330102001", Name: "清波街道", Level: "town", Parent: "330102"}})
	if err != nil {
		t.Fatal(err)
	}
	o := signup.Options{Store: s, Passwords: identity.New(identity.Options{}), Reach: reached{}}
	if change != nil {
		change(&o)
	}
	return &door{API: functest.New(t, signup.New(o).Register), t: t, store: s}
}

func (d *door) begin(contact string, more m) functest.Reply {
	d.t.Helper()
	body := m{"organisation": "湖滨便利店", "division": "330102", "name": "王五", "contact": contact, "password": "a long password"}
	maps.Copy(body, more)
	return d.Do("", "POST", "/v1/signup", body)
}

// newest is the newest message.
func (d *door) newest() gatepost.Message {
	d.t.Helper()
	list, err := d.store.Messages(d.t.Context(), "", "", "", 1)
	if err != nil || len(list) != 1 {
		d.t.Fatalf("messages: %v %v", list, err)
	}
	return list[0]
}

func (d *door) verify(token, code string) functest.Reply {
	d.t.Helper()
	return d.Do("", "POST", "/v1/signup/verify", m{"token": token, "code": code})
}

func (d *door) accept(token string) functest.Reply {
	d.t.Helper()
	return d.Do("", "POST", "/v1/signup/accept", m{"token": token, "undertaking": gatepost.UndertakingVersion})
}

// verified is the token of a sign-up that waits for the undertaking.
func (d *door) verified(contact string) string {
	d.t.Helper()
	token := d.begin(contact, nil).Want(202).String("token")
	d.verify(token, d.newest().Secret).Want(204)
	return token
}

func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestSignup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		d := newDoor(t, open(t), nil)
		about := d.Do("", "GET", "/v1/signup", nil).Want(200)
		if about.Body["open"] != true || !strings.Contains(about.Text, "承诺书") || !strings.Contains(about.Text, "Undertaking") {
			t.Errorf("about: %.200s", about.Text)
		}
		begun := d.begin("138 1234 5678", nil).Want(202)
		token := begun.String("token")
		message := d.newest()
		if message.To.Value != "13812345678" || message.Purpose != gatepost.MessageSignup || len(message.Secret) != 6 || strings.Contains(begun.Text, message.Secret) {
			t.Fatalf("begun: %s, message %+v", begun.Text, message)
		}
		d.accept(token).Refused(gatepost.Conflict, "")
		d.verify(token, other(message.Secret)).Refused(gatepost.Invalid, "code")
		d.verify("another token", message.Secret).Refused(gatepost.NotFound, "")
		d.verify(token, message.Secret).Want(204)
		d.verify(token, message.Secret).Want(204)
		if m := d.newest(); m.Secret != "" {
			t.Errorf("the code is kept after its use: %+v", m)
		}
		d.Do("", "POST", "/v1/signup/accept", m{"token": token, "undertaking": gatepost.UndertakingVersion + 1}).Refused(gatepost.Invalid, "undertaking")
		made := d.accept(token).Want(201)
		if made.String("login") != "13812345678" || made.String("plan") != gatepost.DefaultPlan {
			t.Errorf("made: %s", made.Text)
		}
		d.accept(token).Refused(gatepost.Conflict, "")
		a, err := d.store.AccountByLogin(t.Context(), "13812345678")
		if err != nil || a.User.Role != gatepost.RoleOwner || a.User.Name != "王五" || a.Organisation.ID != made.String("organisation_id") ||
			a.Organisation.Kind != gatepost.KindBusiness || a.Organisation.Division != "330102" || a.Organisation.Name != "湖滨便利店" {
			t.Errorf("account: %+v %v", a, err)
		}
		if use, err := d.store.PlanUse(t.Context(), a.Organisation.ID); err != nil || use.Plan == nil || use.Plan.Name != gatepost.DefaultPlan {
			t.Errorf("plan: %+v %v", use, err)
		}
		if c, err := d.store.UserContact(t.Context(), a.User.ID); err != nil || c.Contact.Value != "13812345678" {
			t.Errorf("contact: %+v %v", c, err)
		}
		if u, err := d.store.Undertakings(t.Context(), a.Organisation.ID); err != nil || len(u) != 1 || u[0].UserID != a.User.ID || u[0].Version != gatepost.UndertakingVersion || time.Since(u[0].AcceptedAt) > time.Minute {
			t.Errorf("undertaking: %+v %v", u, err)
		}
		rows, err := d.store.LedgerRows(t.Context(), gatepost.LedgerFilter{Owner: a.Organisation.ID}, "", 10)
		acts := map[string]bool{}
		for _, r := range rows {
			for _, act := range []string{"signup", "undertaking", "join"} {
				if strings.Contains(r.Detail, `"act":"`+act+`"`) {
					acts[act] = true
				}
			}
		}
		if err != nil || len(acts) != 3 {
			t.Errorf("ledger: %+v %v", rows, err)
		}
	})
}

// TestEnumeration holds that a stranger cannot tell whether a contact has an
// account.
func TestEnumeration(t *testing.T) {
	d := newDoor(t, storetest.OpenSQLite(t), nil)
	d.accept(d.verified("wang@example.org")).Want(201)
	known, unknown := d.begin("wang@example.org", nil), d.begin("li@example.org", nil)
	if known.Status != unknown.Status || len(known.Body) != len(unknown.Body) || known.Body["sent"] != unknown.Body["sent"] || len(known.String("token")) != len(unknown.String("token")) {
		t.Errorf("known: %d %s, unknown: %d %s", known.Status, known.Text, unknown.Status, unknown.Text)
	}
	list, err := d.store.Messages(t.Context(), "", "", "", 2)
	if err != nil || list[1].Purpose != gatepost.MessageSignupExists || list[1].Secret != "" || list[1].To.Value != "wang@example.org" {
		t.Errorf("the holder is not told: %+v %v", list, err)
	}
	for _, token := range []string{known.String("token"), unknown.String("token")} {
		for range gatepost.MaxCodeAttempts {
			d.verify(token, other(d.newest().Secret)).Refused(gatepost.Invalid, "code")
		}
		d.verify(token, "").Refused(gatepost.Invalid, "")
		d.verify(token, "123456").Refused(gatepost.Gone, "")
		d.accept(token).Refused(gatepost.Conflict, "")
	}
}

// TestTwice holds that one contact becomes one account, whoever is first.
func TestTwice(t *testing.T) {
	d := newDoor(t, storetest.OpenSQLite(t), nil)
	first, second := d.verified("wang@example.org"), d.verified("Wang@Example.org")
	d.accept(second).Want(201)
	d.accept(first).Refused(gatepost.Conflict, "login")
}

// TestAtOnce holds that a code that is used by several at the same moment makes
// one organisation.
func TestAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		d := newDoor(t, open(t), nil)
		token := d.begin("wang@example.org", nil).Want(202).String("token")
		code := d.newest().Secret
		replies := make([]functest.Reply, 6)
		var work sync.WaitGroup
		for i := range replies {
			work.Go(func() {
				if v := d.verify(token, code); v.Status != 204 {
					t.Errorf("verify: %d %s", v.Status, v.Text)
				}
				replies[i] = d.accept(token)
			})
		}
		work.Wait()
		made := 0
		for _, r := range replies {
			if r.Status == 201 {
				made++
			} else {
				r.Refused(gatepost.Conflict, "")
			}
		}
		list, err := d.store.Organisations(t.Context(), "", 10)
		if err != nil || made != 1 || len(list) != 1 {
			t.Errorf("%d were made, %d are there, %v; want one", made, len(list), err)
		}
	})
}

func TestRefusals(t *testing.T) {
	d := newDoor(t, storetest.OpenSQLite(t), nil)
	for field, wrong := range map[string][]any{
		"organisation": {"", "  ", strings.Repeat("店", 201), "店\n2", "\u202eemaN"},
		"name":         {"", strings.Repeat("名", 101), "a\x00b"},
		"contact":      {"", "nobody", "a@b", strings.Repeat("a", 300) + "@example.org"},
		"password":     {"", "1234567", strings.Repeat("p", 257)},
		"division":     {"", "99", "3301", strings.Repeat("3", 100)},
	} {
		for _, value := range wrong {
			d.begin("fine@example.org", m{field: value}).Refused(gatepost.Invalid, field)
		}
	}
	d.begin("fine@example.org", m{"role": "admin"}).Refused(gatepost.Invalid, "role")
	if list, err := d.store.Messages(t.Context(), "", "", "", 10); err != nil || len(list) != 0 {
		t.Errorf("%d messages %v for what was refused", len(list), err)
	}
	d.begin("fine@example.org", m{"name": "阿依古丽·买买提 O'Neil-Ñandú", "division": "330102001"}).Want(202)
}

// TestExpired holds that a code and a verified sign-up do not wait for ever, and
// are cleared away.
func TestExpired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		d := newDoor(t, s, nil)
		past := time.Now().Add(-25 * time.Hour)
		n := gatepost.Signup{ID: gatepost.NewID(), Contact: gatepost.Contact{Kind: gatepost.ContactEmail, Value: "late@example.org"}, Organisation: "x", Name: "x", PasswordHash: "-",
			SecretHash: gatepost.HashKey("late"), CodeHash: gatepost.HashKey("123456"), CreatedAt: past, ExpiresAt: past.Add(15 * time.Minute), VerifiedAt: &past}
		msg := gatepost.Message{ID: gatepost.NewID(), Purpose: gatepost.MessageSignup, To: n.Contact, About: n.ID, Secret: "123456", CreatedAt: past, ExpiresAt: n.ExpiresAt}
		if err := s.CreateSignup(t.Context(), n, msg); err != nil {
			t.Fatal(err)
		}
		d.verify("late", "123456").Refused(gatepost.Gone, "")
		d.accept("late").Refused(gatepost.Gone, "")
		if err := signup.New(signup.Options{Store: s}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.accept("late").Refused(gatepost.NotFound, "")
	})
}

// TestLimits holds that nobody is flooded with messages, and that an address does
// not begin without end.
func TestLimits(t *testing.T) {
	d := newDoor(t, storetest.OpenSQLite(t), nil)
	for range 3 {
		d.begin("wang@example.org", nil).Want(202)
	}
	if r := d.begin("wang@example.org", nil).Refused(gatepost.RateLimited, ""); r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for i := range 20 {
		if r := d.begin(string(rune('a'+i))+"@example.org", nil); r.Status != 202 {
			r.Refused(gatepost.RateLimited, "")
			return
		}
	}
	t.Error("twenty sign-ups from one address")
}

func TestClosed(t *testing.T) {
	d := newDoor(t, storetest.OpenSQLite(t), func(o *signup.Options) { o.Closed = true })
	if about := d.Do("", "GET", "/v1/signup", nil).Want(200); about.Body["open"] != false {
		t.Errorf("about: %.100s", about.Text)
	}
	d.begin("wang@example.org", nil).Refused(gatepost.Forbidden, "")
	d.verify("x", "123456").Refused(gatepost.Forbidden, "")
	d.accept("x").Refused(gatepost.Forbidden, "")
}
