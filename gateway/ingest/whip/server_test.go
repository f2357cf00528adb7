package whip_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/gateway/ingest/whip"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/internal/demo"
	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "the-stream-key"

// admitter admits camera "cam" with key, and answers other ids with the error of
// that name.
type admitter struct {
	mu       sync.Mutex
	sessions []*fakeSession
}

func (a *admitter) SRTPassphrase(context.Context, string) (string, error) { return "", nil }

func (a *admitter) Admit(_ context.Context, req ingest.Request) (ingest.Session, error) {
	code := map[string]gatepost.Code{
		"unknown": gatepost.NotFound, "suspended": gatepost.Forbidden, "busy": gatepost.Conflict,
		"away": gatepost.Unavailable, "often": gatepost.RateLimited,
	}[req.CameraID]
	if code == "" && req.Key != key {
		code = gatepost.Unauthenticated
	}
	if code != "" {
		return nil, &gatepost.Error{Code: code, Message: "Refused."}
	}
	s := &fakeSession{done: make(chan struct{}), ended: make(chan struct{}), news: make(chan struct{}, 1)}
	a.mu.Lock()
	a.sessions = append(a.sessions, s)
	a.mu.Unlock()
	return s, nil
}

func (a *admitter) last(t *testing.T) *fakeSession {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sessions) == 0 {
		t.Fatal("nobody was admitted")
	}
	return a.sessions[len(a.sessions)-1]
}

type fakeSession struct {
	mu             sync.Mutex
	tracks         []*media.Track
	units          []*media.Unit
	lost, received uint64
	reason         gatepost.EndReason
	done, ended    chan struct{}
	news           chan struct{}
}

func (s *fakeSession) Start(tracks []*media.Track) error {
	s.tracks = tracks
	return nil
}

func (s *fakeSession) Write(u *media.Unit) error {
	s.mu.Lock()
	s.units = append(s.units, u)
	s.mu.Unlock()
	s.tell()
	return nil
}

func (s *fakeSession) Lost(lost, received uint64) {
	s.mu.Lock()
	s.lost += lost
	s.received += received
	s.mu.Unlock()
	s.tell()
}

func (s *fakeSession) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *fakeSession) Done() <-chan struct{} { return s.done }

func (s *fakeSession) End(reason gatepost.EndReason) {
	s.mu.Lock()
	s.reason = reason
	s.mu.Unlock()
	close(s.ended)
}

// wait waits until cond holds; cond sees the session locked.
func (s *fakeSession) wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		ok := cond()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-s.news:
		case <-timeout:
			t.Fatalf("timeout: %s", what)
		}
	}
}

