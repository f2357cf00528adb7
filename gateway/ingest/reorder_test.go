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
	// run is packets from one number to another, from a moment on and one every so many ms.
	run := func(from, to, ms, every int) (out []arrival) {
		for seq := from; seq <= to; seq++ {
			out = append(out, arrival{uint16(seq), ms})
			ms += every
		}
		return out
	}
	numbers := func(from, to int) (out []string) {
		for seq := from; seq <= to; seq++ {
			out = append(out, fmt.Sprint(seq))
		}
		return out
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
		{"a burst that is late", slices.Concat(run(0, 99, 0, 10), run(200, 229, 1000, 1), run(100, 199, 1200, 1), run(230, 259, 1300, 10)),
			slices.Concat(numbers(0, 99), []string{"|200"}, numbers(201, 259)), 100},
		{"a burst that is late by far", slices.Concat(run(0, 9, 0, 10), run(2000, 2009, 100, 1), run(10, 1999, 1200, 0), run(2010, 2019, 1300, 10)),
			slices.Concat(numbers(0, 9), []string{"|2000"}, numbers(2001, 2019)), 1990},
		{"late for as long as they were overtaken by", slices.Concat(run(0, 9, 0, 10), run(200, 209, 100, 10), run(10, 199, 3000, 10), run(210, 219, 4900, 10)),
			slices.Concat(numbers(0, 9), []string{"|200"}, numbers(201, 219)), 190},
		{"numbers begin anew just behind", slices.Concat(run(1000, 1000, 0, 1), run(900, 952, 2000, 40)), []string{"1000", "|950", "951", "952"}, 0},
		{"numbers begin anew behind, just before old ones come again", slices.Concat(run(1000, 1000, 0, 1), run(900, 940, 2000, 40), run(1001, 1001, 3630, 1), run(941, 990, 3640, 40)),
			[]string{"1000", "1001"}, 0},
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
// by less than Limit is handed on; of those that are later, none comes behind one that was sent
// after it. Each is handed on once; every gap is marked, and every number counted.
func TestReordererProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most, wait, interval, latest = 600, 50, 2, 1900 // packets; ms
		type arrival struct {
			seq uint16
			ms  int
		}
		first := rapid.Uint16().Draw(t, "first")
		n := rapid.IntRange(1, most).Draw(t, "packets")
		loss := rapid.IntRange(0, 30).Draw(t, "percent")
		var came []arrival
		due := map[uint16]bool{} // is not late
		held, until := 0, 0      // packets that come at once, and when
		for i := range n {
			sent := i * interval
			if i > 0 && held == 0 && rapid.IntRange(0, 99).Draw(t, "hold") == 0 {
				held = rapid.IntRange(1, 200).Draw(t, "held")
				until = sent + rapid.IntRange(held*interval, latest).Draw(t, "for")
			}
			late := 0
			switch {
			case held > 0:
				held--
				late = until - sent
			case i > 0 && rapid.IntRange(0, 9).Draw(t, "late") == 0:
				late = rapid.IntRange(0, wait-interval-1).Draw(t, "by")
			}
			if i > 0 && rapid.IntRange(0, 99).Draw(t, "lost") < loss {
				continue
			}
			seq := first + uint16(i)
			came = append(came, arrival{seq, sent + late})
			due[seq] = late < wait-interval
		}
		slices.SortStableFunc(came, func(a, b arrival) int { return cmp.Compare(a.ms, b.ms) })
		var out []uint16
		var gaps []bool
		r := &ingest.Reorderer{Wait: wait * time.Millisecond, Limit: most, Emit: func(p *rtp.Packet, _ time.Time, gap bool) {
			out, gaps = append(out, p.SequenceNumber), append(gaps, gap)
			delete(due, p.SequenceNumber)
		}}
		for _, a := range came {
			now := time.Unix(0, 0).Add(time.Duration(a.ms) * time.Millisecond)
			r.Push(numbered(a.seq), now)
			if at, waits := r.Deadline(); waits && !at.After(now) {
				t.Fatalf("something waits for what was due at %v, and it is %v", at, now)
			}
		}
		r.Flush()
		for seq, intime := range due {
			if intime {
				t.Fatalf("%d was not late, and not handed on", seq)
			}
		}
		for i := 1; i < len(out); i++ {
			if step := out[i] - out[i-1]; step == 0 || step >= 1<<15 || (step > 1) != gaps[i] {
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
