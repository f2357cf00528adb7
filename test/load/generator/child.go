package generator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/quantile"
	"github.com/gatepost-video/gatepost/test/load/view"
)

// Main is the child's side. It returns when the parent has the result or is gone.
func Main(ctx context.Context, in io.Reader, out io.Writer) error {
	dec, enc := json.NewDecoder(in), json.NewEncoder(out)
	var spec Spec
	if err := dec.Decode(&spec); err != nil {
		return fmt.Errorf("read the spec: %w", err)
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil {
		files.Cur = files.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files) // too few of them show as failures
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &child{spec: spec, broken: make(chan struct{})}
	if err := c.start(ctx); err != nil {
		return errors.Join(enc.Encode(answer{Error: err.Error()}), err)
	}
	if err := enc.Encode(answer{}); err != nil {
		return err
	}
	for {
		var o order
		if err := dec.Decode(&o); err != nil {
			cancel()
			c.running.Wait()
			return fmt.Errorf("the parent is gone: %w", err)
		}
		var a answer
		switch o {
		case orderMeasure:
			c.meter.Start()
		case orderPause:
			c.meter.Stop()
		case orderStatus:
			a.Status = c.status()
		case orderEnd:
			cancel()
			c.running.Wait()
			a.Result = c.result()
		default:
			a.Error = fmt.Sprintf("no order %q", o)
		}
		if err := enc.Encode(a); err != nil || o == orderEnd {
			return err
		}
	}
}

// child is what runs in the process.
type child struct {
	spec    Spec
	running sync.WaitGroup
	meter   view.Meter
	visits  atomic.Int64

	publishers []*publish.Publisher
	mu         sync.Mutex
	failed     error         // the first publisher's
	broken     chan struct{} // closed with it
}

// begun is the longest wait for publishers to begin after the ramp.
const begun = 20 * time.Second

// start starts everybody and returns when all publishers send, or when all viewers
// have set out.
func (c *child) start(ctx context.Context) error {
	if len(c.spec.Publishers) > 0 {
		return c.publish(ctx)
	}
	for i, look := range c.spec.Viewers {
		c.running.Go(func() {
			if !wait(ctx, c.turn(i, len(c.spec.Viewers))) {
				return
			}
			c.watch(ctx, look)
		})
	}
	wait(ctx, c.spec.Ramp)
	return nil
}

// turn is when the i-th of n begins.
func (c *child) turn(i, n int) time.Duration {
	return c.spec.Ramp * time.Duration(i) / time.Duration(n)
}

func (c *child) publish(ctx context.Context) error {
	opened, err := clip.Open(ctx, c.spec.Clip)
	if err != nil {
		return err
	}
	source := publish.NewSource(opened)
	for i, target := range c.spec.Publishers {
		p := publish.New(publish.Options{Source: source, Protocol: c.spec.Protocol, Target: target, Stay: c.spec.Stay})
		c.publishers = append(c.publishers, p)
		c.running.Go(func() {
			if !wait(ctx, c.turn(i, len(c.spec.Publishers))) {
				return
			}
			if err := p.Run(ctx); err != nil {
				c.fail(err)
			}
		})
	}
	deadline := time.NewTimer(c.spec.Ramp + begun)
	defer deadline.Stop()
	for _, p := range c.publishers {
		select {
		case <-p.Started():
		case <-ctx.Done():
			return nil
		case <-c.broken:
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.failed
		case <-deadline.C:
			return errors.New("a publisher has not begun")
		}
	}
	return nil
}

func (c *child) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = err
		close(c.broken)
	}
}

// watch is the life of a viewer.
func (c *child) watch(ctx context.Context, look Look) {
	for {
		c.visits.Add(1)
		err := c.visit(ctx, look)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.meter.Fail(err)
		}
		if c.spec.Flap == 0 {
			return
		}
		if err != nil && !wait(ctx, time.Second) { // not too eager while the server is away
			return
		}
	}
}

func (c *child) visit(ctx context.Context, look Look) error {
	if c.spec.Flap > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rand.N(c.spec.Flap))
		defer cancel()
	}
	switch c.spec.Kind {
	case LLHLS:
		return view.LLHLS(ctx, look.URL, &c.meter)
	case WHEP:
		return view.WHEP(ctx, look.URL, look.Token, &c.meter)
	case VOD:
		return view.VOD(ctx, look.URL, &c.meter)
	}
	return fmt.Errorf("no kind of viewer %q", c.spec.Kind)
}

func (c *child) status() *Status {
	s := &Status{Pictures: c.meter.Pictures(), Visits: int(c.visits.Load())}
	for _, p := range c.publishers {
		s.Pictures += p.Sent().Pictures()
	}
	return s
}

func (c *child) result() *Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &Result{Saw: c.meter.Report()}
	if c.failed != nil {
		r.Error = c.failed.Error()
	}
	var late quantile.Samples
	for _, p := range c.publishers {
		s := p.Sent()
		late = append(late, s.Late...)
		s.Late = nil
		r.Sent = append(r.Sent, s)
	}
	r.Late = late.Set()
	return r
}

// wait returns false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
