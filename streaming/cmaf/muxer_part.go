package cmaf

import (
	"encoding/binary"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Flags of trun (ISO 14496-12 §8.8.8), tfhd (§8.8.7) and samples (§8.8.3.1).
const (
	trunDataOffset  = 0x000001
	trunFirstFlags  = 0x000004
	trunDuration    = 0x000100
	trunSize        = 0x000200
	trunFlags       = 0x000400
	trunComposition = 0x000800

	tfhdBaseDataOffset  = 0x000001
	tfhdDescription     = 0x000002
	tfhdDefaultDuration = 0x000008
	tfhdDefaultSize     = 0x000010
	tfhdDefaultFlags    = 0x000020
	tfhdBaseIsMoof      = 0x020000

	sampleSync    = 0x02000000 // depends on no other
	sampleNonSync = 0x01010000 // depends on others, is no sync sample

	prftCaptured = 24 // prft flags: the time at which the frame was captured
)

// emit closes the open part, whose last leading sample lasts until end. before
// tells that a key frame begins there: audio from there on goes with it.
func (m *Muxer) emit(end int64, before bool) {
	lead := m.lead
	first := lead.pending[0].dts
	end = min(end, first+lead.bound)
	last := len(lead.pending) - 1
	for i := range lead.pending {
		next := end
		if i < last {
			next = lead.pending[i+1].dts
		}
		lead.pending[i].duration = max(1, next-lead.pending[i].dts)
	}
	audio := 0
	if m.other != nil {
		audio = len(m.other.pending)
		if before {
			audio = m.other.pendingBefore(media.Rescale(end, lead.rate, m.other.rate))
		}
	}
	m.send(lead, len(lead.pending), m.other, audio, media.Duration(end-first, lead.rate))
}

// emitAudio sends the first n samples of the audio beside video in parts of
// their own.
func (m *Muxer) emitAudio(n int) {
	for a := m.other; n > 0; {
		take := 1
		for take < n && a.pending[take].end()-a.pending[0].dts <= a.bound && a.pending[take-1].end()-a.pending[0].dts < a.target {
			take++
		}
		span := min(a.pending[take-1].end()-a.pending[0].dts, a.bound)
		m.send(a, take, nil, 0, media.Duration(span, a.rate))
		n -= take
	}
}

// pendingBefore counts the pending samples that begin before time at.
func (t *track) pendingBefore(at int64) int {
	for i := range t.pending {
		if t.pending[i].dts >= at {
			return i
		}
	}
	return len(t.pending)
}

// send makes a part of the first n samples of a and the first k of b, and hands
// it to the sinks. a's first sample gives the part its time.
func (m *Muxer) send(a *track, n int, b *track, k int, duration time.Duration) {
	first := &a.pending[0]
	part := &Part{
		Start:       media.Duration(first.dts, a.rate),
		Duration:    duration,
		NTP:         first.ntp,
		Independent: first.key && a == m.lead,
	}
	if a == m.lead {
		part.Frames = n
	}
	m.seq++
	part.Data = marshalPart(m.seq, a, n, b, k)
	m.move(part.Data, a, n, b, k)
	a.consume(n)
	if b != nil {
		b.consume(k)
	}
	for _, s := range m.options.Sinks {
		s.Part(part)
	}
}

// consume removes the first n pending samples and lets go of their units.
func (t *track) consume(n int) {
	rest := copy(t.pending, t.pending[n:])
	clear(t.pending[rest:])
	t.pending = t.pending[:rest]
}

const (
	prftSize = 32
	mfhdSize = 16
	tfhdSize = 20
	tfdtSize = 20
)

func (t *track) trunSize(n int) int {
	if t.video {
		return 12 + 4 + 4 + 4 + 12*n
	}
	return 12 + 4 + 4 + 8*n
}

func (t *track) trafSize(n int) int { return 8 + tfhdSize + tfdtSize + t.trunSize(n) }

func mdatPayload(t *track, n int) int {
	size := 0
	for i := range t.pending[:n] {
		size += t.pending[i].size
	}
	return size
}

// marshalPart writes prft, moof and mdat into one exactly sized slice.
func marshalPart(seq uint32, a *track, n int, b *track, k int) []byte {
	moof := 8 + mfhdSize + a.trafSize(n)
	bytesA, bytesB := mdatPayload(a, n), 0
	if k > 0 {
		moof += b.trafSize(k)
		bytesB = mdatPayload(b, k)
	}
	dst := make([]byte, 0, prftSize+moof+8+bytesA+bytesB)

	dst = appendPrft(dst, a)
	dst = appendBox(dst, moof, "moof")
	dst = appendFullBox(dst, mfhdSize, "mfhd", 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, seq)
	dst = appendTraf(dst, a, n, moof+8)
	if k > 0 {
		dst = appendTraf(dst, b, k, moof+8+bytesA)
	}
	dst = appendBox(dst, 8+bytesA+bytesB, "mdat")
	dst = a.appendData(dst, n)
	if k > 0 {
		dst = b.appendData(dst, k)
	}
	return dst
}

func appendBox(dst []byte, size int, kind string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	return append(dst, kind...)
}

func appendFullBox(dst []byte, size int, kind string, version byte, flags uint32) []byte {
	dst = appendBox(dst, size, kind)
	return binary.BigEndian.AppendUint32(dst, uint32(version)<<24|flags)
}

// appendPrft writes a ProducerReferenceTimeBox (ISO 14496-12 §8.16.5).
func appendPrft(dst []byte, t *track) []byte {
	first := &t.pending[0]
	dst = appendFullBox(dst, prftSize, "prft", 1, prftCaptured)
	dst = binary.BigEndian.AppendUint32(dst, t.id)
	dst = binary.BigEndian.AppendUint64(dst, ntpTime(first.ntp))
	return binary.BigEndian.AppendUint64(dst, uint64(max(0, first.dts+int64(first.offset))))
}

func appendTraf(dst []byte, t *track, n, dataOffset int) []byte {
	dst = appendBox(dst, t.trafSize(n), "traf")
	dst = appendFullBox(dst, tfhdSize, "tfhd", 0, tfhdBaseIsMoof|tfhdDefaultFlags)
	dst = binary.BigEndian.AppendUint32(dst, t.id)
	flags := uint32(sampleSync)
	if t.video {
		flags = sampleNonSync
	}
	dst = binary.BigEndian.AppendUint32(dst, flags)
	dst = appendFullBox(dst, tfdtSize, "tfdt", 1, 0)
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.pending[0].dts))
	if !t.video {
		dst = appendFullBox(dst, t.trunSize(n), "trun", 0, trunDataOffset|trunDuration|trunSize)
		dst = binary.BigEndian.AppendUint32(dst, uint32(n))
		dst = binary.BigEndian.AppendUint32(dst, uint32(dataOffset))
		for i := range t.pending[:n] {
			s := &t.pending[i]
			duration := s.duration
			if i+1 < n { // a gap, or the mending of an overlap
				duration = t.pending[i+1].dts - s.dts
			}
			dst = binary.BigEndian.AppendUint32(dst, uint32(duration))
			dst = binary.BigEndian.AppendUint32(dst, uint32(s.size))
		}
		return dst
	}
	dst = appendFullBox(dst, t.trunSize(n), "trun", 1, trunDataOffset|trunFirstFlags|trunDuration|trunSize|trunComposition)
	dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	dst = binary.BigEndian.AppendUint32(dst, uint32(dataOffset))
	if t.pending[0].key {
		flags = sampleSync
	}
	dst = binary.BigEndian.AppendUint32(dst, flags)
	for i := range t.pending[:n] {
		s := &t.pending[i]
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.duration))
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.size))
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.offset))
	}
	return dst
}

