package view

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/rtc"
)

// WHEP watches a camera until ctx ends; it fails when no connection comes about or
// when it is lost.
func WHEP(ctx context.Context, endpoint, token string, m *Meter) error {
	var reading sync.WaitGroup
	eye := newEye(m)
	session, err := rtc.Connect(ctx, endpoint, token, func(conn *webrtc.PeerConnection) error {
		conn.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			if t.Kind() == webrtc.RTPCodecTypeVideo {
				reading.Add(1)
				defer reading.Done()
				watch(t, eye)
			}
		})
		return receive(conn)
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	select {
	case <-ctx.Done():
	case <-session.Lost():
		err = errors.New("the media connection is lost")
	}
	session.Close()
	reading.Wait()
	eye.close()
	return err
}

// receive asks for video and audio.
func receive(conn *webrtc.PeerConnection) error {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if _, err := conn.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	return nil
}

// markedPacket is the size in bytes beyond which a packet is not searched: marks
// lie in small packets, or at the beginning of one that carries several NAL units.
const markedPacket = 300

// watch reads packets until the connection ends.
func watch(t *webrtc.TrackRemote, e *eye) {
	var sent time.Time // of the picture under way
	var last uint16
	b := make([]byte, 2048)
	for begun := false; ; begun = true {
		n, _, err := t.Read(b)
		if err != nil {
			return
		}
		const header = 12 // RFC 3550 §5.1
		if n < header {
			continue
		}
		sequence := uint16(b[2])<<8 | uint16(b[3])
		on := e.meter.on.Load()
		if on {
			e.report.Packets++
			e.report.Bytes += n
			if gap := sequence - last - 1; begun && gap < 1<<15 {
				e.report.Lost += int(gap)
			}
		}
		last = sequence
		clip.Scan(b[header:min(n, markedPacket)], func(m clip.Mark) {
			sent = m.At
			e.see(m)
		})
		if lastOfPicture := b[1]&0x80 != 0; lastOfPicture && !sent.IsZero() {
			if on {
				e.newest.Add(time.Since(sent))
			}
			sent = time.Time{}
		}
	}
}
