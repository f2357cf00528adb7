package whep

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// queueUnits is how many units a viewer may be behind, apart from the GOP that
// it began with. Beyond it is skipped to the next key frame.
const queueUnits = 512

// againAfter is for how long after a GOP was begun a request for another is taken to
// be about the time before.
const againAfter = time.Second

// viewer is one WHEP session.
type viewer struct {
	camera  string
	grant   string
	key     string
	expires time.Time
	timeout time.Duration // to connect
	peer    *rtc.Peer
	feed    *feed
	video   *output // nil without
	audio   *output
	logger  *slog.Logger
	opened  time.Time
	looks   func(grantID, cameraID string) (left func()) // nil without
	share   *share                                       // of the feed; under feed.mu

	videoBase, audioBase uint32 // RTP times of the schedule's epoch

	// clock belongs to the viewer's goroutine until everything was sent, and to
	// mu while live.
	clock schedule

	mu       sync.Mutex
	live     bool   // nothing waits: what comes is sent at once, by its share
	newest   uint64 // number of the newest unit that was taken
	queue    []*packets
	limit    int
	seeking  bool      // dropping until the next key frame
	keySeen  bool      // a key frame came since the GOP was last sent again
	began    time.Time // when the GOP was last sent
	restart  bool      // the queue begins with a cached GOP
	dropped  uint64
	reason   string // why it was ended
	finished bool

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

// Peer implements rtc.Session.
func (v *viewer) Peer() *rtc.Peer { return v.peer }

// Done implements rtc.Session.
func (v *viewer) Done() <-chan struct{} { return v.done }

// Close implements rtc.Session.
func (v *viewer) Close(reason gatepost.EndReason) {
	v.finish(string(reason))
	<-v.done
}

// finish ends the viewer without waiting for it.
func (v *viewer) finish(reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.finishLocked(reason)
}

func (v *viewer) finishLocked(reason string) {
	if !v.finished {
		v.finished, v.reason = true, reason
		close(v.stop)
	}
}

// begin gives the viewer its first units.
func (v *viewer) begin(gop []*packets) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.take(gop)
	v.restart = len(gop) > 0
	v.seeking = len(gop) == 0
	v.keySeen, v.began = true, time.Now()
	v.signal()
}

// take replaces the queue by a GOP.
func (v *viewer) take(gop []*packets) {
	v.live = false
	v.queue = slices.Clone(gop)
	v.limit = len(gop) + queueUnits
	if len(gop) > 0 {
		v.newest = gop[len(gop)-1].number
	}
}

// again replaces what the viewer has still to get by the GOP from its key frame on,
// unless that was done since the last key frame.
func (v *viewer) again(gop []*packets) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.keySeen || time.Since(v.began) < againAfter {
		return
	}
	v.keySeen, v.began = false, time.Now()
	v.take(gop)
	v.restart, v.seeking = true, false
	v.signal()
}

// push sends a unit at once when nothing waits before it, and else adds it to what
// waits. It never blocks: the port drops what it cannot send.
func (v *viewer) push(p *packets) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.finished || p.number <= v.newest {
		return // it came with a cached GOP
	}
	v.newest = p.number
	key := p.key && v.leads(p)
	if key {
		v.keySeen = true
	}
	if v.live {
		if _, err := v.send(p, true); err != nil {
			v.finishLocked("connection")
		}
		return
	}
	if v.seeking && !key {
		v.dropped++
		return
	}
	if len(v.queue) >= v.limit {
		v.dropped += uint64(len(v.queue))
		v.queue, v.limit, v.restart = nil, queueUnits, false
		if v.seeking = !key; v.seeking {
			v.dropped++
			return
		}
	}
	v.seeking = false
	v.queue = append(v.queue, p)
	v.signal()
}

// skip makes the viewer wait for the next key frame, because units before what
// comes are missing.
func (v *viewer) skip() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.live, v.seeking = false, true
	v.dropped++
}

// leads tells whether a unit belongs to the track that times are taken from.
func (v *viewer) leads(p *packets) bool { return p.video || v.video == nil }

