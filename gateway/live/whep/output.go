package whep

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	// history is how many packets can be sent again; the payloads are shared
	// with everyone, so a viewer keeps headers only.
	history = 1024

	// maxResent bounds how often one packet is sent again.
	maxResent = 4
)

// output is one outgoing track of one viewer. It implements webrtc.TrackLocal.
type output struct {
	media media.Codec
	codec rtc.Codec
	kind  webrtc.RTPCodecType
	bound chan struct{} // closed when the track can be written to
	once  sync.Once

	mu     sync.Mutex
	writer webrtc.TrackLocalWriter // nil until bound
	ssrc   uint32
	pt     uint8
	seq    uint16
	sent   [history]sent
}

type sent struct {
	payload []byte
	time    uint32
	seq     uint16
	marker  bool
	resent  uint8
}

func newOutput(m media.Codec, codec rtc.Codec) *output {
	kind := webrtc.RTPCodecTypeAudio
	if m.Video() {
		kind = webrtc.RTPCodecTypeVideo
	}
	return &output{media: m, codec: codec, kind: kind, bound: make(chan struct{}), seq: rtp.NewRandomSequencer().NextSequenceNumber()}
}

// Bind implements webrtc.TrackLocal: it is called when the connection can send.
func (o *output) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, c := range ctx.CodecParameters() {
		if c.PayloadType == o.codec.PayloadType && strings.EqualFold(c.MimeType, o.codec.MimeType) {
			o.mu.Lock()
			o.writer, o.ssrc, o.pt = ctx.WriteStream(), uint32(ctx.SSRC()), uint8(c.PayloadType)
			o.mu.Unlock()
			o.once.Do(func() { close(o.bound) })
			return c, nil
		}
	}
	return webrtc.RTPCodecParameters{}, fmt.Errorf("%s was not negotiated", o.codec.MimeType)
}

// Unbind implements webrtc.TrackLocal.
func (o *output) Unbind(webrtc.TrackLocalContext) error {
	o.mu.Lock()
	o.writer = nil
	o.mu.Unlock()
	return nil
}

// ID implements webrtc.TrackLocal.
func (o *output) ID() string { return o.kind.String() }

// RID implements webrtc.TrackLocal.
func (o *output) RID() string { return "" }

// StreamID implements webrtc.TrackLocal: both tracks belong to one stream, so that
// the browser keeps them in step.
func (o *output) StreamID() string { return "camera" }

// Kind implements webrtc.TrackLocal.
func (o *output) Kind() webrtc.RTPCodecType { return o.kind }

var errUnbound = errors.New("the track is not connected")

// write sends one payload with the next sequence number.
func (o *output) write(payload []byte, time uint32, marker bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writer == nil {
		return errUnbound
	}
	s := &o.sent[o.seq%history]
	*s = sent{payload: payload, time: time, seq: o.seq, marker: marker}
	o.seq++
	return o.put(s)
}

// resend sends packets again that the browser misses (RFC 4585 §6.2.1).
func (o *output) resend(seqs []uint16) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writer == nil {
		return
	}
	for _, seq := range seqs {
		s := &o.sent[seq%history]
		if s.payload == nil || s.seq != seq || s.resent == maxResent {
			continue
		}
		s.resent++
		if o.put(s) != nil {
			return
		}
	}
}

func (o *output) put(s *sent) error {
	_, err := o.writer.WriteRTP(&rtp.Header{
		Version: 2, PayloadType: o.pt, SSRC: o.ssrc,
		SequenceNumber: s.seq, Timestamp: s.time, Marker: s.marker,
	}, s.payload)
	return err
}
