package admission

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// Metrics is the Prometheus collector of an Admission: counters of sessions,
// and gauges of each camera that it holds. A camera's series are gone when its
// channel is.
type Metrics struct {
	a        *Admission
	sessions *prometheus.CounterVec // by protocol
	refusals *prometheus.CounterVec // by protocol and code
	runs     *prometheus.CounterVec // by reason
	problems *prometheus.CounterVec // by problem
	control  *prometheus.CounterVec // by operation and code

	cameras    *prometheus.Desc // by state
	revocation *prometheus.Desc

	online, recording, problem               *prometheus.Desc
	bits, fps, skew, interval                *prometheus.Desc
	lost, received, lostFrames, dropped      *prometheus.Desc
	lastObject, uploadLag, spoolBytes, views *prometheus.Desc
}

func newMetrics(a *Admission) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatepost_" + name, Help: help}, labels)
	}
	camera := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("gatepost_camera_"+name, help, append([]string{"camera"}, labels...), nil)
	}
	m := &Metrics{
		a:        a,
		sessions: counter("publish_sessions_total", "Publishing sessions admitted.", "protocol"),
		refusals: counter("publish_refused_total", "Publishers refused, by reason.", "protocol", "code"),
		runs:     counter("runs_ended_total", "Runs that ended, by reason.", "reason"),
		problems: counter("recording_problems_total", "Times that the recording of a camera that is online was found not well, by problem.", "problem"),
		control:  counter("control_errors_total", "Questions to the control plane that failed, by operation and code; answers such as a wrong key are none.", "operation", "code"),

		cameras:    prometheus.NewDesc("gatepost_node_cameras", "Cameras of this gateway, by state: online, recording, not_recording (online, with a problem).", []string{"state"}, nil),
		revocation: prometheus.NewDesc("gatepost_node_revocation_lag_seconds", "For how long this gateway has not heard which grants were revoked.", nil, nil),

		online:     camera("online", "1 while the camera pushes."),
		recording:  camera("recording", "1 while its media reach the spool's disk."),
		problem:    camera("recording_problem", "1 while its recording is not well, by problem.", "problem"),
		bits:       camera("bits_per_second", "Payload bit rate of the last seconds."),
		fps:        camera("frames_per_second", "Pictures per second of the last seconds."),
		skew:       camera("clock_skew_ppm", "The camera's clock against the gateway's; positive: it runs fast."),
		interval:   camera("key_interval_seconds", "Longest time between key frames in the last seconds; 0: fewer than two came."),
		lost:       camera("packets_lost_total", "Packets that never arrived."),
		received:   camera("packets_received_total", "Packets that arrived, by protocols that number them."),
		lostFrames: camera("recorder_lost_frames_total", "Frames that could not be recorded."),
		dropped:    camera("dropped_units_total", "Access units that readers missed, by reason: slow_reader.", "reason"),
		lastObject: camera("last_object_timestamp_seconds", "End of the newest stored object, Unix time; not there before the first."),
		uploadLag:  camera("upload_lag_seconds", "For how long the oldest finished spool file waits."),
		spoolBytes: camera("spool_bytes", "Bytes in the spool."),
		views:      camera("viewers", "Live viewers, by transport.", "transport"),
	}
	for _, p := range gatepost.RecordingProblems { // there from the start, so that the first one is a step
		m.problems.WithLabelValues(string(p))
	}
	for _, operation := range []string{"publish", "srt", "sync", "measurement"} {
		m.control.WithLabelValues(operation, string(gatepost.Unavailable))
	}
	return m
}

func (m *Metrics) admitted(protocol string) { m.sessions.WithLabelValues(protocol).Inc() }

func (m *Metrics) refused(protocol string, code gatepost.Code) {
	m.refusals.WithLabelValues(protocol, string(code)).Inc()
}

