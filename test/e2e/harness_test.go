// Package e2e drives the real binary with real ffmpeg as cameras, real Chromium
// as viewers, PostgreSQL and an S3 server, the way their users would.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const adminPassword = "correct horse battery 9"

// long runs the faults at full length (make chaos).
var long = os.Getenv("GATEPOST_LONG") != ""

func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// server is one run of bin/gatepost serve, restartable with the same data.
type server struct {
	t      testing.TB
	data   string
	args   []string
	env    []string
	scheme string // "http" or "https"
	http   string // host:port
	media  string
	cmd    *exec.Cmd
	log    *logTail
	token  string
}

// client takes the certificates that tests make for themselves.
var client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}

type logTail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lastPort is the last port that freePort gave out. Ports below the kernel's
// ephemeral range are not taken by outgoing connections in the meantime.
var lastPort atomic.Int32

func init() { lastPort.Store(int32(10000 + os.Getpid()%1500*12)) }

// freePort returns a port that is free for TCP and UDP now, each once.
func freePort(t testing.TB) int {
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

// newServer starts a server on its own ports and data directory.
func newServer(t testing.TB, extra ...string) *server {
	t.Helper()
	return newServerWith(t, nil, extra...)
}

// newServerWith adds environment variables.
func newServerWith(t testing.TB, env []string, extra ...string) *server {
	t.Helper()
	s := &server{t: t, data: t.TempDir(), log: &logTail{}, env: env, scheme: "http"}
	if slices.Contains(extra, "--tls-cert") {
		s.scheme = "https"
	}
	addr := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
	s.http, s.media = addr(), addr()
	s.args = append([]string{"serve", "--data", s.data, "--http", s.http, "--media", s.media,
		"--rtsp", addr(), "--rtmp", addr(), "--srt", addr(), "--webrtc-udp", addr(),
		"--public-url", s.scheme + "://" + s.http}, extra...)
	s.start()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			tail := s.log.String()
			if len(tail) > 8000 {
				tail = tail[len(tail)-8000:]
			}
			t.Logf("server log:\n%s", tail)
		}
	})
	return s
}

func (s *server) start() {
	s.t.Helper()
	bin := filepath.Join(root(s.t), "bin", "gatepost")
	cmd := exec.Command(bin, s.args...)
	cmd.Env = append(append(os.Environ(), "GATEPOST_ADMIN_PASSWORD="+adminPassword), s.env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v (make build first)", bin, err)
	}
	s.cmd = cmd
	eventually(s.t, 60*time.Second, "the server is ready", func() error {
		for _, addr := range []string{s.http, s.media} {
			res, err := client.Get(s.scheme + "://" + addr + "/readyz")
			if err != nil {
				return err
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("%s/readyz answers %s", addr, res.Status)
			}
		}
		return nil
	})
	s.token = ""
}

// stop ends the server as Ctrl-C does and wants a clean exit.
func (s *server) stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.t.Errorf("the server did not stop cleanly: %v", err)
		}
	case <-time.After(60 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
		s.t.Error("the server did not stop within 60 s of Ctrl-C")
	}
	s.cmd = nil
}

// kill ends the server with SIGKILL, as a power cut would.
func (s *server) kill() time.Time {
	s.t.Helper()
	at := time.Now()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
	return at
}

// call sends a JSON request as the administrator (or as token, when given) and
// decodes the answer into out. It fails the test unless the status is want.
func (s *server) call(method, path string, in, out any, want int, token ...string) {
	s.t.Helper()
	status, body := s.raw(method, path, in, token...)
	if status != want {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, body)
		}
	}
}

func (s *server) raw(method, path string, in any, token ...string) (int, []byte) {
	s.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	url := path
	if strings.HasPrefix(path, "/") {
		url = s.scheme + "://" + s.http + path
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	bearer := ""
	if len(token) > 0 {
		bearer = token[0]
	} else {
		bearer = s.admin()
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, b
}

func (s *server) admin() string {
	if s.token == "" {
		s.token = s.login("admin", adminPassword)
	}
	return s.token
}

func (s *server) login(login, password string) string {
	s.t.Helper()
	var out struct {
		AccessToken string `json:"access_token"`
	}
	s.call("POST", "/v1/session", map[string]string{"login": login, "password": password}, &out, 200, "")
	return out.AccessToken
}

type camera struct {
	ID         string `json:"id"`
	NationalID string `json:"national_id"`
	StreamKey  string `json:"stream_key"`
	State      string `json:"state"`
	Online     bool   `json:"online"`
	Recording  bool   `json:"recording"`
	Publish    struct {
		RTSP string `json:"rtsp"`
		RTMP string `json:"rtmp"`
		SRT  string `json:"srt"`
		WHIP string `json:"whip"`
	} `json:"publish"`
	Acceptance *struct {
		Passed  bool `json:"passed"`
		Reasons []struct {
			Code string `json:"code"`
		} `json:"reasons"`
	} `json:"acceptance"`
}

func (s *server) enrol(name string) camera {
	s.t.Helper()
	var c camera
	s.call("POST", "/v1/cameras", map[string]any{"name": name}, &c, 201)
	return c
}

func (s *server) camera(id string) camera {
	s.t.Helper()
	var c camera
	s.call("GET", "/v1/cameras/"+id, nil, &c, 200)
	return c
}

type grant struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	URLs  struct {
		HLS      string `json:"hls,omitempty"`
		WHEP     string `json:"whep,omitempty"`
		Playlist string `json:"playlist,omitempty"`
	} `json:"urls"`
}

func (s *server) live(id string) grant {
	s.t.Helper()
	var g grant
	s.call("POST", "/v1/grants", map[string]string{"camera_id": id, "action": "live", "purpose": "maintenance", "reason": "end-to-end test"}, &g, 201)
	return g
}

func (s *server) playback(id string, from, to time.Time) grant {
	s.t.Helper()
	var g grant
	s.call("POST", "/v1/grants", map[string]string{"camera_id": id, "action": "playback", "purpose": "maintenance", "reason": "end-to-end test",
		"from": stamp(from), "to": stamp(to)}, &g, 201)
	return g
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

type span struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

func (s *server) timeline(id string, from, to time.Time) []span {
	s.t.Helper()
	var out struct {
		Spans []span `json:"spans"`
	}
	s.call("GET", "/v1/cameras/"+id+"/timeline?from="+stamp(from)+"&to="+stamp(to), nil, &out, 200)
	return out.Spans
}

// fsck runs bin/gatepost fsck on the stopped or running server's stores.
func (s *server) fsck(extra ...string) (string, error) {
	args := append([]string{"fsck", "--data", s.data}, extra...)
	cmd := exec.Command(filepath.Join(root(s.t), "bin", "gatepost"), args...)
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// spool lists the spool files that are left.
func (s *server) spool() []string {
	files, _ := filepath.Glob(filepath.Join(s.data, "spool", "*"))
	return files
}

// objects lists the recordings of a camera in the directory store, oldest first.
func (s *server) objects(id string) []string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.data, "objects", "rec", "*", id, "*", "*", "*", "*.mp4"))
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// eventually waits for cond to return nil.
func eventually(t testing.TB, limit time.Duration, what string, cond func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := cond()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s in vain: %s: %v", limit, what, err)
		case <-tick.C:
		}
	}
}

// until waits for a moment of the clock: for tests about elapsed time itself.
func until(t time.Time) {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	<-timer.C
}

// process is a program that a test started and ends by its id.
type process struct {
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{}
	err  error
}

func startProcess(t testing.TB, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), log: &logTail{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) wait(t testing.TB, limit time.Duration) {
	t.Helper()
	select {
	case <-p.done:
		if p.err != nil {
			t.Fatalf("%s: %v\n%s", p.cmd.Path, p.err, redactURL(p.log.String()))
		}
	case <-time.After(limit):
		t.Fatalf("%s did not end within %s", p.cmd.Path, limit)
	}
}

var urlSecret = regexp.MustCompile(`(rtsp|rtmp|srt)://\S+`)

func redactURL(s string) string { return urlSecret.ReplaceAllString(s, "$1://…") }

// lines splits non-empty lines.
func lines(s string) []string {
	var out []string
	sc := bufio.NewScanner(strings.NewReader(s))
	for sc.Scan() {
		if l := strings.TrimSpace(sc.Text()); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// in is the same server reporting to another test.
func (s *server) in(t testing.TB) *server {
	c := *s
	c.t = t
	return &c
}

// spoolOf lists the spool files of one camera.
func (s *server) spoolOf(id string) []string {
	var out []string
	_ = filepath.WalkDir(filepath.Join(s.data, "spool"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			out = append(out, path)
		}
		return nil
	})
	return out
}

// archived waits until a camera is offline, its spool is empty and at least n
// objects are stored.
func (s *server) archived(id string, n int) {
	s.t.Helper()
	eventually(s.t, 40*time.Second, "the recording is archived", func() error {
		if s.camera(id).Online {
			return errors.New("still online")
		}
		if left := s.spoolOf(id); len(left) > 0 {
			return fmt.Errorf("%d spool files left", len(left))
		}
		if got := len(s.objects(id)); got < n {
			return fmt.Errorf("%d objects", got)
		}
		return nil
	})
}

func dial(port int) error {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}
