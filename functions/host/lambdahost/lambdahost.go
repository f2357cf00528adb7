// Package lambdahost serves functions of the control plane on AWS Lambda,
// behind a function URL that streams its answers, and does its timed work when a schedule asks.
package lambdahost

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdaurl"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// CheckDatabase fails with Invalid for a database that a Lambda function cannot
// use: a file is gone with the instance, and each instance would have its own.
func CheckDatabase(databaseURL string) error {
	if strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://") {
		return nil
	}
	return gatepost.InvalidField("database",
		"functions on Lambda need PostgreSQL (postgres://…): a SQLite file would be lost with the instance, and each instance would have its own")
}

// Start serves requests and timed work from Lambda's runtime and does not return. Only function
// URLs with InvokeMode RESPONSE_STREAM are supported.
func Start(handler http.Handler, once func(ctx context.Context, task string) error) {
	lambda.Start(Invoker(handler, once))
}

// Invoker tells two kinds of events apart: the request of a function URL, which the handler
// answers, and {"task":"retention"}, with which a schedule asks for a round of timed work.
func Invoker(handler http.Handler, once func(ctx context.Context, task string) error) func(context.Context, json.RawMessage) (any, error) {
	request := lambdaurl.Wrap(handler)
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		var work struct {
			Task string `json:"task"`
		}
		if err := json.Unmarshal(event, &work); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		if work.Task != "" {
			return nil, once(ctx, work.Task)
		}
		var r events.LambdaFunctionURLRequest
		if err := json.Unmarshal(event, &r); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		return request(ctx, &r)
	}
}

// Handler returns the operations as an http.Handler.
func Handler(opts host.Options, register ...host.Register) http.Handler {
	mux := http.NewServeMux()
	api := huma.NewAPI(host.Config(opts.Version), &adapter{mux: mux})
	host.Use(api, opts)
	for _, r := range register {
		r(api)
	}
	return frame(mux)
}

// frame answers what the mux would answer in plain text.
func frame(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		if host.CrossOrigin(r.Method, r.URL.Path, w.Header().Set) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			// For a known path that does not take the method, the mux's
			// own handler sets Allow; only its body is replaced.
			probe := &statusOnly{header: w.Header()}
			mux.ServeHTTP(probe, r)
			refuse(w, probe.status)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

// adapter is humago's, but takes a segment like {recording}.mp4, which
// http.ServeMux does not.
type adapter struct{ mux *http.ServeMux }

// Handle implements huma.Adapter. An operation for HEAD is left out: the mux sends
// HEAD to what is registered for GET, which must tell the two apart.
func (a *adapter) Handle(op *huma.Operation, handle func(huma.Context)) {
	if op.Method == http.MethodHead {
		return
	}
	segments := strings.Split(op.Path, "/")
	suffixes := make(map[string]string) // by parameter
	for i, segment := range segments {
		if name, suffix, ok := strings.Cut(segment, "}"); ok && suffix != "" && strings.HasPrefix(name, "{") {
			segments[i] = name + "}"
			suffixes[name[1:]] = suffix
		}
	}
	a.mux.HandleFunc(op.Method+" "+strings.Join(segments, "/"), func(w http.ResponseWriter, r *http.Request) {
		for name, suffix := range suffixes {
			value, ok := strings.CutSuffix(r.PathValue(name), suffix)
			if !ok || value == "" {
				refuse(w, http.StatusNotFound)
				return
			}
			r.SetPathValue(name, value)
		}
		handle(humago.NewContext(op, r, w))
	})
}

// ServeHTTP implements huma.Adapter.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

func refuse(w http.ResponseWriter, status int) {
	detail := "there is nothing at this path"
	if status == http.StatusMethodNotAllowed {
		detail = "this path does not take this method; the Allow header lists those that it takes"
	}
	problem.New(status, detail).Write(w)
}
