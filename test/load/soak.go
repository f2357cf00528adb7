package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
)

const (
	// soakLines is how many lines the table has.
	soakLines = 24
	// flap is the longest visit of a viewer.
	flap = 20 * time.Second

	// What a life of the server may gain from its warm-up to its end.
	memoryTolerance    = 0.15
	memorySlack        = 16 << 20 // bytes: the heap is a saw
	goroutineTolerance = 0.10
	goroutineSlack     = 20

	// killLoss is what a kill -9 may cost: a second, and the picture under way.
	killLoss = 1100 * time.Millisecond
)

// soakClip is small, lest half an hour fills the disk: 60 cameras write 7 GB.
var soakClip = clip.Spec{Width: 640, Height: 360, BitRate: 500_000}

// soakCameras are 60.
var soakCameras = []struct {
	protocol publish.Protocol
	n        int
}{{publish.RTSP, 40}, {publish.RTMP, 5}, {publish.RTSPUDP, 5}, {publish.SRT, 5}, {publish.WHIP, 5}}

// soakViewers flap.
var soakViewers = []struct {
	kind generator.Kind
	n    int
}{{generator.LLHLS, 20}, {generator.WHEP, 10}, {generator.VOD, 5}}

// soaking is a soak under way.
type soaking struct {
	w          io.Writer
	server     *server.Server
	cameras    []server.Camera
	began      time.Time
	publishers []*generator.Process
	viewers    []*generator.Process
	killed     time.Time
	lines      []line
}

// soak runs 60 cameras for a time, with viewers that come and go and a kill -9 in
// the middle, and prints a table over time. It fails when memory or goroutines grow,
// when a picture is lost beyond what the kill may cost, or when rows and objects do
// not agree.
func soak(ctx context.Context, w io.Writer, o server.Options, length time.Duration) error {
	s, err := server.Start(ctx, o)
	if err != nil {
		return err
	}
	k := &soaking{w: w, server: s, began: time.Now()}
	err = k.run(ctx, length)
	for _, p := range append(k.publishers, k.viewers...) {
		err = errors.Join(err, p.Close())
	}
	return errors.Join(err, s.Close())
}

func (k *soaking) run(ctx context.Context, length time.Duration) error {
	if err := k.publish(ctx); err != nil {
		return err
	}
	// What VOD viewers watch: everybody who flaps has something to see.
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	if err := k.watch(ctx); err != nil {
		return err
	}
	fmt.Fprintln(k.w, lineHead)
	if err := k.live(ctx, length/2, 1); err != nil {
		return err
	}
	var err error
	if k.killed, err = k.server.Kill(); err != nil {
		return err
	}
	if err := k.server.Restart(ctx); err != nil {
		return err
	}
	if err := k.live(ctx, length/2, 2); err != nil {
		return err
	}
	return errors.Join(k.growth(1), k.growth(2), k.account(ctx))
}

func (k *soaking) publish(ctx context.Context) error {
	for _, g := range soakCameras {
		cameras, err := k.server.Enrol(ctx, g.n)
		if err != nil {
			return err
		}
		k.cameras = append(k.cameras, cameras...)
		p, err := generator.Start(ctx, generator.Spec{Ramp: publishRamp, Protocol: g.protocol, Clip: soakClip, Publishers: targets(cameras, g.protocol), Stay: true})
		if err != nil {
			return err
		}
		k.publishers = append(k.publishers, p)
	}
	return nil
}

func (k *soaking) watch(ctx context.Context) error {
	for _, g := range soakViewers {
		looks := make([]generator.Look, g.n)
		for i := range looks {
			var err error
			if looks[i], err = look(ctx, k.server, k.cameras[i*7%len(k.cameras)].ID, g.kind, k.began); err != nil {
				return err
			}
		}
		p, err := generator.Start(ctx, generator.Spec{Ramp: 2 * time.Second, Kind: g.kind, Viewers: looks, Flap: flap})
		if err != nil {
			return err
		}
		k.viewers = append(k.viewers, p)
	}
	return nil
}

// account ends everybody, waits for the archive and looks for every picture.
func (k *soaking) account(ctx context.Context) error {
	for _, p := range k.viewers {
		if _, err := p.End(ctx); err != nil {
			return err
		}
	}
	var sent []publish.Sent
	for _, p := range k.publishers {
		r, err := p.End(ctx)
		if err != nil {
			return err
		}
		sent = append(sent, r.Sent...)
	}
	if err := k.server.Stored(ctx); err != nil {
		return err
	}
	fmt.Fprintln(k.w, "\n| protocol | sent | archived | lost to the kill, as allowed | lost |")
	fmt.Fprintln(k.w, "|---|---|---|---|---|")
	var failed error
	at := 0
	for _, g := range soakCameras {
		var sum archived
		for _, s := range sent[at:][:g.n] {
			a, err := count(ctx, k.server, s, k.began, k.excuse(s))
			if err != nil {
				return err
			}
			sum.add(a)
		}
		at += g.n
		fmt.Fprintf(k.w, "| %s | %s | %s | %s | %d |\n", g.protocol, thousands(sum.Sent), thousands(sum.Stored), thousands(sum.Excused), sum.Lost)
		if sum.Lost > 0 || sum.Stored == 0 {
			failed = errors.Join(failed, fmt.Errorf("%d pictures of the cameras by %s are lost", sum.Lost, g.protocol))
		}
	}
	if err := k.server.Fsck(ctx); err != nil {
		return errors.Join(failed, err)
	}
	fmt.Fprintln(k.w, "\nfsck: rows and objects agree")
	return failed
}

// excuse allows what a kill may cost: the last second before it, and what went to a
// dead server until its publisher noticed, that is, the rest of that connection.
func (k *soaking) excuse(s publish.Sent) func(publish.Picture) bool {
	return func(p publish.Picture) bool {
		return p.Due.After(k.killed.Add(-killLoss)) && s.Due(p.Run.First).Before(k.killed)
	}
}
