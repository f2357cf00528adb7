package demo

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

//go:embed clips/street.h264
var street []byte

//go:embed clips/shop.h264
var shop []byte

// FrameDuration is the time of one frame of a clip: 25 frames a second.
const FrameDuration = 40 * time.Millisecond

const (
	ticksPerSecond = 90000
	ticksPerFrame  = ticksPerSecond / 25
)

// Clip is a loop of H.264 pictures without B-frames. It is immutable.
type Clip struct {
	frames []frame
	track  *media.Track
}

// frame is one access unit: NAL units without start codes, parameter sets in
// front of each key frame.
type frame struct {
	units [][]byte
	key   bool
}

// Street and Shop are the two clips.
func Street() *Clip { return must(parseClip(street)) }

// Shop is the other clip; see Street.
func Shop() *Clip { return must(parseClip(shop)) }

func must(c *Clip, err error) *Clip {
	if err != nil {
		panic("embedded clip: " + err.Error()) // shipped with the binary and tested
	}
	return c
}

// Frames is how many pictures the loop has.
func (c *Clip) Frames() int { return len(c.frames) }

// parseClip cuts an Annex B stream with one slice for each picture into access
// units. It must begin with parameter sets and a key frame.
func parseClip(annexB []byte) (*Clip, error) {
	c := &Clip{track: &media.Track{Codec: media.H264, ClockRate: ticksPerSecond}}
	var pending [][]byte
	for _, unit := range media.SplitAnnexB(annexB) {
		pending = append(pending, unit)
		au := media.Normalise(media.H264, pending)
		if !au.Picture {
			continue
		}
		if len(c.frames) == 0 {
			c.track = c.track.With(au)
			if err := c.track.Check(); err != nil || !au.Key {
				return nil, fmt.Errorf("no parameter sets and key frame at the beginning: %w", err)
			}
		}
		c.frames = append(c.frames, frame{units: pending, key: au.Key})
		pending = nil
	}
	if len(c.frames) == 0 {
		return nil, fmt.Errorf("no pictures in %d bytes", len(annexB))
	}
	return c, nil
}

// player plays a clip over and over in real time. Its count of frames goes on
// when the connection that it feeds is made anew.
type player struct {
	clip *Clip
	next int64 // frames played or skipped since the first
}

// play calls write with each frame when it is due, beginning at a key frame,
// until write fails or ctx ends. ticks is the frame's time in 1/90000 s, growing
// over loops and connections alike.
func (p *player) play(ctx context.Context, write func(f frame, ticks int64, at time.Time) error) error {
	for !p.at(p.next).key {
		p.next++
	}
	begin, first := time.Now(), p.next
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		due := begin.Add(time.Duration(p.next-first) * FrameDuration)
		if err := write(p.at(p.next), p.next*ticksPerFrame, due); err != nil {
			return err
		}
		p.next++
		timer.Reset(time.Until(due.Add(FrameDuration)))
	}
}

func (p *player) at(n int64) frame { return p.clip.frames[n%int64(len(p.clip.frames))] }
