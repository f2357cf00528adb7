package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/functions/organisation"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
	"github.com/gatepost-video/gatepost/internal/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plane is a control plane with signing in alone, over a real store.
type plane struct {
	t       *testing.T
	clock   atomic.Pointer[time.Time] // by which attempts are counted; nil: the real one
	store   *sqlstore.Store
	service *identity.Service
	issuer  *token.Issuer
	srv     *httptest.Server
	log     *bytes.Buffer
}

// now is the service's clock.
func (p *plane) now() time.Time {
	if at := p.clock.Load(); at != nil {
		return *at
	}
	return time.Now()
}

const adminPassword = "admin-password"

func newPlane(t *testing.T, store *sqlstore.Store) *plane {
	t.Helper()
	p := &plane{t: t, store: store, issuer: token.NewIssuer(store, token.IssuerOptions{}), log: &bytes.Buffer{}}
	logger := slog.New(slog.NewTextHandler(p.log, nil))
	p.service = identity.New(identity.Options{Store: store, Issuer: p.issuer, Logger: logger, Now: p.now})
	generated, err := p.service.EnsureAdmin(t.Context(), adminPassword)
	if generated != "" || err != nil {
		t.Fatalf("ensure admin: %q %v", generated, err)
	}
	authenticator := &auth.Authenticator{Tokens: token.NewVerifier(p.issuer, token.VerifierOptions{MaxAge: time.Nanosecond}), Keys: p.service, People: p.service}
	p.srv = httptest.NewServer(lambdahost.Handler(host.Options{Auth: authenticator, Logger: logger},
		p.service.Register, organisation.New(store).Register))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		p.srv.Close()
	})
	return p
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func (a answer) code() gatepost.Code {
	var p struct{ Code gatepost.Code }
	_ = json.Unmarshal(a.body, &p) // "" for what is no problem
	return p.Code
}

func (a answer) field() string {
	var p struct{ Field string }
	_ = json.Unmarshal(a.body, &p)
	return p.Field
}

// cookie returns the refresh cookie that an answer sets, "" for none.
func (a answer) cookie() string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "gatepost_refresh" {
			return c.Value
		}
	}
	return ""
}

func (p *plane) do(method, path, credential, cookie string, body any) answer {
	p.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.srv.URL+path, reader)
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "gatepost_refresh", Value: cookie})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: b}
}

type session struct {
	AccessToken string    `json:"access_token"`
	ExpiresAt   time.Time `json:"expires_at"`
	User        struct {
		ID, Login, Name, Role string
		Organisation          struct{ ID, Name, Kind string }
	}
}

func (p *plane) login(login, password string) (session, string) {
	p.t.Helper()
	a := p.do("POST", "/v1/session", "", "", map[string]string{"login": login, "password": password})
	if a.status != 200 {
		p.t.Fatalf("sign in as %s: %d %s", login, a.status, a.body)
	}
	var s session
	a.decode(p.t, &s)
	return s, a.cookie()
}

