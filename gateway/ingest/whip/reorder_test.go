package whip

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"
)

func collect(wait time.Duration, limit int) (*reorder, *[]string) {
	var got []string
	r := &reorder{wait: wait, limit: limit}
	r.emit = func(p *rtp.Packet, _ time.Time, gap bool) {
		s := fmt.Sprint(p.SequenceNumber)
		if gap {
			s = "|" + s
		}
		got = append(got, s)
	}
	return r, &got
}

func TestReorder(t *testing.T) {
	type arrival struct {
		seq uint16
		ms  int
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
		{"numbers begin anew", []arrival{{1, 0}, {30000, 1}, {30001, 2}}, []string{"1", "|30000", "30001"}, 0},
		{"a long gap", []arrival{{1, 0}, {2002, 1}}, []string{"1", "|2002"}, 2000},
		{"back over half the numbers", []arrival{{40000, 0}, {100, 1}, {101, 2}}, []string{"40000", "|100", "101"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, got := collect(100*time.Millisecond, 4)
			begin := time.Unix(0, 0)
			for _, a := range c.arrivals {
				r.push(&rtp.Packet{Header: rtp.Header{SequenceNumber: a.seq}}, begin.Add(time.Duration(a.ms)*time.Millisecond))
			}
			if !slices.Equal(*got, c.want) || r.lost != c.lost {
				t.Errorf("got %v, lost %d, want %v, lost %d", *got, r.lost, c.want, c.lost)
			}
		})
	}
}

// Whatever comes in whatever order: each packet at most once, in order, every gap
// marked, and what is neither handed on nor waiting is counted.
func TestReorderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out []uint16
		var gaps []bool
		r := &reorder{wait: 50 * time.Millisecond, limit: rapid.IntRange(1, 64).Draw(t, "limit")}
		r.emit = func(p *rtp.Packet, _ time.Time, gap bool) {
			out, gaps = append(out, p.SequenceNumber), append(gaps, gap)
		}
		first := rapid.Uint16().Draw(t, "first")
		offsets := rapid.SliceOfN(rapid.IntRange(0, 300), 1, 400).Draw(t, "offsets")
		now := time.Unix(0, 0)
		seen := map[uint16]bool{}
		for _, o := range offsets {
			seq := first + uint16(o)
			seen[seq] = true
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "ms")) * time.Millisecond)
			r.push(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}, now)
		}
		r.flush()
		if r.waiting != 0 {
			t.Fatalf("%d still wait", r.waiting)
		}
		for i := range out {
			if !seen[out[i]] {
				t.Fatalf("%d never came", out[i])
			}
			if i == 0 {
				continue
			}
			step := int16(out[i] - out[i-1])
			if step < 1 || (step > 1) != gaps[i] {
				t.Fatalf("%d after %d, gap %v", out[i], out[i-1], gaps[i])
			}
		}
		if span := uint64(out[len(out)-1]-out[0]) + 1; span != uint64(len(out))+r.lost {
			t.Fatalf("%d numbers, %d handed on, %d lost", span, len(out), r.lost)
		}
	})
}
