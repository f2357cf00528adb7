package whep

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// Bounds of what a feed keeps for new viewers. A longer GOP is not kept, and new
// viewers wait for the next key frame.
const (
	gopUnits = 4096
	gopBytes = 16 << 20
)

// Reasons for which a feed ends its viewers; the player takes LL-HLS or asks again.
const (
	reasonBFrames = "b_frames"
	reasonCodec   = "codec_not_supported"
	reasonOffline = "camera_offline"
)

// feed packetises one camera's stream for all its viewers. It runs while there
// are any.
type feed struct {
	stream *stream.Stream
	codec  media.Codec // of the video, or of the audio when there is none: what was negotiated
	logger *slog.Logger
	cancel context.CancelFunc
	done   chan struct{}
	users  int // under Handler.mu

	mu      sync.Mutex
	viewers map[*viewer]struct{}
	gop     []*packets // since the last key frame; empty when there was none or it was too long
	gopSize int
	over    string // why the feed ended; "" while it runs
}

func newFeed(s *stream.Stream, codec media.Codec, logger *slog.Logger) *feed {
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{stream: s, codec: codec, logger: logger, cancel: cancel, done: make(chan struct{}), viewers: make(map[*viewer]struct{})}
	go f.run(ctx)
	return f
}

// stop ends the feed and waits for it.
func (f *feed) stop() {
	f.cancel()
	<-f.done
}

func (f *feed) run(ctx context.Context) {
	defer close(f.done)
	reader := f.stream.Subscribe(stream.SubscribeOptions{})
	defer reader.Close()
	var p packetiser
	var highest int64
	var run string
	for {
		u, err := reader.Next(ctx)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				f.end(reasonOffline)
			}
			return
		}
		r := reader.Run()
		if r.ID != run {
			run = r.ID
			f.restart()
		}
		track := r.Tracks[u.Track]
		if track.Codec.Video() || f.codec == track.Codec {
			if f.codec != track.Codec {
				f.end(reasonCodec)
				return
			}
			if !u.Key && u.PTS < highest {
				f.end(reasonBFrames)
				return
			}
			highest = u.PTS
		}
		out, err := p.packetise(r, u)
		if err != nil {
			f.logger.Warn("unit not sent by WHEP", "err", err)
			continue
		}
		if out != nil {
			f.hand(out)
		}
	}
}

// hand gives a unit to the cache and to every viewer.
func (f *feed) hand(p *packets) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.key && (p.video || !f.codec.Video()) {
		f.gop, f.gopSize = nil, 0 // viewers may still hold the old slice
	}
	if len(f.gop) > 0 || p.key && (p.video || !f.codec.Video()) {
		f.gop = append(f.gop, p)
		f.gopSize += p.bytes
		if len(f.gop) > gopUnits || f.gopSize > gopBytes {
			f.gop, f.gopSize = nil, 0
		}
	}
	for v := range f.viewers {
		v.push(p)
	}
}

// restart forgets what was kept of the run before.
func (f *feed) restart() {
	f.mu.Lock()
	f.gop, f.gopSize = nil, 0
	f.mu.Unlock()
}

// end ends all viewers, and those that come, for a reason.
func (f *feed) end(reason string) {
	f.mu.Lock()
	f.over = reason
	viewers := f.viewers
	f.viewers = map[*viewer]struct{}{}
	f.mu.Unlock()
	for v := range viewers {
		v.finish(reason)
	}
}

// join adds a viewer, which begins with the cached GOP.
func (f *feed) join(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over != "" {
		v.finish(f.over)
		return
	}
	f.viewers[v] = struct{}{}
	v.begin(f.gop)
}

// again sends a viewer the cached GOP once more.
func (f *feed) again(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.viewers[v]; ok && len(f.gop) > 0 {
		v.again(f.gop)
	}
}

func (f *feed) leave(v *viewer) {
	f.mu.Lock()
	delete(f.viewers, v)
	f.mu.Unlock()
}
