package main

import (
	"sync"
	"sync/atomic"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// sentBytes counts what each camera sent here, by id. It keeps what cameras that went
// away have sent: they come back.
type sentBytes struct{ byCamera sync.Map }

// of returns how many bytes of media a camera has sent.
func (s *sentBytes) of(cameraID string) int64 {
	if v, ok := s.byCamera.Load(cameraID); ok {
		return v.(*counter).bytes.Load()
	}
	return 0
}

// sink counts the parts of a camera.
func (s *sentBytes) sink(cameraID string) cmaf.Sink {
	v, _ := s.byCamera.LoadOrStore(cameraID, &counter{})
	return v.(*counter)
}

// counter implements cmaf.Sink.
type counter struct{ bytes atomic.Int64 }

// Start implements cmaf.Sink.
func (c *counter) Start(string, *cmaf.Init) {}

// Part implements cmaf.Sink.
func (c *counter) Part(p *cmaf.Part) { c.bytes.Add(int64(len(p.Data))) }

// End implements cmaf.Sink.
func (c *counter) End(string) {}
