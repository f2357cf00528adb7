package view

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/quantile"
)

// Report is what viewers saw while their meter was on.
type Report struct {
	Viewers  int `json:"viewers"`         // that got at least one picture
	Failed   int `json:"failed"`          // that ended with an error
	Pictures int `json:"pictures"`        // that came
	Missing  int `json:"missing"`         // that did not, while later ones did
	Lost     int `json:"packets_lost"`    // WHEP: by sequence number, of Packets
	Packets  int `json:"packets"`         // WHEP
	Requests int `json:"requests"`        // HLS
	Refused  int `json:"requests_failed"` // HLS: refused, or without an answer
	Bytes    int `json:"bytes"`

	Newest   quantile.Set `json:"newest_ms"`   // age of the newest picture when its part was read (HLS), or of each when it was whole (WHEP)
	Oldest   quantile.Set `json:"oldest_ms"`   // HLS: age of the part's first picture
	Playlist quantile.Set `json:"playlist_ms"` // HLS: time of a playlist request, its wait included
	First    quantile.Set `json:"first_ms"`    // from the first request to the first bytes of a key frame; also before the meter was on

	FirstError string `json:"first_error,omitempty"`
}

// Meter gathers what viewers see. It counts nothing until Start. Viewers report
// when they end, so that Report is asked after that.
type Meter struct {
	on atomic.Bool

	pictures atomic.Int64 // for Pictures

	mu                              sync.Mutex
	report                          Report
	newest, oldest, playlist, first quantile.Samples
}

// Start begins to count.
func (m *Meter) Start() { m.on.Store(true) }

// Stop ends counting.
func (m *Meter) Stop() { m.on.Store(false) }

// Pictures counts the pictures that came so far, at any time.
func (m *Meter) Pictures() int { return int(m.pictures.Load()) }

// Report is the sum over all viewers that have ended.
func (m *Meter) Report() Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.report
	r.Newest, r.Oldest, r.Playlist, r.First = m.newest.Set(), m.oldest.Set(), m.playlist.Set(), m.first.Set()
	return r
}

// Fail counts a viewer that ended with an error.
func (m *Meter) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Failed++
	if m.report.FirstError == "" {
		m.report.FirstError = err.Error()
	}
}

// eye is what one viewer sees. Viewers that read on two connections have one for
// each, and pictures come through one of them.
type eye struct {
	meter *Meter
	since time.Time // of the viewer's first request

	seen                            bool
	last                            uint32
	report                          Report
	newest, oldest, playlist, first quantile.Samples
}

func newEye(m *Meter) *eye { return &eye{meter: m, since: time.Now()} }

// see counts a picture.
func (e *eye) see(m clip.Mark) {
	e.meter.pictures.Add(1)
	if !e.seen {
		e.seen = true
		e.report.Viewers = 1
		e.first.Add(time.Since(e.since))
	} else if e.meter.on.Load() && m.Number > e.last+1 {
		e.report.Missing += int(m.Number - e.last - 1)
	}
	if e.meter.on.Load() {
		e.report.Pictures++
	}
	e.last = max(e.last, m.Number)
}

// refuse counts a request that failed.
func (e *eye) refuse(err error) {
	if !e.meter.on.Load() {
		return
	}
	e.report.Refused++
	if e.report.FirstError == "" {
		e.report.FirstError = err.Error()
	}
}

// close adds what was seen to the meter.
func (e *eye) close() {
	m := e.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	t, r := &m.report, e.report
	t.Viewers += r.Viewers
	t.Pictures += r.Pictures
	t.Missing += r.Missing
	t.Lost += r.Lost
	t.Packets += r.Packets
	t.Requests += r.Requests
	t.Refused += r.Refused
	t.Bytes += r.Bytes
	if t.FirstError == "" {
		t.FirstError = r.FirstError
	}
	m.newest = append(m.newest, e.newest...)
	m.oldest = append(m.oldest, e.oldest...)
	m.playlist = append(m.playlist, e.playlist...)
	m.first = append(m.first, e.first...)
}