func (v *viewer) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// pop takes the next unit of what waits. restart says that a cached GOP begins with
// it, newest that nothing of the leading track waits behind it. When it returns nil,
// the viewer may be live from then on.
func (v *viewer) pop() (p *packets, restart, newest bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.queue) == 0 {
		v.live = !v.seeking && !v.clock.catching
		return nil, false, false
	}
	p, v.queue = v.queue[0], v.queue[1:]
	restart, v.restart = v.restart, false
	newest = true
	for _, q := range v.queue {
		if v.leads(q) {
			newest = false
			break
		}
	}
	if len(v.queue) == 0 {
		v.limit = queueUnits
	}
	return p, restart, newest
}

// run shows the camera until something ends the session.
func (v *viewer) run(left func(*viewer)) {
	defer close(v.done)
	var readers sync.WaitGroup
	for _, s := range v.peer.Conn.GetSenders() {
		readers.Go(func() { v.readReports(s) })
	}
	reason := v.show()
	v.feed.leave(v)
	if err := v.peer.Close(); err != nil {
		v.logger.Debug("close WHEP connection", "err", err)
	}
	readers.Wait()
	left(v)
	v.mu.Lock()
	dropped := v.dropped
	v.mu.Unlock()
	v.logger.Info("viewer left", "reason", reason, "units_dropped", dropped)
}

func (v *viewer) show() string {
	expiry := time.NewTimer(time.Until(v.expires))
	defer expiry.Stop()
	connect := time.NewTimer(v.timeout)
	defer connect.Stop()
	select {
	case <-v.peer.Connected():
	case <-v.peer.Lost():
		return "connection"
	case <-connect.C:
		return "not_connected"
	case <-expiry.C:
		return "expired"
	case <-v.stop:
		return v.reason
	}
	for _, o := range []*output{v.video, v.audio} {
		if o == nil {
			continue
		}
		select {
		case <-o.bound:
		case <-v.peer.Lost():
			return "connection"
		case <-connect.C:
			return "not_connected"
		case <-expiry.C:
			return "expired"
		case <-v.stop:
			return v.reason
		}
	}
	v.logger.Info("viewer connected", "after", time.Since(v.opened).Round(time.Millisecond))
	v.clock.epoch = time.Now()
	v.videoBase, v.audioBase = rand.Uint32(), rand.Uint32()
	defer v.watched()()
	v.feed.join(v)

	pace := time.NewTimer(0)
	defer pace.Stop()
	<-pace.C
	paused := false
	for {
		if !paused {
			for {
				p, restart, newest := v.pop()
				if p == nil {
					break
				}
				if restart {
					v.clock.catchUp()
				}
				pause, err := v.send(p, newest)
				if err != nil {
					return "connection"
				}
				if pause > 0 {
					pace.Reset(pause)
					paused = true
					break
				}
			}
		}
		wake := v.wake
		if paused {
			wake = nil
		}
		select {
		case <-wake:
		case <-pace.C:
			paused = false
		case <-v.peer.Lost():
			return "connection"
		case <-expiry.C:
			return "expired"
		case <-v.stop:
			return v.reason
		}
	}
}

// send sends one unit and returns how long to wait before the next: not at all
// when live.
func (v *viewer) send(p *packets, newest bool) (pause time.Duration, err error) {
	out, base := v.video, v.videoBase
	if !p.video {
		out, base = v.audio, v.audioBase
	}
	if out == nil || out.media != p.codec {
		return 0, nil // audio that was not negotiated, or is another since the camera came back
	}
	var at time.Duration
	now := time.Now()
	if v.leads(p) {
		at, pause = v.clock.lead(p, newest, now)
	} else {
		var ok bool
		if at, ok = v.clock.audio(p); !ok {
			return 0, nil
		}
	}
	rtpTime := base + uint32(media.Ticks(at, int(out.codec.ClockRate)))
	if err := out.write(p, rtpTime); err != nil {
		return 0, err
	}
	if sr := out.report(now, v.clock.epoch.Add(at), rtpTime); sr != nil {
		if err := v.peer.Conn.WriteRTCP([]rtcp.Packet{sr}); err != nil {
			return 0, err
		}
	}
	return pause, nil
}

// readReports answers what the browser says about a track until the connection ends.
func (v *viewer) readReports(s *webrtc.RTPSender) {
	out, ok := s.Track().(*output)
	if !ok {
		return
	}
	for {
		reports, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, r := range reports {
			switch r := r.(type) {
			case *rtcp.TransportLayerNack:
				for _, n := range r.Nacks {
					out.resend(n.PacketList())
				}
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				if out == v.video {
					v.feed.again(v)
				}
			}
		}
	}
}
