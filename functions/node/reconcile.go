package node

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
)

// Watch is what the reconcile loop asks the database.
type Watch interface {
	SilenceCameras(ctx context.Context, before time.Time, except []string) (int64, error)
	CountCameras(ctx context.Context, fresh, late time.Time) (gatepost.CameraCounts, error)
}

// silentAfter is the age at which a gateway's word no longer counts: three of
// its full reports were missed.
const silentAfter = 30 * time.Second

// roundMissed is longer than from one round to the next.
const roundMissed = 90 * time.Second

// rowsLateAfter is how long a camera may record without a new row: longer than
// any GOP and any object that is common.
const rowsLateAfter = 10 * time.Minute

// Reconcile does the round of every minute: cameras whose gateway fell silent
// are marked offline as of its last word, and all are counted. Run twice, it
// does it once. A gateway is not silent because this process or the database was away:
// its word is waited for first. Nor is one that is not heard while others are.
func (s *Service) Reconcile(ctx context.Context) error {
	err := s.reconcile(ctx)
	if away(err) {
		s.deaf.begin(s.opts.Now())
	}
	return err
}

func (s *Service) reconcile(ctx context.Context) error {
	now := s.opts.Now()
	if now.Sub(s.round) > roundMissed {
		s.deaf.begin(now) // rounds were missed: it was halted, or the database did not answer
	}
	s.round = now
	var silenced int64
	if unheard, all := s.deaf.since(now.Add(-silentAfter)); !all {
		var err error
		if silenced, err = s.opts.Store.SilenceCameras(ctx, now.Add(-silentAfter), unheard); err != nil {
			return err
		}
	}
	if silenced > 0 {
		s.metrics.silenced.Add(float64(silenced))
		s.opts.Logger.Error("a gateway fell silent; its cameras count as offline", "cameras", silenced)
	}
	n, err := s.opts.Store.CountCameras(ctx, now.Add(-silentAfter), now.Add(-rowsLateAfter))
	if err != nil {
		return err
	}
	if n.RowsLate > 0 {
		s.opts.Logger.Error("cameras record, and no recording of theirs comes", "cameras", n.RowsLate)
	}
	for state, count := range map[string]int{"online": n.Online, "recording": n.Recording, "problem": n.Problem, "offline": n.Offline, "rows_late": n.RowsLate} {
		s.metrics.cameras.WithLabelValues(state).Set(float64(count))
	}
	s.metrics.rounds.SetToCurrentTime()
	return nil
}

// Metrics is the Prometheus collector of a Service.
type Metrics struct {
	cameras  *prometheus.GaugeVec // by state
	silenced prometheus.Counter
	missing  prometheus.Counter
	rounds   prometheus.Gauge
}

func newMetrics() *Metrics {
	name := func(s string) string { return "gatepost_control_" + s }
	return &Metrics{
		cameras: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("cameras"),
			Help: "Cameras by state, counted every minute: online, recording, problem (online, recording not well), offline (in service, not online), rows_late (recording, and no row comes)."}, []string{"state"}),
		silenced: prometheus.NewCounter(prometheus.CounterOpts{Name: name("silenced_cameras_total"), Help: "Cameras marked offline because their gateway fell silent."}),
		missing:  prometheus.NewCounter(prometheus.CounterOpts{Name: name("missing_rows_total"), Help: "Rows of stored recordings that were gone and asked for again."}),
		rounds:   prometheus.NewGauge(prometheus.GaugeOpts{Name: name("reconciled_timestamp_seconds"), Help: "When cameras were last counted, Unix time."}),
	}
}

// Metrics returns the collector of this Service, to be registered once.
func (s *Service) Metrics() *Metrics { return s.metrics }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.cameras.Describe(ch)
	m.silenced.Describe(ch)
	m.missing.Describe(ch)
	m.rounds.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.cameras.Collect(ch)
	m.silenced.Collect(ch)
	m.missing.Collect(ch)
	m.rounds.Collect(ch)
}
