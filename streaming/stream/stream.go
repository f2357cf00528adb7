package stream

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Reasons that a Stream itself gives for the end of a run. They are the strings
// of the root package's EndReason.
const (
	reasonReplaced = "replaced"
	reasonJump     = "timestamp_jump"
)

// Errors of this package.
var (
	// ErrClosed is returned by everything once the Stream has been closed.
	ErrClosed = errors.New("stream: closed")
	// ErrEnded is returned by Publisher.Write once the publisher was closed
	// or replaced.
	ErrEnded = errors.New("stream: publisher has ended")
	// ErrNoTracks says that Publish was given nothing that can be carried.
	ErrNoTracks = errors.New("stream: no track that can be carried")
)

// Options configures a Stream. The zero value works.
type Options struct {
	// Camera is the camera's id, for logs.
	Camera string
	// Sinks take every unit, in order, on the publisher's goroutine. They must
	// not call the Stream.
	Sinks []Sink
	// NewRunID makes the ids of runs. Default: 16 random bytes in hex.
	NewRunID func() string
	// CacheBytes and CacheUnits bound what is kept for readers: the pictures
	// since the last key frame, and what slow readers have still to read.
	// A GOP over the bound is not cached. Defaults: 16 MiB and 4096 units.
	CacheBytes int
	CacheUnits int
	// QueueUnits is how many units a reader may be behind before it is skipped
	// to the newest key frame (it may always be behind by the present GOP).
	// Default: 256, about four seconds of video with audio.
	QueueUnits int
	// Now is the wall clock. Default: time.Now.
	Now func() time.Time
	// Log takes what happens to runs. Default: slog.Default().
	Log *slog.Logger
}

// Stream joins the publishers of one camera, one at a time, to its readers. All
// methods may be called from several goroutines.
type Stream struct {
	options Options
	movers  []Mover // of the sinks
	ring    ring

	// mu serialises everything that publishers do, calls of sinks included.
	mu        sync.Mutex
	publisher *Publisher
	closed    bool

	// state is what others may ask without waiting for a sink.
	state struct {
		sync.Mutex
		meters    map[*Meter]struct{}
		run       *media.Run // nil while no run is open
		tracks    []*media.Track
		publisher bool
		runs      int
		since     time.Time // of the last change between online and offline
		lastUnit  time.Time
		idleSince time.Time
		reordered bool
	}
}

