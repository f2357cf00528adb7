package ingest

// Steady evens out the times of audio frames that a protocol rounds (RTMP to
// milliseconds, MPEG-TS to 1/90000 s): while a frame comes within the tolerance
// of where the samples before it end, it is put exactly there. A real gap or
// drift beyond the tolerance is taken as it is. The zero value is ready.
type Steady struct {
	next int64
	set  bool
}

// At returns the time of a frame of the given number of samples, all in ticks of
// the sample rate.
func (s *Steady) At(pts, samples, tolerance int64) int64 {
	if d := pts - s.next; s.set && d >= -tolerance && d <= tolerance {
		pts = s.next
	}
	s.next, s.set = pts+samples, true
	return pts
}
