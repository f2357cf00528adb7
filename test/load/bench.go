package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/proc"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
)

// publishRamp is the time over which cameras begin.
const publishRamp = 3 * time.Second

// bench measures cases.
type bench struct {
	server       server.Options
	warm, window time.Duration
}

// row is what was measured in a case.
type row struct {
	Case      string  `json:"case"`
	Text      string  `json:"text"`
	NullSink  bool    `json:"null_sink"`
	Units     int     `json:"units"`                         // cameras or viewers
	Milli     float64 `json:"server_ms_per_second_and_unit"` // of processor time
	Generator float64 `json:"generator_ms_per_second_and_unit"`
	Ratio     float64 `json:"ratio"`

	IdleMiB    float64 `json:"memory_mib_idle"` // of the server before the load
	MemoryMiB  float64 `json:"memory_mib"`      // at the end of the window
	UnitMiB    float64 `json:"memory_mib_per_unit"`
	Goroutines int     `json:"goroutines"` // of the server at the end of the window

	Archive archived         `json:"archive"`
	Publish generator.Result `json:"publishers"`
	View    generator.Result `json:"viewers"`
}

// measure runs one case on a fresh server.
func (b bench) measure(ctx context.Context, l load) (row, error) {
	l.protocol = cmp.Or(l.protocol, publish.RTSP)
	if l.sink {
		return b.measureSink(ctx, l)
	}
	if l.cached {
		b.server.EdgeKey = edgeKey
	}
	s, err := server.Start(ctx, b.server)
	if err != nil {
		return row{}, err
	}
	t := &trial{bench: b, load: l, server: s}
	if l.cached {
		if t.edge, err = newEdge(s.Media(), b.server.Dir); err != nil {
			return row{}, errors.Join(err, s.Close())
		}
	}
	r, err := t.run(ctx)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, s.LogTail())
	}
	return r, errors.Join(err, t.close(), s.Close())
}

// trial is one case under way.
type trial struct {
	bench
	load
	server     *server.Server
	cameras    []server.Camera
	began      time.Time          // before the first picture
	publishers *generator.Process // nil when they have ended
	watchers   *generator.Process // nil when there are none
	edge       *edge              // nil when viewers ask the server itself
}

func (t *trial) close() error {
	var err error
	for _, p := range []*generator.Process{t.publishers, t.watchers} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	if t.edge != nil {
		err = errors.Join(err, t.edge.close())
	}
	return err
}

func (t *trial) run(ctx context.Context) (row, error) {
	var err error
	if t.cameras, err = t.server.Enrol(ctx, t.load.cameras); err != nil {
		return row{}, err
	}
	idle, err := proc.Memory(t.server.PID())
	if err != nil {
		return row{}, err
	}
	t.began = time.Now()
	t.publishers, err = generator.Start(ctx, generator.Spec{Ramp: publishRamp, Protocol: t.protocol, Clip: t.clip, Publishers: targets(t.cameras, t.protocol)})
	if err != nil {
		return row{}, err
	}
	var sent, saw generator.Result
	if t.recorded > 0 {
		if sent, err = t.record(ctx); err != nil {
			return row{}, err
		}
	}
	if t.viewers > 0 {
		if err := t.watch(ctx); err != nil {
			return row{}, err
		}
	}
	r, err := t.measureWindow(ctx, t.server.PID(), t.watchers, t.publishers)
	if err != nil {
		return row{}, err
	}
	gauges, err := t.server.Gauges(ctx)
	if err != nil {
		return row{}, err
	}
	if t.watchers != nil {
		if saw, err = t.watchers.End(ctx); err != nil {
			return row{}, err
		}
	}
	if t.publishers != nil {
		if sent, err = t.publishers.End(ctx); err != nil {
			return row{}, err
		}
	}
	if sent.Error != "" {
		return row{}, errors.New(sent.Error)
	}
	r.IdleMiB, r.Goroutines, r.Publish, r.View = mib(idle), gauges.Goroutines, sent, saw
	if err := t.server.Stored(ctx); err != nil {
		return row{}, err
	}
	for _, s := range sent.Sent {
		a, err := count(ctx, t.server, s, t.began, nil)
		if err != nil {
			return row{}, err
		}
		r.Archive.add(a)
	}
	r.Publish.Sent = nil // counted
	return r, nil
}

