package hls

import (
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// Errors of a Ring.
var (
	ErrNoMedia    = errors.New("hls: no media yet, or none any more")             // 503
	ErrClosed     = errors.New("hls: ring closed")                                // 503
	ErrTimeout    = errors.New("hls: nothing came within three target durations") // 503 (RFC 8216bis §6.2.5.2)
	ErrStopped    = errors.New("hls: the wait was stopped")                       // by Request.Stop
	ErrTooFar     = errors.New("hls: request lies too far ahead")                 // 400 (RFC 8216bis §6.2.5.2)
	ErrBadRequest = errors.New("hls: malformed delivery directive")               // 400
	ErrNotFound   = errors.New("hls: no such part, segment or init segment")      // 404
)

// TargetDuration is the EXT-X-TARGETDURATION of every live playlist: no segment
// lasts longer.
const TargetDuration = 4 * time.Second

// Options configures a Ring. The zero value works.
type Options struct {
	// PartTarget is the most that a part lasts, by the muxer's word
	// (cmaf.Muxer.MaxPartDuration). Default: cmaf.MaxPartDuration(0).
	PartTarget time.Duration
	// PartHoldBack is the distance from the live edge at which players
	// start. Default and least: the larger of three times PartTarget and 1 s.
	PartHoldBack time.Duration
	// MinSegment is how long a segment lasts at least before a key frame
	// opens the next one. Default: 1 s.
	MinSegment time.Duration
	// Window is the media time that playlists show at least, once there is
	// so much. Default and least: three target durations (RFC 8216bis
	// §6.2.2). From eight target durations on, delta updates are offered.
	Window time.Duration
	// MaxBytes bounds the media in memory, whatever Window and the length of
	// a GOP ask for. Default: 32 MiB.
	MaxBytes int64
	// Linger is how long after a run's end its playlist is still served, so
	// that players wait for the camera to come back. Default: 30 s.
	Linger time.Duration
	// Idle is how long after the last request a ring keeps its window; then
	// it keeps no more than a viewer needs to start at once. Default: 30 s.
	Idle time.Duration
}

// Ring keeps the newest parts of one camera and serves them. Its methods may be
// called from several goroutines; those of cmaf.Sink in order.
type Ring struct {
	options    Options
	secret     [32]byte
	capability string

	mu          sync.Mutex
	changed     chan struct{} // closed and replaced whenever waiters must look again
	waiting     int           // who wait for it
	asked       time.Time     // when somebody last asked for anything; zero: never
	closed      bool
	live        bool   // between Start and End
	ends        int64  // runs that ended
	run         string // id of the present or last run
	init        *initSegment
	inits       int64 // made so far
	discontinue bool  // the next segment follows a discontinuity
	segments    []*segment
	listed      int      // index of the first segment that playlists show
	next        int64    // number of the next part
	hinted      struct { // the name of a part that was still to come
		number int64
		name   string
	}
	msn       int64         // media sequence number of the next segment
	discs     int64         // discontinuities so far
	clock     time.Duration // media time since the ring was made, over all runs
	bytes     int64
	peak      int64 // bits per second of the busiest segment
	epochs    []epoch
	lingering *time.Timer

	version  int64 // counts whatever changes the playlist
	rendered rendered
}

// initSegment is an init segment with the name under which it is served.
type initSegment struct {
	*cmaf.Init
	number int64
	name   string // "" until it is needed
}

// origin is where media sequence numbers count from: one second each, and
// segments come more slowly than that in the long run. 31 bits last for decades.
var origin = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// New makes an empty Ring with a capability of its own, which nobody can guess. It starts no goroutine;
// Close frees it.
func New(o Options) *Ring {
	if o.PartTarget <= 0 {
		o.PartTarget = cmaf.MaxPartDuration(0)
	}
	o.PartHoldBack = max(o.PartHoldBack, 3*o.PartTarget, time.Second)
	if o.MinSegment <= 0 {
		o.MinSegment = time.Second
	}
	o.MinSegment = min(o.MinSegment, TargetDuration)
	o.Window = max(o.Window, 3*TargetDuration)
	if o.MaxBytes <= 0 {
		o.MaxBytes = 32 << 20
	}
	if o.Linger <= 0 {
		o.Linger = 30 * time.Second
	}
	if o.Idle <= 0 {
		o.Idle = 30 * time.Second
	}
	r := &Ring{
		options: o,
		changed: make(chan struct{}),
		msn:     max(0, int64(time.Since(origin)/time.Second)),
	}
	_, _ = rand.Read(r.secret[:])
	r.capability, r.epochs = randomName(), []epoch{{}}
	return r
}

// Start implements cmaf.Sink.
func (r *Ring) Start(run string, init *cmaf.Init) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.lingering != nil {
		r.lingering.Stop()
		r.lingering = nil
	}
	r.closeSegment(0)
	r.discontinue = r.init != nil
	r.live, r.run = true, run
	r.setInit(init)
	r.touch()
}