func TestSession(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		a := p.do("POST", "/v1/session", "", "", map[string]string{"login": " Admin ", "password": adminPassword})
		var s session
		a.decode(t, &s)
		if a.status != 200 || s.User.Login != "admin" || s.User.Role != "admin" || s.User.Organisation.Kind != "operator" ||
			time.Until(s.ExpiresAt) > 15*time.Minute || time.Until(s.ExpiresAt) < 14*time.Minute {
			t.Fatalf("%d %s", a.status, a.body)
		}
		set := a.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/v1/session", "Expires="} {
			if !strings.Contains(set, want) {
				t.Errorf("cookie %q lacks %s", set, want)
			}
		}
		if strings.Contains(set, "Secure") || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers: %v", a.header)
		}
		var me struct{ ID, Login string }
		p.do("GET", "/v1/me", s.AccessToken, "", nil).decode(t, &me)
		if me.ID != s.User.ID || me.Login != "admin" {
			t.Errorf("me: %+v", me)
		}

		first := a.cookie()
		second := p.do("POST", "/v1/session/refresh", "", first, nil)
		if second.status != 200 || second.cookie() == "" || second.cookie() == first {
			t.Fatalf("refresh: %d %s", second.status, second.body)
		}
		// Another tab refreshes with the same cookie at the same moment.
		tab := p.do("POST", "/v1/session/refresh", "", first, nil)
		if tab.status != 200 || tab.cookie() != "" {
			t.Errorf("the other tab: %d cookie %q", tab.status, tab.cookie())
		}
		third := p.do("POST", "/v1/session/refresh", "", second.cookie(), nil)
		if third.status != 200 {
			t.Fatalf("refresh again: %d %s", third.status, third.body)
		}
		// The first secret is two rotations old: somebody stole it.
		if a := p.do("POST", "/v1/session/refresh", "", first, nil); a.status != 401 {
			t.Errorf("replay: %d %s", a.status, a.body)
		}
		if a := p.do("POST", "/v1/session/refresh", "", third.cookie(), nil); a.status != 401 || a.code() != gatepost.Unauthenticated {
			t.Errorf("after a replay the session goes on: %d %s", a.status, a.body)
		}

		_, cookie := p.login("admin", adminPassword)
		out := p.do("DELETE", "/v1/session", "", cookie, nil)
		if out.status != 204 || !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("sign out: %d %v", out.status, out.header)
		}
		if a := p.do("POST", "/v1/session/refresh", "", cookie, nil); a.status != 401 {
			t.Errorf("refresh after signing out: %d", a.status)
		}
		for _, odd := range []string{"", "x", ".", gatepost.NewID(), gatepost.NewID() + ".x", strings.Repeat("a", 200)} {
			if a := p.do("POST", "/v1/session/refresh", "", odd, nil); a.status != 401 {
				t.Errorf("cookie %q: %d %s", odd, a.status, a.body)
			}
			if a := p.do("DELETE", "/v1/session", "", odd, nil); a.status != 204 {
				t.Errorf("sign out with %q: %d %s", odd, a.status, a.body)
			}
		}
		if strings.Contains(p.log.String(), cookie) || strings.Contains(p.log.String(), adminPassword) || strings.Contains(p.log.String(), s.AccessToken) {
			t.Errorf("the log holds a secret: %s", p.log)
		}
	})
}

// TestRefreshRace: of many refreshes with one cookie exactly one rotates, and
// none ends the session.
func TestRefreshRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		_, cookie := p.login("admin", adminPassword)
		answers := make([]answer, 8)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = p.do("POST", "/v1/session/refresh", "", cookie, nil) })
		}
		wg.Wait()
		rotated := ""
		for _, a := range answers {
			if a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			if c := a.cookie(); c != "" {
				if rotated != "" {
					t.Error("rotated twice")
				}
				rotated = c
			}
		}
		if a := p.do("POST", "/v1/session/refresh", "", rotated, nil); a.status != 200 {
			t.Errorf("the winner's cookie: %d %s", a.status, a.body)
		}
	})
}

func TestGuessing(t *testing.T) {
	p := newPlane(t, storetest.OpenSQLite(t))
	at := time.Now() // stands still, however long the attempts take
	p.clock.Store(&at)
	try := func(login, password string) answer {
		return p.do("POST", "/v1/session", "", "", map[string]string{"login": login, "password": password})
	}
	wrong, unknown := try("admin", "wrong"), try("nobody", "wrong")
	if wrong.status != 401 || unknown.status != 401 || !bytes.Equal(wrong.body, unknown.body) {
		t.Errorf("a wrong password and an unknown login differ:\n%s%s", wrong.body, unknown.body)
	}
	for range 8 {
		try("admin", "wrong")
	}
	if a := try("admin", adminPassword); a.status != 200 {
		t.Errorf("the tenth attempt, with the right password: %d %s", a.status, a.body)
	}
	try("admin", "wrong")
	a := try("admin", adminPassword)
	if a.status != 429 || a.code() != gatepost.RateLimited || a.header.Get("Retry-After") == "" {
		t.Errorf("after ten wrong ones: %d", a.status)
	}
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		t.Fatalf("Retry-After: %v", err)
	}
	later := at.Add(time.Duration(wait) * time.Second)
	p.clock.Store(&later)
	if a := try("admin", adminPassword); a.status != 200 {
		t.Errorf("when Retry-After was over: %d %s", a.status, a.body)
	}
	limited := false
	for range 60 { // one address, many logins
		if a := try(gatepost.NewSecret(16), "wrong"); a.status == 429 {
			limited = true
			break
		}
	}
	if !limited {
		t.Error("one address may try any number of logins")
	}
}

func TestAPIKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		s, _ := p.login("admin", adminPassword)
		var key struct{ ID, Name, Key string }
		a := p.do("POST", "/v1/api-keys", s.AccessToken, "", map[string]any{"name": "nightly export", "expires_at": time.Now().Add(time.Hour)})
		a.decode(t, &key)
		if a.status != 201 || !strings.HasPrefix(key.Key, "gpk_") || key.Name != "nightly export" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		var me struct{ ID string }
		p.do("GET", "/v1/me", key.Key, "", nil).decode(t, &me)
		if me.ID != s.User.ID {
			t.Errorf("me by key: %+v", me)
		}
		list := p.do("GET", "/v1/api-keys", key.Key, "", nil)
		if !bytes.Contains(list.body, []byte(key.ID)) || bytes.Contains(list.body, []byte(key.Key)) {
			t.Errorf("list: %s", list.body)
		}
		for body, field := range map[string]string{
			`{"name":" "}`: "name", `{"name":""}`: "name", `{}`: "name",
			`{"name":"a","expires_at":"2020-01-01T00:00:00Z"}`: "expires_at", `{"name":"a","expires_at":"soon"}`: "expires_at",
		} {
			if a := p.do("POST", "/v1/api-keys", s.AccessToken, "", json.RawMessage(body)); a.status != 422 || a.field() != field {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		if a := p.do("DELETE", "/v1/api-keys/"+key.ID, s.AccessToken, "", nil); a.status != 204 {
			t.Errorf("revoke: %d %s", a.status, a.body)
		}
		if a := p.do("DELETE", "/v1/api-keys/"+key.ID, s.AccessToken, "", nil); a.status != 404 {
			t.Errorf("revoke again: %d %s", a.status, a.body)
		}
		if _, err := p.service.KeySubject(t.Context(), key.Key); gatepost.CodeOf(err) != gatepost.Unauthenticated {
			t.Errorf("revoked: %v", err)
		}
		if a := p.do("GET", "/v1/me", "gpk_"+gatepost.NewSecret(20), "", nil); a.status != 401 {
			t.Errorf("unknown key: %d", a.status)
		}
	})
}

