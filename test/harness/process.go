package harness

import (
	"bufio"
	"bytes"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// LogTail keeps what a program prints; it may be read meanwhile.
type LogTail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends.
func (l *LogTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is everything so far.
func (l *LogTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Process is a program that a test started and ends by its id.
type Process struct {
	Cmd  *exec.Cmd
	Log  *LogTail
	Done chan struct{}
	Err  error
}

// StartProcess starts a program that is killed when t ends, at the latest.
func StartProcess(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return StartProcessEnv(t, nil, name, args...)
}

// StartProcessEnv is StartProcess with an environment; nil is that of the test.
func StartProcessEnv(t testing.TB, env []string, name string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(name, args...), Log: &LogTail{}, Done: make(chan struct{})}
	p.Cmd.Env = env
	p.Cmd.Stdout, p.Cmd.Stderr = p.Log, p.Log
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.Err = p.Cmd.Wait()
		close(p.Done)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill ends the program with SIGKILL and waits for it. A second time does nothing.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill()
	<-p.Done
}

// Wait wants the program to end well by itself within a limit.
func (p *Process) Wait(t testing.TB, limit time.Duration) {
	t.Helper()
	select {
	case <-p.Done:
		if p.Err != nil {
			t.Fatalf("%s: %v\n%s", p.Cmd.Path, p.Err, RedactURL(p.Log.String()))
		}
	case <-time.After(limit):
		t.Fatalf("%s did not end within %s", p.Cmd.Path, limit)
	}
}

var urlSecret = regexp.MustCompile(`(rtsp|rtmp|srt)://\S+`)

// RedactURL hides publish addresses, which hold stream keys.
func RedactURL(s string) string { return urlSecret.ReplaceAllString(s, "$1://…") }

// Lines splits non-empty lines.
func Lines(s string) []string {
	var out []string
	sc := bufio.NewScanner(strings.NewReader(s))
	for sc.Scan() {
		if l := strings.TrimSpace(sc.Text()); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// ExitCode is the exit code in an error of exec: 0 without one, -1 when the
// program was killed or did not run.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
