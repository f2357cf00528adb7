package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
)

// Frame is the time from one picture to the next.
const Frame = time.Second / clip.FrameRate

// Protocol is how a camera pushes.
type Protocol string

const (
	RTSP    Protocol = "rtsp" // over TCP
	RTSPUDP Protocol = "rtsp-udp"
	RTMP    Protocol = "rtmp"
	SRT     Protocol = "srt"
	WHIP    Protocol = "whip"
)

// Target is where a camera pushes.
type Target struct {
	Camera string `json:"camera"` // its id, which comes back in Sent
	URL    string `json:"url"`
	Key    string `json:"key"` // WHIP's bearer; the others carry it in the URL
}

// Source is a clip prepared for sending, shared by all publishers.
type Source struct {
	clip   *clip.Clip
	mu     sync.Mutex
	bySize map[int][][]clip.Packet
}

// NewSource prepares a clip.
func NewSource(c *clip.Clip) *Source { return &Source{clip: c, bySize: map[int][][]clip.Packet{}} }

// packets returns the clip as RTP payloads, which are made once per size.
func (s *Source) packets(size int) [][]clip.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySize[size] == nil {
		s.bySize[size] = s.clip.Packets(size)
	}
	return s.bySize[size]
}

// Options configures a Publisher.
type Options struct {
	Source   *Source
	Protocol Protocol
	Target   Target
	Pictures int  // how many, by the clock; 0: until the context ends
	Stay     bool // connect again, a second after a connection has failed
}

// Publisher is one camera.
type Publisher struct {
	options Options
	started chan struct{} // closed at the first picture
	once    sync.Once

	mu   sync.Mutex
	sent Sent
}

// New makes a Publisher; Run starts it.
func New(o Options) *Publisher {
	return &Publisher{options: o, started: make(chan struct{}), sent: Sent{Camera: o.Target.Camera}}
}

// Started is closed when the first picture has been sent.
func (p *Publisher) Started() <-chan struct{} { return p.started }

// Sent tells what was sent so far.
func (p *Publisher) Sent() Sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sent
	s.Runs, s.Late = slices.Clone(s.Runs), slices.Clone(s.Late)
	return s
}

// sender is one connection.
type sender interface {
	// send takes picture number of the publisher, which is unit number modulo
	// its length of the clip.
	send(m clip.Mark) error
	// finish waits until what was sent has left, as far as the protocol tells.
	finish()
	close()
}

// connect opens a connection. Errors hold no URL: it may hold the key.
func (p *Publisher) connect(ctx context.Context) (sender, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	switch p.options.Protocol {
	case RTSP, RTSPUDP:
		return connectRTSP(p.options.Source, p.options.Target, p.options.Protocol == RTSPUDP)
	case RTMP:
		return connectRTMP(ctx, p.options.Source, p.options.Target)
	case SRT:
		return connectSRT(p.options.Source, p.options.Target)
	case WHIP:
		return connectWHIP(ctx, p.options.Source, p.options.Target)
	}
	return nil, fmt.Errorf("no protocol %q", p.options.Protocol)
}

// retry is the wait before another connection.
const retry = time.Second

var errDone = errors.New("every picture is sent")

// Run publishes until the context ends or every picture is sent, and returns nil
// then. Without Stay it returns what a connection failed with.
func (p *Publisher) Run(ctx context.Context) error {
	for {
		err := p.session(ctx)
		if ctx.Err() != nil || errors.Is(err, errDone) {
			return nil
		}
		if !p.options.Stay {
			return fmt.Errorf("camera %s by %s: %w", p.options.Target.Camera, p.options.Protocol, err)
		}
		time.Sleep(retry)
	}
}

// session is the life of one connection.
func (p *Publisher) session(ctx context.Context) error {
	s, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	number := p.begin()
	run := -1
	for ; p.options.Pictures == 0 || number < uint32(p.options.Pictures); number++ {
		time.Sleep(time.Until(p.sent.Due(number))) // cheaper than a timer, and one frame time at most
		if ctx.Err() != nil {
			s.finish()
			return nil
		}
		now := time.Now()
		if err := s.send(clip.Mark{At: now, Number: number}); err != nil {
			return err
		}
		p.mu.Lock()
		if number%clip.FrameRate == 0 {
			p.sent.Late.Add(now.Sub(p.sent.Due(number)))
		}
		if run < 0 {
			run = len(p.sent.Runs)
			p.sent.Runs = append(p.sent.Runs, Run{First: number})
			p.once.Do(func() { close(p.started) })
		}
		p.sent.Runs[run].End = number + 1
		p.mu.Unlock()
	}
	s.finish()
	return errDone
}

// begin returns the number of the first picture of a connection: the next key
// frame of the clip that is due.
func (p *Publisher) begin() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent.Begin.IsZero() {
		p.sent.Begin = time.Now()
	}
	number := uint32(time.Since(p.sent.Begin) / Frame)
	if number > 0 {
		number++
	}
	for units := p.options.Source.clip.Units; !units[int(number)%len(units)].Key; {
		number++
	}
	return number
}
