package lambdahost_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

func operations(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "playlist", Method: http.MethodGet, Path: "/v1/playback/{token}/index.m3u8", Security: auth.Public},
		func(context.Context, *struct{}) (*struct{ Body string }, error) {
			return &struct{ Body string }{"playlist"}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "segment", Method: http.MethodGet, Path: "/v1/playback/{token}/{recording}.mp4", Security: auth.Public},
		func(ctx context.Context, in *struct {
			Recording string `path:"recording"`
		}) (*struct{ Body string }, error) {
			return &struct{ Body string }{in.Recording + " for " + host.Remote(ctx).String()}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "private", Method: http.MethodGet, Path: "/v1/private"},
		func(context.Context, *struct{}) (*struct{}, error) { panic("never reached") })
}

func TestHandler(t *testing.T) {
	srv := httptest.NewServer(lambdahost.Handler(host.Options{}, operations))
	defer srv.Close()
	tests := []struct {
		method, path string
		status       int
		want         string // in the body, or the problem's code
	}{
		{"GET", "/v1/playback/a.b.c/index.m3u8", 200, "playlist"},
		{"GET", "/v1/playback/a.b.c/0190.mp4", 200, "0190 for 127.0.0.1"},
		{"GET", "/v1/playback/a.b.c/0190.mkv", 404, "not_found"},
		{"GET", "/v1/playback/a.b.c/.mp4", 404, "not_found"},
		{"OPTIONS", "/v1/playback/a.b.c/0190.mp4", 204, ""},
		{"OPTIONS", "/v1/private", 405, "invalid"},
		{"GET", "/v1/private", 401, "unauthenticated"},
		{"POST", "/v1/private", 405, "invalid"},
		{"GET", "/", 404, "not_found"},
		{"GET", "/../x", 404, "not_found"},
	}
	for _, tt := range tests {
		req, err := http.NewRequest(tt.method, srv.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s %s: %d %s %v, want %d %s", tt.method, tt.path, resp.StatusCode, body, err, tt.status, tt.want)
		}
		// Players on other origins are let in to what is for them, also when it fails.
		if open := resp.Header.Get("Access-Control-Allow-Origin") == "*"; open != strings.HasPrefix(tt.path, "/v1/playback/") {
			t.Errorf("%s %s: open to other origins: %t", tt.method, tt.path, open)
		}
		if tt.status < 400 {
			continue
		}
		var p problem.Problem
		if err := json.Unmarshal(body, &p); err != nil || resp.Header.Get("Content-Type") != problem.ContentType {
			t.Errorf("%s %s: not a problem: %v %s", tt.method, tt.path, err, body)
		}
		if tt.status == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", tt.method, tt.path)
		}
	}
}

// TestFunctionURL goes through the event that Lambda delivers.
func TestFunctionURL(t *testing.T) {
	invoke := lambdahost.Invoker(lambdahost.Handler(host.Options{}, operations), func(_ context.Context, task string) error {
		t.Errorf("a request is no task: %q", task)
		return nil
	})
	event := &events.LambdaFunctionURLRequest{RawPath: "/v1/playback/a.b.c/0190.mp4"}
	event.RequestContext.DomainName = "abc.lambda-url.eu-west-1.on.aws"
	event.RequestContext.HTTP.Method = http.MethodGet
	event.RequestContext.HTTP.SourceIP = "203.0.113.9"
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := invoke(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	resp, ok := answer.(*events.LambdaFunctionURLStreamingResponse)
	if !ok {
		t.Fatalf("%T", answer)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), "0190 for 203.0.113.9") {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	// As the runtime calls it: what is streamed begins with status and header.
	streamed, err := lambda.NewHandler(invoke).Invoke(t.Context(), raw)
	if err != nil || !strings.HasPrefix(string(streamed), `{"statusCode":200`) || !strings.HasSuffix(string(streamed), `"0190 for 203.0.113.9"`+"\n") {
		t.Errorf("%q %v", streamed, err)
	}
}

func TestTaskEvent(t *testing.T) {
	failed := errors.New("the database is away")
	done := []string{}
	invoke := lambda.NewHandler(lambdahost.Invoker(lambdahost.Handler(host.Options{}, operations), func(_ context.Context, task string) error {
		if done = append(done, task); task == "ledger" {
			return failed
		}
		return nil
	}))
	if _, err := invoke.Invoke(t.Context(), []byte(`{"task":"retention"}`)); err != nil {
		t.Error(err)
	}
	if _, err := invoke.Invoke(t.Context(), []byte(`{"task":"ledger"}`)); !errors.Is(err, failed) {
		t.Errorf("%v: the platform must hear of it, to try again", err)
	}
	if _, err := invoke.Invoke(t.Context(), []byte(`{"task":7}`)); err == nil {
		t.Error("a task that is a number")
	}
	if !slices.Equal(done, []string{"retention", "ledger"}) {
		t.Errorf("done: %q", done)
	}
}

func TestCheckDatabase(t *testing.T) {
	for url, ok := range map[string]bool{
		"postgres://u:p@h/db": true, "postgresql://h/db": true, "sqlite:///tmp/a.db": false, "": false,
	} {
		err := lambdahost.CheckDatabase(url)
		if (err == nil) != ok || err != nil && (gatepost.CodeOf(err) != gatepost.Invalid || !strings.Contains(err.Error(), "PostgreSQL")) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
