package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
)

// measureSink runs a case against the null sink.
func (b bench) measureSink(ctx context.Context, l load) (r row, err error) {
	address, err := server.Address()
	if err != nil {
		return row{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return row{}, fmt.Errorf("start the null sink: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, sinkArgument, address)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return row{}, fmt.Errorf("start the null sink: %w", err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // it was told to end
	}()
	if err := listening(ctx, address); err != nil {
		return row{}, err
	}
	list := make([]publish.Target, l.cameras)
	for i := range list {
		list[i].URL = "rtsp://" + address + "/" + strconv.Itoa(i)
	}
	t := &trial{bench: b, load: l}
	if t.publishers, err = generator.Start(ctx, generator.Spec{Ramp: publishRamp, Protocol: l.protocol, Clip: l.clip, Publishers: list}); err != nil {
		return row{}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if r, err = t.measureWindow(ctx, cmd.Process.Pid, t.publishers); err != nil {
		return row{}, err
	}
	if r.Publish, err = t.publishers.End(ctx); err != nil {
		return row{}, err
	}
	for _, s := range r.Publish.Sent {
		r.Archive.Sent += s.Pictures()
	}
	r.Publish.Sent = nil // counted
	return r, nil
}

// listening waits until a port answers.
func listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("the null sink does not listen: %w", err)
		}
	}
}
