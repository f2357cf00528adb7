package whip

import (
	"time"

	"github.com/pion/rtp"
)

// window is the ring of the reorder buffer, in packets.
const window = 1024

// reorder hands packets on in the order of their sequence numbers. A packet
// whose predecessor is missing waits until that comes, until it has waited for too
// long, or until too many wait; what is missing then counts as lost.
//
// Time goes by what push and expire are given. It is not safe for concurrent use.
type reorder struct {
	wait  time.Duration
	limit int // packets that may wait, below window
	emit  func(p *rtp.Packet, arrival time.Time, gap bool)

	started  bool
	next     uint16 // the sequence number to be handed on next
	slots    [window]slot
	waiting  int
	lost     uint64
	received uint64
}

type slot struct {
	packet  *rtp.Packet
	arrival time.Time
}

func (r *reorder) push(p *rtp.Packet, now time.Time) {
	if !r.started {
		r.started, r.next = true, p.SequenceNumber
	}
	ahead := int(int16(p.SequenceNumber - r.next))
	switch {
	case ahead < -window || ahead >= window:
		// The numbering began anew, or more is gone than is worth waiting for.
		r.received++
		r.flush()
		gap := uint64(0)
		if d := int(int16(p.SequenceNumber - r.next)); d > 0 && d < 8*window {
			gap = uint64(d)
		}
		r.lost += gap
		r.next = p.SequenceNumber + 1
		r.emit(p, now, true)
		return
	case ahead < 0:
		return // a duplicate, or counted as lost already
	case ahead == 0:
		r.received++
		r.next++
		r.emit(p, now, false)
		r.drain()
	default:
		s := &r.slots[p.SequenceNumber%window]
		if s.packet != nil {
			return // a duplicate
		}
		r.received++
		*s = slot{p, now}
		r.waiting++
	}
	r.expire(now)
}

// expire gives up on what has been waited for too long.
func (r *reorder) expire(now time.Time) {
	for r.waiting > 0 && (r.waiting > r.limit || now.Sub(r.oldest()) >= r.wait) {
		r.skip()
	}
}

// oldest is the earliest arrival of those that wait.
func (r *reorder) oldest() time.Time {
	var t time.Time
	for left, seq := r.waiting, r.next; left > 0; seq++ {
		if s := &r.slots[seq%window]; s.packet != nil {
			left--
			if t.IsZero() || s.arrival.Before(t) {
				t = s.arrival
			}
		}
	}
	return t
}

// drain hands on what waits without a gap.
func (r *reorder) drain() {
	for r.waiting > 0 {
		s := &r.slots[r.next%window]
		if s.packet == nil {
			return
		}
		p, arrival := s.packet, s.arrival
		*s = slot{}
		r.waiting--
		r.next++
		r.emit(p, arrival, false)
	}
}

// skip gives up on what is missing before the first packet that waits.
func (r *reorder) skip() {
	for r.slots[r.next%window].packet == nil {
		r.next++
		r.lost++
	}
	s := &r.slots[r.next%window]
	p, arrival := s.packet, s.arrival
	*s = slot{}
	r.waiting--
	r.next++
	r.emit(p, arrival, true)
	r.drain()
}

// flush hands on everything that waits.
func (r *reorder) flush() {
	for r.waiting > 0 {
		r.skip()
	}
}
