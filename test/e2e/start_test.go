package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestStartRefused starts the binary with what cannot work. Each start ends at
// once with status 1 and one line that names the flag, without a stack trace
// or a password.
func TestStartRefused(t *testing.T) {
	t.Parallel()
	busyTCP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busyTCP.Close() })
	busyUDP, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busyUDP.Close() })
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tcp, udp := busyTCP.Addr().String(), busyUDP.LocalAddr().String()
	const secret = "s3cretpw"

	for _, tt := range []struct {
		name string
		args []string
		want []string // in its one line
	}{
		{"http in use", []string{"--http", tcp}, []string{"--http", tcp, "in use"}},
		{"media in use", []string{"--media", tcp}, []string{"--media", tcp, "in use"}},
		{"rtsp in use", []string{"--rtsp", tcp}, []string{"--rtsp", tcp, "in use"}},
		{"rtmp in use", []string{"--rtmp", tcp}, []string{"--rtmp", tcp, "in use"}},
		{"srt in use", []string{"--srt", udp}, []string{"--srt", udp, "in use"}},
		{"webrtc in use", []string{"--webrtc-udp", udp}, []string{"--webrtc-udp", udp, "in use"}},
		{"pprof in use", []string{"--pprof", tcp}, []string{"--pprof", tcp, "in use"}},
		{"pprof open to all", []string{"--pprof", "0.0.0.0:6060"}, []string{"--pprof", "loopback"}},
		{"no address", []string{"--http", "nonsense"}, []string{"--http", "nonsense"}},
		{"no media", []string{"--media", ""}, []string{"--media", "address"}},
		{"no http", []string{"--http", ""}, []string{"--http", "address"}},
		{"file as data", []string{"--data", file}, []string{"--data", file}},
		{"data in a file", []string{"--data", filepath.Join(file, "x")}, []string{"--data", file}},
		{"no postgres", []string{"--database", "postgres://u:" + secret + "@127.0.0.1:1/x"}, []string{"--database", "127.0.0.1 port 1", "check that the server runs"}},
		{"malformed database", []string{"--database", "postgres://u:%zz" + secret + "@h/x"}, []string{"--database", "malformed"}},
		{"other database", []string{"--database", "mysql://u:" + secret + "@h/x"}, []string{"--database", "postgres://"}},
		{"no sqlite directory", []string{"--database", "sqlite:///nowhere/x.db"}, []string{"--database", "/nowhere"}},
		{"bucket without a name", []string{"--objects", "s3://"}, []string{"--objects", "bucket"}},
		{"no endpoint", []string{"--objects", "s3://b?endpoint=nonsense"}, []string{"--objects", "endpoint"}},
		{"other objects", []string{"--objects", "ftp://u:" + secret + "@h/x"}, []string{"--objects", "s3://"}},
		{"file as objects", []string{"--objects", "dir://" + file}, []string{"--objects", file}},
		{"no certificate", []string{"--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"}, []string{"--tls-cert", "/nowhere.pem"}},
		{"certificate without key", []string{"--tls-cert", file}, []string{"--tls-key", "both"}},
		{"no PEM", []string{"--tls-cert", file, "--tls-key", file}, []string{"--tls-cert", "PEM"}},
		{"rtsps without certificate", []string{"--rtsps", "127.0.0.1:0"}, []string{"--tls-cert", "--tls-key"}},
		{"public url", []string{"--public-url", "nonsense"}, []string{"--public-url", "https://video.example.org"}},
		{"public url of another scheme", []string{"--public-url", "ftp://h"}, []string{"--public-url"}},
		{"public url without a host", []string{"--public-url", "http://:8080"}, []string{"--public-url"}},
		{"public url with a port too high", []string{"--public-url", "http://h:99999"}, []string{"--public-url"}},
		{"public url with a password", []string{"--public-url", "https://u:" + secret + "@h"}, []string{"--public-url"}},
		{"public url with a broken password", []string{"--public-url", "https://u:%zz" + secret + "@h"}, []string{"--public-url"}},
		{"public url with a path", []string{"--public-url", "https://h/video"}, []string{"--public-url", "path"}},
		{"media url of another scheme", []string{"--media-url", "ftp://h"}, []string{"--media-url"}},
		{"webrtc address", []string{"--webrtc-ip", "nonsense"}, []string{"--webrtc-ip", "nonsense"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, out := startFails(t, nil, append([]string{"--data", t.TempDir()}, tt.args...)...)
			if status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			line := strings.TrimSuffix(out, "\n")
			if strings.Contains(line, "\n") || !strings.HasPrefix(line, "gatepost: ") {
				t.Errorf("not one line: %q", out)
			}
			for _, want := range tt.want {
				if !strings.Contains(line, want) {
					t.Errorf("%q does not say %q", line, want)
				}
			}
			if strings.Contains(out, secret) {
				t.Errorf("a password is shown: %q", out)
			}
		})
	}
}

