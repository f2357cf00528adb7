package generator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Argument makes the program a generator.
const Argument = "generate"

const (
	startTimeout  = 2 * time.Minute // and the ramp; a clip may have to be made
	answerTimeout = time.Minute
)

// Process is a generator as its parent sees it.
type Process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	answers <-chan answer // closed when the process says no more
	exited  <-chan error
	closed  bool
}

// Start starts a generator and returns when all of its publishers send, or when all
// of its viewers have set out. The caller must End or Close it.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start a generator: %w", err)
	}
	cmd := exec.Command(self, Argument)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a generator: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a generator: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a generator: %w", err)
	}
	answers, exited := make(chan answer, 1), make(chan error, 1)
	go func() {
		defer func() { exited <- cmd.Wait() }()
		defer close(answers)
		dec := json.NewDecoder(out)
		for {
			var a answer
			if dec.Decode(&a) != nil {
				return
			}
			answers <- a
		}
	}()
	p := &Process{cmd: cmd, in: in, orders: json.NewEncoder(in), answers: answers, exited: exited}
	if err := p.orders.Encode(spec); err != nil {
		return nil, errors.Join(fmt.Errorf("start a generator: %w", err), p.Close())
	}
	if _, err := p.answer(ctx, spec.Ramp+startTimeout); err != nil {
		return nil, errors.Join(fmt.Errorf("start a generator: %w", err), p.Close())
	}
	return p, nil
}

// PID is the generator's process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Measure begins to count what viewers see.
func (p *Process) Measure(ctx context.Context) error { return p.order(ctx, orderMeasure) }

// Pause ends what Measure began.
func (p *Process) Pause(ctx context.Context) error { return p.order(ctx, orderPause) }

func (p *Process) order(ctx context.Context, o order) error {
	_, err := p.ask(ctx, o)
	return err
}

// Status tells how far the generator is.
func (p *Process) Status(ctx context.Context) (Status, error) {
	a, err := p.ask(ctx, orderStatus)
	if err != nil || a.Status == nil {
		return Status{}, errors.Join(errors.New("the generator tells no status"), err)
	}
	return *a.Status, nil
}

// End has publishers and viewers leave in order and returns what became of them.
func (p *Process) End(ctx context.Context) (Result, error) {
	a, err := p.ask(ctx, orderEnd)
	err = errors.Join(err, p.Close())
	if err == nil && a.Result == nil {
		err = errors.New("the generator tells no result")
	}
	if err != nil {
		return Result{}, err
	}
	return *a.Result, nil
}

// Close ends the process.
func (p *Process) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	_ = p.in.Close() // at which the child ends, if it has not done so yet
	timer := time.AfterFunc(answerTimeout, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	for range p.answers {
	}
	return <-p.exited
}

func (p *Process) ask(ctx context.Context, o order) (answer, error) {
	if err := p.orders.Encode(o); err != nil {
		return answer{}, fmt.Errorf("the generator is gone: %w", err)
	}
	return p.answer(ctx, answerTimeout)
}

func (p *Process) answer(ctx context.Context, limit time.Duration) (answer, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a, ok := <-p.answers:
		switch {
		case !ok:
			return a, errors.New("the generator has ended")
		case a.Error != "":
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-timer.C:
		return answer{}, fmt.Errorf("the generator does not answer for %s", limit)
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}
