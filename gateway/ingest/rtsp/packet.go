package rtsp

import (
	"encoding/binary"

	"github.com/pion/rtp"
)

const rtpHeader = 12 // bytes of a header without sources and extensions

// parseRTP reads an RTP packet (RFC 3550 §5.1) into p, whose Payload then points
// into b. Sources and extensions are skipped. It reports false when b is not
// well-formed.
func parseRTP(b []byte, p *rtp.Packet) bool {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		return false
	}
	at, end := rtpHeader+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 { // extension (§5.3.1)
		if len(b) < at+4 {
			return false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 { // padding: its last byte counts it
		end -= int(b[len(b)-1])
	}
	if at > end {
		return false
	}
	p.Marker = b[1]&0x80 != 0
	p.PayloadType = b[1] & 0x7f
	p.SequenceNumber = binary.BigEndian.Uint16(b[2:])
	p.Timestamp = binary.BigEndian.Uint32(b[4:])
	p.SSRC = binary.BigEndian.Uint32(b[8:])
	p.Payload = b[at:end]
	return true
}
