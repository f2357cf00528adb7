package ingest

import (
	"time"

	"github.com/pion/rtp"
)

const (
	// reorderRing is how far ahead of a missing packet others may be, in
	// sequence numbers.
	reorderRing = 1024

	// reorderLimit is the default of Reorderer.Limit: one large key frame.
	reorderLimit = 768

	// reorderNear is how far packets of one numbering may be from one another.
	reorderNear = 8 * reorderRing

	// reorderAnew is for how long all that comes must be behind before its numbering
	// counts as begun anew, and for how long nothing must have been handed on or given up
	// before that begins: longer than what a network holds back takes to come.
	reorderAnew = 2 * time.Second
)

// Reorderer hands the RTP packets of one stream on in the order of their sequence
// numbers. A packet whose predecessor is missing waits until that comes, until one has
// waited for too long, or until too many wait; what is missing then counts
// as lost, and what waits behind another gap waits on. A packet that comes twice is handed on once,
// and one that comes when later ones were handed on not at all, unless its sender has begun
// its numbers anew.
//
// Time goes by what Push and Expire are given. It is not safe for concurrent use.
type Reorderer struct {
	// Wait is how long a packet waits for one before it that is missing.
	Wait time.Duration

	// Limit is how many packets may wait, at most 1023; 0: 768.
	Limit int

	// Emit takes the next packet; gap says that packets before it are lost. The
	// packet is its own from then on.
	Emit func(p *rtp.Packet, arrival time.Time, gap bool)

	started  bool
	ssrc     uint32
	next     uint16 // the sequence number to be handed on next
	slots    [reorderRing]slot
	waiting  int
	since    time.Time // earliest arrival of those that wait
	moved    time.Time // when a packet last came that was not behind, or was last given up
	behind   time.Time // since when none but those behind come; zero before
	lost     uint64
	received uint64
}

type slot struct {
	packet  *rtp.Packet
	arrival time.Time
}

// Push takes a packet, which is the Reorderer's until Emit gets it.
func (r *Reorderer) Push(p *rtp.Packet, now time.Time) {
	if !r.started {
		r.started, r.next, r.ssrc = true, p.SequenceNumber, p.SSRC
	}
	ahead := int(int16(p.SequenceNumber - r.next))
	switch {
	case p.SSRC != r.ssrc || ahead < -reorderNear || ahead >= reorderRing || ahead < 0 && r.anew(now):
		r.restart(p, now)
	case ahead < 0: // a duplicate, or counted as lost already
	case ahead == 0:
		r.move(now)
		r.received++
		r.next++
		r.Emit(p, now, false)
		r.drain()
	default:
		r.move(now)
		r.hold(p, now)
	}
	r.Expire(now)
}

// move notes that the numbers go on.
func (r *Reorderer) move(now time.Time) { r.moved, r.behind = now, time.Time{} }

// anew tells whether a packet that is behind has its number from a new beginning.
func (r *Reorderer) anew(now time.Time) bool {
	long := max(reorderAnew, r.Wait)
	if now.Sub(r.moved) < long {
		return false // it may be late by as much
	}
	if r.behind.IsZero() {
		r.behind = now
	}
	return now.Sub(r.behind) >= long
}

// hold keeps a packet until those before it have come.
func (r *Reorderer) hold(p *rtp.Packet, now time.Time) {
	s := &r.slots[p.SequenceNumber%reorderRing]
	if s.packet != nil {
		return // a duplicate
	}
	r.received++
	*s = slot{p, now}
	if r.waiting++; r.waiting == 1 {
		r.since = now
	}
}

// restart goes on with a packet that does not follow what came before: the
// numbering began anew, or more is gone than is worth waiting for.
func (r *Reorderer) restart(p *rtp.Packet, now time.Time) {
	r.Flush()
	if gap := int(int16(p.SequenceNumber - r.next)); p.SSRC == r.ssrc && gap > 0 && gap < reorderNear {
		r.lost += uint64(gap)
	}
	r.move(now)
	r.received++
	r.next, r.ssrc = p.SequenceNumber+1, p.SSRC
	r.Emit(p, now, true)
}

// Expire gives up on what has been waited for too long.
func (r *Reorderer) Expire(now time.Time) {
	limit := r.Limit
	if limit == 0 {
		limit = reorderLimit
	}
	for r.waiting > 0 && (r.waiting > limit || now.Sub(r.since) >= r.Wait) {
		r.move(now)
		r.skip()
	}
}

// Deadline is when Expire is due; ok is false while nothing waits.
func (r *Reorderer) Deadline() (at time.Time, ok bool) { return r.since.Add(r.Wait), r.waiting > 0 }

// Flush hands on everything that waits.
func (r *Reorderer) Flush() {
	for r.waiting > 0 {
		r.skip()
	}
}

// Counts returns how many packets were lost and how many came since it was last
// called, for Session.Lost.
func (r *Reorderer) Counts() (lost, received uint64) {
	lost, received = r.lost, r.received
	r.lost, r.received = 0, 0
	return lost, received
}

// skip gives up on what is missing before the first packet that waits.
func (r *Reorderer) skip() {
	for r.slots[r.next%reorderRing].packet == nil {
		r.next++
		r.lost++
	}
	r.emit(true)
	r.drain()
}

// drain hands on what waits without a gap.
func (r *Reorderer) drain() {
	if r.waiting == 0 {
		return
	}
	for r.waiting > 0 && r.slots[r.next%reorderRing].packet != nil {
		r.emit(false)
	}
	r.since = r.oldest()
}

// emit hands on the packet that is next, which waits.
func (r *Reorderer) emit(gap bool) {
	s := r.slots[r.next%reorderRing]
	r.slots[r.next%reorderRing] = slot{}
	r.waiting--
	r.next++
	r.Emit(s.packet, s.arrival, gap)
}

// oldest is the earliest arrival of those that wait.
func (r *Reorderer) oldest() time.Time {
	var t time.Time
	for left, seq := r.waiting, r.next; left > 0; seq++ {
		if s := &r.slots[seq%reorderRing]; s.packet != nil {
			left--
			if t.IsZero() || s.arrival.Before(t) {
				t = s.arrival
			}
		}
	}
	return t
}
