package record

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// BenchmarkWriter is one 2 Mbit/s camera: parts of 50 kB, five in a second, into
// files of a minute. Syncs are left out: they measure the disk.
func BenchmarkWriter(b *testing.B) {
	w, err := NewWriter(Options{Dir: b.TempDir(), Camera: camera, SyncEvery: time.Hour, OnClosed: func(c Closed) {
		if err := Remove(c.Path); err != nil {
			b.Error(err)
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	w.handle(item{run: newRun(), init: &cmaf.Init{Data: make([]byte, 700), HasVideo: true}})
	data := make([]byte, 50_000)
	b.SetBytes(5 * int64(len(data)))
	b.ReportAllocs()
	at := time.Duration(0)
	for b.Loop() { // a second of the camera
		for range 5 {
			w.handle(item{part: &cmaf.Part{Data: data, Start: at, Duration: 200 * time.Millisecond, NTP: began.Add(at), Independent: at%(2*time.Second) == 0, Frames: 5}})
			at += 200 * time.Millisecond
		}
	}
	b.StopTimer()
	w.end("publisher_closed")
}