// setInit takes an init segment. One with the same bytes keeps its name, so that
// players do not fetch it again.
func (r *Ring) setInit(init *cmaf.Init) {
	if r.init != nil && string(r.init.Data) == string(init.Data) {
		return
	}
	r.init = &initSegment{Init: init, number: r.inits}
	r.inits++
}

// Part implements cmaf.Sink. It never blocks.
func (r *Ring) Part(p *cmaf.Part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.init == nil {
		return
	}
	first := len(r.segments) == 0
	s := r.open()
	if s != nil && s.mustEndBefore(p, r.options.MinSegment) {
		r.closeSegment(p.Start)
		s = nil
	}
	if s == nil {
		s = r.openSegment(p)
	}
	name := "" // it was hinted at, or is made when somebody asks
	if r.hinted.number == r.next {
		name = r.hinted.name
	}
	s.add(p, r.next, name)
	r.next++
	r.bytes += int64(len(p.Data))
	r.clock = s.clock + s.duration
	if first {
		// Players want one whole segment before they begin: let them have
		// it with the first part.
		r.closeSegment(0)
	}
	if r.idle() {
		r.shed()
	}
	r.evict()
	r.touch()
}

// End implements cmaf.Sink: whoever waits is released, and the playlist stands
// still until the next Start.
func (r *Ring) End(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !r.live {
		return
	}
	r.closeSegment(0)
	r.live = false
	r.ends++
	r.lingering = time.AfterFunc(r.options.Linger, r.expire)
	r.touch()
}

// expire frees the media of a camera that did not come back.
func (r *Ring) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live || r.lingering == nil {
		return
	}
	r.lingering = nil
	r.drop()
	r.touch()
}

func (r *Ring) drop() {
	r.segments, r.listed, r.bytes = nil, 0, 0
	r.rendered = rendered{}
}

// Close releases everybody who waits and frees the media. Sink methods are
// ignored from then on.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed, r.live = true, false
	if r.lingering != nil {
		r.lingering.Stop()
		r.lingering = nil
	}
	r.drop()
	r.touch()
}

// touch tells that the playlist changed, if anybody waits for that.
func (r *Ring) touch() {
	r.version++
	if r.waiting > 0 {
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// idle tells whether nobody has asked for anything for a while, in which whoever
// did has seen what he was shown go (RFC 8216bis §6.2.2).
func (r *Ring) idle() bool {
	return time.Since(r.asked) >= max(r.options.Idle, r.shown()+2*TargetDuration)
}

// ask notes that somebody wants something. From then on the window grows.
func (r *Ring) ask() {
	if r.idle() && r.listed+1 == len(r.segments) && r.open() != nil {
		// Players want one whole segment before they begin. Nobody has seen
		// this one, so it may as well end here.
		r.closeSegment(0)
		r.version++
	}
	r.asked = time.Now()
}

// Stats is what a Ring holds.
type Stats struct {
	Live     bool
	Closed   bool
	Run      string // id of the present or last run
	Bytes    int64
	Segments int
	Duration time.Duration // of the media that playlists show
}

// Stats returns what r holds.
func (r *Ring) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{Live: r.live, Closed: r.closed, Run: r.run, Bytes: r.bytes, Segments: len(r.segments), Duration: r.shown()}
}
