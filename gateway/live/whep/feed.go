package whep

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
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

	shares []*share
	number uint64 // of the last unit; of run alone

	mu      sync.Mutex
	gop     []*packets // since the last key frame; empty when there was none or it was too long
	gopSize int
	over    string // why the feed ended; "" while it runs
}

func newFeed(s *stream.Stream, codec media.Codec, logger *slog.Logger) *feed {
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{stream: s, codec: codec, logger: logger, cancel: cancel, done: make(chan struct{})}
	for range min(maxShares, runtime.GOMAXPROCS(0)) {
		f.shares = append(f.shares, newShare())
	}
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
	var senders sync.WaitGroup
	for _, s := range f.shares {
		senders.Go(s.run)
	}
	defer func() {
		for _, s := range f.shares {
			close(s.queue)
		}
		senders.Wait()
	}()
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
	f.number++
	p.number = f.number
	f.keep(p)
	for _, s := range f.shares[1:] {
		s.hand(p, false)
	}
	f.shares[0].hand(p, true)
}

// keep adds a unit to the cache. A viewer that joins afterwards finds it there, and
// knows it by its number when its share comes to it.
func (f *feed) keep(p *packets) {
	f.mu.Lock()
	defer f.mu.Unlock()
	begins := p.key && (p.video || !f.codec.Video())
	if begins {
		f.gop, f.gopSize = nil, 0 // viewers may still hold the old slice
	}
	if len(f.gop) > 0 || begins {
		f.gop = append(f.gop, p)
		f.gopSize += p.bytes
		if len(f.gop) > gopUnits || f.gopSize > gopBytes {
			f.gop, f.gopSize = nil, 0
		}
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
	f.mu.Unlock()
	for _, s := range f.shares {
		for v := range s.clear() {
			v.finish(reason)
		}
	}
}

// join adds a viewer, which begins with the cached GOP, to the smallest share.
func (f *feed) join(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over != "" {
		v.finish(f.over)
		return
	}
	v.begin(f.gop)
	v.share = slices.MinFunc(f.shares, func(a, b *share) int { return int(a.count.Load() - b.count.Load()) })
	v.share.add(v)
}

// again sends a viewer the cached GOP once more.
func (f *feed) again(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v.share != nil && len(f.gop) > 0 {
		v.again(f.gop)
	}
}

func (f *feed) leave(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v.share != nil {
		v.share.remove(v)
		v.share = nil
	}
}
