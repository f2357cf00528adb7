package rtsp

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpfragmented"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// packet is an RTP packet with its times.
type packet struct {
	*rtp.Packet
	times
}

// times are those of an RTP packet.
type times struct {
	pts   int64
	timed bool // pts is known
	ntp   time.Time
}

// track turns the packets of one announced format into units. It is for one
// goroutine at a time.
type track struct {
	announced *description.Media
	format    format.Format
	media     *media.Track
	index     int
	write     func(u *media.Unit, received uint64)

	picture    *picture // H.264 and H.265
	newDecoder func() (decode, error)
	decode     decode // of the others
	video      bool

	direct  rtp.Packet        // TCP only: the present one of those that the library does not see
	reorder *ingest.Reorderer // UDP only

	timedAt  uint32                 // RTP time of the last packet
	times    times                  // that belong to it
	ssrc     atomic.Uint32          // of the last packet
	reported atomic.Pointer[report] // nil: the camera has told nothing of its clock

	started  bool
	sequence uint16
	marks    bool    // the camera sets marker bits
	last     times   // of the picture
	held     *packet // AV1: waits to see whether it ends its access unit
	skipping bool    // the access unit of time skip has lost a part
	skip     uint32
	received uint64 // packets since the last unit
}

// decode takes a packet and returns the data of a unit when it completes one.
// It fails with errMore when it does not, and otherwise when the packet is bad.
type decode func(*rtp.Packet) ([][]byte, error)

var errMore = errors.New("more packets needed")

// tracksOf picks what the gateway can carry: the first usable video format and
// the first usable audio format. Everything else is ignored.
func tracksOf(d *description.Session) []*track {
	var tracks []*track
	var haveVideo, haveAudio bool
	for _, m := range d.Medias {
		for _, f := range m.Formats {
			t := newTrack(m, f)
			if t == nil {
				continue
			}
			if have := map[bool]*bool{true: &haveVideo, false: &haveAudio}[t.media.Codec.Video()]; !*have {
				*have = true
				t.index = len(tracks)
				tracks = append(tracks, t)
			}
		}
	}
	return tracks
}

// newTrack returns nil for a format that cannot be carried.
func newTrack(m *description.Media, f format.Format) *track {
	t := &track{announced: m, format: f, media: &media.Track{ClockRate: f.ClockRate()}}
	switch f := f.(type) {
	case *format.H264:
		t.media.Codec = media.H264
		t.media.SPS, t.media.PPS = f.SPS, f.PPS
		if f.PacketizationMode > 1 {
			return nil // interleaved (RFC 6184 §6.4)
		}
		t.picture = &picture{codec: media.H264}
	case *format.H265:
		t.media.Codec = media.H265
		t.media.VPS, t.media.SPS, t.media.PPS = f.VPS, f.SPS, f.PPS
		if f.MaxDONDiff != 0 {
			return nil // decoding order numbers (RFC 7798 §4.4)
		}
		t.picture = &picture{codec: media.H265}
	case *format.AV1:
		t.media.Codec = media.AV1
		t.newDecoder = func() (decode, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return many(d.Decode, rtpav1.ErrMorePacketsNeeded), nil
		}
	case *format.MPEG4Audio:
		if !t.aac(f.Config) {
			return nil
		}
		t.newDecoder = func() (decode, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return many(d.Decode, rtpmpeg4audio.ErrMorePacketsNeeded), nil
		}
	case *format.MPEG4AudioLATM:
		if !t.latm(f) {
			return nil
		}
	case *format.Opus:
		t.media.Codec, t.media.SampleRate, t.media.Channels = media.Opus, 48000, f.ChannelCount
		t.newDecoder = func() (decode, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return one(d.Decode), nil
		}
	case *format.G711:
		t.media.Codec, t.media.SampleRate, t.media.Channels = media.G711A, f.SampleRate, f.ChannelCount
		if f.MULaw {
			t.media.Codec = media.G711U
		}
		t.newDecoder = func() (decode, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return one(d.Decode), nil
		}
	default:
		return nil
	}
	if t.media.ClockRate <= 0 {
		return nil
	}
	if t.picture == nil {
		var err error
		if t.decode, err = t.newDecoder(); err != nil {
			return nil
		}
	}
	t.video = t.media.Codec.Video()
	return t
}

// aac fills in the parameters of AAC.
func (t *track) aac(c *mpeg4audio.AudioSpecificConfig) bool {
	m := ingest.AAC(c)
	if m == nil {
		return false
	}
	t.media = m
	return true
}

// latm sets up MPEG-4 audio in LATM (RFC 6416): its frames are unwrapped, so that
// the rest of the gateway sees plain AAC. A track that only tells its parameters
// in band is not carried.
func (t *track) latm(f *format.MPEG4AudioLATM) bool {
	c := f.StreamMuxConfig
	if c == nil || len(c.Programs) == 0 || len(c.Programs[0].Layers) == 0 || !t.aac(c.Programs[0].Layers[0].AudioSpecificConfig) {
		return false
	}
	t.newDecoder = func() (decode, error) {
		d, err := f.CreateDecoder()
		if err != nil {
			return nil, err
		}
		return func(p *rtp.Packet) ([][]byte, error) {
			b, err := d.Decode(p)
			if err != nil {
				if errors.Is(err, rtpfragmented.ErrMorePacketsNeeded) {
					return nil, errMore
				}
				return nil, err
			}
			e := mpeg4audio.AudioMuxElement{MuxConfigPresent: f.CPresent, StreamMuxConfig: c}
			if err := e.Unmarshal(b); err != nil {
				return nil, err
			}
			var aus [][]byte
			for _, subframe := range e.Payloads {
				if len(subframe) > 0 && len(subframe[0]) > 0 {
					aus = append(aus, subframe[0][0])
				}
			}
			return aus, nil
		}, nil
	}
	return true
}

