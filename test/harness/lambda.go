package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Lambda is AWS Lambda as instances of `gatepost lambda` see it: the runtime interface
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), a function URL that streams
// answers in front of it, and events of schedules.
type Lambda struct {
	URL     string // of the function
	events  chan *invocation
	pending sync.Map // *invocation by request id
	number  atomic.Int64
}

// invocation is an event and what an instance made of it.
type invocation struct {
	id     string
	event  []byte
	answer chan lambdaAnswer
}

type lambdaAnswer struct {
	failed bool
	body   []byte
}

// lambdaPatience is how long Lambda lets an instance work on one event.
const lambdaPatience = 30 * time.Second

// NewLambda starts the platform; Instance starts what runs on it.
func NewLambda(t testing.TB) *Lambda {
	t.Helper()
	l := &Lambda{events: make(chan *invocation)}
	front := httptest.NewServer(http.HandlerFunc(l.functionURL))
	t.Cleanup(front.Close)
	l.URL = front.URL
	return l
}

// Instance starts an instance of a function with flags and environment, which lives as long as t.
func (l *Lambda) Instance(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", l.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", l.answered)
	runtime := httptest.NewServer(mux)
	t.Cleanup(runtime.Close)
	env = append(append(os.Environ(), env...), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"))
	return StartProcessEnv(t, env, filepath.Join(Root(t), "bin", "gatepost"), append([]string{"lambda"}, args...)...)
}

// next hands an instance the next event; one instance has one at a time.
func (l *Lambda) next(w http.ResponseWriter, r *http.Request) {
	select {
	case i := <-l.events:
		l.pending.Store(i.id, i)
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(lambdaPatience).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:cn-north-1:123456789012:function:gatepost")
		_, _ = w.Write(i.event)
	case <-r.Context().Done():
	}
}

// answered takes what an instance made of an event: "response" or "error".
func (l *Lambda) answered(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	i, ok := l.pending.LoadAndDelete(r.PathValue("id"))
	if err != nil || !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.(*invocation).answer <- lambdaAnswer{failed: r.PathValue("what") != "response", body: body}
	w.WriteHeader(http.StatusAccepted)
}

// invoke has an instance work on an event.
func (l *Lambda) invoke(event any) (lambdaAnswer, error) {
	raw, err := json.Marshal(event)
	if err != nil {
		return lambdaAnswer{}, err
	}
	i := &invocation{id: fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", l.number.Add(1)), event: raw, answer: make(chan lambdaAnswer, 1)}
	patience := time.After(lambdaPatience)
	select {
	case l.events <- i:
	case <-patience:
		return lambdaAnswer{}, fmt.Errorf("no instance was free for %s", lambdaPatience)
	}
	select {
	case a := <-i.answer:
		return a, nil
	case <-patience:
		return lambdaAnswer{}, fmt.Errorf("no answer within %s", lambdaPatience)
	}
}

// Schedule sends the event of a schedule. It fails when the task does.
func (l *Lambda) Schedule(task string) error {
	a, err := l.invoke(map[string]string{"task": task})
	if err == nil && a.failed {
		err = fmt.Errorf("task %s: %s", task, a.body)
	}
	return err
}

// functionURL makes an event of a request (payload 2.0), and a response of the stream: the JSON of status
// and header, eight NUL, the body.
func (l *Lambda) functionURL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	ip, _, _ := strings.Cut(r.RemoteAddr, ":")
	a, err := l.invoke(map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers,
		"requestContext": map[string]any{"domainName": r.Host, "requestId": "1", "stage": "$default",
			"http": map[string]any{"method": r.Method, "path": r.URL.Path, "protocol": "HTTP/1.1", "sourceIp": ip, "userAgent": r.UserAgent()}},
		"body": base64.StdEncoding.EncodeToString(body), "isBase64Encoded": true,
	})
	var head struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
		Cookies    []string          `json:"cookies"`
	}
	prelude, rest, ok := bytes.Cut(a.body, make([]byte, 8))
	if err == nil && (a.failed || !ok) {
		err = fmt.Errorf("the function said %s", a.body)
	}
	if err == nil {
		err = json.Unmarshal(prelude, &head)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for name, value := range head.Headers {
		w.Header().Set(name, value)
	}
	for _, cookie := range head.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(head.StatusCode)
	_, _ = w.Write(rest)
}
