package cmaf

import (
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// sample is one sample of the open part. Times are in ticks of its track.
type sample struct {
	dts      int64
	offset   int32 // composition offset
	duration int64 // audio: nominal; video: zero until the part is made
	size     int   // bytes in mdat
	unit     *media.Unit
	frame    int // audio: index into unit.Data
	key      bool
	ntp      time.Time
}

func (s *sample) end() int64 { return s.dts + s.duration }

// track is one track of the open run.
type track struct {
	id            uint32
	source        *media.Track
	codec         media.Codec
	rate          int
	video         bool
	target, bound int64 // part duration and its maximum, ticks
	nominal       int64 // frame duration before any was seen; audio: of each frame, but Opus tells itself

	sequenceHeader []byte // AV1

	pending []sample
	have    bool
	last    int64 // DTS of the newest sample
	next    int64 // audio: the end of the newest sample

	deltas  [9]int64 // of the last decode times
	nDeltas int
	audio   []sample // scratch of audioSamples
}

func newTrack(id int, t *media.Track, part time.Duration) *track {
	tr := &track{
		id: uint32(id), source: t, codec: t.Codec, rate: t.ClockRate, video: t.Codec.Video(),
		target: max(1, media.Ticks(part, t.ClockRate)),
		bound:  max(1, media.Ticks(MaxPartDuration(part), t.ClockRate)),
	}
	switch t.Codec {
	case media.AAC:
		tr.nominal = aacFrame(t)
	case media.Opus:
		tr.nominal = int64(t.ClockRate) / 50
	case media.AV1:
		tr.sequenceHeader = t.SPS
	}
	if tr.video {
		tr.nominal = t.FrameTicks()
	}
	if tr.nominal <= 0 {
		tr.nominal = max(1, int64(t.ClockRate)/25)
	}
	return tr
}

// aacFrame returns the ticks of an AAC frame: 1024 or 960 samples of the core
// codec (ISO 14496-3 §4.5.1.1), in ticks of t's clock.
func aacFrame(t *media.Track) int64 {
	var config mpeg4audio.AudioSpecificConfig
	if err := config.Unmarshal(t.AudioConfig); err != nil || config.SampleRate < 1 {
		return 1024
	}
	samples := int64(1024)
	if config.FrameLengthFlag {
		samples = 960
	}
	return media.Rescale(samples, config.SampleRate, t.ClockRate)
}

// carryOn takes over the times of the same track before a parameter change.
func (t *track) carryOn(before *track) {
	t.have, t.last, t.next = before.have, before.last, before.next
	t.deltas, t.nDeltas = before.deltas, before.nDeltas
}

// observe notes the decode time of a sample that is about to be appended.
func (t *track) observe(dts int64) {
	if !t.have {
		return
	}
	t.deltas[t.nDeltas%len(t.deltas)] = dts - t.last
	t.nDeltas++
}

// predict returns the likely duration of the newest sample: the median of the
// last ones, at most a whole part's bound.
func (t *track) predict() int64 {
	n := min(t.nDeltas, len(t.deltas))
	if n == 0 {
		return min(t.nominal, t.bound)
	}
	sorted := t.deltas
	slices.Sort(sorted[:n])
	return max(1, min(sorted[n/2], t.bound))
}

// audioSamples cuts a unit into samples. Their times follow one another without
// gaps as long as the unit's own time is within half a frame of that, so that
// the rounding of a protocol makes no gaps. Frames before the first picture are
// left out. The result is valid until the next call.
func (t *track) audioSamples(u *media.Unit, o origin) []sample {
	t.audio = t.audio[:0]
	at := u.PTS - o.in(t.rate)
	begin := media.Rescale(o.delay, o.rate, t.rate)
	if t.have {
		half := max(1, t.nominal/2)
		switch off := at - t.next; {
		case off >= -half && off <= half:
			at = t.next
		case off < 0:
			at = max(at, t.last+half)
		}
	}
	for i, d := range u.Data {
		duration := t.nominal
		if t.codec == media.Opus {
			if ticks := media.Rescale(opus.PacketDuration2(d), 48000, t.rate); ticks > 0 {
				duration = ticks
			}
		}
		if at >= begin {
			t.audio = append(t.audio, sample{
				dts: at, duration: duration, size: len(d), unit: u, frame: i, key: true, ntp: u.NTP,
			})
			t.next = at + duration
		}
		at += duration
	}
	return t.audio
}

// sampleSize returns the bytes of a video unit in mdat.
func (t *track) sampleSize(u *media.Unit) int {
	n := 0
	if t.codec != media.AV1 {
		for _, d := range u.Data {
			n += 4 + len(d)
		}
		return n
	}
	if t.insertHeader(u) {
		n += obuSize(t.sequenceHeader)
	}
	for _, d := range u.Data {
		n += obuSize(d)
	}
	return n
}

// insertHeader tells whether an AV1 key frame comes without the sequence header
// that a sync sample should have (AV1 in ISOBMFF §2.5).
func (t *track) insertHeader(u *media.Unit) bool {
	if !u.Key {
		return false
	}
	for _, d := range u.Data {
		if len(d) > 0 && d[0]>>3&0x0f == 1 {
			return false
		}
	}
	return true
}