// TestStartUnwritable starts the binary as a user who may not write where it is
// told to.
func TestStartUnwritable(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "gatepost-unwritable-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	var nobody *syscall.Credential
	if os.Geteuid() == 0 {
		nobody = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	for _, data := range []string{dir, filepath.Join(dir, "below")} {
		status, out := startFails(t, nobody, "--data", data)
		if status != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "--data") || !strings.Contains(out, data) || !strings.Contains(out, "permission") {
			t.Errorf("status %d: %q", status, out)
		}
	}
}

// TestStartAgain starts the binary for the first time with a mistake that is
// found after the administrator was made: his password is told all the same.
func TestStartAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "spool"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, out := startFails(t, nil, "--data", data)
	if _, err := os.Stat(filepath.Join(data, "gatepost.db")); err != nil {
		t.Fatal(err)
	}
	if status != 1 || !strings.Contains(out, "login admin, password") || !strings.Contains(out, "spool") {
		t.Errorf("status %d: %q", status, out)
	}
}

// startFails runs serve on free ports, with more arguments, until it ends; it
// fails the test when it does not.
func startFails(t *testing.T, as *syscall.Credential, args ...string) (status int, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	all := []string{"serve"}
	for _, door := range []string{"--http", "--media", "--rtsp", "--rtmp", "--srt", "--webrtc-udp"} {
		if !slices.Contains(args, door) {
			all = append(all, door, "127.0.0.1:0")
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(harness.Root(t), "bin", "gatepost"), append(all, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: as}
	cmd.Dir = os.TempDir()
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("it still runs: %s", b)
	case err == nil:
		t.Fatalf("it ended well: %s", b)
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	return exit.ExitCode(), string(b)
}

// TestFsckRefused runs fsck where there is nothing to check: it says so, and
// makes nothing.
func TestFsckRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, data := range []string{dir, filepath.Join(dir, "nowhere")} {
		out, err := exec.CommandContext(t.Context(), filepath.Join(harness.Root(t), "bin", "gatepost"), "fsck", "--data", data).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "--data") {
			t.Errorf("%v: %q", err, out)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("fsck left %v %v", left, err)
	}
}

// TestStartWithoutObjects starts the binary while its S3 server is away, once
// with a port that refuses and once with one that never answers: cameras may
// push, and the control plane says what it waits for.
func TestStartWithoutObjects(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, endpoint := range map[string]string{"refuses": fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)), "is silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web, media := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)), fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
			log := &harness.LogTail{}
			cmd := exec.Command(filepath.Join(harness.Root(t), "bin", "gatepost"), "serve", "--data", t.TempDir(), "--http", web, "--media", media,
				"--rtsp", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--webrtc-udp", "127.0.0.1:0",
				"--objects", "s3://bucket?endpoint=http://"+endpoint+"&region=us-east-1")
			cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=s3cretpw")
			cmd.Stdout, cmd.Stderr = log, log
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s := &harness.Server{T: t, Cmd: cmd}
			t.Cleanup(s.Stop)
			for _, tt := range []struct {
				addr, says string
				want       int
			}{{media, "ready", 200}, {web, "objects", 503}} {
				harness.Eventually(t, 20*time.Second, tt.addr+" answers", func() error {
					// The socket is open before anybody answers: no long wait counts.
					res, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + tt.addr + "/readyz")
					if err != nil {
						return err
					}
					defer res.Body.Close()
					b, err := io.ReadAll(res.Body)
					if err != nil {
						return err
					}
					if res.StatusCode != tt.want || !strings.Contains(string(b), tt.says) {
						return fmt.Errorf("%s %s", res.Status, b)
					}
					return nil
				})
			}
			if out := log.String(); !strings.Contains(out, endpoint) || strings.Contains(out, "s3cretpw") {
				t.Errorf("log: %s", out)
			}
		})
	}
}
