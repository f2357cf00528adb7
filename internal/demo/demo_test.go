package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClips(t *testing.T) {
	for name, c := range map[string]*Clip{"street": Street(), "shop": Shop()} {
		t.Run(name, func(t *testing.T) {
			if c.Frames() != 600 {
				t.Errorf("%d frames", c.Frames())
			}
			size := 0
			for i, f := range c.frames {
				if f.key != (i%50 == 0) {
					t.Errorf("frame %d: key %v", i, f.key)
				}
				if f.key && len(f.units) != 3 || !f.key && len(f.units) != 1 {
					t.Errorf("frame %d of %d NAL units", i, len(f.units))
				}
				for _, u := range f.units {
					size += len(u)
				}
			}
			if size > 2<<20 {
				t.Errorf("%d bytes", size)
			}
			if w, h, err := c.track.PictureSize(); w != 640 || h != 360 || err != nil {
				t.Errorf("%dx%d, %v", w, h, err)
			}
			if depth, known := c.track.ReorderDepth(); depth != 0 || !known {
				t.Errorf("reorder depth %d, known %v", depth, known)
			}
		})
	}
	// Every picture decodes, and they differ: something moves.
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = bytes.NewReader(street)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			sums[line[strings.LastIndex(line, ",")+1:]] = true
		}
	}
	if len(sums) != 600 {
		t.Errorf("%d different pictures of 600", len(sums))
	}
}

func TestParseClipRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"no start codes":    []byte("hello"),
		"no parameter sets": {0, 0, 1, 0x65, 0x88, 1, 2, 3},
		"no key frame":      {0, 0, 1, 0x41, 0x9a, 1, 2, 3},
	} {
		if c, err := parseClip(b); err == nil {
			t.Errorf("%s: %d frames", name, c.Frames())
		}
	}
}

func TestDivisions(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(Divisions)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 1000 || strings.Join(rows[0], ",") != "code,name,level,parent" {
		t.Fatalf("%d rows, %v", len(rows), rows[0])
	}
	known := map[string]bool{"": true}
	for _, r := range rows[1:] {
		if !known[r[3]] {
			t.Errorf("%s comes before its parent %s", r[0], r[3])
		}
		known[r[0]] = true
	}
}

// server is an RTSP server that records what it is sent.
type server struct {
	gortsplib.Server
	mu      sync.Mutex
	refuse  int // so many ANNOUNCEs
	media   *description.Media
	format  *format.H264
	decoder *rtph264.Decoder
	session *gortsplib.ServerSession
	frames  chan frameAt
	refused chan struct{}
}

type frameAt struct {
	units [][]byte
	time  uint32
}

func newServer(t *testing.T) *server {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	s := &server{frames: make(chan frameAt, 4096), refused: make(chan struct{}, 16)}
	s.Server = gortsplib.Server{Handler: s, RTSPAddress: address}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Server.Close)
	return s
}

func (s *server) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		s.refused <- struct{}{}
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil
	}
	s.session = ctx.Session
	s.media = ctx.Description.FindFormat(&s.format)
	if s.media == nil {
		return &base.Response{StatusCode: base.StatusBadRequest}, nil
	}
	var err error
	s.decoder, err = s.format.CreateDecoder()
	return &base.Response{StatusCode: base.StatusOK}, err
}

func (s *server) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

func (s *server) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	decoder := s.decoder
	ctx.Session.OnPacketRTP(s.media, s.format, func(p *rtp.Packet) {
		if units, err := decoder.Decode(p); err == nil {
			s.frames <- frameAt{units, p.Timestamp}
		}
	})
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (s *server) take(t *testing.T, n int) []frameAt {
	t.Helper()
	timeout := time.After(20 * time.Second)
	var got []frameAt
	for len(got) < n {
		select {
		case f := <-s.frames:
			got = append(got, f)
		case <-timeout:
			t.Fatalf("%d of %d frames", len(got), n)
		}
	}
	return got
}

// The camera is refused once, connects, is cut off, comes back, and goes on with
// its clip and its clock from a key frame.
func TestCameraByRTSP(t *testing.T) {
	s := newServer(t)
	s.refuse = 1
	c := &Camera{Name: "street", Clip: Street(), RTSP: "rtsp://" + s.RTSPAddress + "/camera/secret", Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	<-s.refused
	first := s.take(t, 60)
	for i, f := range first {
		if !bytes.Equal(f.units[len(f.units)-1], c.Clip.frames[i].units[len(c.Clip.frames[i].units)-1]) {
			t.Fatalf("frame %d is another", i)
		}
		if i > 0 && f.time-first[i-1].time != ticksPerFrame {
			t.Errorf("frame %d: %d ticks", i, f.time-first[i-1].time)
		}
	}
	if !bytes.Equal(s.format.SPS, c.Clip.track.SPS) || !bytes.Equal(s.format.PPS, c.Clip.track.PPS) {
		t.Error("parameter sets were not announced")
	}
	s.mu.Lock()
	s.session.Close()
	s.mu.Unlock()
	for {
		f := s.take(t, 1)[0]
		if len(f.units) != 3 {
			continue // still on its way when the connection was cut
		}
		if step := f.time - first[0].time; step == 0 || step%(50*ticksPerFrame) != 0 {
			t.Errorf("goes on %d ticks after the first key frame", step)
		}
		break
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Errors never hold what is secret.
func TestErrorsKeepSecrets(t *testing.T) {
	s := newServer(t)
	s.refuse = 1
	for _, address := range []string{"rtsp://" + s.RTSPAddress + "/camera/secret", "rtsp://127.0.0.1:1/camera/secret", "rtsp://\x7f/camera/secret", "http://127.0.0.1/camera/secret"} {
		if err := PublishRTSP(context.Background(), Shop(), address); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
	if err := PublishWHIP(context.Background(), Shop(), "http://127.0.0.1:1/whip/camera", "secret"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := PublishWHIP(ctx, Shop(), "http://127.0.0.1:1/whip/camera", "secret"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
