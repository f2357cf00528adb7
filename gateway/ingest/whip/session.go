package whip

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
)

const tick = 500 * time.Millisecond

// session is one publisher from its offer to its end.
type session struct {
	peer     *rtc.Peer
	admitted ingest.Session
	tracks   []*media.Track
	options  Options
	logger   *slog.Logger

	timelineMu sync.Mutex
	timeline   *timeline

	lastPacket atomic.Int64 // Unix ns
	heard      atomic.Bool

	tracksMu sync.Mutex
	taken    []bool // of tracks: a remote track was assigned
	ending   bool
	readers  sync.WaitGroup

	lossMu         sync.Mutex
	lost, received uint64 // not yet reported
	unitsDropped   uint64

	stop     chan gatepost.EndReason // of Close
	stopOnce sync.Once
	done     chan struct{}
}

func newSession(req rtc.OpenRequest, peer *rtc.Peer, admitted ingest.Session, tracks []*media.Track, o Options) *session {
	s := &session{
		peer: peer, admitted: admitted, tracks: tracks, options: o,
		logger:   o.Logger.With("camera", req.Camera, "protocol", "whip", "remote", req.Remote),
		timeline: newTimeline(tracks),
		taken:    make([]bool, len(tracks)),
		stop:     make(chan gatepost.EndReason, 1),
		done:     make(chan struct{}),
	}
	s.lastPacket.Store(time.Now().UnixNano())
	return s
}

// Peer implements rtc.Session.
func (s *session) Peer() *rtc.Peer { return s.peer }

// Done implements rtc.Session.
func (s *session) Done() <-chan struct{} { return s.done }

// Close implements rtc.Session.
func (s *session) Close(reason gatepost.EndReason) {
	s.stopOnce.Do(func() { s.stop <- reason })
	<-s.done
}

// run waits for whatever ends the session, then ends it.
func (s *session) run() {
	defer close(s.done)
	reason := s.watch()

	s.tracksMu.Lock()
	s.ending = true
	s.tracksMu.Unlock()
	if err := s.peer.Close(); err != nil {
		s.logger.Debug("close WHIP connection", "err", err)
	}
	s.readers.Wait()
	s.reportLoss()
	s.admitted.End(reason)
	s.logger.Info("publisher left", "reason", reason, "units_dropped", s.unitsDropped)
}

func (s *session) watch() gatepost.EndReason {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case reason := <-s.stop:
			return reason
		case <-s.admitted.Done():
			return gatepost.EndReplaced // ignored: the other side knows why
		case <-s.peer.Lost():
			if s.peer.Failed() {
				return gatepost.EndNetwork
			}
			return gatepost.EndClosed
		case now := <-ticker.C:
			s.reportLoss()
			limit := s.options.Timeout
			if !s.heard.Load() {
				limit = s.options.ConnectTimeout
			}
			if now.Sub(time.Unix(0, s.lastPacket.Load())) > limit {
				return gatepost.EndTimeout
			}
		}
	}
}

// onTrack takes a remote track and reads it until the connection ends. A second
// one of a kind (simulcast) is not read.
func (s *session) onTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	s.tracksMu.Lock()
	defer s.tracksMu.Unlock()
	if s.ending {
		return
	}
	for i, t := range s.tracks {
		if s.taken[i] || t.Codec.Video() != (remote.Kind() == webrtc.RTPCodecTypeVideo) {
			continue
		}
		s.taken[i] = true
		in := newTrack(s, i, remote)
		s.readers.Go(in.read)
		s.readers.Go(func() { in.readReports(receiver) })
		return
	}
}

// write hands a unit on. The connection is closed elsewhere when that fails: the
// session has ended then, and Done says so.
func (s *session) write(u *media.Unit) {
	if err := s.admitted.Write(u); err != nil {
		s.logger.Debug("unit after the end", "err", err)
	}
}

func (s *session) pts(track int, rtpTime uint32, arrival time.Time) int64 {
	s.timelineMu.Lock()
	defer s.timelineMu.Unlock()
	return s.timeline.pts(track, rtpTime, arrival)
}

func (s *session) senderReport(track int, r *rtcp.SenderReport) {
	s.timelineMu.Lock()
	defer s.timelineMu.Unlock()
	s.timeline.report(track, r.NTPTime, r.RTPTime)
}

func (s *session) count(lost, received uint64) {
	s.lossMu.Lock()
	s.lost += lost
	s.received += received
	s.lossMu.Unlock()
}

func (s *session) countDropped() {
	s.lossMu.Lock()
	s.unitsDropped++
	s.lossMu.Unlock()
}

func (s *session) reportLoss() {
	s.lossMu.Lock()
	lost, received := s.lost, s.received
	s.lost, s.received = 0, 0
	s.lossMu.Unlock()
	if lost > 0 || received > 0 {
		s.admitted.Lost(lost, received)
	}
}
