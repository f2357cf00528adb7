// Package ingesttest holds what the tests of every publishing protocol need: an
// Admitter that records, and ffmpeg as the camera.
package ingesttest

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// Camera and Key are those that a new Admitter admits. The other cameras are
// refused with the code that their name says.
const (
	Camera    = "0190f5a8-7d3e-7c11-8e2b-4f6a9b0c1d2e"
	Key       = "mfrggzdfmztwq2lknnwg23tpobyxe43u"
	Suspended = "0190f5a8-7d3e-7c11-8e2b-4f6a9b0c1d2f"
	Away      = "0190f5a8-7d3e-7c11-8e2b-4f6a9b0c1d30"
	Unknown   = "0190f5a8-7d3e-7c11-8e2b-4f6a9b0c1d31"
)

// Wait is how long a test waits for what must happen.
const Wait = 30 * time.Second

// Admitter admits Camera with Key, one session at a time, and records what its
// sessions get.
type Admitter struct {
	Passphrase string // of Camera

	mu       sync.Mutex
	live     *Session
	sessions chan *Session
	requests []ingest.Request
}

// NewAdmitter returns an Admitter without sessions.
func NewAdmitter() *Admitter {
	return &Admitter{Passphrase: gatepost.SRTPassphrase(Key), sessions: make(chan *Session, 64)}
}

// Admit implements ingest.Admitter.
func (a *Admitter) Admit(_ context.Context, req ingest.Request) (ingest.Session, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, req)
	switch {
	case req.CameraID == Suspended:
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "suspended"}
	case req.CameraID == Away:
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}
	case req.CameraID != Camera:
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "unknown"}
	case !req.Proven && req.Key != Key:
		return nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "wrong key"}
	case a.live != nil && !a.live.Ended():
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "live"}
	}
	a.live = &Session{done: make(chan struct{}), ended: make(chan struct{}), changed: make(chan struct{}, 1)}
	a.sessions <- a.live
	return a.live, nil
}

// SRTPassphrase implements ingest.Admitter.
func (a *Admitter) SRTPassphrase(_ context.Context, camera string) (string, error) {
	switch camera {
	case Camera, Suspended:
		return a.Passphrase, nil
	case Away:
		return "", &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}
	}
	return "", &gatepost.Error{Code: gatepost.NotFound, Message: "unknown"}
}

// Requests returns what was asked so far.
func (a *Admitter) Requests() []ingest.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// Next waits for the next admitted session.
func (a *Admitter) Next(t testing.TB) *Session {
	t.Helper()
	select {
	case s := <-a.sessions:
		return s
	case <-time.After(Wait):
		t.Fatal("no session was admitted")
		return nil
	}
}

// Session records one publisher.
type Session struct {
	mu       sync.Mutex
	tracks   []*media.Track
	units    []*media.Unit
	lost     uint64
	received uint64
	reason   gatepost.EndReason
	done     chan struct{}
	ended    chan struct{}
	changed  chan struct{}
}

// Start implements ingest.Session.
func (s *Session) Start(tracks []*media.Track) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tracks != nil {
		return &gatepost.Error{Code: gatepost.Internal, Message: "started twice"}
	}
	s.tracks = tracks
	return nil
}

