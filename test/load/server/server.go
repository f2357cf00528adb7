// Package server runs bin/gatepost for a measurement, as a process of its own, and
// asks its API: it enrols cameras, asks for looks, and waits for recordings. Unlike
// test/harness it serves a program rather than a test, and returns errors.
package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	adminPassword = "load and only load 1"
	startTimeout  = 60 * time.Second
	stopTimeout   = 90 * time.Second
)

// Options of a Server.
type Options struct {
	Binary   string // default: bin/gatepost
	Dir      string // where the data directory is made; default: that for temporary files
	Database string // default: SQLite in the data directory
	Objects  string // default: a directory in the data directory
	Args     []string
	EdgeKey  string // what a cache in front of the media plane presents; default: there is none
}

// Server is bin/gatepost serve with a data directory of its own.
type Server struct {
	options Options
	data    string
	args    []string
	http    string // host:port
	media   string
	token   string

	cmd    *exec.Cmd
	log    *os.File
	exited chan error
}

// Start starts a server and waits until it is ready. The caller must Close it.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Binary == "" {
		o.Binary = filepath.Join("bin", "gatepost")
	}
	data, err := os.MkdirTemp(o.Dir, "gatepost-load-")
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, data: data}
	s.args = []string{"serve", "--data", data}
	for _, flag := range []string{"--http", "--media", "--rtsp", "--rtmp", "--srt", "--webrtc-udp"} {
		address, err := Address()
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(data))
		}
		switch flag {
		case "--http":
			s.http = address
		case "--media":
			s.media = address
		}
		s.args = append(s.args, flag, address)
	}
	s.args = append(append(append(s.args, "--public-url", "http://"+s.http), s.stores()...), o.Args...)
	if s.log, err = os.Create(filepath.Join(data, "log")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// stores are the flags that say where rows and objects rest.
func (s *Server) stores() []string {
	var flags []string
	if s.options.Database != "" {
		flags = append(flags, "--database", s.options.Database)
	}
	if s.options.Objects != "" {
		flags = append(flags, "--objects", s.options.Objects)
	}
	return flags
}

func (s *Server) start(ctx context.Context) error {
	cmd := exec.Command(s.options.Binary, s.args...)
	cmd.Env = append(os.Environ(), "GATEPOST_ADMIN_PASSWORD="+adminPassword)
	if s.options.EdgeKey != "" {
		cmd.Env = append(cmd.Env, "GATEPOST_EDGE_KEY="+s.options.EdgeKey)
	}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s (make build makes it): %w", s.options.Binary, err)
	}
	s.cmd, s.exited = cmd, make(chan error, 1)
	go func(exited chan<- error) { exited <- cmd.Wait() }(s.exited)
	return s.eventually(ctx, startTimeout, "the server is ready", func() error {
		for _, address := range []string{s.http, s.media} {
			res, err := client.Get("http://" + address + "/readyz")
			if err != nil {
				return err
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return errors.New(res.Status)
			}
		}
		return nil
	})
}

// Media is the address of the media plane, host:port.
func (s *Server) Media() string { return s.media }

// PID is the process that serves now.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the server as a power cut would, and returns when.
func (s *Server) Kill() (time.Time, error) {
	at := time.Now()
	if err := s.cmd.Process.Kill(); err != nil {
		return at, fmt.Errorf("kill the server: %w", err)
	}
	<-s.exited // with the signal as its error
	s.cmd = nil
	return at, nil
}

// Restart starts the server again, on the same ports and data.
func (s *Server) Restart(ctx context.Context) error { return s.start(ctx) }

// Stop ends the server in order. It fails when that takes too long or when it does
// not exit with 0.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case err := <-s.exited:
		if err != nil {
			return fmt.Errorf("the server did not end in order: %w", err)
		}
		return nil
	case <-timer.C:
		err := cmd.Process.Kill()
		<-s.exited
		return errors.Join(fmt.Errorf("the server did not end within %s", stopTimeout), err)
	}
}

// Close stops the server and removes its data.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), s.log.Close(), os.RemoveAll(s.data))
}

// LogTail is the end of the server's log.
func (s *Server) LogTail() string {
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4000):])
}

// Spool counts the spool files of recordings that are not yet stored.
func (s *Server) Spool() (int, error) {
	n := 0
	err := filepath.WalkDir(filepath.Join(s.data, "spool"), func(_ string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // it was stored in this moment
		}
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	return n, err
}

// Stored waits until no recording is left in the spool, that is, until each has its
// object and its row. All publishers must have ended.
func (s *Server) Stored(ctx context.Context) error {
	return s.eventually(ctx, 2*time.Minute, "every recording is stored", func() error {
		n, err := s.Spool()
		if err == nil && n > 0 {
			err = fmt.Errorf("%d files in the spool", n)
		}
		return err
	})
}

// Fsck compares rows with objects. It fails when they do not agree.
func (s *Server) Fsck(ctx context.Context) error {
	args := append([]string{"fsck", "--data", s.data}, s.stores()...)
	out, err := exec.CommandContext(ctx, s.options.Binary, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fsck: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// eventually asks ten times a second until cond returns nil.
func (s *Server) eventually(ctx context.Context, limit time.Duration, what string, cond func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := cond()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, err)
		case err := <-s.exited:
			s.exited <- err // for who waits for the end
			return fmt.Errorf("the server has ended: %w\n%s", err, strings.TrimSpace(s.LogTail()))
		case <-tick.C:
		}
	}
}