// record has the cameras record for a while and end.
func (t *trial) record(ctx context.Context) (generator.Result, error) {
	if err := pause(ctx, t.recorded); err != nil {
		return generator.Result{}, err
	}
	sent, err := t.publishers.End(ctx)
	t.publishers = nil
	if err != nil {
		return sent, err
	}
	return sent, t.server.Stored(ctx)
}

// watch starts the viewers, each with a grant of its own.
func (t *trial) watch(ctx context.Context) error {
	if err := pause(ctx, t.warm); err != nil {
		return err
	}
	looks := make([]generator.Look, t.viewers)
	for i := range looks {
		var err error
		if looks[i], err = look(ctx, t.server, t.cameras[i%len(t.cameras)].ID, t.kind, t.began); err != nil {
			return err
		}
		if t.edge != nil {
			looks[i].URL = strings.Replace(looks[i].URL, t.server.Media(), t.edge.Address(), 1)
		}
	}
	var err error
	t.watchers, err = generator.Start(ctx, generator.Spec{Ramp: t.ramp, Kind: t.kind, Viewers: looks})
	return err
}

// measureWindow measures a server's process against generators; those that are nil
// are not there.
func (t *trial) measureWindow(ctx context.Context, pid int, generators ...*generator.Process) (row, error) {
	var running []*generator.Process
	for _, g := range generators {
		if g != nil {
			running = append(running, g)
		}
	}
	if err := pause(ctx, t.warm); err != nil {
		return row{}, err
	}
	for _, g := range running {
		if err := g.Measure(ctx); err != nil {
			return row{}, err
		}
	}
	begin, err := sample(pid, running)
	if err != nil {
		return row{}, err
	}
	if err := pause(ctx, t.window); err != nil {
		return row{}, err
	}
	end, err := sample(pid, running)
	if err != nil {
		return row{}, err
	}
	memory, err := proc.Memory(pid)
	if err != nil {
		return row{}, err
	}
	for _, g := range running {
		if err := g.Pause(ctx); err != nil {
			return row{}, err
		}
	}
	units := t.load.units()
	each := func(cpu time.Duration) float64 {
		return cpu.Seconds() * 1000 / end.at.Sub(begin.at).Seconds() / float64(units)
	}
	served, generated := end.server-begin.server, end.generators-begin.generators
	return row{Case: t.name, Text: t.text, NullSink: t.sink, Units: units, Milli: each(served), Generator: each(generated),
		Ratio: served.Seconds() / generated.Seconds(), MemoryMiB: mib(memory), UnitMiB: mib(memory) / float64(units)}, nil
}

// used is the processor time used up to a moment.
type used struct {
	at                 time.Time
	server, generators time.Duration
}

func sample(pid int, generators []*generator.Process) (used, error) {
	u := used{at: time.Now()}
	var err error
	if u.server, err = proc.CPU(pid); err != nil {
		return used{}, err
	}
	for _, g := range generators {
		cpu, err := proc.CPU(g.PID())
		if err != nil {
			return used{}, err
		}
		u.generators += cpu
	}
	return u, nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// targets are where cameras push.
func targets(cameras []server.Camera, protocol publish.Protocol) []publish.Target {
	list := make([]publish.Target, len(cameras))
	for i, c := range cameras {
		list[i] = publish.Target{Camera: c.ID, Key: c.StreamKey}
		switch protocol {
		case publish.RTSP, publish.RTSPUDP:
			list[i].URL = c.Publish.RTSP
		case publish.RTMP:
			list[i].URL = c.Publish.RTMP
		case publish.SRT:
			list[i].URL = c.Publish.SRT
		case publish.WHIP:
			list[i].URL = c.Publish.WHIP
		}
	}
	return list
}

// look asks for what a viewer needs; recordings are watched from a moment on.
func look(ctx context.Context, s *server.Server, camera string, kind generator.Kind, from time.Time) (generator.Look, error) {
	if kind == generator.VOD {
		g, err := s.Playback(ctx, camera, from, time.Now())
		return generator.Look{URL: g.URLs.Playlist}, err
	}
	g, err := s.Live(ctx, camera)
	if kind == generator.WHEP {
		return generator.Look{URL: g.URLs.WHEP, Token: g.Token}, err
	}
	return generator.Look{URL: g.URLs.HLS}, err
}