// Write implements ingest.Session.
func (s *Session) Write(u *media.Unit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units = append(s.units, u)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

// Lost implements ingest.Session.
func (s *Session) Lost(packets, received uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost += packets
	s.received += received
}

// Done implements ingest.Session.
func (s *Session) Done() <-chan struct{} { return s.done }

// Stop ends the session from the gateway's side.
func (s *Session) Stop() { close(s.done) }

// End implements ingest.Session.
func (s *Session) End(reason gatepost.EndReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == "" {
		s.reason = reason
		close(s.ended)
	}
}

// Ended tells whether the protocol ended the session.
func (s *Session) Ended() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Reason waits for the end and says why.
func (s *Session) Reason(t testing.TB) gatepost.EndReason {
	t.Helper()
	select {
	case <-s.ended:
		return s.reason
	case <-time.After(Wait):
		t.Fatal("the session did not end")
		return ""
	}
}

// Units waits for n units at least.
func (s *Session) Units(t testing.TB, n int) []*media.Unit {
	t.Helper()
	deadline := time.After(Wait)
	for {
		s.mu.Lock()
		units := slices.Clone(s.units)
		s.mu.Unlock()
		if len(units) >= n {
			return units
		}
		select {
		case <-s.changed:
		case <-deadline:
			t.Fatalf("%d units came, want %d", len(units), n)
		}
	}
}

// Tracks returns the announced tracks.
func (s *Session) Tracks() []*media.Track {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tracks
}

// Loss returns the counts of packets.
func (s *Session) Loss() (lost, received uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost, s.received
}

// Codecs lists the codecs of the announced tracks.
func (s *Session) Codecs() string {
	var names []string
	for _, t := range s.Tracks() {
		names = append(names, string(t.Codec))
	}
	return strings.Join(names, " ")
}

// Check reports what is wrong with the units: counts by track, times that do not
// grow, a video track that does not begin with a key frame. It returns the
// number of video units.
func (s *Session) Check(t testing.TB) (video int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[int]*media.Unit{}
	for i, u := range s.units {
		if u.Track < 0 || u.Track >= len(s.tracks) {
			t.Fatalf("unit %d is of track %d", i, u.Track)
		}
		tr := s.tracks[u.Track]
		prev := last[u.Track]
		if tr.Codec.Video() {
			if !media.Normalise(tr.Codec, u.Data).Picture {
				continue
			}
			video++
			if prev == nil && !u.Key {
				t.Errorf("the first video unit is no key frame")
			}
		}
		if u.Size() == 0 || u.NTP.IsZero() {
			t.Errorf("unit %d: %d bytes, NTP %v", i, u.Size(), u.NTP)
		}
		if prev != nil {
			if u.DTS != media.NoDTS && u.DTS <= prev.DTS {
				t.Errorf("unit %d (%s): DTS %d after %d", i, tr.Codec, u.DTS, prev.DTS)
			}
			if d := u.PTS - prev.PTS; d > int64(tr.ClockRate) || d < -int64(tr.ClockRate) {
				t.Errorf("unit %d (%s): PTS %d after %d", i, tr.Codec, u.PTS, prev.PTS)
			}
			if u.DTS != media.NoDTS && u.PTS < u.DTS {
				t.Errorf("unit %d (%s): PTS %d before DTS %d", i, tr.Codec, u.PTS, u.DTS)
			}
		}
		last[u.Track] = u
	}
	for i, tr := range s.tracks {
		if last[i] == nil {
			t.Errorf("no unit of track %d (%s)", i, tr.Codec)
		}
	}
	return video
}

// Source is the input of an ffmpeg push: frames of a test picture at 25 fps with
// a key frame each second, in real time, and a tone when audio.
func Source(frames int, audio bool) []string {
	duration := strconv.FormatFloat(float64(frames)/25, 'f', -1, 64)
	args := []string{"-hide_banner", "-loglevel", "warning", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=25"}
	if audio {
		args = append(args, "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
	}
	return append(args, "-t", duration, "-g", "25", "-pix_fmt", "yuv420p")
}

// FFmpeg is a running ffmpeg.
type FFmpeg struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	done   chan struct{}
	err    error
}

// Push starts ffmpeg; it is killed when the test ends.
func Push(t testing.TB, args ...string) *FFmpeg {
	t.Helper()
	f := &FFmpeg{cmd: exec.CommandContext(context.Background(), "ffmpeg", args...), done: make(chan struct{})}
	f.cmd.Stdout, f.cmd.Stderr = &f.output, &f.output
	if err := f.cmd.Start(); err != nil {
		t.Fatalf("start ffmpeg: %v", err)
	}
	go func() {
		f.err = f.cmd.Wait()
		close(f.done)
	}()
	t.Cleanup(f.Kill)
	return f
}

// Kill kills it, as a power cut would, and waits.
func (f *FFmpeg) Kill() {
	_ = f.cmd.Process.Kill()
	<-f.done
}

// Wait waits for its end and returns its output and error.
func (f *FFmpeg) Wait(t testing.TB) (string, error) {
	t.Helper()
	select {
	case <-f.done:
		return f.output.String(), f.err
	case <-time.After(2 * Wait):
		f.Kill()
		t.Fatalf("ffmpeg did not end: %s", f.output.String())
		return "", nil
	}
}