// New makes a Stream without a publisher. It starts no goroutine.
func New(o Options) *Stream {
	if o.NewRunID == nil {
		o.NewRunID = randomID
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 16 << 20
	}
	if o.CacheUnits <= 0 {
		o.CacheUnits = 4096
	}
	if o.QueueUnits <= 0 {
		o.QueueUnits = 256
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Stream{options: o}
	for _, sink := range o.Sinks {
		if m, ok := sink.(Mover); ok {
			s.movers = append(s.movers, m)
		}
	}
	s.ring.init(o.CacheUnits, o.CacheBytes, o.QueueUnits)
	s.state.meters = map[*Meter]struct{}{}
	s.state.since = o.Now()
	s.state.idleSince = s.state.since
	return s
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Publish makes the caller the stream's publisher. A publisher that is still
// there is ended with the reason "replaced"; use PublishReplacing to give
// another. Of the tracks the first video and the first audio track of a known
// codec are carried; units of the others are ignored.
//
// Video parameter sets may be missing: they are then taken from the units. It
// fails with ErrNoTracks and ErrClosed.
func (s *Stream) Publish(tracks []*media.Track) (*Publisher, error) {
	return s.PublishReplacing(tracks, reasonReplaced)
}

// PublishReplacing is Publish with the reason for which the run of a publisher
// that is still there ends.
func (s *Stream) PublishReplacing(tracks []*media.Track, reason string) (*Publisher, error) {
	p, err := newPublisher(s, tracks)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.publisher != nil {
		s.publisher.end(reason)
	}
	s.publisher = p
	s.state.Lock()
	s.state.publisher = true
	s.state.since = s.options.Now()
	s.state.tracks = p.declared()
	s.state.reordered = false
	s.state.Unlock()
	return p, nil
}

// Close ends the publisher with reason, and every reader with ErrClosed. The
// sinks are not closed: who made them does that. A second Close does nothing.
func (s *Stream) Close(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.publisher != nil {
		s.publisher.end(reason)
	}
	s.ring.close()
}

// Online tells whether a run is open: a publisher is there and its first key
// frame has come.
func (s *Stream) Online() bool { return s.Run() != nil }

// Run returns the open run, or nil.
func (s *Stream) Run() *media.Run {
	s.state.Lock()
	defer s.state.Unlock()
	return s.state.run
}

// Tracks returns the tracks of the open run; before its first key frame those
// that the publisher declared; without a publisher those of the last one. The
// caller must not change them.
func (s *Stream) Tracks() []*media.Track {
	s.state.Lock()
	defer s.state.Unlock()
	return s.state.tracks
}

// Idle returns for how long the stream has had neither a publisher nor a
// reader; zero while it has one.
func (s *Stream) Idle() time.Duration {
	readers := s.ring.readerCount()
	s.state.Lock()
	defer s.state.Unlock()
	if s.state.publisher || readers > 0 {
		return 0
	}
	return max(0, s.options.Now().Sub(s.state.idleSince))
}

// Stats is a Stream's present state.
type Stats struct {
	Online     bool
	Publisher  bool      // a publisher is there, though perhaps without a key frame yet
	RunID      string    // of the open run
	RunStart   time.Time // of the open run
	Runs       int       // runs begun so far
	Since      time.Time // of the last change between online and offline, or of publisher
	LastUnit   time.Time // arrival of the last unit that was handed on
	HasBFrames bool      // pictures of this publisher come out of order: no WebRTC
	Readers    int
	Dropped    uint64 // units that all readers together missed for being slow
	CacheBytes int    // bytes kept for readers
	CacheUnits int
}

// Stats returns the stream's present state.
func (s *Stream) Stats() Stats {
	st := s.ring.stats()
	s.state.Lock()
	defer s.state.Unlock()
	st.Online = s.state.run != nil
	st.Publisher = s.state.publisher
	if st.Online {
		st.RunID, st.RunStart = s.state.run.ID, s.state.run.Start
	}
	st.Runs = s.state.runs
	st.Since = s.state.since
	st.LastUnit = s.state.lastUnit
	st.HasBFrames = s.state.reordered
	return st
}

func (s *Stream) startRun(run *media.Run, again bool) {
	s.state.Lock()
	if s.state.run == nil {
		s.state.since = s.options.Now()
	}
	s.state.run = run
	s.state.tracks = run.Tracks
	if !again {
		s.state.runs++
	}
	s.state.Unlock()
	if !again {
		s.observeStart()
	}
	for _, sink := range s.options.Sinks {
		sink.StartRun(run)
	}
	if !again {
		s.options.Log.Info("run started", "camera", s.options.Camera, "run", run.ID, "tracks", describe(run.Tracks))
	} else {
		s.options.Log.Info("run parameters changed", "camera", s.options.Camera, "run", run.ID, "tracks", describe(run.Tracks))
	}
}

func (s *Stream) endRun(run *media.Run, reason string) {
	for _, sink := range s.options.Sinks {
		sink.EndRun(reason)
	}
	s.moved()
	s.ring.endRun()
	s.state.Lock()
	s.state.run = nil
	s.state.since = s.options.Now()
	s.state.Unlock()
	s.options.Log.Info("run ended", "camera", s.options.Camera, "run", run.ID, "reason", reason)
}

// moved keeps units as the movers have them, so that their bytes are kept once.
func (s *Stream) moved() {
	for _, m := range s.movers {
		m.Moved(s.ring.replace)
	}
}

func describe(tracks []*media.Track) string {
	text := ""
	for i, t := range tracks {
		if i > 0 {
			text += "+"
		}
		text += string(t.Codec)
		if w, h, err := t.PictureSize(); err == nil && w > 0 {
			text += fmt.Sprintf(" %dx%d", w, h)
		}
	}
	return text
}
