package whep

import (
	"log/slog"
	"math/rand/v2"
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
	expires time.Time
	timeout time.Duration // to connect
	peer    *rtc.Peer
	feed    *feed
	video   *output // nil without
	audio   *output
	logger  *slog.Logger
	opened  time.Time
	looks   func(grantID, cameraID string) (left func()) // nil without

	mu       sync.Mutex
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
	if !v.finished {
		v.finished, v.reason = true, reason
		close(v.stop)
	}
}

// begin gives the viewer its first units.
func (v *viewer) begin(gop []*packets) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queue = append([]*packets(nil), gop...)
	v.limit = len(gop) + queueUnits
	v.restart = len(gop) > 0
	v.seeking = len(gop) == 0
	v.keySeen, v.began = true, time.Now()
	v.signal()
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
	v.queue = append([]*packets(nil), gop...)
	v.limit = len(gop) + queueUnits
	v.restart, v.seeking = true, false
	v.signal()
}

// push adds a unit; it never waits.
func (v *viewer) push(p *packets) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := p.key && v.leads(p)
	if key {
		v.keySeen = true
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

// leads tells whether a unit belongs to the track that times are taken from.
func (v *viewer) leads(p *packets) bool { return p.video || v.video == nil }

func (v *viewer) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// pop takes the next unit. restart says that a cached GOP begins with it, newest
// that nothing of the leading track waits behind it.
func (v *viewer) pop() (p *packets, restart, newest bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.queue) == 0 {
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
	defer v.watched()()
	v.feed.join(v)

	clock := schedule{epoch: time.Now()}
	videoBase, audioBase := rand.Uint32(), rand.Uint32()
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
					clock.catchUp()
				}
				pause, err := v.send(&clock, p, newest, videoBase, audioBase)
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

// send sends one unit and returns how long to wait before the next.
func (v *viewer) send(clock *schedule, p *packets, newest bool, videoBase, audioBase uint32) (pause time.Duration, err error) {
	out, base := v.video, videoBase
	if !p.video {
		out, base = v.audio, audioBase
	}
	if out == nil || out.media != p.codec {
		return 0, nil // audio that was not negotiated, or is another since the camera came back
	}
	var at time.Duration
	if v.leads(p) {
		at, pause = clock.lead(p, newest, time.Now())
	} else {
		var ok bool
		if at, ok = clock.audio(p); !ok {
			return 0, nil
		}
	}
	rtpTime := base + uint32(media.Ticks(at, int(out.codec.ClockRate)))
	for i, payload := range p.payloads {
		if err := out.write(payload, rtpTime, p.video && i == len(p.payloads)-1); err != nil {
			return 0, err
		}
		if !p.video && out.codec.ClockRate == 8000 {
			rtpTime += uint32(len(payload)) // G.711: one sample in a byte
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
