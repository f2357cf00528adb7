package srt

import (
	"errors"
	"io"
)

const (
	packetSize = 188
	// maxPending bounds the bytes of PES packets in the making, over all PIDs:
	// the demultiplexer keeps them until the next one begins.
	maxPending = 16 << 20
	// maxPIDs bounds the elementary streams and tables.
	maxPIDs = 64
)

var errTooBig = errors.New("MPEG-TS: packets without end")

// guard reads MPEG-TS and watches it go by (ISO 13818-1 §2.4.3.2): it counts
// packets and gaps in the continuity counters, and fails when a sender would
// have us keep too much.
type guard struct {
	r io.Reader

	received, lost uint64 // since last taken

	packet  [packetSize]byte
	n       int // bytes of packet
	streams map[uint16]*pid
	pending int
}

type pid struct {
	counter byte
	pending int
}

// Read implements io.Reader.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if bad := g.watch(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

func (g *guard) watch(b []byte) error {
	for len(b) > 0 {
		if g.n == 0 && b[0] != 0x47 {
			b = b[1:]
			continue
		}
		c := copy(g.packet[g.n:], b)
		g.n += c
		b = b[c:]
		if g.n == packetSize {
			g.n = 0
			if err := g.take(&g.packet); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *guard) take(p *[packetSize]byte) error {
	g.received++
	id := uint16(p[1]&0x1f)<<8 | uint16(p[2])
	if id == 0x1fff { // null packets
		return nil
	}
	start, payload, counter := p[1]&0x40 != 0, p[3]&0x10 != 0, p[3]&0x0f
	discontinuity := p[3]&0x20 != 0 && p[4] > 0 && p[5]&0x80 != 0
	if g.streams == nil {
		g.streams = map[uint16]*pid{}
	}
	s, known := g.streams[id]
	if !known {
		if len(g.streams) == maxPIDs {
			return errTooBig
		}
		s = &pid{}
		g.streams[id] = s
	} else if payload && !discontinuity && counter != s.counter {
		g.lost += uint64((counter - s.counter - 1) & 0x0f)
	}
	if !payload {
		return nil
	}
	s.counter = counter
	if start {
		g.pending -= s.pending
		s.pending = 0
	}
	s.pending += packetSize
	g.pending += packetSize
	if g.pending > maxPending {
		return errTooBig
	}
	return nil
}

// counts returns what was counted since the last call.
func (g *guard) counts() (lost, received uint64) {
	lost, received = g.lost, g.received
	g.lost, g.received = 0, 0
	return lost, received
}
