package rtsp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Bounds of one access unit.
const (
	maxUnitBytes = 8 << 20
	maxUnitNALs  = 1024
)

// Errors of a picture.
var (
	errPayload   = errors.New("malformed RTP payload")
	errTooLarge  = errors.New("access unit too large")
	errNoStart   = errors.New("fragment without its beginning")
	errUnfolding = errors.New("kind of RTP payload that is not supported")
)

// picture gathers the NAL units of one access unit from RTP payloads: H.264
// (RFC 6184, modes 0 and 1) and H.265 (RFC 7798 without decoding order numbers).
// Payloads come in order and without gaps, and are copied: they may be reused.
type picture struct {
	codec media.Codec

	buf      *[]byte // from scratch while something is in it
	ends     []int   // where each NAL unit ends in buf
	fragment bool    // behind the last end a fragmented NAL unit grows
	time     uint32
}

// scratch holds buffers of pictures in the making: there are far fewer of those
// than cameras.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 32<<10); return &b }}

// open tells whether something is in the picture.
func (p *picture) open() bool { return p.buf != nil }

// drop forgets what is in the picture.
func (p *picture) drop() {
	if p.buf != nil && cap(*p.buf) <= 1<<20 {
		*p.buf = (*p.buf)[:0]
		scratch.Put(p.buf)
	}
	p.buf, p.ends, p.fragment = nil, p.ends[:0], false
}

// take returns the NAL units of the picture, in memory of their own, and
// begins a new one. A fragment without its end is left out.
func (p *picture) take() [][]byte {
	if p.buf == nil {
		return nil
	}
	defer p.drop()
	if len(p.ends) == 0 {
		return nil
	}
	all := bytes.Clone((*p.buf)[:p.ends[len(p.ends)-1]])
	data := make([][]byte, 0, len(p.ends))
	begin := 0
	for _, end := range p.ends {
		data = appendNALs(data, all[begin:end:end])
		begin = end
	}
	return data
}

// appendNALs appends b, one NAL unit. No start code can be in one
// (ITU-T H.264 §7.4.1, H.265 §7.4.2); some cameras send several behind one
// another nevertheless, as a byte stream (Annex B).
func appendNALs(data [][]byte, b []byte) [][]byte {
	i := bytes.Index(b, []byte{0, 0, 1})
	if i < 0 {
		return append(data, b)
	}
	if first := bytes.TrimRight(b[:i], "\x00"); len(first) > 0 {
		data = append(data, first)
	}
	return append(data, media.SplitAnnexB(b[i:])...)
}

// add takes the payload of the next packet. After an error the access unit
// cannot be saved.
func (p *picture) add(b []byte) error {
	if p.buf == nil {
		p.buf = scratch.Get().(*[]byte)
	}
	if len(*p.buf)+len(b) > maxUnitBytes {
		return errTooLarge
	}
	if p.codec == media.H265 {
		return p.addH265(b)
	}
	return p.addH264(b)
}

// Packet types of RFC 6184 §5.2 and RFC 7798 §4.4 beside single NAL units.
const (
	h264STAPA = 24
	h264STAPB = 25
	h264FUA   = 28
	h264FUB   = 29
	h265AP    = 48
	h265FU    = 49
	h265PACI  = 50
)

func (p *picture) addH264(b []byte) error {
	if len(b) == 0 {
		return errPayload
	}
	switch kind := b[0] & 0x1f; {
	case kind == h264FUA:
		if len(b) < 2 {
			return errPayload
		}
		return p.addFragment(b[1]&0x80 != 0, b[1]&0x40 != 0, b[2:], b[0]&0xe0|b[1]&0x1f)
	case kind == h264STAPA:
		return p.addAggregate(b[1:])
	case kind >= h264STAPB && kind <= h264FUB:
		return errUnfolding
	}
	return p.addWhole(b)
}

func (p *picture) addH265(b []byte) error {
	if len(b) < 2 {
		return errPayload
	}
	switch b[0] >> 1 & 0x3f {
	case h265FU:
		if len(b) < 3 {
			return errPayload
		}
		return p.addFragment(b[2]&0x80 != 0, b[2]&0x40 != 0, b[3:], b[0]&0x81|b[2]&0x3f<<1, b[1])
	case h265AP:
		return p.addAggregate(b[2:])
	case h265PACI:
		return errUnfolding
	}
	return p.addWhole(b)
}

// addFragment appends a part of a NAL unit, whose header is given apart. One
// fragment that is beginning and end at once is against the rules (RFC 6184
// §5.8, RFC 7798 §4.4.3), and sent by some cameras.
func (p *picture) addFragment(start, end bool, b []byte, header ...byte) error {
	if start {
		p.cut()
		*p.buf = append(*p.buf, header...)
		p.fragment = true
	} else if !p.fragment {
		return errNoStart
	}
	*p.buf = append(*p.buf, b...)
	if end {
		p.fragment = false
		return p.finish()
	}
	return nil
}

// addAggregate appends NAL units that stand behind their sizes. Zeros at the
// end are padding.
func (p *picture) addAggregate(b []byte) error {
	if len(b) < 2 {
		return errPayload
	}
	for len(b) > 0 {
		if len(b) < 2 {
			return errPayload
		}
		size := int(binary.BigEndian.Uint16(b))
		b = b[2:]
		if size == 0 && len(bytes.Trim(b, "\x00")) == 0 {
			return nil
		}
		if size == 0 || size > len(b) {
			return errPayload
		}
		if err := p.addWhole(b[:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

func (p *picture) addWhole(b []byte) error {
	p.cut()
	*p.buf = append(*p.buf, b...)
	return p.finish()
}

// cut removes a fragmented NAL unit whose end never came.
func (p *picture) cut() {
	p.fragment = false
	last := 0
	if n := len(p.ends); n > 0 {
		last = p.ends[n-1]
	}
	*p.buf = (*p.buf)[:last]
}

// finish ends the NAL unit at the end of buf.
func (p *picture) finish() error {
	if len(p.ends) == maxUnitNALs {
		return errTooLarge
	}
	p.ends = append(p.ends, len(*p.buf))
	return nil
}
