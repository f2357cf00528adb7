package whep_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/live/whep"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// authoriser knows the tokens "good" (grant g1, an hour) and what expiring adds.
type authoriser struct {
	mu      sync.Mutex
	revoked bool
	expires time.Time
}

func (a *authoriser) Verify(_ context.Context, token, camera string) (whep.Viewer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case token != "good":
		return whep.Viewer{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "The token does not verify."}
	case camera == "other":
		return whep.Viewer{}, &gatepost.Error{Code: gatepost.Forbidden, Message: "The token is for another camera."}
	case a.revoked:
		return whep.Viewer{}, &gatepost.Error{Code: gatepost.Gone, Message: "Revoked."}
	}
	v := whep.Viewer{GrantID: "g1", ExpiresAt: a.expires, KeyID: "k1"}
	if camera == "far" {
		v.Networks = "203.0.113.0/24"
	}
	return v, nil
}

type streams map[string]*stream.Stream

func (s streams) Stream(id string) *stream.Stream { return s[id] }

type gateway struct {
	*authoriser
	handler *whep.Handler
	url     string
	stop    func()
}

func start(t *testing.T, s streams, conn net.PacketConn) *gateway {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := rtc.New(rtc.Options{UDPAddr: "127.0.0.1:0", UDPConn: conn, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{authoriser: &authoriser{expires: time.Now().Add(time.Hour)}}
	g.handler = whep.New(engine, g.authoriser, s, whep.Options{Logger: quiet})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = g.handler.Run(ctx)
	}()
	server := httptest.NewServer(g.handler)
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

func (g *gateway) post(t *testing.T, camera, token, offer string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest("POST", g.url+"/whep/"+camera, strings.NewReader(offer))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
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

// source writes the pictures of a clip to a stream, whose clock follows them.
type source struct {
	t         *testing.T
	stream    *stream.Stream
	publisher *stream.Publisher
	pictures  [][][]byte
	next      int
	origin    int64 // of the present run, in frames
	clock     atomic.Int64
}

func newSource(t *testing.T) *source {
	t.Helper()
	clip, err := os.ReadFile("../../../internal/demo/clips/street.h264")
	if err != nil {
		t.Fatal(err)
	}
	s := &source{t: t}
	var pending [][]byte
	for _, unit := range media.SplitAnnexB(clip) {
		pending = append(pending, unit)
		if media.Normalise(media.H264, pending).Picture {
			s.pictures = append(s.pictures, pending)
			pending = nil
		}
	}
	s.clock.Store(time.Now().UnixNano())
	s.stream = stream.New(stream.Options{
		Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Unix(0, s.clock.Load()) },
	})
	t.Cleanup(func() { s.stream.Close("gateway_shutdown") })
	s.publish(&media.Track{Codec: media.H264, ClockRate: 90000})
	return s
}

func (s *source) publish(tracks ...*media.Track) {
	s.t.Helper()
	var err error
	if s.publisher, err = s.stream.Publish(tracks); err != nil {
		s.t.Fatal(err)
	}
	s.origin = int64(s.next)
}

// write sends n pictures, pause apart.
func (s *source) write(n int, pause time.Duration) {
	s.t.Helper()
	ticker := time.NewTicker(max(pause, time.Microsecond))
	defer ticker.Stop()
	for range n {
		if pause > 0 {
			<-ticker.C
		}
		s.clock.Add(int64(40 * time.Millisecond))
		err := s.publisher.Write(&media.Unit{
			PTS: (int64(s.next) - s.origin) * 3600, DTS: media.NoDTS, Data: s.pictures[s.next%len(s.pictures)],
			Key: s.next%50 == 0,
		})
		if err != nil {
			s.t.Fatal(err)
		}
		s.next++
	}
}

// clockTicks is the present media time of the run in ticks.
func (s *source) clockTicks(rate int) int64 {
	return (int64(s.next) - s.origin) * int64(rate) / 25
}

// reorder sends two pictures in the wrong order.
func (s *source) reorder() {
	s.t.Helper()
	for _, at := range []int64{2, 1} {
		s.clock.Add(int64(40 * time.Millisecond))
		err := s.publisher.Write(&media.Unit{PTS: (int64(s.next) - s.origin + at) * 3600, DTS: (int64(s.next) - s.origin - at) * 3600, Data: s.pictures[1]})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// picture is one access unit as a viewer got it.
type picture struct {
	units [][]byte
	time  uint32
	at    time.Time
}

// viewer is a browser's stand-in.
type viewer struct {
	t        *testing.T
	conn     *webrtc.PeerConnection
	track    chan *webrtc.TrackRemote
	pictures chan picture
	audio    chan *rtp.Packet
	over     chan struct{}
	location string
}

func newViewer(t *testing.T, kinds ...webrtc.RTPCodecType) *viewer {
	t.Helper()
	setting := webrtc.SettingEngine{}
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetSRTPReplayProtectionWindow(1024) // as browsers have it; retransmissions come late
	setting.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	conn, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{t: t, conn: conn, track: make(chan *webrtc.TrackRemote, 2), pictures: make(chan picture, 4096), audio: make(chan *rtp.Packet, 4096), over: make(chan struct{})}
	var readers sync.WaitGroup
	t.Cleanup(func() {
		_ = conn.GracefulClose()
		readers.Wait()
	})
	for _, k := range kinds {
		if _, err := conn.AddTransceiverFromKind(k, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	conn.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		readers.Go(func() {
			if r.Kind() == webrtc.RTPCodecTypeVideo {
				v.track <- r
				v.readVideo(r)
				return
			}
			for {
				p, _, err := r.ReadRTP()
				if err != nil {
					return
				}
				v.audio <- p
			}
		})
	})
	var once sync.Once
	conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed {
			once.Do(func() { close(v.over) })
		}
	})
	return v
}

// readVideo puts packets in order and pictures together; it waits for
// retransmissions without end, so a picture that never becomes whole shows as a
// timeout.
func (v *viewer) readVideo(r *webrtc.TrackRemote) {
	decoder := &rtph264.Decoder{PacketizationMode: 1}
	if err := decoder.Init(); err != nil {
		v.t.Error(err)
		return
	}
	waiting := map[uint16]*rtp.Packet{}
	var next uint16
	started := false
	for {
		p, _, err := r.ReadRTP()
		if err != nil {
			return
		}
		if !started {
			next, started = p.SequenceNumber, true
		}
		waiting[p.SequenceNumber] = p
		for waiting[next] != nil {
			p := waiting[next]
			delete(waiting, next)
			next++
			units, err := decoder.Decode(p)
			if errors.Is(err, rtph264.ErrMorePacketsNeeded) {
				continue
			}
			if err != nil {
				v.t.Errorf("packet %d: %v", p.SequenceNumber, err)
				return
			}
			v.pictures <- picture{units, p.Timestamp, time.Now()}
		}
	}
}

func (v *viewer) offer() string {
	v.t.Helper()
	offer, err := v.conn.CreateOffer(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(v.conn)
	if err := v.conn.SetLocalDescription(offer); err != nil {
		v.t.Fatal(err)
	}
	<-gathered
	return v.conn.LocalDescription().SDP
}

// watch opens a session.
func (v *viewer) watch(g *gateway, camera string) *viewer {
	v.t.Helper()
	res, answer := g.post(v.t, camera, "good", v.offer())
	if res.StatusCode != 201 {
		v.t.Fatalf("%d %s", res.StatusCode, answer)
	}
	v.location = res.Header.Get("Location")
	if err := v.conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		v.t.Fatal(err)
	}
	return v
}

func (v *viewer) take(n int) []picture {
	v.t.Helper()
	var out []picture
	timeout := time.After(patience)
	for len(out) < n {
		select {
		case p := <-v.pictures:
			out = append(out, p)
		case <-timeout:
			v.t.Fatalf("only %d of %d pictures", len(out), n)
		}
	}
	return out
}

func (v *viewer) waitOver(what string) {
	v.t.Helper()
	select {
	case <-v.over:
	case <-time.After(patience):
		v.t.Fatalf("%s did not end the viewer", what)
	}
}

const video, audio = webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio
