package contact_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/contact"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/courier"
	"github.com/gatepost-video/gatepost/internal/courier/couriertest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

const portal = "https://video.example.org"

// byMail is a function that sends e-mail to a server of the test's.
func byMail(t *testing.T, s *sqlstore.Store) (*contact.Function, *couriertest.Server) {
	t.Helper()
	server := couriertest.New(t, false)
	smtp, err := courier.NewSMTP(courier.SMTPOptions{Address: server.Address, User: couriertest.User, Password: couriertest.Password, From: "noreply@example.org", TLS: server.TLS})
	if err != nil {
		t.Fatal(err)
	}
	return contact.New(contact.Options{Store: s, Portal: portal, Carriers: map[gatepost.ContactKind]contact.Carrier{gatepost.ContactEmail: smtp}}), server
}

func run(t *testing.T, f *contact.Function) {
	t.Helper()
	if err := f.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// code is the first number of six digits in a text.
func code(t *testing.T, text string) string {
	t.Helper()
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) == 6 {
			return word
		}
	}
	t.Fatalf("no code in %q", text)
	return ""
}

func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestOwnContact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f, server := byMail(t, s)
		api := functest.New(t, f.Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		owner := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop)
		watcher := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleWatcher), shop)

		if got := api.Do(owner, "GET", "/v1/me/contact", nil).Want(200); got.Body["contact"] != "" || got.Body["mail"] != true {
			t.Errorf("before: %s", got.Text)
		}
		api.Do(owner, "PATCH", "/v1/me/contact", m{"notify": true}).Refused(gatepost.Conflict, "")
		api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": "123456"}).Refused(gatepost.NotFound, "")
		api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "王五"}).Refused(gatepost.Invalid, "contact")
		if got := api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "Wang@Example.org"}).Want(202); got.Body["sent"] != true {
			t.Errorf("asked: %s", got.Text)
		}
		waiting := api.Do(owner, "GET", "/v1/messages?state=waiting", nil).Want(200)
		if items := waiting.Items(); len(items) != 1 || items[0]["to"] != "w***@example.org" || items[0]["code"] != nil {
			t.Errorf("waiting: %s", waiting.Text)
		}
		for range 3 {
			run(t, f)
		}
		mails := server.Mails()
		if len(mails) != 1 || mails[0].To != "wang@example.org" {
			t.Fatalf("%d mails: %+v", len(mails), mails)
		}
		if strings.Contains(mails[0].Subject, code(t, mails[0].Text)) {
			t.Error("the subject, which a locked phone shows, holds the code")
		}
		right := code(t, mails[0].Text)
		api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": other(right)}).Refused(gatepost.Invalid, "code")
		api.Do(watcher, "POST", "/v1/me/contact/verify", m{"code": right}).Refused(gatepost.NotFound, "")
		if got := api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": right}).Want(200); got.String("contact") != "wang@example.org" || got.Body["notify"] != false {
			t.Errorf("verified: %s", got.Text)
		}
		api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": right}).Refused(gatepost.NotFound, "")
		sent := api.Do(owner, "GET", "/v1/messages?state=delivered", nil).Want(200).Items()
		if len(sent) != 1 || sent[0]["attempts"] != 1.0 || sent[0]["sent_at"] == nil {
			t.Errorf("sent: %v", sent)
		}
		api.Do(watcher, "GET", "/v1/messages", nil).Refused(gatepost.Forbidden, "")
		stranger := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindBusiness), gatepost.RoleOwner)
		if items := api.Do(stranger, "GET", "/v1/messages", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger's messages: %v", items)
		}
		rows, err := s.LedgerRows(t.Context(), gatepost.LedgerFilter{Owner: shop.ID, Kind: gatepost.LedgerNotification}, "", 10)
		if err != nil || len(rows) != 1 || !strings.Contains(rows[0].Detail, "w***@example.org") || strings.Contains(rows[0].Detail, right) {
			t.Errorf("ledger: %+v %v", rows, err)
		}
	})
}

// TestTooManyCodes holds that a code is not guessed by trying, and that the next
// one is another.
func TestTooManyCodes(t *testing.T) {
	s := storetest.OpenSQLite(t)
	f, server := byMail(t, s)
	api := functest.New(t, f.Register)
	shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	owner := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop)
	api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "wang@example.org"}).Want(202)
	run(t, f)
	right := code(t, server.Mails()[0].Text)
	for range gatepost.MaxCodeAttempts {
		api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": other(right)}).Refused(gatepost.Invalid, "code")
	}
	api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": right}).Refused(gatepost.Gone, "")
	api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "wang@example.org"}).Want(202)
	run(t, f)
	api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": code(t, server.Mails()[1].Text)}).Want(200)
	for {
		if r := api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "wang@example.org"}); r.Status != 202 {
			r.Refused(gatepost.RateLimited, "")
			if r.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
	}
}

