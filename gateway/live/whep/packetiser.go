package whep

import (
	"bytes"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// maxPayload is the largest RTP payload in bytes: with RTP, SRTP, UDP and IPv6
// around it, and room for a tunnel, a packet passes every usual path.
const maxPayload = 1180

// packets is one access unit, or the audio of one unit, as RTP payloads. It is
// immutable and shared by all viewers.
type packets struct {
	number   uint64 // in its feed, from 1
	codec    media.Codec
	video    bool
	key      bool
	run      string
	at       time.Duration // presentation time since the run's origin
	payloads [][]byte
	bytes    int
}

// packetiser turns the units of one stream into RTP payloads.
type packetiser struct {
	codec  media.Codec
	encode func([][]byte) ([]*rtp.Packet, error)
}

// packetise returns nil for a unit that has nothing to be sent.
func (p *packetiser) packetise(run *media.Run, u *media.Unit) (*packets, error) {
	track := run.Tracks[u.Track]
	out := &packets{codec: track.Codec, video: track.Codec.Video(), key: u.Key, run: run.ID, at: media.Duration(u.PTS, track.ClockRate)}
	if !out.video {
		out.payloads = audioPayloads(track.Codec, u.Data)
	} else {
		if err := p.prepare(track.Codec); err != nil {
			return nil, err
		}
		encoded, err := p.encode(withParameters(track, u))
		if err != nil {
			return nil, fmt.Errorf("packetise %s: %w", track.Codec, err)
		}
		for _, e := range encoded {
			out.payloads = append(out.payloads, e.Payload)
		}
	}
	if len(out.payloads) == 0 {
		return nil, nil
	}
	for _, b := range out.payloads {
		out.bytes += len(b)
	}
	return out, nil
}

func (p *packetiser) prepare(codec media.Codec) error {
	if p.codec == codec {
		return nil
	}
	var err error
	switch codec {
	case media.H264:
		e := &rtph264.Encoder{PayloadMaxSize: maxPayload, PacketizationMode: 1}
		err, p.encode = e.Init(), e.Encode
	case media.H265:
		e := &rtph265.Encoder{PayloadMaxSize: maxPayload}
		err, p.encode = e.Init(), e.Encode
	case media.AV1:
		e := &rtpav1.Encoder{PayloadMaxSize: maxPayload}
		err, p.encode = e.Init(), e.Encode
	default:
		err = fmt.Errorf("no packetiser for %s", codec)
	}
	if err != nil {
		return fmt.Errorf("set up the packetiser: %w", err)
	}
	p.codec = codec
	return nil
}

// withParameters puts the parameter sets in front of a key frame, since a viewer
// may begin at any (RFC 6184 §8.4). An AV1 key frame has its sequence header already
// or gets it likewise.
func withParameters(t *media.Track, u *media.Unit) [][]byte {
	if !u.Key {
		return u.Data
	}
	var sets [][]byte
	switch t.Codec {
	case media.H264:
		sets = [][]byte{t.SPS, t.PPS}
	case media.H265:
		sets = [][]byte{t.VPS, t.SPS, t.PPS}
	case media.AV1:
		for _, obu := range u.Data {
			if bytes.Equal(obu, t.SPS) {
				return u.Data
			}
		}
		sets = [][]byte{t.SPS}
	}
	all := make([][]byte, 0, len(sets)+len(u.Data))
	for _, s := range sets {
		if len(s) > 0 {
			all = append(all, s)
		}
	}
	return append(all, u.Data...)
}

// audioPayloads returns one payload for each Opus packet (RFC 7587 §4.2), and G.711
// samples in runs that fit (RFC 3551 §4.5.14).
func audioPayloads(codec media.Codec, data [][]byte) [][]byte {
	switch codec {
	case media.Opus:
		return data
	case media.G711A, media.G711U:
		var out [][]byte
		for _, d := range data {
			for len(d) > maxSamples {
				out = append(out, d[:maxSamples])
				d = d[maxSamples:]
			}
			if len(d) > 0 {
				out = append(out, d)
			}
		}
		return out
	}
	return nil
}

// maxSamples is 120 ms of G.711, one byte each.
const maxSamples = 960
