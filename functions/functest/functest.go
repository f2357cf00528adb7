// Package functest drives a function's operations in tests, behind the same
// middleware as in a host: strict JSON, problems, credentials.
package functest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// NodeKey is the key that gateways present.
const NodeKey = "node-key-of-the-test"

// API is operations that can be called.
type API struct {
	http.Handler
	t testing.TB

	mu       sync.Mutex
	subjects map[string]gatepost.Subject
}

// New registers operations. What they log goes to t.
func New(t testing.TB, register ...host.Register) *API {
	t.Helper()
	mux := http.NewServeMux()
	a := &API{Handler: mux, t: t, subjects: map[string]gatepost.Subject{}}
	api := humago.New(mux, host.Config(""))
	host.Use(api, host.Options{
		Auth:   &auth.Authenticator{Tokens: a, NodeKey: NodeKey},
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	for _, r := range register {
		r(api)
	}
	return a
}

// SignIn returns a bearer token of somebody new.
func (a *API) SignIn(organisation gatepost.Organisation, role gatepost.Role) string {
	id := gatepost.NewID()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subjects[id] = gatepost.Subject{UserID: id, Login: "login-" + id, Organisation: organisation.ID, Kind: organisation.Kind, Division: organisation.Division, Role: role}
	return id
}

// As returns a bearer token of a user who is in the database.
func (a *API) As(u gatepost.User, organisation gatepost.Organisation) string {
	account := gatepost.Account{User: u, Organisation: organisation}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subjects[u.ID] = account.Subject()
	return u.ID
}

// Subject implements auth.Tokens.
func (a *API) Subject(_ context.Context, token string) (gatepost.Subject, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.subjects[token]; ok {
		return s, nil
	}
	return gatepost.Subject{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "unknown token"}
}

// Reply is an answer.
type Reply struct {
	Status int
	Header http.Header
	Text   string         // the body
	Body   map[string]any // the body, when it is an object
	t      testing.TB
}

// Do calls an operation with a bearer token ("" for none) and a body: a string
// is sent as it is, nil is no body, anything else goes as JSON.
func (a *API) Do(token, method, path string, body any) Reply {
	a.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			a.t.Fatalf("encode request: %v", err)
		}
		text = string(b)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(a.t.Context()), method, path, strings.NewReader(text))
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	reply := Reply{Status: w.Code, Header: w.Header(), Text: w.Body.String(), t: a.t}
	if json.Valid(w.Body.Bytes()) {
		_ = json.Unmarshal(w.Body.Bytes(), &reply.Body) // a list stays text
	}
	return reply
}

// Want checks a status and fails the test at once when it is another.
func (r Reply) Want(status int) Reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d: %s", r.Status, status, r.Text)
	}
	return r
}

// Refused checks that the answer is a problem with a code, and with a field
// unless that is "".
func (r Reply) Refused(code gatepost.Code, field string) Reply {
	r.t.Helper()
	if r.Header.Get("Content-Type") != "application/problem+json" || r.Body["code"] != string(code) || r.Body["type"] != "urn:gatepost:problem:"+string(code) {
		r.t.Errorf("status %d with %s, want the problem %s: %s", r.Status, r.Header.Get("Content-Type"), code, r.Text)
	}
	if got, _ := r.Body["field"].(string); field != "" && got != field {
		r.t.Errorf("the problem is with %q, want %q: %s", got, field, r.Text)
	}
	if detail, _ := r.Body["detail"].(string); detail == "" {
		r.t.Errorf("a problem without a word on it: %s", r.Text)
	}
	return r
}

// String returns a string in the body at a path of names.
func (r Reply) String(path ...string) string {
	r.t.Helper()
	var v any = r.Body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, ok := v.(string)
	if !ok {
		r.t.Fatalf("no text at %v in %s", path, r.Text)
	}
	return s
}

// Items returns the items of a list.
func (r Reply) Items() []map[string]any {
	r.t.Helper()
	list, ok := r.Body["items"].([]any)
	if !ok {
		r.t.Fatalf("no items in %s", r.Text)
	}
	items := make([]map[string]any, len(list))
	for i, v := range list {
		items[i], _ = v.(map[string]any)
	}
	return items
}
