package contract

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/hls"
	"github.com/gatepost-video/gatepost/test/contract/validator"
)

// reply is an answer on its way to the validator.
type reply struct {
	status int
	header http.Header
	body   string
	took   time.Duration // the handler took
}

// kindOf tells playlists and media apart by their paths.
func kindOf(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case name == "index.m3u8":
		return "multivariant"
	case name == "live.m3u8":
		return "media"
	}
	return map[byte]string{'i': "init", 's': "segment", 'p': "part"}[name[0]]
}

// exchange is a request with its answer, which a mutation may change.
type exchange struct {
	*http.Request
	*reply
	kind  string
	n     int           // of the playlists so far, or of the times that this media was asked for, from 1
	since time.Duration // since the first request
}

// has tells whether the request has a delivery directive.
func (x *exchange) has(directive string) bool { return x.URL.Query().Has(directive) }

// mutation is how an origin breaks a rule, and no other.
type mutation struct {
	rule   string
	camera func(context.Context, testing.TB, *origin, *clips)
	long   bool          // window that allows delta updates
	length time.Duration // default: 20 s
	slack  time.Duration
	before func(*http.Request, time.Duration) // changes a request before it is served
	after  func(*exchange)                    // changes its answer
}

// mutate puts a mutation between a handler and its clients.
func mutate(m *mutation) func(http.Handler) http.Handler {
	return func(inner http.Handler) http.Handler {
		began := time.Now()
		times := make(chan map[string]int, 1)
		times <- map[string]int{}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			original := req.Clone(req.Context())
			if m.before != nil {
				m.before(req, time.Since(began))
			}
			asked := time.Now()
			rec := httptest.NewRecorder()
			inner.ServeHTTP(rec, req)
			x := &exchange{Request: original, kind: kindOf(req.URL.Path), since: time.Since(began),
				reply: &reply{status: rec.Code, header: rec.Header(), body: rec.Body.String(), took: time.Since(asked)}}
			count := <-times
			key := x.kind
			if !strings.HasSuffix(req.URL.Path, ".m3u8") {
				key = req.URL.Path
			}
			count[key]++
			x.n = count[key]
			times <- count
			if m.after != nil {
				m.after(x)
			}
			maps.Copy(w.Header(), x.header)
			w.Header().Del("Content-Length")
			w.WriteHeader(x.status)
			_, _ = w.Write([]byte(x.body))
		})
	}
}

// steady is a camera of key frames every 1.6 s.
func steady(ctx context.Context, tb testing.TB, c *origin, k *clips) {
	c.connect(tb, k.usual).play(ctx, tb, k.usual, time.Hour, nil)
}

// slow is a camera of key frames every 12.8 s.
func slow(ctx context.Context, tb testing.TB, c *origin, k *clips) {
	c.connect(tb, k.long).play(ctx, tb, k.long, time.Hour, nil)
}

// broken is a camera that is away for 14 s after half a minute, or so.
func broken(ctx context.Context, tb testing.TB, c *origin, k *clips) {
	a := c.connect(tb, k.usual)
	a.play(ctx, tb, k.usual, 25*time.Second, nil)
	c.disturb(func() {
		a.close()
		sleepUntil(ctx, time.Now().Add(14*time.Second))
	})
	if ctx.Err() == nil {
		c.connect(tb, k.usual).play(ctx, tb, k.usual, time.Hour, nil)
	}
}

// on mutates the bodies of one kind.
func on(kind string, f func(body string) string) func(*exchange) {
	return func(x *exchange) {
		if x.kind == kind && x.status == http.StatusOK {
			x.body = f(x.body)
		}
	}
}

// playlists mutates media playlists by a regular expression.
func playlists(expression, replacement string) func(*exchange) {
	re := regexp.MustCompile(expression)
	return on("media", func(body string) string { return re.ReplaceAllString(body, replacement) })
}

// late is playlists, from some playlist on.
func late(from int, expression, replacement string) func(*exchange) {
	f := playlists(expression, replacement)
	return func(x *exchange) {
		if x.n >= from {
			f(x)
		}
	}
}

// refuse answers with a status when a condition holds.
func refuse(status int, when func(*exchange) bool) func(*exchange) {
	return func(x *exchange) {
		if when(x) {
			x.status, x.body = status, "refused"
		}
	}
}

// delay keeps answers back when a condition holds.
func delay(d time.Duration, when func(*exchange) bool) func(*exchange) {
	return func(x *exchange) {
		if when(x) {
			time.Sleep(d) // fake time
		}
	}
}

// both does one mutation after another.
func both(fs ...func(*exchange)) func(*exchange) {
	return func(x *exchange) {
		for _, f := range fs {
			f(x)
		}
	}
}

// withoutQuery takes delivery directives from requests when a condition holds.
func withoutQuery(when func(*http.Request, time.Duration) bool) func(*http.Request, time.Duration) {
	return func(req *http.Request, since time.Duration) {
		if kindOf(req.URL.Path) == "media" && when(req, since) {
			req.URL.RawQuery = ""
		}
	}
}

// between is a stretch of time since the first request.
func between(from, to time.Duration) func(*exchange) bool {
	return func(x *exchange) bool { return x.since >= from && x.since < to }
}

var blocks = regexp.MustCompile(`(?s)#EXT-X-PROGRAM-DATE-TIME.*?\n/part/[^\n]*\n`)

// dropFirst removes the first n segments of a playlist, but for their EXT-X-MAP.
func dropFirst(body string, n int) string {
	for range n {
		if at := blocks.FindStringIndex(body); at != nil {
			body = body[:at[0]] + body[at[1]:]
		}
	}
	return body
}

// TestEachRuleCanBeBroken proves of each rule that the validator sees it broken,
// and that it then blames no other.
func TestEachRuleCanBeBroken(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("an origin for each rule; make test runs it without the race detector")
	}
	k := makeClips()(t)
	proven := map[string]bool{}
	for _, m := range mutations() {
		proven[m.rule] = true
		name := m.rule
		if name == "" {
			name = "none"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hls.Options{}
			if m.long {
				o.Window = 12 * hls.TargetDuration
			}
			camera := m.camera
			if camera == nil {
				camera = steady
			}
			length := max(m.length, 20*time.Second)
			validate(t, o, m.slack, mutate(&m), func(ctx context.Context, c *origin) { camera(ctx, t, c, k) }, length, func(found []validator.Violation) {
				var rules []string
				for _, v := range found {
					if !slices.Contains(rules, v.Rule.ID) {
						rules = append(rules, v.Rule.ID)
					}
				}
				if want := slices.DeleteFunc([]string{m.rule}, func(s string) bool { return s == "" }); !slices.Equal(rules, want) {
					t.Errorf("blamed %q", rules)
					for _, v := range found[:min(len(found), 6)] {
						t.Log(v)
					}
				}
			})
		})
	}
	for _, r := range validator.Rules {
		if !proven[r.ID] {
			t.Errorf("nothing proves that %s can be broken", r.ID)
		}
	}
}

// swap replaces bytes in media, wherever they stand.
func swap(old, new string) func(*exchange) {
	return func(x *exchange) {
		if x.kind == "part" || x.kind == "segment" {
			x.body = string(bytes.ReplaceAll([]byte(x.body), []byte(old), []byte(new)))
		}
	}
}
