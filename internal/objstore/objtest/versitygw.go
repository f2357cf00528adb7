package objtest

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Credentials of every S3Server.
const (
	AccessKey = "gatepost-test"
	SecretKey = "gatepost-test-secret"
)

// S3Server is a real S3 server (versitygw) on a directory of its own. It can be
// stopped and started again, to play an outage.
type S3Server struct {
	Endpoint string // http://127.0.0.1:port
	Dir      string // buckets are its directories

	binary, addr string
	mu           sync.Mutex
	cmd          *exec.Cmd
	output       bytes.Buffer
}

// StartS3 starts a server and sets its credentials in the environment of the
// test, so that tests that use it do not run in parallel. It ends with the
// test. Without the versitygw binary the test fails: `make setup` installs it.
func StartS3(t testing.TB) *S3Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", SecretKey)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &S3Server{Endpoint: "http://" + addr, Dir: t.TempDir(), binary: findVersitygw(t), addr: addr}
	t.Cleanup(s.Stop)
	s.Start(t)
	return s
}

// Bucket makes a bucket and returns its URL, as --objects takes it.
func (s *S3Server) Bucket(t testing.TB, name string) string {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
	return "s3://" + name + "?endpoint=" + s.Endpoint + "&region=us-east-1"
}

// Start starts the server, on the same address and directory as before, and
// waits until it listens.
func (s *S3Server) Start(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = exec.CommandContext(context.Background(), s.binary, "--port", s.addr, "--access", AccessKey, "--secret", SecretKey,
		"--quiet", "--cors-allow-origin", "*", "posix", s.Dir)
	s.output.Reset()
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.stop()
			t.Fatalf("versitygw does not listen on %s: %v\n%s", s.addr, err, s.output.String())
		}
	}
}

// Stop kills the server. Stopping a stopped one does nothing.
func (s *S3Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *S3Server) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// findVersitygw looks into .tools at the module's root, then into PATH.
func findVersitygw(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		tool := filepath.Join(dir, ".tools", "versitygw")
		if info, err := os.Stat(tool); err == nil && info.Mode().IsRegular() {
			return tool
		}
		up := filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || up == dir {
			break
		}
		dir = up
	}
	tool, err := exec.LookPath("versitygw")
	if err != nil {
		t.Fatal("the S3 tests need versitygw in .tools or in PATH: run `make setup`, which installs it")
	}
	return tool
}