func (s *fakeSession) waitEnd(t *testing.T) gatepost.EndReason {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the session does not end")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

type gateway struct {
	*admitter
	url  string
	stop func() // ends the handler and waits for it
}

func start(t *testing.T, o whip.Options) *gateway {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := rtc.New(rtc.Options{UDPAddr: "127.0.0.1:0", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	o.Logger = quiet
	g := &gateway{admitter: &admitter{}}
	h := whip.New(engine, g.admitter, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	server := httptest.NewServer(h)
	g.url = server.URL
	g.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(func() {
		g.stop()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gateway) request(t *testing.T, method, path, body string, header map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, g.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// The clip's pictures arrive whole, in order, 40 ms apart, byte for byte.
func TestPublish(t *testing.T) {
	g := start(t, whip.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- demo.PublishWHIP(ctx, demo.Street(), g.url+"/whip/cam", key) }()

	var s *fakeSession
	for s == nil {
		select {
		case err := <-result:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
			g.mu.Lock()
			if len(g.sessions) > 0 {
				s = g.sessions[0]
			}
			g.mu.Unlock()
		}
	}
	const want = 75
	s.wait(t, "75 pictures", func() bool { return len(s.units) >= want })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("publisher: %v", err)
	}
	if reason := s.waitEnd(t); reason != gatepost.EndClosed {
		t.Errorf("ended with %q", reason)
	}
	if len(s.tracks) != 1 || s.tracks[0].Codec != media.H264 || s.tracks[0].ClockRate != 90000 {
		t.Errorf("tracks %+v", s.tracks)
	}
	keys := 0
	for i, u := range s.units[:want] {
		if u.Key {
			keys++
		}
		if au := media.Normalise(media.H264, u.Data); !au.Picture || u.Key != (i%50 == 0) {
			t.Errorf("unit %d: picture %v, key %v", i, au.Picture, u.Key)
		}
		if u.DTS != media.NoDTS || u.NTP.IsZero() {
			t.Errorf("unit %d: DTS %d, NTP %v", i, u.DTS, u.NTP)
		}
		if i > 0 && u.PTS-s.units[i-1].PTS != 3600 {
			t.Errorf("unit %d: %d ticks after the one before", i, u.PTS-s.units[i-1].PTS)
		}
	}
	if s.lost != 0 || s.received < want {
		t.Errorf("lost %d, received %d", s.lost, s.received)
	}
}

func TestRefusals(t *testing.T) {
	g := start(t, whip.Options{})
	good := newCamera(t).offer(t)
	for _, c := range []struct {
		name, method, path, token, contentType, body string
		want                                         int
		contains                                     string
	}{
		{"no key", "POST", "/whip/cam", "", "application/sdp", good, 401, "unauthenticated"},
		{"wrong key", "POST", "/whip/cam", "guess", "application/sdp", good, 401, "unauthenticated"},
		{"unknown camera", "POST", "/whip/unknown", key, "application/sdp", good, 404, "not_found"},
		{"suspended", "POST", "/whip/suspended", key, "application/sdp", good, 403, "forbidden"},
		{"second publisher", "POST", "/whip/busy", key, "application/sdp", good, 409, "conflict"},
		{"control plane away", "POST", "/whip/away", key, "application/sdp", good, 503, "unavailable"},
		{"too often", "POST", "/whip/often", key, "application/sdp", good, 429, "rate_limited"},
		{"JSON", "POST", "/whip/cam", key, "application/json", good, 415, "application/sdp"},
		{"no type", "POST", "/whip/cam", key, "", good, 415, "application/sdp"},
		{"empty", "POST", "/whip/cam", key, "application/sdp", "", 400, "invalid"},
		{"not SDP", "POST", "/whip/cam", key, "application/sdp", "hello", 400, "invalid"},
		{"cut SDP", "POST", "/whip/cam", key, "application/sdp", good[:200], 400, "invalid"},
		{"no ICE", "POST", "/whip/cam", key, "application/sdp", strings.ReplaceAll(good, "ice-ufrag", "x-ufrag"), 400, "ICE"},
		{"too large", "POST", "/whip/cam", key, "application/sdp", strings.Repeat("v", 65<<10), 413, "too_large"},
		{"recvonly", "POST", "/whip/cam", key, "application/sdp", strings.ReplaceAll(good, "a=sendonly", "a=recvonly"), 422, "nothing_sent"},
		{"VP8 only", "POST", "/whip/cam", key, "application/sdp", strings.NewReplacer("H264", "VP8", "H265", "VP8", "AV1", "VP9").Replace(good), 422, "codec_not_supported"},
		{"packetization mode 0", "POST", "/whip/cam", key, "application/sdp", strings.NewReplacer("packetization-mode=1", "packetization-mode=0", "H265", "VP8", "AV1", "VP9").Replace(good), 422, "codec_not_supported"},
		{"GET", "GET", "/whip/cam", key, "", "", 405, "invalid"},
		{"PUT", "PUT", "/whip/cam", key, "application/sdp", good, 405, "invalid"},
		{"POST to a session", "POST", "/whip/cam/x", key, "application/sdp", good, 405, "invalid"},
		{"no camera", "POST", "/whip/", key, "application/sdp", good, 404, "not_found"},
		{"too deep", "POST", "/whip/cam/x/y", key, "application/sdp", good, 404, "not_found"},
		{"DELETE of no session", "DELETE", "/whip/cam/nothing", key, "", "", 404, "not_found"},
		{"PATCH of no session", "PATCH", "/whip/cam/nothing", key, "application/trickle-ice-sdpfrag", "", 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := map[string]string{"Content-Type": c.contentType}
			if c.token != "" {
				header["Authorization"] = "Bearer " + c.token
			}
			res, body := g.request(t, c.method, c.path, c.body, header)
			if res.StatusCode != c.want || !strings.Contains(body, c.contains) {
				t.Errorf("%d %s, want %d with %q", res.StatusCode, body, c.want, c.contains)
			}
			if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("content type %q", ct)
			}
			if res.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Error("a web page cannot read the answer")
			}
			if c.want == 401 && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("no challenge")
			}
			if strings.Contains(body, key) || strings.Contains(body, "guess") {
				t.Error("the key is in the answer")
			}
		})
	}
	g.stop()
	res, body := g.request(t, "POST", "/whip/cam", good, map[string]string{"Content-Type": "application/sdp", "Authorization": "Bearer " + key})
	if res.StatusCode != 503 {
		t.Errorf("after the end: %d %s", res.StatusCode, body)
	}
	for _, s := range g.sessions {
		if reason := s.waitEnd(t); reason != gatepost.EndProtocol && reason != gatepost.EndShutdown {
			t.Errorf("a refused publisher ended with %q", reason)
		}
	}
}

func TestOptions(t *testing.T) {
	g := start(t, whip.Options{})
	res, _ := g.request(t, "OPTIONS", "/whip/cam", "", map[string]string{"Origin": "https://x.example", "Access-Control-Request-Method": "POST"})
	if res.StatusCode != 204 || res.Header.Get("Accept-Post") != "application/sdp" ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	res, _ = g.request(t, "OPTIONS", "/whip/cam/session", "", nil)
	if res.StatusCode != 204 || !strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "If-Match") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

// camera is a WHIP client whose every step the test controls.
type camera struct {
	conn     *webrtc.PeerConnection
	video    *webrtc.TrackLocalStaticRTP
	pli      chan struct{}
	location string
	etag     string
}

func newCamera(t *testing.T) *camera {
	t.Helper()
	setting := webrtc.SettingEngine{}
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	conn, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.GracefulClose() })
	c := &camera{conn: conn, pli: make(chan struct{}, 64)}
	c.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000}, "video", "camera")
	if err != nil {
		t.Fatal(err)
	}
	tr, err := conn.AddTransceiverFromTrack(c.video, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			packets, _, err := tr.Sender().ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					select {
					case c.pli <- struct{}{}:
					default:
					}
				}
			}
		}
	}()
	return c
}

func (c *camera) offer(t *testing.T) string {
	t.Helper()
	offer, err := c.conn.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.conn)
	if err := c.conn.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return c.conn.LocalDescription().SDP
}

func (c *camera) connect(t *testing.T, g *gateway) {
	t.Helper()
	connected := make(chan struct{})
	var once sync.Once
	c.conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	res, answer := g.request(t, "POST", "/whip/cam", c.offer(t), map[string]string{
		"Content-Type": "application/sdp", "Authorization": "Bearer " + key,
	})
	if res.StatusCode != 201 {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	c.location, c.etag = res.Header.Get("Location"), res.Header.Get("ETag")
	if !strings.HasPrefix(c.location, "/whip/cam/") || len(c.etag) < 10 || res.Header.Get("Content-Type") != "application/sdp" {
		t.Fatalf("answer's header: %v", res.Header)
	}
	if err := c.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(15 * time.Second):
		t.Fatal("no connection")
	}
}
