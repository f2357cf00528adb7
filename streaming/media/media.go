// Package media is the vocabulary of the media plane: tracks, codecs and
// access units with their times. It knows no protocol and no container.
package media

import "time"

// Codec names an elementary stream format.
type Codec string

const (
	H264  Codec = "h264"
	H265  Codec = "h265"
	AV1   Codec = "av1"
	AAC   Codec = "aac"
	Opus  Codec = "opus"
	G711A Codec = "g711a"
	G711U Codec = "g711u"
)

// Video tells whether c is a video codec.
func (c Codec) Video() bool { return c == H264 || c == H265 || c == AV1 }

// Track is one elementary stream of a publisher. A Track is immutable: a
// change of parameters makes a new one.
type Track struct {
	Codec     Codec
	ClockRate int // ticks per second of its units' times: 90000 for video, the sample rate for audio

	// Parameter sets without start codes; AV1: the sequence header OBU in SPS.
	VPS, SPS, PPS []byte

	AudioConfig []byte // AAC: AudioSpecificConfig (ISO 14496-3 §1.6.2.1)
	SampleRate  int    // audio
	Channels    int    // audio
}

// NoDTS in Unit.DTS means that the protocol carries no decode times (RTP); the
// stream then derives them.
const NoDTS = -1 << 63

// Unit is one access unit of video, or the audio frames of one packet.
//
// A Unit and all it points to is immutable once handed on: it is shared by the
// muxer, the GOP cache and every reader.
type Unit struct {
	Track    int       // index into the run's tracks
	PTS, DTS int64     // ticks of the track's ClockRate since an origin common to all tracks of the run
	NTP      time.Time // wall time of capture as well as the publisher's side knows it; arrival time otherwise

	// Video: NAL units without start codes (H.264, H.265), OBUs without
	// size fields (AV1). Audio: whole frames (AAC access units, Opus packets,
	// one run of G.711 samples).
	Data [][]byte

	Key bool // video: a random access point (IDR, CRA/BLA/IDR, AV1 key frame). Audio: always true
}

// Size returns the payload bytes of u.
func (u *Unit) Size() int {
	n := 0
	for _, d := range u.Data {
		n += len(d)
	}
	return n
}

// Run is one unbroken stretch of one publisher's connection: within it, times
// only grow, and nothing is missing that was not lost on the way.
type Run struct {
	ID     string
	Start  time.Time // wall time of its first unit
	Tracks []*Track
}