func (m *Metrics) counters() []*prometheus.CounterVec {
	return []*prometheus.CounterVec{m.sessions, m.refusals, m.runs, m.problems, m.control}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.counters() {
		c.Describe(ch)
	}
	for _, d := range []*prometheus.Desc{m.cameras, m.revocation, m.online, m.recording, m.problem, m.bits, m.fps, m.skew, m.interval,
		m.lost, m.received, m.lostFrames, m.dropped, m.lastObject, m.uploadLag, m.spoolBytes, m.views} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. It looks at each camera once.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.counters() {
		c.Collect(ch)
	}
	var online, recording, problems float64
	// In the order in which they are shown: the registry's sorting of 150,000
	// series costs as much again as all the rest.
	list := m.a.list()
	slices.SortFunc(list, func(a, b *channel) int { return strings.Compare(a.camera, b.camera) })
	for _, c := range list {
		seen := c.observe()
		online += bit(seen.status.Online)
		recording += bit(seen.status.Recording)
		problems += bit(seen.status.Online && seen.status.Problem != "")
		m.camera(ch, c, seen)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(m.cameras, online, "online")
	gauge(m.cameras, recording, "recording")
	gauge(m.cameras, problems, "not_recording")
	gauge(m.revocation, time.Since(*m.a.heard.Load()).Seconds())
}

// camera sends one camera's series.
func (m *Metrics) camera(ch chan<- prometheus.Metric, c *channel, seen observed) {
	l := &c.labels
	s := &samples{ch: ch, list: make([]sample, 0, 16+len(l.transports))}
	s.gauge(m.online, bit(seen.status.Online), l.camera)
	s.gauge(m.recording, bit(seen.status.Recording), l.camera)
	s.counter(m.lost, float64(seen.lost), l.camera)
	s.counter(m.received, float64(seen.received), l.camera)
	s.counter(m.dropped, float64(seen.dropped), l.slow)
	if seen.status.Problem != "" {
		s.gauge(m.problem, 1, l.with("problem", string(seen.status.Problem)))
	}
	if r := seen.recorder; r != nil {
		s.counter(m.lostFrames, float64(r.LostFrames), l.camera)
		s.gauge(m.uploadLag, r.UploadLag.Seconds(), l.camera)
		s.gauge(m.spoolBytes, float64(r.SpoolBytes), l.camera)
		if !r.LastObject.IsZero() {
			s.gauge(m.lastObject, float64(r.LastObject.UnixMilli())/1000, l.camera)
		}
	}
	for i := range l.transports {
		t := &l.transports[i]
		s.gauge(m.views, float64(t.count(c.camera)), t.pair)
	}
	if seen.status.Online {
		x := &seen.status.Measurement
		s.gauge(m.bits, float64(x.BitsPerSecond), l.camera)
		s.gauge(m.fps, x.FPS, l.camera)
		s.gauge(m.skew, x.ClockSkewPPM, l.camera)
		s.gauge(m.interval, x.KeyInterval.Seconds(), l.camera)
	}
	s.send()
}

// observed is one camera as a scrape sees it.
type observed struct {
	status         gatepost.CameraStatus // with the last measurement that is whole
	lost, received int64
	dropped        uint64
	recorder       *Recorder
}

func (c *channel) observe() observed {
	c.mu.Lock()
	now := c.meter.snapshot()
	out := observed{status: c.status, lost: c.packets.lost + now.PacketsLost, received: c.packets.received + now.PacketsReceived}
	c.mu.Unlock()
	if m := out.status.Measurement; m.To.Sub(m.From) < 2*time.Second { // of no account yet
		out.status.Measurement = now
	}
	out.dropped = c.stream.Stats().Dropped
	if c.outlets.Recorder != nil {
		r := c.outlets.Recorder()
		out.recorder = &r
	}
	return out
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// runCounter is a sink that counts the ends of runs.
type runCounter struct{ ends *prometheus.CounterVec }

func (runCounter) Start(string, *cmaf.Init) {}
func (runCounter) Part(*cmaf.Part)          {}
func (r runCounter) End(reason string)      { r.ends.WithLabelValues(reason).Inc() }

// counted counts the questions that the control plane could not answer.
type counted struct {
	Control
	metrics *Metrics
}

func (c counted) count(operation string, err error) {
	switch code := gatepost.CodeOf(err); code {
	case gatepost.Unavailable, gatepost.Internal:
		c.metrics.control.WithLabelValues(operation, string(code)).Inc()
	}
}

// AuthorisePublish implements Control.
func (c counted) AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (gatepost.PublishPermit, error) {
	p, err := c.Control.AuthorisePublish(ctx, req)
	c.count("publish", err)
	return p, err
}

// SRTPassphrase implements Control.
func (c counted) SRTPassphrase(ctx context.Context, cameraID string) (string, error) {
	p, err := c.Control.SRTPassphrase(ctx, cameraID)
	c.count("srt", err)
	return p, err
}

// Sync implements Control.
func (c counted) Sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error) {
	r, err := c.Control.Sync(ctx, req)
	c.count("sync", err)
	return r, err
}

// ReportMeasurement implements Control.
func (c counted) ReportMeasurement(ctx context.Context, cameraID string, m gatepost.Measurement) error {
	err := c.Control.ReportMeasurement(ctx, cameraID, m)
	c.count("measurement", err)
	return err
}