func TestUsersAndOrganisations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		p := newPlane(t, open(t))
		admin, _ := p.login("admin", adminPassword)
		var org struct{ ID string }
		a := p.do("POST", "/v1/organisations", admin.AccessToken, "", map[string]string{"name": "老王五金店", "kind": "business"})
		if a.decode(t, &org); a.status != 201 {
			t.Fatalf("organisation: %d %s", a.status, a.body)
		}
		user := func(change map[string]any) map[string]any {
			u := map[string]any{"login": "Wang.Wu", "name": "王五", "password": "五金店-2026", "organisation_id": org.ID, "role": "owner"}
			for k, v := range change {
				u[k] = v
			}
			return u
		}
		if a := p.do("POST", "/v1/users", admin.AccessToken, "", user(nil)); a.status != 201 || bytes.Contains(a.body, []byte("argon2")) {
			t.Fatalf("user: %d %s", a.status, a.body)
		}
		owner, _ := p.login("wang.wu", "五金店-2026")
		if owner.User.Organisation.ID != org.ID || owner.User.Role != "owner" {
			t.Errorf("owner: %+v", owner.User)
		}
		rows, err := p.store.LedgerRows(t.Context(), gatepost.LedgerFilter{Kind: gatepost.LedgerMember}, "", 10)
		if err != nil || len(rows) != 1 || !strings.Contains(rows[0].Detail, "join") || !strings.Contains(rows[0].Detail, owner.User.ID) {
			t.Errorf("ledger: %+v %v", rows, err)
		}

		for name, tt := range map[string]struct {
			change map[string]any
			status int
			field  string
		}{
			"login taken":          {nil, 409, "login"},
			"bad login":            {map[string]any{"login": "a b"}, 422, "login"},
			"short password":       {map[string]any{"login": "x1", "password": "1234567"}, 422, "password"},
			"unknown organisation": {map[string]any{"login": "x2", "organisation_id": gatepost.NewID()}, 422, "organisation_id"},
			"no organisation":      {map[string]any{"login": "x3", "organisation_id": "x"}, 422, "organisation_id"},
			"unknown role":         {map[string]any{"login": "x4", "role": "root"}, 422, "role"},
			"unknown field":        {map[string]any{"login": "x5", "disabled": false}, 422, "disabled"},
		} {
			if a := p.do("POST", "/v1/users", admin.AccessToken, "", user(tt.change)); a.status != tt.status || a.field() != tt.field {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		for body, field := range map[string]string{
			`{"name":" ","kind":"police"}`: "name", `{"name":"x","kind":"army"}`: "kind", `{"name":"x","kind":"police","division":"99"}`: "division",
		} {
			if a := p.do("POST", "/v1/organisations", admin.AccessToken, "", json.RawMessage(body)); a.status != 422 || a.field() != field {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}

		// An owner sees his own organisation and administers nothing.
		for _, path := range []string{"/v1/users", "/v1/organisations"} {
			if a := p.do("POST", path, owner.AccessToken, "", user(map[string]any{"login": "mine", "role": "admin"})); a.status != 403 && a.status != 422 {
				t.Errorf("POST %s by an owner: %d %s", path, a.status, a.body)
			}
		}
		if a := p.do("POST", "/v1/users", owner.AccessToken, "", user(map[string]any{"login": "mine", "role": "admin"})); a.status != 403 {
			t.Errorf("an owner makes an administrator: %d %s", a.status, a.body)
		}
		if a := p.do("GET", "/v1/users", owner.AccessToken, "", nil); a.status != 200 || bytes.Contains(a.body, []byte(`"admin"`)) {
			t.Errorf("an owner lists users of others: %d %s", a.status, a.body)
		}
		var list struct {
			Items []struct{ ID string }
			Next  string
		}
		p.do("GET", "/v1/organisations", owner.AccessToken, "", nil).decode(t, &list)
		if len(list.Items) != 1 || list.Items[0].ID != org.ID {
			t.Errorf("an owner's organisations: %+v", list)
		}

		p.do("GET", "/v1/users?limit=1", admin.AccessToken, "", nil).decode(t, &list)
		if len(list.Items) != 1 || list.Next == "" {
			t.Fatalf("first page: %+v", list)
		}
		next := list.Next
		list.Next = ""
		p.do("GET", "/v1/users?limit=1&after="+next, admin.AccessToken, "", nil).decode(t, &list)
		if len(list.Items) != 1 || list.Items[0].ID != owner.User.ID || list.Next != "" {
			t.Errorf("second page: %+v", list)
		}

		// Authorities see one another, and no shop.
		var police struct{ ID string }
		list.Items = nil
		p.do("POST", "/v1/organisations", admin.AccessToken, "", map[string]string{"name": "派出所", "kind": "police"}).decode(t, &police)
		if a := p.do("POST", "/v1/users", admin.AccessToken, "", user(map[string]any{"login": "officer", "organisation_id": police.ID, "role": "watcher"})); a.status != 201 {
			t.Fatalf("officer: %d %s", a.status, a.body)
		}
		officer, _ := p.login("officer", "五金店-2026")
		p.do("GET", "/v1/organisations", officer.AccessToken, "", nil).decode(t, &list)
		if len(list.Items) != 1 || list.Items[0].ID != police.ID {
			t.Errorf("an officer's organisations: %+v", list)
		}
	})
}

func TestEnsureAdmin(t *testing.T) {
	store := storetest.OpenSQLite(t)
	service := identity.New(identity.Options{Store: store, Issuer: token.NewIssuer(store, token.IssuerOptions{})})
	generated, err := service.EnsureAdmin(t.Context(), "")
	if err != nil || len(generated) < 20 {
		t.Fatalf("%q %v", generated, err)
	}
	for _, password := range []string{"", "another password"} {
		if again, err := service.EnsureAdmin(t.Context(), password); again != "" || err != nil {
			t.Errorf("again: %q %v", again, err)
		}
	}
	p := newPlane(t, store)
	p.login("admin", generated)
}

func TestRunAndJWKS(t *testing.T) {
	p := newPlane(t, storetest.OpenSQLite(t))
	keys := func() int {
		var set token.JWKS
		a := p.do("GET", "/.well-known/jwks.json", "", "", nil)
		if a.decode(t, &set); a.status != 200 || !strings.HasPrefix(a.header.Get("Cache-Control"), "public") {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for _, k := range set.Keys {
			if k.KeyType != "OKP" || k.Algorithm != "EdDSA" || bytes.Contains(a.body, []byte(`"d"`)) {
				t.Errorf("key: %+v", k)
			}
		}
		return len(set.Keys)
	}
	if n := keys(); n != 1 {
		t.Errorf("%d keys, want 1", n)
	}
	for range 2 {
		if err := p.service.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := keys(); n != 1 {
		t.Errorf("%d keys after two runs, want 1", n)
	}
}
