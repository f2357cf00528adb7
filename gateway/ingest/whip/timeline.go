package whip

import (
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	// skewLimit is the largest difference between audio and video that sender
	// reports are believed about.
	skewLimit = 2 * time.Second

	// slewDivisor bounds the correction: at most one tick in so many.
	slewDivisor = 200
)

// timeline puts the RTP times of a session's tracks on one scale that begins at
// the session's first packet. RTP times begin anywhere (RFC 3550 §5.1), so a track is
// placed by the arrival of its first packet; what the sender's reports say of the
// difference between audio and video (§6.4.1) then moves the audio, slowly.
//
// It is not safe for concurrent use.
type timeline struct {
	origin time.Time
	tracks []trackTime
}

type trackTime struct {
	rate    int
	started bool
	base    int64 // unwrapped RTP time of the first packet
	last    int64 // unwrapped RTP time of the newest packet
	offset  int64 // ticks: the first packet's place on the scale
	target  int64 // where the offset is moving
	prior   int64 // the last time given, before the offset

	reported  bool
	reportNTP int64 // ns since the NTP epoch
	reportAt  int64 // ticks on the scale, before the offset
}

func newTimeline(tracks []*media.Track) *timeline {
	tl := &timeline{tracks: make([]trackTime, len(tracks))}
	for i, t := range tracks {
		tl.tracks[i].rate = t.ClockRate
	}
	return tl
}

// pts places a packet's RTP time.
func (tl *timeline) pts(track int, rtpTime uint32, arrival time.Time) int64 {
	t := &tl.tracks[track]
	if !t.started {
		if tl.origin.IsZero() {
			tl.origin = arrival
		}
		t.started = true
		t.base, t.last = int64(rtpTime), int64(rtpTime)
		t.offset = media.Ticks(arrival.Sub(tl.origin), t.rate)
		t.target = t.offset
	}
	t.last += int64(int32(rtpTime - uint32(t.last)))
	at := t.last - t.base
	if step := (at - t.prior) / slewDivisor; step > 0 {
		t.offset += min(step, max(-step, t.target-t.offset))
	}
	t.prior = at
	return at + t.offset
}

// report takes a sender report: this RTP time was at this NTP time (32.32 fixed
// point) on the sender's clock.
func (tl *timeline) report(track int, ntp uint64, rtpTime uint32) {
	t := &tl.tracks[track]
	if !t.started || ntp == 0 {
		return
	}
	t.reported = true
	t.reportNTP = int64(ntp>>32)*int64(time.Second) + int64(ntp&0xffffffff)*int64(time.Second)>>32
	t.reportAt = t.last + int64(int32(rtpTime-uint32(t.last))) - t.base
	tl.align()
}

// align aims the second track (audio) at the first (video) by their reports.
func (tl *timeline) align() {
	if len(tl.tracks) != 2 || !tl.tracks[0].reported || !tl.tracks[1].reported {
		return
	}
	video, audio := &tl.tracks[0], &tl.tracks[1]
	videoAt := media.Duration(video.reportAt+video.offset, video.rate)
	audioAt := media.Duration(audio.reportAt+audio.target, audio.rate)
	skew := (audioAt - time.Duration(audio.reportNTP)) - (videoAt - time.Duration(video.reportNTP))
	if skew > skewLimit || skew < -skewLimit {
		return
	}
	audio.target -= media.Ticks(skew, audio.rate)
}
