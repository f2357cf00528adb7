package chaos

import (
	"context"
	"errors"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/gatepost-video/gatepost/test/harness"
)

// camera sends numbered frames at real-time pace until its test ends or
// stop is called, and connects again for as long as it takes.
type camera struct {
	harness.Camera
	s    *harness.Server
	o    cameraOptions
	done chan struct{}
	end  context.CancelFunc

	earliest int // number of the first frame in the archive, once it is accounted for

	mu      sync.Mutex
	sent    []frame
	next    int
	clip    *clip
	skip    int64 // ticks that its clock has jumped
	dark    bool  // no video for now, sound goes on
	drop    string
	refused int // connections that failed
}

type frame struct {
	n  int
	at time.Time // when it was written
}

type cameraOptions struct {
	look
	audio        bool                                                        // Opus beside the video
	by           func(c *camera, begin *clip) (line, error)                  // makes a connection; default: RTSP by TCP
	udp          func(network, address string) (net.PacketConn, error)       // RTSP by UDP, through this
	lost         func(packets []*rtp.Packet) (send []*rtp.Packet, hurt bool) // decides what of a frame goes out
	connectEvery time.Duration                                               // pause before connecting again; default 200 ms
}

// newCamera enrols a camera and lets it push.
func newCamera(t *testing.T, s *harness.Server, name string, o cameraOptions) *camera {
	t.Helper()
	if o.connectEvery == 0 {
		o.connectEvery = 200 * time.Millisecond
	}
	if o.by == nil {
		o.by = dialRTSP
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &camera{Camera: s.Enrol(name), s: s, o: o, clip: clipOf(t, o.look), earliest: math.MaxInt, done: make(chan struct{}), end: cancel}
	go c.run(ctx)
	t.Cleanup(c.stop)
	return c
}

// stop ends the camera with a goodbye. A second stop does nothing.
func (c *camera) stop() {
	c.end()
	<-c.done
}

func (c *camera) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// count is how many frames went out.
func (c *camera) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sent)
}

// last is when the last frame went out.
func (c *camera) last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[len(c.sent)-1].at
}

// tries is how many connections failed.
func (c *camera) tries() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// disconnect makes the camera go, with a goodbye or, abruptly, without, and come
// again.
func (c *camera) disconnect(abruptly bool) {
	c.set(func() {
		c.drop = "goodbye"
		if abruptly {
			c.drop = "abruptly"
		}
	})
}

func (c *camera) run(ctx context.Context) {
	defer close(c.done)
	for ctx.Err() == nil {
		if err := c.push(ctx); err != nil {
			c.set(func() { c.refused++ })
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.o.connectEvery):
		}
	}
}

// errDropped ends a connection on purpose.
var errDropped = errors.New("dropped")

// push is one connection.
func (c *camera) push(ctx context.Context) error {
	c.mu.Lock()
	begin := c.clip
	c.drop = ""
	c.mu.Unlock()
	out, err := c.o.by(c, begin)
	if err != nil {
		return err
	}
	defer out.close()
	start := time.Now()
	var loop int64 // ticks since the connection began, at the clip's begin
	at := 0
	playing := begin
	for i := int64(0); ; i++ {
		c.mu.Lock()
		wanted, skip, dark, drop := c.clip, c.skip, c.dark, c.drop
		c.mu.Unlock()
		switch {
		case ctx.Err() != nil, drop == "goodbye":
			return nil
		case drop == "abruptly":
			return errors.Join(errDropped, out.cut())
		case wanted.h265 != begin.h265:
			return nil // another codec is another announcement
		case wanted != playing && at%playing.gop == 0:
			playing, at, loop = wanted, 0, i*frameTicks
		}
		if at == len(playing.units) {
			at, loop = 0, i*frameTicks
		}
		u := playing.units[at]
		at++
		if c.o.audio {
			if err := out.sound(i); err != nil {
				return err
			}
		}
		if !dark {
			if err := c.picture(out, playing, u, loop+u.pts+skip); err != nil {
				return err
			}
		}
		// At its time, however late the one before: a camera's clock goes on.
		// Also before the end, so that what was sent is on its way.
		harness.Until(start.Add(time.Duration(i+1) * frameTime))
	}
}

// picture sends one frame and notes it, unless parts of it were lost on purpose.
func (c *camera) picture(out line, p *clip, u unit, ts int64) error {
	c.mu.Lock()
	n := c.next
	c.next++
	c.mu.Unlock()
	hurt, err := out.picture(p.numbered(u, n), ts)
	if err != nil {
		return err
	}
	if !hurt {
		c.set(func() { c.sent = append(c.sent, frame{n, time.Now()}) })
	}
	return nil
}
