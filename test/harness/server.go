package harness

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// AdminPassword is the password of the account "admin" on every server here.
const AdminPassword = "correct horse battery 9"

// Long asks for the long form of tests that have two: GATEPOST_LONG is set.
var Long = os.Getenv("GATEPOST_LONG") != ""

// Root is the directory of the module, wherever below it the test runs.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the test does not run inside the module")
		}
		dir = up
	}
}

// Server is one run of bin/gatepost, restartable with the same data: serve, or the
// gateway or the functions alone.
type Server struct {
	T        testing.TB // what fails; see In
	Data     string
	Args     []string  // of the program
	Env      []string  // added to the environment
	Scheme   string    // "http" or "https"
	HTTP     string    // host:port
	Media    string    // host:port
	Cmd      *exec.Cmd // nil while it is stopped
	Log      *LogTail  // of all its runs
	Token    string    // of the administrator, or of who shall stand for him; "" signs in
	Backends *Backends // nil: SQLite and a directory
}

// lastPort is the last port that FreePort gave out. Ports below the kernel's
// ephemeral range are not taken by outgoing connections in the meantime.
var lastPort atomic.Int32

func init() { lastPort.Store(int32(10000 + os.Getpid()%1500*12)) }

// FreePort returns a port that is free for TCP and UDP now, each once.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 500 {
		addr := fmt.Sprintf("127.0.0.1:%d", lastPort.Add(1))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		u, err := net.ListenPacket("udp", addr)
		l.Close()
		if err == nil {
			u.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatal("no free port")
	return 0
}

// NewServer starts a server on its own ports and data directory, with extra flags,
// and stops it when t ends.
func NewServer(t testing.TB, extra ...string) *Server {
	t.Helper()
	return NewServerWith(t, nil, extra...)
}

// NewServerWith adds environment variables.
func NewServerWith(t testing.TB, env []string, extra ...string) *Server {
	t.Helper()
	s := &Server{T: t, Data: t.TempDir(), Log: &LogTail{}, Env: env, Scheme: "http"}
	if slices.Contains(extra, "--tls-cert") {
		s.Scheme = "https"
	}
	s.HTTP, s.Media = address(t), address(t)
	s.Args = append([]string{"serve", "--data", s.Data, "--http", s.HTTP, "--media", s.Media,
		"--public-url", s.Scheme + "://" + s.HTTP, "--pprof", address(t)}, append(doors(t), extra...)...)
	s.begin(t)
	return s
}

// address is a free one on the loopback interface.
func address(t testing.TB) string { return fmt.Sprintf("127.0.0.1:%d", FreePort(t)) }

// doors are flags that put every door for cameras on a port of its own.
func doors(t testing.TB) []string {
	return []string{"--rtsp", address(t), "--rtmp", address(t), "--srt", address(t), "--webrtc-udp", address(t)}
}

// begin starts the server, to be stopped when t ends.
func (s *Server) begin(t testing.TB) {
	s.Start()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			tail := s.Log.String()
			if len(tail) > 8000 {
				tail = tail[len(tail)-8000:]
			}
			t.Logf("log of %s:\n%s", s.Args[0], tail)
		}
	})
}

// Arg is the value of a flag that the server was started with.
func (s *Server) Arg(flag string) string {
	s.T.Helper()
	at := slices.Index(s.Args, flag)
	if at < 0 || at+1 == len(s.Args) {
		s.T.Fatalf("the server was not started with %s", flag)
	}
	return s.Args[at+1]
}

// Start starts the server after Stop or Kill, on the same ports and data, and
// waits until it is ready.
func (s *Server) Start() {
	s.T.Helper()
	s.Launch()
	Eventually(s.T, 60*time.Second, "the server is ready", func() error { return s.answers("/readyz") })
}

// Launch is Start for a server that cannot become ready, because something that
// it needs is away: it waits only until it answers.
func (s *Server) Launch() {
	s.T.Helper()
	bin := filepath.Join(Root(s.T), "bin", "gatepost")
	cmd := exec.Command(bin, s.Args...)
	cmd.Env = append(append(os.Environ(), "GATEPOST_ADMIN_PASSWORD="+AdminPassword), s.Env...)
	cmd.Stdout, cmd.Stderr = s.Log, s.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.T.Fatalf("start %s: %v (make build first)", bin, err)
	}
	s.Cmd = cmd
	Eventually(s.T, 60*time.Second, "the server answers", func() error { return s.answers("/healthz") })
	s.Token = ""
}

// answers wants 200 from a path of its addresses; a gateway alone has one.
func (s *Server) answers(path string) error {
	addresses := []string{s.HTTP, s.Media}
	if s.Args[0] == "gateway" {
		addresses = addresses[1:]
	}
	for _, addr := range addresses {
		res, err := Client.Get(s.Scheme + "://" + addr + path)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s%s answers %s", addr, path, res.Status)
		}
	}
	return nil
}

// Stop ends the server as Ctrl-C does and wants a clean exit.
func (s *Server) Stop() {
	s.T.Helper()
	if s.Cmd == nil {
		return
	}
	_ = s.Cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- s.Cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.T.Errorf("the server did not stop cleanly: %v", err)
		}
	case <-time.After(60 * time.Second):
		_ = s.Cmd.Process.Kill()
		<-done
		s.T.Error("the server did not stop within 60 s of Ctrl-C")
	}
	s.Cmd = nil
}

// Kill ends the server with SIGKILL, as a power cut would, and returns when.
func (s *Server) Kill() time.Time {
	s.T.Helper()
	at := time.Now()
	_ = s.Cmd.Process.Kill()
	_ = s.Cmd.Wait()
	s.Cmd = nil
	return at
}

// In is the same server reporting to another test.
func (s *Server) In(t testing.TB) *Server {
	c := *s
	c.T = t
	return &c
}
