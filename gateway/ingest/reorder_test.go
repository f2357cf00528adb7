package ingest_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

func numbered(seq uint16) *rtp.Packet { return &rtp.Packet{Header: rtp.Header{SequenceNumber: seq}} }

func TestReorderer(t *testing.T) {
	type arrival struct {
		seq uint16
		ms  int
	}
	behind := []arrival{{1000, 0}}
	for i := range 67 {
		behind = append(behind, arrival{uint16(900 + i), 1})
	}
	for _, c := range []struct {
		name     string
		arrivals []arrival
		want     []string // | before what follows a gap
		lost     uint64
	}{
		{"in order", []arrival{{1, 0}, {2, 1}, {3, 2}}, []string{"1", "2", "3"}, 0},
		{"swapped", []arrival{{1, 0}, {3, 1}, {2, 2}}, []string{"1", "2", "3"}, 0},
		{"twice", []arrival{{1, 0}, {1, 1}, {3, 1}, {3, 1}, {2, 2}, {2, 2}}, []string{"1", "2", "3"}, 0},
		{"over the end of the numbers", []arrival{{65534, 0}, {0, 1}, {65535, 2}, {1, 3}}, []string{"65534", "65535", "0", "1"}, 0},
		{"lost, found by time", []arrival{{1, 0}, {3, 1}, {4, 50}, {5, 101}}, []string{"1", "|3", "4", "5"}, 1},
		{"lost, found by count", []arrival{{1, 0}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}}, []string{"1", "|3", "4", "5", "6", "7"}, 1},
		{"back in time, just", []arrival{{1, 0}, {3, 1}, {2, 100}}, []string{"1", "2", "3"}, 0},
		{"too late", []arrival{{1, 0}, {3, 1}, {4, 101}, {2, 102}}, []string{"1", "|3", "4"}, 1},
		{"two gaps", []arrival{{1, 0}, {3, 1}, {5, 60}, {6, 101}, {7, 160}}, []string{"1", "|3", "|5", "6", "7"}, 2},
		{"one lost, one overtaken", []arrival{{1, 0}, {3, 1}, {5, 100}, {6, 101}, {4, 102}}, []string{"1", "|3", "4", "5", "6"}, 1},
		{"numbers begin anew", []arrival{{1, 0}, {30000, 1}, {30001, 2}}, []string{"1", "|30000", "30001"}, 0},
		{"a long gap", []arrival{{1, 0}, {2002, 1}}, []string{"1", "|2002"}, 2000},
		{"back over half the numbers", []arrival{{40000, 0}, {100, 1}, {101, 2}}, []string{"40000", "|100", "101"}, 0},
		{"numbers begin anew just behind", behind, []string{"1000", "|964", "965", "966"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			r := &ingest.Reorderer{Wait: 100 * time.Millisecond, Limit: 4, Emit: func(p *rtp.Packet, _ time.Time, gap bool) {
				s := fmt.Sprint(p.SequenceNumber)
				if gap {
					s = "|" + s
				}
				got = append(got, s)
			}}
			begin := time.Unix(0, 0)
			for _, a := range c.arrivals {
				r.Push(numbered(a.seq), begin.Add(time.Duration(a.ms)*time.Millisecond))
			}
			if lost, _ := r.Counts(); !slices.Equal(got, c.want) || lost != c.lost {
				t.Errorf("got %v, lost %d, want %v, lost %d", got, lost, c.want, c.lost)
			}
		})
	}
}

// Another source has numbers of its own (RFC 3550 §5.1).
func TestReordererSource(t *testing.T) {
	var got []uint32
	r := &ingest.Reorderer{Wait: time.Second, Emit: func(p *rtp.Packet, _ time.Time, _ bool) { got = append(got, p.SSRC) }}
	for i, ssrc := range []uint32{1, 1, 2, 2} {
		p := numbered(uint16(100 - i))
		p.SSRC = ssrc
		r.Push(p, time.Unix(0, 0))
	}
	if want := []uint32{1, 2}; !slices.Equal(got, want) {
		t.Errorf("got packets of %v, want %v", got, want)
	}
}