// TestByHand holds that without a mail server an administrator, and nobody else,
// sees the code that he passes on, until it is used.
func TestByHand(t *testing.T) {
	s := storetest.OpenSQLite(t)
	f := contact.New(contact.Options{Store: s, Portal: portal})
	api := functest.New(t, f.Register)
	shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	owner := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop)
	admin := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindOperator), gatepost.RoleAdmin)
	if got := api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "138 1234 5678"}).Want(202); got.Body["sent"] != false {
		t.Errorf("asked: %s", got.Text)
	}
	run(t, f)
	if items := api.Do(owner, "GET", "/v1/messages", nil).Want(200).Items(); len(items) != 1 || items[0]["code"] != nil || items[0]["to"] != "138****5678" {
		t.Errorf("the owner sees %v", items)
	}
	items := api.Do(admin, "GET", "/v1/messages", nil).Want(200).Items()
	if len(items) != 1 || items[0]["to"] != "13812345678" || items[0]["by_hand"] != true {
		t.Fatalf("the administrator sees %v", items)
	}
	api.Do(owner, "POST", "/v1/me/contact/verify", m{"code": items[0]["code"]}).Want(200)
	if items := api.Do(admin, "GET", "/v1/messages", nil).Want(200).Items(); items[0]["code"] != nil || items[0]["state"] != "dead" {
		t.Errorf("after its use the administrator sees %v", items)
	}
	api.Do(owner, "PATCH", "/v1/me/contact", m{"notify": true}).Refused(gatepost.Conflict, "")
	api.Do(owner, "POST", "/v1/messages/"+gatepost.NewID()+"/retry", nil).Refused(gatepost.Forbidden, "")
}

// TestRetry holds that a mail server that is away is tried again, that what is given up is
// listed and can be sent once more, and that nothing is sent after its time.
func TestRetry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f, server := byMail(t, s)
		api := functest.New(t, f.Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		owner := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop)
		admin := api.SignIn(storetest.NewOrganisation(t, s, gatepost.KindOperator), gatepost.RoleAdmin)
		server.Refuse(true)
		api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "wang@example.org"}).Want(202)
		run(t, f)
		run(t, f) // not due yet
		waiting := api.Do(admin, "GET", "/v1/messages?state=waiting", nil).Want(200).Items()
		if len(waiting) != 1 || waiting[0]["attempts"] != 1.0 || waiting[0]["last_error"] != "recipient: it answered 450" || waiting[0]["next_at"] == nil || waiting[0]["code"] != nil {
			t.Fatalf("waiting: %v", waiting)
		}
		ways := []gatepost.ContactKind{gatepost.ContactEmail}
		due, err := s.DueMessages(t.Context(), ways, time.Now().Add(time.Minute), time.Minute, 10)
		if err != nil || len(due) != 1 || due[0].Secret == "" {
			t.Fatalf("due: %+v %v", due, err)
		}
		due[0].State, due[0].Attempts = gatepost.DeliveryDead, 8
		if err := s.FinishMessage(t.Context(), due[0], nil); err != nil {
			t.Fatal(err)
		}
		server.Refuse(false)
		id := waiting[0]["id"].(string)
		api.Do(admin, "POST", "/v1/messages/"+id+"/retry", nil).Want(204)
		run(t, f)
		if got := server.Mails(); len(got) != 1 {
			t.Fatalf("%d mails, want the one that was tried again", len(got))
		}
		api.Do(admin, "POST", "/v1/messages/"+id+"/retry", nil).Refused(gatepost.NotFound, "")

		api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "late@example.org"}).Want(202)
		if err := s.ExpireMessages(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		run(t, f)
		if got := server.Mails(); len(got) != 1 {
			t.Errorf("%d mails, the last after its time", len(got))
		}
		list, err := s.Messages(t.Context(), "", gatepost.DeliveryDead, "", 10)
		if err != nil || len(list) != 1 || list[0].Secret != "" {
			t.Errorf("expired: %+v %v", list, err)
		}
	})
}