func many(d decode, more error) decode {
	return func(p *rtp.Packet) ([][]byte, error) {
		data, err := d(p)
		if err != nil && errors.Is(err, more) {
			return nil, errMore
		}
		return data, err
	}
}

func one(d func(*rtp.Packet) ([]byte, error)) decode {
	return func(p *rtp.Packet) ([][]byte, error) {
		b, err := d(p)
		if err != nil || len(b) == 0 {
			return nil, err
		}
		return [][]byte{b}, nil
	}
}

// packet takes the next packet in order. It keeps nothing of an H.264 or H.265
// packet.
func (t *track) packet(p packet) {
	t.received++
	if t.started && p.SequenceNumber == t.sequence {
		return
	}
	if !t.started || p.SequenceNumber != t.sequence+1 {
		t.damaged()
		if t.video && !startsUnit(t.media.Codec, p.Payload) {
			t.skipping, t.skip = true, p.Timestamp
		}
	}
	t.started, t.sequence = true, p.SequenceNumber
	if !t.video {
		t.unpack(p)
		return
	}
	if t.skipping {
		if p.Timestamp == t.skip {
			return
		}
		t.skipping = false
	}
	if t.picture != nil {
		t.add(p)
		return
	}
	// Not every camera sets the marker bit at the end of an access unit
	// (RFC 6184 §5.1); a new timestamp ends it as well.
	if h := t.held; h != nil {
		t.held = nil
		if h.Timestamp != p.Timestamp {
			h.Marker = true
		}
		t.unpack(*h)
		if t.skipping && p.Timestamp == t.skip {
			return
		}
		t.skipping = false
	}
	if p.Marker {
		t.marks = true
		t.unpack(p)
	} else {
		t.held = &p
	}
}

// add takes a packet of H.264 or H.265. Not every camera sets the marker bit at
// the end of an access unit (RFC 6184 §5.1); a new timestamp ends it as well.
func (t *track) add(p packet) {
	if t.picture.open() && p.Timestamp != t.picture.time {
		t.unit(t.last, t.picture.take())
	}
	if err := t.picture.add(p.Payload); err != nil {
		t.damaged()
		t.skipping, t.skip = true, p.Timestamp
		return
	}
	t.picture.time, t.last = p.Timestamp, p.times
	if p.Marker {
		t.marks = true
		t.unit(p.times, t.picture.take())
	}
}

// flush hands on what waits, at the end of the session, if nothing can be
// missing from it.
func (t *track) flush() {
	if t.picture != nil && !t.marks {
		t.unit(t.last, t.picture.take())
	}
	if h := t.held; h != nil && !t.marks {
		t.held = nil
		h.Marker = true
		t.unpack(*h)
	}
}

// damaged forgets the access unit in the making.
func (t *track) damaged() {
	if t.picture != nil {
		t.picture.drop()
		return
	}
	t.held = nil
	if d, err := t.newDecoder(); err == nil {
		t.decode = d
	}
}

func (t *track) unpack(p packet) {
	data, err := t.decode(p.Packet)
	if err != nil {
		if !errors.Is(err, errMore) {
			t.damaged()
			t.skipping, t.skip = t.video, p.Timestamp
		}
		return
	}
	t.unit(p.times, slices.DeleteFunc(data, func(b []byte) bool { return len(b) == 0 }))
}

// unit hands on a unit, unless there is nothing in it or its time is not known.
func (t *track) unit(at times, data [][]byte) {
	if !at.timed || len(data) == 0 {
		return
	}
	u := &media.Unit{Track: t.index, PTS: at.pts, DTS: at.pts, NTP: at.ntp, Data: data, Key: media.Normalise(t.media.Codec, data).Key}
	if t.video {
		u.DTS = media.NoDTS // RTP carries none
	}
	t.write(u, t.received)
	t.received = 0
}

// startsUnit tells whether an RTP payload can be the first of an access unit:
// H.264 RFC 6184 §5.2, H.265 RFC 7798 §4.4, AV1 RTP specification §4.4.
func startsUnit(codec media.Codec, b []byte) bool {
	switch codec {
	case media.H264:
		if len(b) < 3 {
			return false
		}
		switch b[0] & 0x1f {
		case 24: // STAP-A: one byte of header, two of size
			return ingest.StartsPicture(codec, b[3:])
		case 28: // FU-A
			return b[1]&0x80 != 0 && ingest.StartsPicture(codec, []byte{b[0]&0xe0 | b[1]&0x1f, b[2]})
		}
	case media.H265:
		if len(b) < 4 {
			return false
		}
		switch b[0] >> 1 & 0x3f {
		case 48: // AP: two bytes of header, two of size
			return ingest.StartsPicture(codec, b[4:])
		case 49: // FU
			return b[2]&0x80 != 0 && ingest.StartsPicture(codec, []byte{b[0]&0x81 | b[2]&0x3f<<1, b[1], b[3]})
		}
	case media.AV1:
		return len(b) > 0 && b[0]&0x88 == 0x08 // not a continuation (Z), and a new sequence (N)
	}
	return ingest.StartsPicture(codec, b)
}