func (t *track) appendData(dst []byte, n int) []byte {
	for i := range t.pending[:n] {
		s := &t.pending[i]
		switch {
		case !t.video:
			dst = append(dst, s.unit.Data[s.frame]...)
		case t.codec == media.AV1:
			if t.insertHeader(s.unit) {
				dst = appendOBU(dst, t.sequenceHeader)
			}
			for _, d := range s.unit.Data {
				dst = appendOBU(dst, d)
			}
		default:
			for _, d := range s.unit.Data {
				dst = binary.BigEndian.AppendUint32(dst, uint32(len(d)))
				dst = append(dst, d...)
			}
		}
	}
	return dst
}

// obuHeader returns the bytes of an OBU's header with its extension.
func obuHeader(obu []byte) int {
	if obu[0]&0x04 != 0 && len(obu) > 1 {
		return 2
	}
	return 1
}

func obuSize(obu []byte) int {
	if len(obu) == 0 {
		return 0
	}
	payload := len(media.AV1Payload(obu))
	n := obuHeader(obu) + payload
	for size := payload; ; size >>= 7 {
		n++
		if size < 0x80 {
			return n
		}
	}
}

// appendOBU writes an OBU with a size field (AV1 §5.3.2), as files want it.
func appendOBU(dst, obu []byte) []byte {
	if len(obu) == 0 {
		return dst
	}
	payload := media.AV1Payload(obu)
	dst = append(dst, obu[0]|0x02)
	if obuHeader(obu) == 2 {
		dst = append(dst, obu[1])
	}
	size := len(payload)
	for size >= 0x80 {
		dst = append(dst, byte(size)|0x80)
		size >>= 7
	}
	dst = append(dst, byte(size))
	return append(dst, payload...)
}

// ntpEpoch is the difference between the epochs of NTP (1900) and Unix, seconds.
const ntpEpoch = 2208988800

// ntpTime returns t in the 64-bit format of RFC 5905 §6, rounded up to its
// 2^-32 s so that it comes back as the same nanosecond.
func ntpTime(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.Unix()+ntpEpoch)<<32 | (uint64(t.Nanosecond())<<32+999_999_999)/1_000_000_000
}

// timeOfNTP is the inverse of ntpTime; seconds before 1968 are those of the era
// that begins in 2036.
func timeOfNTP(v uint64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	seconds := int64(v >> 32)
	if seconds < 1<<31 {
		seconds += 1 << 32
	}
	return time.Unix(seconds-ntpEpoch, int64(v&0xffffffff*1_000_000_000>>32)).UTC()
}
