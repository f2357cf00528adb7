package whip

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	receiveMTU = 1600 // bytes; SRTP over Ethernet is below

	audioReorderLimit = 32 // packets
	audioReorderWait  = 150 * time.Millisecond

	// pliInterval is the least time between two requests for a key frame.
	pliInterval = 500 * time.Millisecond
)

// track is one incoming elementary stream.
type track struct {
	s      *session
	index  int
	media  *media.Track
	remote *webrtc.TrackRemote

	reorder   ingest.Reorderer
	assembler assembler

	keyWanted bool
	lastKey   time.Time
	lastPLI   time.Time
}

func newTrack(s *session, index int, remote *webrtc.TrackRemote) *track {
	t := &track{s: s, index: index, media: s.tracks[index], remote: remote, keyWanted: true}
	t.reorder.Wait = s.options.Reorder
	if t.media.Codec.Video() {
		t.assembler = assembler{begins: beginsPicture(t.media.Codec), emit: t.video, drop: t.dropped}
		t.reorder.Emit = t.assembler.push
	} else {
		t.reorder.Limit, t.reorder.Wait = audioReorderLimit, min(t.reorder.Wait, audioReorderWait)
		t.reorder.Emit = t.audio
	}
	return t
}

// read takes packets until the connection ends.
func (t *track) read() {
	buf := make([]byte, receiveMTU)
	limited := false
	for {
		if _, waiting := t.reorder.Deadline(); waiting || limited {
			// Not the Reorderer's own deadline: once past, Read would not look
			// for what has come meanwhile. Push keeps that.
			var deadline time.Time // none
			if waiting {
				deadline = time.Now().Add(t.reorder.Wait)
			}
			_ = t.remote.SetReadDeadline(deadline) // fails when the track has ended, and Read says so
			limited = waiting
		}
		n, _, err := t.remote.Read(buf)
		if limited && isTimeout(err) {
			t.reorder.Expire(time.Now())
			t.account()
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.s.logger.Debug("WHIP track ended", "kind", t.remote.Kind().String(), "err", err)
			}
			break
		}
		p := &rtp.Packet{}
		if err := p.Unmarshal(bytes.Clone(buf[:n])); err != nil {
			t.s.count(1, 0)
			continue
		}
		t.packet(p, time.Now())
	}
	t.reorder.Flush()
	t.account()
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (t *track) packet(p *rtp.Packet, now time.Time) {
	if !t.s.heard.Swap(true) {
		t.s.logger.Info("publisher sends", "codec", t.media.Codec)
	}
	t.s.lastPacket.Store(now.UnixNano())
	t.reorder.Push(p, now)
	t.account()
	t.askForKey(now)
}

func (t *track) account() {
	if lost, received := t.reorder.Counts(); lost > 0 || received > 0 {
		t.s.count(lost, received)
	}
}

// video takes the packets of one whole access unit.
func (t *track) video(packets []*rtp.Packet, arrival time.Time) {
	rtpTime := packets[0].Timestamp
	data, err := depacketise(t.media.Codec, packets)
	if err != nil {
		t.s.logger.Debug("access unit dropped", "err", err)
		t.dropped()
		return
	}
	au := media.Normalise(t.media.Codec, data)
	if au.Key {
		t.keyWanted, t.lastKey = false, arrival
	}
	t.s.write(&media.Unit{
		Track: t.index,
		PTS:   t.s.pts(t.index, rtpTime, arrival), DTS: media.NoDTS,
		NTP: arrival, Data: data, Key: au.Key,
	})
}

// audio takes one packet: one Opus packet (RFC 7587 §4.2) or a run of G.711
// samples (RFC 3551 §4.5.14).
func (t *track) audio(p *rtp.Packet, arrival time.Time, _ bool) {
	if len(p.Payload) == 0 {
		return
	}
	t.s.write(&media.Unit{
		Track: t.index,
		PTS:   t.s.pts(t.index, p.Timestamp, arrival), DTS: media.NoDTS,
		NTP: arrival, Data: [][]byte{p.Payload}, Key: true,
	})
}

// dropped counts a unit that is not whole; what follows refers to it.
func (t *track) dropped() {
	t.s.countDropped()
	t.keyWanted = true
}

// askForKey sends a picture loss indication (RFC 4585 §6.3.1) when a key frame
// is missing or the last one is old.
func (t *track) askForKey(now time.Time) {
	if !t.media.Codec.Video() || !t.keyWanted && now.Sub(t.lastKey) < t.s.options.KeyInterval {
		return
	}
	if now.Sub(t.lastPLI) < pliInterval {
		return
	}
	t.lastPLI = now
	err := t.s.peer.Conn.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.remote.SSRC())}})
	if err != nil {
		t.s.logger.Debug("ask for a key frame", "err", err)
	}
}

// readReports takes the sender's RTCP; reading is also what keeps the library's
// own statistics going.
func (t *track) readReports(receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == uint32(t.remote.SSRC()) {
				t.s.senderReport(t.index, sr)
			}
		}
	}
}
