package admission

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// sample is a prometheus.Metric whose labels are made once for each camera:
// ten thousand cameras have 150,000 series, and every scrape sends them all.
type sample struct {
	desc    *prometheus.Desc
	labels  []*dto.LabelPair // sorted by name
	value   float64
	counter bool
}

// Desc implements prometheus.Metric.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write implements prometheus.Metric.
func (s *sample) Write(out *dto.Metric) error {
	out.Label = s.labels
	if s.counter {
		out.Counter = &dto.Counter{Value: &s.value}
	} else {
		out.Gauge = &dto.Gauge{Value: &s.value}
	}
	return nil
}

// samples collects the series of a camera in one piece of memory.
type samples struct {
	ch   chan<- prometheus.Metric
	list []sample
}

func (s *samples) gauge(d *prometheus.Desc, v float64, l []*dto.LabelPair) {
	s.list = append(s.list, sample{desc: d, labels: l, value: v})
}

func (s *samples) counter(d *prometheus.Desc, v float64, l []*dto.LabelPair) {
	s.list = append(s.list, sample{desc: d, labels: l, value: v, counter: true})
}

func (s *samples) send() {
	for i := range s.list {
		s.ch <- &s.list[i]
	}
}

// labels are the label pairs of a camera's series.
type labels struct {
	camera     []*dto.LabelPair
	slow       []*dto.LabelPair
	transports []transport
}

type transport struct {
	pair  []*dto.LabelPair
	count func(cameraID string) int
}

func labelsOf(camera string, viewers map[string]func(string) int) labels {
	l := labels{camera: []*dto.LabelPair{pair("camera", camera)}}
	l.slow = l.with("reason", "slow_reader")
	for _, name := range slices.Sorted(maps.Keys(viewers)) {
		l.transports = append(l.transports, transport{l.with("transport", name), viewers[name]})
	}
	return l
}

// with adds a label whose name sorts behind "camera".
func (l *labels) with(name, value string) []*dto.LabelPair {
	return []*dto.LabelPair{l.camera[0], pair(name, value)}
}

func pair(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }
