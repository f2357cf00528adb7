package fiberhost_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/fiberhost"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp's clock lives as long as the process, its cleaner of idle
		// workers for up to ten seconds after its server.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1.1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
	)
}

const secretCause = "pq: password=hunter2 at 10.0.0.1"

type thing struct {
	Name     string             `json:"name" minLength:"2" maxLength:"20"`
	Password string             `json:"password,omitempty" minLength:"8"`
	Size     int                `json:"size,omitempty" minimum:"1" maximum:"10"`
	Position *gatepost.Position `json:"position,omitempty"`
}

type thingInput struct{ Body thing }
type thingOutput struct{ Body thing }

// operations stand for the control plane's: one of each temper.
func operations(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "put", Method: http.MethodPost, Path: "/v1/things", Security: auth.Public},
		func(_ context.Context, in *thingInput) (*thingOutput, error) { return &thingOutput{Body: in.Body}, nil })
	huma.Register(api, huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/v1/things", Security: auth.Public},
		func(_ context.Context, in *struct{ host.Page }) (*struct{ Body host.List[string] }, error) {
			return &struct{ Body host.List[string] }{host.Paged([]string{"a", "b", "c"}, in.Limit,
				func(s string) string { return s }, func(s string) string { return s })}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "fail", Method: http.MethodGet, Path: "/v1/fail/{how}", Security: auth.Public},
		func(_ context.Context, in *struct {
			How string `path:"how"`
		}) (*struct{}, error) {
			switch in.How {
			case "panic":
				panic("a defect with " + secretCause)
			case "plain":
				return nil, errors.New(secretCause)
			case "retry":
				return nil, huma.ErrorWithHeaders(&gatepost.Error{Code: gatepost.RateLimited, Message: "slowly"}, http.Header{"Retry-After": {"7"}})
			}
			return nil, fmt.Errorf("wrapped: %w", &gatepost.Error{Code: gatepost.Code(in.How), Message: "it says so", Field: "how", Err: errors.New(secretCause)})
		})
	huma.Register(api, huma.Operation{OperationID: "secret", Method: http.MethodGet, Path: "/v1/secret"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body gatepost.Subject }, error) {
			s, err := auth.Admin(ctx)
			return &struct{ Body gatepost.Subject }{s}, err
		})
	huma.Register(api, huma.Operation{OperationID: "node", Method: http.MethodPost, Path: "/v1/node/sync", Security: auth.Node},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	huma.Register(api, huma.Operation{OperationID: "remote", Method: http.MethodGet, Path: "/v1/remote", Security: auth.Public},
		func(ctx context.Context, _ *struct{}) (*struct{ Body string }, error) {
			return &struct{ Body string }{host.Remote(ctx).String()}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "segment", Method: http.MethodGet, Path: "/v1/playback/{token}/{recording}.mp4", Security: auth.Public},
		func(_ context.Context, in *struct {
			Token     string `path:"token"`
			Recording string `path:"recording"`
		}) (*struct{ Body string }, error) {
			return &struct{ Body string }{in.Token + "|" + in.Recording}, nil
		})
}

type tokens struct{}

func (tokens) Subject(_ context.Context, raw string) (gatepost.Subject, error) {
	switch raw {
	case "admin":
		return gatepost.Subject{UserID: "1", Role: gatepost.RoleAdmin}, nil
	case "owner":
		return gatepost.Subject{UserID: "2", Role: gatepost.RoleOwner}, nil
	}
	return gatepost.Subject{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "the token has expired"}
}

// logBuffer collects log lines from several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type server struct {
	url  string
	addr string
	log  *logBuffer
}

// start serves a host on a real listener until the test ends.
func start(t *testing.T, opts fiberhost.Options) server {
	t.Helper()
	log := &logBuffer{}
	opts.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Auth = &auth.Authenticator{Tokens: tokens{}, NodeKey: "node-key"}
	opts.Register = []host.Register{operations}
	h, err := fiberhost.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, listener, nil) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the host did not stop")
		}
	})
	return server{url: "http://" + listener.Addr().String(), addr: listener.Addr().String(), log: log}
}

