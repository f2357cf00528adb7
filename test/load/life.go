package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/proc"
)

// line is one line of a soak's table.
type line struct {
	life       int     // of the server: 1 before the kill, 2 after it
	age        float64 // 1 at the end of its life
	resident   int64   // bytes
	heap       int64   // bytes, the least of the time since the line before
	goroutines int     // the mean of that time
	sent, seen int
	visits     int
	cpu        float64 // processors
}

const lineHead = `| time | processors | resident | heap | goroutines | pictures sent | pictures seen | visits of viewers |
|---|---|---|---|---|---|---|---|`

// live watches one life of the server for so long and prints a line from time to
// time.
func (k *soaking) live(ctx context.Context, length time.Duration, life int) error {
	const lines = soakLines / 2
	step := length / lines
	for i := range lines {
		l, err := k.step(ctx, step)
		if err != nil {
			return err
		}
		l.life, l.age = life, float64(i+1)/lines
		k.lines = append(k.lines, l)
		fmt.Fprintf(k.w, "| %s | %.2f | %.0f MiB | %.0f MiB | %d | %s | %s | %s |\n", time.Since(k.began).Round(time.Second), l.cpu, mib(l.resident), mib(l.heap),
			l.goroutines, thousands(l.sent), thousands(l.seen), thousands(l.visits))
	}
	return nil
}

// step samples the server for a while.
func (k *soaking) step(ctx context.Context, length time.Duration) (line, error) {
	const samples = 15
	var l line
	pid := k.server.PID()
	began := time.Now()
	before, err := proc.CPU(pid)
	if err != nil {
		return l, err
	}
	for range samples {
		if err := pause(ctx, length/samples); err != nil {
			return l, err
		}
		g, err := k.server.Gauges(ctx)
		if err != nil {
			return l, err
		}
		l.goroutines += g.Goroutines
		if l.heap == 0 || g.Heap < l.heap {
			l.heap = g.Heap
		}
	}
	l.goroutines /= samples
	after, err := proc.CPU(pid)
	if err != nil {
		return l, err
	}
	l.cpu = (after - before).Seconds() / time.Since(began).Seconds()
	if l.resident, err = proc.Memory(pid); err != nil {
		return l, err
	}
	if l.sent, _, err = sum(ctx, k.publishers); err != nil {
		return l, err
	}
	l.seen, l.visits, err = sum(ctx, k.viewers)
	return l, err
}

func sum(ctx context.Context, generators []*generator.Process) (pictures, visits int, err error) {
	for _, g := range generators {
		s, err := g.Status(ctx)
		if err != nil {
			return 0, 0, err
		}
		pictures += s.Pictures
		visits += s.Visits
	}
	return pictures, visits, nil
}

// growth compares the end of a life, its last quarter, with the time after its
// warm-up, its second quarter.
func (k *soaking) growth(life int) error {
	mean := func(from, to float64) (heap, goroutines float64) {
		n := 0.0
		for _, l := range k.lines {
			if l.life == life && l.age > from && l.age <= to {
				heap += float64(l.heap)
				goroutines += float64(l.goroutines)
				n++
			}
		}
		return heap / n, goroutines / n
	}
	heap, goroutines := mean(0.25, 0.5)
	heapEnd, goroutinesEnd := mean(0.75, 1)
	fmt.Fprintf(k.w, "\nlife %d: heap %.0f → %.0f MiB, goroutines %.0f → %.0f, from the second quarter to the last\n", life, heap/(1<<20), heapEnd/(1<<20), goroutines, goroutinesEnd)
	var err error
	if heapEnd > heap*(1+memoryTolerance)+memorySlack {
		err = fmt.Errorf("life %d: memory grows from %.0f to %.0f MiB", life, heap/(1<<20), heapEnd/(1<<20))
	}
	if goroutinesEnd > goroutines*(1+goroutineTolerance)+goroutineSlack {
		err = errors.Join(err, fmt.Errorf("life %d: goroutines grow from %.0f to %.0f", life, goroutines, goroutinesEnd))
	}
	return err
}
