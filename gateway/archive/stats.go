package archive

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Stats say how an Archive is doing.
type Stats struct {
	SpoolBytes int64         // in open files and in those that wait
	Waiting    int           // finished files that are not yet all the way
	Lag        time.Duration // for how long the oldest of them waits
	DiskLow    bool
	Uploaded   int64 // objects since the start
	Failures   int64 // attempts that failed since the start
}

// CameraStats say how one camera's recording is doing.
type CameraStats struct {
	Recording  bool      // a file is being written
	LastObject time.Time // end of its newest stored object in this process; zero: none yet
	Queued     int       // bytes that wait for the disk
	Lost       int64     // frames that its open sinks could not record
}

// Stats returns the present state.
func (a *Archive) Stats() Stats {
	n, bytes, oldest := a.jobs.state()
	s := Stats{SpoolBytes: bytes, Waiting: n}
	if n > 0 {
		s.Lag = time.Since(oldest)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for sink := range a.sinks {
		s.SpoolBytes += sink.Stats().Spooled
	}
	s.DiskLow, s.Uploaded, s.Failures = a.low, a.uploaded, a.failures
	return s
}

// Camera returns the present state of one camera.
func (a *Archive) Camera(id string) CameraStats {
	var out CameraStats
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.cameras[id]; c != nil {
		out.LastObject = c.last
	}
	for s := range a.sinks {
		if s.camera != id {
			continue
		}
		stats := s.Stats()
		out.Recording = out.Recording || s.Recording()
		out.Queued += stats.Queued
		out.Lost += stats.Lost
	}
	return out
}

// Metrics are the Prometheus metrics of an Archive, all named
// gatepost_archive_….
type Metrics struct {
	registry      prometheus.Registerer
	uploads       prometheus.Counter
	uploadedBytes prometheus.Counter
	failures      *prometheus.CounterVec
	storageErrors prometheus.Counter
	gauges        []prometheus.Collector
}

// NewMetrics makes the metrics of one Archive and registers them; a nil
// registry registers nothing.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "gatepost", Subsystem: "archive", Name: name, Help: help}
	}
	m := &Metrics{
		registry:      registry,
		uploads:       prometheus.NewCounter(opts("objects_total", "Objects stored, with their rows.")),
		uploadedBytes: prometheus.NewCounter(opts("object_bytes_total", "Bytes of the objects stored.")),
		failures:      prometheus.NewCounterVec(opts("failures_total", "Attempts that failed, by step: recover, object, row, remove."), []string{"step"}),
		storageErrors: prometheus.NewCounter(opts("spool_errors_total", "Errors of the spool's disk, each of which interrupts a recording.")),
	}
	if registry != nil {
		registry.MustRegister(m.uploads, m.uploadedBytes, m.failures, m.storageErrors)
	}
	return m
}

// register adds the gauges that read a's state.
func (m *Metrics) register(a *Archive) {
	if m.registry == nil {
		return
	}
	gauge := func(name, help string, read func(Stats) float64) {
		g := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "gatepost", Subsystem: "archive", Name: name, Help: help},
			func() float64 { return read(a.Stats()) })
		m.registry.MustRegister(g)
		m.gauges = append(m.gauges, g)
	}
	gauge("spool_bytes", "Bytes in the spool.", func(s Stats) float64 { return float64(s.SpoolBytes) })
	gauge("spool_files", "Finished files in the spool.", func(s Stats) float64 { return float64(s.Waiting) })
	gauge("lag_seconds", "For how long the oldest finished file waits.", func(s Stats) float64 { return s.Lag.Seconds() })
	gauge("disk_low", "1 while the spool's disk has less than its reserve.", func(s Stats) float64 {
		if s.DiskLow {
			return 1
		}
		return 0
	})
}

// unregister lets another Archive of the process use the registry.
func (m *Metrics) unregister() {
	if m.registry == nil {
		return
	}
	for _, c := range append(m.gauges, m.uploads, m.uploadedBytes, m.failures, m.storageErrors) {
		m.registry.Unregister(c)
	}
}
