package whep

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	// history is how many units can be sent again; their payloads are shared with
	// everyone, so a viewer keeps their numbering only.
	history = 128

	// maxResent bounds how often the packets of a unit are sent again, on average.
	maxResent = 4

	// reportInterval is the least time between two sender reports.
	reportInterval = time.Second
)

// output is one outgoing track of one viewer. It implements webrtc.TrackLocal.
type output struct {
	media  media.Codec
	codec  rtc.Codec
	kind   webrtc.RTPCodecType
	engine *rtc.Engine   // whose port gathers the packets of a unit; nil for none
	bound  chan struct{} // closed when the track can be written to
	once   sync.Once

	mu     sync.Mutex
	writer webrtc.TrackLocalWriter // nil until bound
	batch  *rtc.Batch
	header rtp.Header // of the packet that is being sent
	seq    uint16
	sent   [history]sent // a ring
	next   int           // in sent

	count    uint32 // packets sent
	octets   uint32 // payload bytes sent
	reported time.Time
}

// sent is a unit that was sent.
type sent struct {
	unit   *packets
	time   uint32 // RTP time of its first packet
	seq    uint16 // of its first packet
	resent int
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
			o.batch.Close()
			o.writer, o.batch = ctx.WriteStream(), o.engine.Batch(uint32(ctx.SSRC()))
			o.header = rtp.Header{Version: 2, SSRC: uint32(ctx.SSRC()), PayloadType: uint8(c.PayloadType)}
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
	o.batch.Close()
	o.writer, o.batch = nil, nil
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

// write sends a unit with the next sequence numbers.
func (o *output) write(p *packets, time uint32) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writer == nil {
		return errUnbound
	}
	s := &o.sent[o.next]
	*s = sent{unit: p, time: time, seq: o.seq}
	o.next = (o.next + 1) % history
	o.seq += uint16(len(p.payloads))
	o.count += uint32(len(p.payloads))
	o.octets += uint32(p.bytes)
	o.batch.Begin()
	defer o.batch.Flush()
	for i := range p.payloads {
		if err := o.put(s, i); err != nil {
			return err
		}
	}
	return nil
}

// resend sends packets again that the browser misses (RFC 4585 §6.2.1).
func (o *output) resend(seqs []uint16) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writer == nil {
		return
	}
	o.batch.Begin()
	defer o.batch.Flush()
	for _, seq := range seqs {
		s, i := o.find(seq)
		if s == nil || s.resent == maxResent*len(s.unit.payloads) {
			continue
		}
		s.resent++
		if o.put(s, i) != nil {
			return
		}
	}
}

// find returns the unit that has a sequence number, and the place of its packet.
func (o *output) find(seq uint16) (*sent, int) {
	back := o.seq - seq // from the next number; it grows with age, as that of units does
	i := sort.Search(history, func(i int) bool {
		s := o.before(i)
		return s.unit == nil || o.seq-s.seq >= back
	})
	if i == history || back == 0 {
		return nil, 0
	}
	s := o.before(i)
	if s.unit == nil || int(seq-s.seq) >= len(s.unit.payloads) {
		return nil, 0
	}
	return s, int(seq - s.seq)
}

// before returns the unit sent i units before the last.
func (o *output) before(i int) *sent { return &o.sent[(o.next+history-1-i)%history] }

// put sends the i-th packet of a unit.
func (o *output) put(s *sent, i int) error {
	p := s.unit
	o.header.SequenceNumber = s.seq + uint16(i)
	o.header.Timestamp = s.time
	o.header.Marker = p.video && i == len(p.payloads)-1
	if o.codec.ClockRate == 8000 {
		for _, before := range p.payloads[:i] {
			o.header.Timestamp += uint32(len(before)) // G.711: one sample in a byte
		}
	}
	_, err := o.writer.WriteRTP(&o.header, p.payloads[i])
	return err
}

// report returns what a sender report says (RFC 3550 §6.4.1) of a unit that was
// just sent with an RTP time and belongs to a wall time; nil when the last is not
// old enough.
func (o *output) report(now, wall time.Time, rtpTime uint32) *rtcp.SenderReport {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.reported) < reportInterval {
		return nil
	}
	o.reported = now
	return &rtcp.SenderReport{SSRC: o.header.SSRC, NTPTime: ntp(wall), RTPTime: rtpTime, PacketCount: o.count, OctetCount: o.octets}
}

// ntp is a time as 32.32 fixed point since 1900 (RFC 5905 §6).
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800 // seconds to 1970
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
