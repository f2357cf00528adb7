package clip

import "bytes"

// Packet is the payload of one RTP packet, shared by every publisher of the clip.
type Packet struct {
	payload []byte
	mark    int  // where the uuid of a mark begins, or -1
	Last    bool // of its access unit
}

// Payload returns the bytes to send. The mark, if the packet has one, is filled in
// a copy that lies in buffer, which needs 64 bytes.
func (p *Packet) Payload(buffer []byte, m Mark) []byte {
	if p.mark < 0 {
		return p.payload
	}
	b := buffer[:copy(buffer, p.payload)]
	m.put(b[p.mark:])
	return b
}

// Packets returns the clip as RTP payloads of at most size bytes, by access unit,
// each with a mark: single NAL units and FU-A (RFC 6184 §5.6, §5.8).
func (c *Clip) Packets(size int) [][]Packet {
	units := make([][]Packet, len(c.Units))
	for i, u := range c.Units {
		var packets []Packet
		for _, nalu := range u.Marked(Mark{}) {
			packets = appendPackets(packets, nalu, size)
		}
		packets[len(packets)-1].Last = true
		units[i] = packets
	}
	return units
}

func appendPackets(packets []Packet, nalu []byte, size int) []Packet {
	if len(nalu) <= size {
		mark := -1
		if kind(nalu) == naluSEI {
			mark = bytes.Index(nalu, []byte(uuid))
		}
		return append(packets, Packet{payload: nalu, mark: mark})
	}
	const fuA, start, end = 28, 0x80, 0x40
	indicator, header := nalu[0]&0xe0|fuA, kind(nalu)|start
	for body := nalu[1:]; len(body) > 0; header &^= start {
		n := min(size-2, len(body))
		if n == len(body) {
			header |= end
		}
		payload := append([]byte{indicator, header}, body[:n]...)
		packets = append(packets, Packet{payload: payload, mark: -1})
		body = body[n:]
	}
	return packets
}