var portalFiles = fstest.MapFS{
	"index.html":          {Data: []byte("<!doctype html><title>Gatepost</title>")},
	"assets/app-1234.js":  {Data: []byte(strings.Repeat("console.log('gatepost');\n", 200))},
	"assets/app-1234.css": {Data: []byte("body{}")},
	"favicon.svg":         {Data: []byte("<svg/>")},
}

func do(t *testing.T, method, url, body string, header ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}

// wantProblem fails the test unless the answer is the problem that it should be.
func wantProblem(t *testing.T, resp *http.Response, body []byte, status int, code gatepost.Code) problem.Problem {
	t.Helper()
	var p problem.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("status %d, not a problem: %v: %.200s", resp.StatusCode, err, body)
	}
	if resp.StatusCode != status || p.Status != status || p.Code != code ||
		p.Type != problem.URN+string(code) || p.Title == "" || p.Detail == "" ||
		resp.Header.Get("Content-Type") != problem.ContentType {
		t.Errorf("got %d %s %+v, want %d %s", resp.StatusCode, resp.Header.Get("Content-Type"), p, status, code)
	}
	if bytes.Contains(body, []byte("hunter2")) {
		t.Errorf("the answer holds the cause: %s", body)
	}
	return p
}

func TestProblems(t *testing.T) {
	s := start(t, fiberhost.Options{Portal: portalFiles})
	tests := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     gatepost.Code
		field                    string
	}{
		{"malformed JSON", "POST", "/v1/things", `{"name":`, nil, 400, gatepost.Invalid, ""},
		{"not JSON at all", "POST", "/v1/things", `name=x`, nil, 400, gatepost.Invalid, ""},
		{"two documents", "POST", "/v1/things", `{"name":"ab"}{}`, nil, 400, gatepost.Invalid, ""},
		{"no body", "POST", "/v1/things", ``, nil, 400, gatepost.Invalid, ""},
		{"a list", "POST", "/v1/things", `[]`, nil, 422, gatepost.Invalid, ""},
		{"null", "POST", "/v1/things", `null`, nil, 422, gatepost.Invalid, ""},
		{"unknown field", "POST", "/v1/things", `{"name":"ab","admin":true}`, nil, 422, gatepost.Invalid, "admin"},
		{"field in other case", "POST", "/v1/things", `{"Name":"ab"}`, nil, 422, gatepost.Invalid, ""},
		{"missing field", "POST", "/v1/things", `{"size":3}`, nil, 422, gatepost.Invalid, "name"},
		{"wrong type", "POST", "/v1/things", `{"name":"ab","size":"3"}`, nil, 422, gatepost.Invalid, "size"},
		{"out of range", "POST", "/v1/things", `{"name":"ab","size":11}`, nil, 422, gatepost.Invalid, "size"},
		{"a number beyond any type", "POST", "/v1/things", `{"name":"ab","size":1e999}`, nil, 400, gatepost.Invalid, ""},
		{"nested unknown field", "POST", "/v1/things", `{"name":"ab","position":{"longitude":1,"latitude":2,"z":3}}`, nil, 422, gatepost.Invalid, "position.z"},
		{"nested missing field", "POST", "/v1/things", `{"name":"ab","position":{"longitude":1}}`, nil, 422, gatepost.Invalid, "position.latitude"},
		{"deeply nested", "POST", "/v1/things", strings.Repeat("[", 20_000), nil, 400, gatepost.Invalid, ""},
		{"wrong content type", "POST", "/v1/things", `<name/>`, []string{"Content-Type", "application/xml"}, 415, gatepost.Invalid, ""},
		{"form", "POST", "/v1/things", `name=ab`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, gatepost.Invalid, ""},
		{"odd content type", "POST", "/v1/things", `{}`, []string{"Content-Type", "a;b+c"}, 415, gatepost.Invalid, ""},
		{"oversized", "POST", "/v1/things", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, gatepost.TooLarge, ""},
		{"oversized header", "GET", "/v1/things", ``, []string{"Authorization", strings.Repeat("x", 40<<10)}, 431, gatepost.TooLarge, ""},
		{"unknown parameter", "GET", "/v1/things?limitt=3", ``, nil, 422, gatepost.Invalid, "limitt"},
		{"parameter out of range", "GET", "/v1/things?limit=1000", ``, nil, 422, gatepost.Invalid, "limit"},
		{"parameter of wrong type", "GET", "/v1/things?limit=many", ``, nil, 422, gatepost.Invalid, "limit"},
		{"broken escape in query", "GET", "/v1/things?after=%zz", ``, nil, 200, "", ""},
		{"method not allowed", "DELETE", "/v1/things", ``, nil, 405, gatepost.Invalid, ""},
		{"unknown method", "BREW", "/v1/things", ``, nil, 405, gatepost.Invalid, ""},
		{"unknown path", "GET", "/v1/nothing", ``, nil, 404, gatepost.NotFound, ""},
		{"unknown path, POST", "POST", "/v1/nothing", `{}`, nil, 404, gatepost.NotFound, ""},
		{"POST to the portal", "POST", "/cameras", `{}`, nil, 404, gatepost.NotFound, ""},
		{"no file of that name", "GET", "/assets/other.js", ``, nil, 404, gatepost.NotFound, ""},
		{"no metrics", "GET", "/metrics", ``, nil, 404, gatepost.NotFound, ""},

		{"invalid", "GET", "/v1/fail/invalid", ``, nil, 422, gatepost.Invalid, "how"},
		{"unauthenticated", "GET", "/v1/fail/unauthenticated", ``, nil, 401, gatepost.Unauthenticated, "how"},
		{"forbidden", "GET", "/v1/fail/forbidden", ``, nil, 403, gatepost.Forbidden, "how"},
		{"not found", "GET", "/v1/fail/not_found", ``, nil, 404, gatepost.NotFound, "how"},
		{"conflict", "GET", "/v1/fail/conflict", ``, nil, 409, gatepost.Conflict, "how"},
		{"gone", "GET", "/v1/fail/gone", ``, nil, 410, gatepost.Gone, "how"},
		{"too large", "GET", "/v1/fail/too_large", ``, nil, 413, gatepost.TooLarge, "how"},
		{"rate limited", "GET", "/v1/fail/rate_limited", ``, nil, 429, gatepost.RateLimited, "how"},
		{"unavailable", "GET", "/v1/fail/unavailable", ``, nil, 503, gatepost.Unavailable, "how"},
		{"internal", "GET", "/v1/fail/internal", ``, nil, 500, gatepost.Internal, "how"},
		{"a code that there is not", "GET", "/v1/fail/teapot", ``, nil, 500, gatepost.Internal, "how"},
		{"plain error", "GET", "/v1/fail/plain", ``, nil, 500, gatepost.Internal, ""},
		{"panic", "GET", "/v1/fail/panic", ``, nil, 500, gatepost.Internal, ""},

		{"no credential", "GET", "/v1/secret", ``, nil, 401, gatepost.Unauthenticated, ""},
		{"other scheme", "GET", "/v1/secret", ``, []string{"Authorization", "Basic YWRtaW46YWRtaW4="}, 401, gatepost.Unauthenticated, ""},
		{"empty bearer", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer "}, 401, gatepost.Unauthenticated, ""},
		{"bad token", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer x.y.z"}, 401, gatepost.Unauthenticated, ""},
		{"API key where there are none", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer gpk_abc"}, 401, gatepost.Unauthenticated, ""},
		{"long credential", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer " + strings.Repeat("x", 9<<10)}, 401, gatepost.Unauthenticated, ""},
		{"not an administrator", "GET", "/v1/secret", ``, []string{"Authorization", "bearer owner"}, 403, gatepost.Forbidden, ""},
		{"administrator", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer admin"}, 200, "", ""},
		{"person at the node's door", "POST", "/v1/node/sync", ``, []string{"Authorization", "Bearer admin"}, 401, gatepost.Unauthenticated, ""},
		{"node key at a person's door", "GET", "/v1/secret", ``, []string{"Authorization", "Bearer node-key"}, 401, gatepost.Unauthenticated, ""},
		{"node", "POST", "/v1/node/sync", ``, []string{"Authorization", "Bearer node-key"}, 204, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := do(t, tt.method, s.url+tt.path, tt.body, tt.header...)
			if tt.code == "" {
				if resp.StatusCode != tt.status {
					t.Errorf("got %d %s, want %d", resp.StatusCode, body, tt.status)
				}
				return
			}
			p := wantProblem(t, resp, body, tt.status, tt.code)
			if tt.field != "" && p.Field != tt.field {
				t.Errorf("field %q, want %q (%s)", p.Field, tt.field, p.Detail)
			}
			if tt.status == 401 && strings.HasPrefix(tt.path, "/v1/secret") && resp.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
			if tt.status == 405 && resp.Header.Get("Allow") == "" {
				t.Error("no Allow")
			}
		})
	}

	log := s.log.String()
	for _, cause := range []string{secretCause, "panic"} {
		if !strings.Contains(log, cause) {
			t.Errorf("the log does not say %q", cause)
		}
	}
	if n := strings.Count(log, "request failed"); n != 3 {
		t.Errorf("%d internal errors logged, want each of 3 once", n)
	}
}

func TestValuesAreNotEchoed(t *testing.T) {
	s := start(t, fiberhost.Options{})
	_, body := do(t, "POST", s.url+"/v1/things", `{"name":"ab","password":"hunter2"}`)
	if !bytes.Contains(body, []byte("password")) || bytes.Contains(body, []byte("hunter2")) {
		t.Errorf("want the field without its value: %s", body)
	}
}

func TestRetryAfter(t *testing.T) {
	s := start(t, fiberhost.Options{})
	resp, body := do(t, "GET", s.url+"/v1/fail/retry", "")
	wantProblem(t, resp, body, 429, gatepost.RateLimited)
	if got := resp.Header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After %q, want 7", got)
	}
}

// TestRawRequests sends what no client library would.
func TestRawRequests(t *testing.T) {
	s := start(t, fiberhost.Options{Portal: portalFiles})
	tests := []struct {
		name, request string
		status        []int
	}{
		{"dots", "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"dots below assets", "GET /assets/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"encoded dots", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"twice encoded dots", "GET /%252e%252e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"encoded slash", "GET /assets%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"backslash", "GET /..\\..\\etc\\passwd HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"NUL", "GET /index.html%00.js HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"broken escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}},
		{"broken escape in the API", "GET /v1/fail/%zz HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}},
		{"broken escape with parameters", "GET /v1/things%?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}},
		{"two slashes", "GET //v1/things HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"no path", "GET v1/things HTTP/1.1\r\nHost: a\r\n\r\n", []int{400, 404}},
		{"garbage", "\x16\x03\x01\x00\x00\r\n\r\n", []int{400}},
		{"bad length", "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n{}", []int{400}},
		{"huge length", "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{}", []int{413}},
		{"bad chunk", "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", []int{400}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, tt.request); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			for _, status := range tt.status {
				if resp.StatusCode == status {
					wantProblem(t, resp, body, status, map[int]gatepost.Code{400: gatepost.Invalid, 404: gatepost.NotFound, 413: gatepost.TooLarge}[status])
					return
				}
			}
			t.Errorf("status %d, want one of %v: %s", resp.StatusCode, tt.status, body)
		})
	}
}

func TestPortal(t *testing.T) {
	s := start(t, fiberhost.Options{Portal: portalFiles, Origins: []string{"http://{host}:8081", "https://objects.example.org"}})
	index := string(portalFiles["index.html"].Data)
	for _, path := range []string{"/", "/index.html", "/cameras", "/cameras/0190", "/s/aa.bb.cc"} {
		resp, body := do(t, "GET", s.url+path, "")
		csp := resp.Header.Get("Content-Security-Policy")
		if resp.StatusCode != 200 || string(body) != index || resp.Header.Get("Cache-Control") != "no-cache" ||
			!strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v %s", path, resp.StatusCode, resp.Header, body)
		}
		for _, want := range []string{"connect-src 'self' blob: http://127.0.0.1:8081 https://objects.example.org;", "default-src 'none'", "worker-src 'self' blob:"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe-eval") || resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}

	script := s.url + "/assets/app-1234.js"
	resp, body := do(t, "GET", script, "", "Accept-Encoding", "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") ||
		!strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") || resp.Header.Get("Vary") == "" {
		t.Errorf("script: %v", resp.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, portalFiles["assets/app-1234.js"].Data) {
		t.Errorf("unzipped: %v", err)
	}
	if resp, _ := do(t, "GET", script, "", "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("with its ETag: %d, want 304", resp.StatusCode)
	}
	if resp, body := do(t, "HEAD", script, ""); resp.StatusCode != 200 || len(body) != 0 {
		t.Errorf("HEAD: %d %d bytes", resp.StatusCode, len(body))
	}
	// A Host header cannot write into the policy.
	req, _ := http.NewRequest("GET", s.url+"/", nil)
	req.Host = "evil.example;script-src*"
	if resp, err := http.DefaultClient.Do(req); err == nil {
		defer resp.Body.Close()
		if csp := resp.Header.Get("Content-Security-Policy"); strings.Contains(csp, "evil") {
			t.Errorf("policy: %s", csp)
		}
	}
}

func TestEmbed(t *testing.T) {
	files := maps.Clone(portalFiles)
	files["embed.html"] = &fstest.MapFile{Data: []byte("<!doctype html><title>embedded</title>")}
	embeds := func(_ context.Context, id string) ([]string, error) {
		switch id {
		case "open":
			return []string{"https://a.example", "http://b.example:8080"}, nil
		case "away":
			return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "the database is away"}
		}
		return nil, nil
	}
	s := start(t, fiberhost.Options{Portal: files, Embeds: embeds})
	for path, want := range map[string]string{
		"/embed/open": "https://a.example http://b.example:8080", "/embed/closed": "'none'", "/embed/": "'none'", "/embed.html": "'none'", "/": "'none'",
	} {
		resp, body := do(t, "GET", s.url+path, "")
		csp := resp.Header.Get("Content-Security-Policy")
		if resp.StatusCode != 200 || !strings.HasSuffix(csp, "frame-ancestors "+want) || strings.Contains(string(body), "embedded") != (path != "/") {
			t.Errorf("%s: %d %q %s", path, resp.StatusCode, csp, body)
		}
	}
	if resp, body := do(t, "GET", s.url+"/embed/away", ""); resp.StatusCode != 503 {
		t.Errorf("without a database: %d %s", resp.StatusCode, body)
	}
	// A build without the page shows no other in its place.
	if resp, body := do(t, "GET", start(t, fiberhost.Options{Portal: portalFiles, Embeds: embeds}).url+"/embed/open", ""); resp.StatusCode != 404 {
		t.Errorf("unbuilt: %d %s", resp.StatusCode, body)
	}
}

func TestCrossOrigin(t *testing.T) {
	s := start(t, fiberhost.Options{})
	for path, open := range map[string]bool{
		"/v1/playback/a.b.c/0190.mp4": true, "/v1/shares/open": true, "/v1/shares/renew": true, "/.well-known/jwks.json": true, "/v1/evidence-keys": true, "/v1/ledger/key": true, "/v1/ledger/consistency": true, "/v1/ledger": false, "/v1/evidence": false,
		"/v1/shares/opened": false, "/v1/things": false, "/v1/secret": false, "/healthz": false,
	} {
		for _, method := range []string{"GET", "OPTIONS"} {
			resp, _ := do(t, method, s.url+path, "", "Origin", "https://player.example", "Access-Control-Request-Method", "GET")
			if got := resp.Header.Get("Access-Control-Allow-Origin") == "*"; got != open || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s: open %v, want %v", method, path, got, open)
			}
		}
	}
	resp, body := do(t, "GET", s.url+"/v1/playback/a.b.c/0190.mp4?_=1", "")
	if resp.StatusCode != 200 || strings.TrimSpace(string(body)) != `"a.b.c|0190"` {
		t.Errorf("segment: %d %s", resp.StatusCode, body)
	}
}

func TestDocumentHealthAndLog(t *testing.T) {
	var ready error
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up 1") })
	s := start(t, fiberhost.Options{Portal: portalFiles, Metrics: metrics, Ready: func(context.Context) error { return ready }})

	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "up 1"} {
		if resp, body := do(t, "GET", s.url+path, ""); resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	ready = &gatepost.Error{Code: gatepost.Unavailable, Message: "the database does not answer"}
	resp, body := do(t, "GET", s.url+"/readyz", "")
	wantProblem(t, resp, body, 503, gatepost.Unavailable)

	resp, body = do(t, "GET", s.url+"/openapi.json", "")
	want, err := host.OpenAPI("", operations)
	if err != nil || resp.StatusCode != 200 || !bytes.Equal(body, want) {
		t.Errorf("the served document is not the one that is generated: %d %v", resp.StatusCode, err)
	}
	var doc struct {
		OpenAPI  string
		Security []map[string][]string
		Paths    map[string]map[string]struct {
			Security  *[]map[string][]string
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	if public := doc.Paths["/v1/things"]["post"].Security; public == nil || len(*public) != 0 {
		t.Errorf("a public operation demands %v", public)
	}
	if own := doc.Paths["/v1/secret"]["get"].Security; own != nil || len(doc.Security) != 1 {
		t.Errorf("an operation without security has %v, the document %v", own, doc.Security)
	}

	do(t, "GET", s.url+"/s/SECRET.TOKEN", "")
	do(t, "GET", s.url+"/v1/playback/SECRET.TOKEN/0190.mp4?q=SECRET", "")
	resp, _ = do(t, "GET", s.url+"/v1/things", "", "X-Request-Id", "abc-1")
	if resp.Header.Get("X-Request-Id") != "abc-1" {
		t.Error("the client's request id is not kept")
	}
	resp, _ = do(t, "GET", s.url+"/v1/things", "", "X-Request-Id", "a b\"c")
	if id := resp.Header.Get("X-Request-Id"); !gatepost.ValidID(id) {
		t.Errorf("request id %q", id)
	}
	log := s.log.String()
	if strings.Contains(log, "SECRET") || !strings.Contains(log, "/v1/playback/…/0190.mp4") || !strings.Contains(log, "/s/…") {
		t.Errorf("paths are not masked:\n%s", log)
	}
}

// TestStop: over TLS, a request that is under way when the host is told to stop
// is answered, and the next is not.
func TestStop(t *testing.T) {
	certificates := httptest.NewTLSServer(http.NotFoundHandler())
	defer certificates.Close()
	entered, release := make(chan struct{}), make(chan struct{})
	h, err := fiberhost.New(fiberhost.Options{Ready: func(context.Context) error {
		close(entered)
		<-release
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served, answered := make(chan error, 1), make(chan int, 1)
	go func() {
		served <- h.Serve(ctx, listener, &tls.Config{Certificates: certificates.TLS.Certificates, MinVersion: tls.VersionTLS12})
	}()
	client := certificates.Client()
	url := "https://" + listener.Addr().String() + "/readyz"
	go func() {
		resp, err := client.Get(url)
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-entered
	cancel()
	for { // until the listener is closed
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case err := <-served:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	close(release)
	if status := <-answered; status != 200 {
		t.Errorf("the request under way: %d", status)
	}
	client.CloseIdleConnections()
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// TestBrokenListener: a listener that fails ends Serve with an error that names it.
func TestBrokenListener(t *testing.T) {
	h, err := fiberhost.New(fiberhost.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken := brokenListener{listener}
	if err := h.Serve(t.Context(), broken, nil); err == nil || !strings.Contains(err.Error(), listener.Addr().String()) {
		t.Errorf("got %v", err)
	}
}

type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("too many open files") }
