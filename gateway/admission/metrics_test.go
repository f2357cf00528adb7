package admission

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatepost-video/gatepost"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(r.Metrics())
		s := r.admitted(nil)
		r.feed(s)
		r.refused(gatepost.Conflict, nil)
		s.Lost(3, 500)
		time.Sleep(5 * time.Second)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			m := f.GetMetric()[0]
			got[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
		if got["gatepost_publish_sessions_total"] != 1 || got["gatepost_publish_refused_total"] != 1 || got["gatepost_camera_online"] != 1 || got["gatepost_camera_frames_per_second"] < 45 {
			t.Errorf("%v", got)
		}
		if lost, received := got["gatepost_camera_packets_lost_total"], got["gatepost_camera_packets_received_total"]; lost != 3 || received != 500 {
			t.Errorf("%v packets lost, %v received, want 3 and 500", lost, received)
		}
	})
}
