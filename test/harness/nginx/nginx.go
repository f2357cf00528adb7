// Package nginx runs nginx with the configuration that is shipped in infra/nginx,
// changed in nothing but addresses and places.
package nginx

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Options of a Server.
type Options struct {
	Site   string // the file infra/nginx/gatepost.conf
	Origin string // host:port of the media plane
	Key    string // the edge key
	Dir    string // an empty directory, of the caller

	// Plain serves HTTP/1.1 without TLS, for viewers that speak nothing else.
	Plain bool

	// Connections of its one worker; default 1024. Each viewer may have two, and
	// each request to the origin has one.
	Connections int
}

// Server is a running nginx. The caller must Close it.
type Server struct {
	address string
	plain   bool
	dir     string
	cmd     *exec.Cmd
	out     bytes.Buffer
}

// Start checks the configuration and starts nginx in the foreground. It may take
// a moment until it listens.
func Start(o Options) (*Server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return nil, errors.New("nginx is not installed: run make setup")
		}
	}
	address, err := free()
	if err != nil {
		return nil, err
	}
	s := &Server{address: address, plain: o.Plain, dir: o.Dir}
	if err := s.configure(o); err != nil {
		return nil, err
	}
	args := []string{"-p", o.Dir, "-c", filepath.Join(o.Dir, "nginx.conf"), "-e", filepath.Join(o.Dir, "error.log")}
	if out, err := exec.Command(program, append([]string{"-t"}, args...)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("nginx -t: %w\n%s", err, out)
	}
	s.cmd = exec.Command(program, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start nginx: %w", err)
	}
	return s, nil
}

// Address is host:port.
func (s *Server) Address() string { return s.address }

// URL is where viewers ask.
func (s *Server) URL() string {
	if s.plain {
		return "http://" + s.address
	}
	return "https://" + s.address
}

// PID is the process that holds the worker.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Log is what nginx has said.
func (s *Server) Log() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "error.log"))
	if err != nil {
		return err.Error()
	}
	return string(log)
}

// Close ends nginx.
func (s *Server) Close() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("end nginx: %w", err)
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("nginx: %w\n%s", err, s.out.String())
	}
	return nil
}

func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// configure writes the site, with its addresses and places changed, and what it
// needs around it.
func (s *Server) configure(o Options) error {
	site, err := os.ReadFile(o.Site)
	if err != nil {
		return err
	}
	listen := s.address + " ssl http2"
	if o.Plain {
		listen = s.address
	}
	changes := []string{
		"server 127.0.0.1:8081;", "server " + o.Origin + ";",
		"listen 443 ssl http2", "listen " + listen,
		"/etc/nginx/", o.Dir + "/",
		"/var/cache/nginx/", o.Dir + "/",
		"/dev/shm/", o.Dir + "/",
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(site), changes[i]) {
			return fmt.Errorf("%s has no %q", o.Site, changes[i])
		}
	}
	certificate, key, err := certify()
	if err != nil {
		return err
	}
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, o.Dir, kind)
	}
	who := ""
	if os.Geteuid() == 0 {
		who = "user root;\n" // whose directory it is
	}
	connections := o.Connections
	if connections == 0 {
		connections = 1024
	}
	for name, content := range map[string]string{
		"gatepost.conf":          strings.NewReplacer(changes...).Replace(string(site)),
		"gatepost-edge-key.conf": fmt.Sprintf("map \"\" $gatepost_edge_key { default %q; }", o.Key),
		"gatepost.crt":           certificate,
		"gatepost.key":           key,
		"nginx.conf": fmt.Sprintf("%sdaemon off; worker_processes 1; worker_rlimit_nofile %d; pid %s/nginx.pid;\nevents { worker_connections %d; }\nhttp {\n%sinclude %s/gatepost.conf;\n}\n",
			who, 2*connections, o.Dir, connections, temporary.String(), o.Dir),
	} {
		if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// certify returns the certificate that Go's tests use, and its key.
func certify() (certificate, key string, err error) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	private, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		return "", "", err
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), nil
}