// TestNotification holds that those who want it, and nobody else, are written to
// about what their organisation is told.
func TestNotification(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f, server := byMail(t, s)
		api := functest.New(t, f.Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		verified := func(address string, role gatepost.Role) (token string, u gatepost.User) {
			u = storetest.NewUser(t, s, shop.ID, role)
			token = api.As(u, shop)
			api.Do(token, "PUT", "/v1/me/contact", m{"contact": address}).Want(202)
			run(t, f)
			mails := server.Mails()
			api.Do(token, "POST", "/v1/me/contact/verify", m{"code": code(t, mails[len(mails)-1].Text)}).Want(200)
			return token, u
		}
		wants, _ := verified("wants@example.org", gatepost.RoleOwner)
		verified("silent@example.org", gatepost.RoleSupervisor)
		gone, leaver := verified("gone@example.org", gatepost.RoleSupervisor)
		watcher, _ := verified("watcher@example.org", gatepost.RoleWatcher)
		for _, token := range []string{wants, gone} {
			if got := api.Do(token, "PATCH", "/v1/me/contact", m{"notify": true}).Want(200); got.Body["notify"] != true {
				t.Errorf("wanted: %s", got.Text)
			}
		}
		api.Do(watcher, "PATCH", "/v1/me/contact", m{"notify": true}).Refused(gatepost.Forbidden, "")
		err := s.UpdateUser(t.Context(), leaver.ID, time.Now(), func(u *gatepost.User) (gatepost.LedgerEntry, error) {
			u.Disabled = true
			return gatepost.LedgerEntry{Kind: gatepost.LedgerMember, Actor: "u"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		before := len(server.Mails())
		now := time.Now()
		asker := storetest.NewOrganisation(t, s, gatepost.KindDepartment)
		g := gatepost.CrossGrant{ID: gatepost.NewID(), Grantee: asker.ID, Holder: shop.ID, AskedBy: "u", AskedAt: now, Until: now.Add(time.Hour)}
		tell := gatepost.Notification{Organisation: shop.ID, Kind: gatepost.NotifyCrossGrant, Detail: map[string]string{"reason": "查找走失儿童"}}
		if err := s.CreateCrossGrant(t.Context(), g, tell, gatepost.LedgerEntry{Kind: gatepost.LedgerCrossGrant, Actor: "u"}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds it dispatched
			if _, err := s.Dispatch(t.Context(), now, true, 10); err != nil {
				t.Fatal(err)
			}
		}
		run(t, f)
		mails := server.Mails()[before:]
		if len(mails) != 1 || mails[0].To != "wants@example.org" || !strings.Contains(mails[0].Text, "查找走失儿童") || !strings.Contains(mails[0].Subject, "跨部门共享") || !strings.Contains(mails[0].Text, portal) {
			t.Errorf("mails: %+v", mails)
		}
		rows, err := s.LedgerRows(t.Context(), gatepost.LedgerFilter{Kind: gatepost.LedgerNotification}, "", 10)
		if err != nil || len(rows) != 4 { // the codes of the four who gave an address
			t.Errorf("the ledger, whose length is public, tells of %d messages and %v", len(rows), err)
		}
	})
}

// TestWithdrawnWhileTried holds that a try which fails late does not bring a
// message back that is of no use any more.
func TestWithdrawnWhileTried(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f, _ := byMail(t, s)
		api := functest.New(t, f.Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		owner := api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop)
		api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "first@example.org"}).Want(202)
		due, err := s.DueMessages(t.Context(), []gatepost.ContactKind{gatepost.ContactEmail}, time.Now(), time.Minute, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("due: %+v %v", due, err)
		}
		api.Do(owner, "PUT", "/v1/me/contact", m{"contact": "second@example.org"}).Want(202)
		due[0].Attempts, due[0].LastError = 1, "it answered 450"
		if err := s.FinishMessage(t.Context(), due[0], nil); err != nil {
			t.Fatal(err)
		}
		list, err := s.Messages(t.Context(), shop.ID, gatepost.DeliveryWaiting, "", 10)
		if err != nil || len(list) != 1 || list[0].To.Value != "second@example.org" {
			t.Errorf("waiting: %+v %v", list, err)
		}
	})
}

// TestCarrierIsAskedOnce holds that two processes do not send one message twice.
func TestCarrierIsAskedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		c := &counter{}
		carriers := map[gatepost.ContactKind]contact.Carrier{gatepost.ContactPhone: c}
		a, b := contact.New(contact.Options{Store: s, Carriers: carriers}), contact.New(contact.Options{Store: s, Carriers: carriers})
		api := functest.New(t, a.Register)
		shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		for range 5 {
			api.Do(api.As(storetest.NewUser(t, s, shop.ID, gatepost.RoleOwner), shop), "PUT", "/v1/me/contact", m{"contact": "13812345678"}).Want(202)
		}
		var work sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			work.Go(func() { errs[i] = []*contact.Function{a, b}[i%2].Run(t.Context()) })
		}
		work.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if c.sent != 5 || len(c.ids) != 5 {
			t.Errorf("%d sent, %d of them different; want 5", c.sent, len(c.ids))
		}
	})
}

// counter counts letters by their ids.
type counter struct {
	mu   sync.Mutex
	sent int
	ids  map[string]bool
}

func (c *counter) Send(_ context.Context, l courier.Letter) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[string]bool{}
	}
	c.sent++
	c.ids[l.ID] = true
	return nil
}
