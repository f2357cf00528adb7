package rtsp

import (
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/bluenviron/gortsplib/v5/pkg/rtptime"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// clock gives the packets of one session, in order, the times that audio and video have in
// common. Its zero value is ready.
type clock struct {
	decoder *rtptime.GlobalDecoder
}

// report is the last sender report of a track (RFC 3550 §6.4.1).
type report struct {
	ntp  time.Time
	time uint32 // in ticks, at that moment
}

// timed returns the times of a packet. Those of one RTP time are the same.
func (c *clock) timed(t *track, p *rtp.Packet, now time.Time) times {
	if c.decoder == nil {
		c.decoder = &rtptime.GlobalDecoder{}
		c.decoder.Initialize()
	}
	t.ssrc.Store(p.SSRC)
	if !t.times.timed || t.timedAt != p.Timestamp {
		t.timedAt = p.Timestamp
		t.times.pts, t.times.timed = c.decoder.Decode(t.format, p)
		t.times.ntp = t.reported.Load().at(p.Timestamp, t.format.ClockRate())
		if !plausible(t.times.ntp, now) {
			t.times.ntp = time.Time{}
		}
	}
	at := t.times
	if at.ntp.IsZero() {
		at.ntp = now
	}
	return at
}

// report takes what a camera tells of a track's clock. By UDP it comes on the goroutine of
// the socket of all publishers, and waits for nobody.
func (t *track) report(p rtcp.Packet) {
	if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == t.ssrc.Load() {
		t.reported.Store(&report{ntp: ntp.Decode(sr.NTPTime), time: sr.RTPTime})
	}
}

// at is the wall time that a camera means by an RTP time, zero when it has told none.
func (r *report) at(time32 uint32, rate int) time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.ntp.Add(time.Duration(int32(time32-r.time)) * time.Second / time.Duration(rate))
}

// plausible tells whether a wall time that a camera claims is near ours. Beyond
// that its clock is wrong, and the time of arrival is the better one.
func plausible(ntp, arrival time.Time) bool {
	d := arrival.Sub(ntp)
	return d > -5*time.Second && d < 5*time.Second
}
