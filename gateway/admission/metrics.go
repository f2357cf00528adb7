package admission

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
)

// Metrics is the Prometheus collector of an Admission: counters of sessions,
// and gauges of each camera that it holds.
type Metrics struct {
	a        *Admission
	sessions *prometheus.CounterVec // by protocol
	refusals *prometheus.CounterVec // by protocol and code
	online   *prometheus.Desc
	bits     *prometheus.Desc
	fps      *prometheus.Desc
	lost     *prometheus.Desc
	skew     *prometheus.Desc
	interval *prometheus.Desc
}

func newMetrics(a *Admission) *Metrics {
	camera := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("gatepost_camera_"+name, help, []string{"camera"}, nil)
	}
	return &Metrics{
		a: a,
		sessions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_publish_sessions_total",
			Help: "Publishing sessions admitted."}, []string{"protocol"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_publish_refused_total",
			Help: "Publishers refused, by reason."}, []string{"protocol", "code"}),
		online:   camera("online", "1 while the camera pushes."),
		bits:     camera("bits_per_second", "Payload bit rate of the last seconds."),
		fps:      camera("frames_per_second", "Pictures per second of the last seconds."),
		lost:     camera("packets_lost", "Packets lost in the last seconds."),
		skew:     camera("clock_skew_ppm", "The camera's clock against the gateway's; positive: it runs fast."),
		interval: camera("key_interval_seconds", "Longest time between key frames in the last seconds."),
	}
}

func (m *Metrics) admitted(protocol string) { m.sessions.WithLabelValues(protocol).Inc() }

func (m *Metrics) refused(protocol string, code gatepost.Code) {
	m.refusals.WithLabelValues(protocol, string(code)).Inc()
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.sessions.Describe(ch)
	m.refusals.Describe(ch)
	for _, d := range []*prometheus.Desc{m.online, m.bits, m.fps, m.lost, m.skew, m.interval} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.sessions.Collect(ch)
	m.refusals.Collect(ch)
	for _, c := range m.a.list() {
		seen := c.meter.snapshot()
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, c.camera)
		}
		online := 0.0
		if c.present() != nil && c.stream.Online() {
			online = 1
		}
		gauge(m.online, online)
		gauge(m.bits, float64(seen.BitsPerSecond))
		gauge(m.fps, seen.FPS)
		gauge(m.lost, float64(seen.PacketsLost))
		gauge(m.skew, seen.ClockSkewPPM)
		gauge(m.interval, seen.KeyInterval.Seconds())
	}
}
