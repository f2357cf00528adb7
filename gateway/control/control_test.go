package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

func TestNew(t *testing.T) {
	for _, c := range []struct{ base, key, field string }{
		{"http://127.0.0.1:1", "k", ""}, {"https://v.example/", "k", ""},
		{"", "k", "--control"}, {"ftp://v", "k", "--control"}, {"v.example:8080", "k", "--control"}, {"http://", "k", "--control"}, {"http://v", "", "--node-key"},
	} {
		_, err := New(c.base, c.key)
		var e *gatepost.Error
		if (err == nil) != (c.field == "") || errors.As(err, &e) && e.Field != c.field {
			t.Errorf("New(%q, %q): %v, want a problem with %q", c.base, c.key, err, c.field)
		}
	}
}

// answer is a server that answers everything alike.
func answer(t *testing.T, status int, header http.Header, body string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL, "k")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnswers(t *testing.T) {
	problem := func(code string) string {
		return `{"type":"urn:gatepost:problem:` + code + `","code":"` + code + `","detail":"words","field":"f"}`
	}
	challenge := http.Header{"Www-Authenticate": {"Bearer"}}
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   gatepost.Code
	}{
		{"admitted", 200, nil, `{"camera_id":"c","epoch":7}`, ""},
		{"wrong stream key", 401, nil, problem("unauthenticated"), gatepost.Unauthenticated},
		{"wrong node key", 401, challenge, problem("unauthenticated"), gatepost.Unavailable},
		{"suspended", 403, nil, problem("forbidden"), gatepost.Forbidden},
		{"unknown", 404, nil, problem("not_found"), gatepost.NotFound},
		{"a defect there", 500, nil, problem("internal"), gatepost.Unavailable},
		{"a proxy's page", 502, nil, "<html>", gatepost.Unavailable},
		{"not a control plane", 404, nil, "404 page not found", gatepost.Unavailable},
		{"not JSON", 200, nil, "<html>", gatepost.Unavailable},
		{"a list", 200, nil, "[]", gatepost.Unavailable},
	} {
		permit, err := answer(t, c.status, c.header, c.body).AuthorisePublish(t.Context(), gatepost.PublishRequest{})
		if gatepost.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if c.want == "" && permit.Epoch != 7 {
			t.Errorf("%s: %+v", c.name, permit)
		}
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := New("http://"+address, "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(t.Context(), gatepost.SyncRequest{}); gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
	if err := c.Check(t.Context()); gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
}

// TestSyncInParts holds that a gateway of many cameras stays below the size
// that the functions read, and that nothing of the answers is lost.
func TestSyncInParts(t *testing.T) {
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		var req gatepost.SyncRequest
		if r.ContentLength > 1<<20 {
			t.Errorf("a request of %d bytes", r.ContentLength)
		}
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.Node != "gw" || req.Cursor != int64(requests-1) {
			t.Errorf("request %d: node %q, cursor %d, %v", requests, req.Node, req.Cursor, err)
		}
		reply := gatepost.SyncReply{Cursor: req.Cursor + 1, RevokedGrants: []string{"g"}}
		for _, c := range req.Cameras {
			reply.StoppedCameras = append(reply.StoppedCameras, c.CameraID)
		}
		_ = json.NewEncoder(w).Encode(reply)
	}))
	defer s.Close()
	c, err := New(s.URL, "k")
	if err != nil {
		t.Fatal(err)
	}
	cameras := make([]gatepost.CameraStatus, 1234)
	for i := range cameras {
		cameras[i] = gatepost.CameraStatus{CameraID: gatepost.NewID(), Node: "a-gateway-with-a-long-name.example", Since: time.Now(), Protocol: "rtsp",
			EndReason: gatepost.EndTimeout, Measurement: gatepost.Measurement{From: time.Now(), To: time.Now(), VideoCodec: "h264", AudioCodec: "aac",
				FPS: 24.999999, BitsPerSecond: 1 << 60, KeyInterval: 1 << 60, ClockSkewPPM: -0.123456789, PacketsReceived: 1 << 60}}
	}
	reply, err := c.Sync(context.Background(), gatepost.SyncRequest{Node: "gw", Cameras: cameras})
	if err != nil || requests != 3 || len(reply.StoppedCameras) != 1234 || len(reply.RevokedGrants) != 3 || reply.Cursor != 3 {
		t.Errorf("%d requests, %d stopped, %d revoked, cursor %d, %v", requests, len(reply.StoppedCameras), len(reply.RevokedGrants), reply.Cursor, err)
	}
}

// FuzzRefusal feeds the client whatever a control plane, or something in its
// place, may refuse with.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{`{"code":"gone","detail":"x"}`, `{"code":"internal"}`, `{"code":7}`, `[]`, `null`, "\x00"} {
		f.Add(500, s)
		f.Add(410, s)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := refusal("/v1/node/sync", &http.Response{StatusCode: status, Header: http.Header{}}, []byte(body))
		if gatepost.CodeOf(err) == "" || gatepost.CodeOf(err) == gatepost.Internal {
			t.Fatalf("%q became %v", body, err)
		}
	})
}
