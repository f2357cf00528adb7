// Package validator plays the role of a client of Low-Latency HLS and checks
// whatever a client can observe against draft-pantos-hls-rfc8216bis (RFC 8216
// where the draft refers to it). It knows the server by its URL alone.
//
// A Validator loads the multivariant playlist, follows its first media playlist by
// blocking reload, fetches each hinted part while it does, each part, segment and
// init segment, and puts the odd questions in between: directives that make no
// sense, parts that do not exist, parts that have left the playlist and must still
// be there. What breaks a rule is kept as a Violation.
//
// Time is time.Now: in a testing/synctest bubble an hour passes in seconds, and
// "at once" is exact.
package validator

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/fragment"
	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// Options configures a Validator.
type Options struct {
	// URL is the address of the multivariant playlist.
	URL string
	// Client makes the requests. Default: http.DefaultClient.
	Client *http.Client
	// Slack is how much later than it is due an answer may come. Default: none,
	// as in a bubble.
	Slack time.Duration
	// Disturbed tells whether the source stood still, lost pictures or ended
	// since some time. What only a live source can do is not asked for then: new
	// parts in time, and the part that a blocking reload waits for. Default: never.
	Disturbed func(since time.Time) bool
	// ProbeEvery is how often odd questions are put. Default: 10 s.
	ProbeEvery time.Duration
}

// Violation is a rule that was broken, once.
type Violation struct {
	Rule    Rule
	At      time.Time
	Context string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s %s (§%s): %s\n  %s", v.At.UTC().Format("15:04:05.000"), v.Rule.ID, v.Rule.Section, v.Rule.Text, v.Context)
}

// Counts is how much was looked at.
type Counts struct {
	Playlists, Deltas, Parts, Segments, Inits, Hints, Probes, Later, Discontinuities int
}

// Validator is one client. It is used once.
type Validator struct {
	options Options

	mu         sync.Mutex
	violations []Violation
	counts     Counts

	asides sync.WaitGroup // requests that Run does not wait for until it ends

	// Of the goroutine of Run:
	multivariant *playlist.Playlist
	mediaURL     string
	last         *playlist.Playlist // the newest full one
	interrupted  bool               // the playlist was away since last
	newPart      time.Time          // when the newest part appeared
	newSegment   time.Time
	known        map[int64]*segment
	uris         map[string]int64 // of whole segments: their number
	inits        map[string]*fragment.Init
	sums         map[string]sum // of media, by URI
	later        []laterCheck
	probed       time.Time
	ends         map[uint32]time.Duration // where each track ends so far, since the last discontinuity
}

// sum tells bytes apart.
type sum [sha256.Size]byte

// New makes a Validator.
func New(o Options) *Validator {
	o.Client = cmp.Or(o.Client, http.DefaultClient)
	o.ProbeEvery = cmp.Or(o.ProbeEvery, 10*time.Second)
	if o.Disturbed == nil {
		o.Disturbed = func(time.Time) bool { return false }
	}
	return &Validator{
		options: o, known: make(map[int64]*segment), uris: make(map[string]int64), inits: make(map[string]*fragment.Init),
		sums: make(map[string]sum), ends: make(map[uint32]time.Duration),
	}
}

// Violations returns what was found so far, oldest first.
func (v *Validator) Violations() []Violation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Violation(nil), v.violations...)
}

// Counts returns how much was looked at so far.
func (v *Validator) Counts() Counts {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counts
}

// report keeps a violation of the rule with this id, once for each context.
func (v *Validator) report(id, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found := Violation{Rule: ruleByID(id), At: time.Now(), Context: fmt.Sprintf(format, args...)}
	for _, known := range v.violations { // playlists say the same again and again
		if known.Rule == found.Rule && known.Context == found.Context {
			return
		}
	}
	v.violations = append(v.violations, found)
}

func (v *Validator) count(f func(*Counts)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.counts)
}

// faults reports what reading a playlist found.
func (v *Validator) faults(url string, faults []playlist.Fault) {
	for _, f := range faults {
		v.report(f.Rule, "%s line %d: %s", url, f.Line, f.Text)
	}
}
