package cmaf

import (
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Init is an init segment: ftyp and moov (ISO 14496-12). Immutable.
type Init struct {
	Data     []byte
	Codecs   string // RFC 6381, e.g. "avc1.4d401f,mp4a.40.2"
	Width    int    // of the coded picture after cropping; 0 without video
	Height   int
	HasVideo bool
	HasAudio bool
	Dropped  []media.Codec // of the run's tracks, those that MP4 does not carry: G.711
}

// Part is one CMAF chunk (ISO 23000-19 §6.6.5): prft, moof, mdat, with every
// track that has samples in its stretch. Its Data is immutable and shared: the
// same bytes go to live viewers and to the recording.
//
// Duration is at most the muxer's MaxPartDuration. Start is exact, Duration
// ends with a predicted frame: where time matters, take the Start of the next
// part. After frames were lost, or of a camera with fewer than one frame in
// MaxPartDuration, that Start is later than the end of the part before.
//
// While video stands still and audio goes on, a part may have no video: Frames
// is then zero, and Start, Duration and NTP are those of the audio.
type Part struct {
	Data        []byte
	Start       time.Duration // decode time of its first sample since the run began
	Duration    time.Duration // of the leading track (video, else audio)
	NTP         time.Time     // wall time of its first sample, smoothed
	Independent bool          // begins with a key frame (or has no video at all)
	Frames      int           // samples of the leading track
}

// Sink takes what a Muxer makes of one camera, in order, on the publisher's
// goroutine: a run is Start, any number of Part, End. A change of parameters
// in mid-run shows as a second Start with the same run id; it is a
// discontinuity of the init segment, not of time.
type Sink interface {
	// Start announces the init segment of the parts that follow.
	Start(run string, init *Init)
	// Part must not keep the publisher waiting, except to push back when
	// a recording cannot be written as fast as it arrives.
	Part(p *Part)
	// End says why the run ended: one of the EndReason strings of the
	// root package.
	End(reason string)
}
