package whip

import (
	"time"

	"github.com/pion/rtp"
)

// Bounds of one access unit.
const (
	maxUnitPackets = 8192
	maxUnitBytes   = 4 << 20
)

// assembler collects the packets of one access unit: those with one RTP time,
// the last of them marked (RFC 6184 §5.1, RFC 7798 §4.1, AV1 RTP §4.2). A sender that
// does not mark is understood by the change of time.
//
// A unit with a gap before, in or after it that may have cost it a packet is
// dropped. It is not safe for concurrent use.
type assembler struct {
	// begins tells whether a payload is the beginning of a picture, so that a
	// gap before it cost it nothing.
	begins func(payload []byte) bool
	emit   func(packets []*rtp.Packet, arrival time.Time)
	drop   func() // a unit was dropped

	packets []*rtp.Packet
	bytes   int
	open    bool
	damaged bool
	time    uint32
}

// push takes the next packet in order; gap says that packets before it are lost.
func (a *assembler) push(p *rtp.Packet, arrival time.Time, gap bool) {
	if gap && len(p.Payload) == 0 && !a.open {
		// A padding packet after the gap tells nothing of what the gap took.
		a.begin(p.Timestamp, true)
		return
	}
	if len(p.Payload) == 0 { // padding (RFC 3550 §5.1): it fills the path, not a unit
		a.damaged = a.damaged || gap
		return
	}
	if a.open && p.Timestamp != a.time {
		a.finish(arrival, gap)
	}
	if !a.open {
		a.begin(p.Timestamp, gap && !a.begins(p.Payload))
	} else if gap {
		a.damaged = true
	}
	a.bytes += len(p.Payload)
	if a.bytes > maxUnitBytes || len(a.packets) == maxUnitPackets {
		a.damaged = true
	}
	if !a.damaged {
		a.packets = append(a.packets, p)
	}
	if p.Marker {
		a.finish(arrival, false)
	}
}

func (a *assembler) begin(time uint32, damaged bool) {
	a.open, a.damaged, a.time = true, damaged, time
	a.packets, a.bytes = nil, 0
}

// finish ends the open unit; gap says that its end may be missing.
func (a *assembler) finish(arrival time.Time, gap bool) {
	packets := a.packets
	a.open, a.packets = false, nil
	if a.damaged || gap || len(packets) == 0 {
		a.drop()
		return
	}
	a.emit(packets, arrival)
}
