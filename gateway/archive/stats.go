package archive

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
)

// Stats say how an Archive is doing.
type Stats struct {
	SpoolBytes int64         // in open files and in those that wait
	Waiting    int           // finished files that are not yet all the way
	Lag        time.Duration // for how long the oldest of them waits
	DiskFree   int64         // bytes, at the last look
	DiskLow    bool
	Uploaded   int64 // objects since the start
	Failures   int64 // attempts that failed since the start
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
	for w := range a.open {
		s.SpoolBytes += w.Stats().Spooled
	}
	s.DiskFree, s.DiskLow, s.Uploaded, s.Failures = a.space, a.low, a.uploaded, a.failures
	return s
}

// Metrics are the Prometheus metrics of an Archive, all named
// gatepost_archive_….
type Metrics struct {
	registry      prometheus.Registerer
	uploads       prometheus.Counter
	uploadedBytes prometheus.Counter
	failures      *prometheus.CounterVec // by step and kind
	storageErrors prometheus.Counter
	repairs       *prometheus.CounterVec // by action
	gauges        *gauges
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
		failures: prometheus.NewCounterVec(opts("failures_total",
			"Attempts that failed, by step (recover, object, row, remove) and kind (timeout, or the code of the error)."), []string{"step", "kind"}),
		storageErrors: prometheus.NewCounter(opts("spool_errors_total", "Errors of the spool's disk, each of which interrupts a recording.")),
		repairs: prometheus.NewCounterVec(opts("repairs_total",
			"What the reconcile loop repaired, by action: recorder_restarted, spool_rescanned, upload_requeued, row_reported."), []string{"action"}),
	}
	// A counter that is there from the start shows its first step.
	for _, what := range []string{repairRecorder, repairSpool, repairUpload, repairRow} {
		m.repairs.WithLabelValues(what)
	}
	for _, step := range []string{"recover", "object", "row", "remove"} {
		m.failures.WithLabelValues(step, string(gatepost.Unavailable))
	}
	if registry != nil {
		registry.MustRegister(m.uploads, m.uploadedBytes, m.failures, m.storageErrors, m.repairs)
	}
	return m
}

// register adds the gauges that read a's state.
func (m *Metrics) register(a *Archive) {
	if m.registry == nil {
		return
	}
	m.gauges = newGauges(a)
	m.registry.MustRegister(m.gauges)
}

// unregister lets another Archive of the process use the registry.
func (m *Metrics) unregister() {
	if m.registry == nil {
		return
	}
	for _, c := range []prometheus.Collector{m.gauges, m.uploads, m.uploadedBytes, m.failures, m.storageErrors, m.repairs} {
		m.registry.Unregister(c)
	}
}

// gauges collect an Archive's Stats, read once for all of them.
type gauges struct {
	a    *Archive
	list []gauge
}

type gauge struct {
	desc *prometheus.Desc
	read func(Stats) float64
}

func newGauges(a *Archive) *gauges {
	g := &gauges{a: a}
	add := func(name, help string, read func(Stats) float64) {
		g.list = append(g.list, gauge{prometheus.NewDesc("gatepost_archive_"+name, help, nil, nil), read})
	}
	add("spool_bytes", "Bytes in the spool.", func(s Stats) float64 { return float64(s.SpoolBytes) })
	add("spool_files", "Finished files in the spool: the queue of uploads.", func(s Stats) float64 { return float64(s.Waiting) })
	add("spool_free_bytes", "Free bytes of the spool's disk.", func(s Stats) float64 { return float64(s.DiskFree) })
	add("lag_seconds", "For how long the oldest finished file waits.", func(s Stats) float64 { return s.Lag.Seconds() })
	add("disk_low", "1 while the spool's disk has less than its reserve.", func(s Stats) float64 {
		if s.DiskLow {
			return 1
		}
		return 0
	})
	return g
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, x := range g.list {
		ch <- x.desc
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	s := g.a.Stats()
	for _, x := range g.list {
		ch <- prometheus.MustNewConstMetric(x.desc, prometheus.GaugeValue, x.read(s))
	}
}
