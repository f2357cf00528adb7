package notification_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/notification"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

// receiver is a webhook's other end.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	posts  []post
}

type post struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts = append(r.posts, post{req.Header.Clone(), b})
		if r.status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) received() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]post(nil), r.posts...)
}

// tell stores a notification, as an incident would.
func tell(t *testing.T, s *sqlstore.Store, to gatepost.Organisation) {
	t.Helper()
	by := storetest.NewOrganisation(t, s, gatepost.KindPolice)
	now := time.Now().UTC()
	i := gatepost.Incident{ID: gatepost.NewID(), Kind: gatepost.IncidentEmergency, Name: "Fire", Reason: "smoke", Organisation: by.ID, Division: "33", CreatedBy: "u",
		CreatedAt: now, Start: now, End: now.Add(time.Hour), Levels: []string{"county"}, Area: gatepost.Area{Divisions: []string{"3301"}}}
	if err := s.CreateIncident(t.Context(), i, []gatepost.AreaPart{{Division: "3301"}}, 0, anyway, gatepost.LedgerEntry{Kind: gatepost.LedgerIncident, Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	err := s.TellIncident(t.Context(), i.ID, "started", []gatepost.Notification{{Organisation: to.ID, Kind: gatepost.NotifyIncidentStarted, Detail: map[string]string{"reason": "smoke"}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWebhook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := open(t)
		f := notification.New(notification.Options{Store: s, Private: true})
		api := functest.New(t, f.Register)
		shop, other := storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
		owner, watcher, stranger := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher), api.SignIn(other, gatepost.RoleOwner)
		there := newReceiver(t)
		made := api.Do(owner, "POST", "/v1/webhooks", m{"url": there.URL + "/hook?key=sesame"}).Want(201)
		secret := made.String("secret")
		if strings.Contains(made.Text, "sesame") || made.String("address") != there.URL {
			t.Errorf("made: %s", made.Text)
		}
		run := func() {
			t.Helper()
			if err := f.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		tell(t, s, shop)
		for range 3 {
			run()
		}
		posts := there.received()
		if len(posts) != 1 {
			t.Fatalf("%d posts, want one", len(posts))
		}
		var n struct {
			Kind           string
			OrganisationID string `json:"organisation_id"`
			Detail         map[string]string
		}
		if err := json.Unmarshal(posts[0].body, &n); err != nil || n.Kind != "incident_started" || n.OrganisationID != shop.ID || n.Detail["reason"] != "smoke" {
			t.Errorf("posted %s %v", posts[0].body, err)
		}
		h := posts[0].header
		if want := "v1=" + gatepost.SignPost(secret, h.Get("Gatepost-Timestamp"), posts[0].body); h.Get("Gatepost-Signature") != want || h.Get("Gatepost-Delivery") == "" {
			t.Errorf("signature %q, want %q", h.Get("Gatepost-Signature"), want)
		}
		if items := api.Do(owner, "GET", "/v1/deliveries?state=delivered", nil).Want(200).Items(); len(items) != 1 || items[0]["attempts"] != 1.0 {
			t.Errorf("deliveries: %v", items)
		}

		// A refusal is tried again, a redirect is one, and the end is the list of the dead.
		there.answer(http.StatusFound)
		tell(t, s, shop)
		run()
		waiting := api.Do(owner, "GET", "/v1/deliveries?state=waiting", nil).Want(200).Items()
		if len(waiting) != 1 || waiting[0]["last_error"] != "it answered 302" || waiting[0]["next_at"] == nil {
			t.Fatalf("waiting: %v", waiting)
		}
		run() // not due yet
		if got := len(there.received()); got != 2 {
			t.Errorf("%d posts, want two", got)
		}
		due, err := s.DueDeliveries(t.Context(), time.Now().Add(time.Hour), time.Minute, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("due: %v %v", due, err)
		}
		d := due[0]
		d.State, d.Attempts, d.LastError = gatepost.DeliveryDead, 8, "it answered 302"
		if err := s.FinishDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		dead := api.Do(owner, "GET", "/v1/deliveries?state=dead", nil).Want(200).Items()
		if len(dead) != 1 || dead[0]["id"] != d.ID {
			t.Fatalf("dead: %v", dead)
		}
		api.Do(stranger, "POST", "/v1/deliveries/"+d.ID+"/retry", nil).Refused(gatepost.NotFound, "")
		there.answer(http.StatusOK)
		api.Do(owner, "POST", "/v1/deliveries/"+d.ID+"/retry", nil).Want(204)
		run()
		if got := there.received(); len(got) != 3 || got[2].header.Get("Gatepost-Delivery") != got[1].header.Get("Gatepost-Delivery") {
			t.Errorf("%d posts, want a third of the same delivery", len(got))
		}

		if items := api.Do(owner, "GET", "/v1/notifications", nil).Want(200).Items(); len(items) != 2 {
			t.Errorf("notifications: %v", items)
		}
		api.Do(watcher, "GET", "/v1/notifications", nil).Refused(gatepost.Forbidden, "")
		if items := api.Do(stranger, "GET", "/v1/notifications", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("a stranger's notifications: %v", items)
		}
		api.Do(stranger, "DELETE", "/v1/webhooks/"+made.String("id"), nil).Refused(gatepost.NotFound, "")
		api.Do(owner, "DELETE", "/v1/webhooks/"+made.String("id"), nil).Want(204)
		tell(t, s, shop)
		run()
		if got := len(there.received()); got != 3 {
			t.Errorf("%d posts after the webhook was removed", got)
		}
	})
}

func TestPrivateAddresses(t *testing.T) {
	s := storetest.OpenSQLite(t)
	f := notification.New(notification.Options{Store: s})
	api := functest.New(t, f.Register)
	shop := storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	owner := api.SignIn(shop, gatepost.RoleOwner)
	for _, url := range []string{"http://example.org/", "ftp://example.org/", "https://user:word@example.org/", "https:///nowhere", "not a url at all"} {
		api.Do(owner, "POST", "/v1/webhooks", m{"url": url}).Refused(gatepost.Invalid, "url")
	}
	there := newReceiver(t)
	api.Do(owner, "POST", "/v1/webhooks", m{"url": strings.Replace(there.URL, "http://", "https://", 1)}).Want(201)
	tell(t, s, shop)
	if err := f.Run(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := there.received(); len(got) != 0 {
		t.Errorf("%d posts to a private address", len(got))
	}
	if items := api.Do(owner, "GET", "/v1/deliveries", nil).Want(200).Items(); len(items) != 1 || items[0]["last_error"] != "the address is not a public one" {
		t.Errorf("deliveries: %v", items)
	}
}

// anyway lets an incident be made whatever lies beside it.
func anyway([]gatepost.Incident) error { return nil }
