package rtc

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newEngine makes an Engine that the test closes after its peers.
func newEngine(t *testing.T, o Options) *Engine {
	t.Helper()
	if o.UDPAddr == "" {
		o.UDPAddr = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// answer lets the engine answer a client that sends video; it returns both ends.
func answer(t *testing.T, e *Engine, setting webrtc.SettingEngine) (client *webrtc.PeerConnection, peer *Peer, sdp string) {
	t.Helper()
	client, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.GracefulClose() })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000}, "video", "camera")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := client.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(client)
	if err := client.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	o, err := ParseOffer(client.LocalDescription().SDP)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.NewReceiver(o.Video.Find(webrtc.MimeTypeH264)[0])
	if err != nil {
		t.Fatal(err)
	}
	peer = NewPeer(conn)
	t.Cleanup(func() {
		if err := peer.Close(); err != nil {
			t.Error(err)
		}
	})
	if sdp, err = peer.Answer(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return client, peer, sdp
}

func connect(t *testing.T, client *webrtc.PeerConnection, peer *Peer, sdp string) {
	t.Helper()
	// Both sides: a client that leaves before its own handshake is done says no goodbye.
	connected := make(chan struct{})
	var once sync.Once
	client.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	if err := client.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	for _, done := range []<-chan struct{}{peer.Connected(), connected} {
		select {
		case <-done:
		case <-time.After(15 * time.Second):
			t.Fatal("no connection")
		}
	}
}

func loopback() webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	return s
}

// The answer is that of a lite agent with one codec, and media can flow; when the
// client leaves, the peer knows.
func TestEngineAnswers(t *testing.T) {
	e := newEngine(t, Options{PublicIPs: []string{"203.0.113.7"}})
	client, peer, sdp := answer(t, e, loopback())
	for _, want := range []string{"a=ice-lite", "a=recvonly", "127.0.0.1", "203.0.113.7", "transport-cc", "nack pli"} {
		if !strings.Contains(sdp, want) {
			t.Errorf("no %q in the answer:\n%s", want, sdp)
		}
	}
	if n := strings.Count(sdp, "a=rtpmap:"); n != 1 {
		t.Errorf("%d codecs in the answer", n)
	}
	connect(t, client, peer, sdp)
	if err := client.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-peer.Lost():
	case <-time.After(5 * time.Second):
		t.Fatal("the peer does not notice that the client closed")
	}
	if peer.Failed() {
		t.Error("a goodbye is taken for a broken path")
	}
}

func TestEngineTCP(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, Options{TCPListener: ln})
	s := loopback()
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	client, peer, sdp := answer(t, e, s)
	if !strings.Contains(sdp, "tcptype passive") {
		t.Fatalf("no TCP candidate:\n%s", sdp)
	}
	connect(t, client, peer, sdp)
}

func TestNewFails(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := New(Options{UDPAddr: taken.LocalAddr().String()}); err == nil || !strings.Contains(err.Error(), taken.LocalAddr().String()) {
		t.Errorf("port taken: %v", err)
	}
	if _, err := New(Options{UDPAddr: "127.0.0.1:0", PublicIPs: []string{"gateway.example"}}); err == nil || !strings.Contains(err.Error(), "gateway.example") {
		t.Errorf("a name as public address: %v", err)
	}
}

// What the library says goes to the log at debug level only.
func TestLogLevel(t *testing.T) {
	var b bytes.Buffer
	f := slogFactory{slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	l := f.NewLogger("ice")
	l.Error("x")
	l.Errorf("%d", 1)
	l.Warnf("%d", 1)
	if b.Len() > 0 {
		t.Errorf("logged above debug: %s", &b)
	}
	f = slogFactory{slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	f.NewLogger("ice").Errorf("pair %d", 7)
	if !strings.Contains(b.String(), "level=DEBUG") || !strings.Contains(b.String(), "pair 7") || !strings.Contains(b.String(), "scope=ice") {
		t.Errorf("logged: %s", &b)
	}
}