// Whatever is lost on the way, every packet that is overtaken by less than Wait and
// by less than Limit is handed on, once, in order; every gap is marked, and
// every packet counted.
func TestReordererProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const wait, interval = 50, 2 // ms
		type arrival struct {
			seq uint16
			ms  int
		}
		var sent []arrival
		first := rapid.Uint16().Draw(t, "first")
		n := rapid.IntRange(1, 400).Draw(t, "packets")
		loss := rapid.IntRange(0, 30).Draw(t, "percent")
		for i := range n {
			if i > 0 && rapid.IntRange(0, 99).Draw(t, "lost") < loss {
				continue
			}
			late := 0
			if i > 0 && rapid.IntRange(0, 9).Draw(t, "late") == 0 {
				late = rapid.IntRange(0, wait-interval-1).Draw(t, "by")
			}
			sent = append(sent, arrival{first + uint16(i), i*interval + late})
		}
		came := slices.Clone(sent)
		slices.SortStableFunc(came, func(a, b arrival) int { return cmp.Compare(a.ms, b.ms) })
		var out []uint16
		var gaps []bool
		r := &ingest.Reorderer{Wait: wait * time.Millisecond, Limit: wait / interval, Emit: func(p *rtp.Packet, _ time.Time, gap bool) {
			out, gaps = append(out, p.SequenceNumber), append(gaps, gap)
		}}
		for _, a := range came {
			now := time.Unix(0, 0).Add(time.Duration(a.ms) * time.Millisecond)
			r.Push(numbered(a.seq), now)
			if at, waits := r.Deadline(); waits && !at.After(now) {
				t.Fatalf("something waits for what was due at %v, and it is %v", at, now)
			}
		}
		r.Flush()
		if len(out) != len(sent) {
			t.Fatalf("%d packets came, %d were handed on", len(sent), len(out))
		}
		for i := range out {
			if out[i] != sent[i].seq {
				t.Fatalf("packet %d is %d, want %d", i, out[i], sent[i].seq)
			}
			if i > 0 && (out[i]-out[i-1] > 1) != gaps[i] {
				t.Fatalf("%d after %d, gap %v", out[i], out[i-1], gaps[i])
			}
		}
		lost, received := r.Counts()
		if span := uint64(out[len(out)-1]-out[0]) + 1; received != uint64(len(out)) || span != received+lost {
			t.Fatalf("%d numbers, %d handed on: counted %d and %d lost", span, len(out), received, lost)
		}
	})
}

// Whatever comes, no more than Limit wait, none beyond its deadline, and
// between two restarts the numbers rise.
func FuzzReorderer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 3, 1, 0, 2, 2})
	f.Add([]byte{255, 255, 0, 0, 1, 1, 0, 0, 200})
	f.Add([]byte{128, 0, 0, 0, 0, 0, 4, 0, 9})
	f.Add([]byte("000020000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit, wait = 16, 20 * time.Millisecond
		var last uint16
		begun := false
		r := &ingest.Reorderer{Wait: wait, Limit: limit, Emit: func(p *rtp.Packet, _ time.Time, gap bool) {
			if step := p.SequenceNumber - last; begun && !gap && step != 1 {
				t.Fatalf("%d after %d, and no gap", p.SequenceNumber, last)
			}
			last, begun = p.SequenceNumber, true
		}}
		now := time.Unix(0, 0)
		var pushed, out uint64
		for ; len(b) >= 3; b = b[3:] {
			now = now.Add(time.Duration(b[2]&0x7f) * time.Millisecond)
			p := numbered(binary.BigEndian.Uint16(b))
			p.SSRC = uint32(b[2] >> 7)
			r.Push(p, now)
			pushed++
			if at, waits := r.Deadline(); waits && !at.After(now) {
				t.Fatalf("due at %v, and it is %v", at, now)
			}
		}
		r.Flush()
		if _, out = r.Counts(); out > pushed {
			t.Fatalf("%d packets came, %d counted", pushed, out)
		}
		if _, waits := r.Deadline(); waits {
			t.Fatal("something waits after Flush")
		}
	})
}
