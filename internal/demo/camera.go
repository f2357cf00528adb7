package demo

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Waits between two attempts to connect.
const (
	firstWait = time.Second
	longWait  = 15 * time.Second

	// steady is how long a connection must have lasted for the waits to begin
	// anew.
	steady = 10 * time.Second
)

// Camera is one simulated camera. URL and Bearer are what its enrolment gave.
type Camera struct {
	Name string // for the log
	Clip *Clip

	// RTSP or WHIP is where it pushes: an rtsp:// URL that holds the stream
	// key, or a WHIP endpoint with the key in Key.
	RTSP string
	WHIP string
	Key  string

	// Logger: default slog.Default().
	Logger *slog.Logger
}

// Run pushes until ctx ends, through every failure: it waits and tries again.
// It returns nil.
func (c *Camera) Run(ctx context.Context) error {
	logger := c.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger = logger.With("camera", c.Name)
	p := &player{clip: c.Clip}
	wait := firstWait
	for ctx.Err() == nil {
		began := time.Now()
		err := c.publish(ctx, p, logger)
		if time.Since(began) > steady {
			wait = firstWait
		}
		if ctx.Err() == nil {
			pause := wait/2 + rand.N(wait/2)
			logger.Warn("simulated camera lost its connection and will try again", "err", err, "wait", pause.Round(time.Millisecond))
			sleep(ctx, pause)
			wait = min(2*wait, longWait)
		}
	}
	return nil
}

func (c *Camera) publish(ctx context.Context, p *player, logger *slog.Logger) error {
	switch {
	case c.RTSP != "":
		return publishRTSP(ctx, p, c.RTSP)
	case c.WHIP != "":
		return publishWHIP(ctx, p, c.WHIP, c.Key, logger)
	}
	return errors.New("a simulated camera needs an RTSP or a WHIP address")
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// PublishRTSP pushes a clip to an rtsp:// URL by ANNOUNCE and RECORD over TCP
// (RFC 2326 §10.3, §10.11) until the connection or ctx ends. Its error is never nil
// and never holds the URL.
func PublishRTSP(ctx context.Context, clip *Clip, url string) error {
	return publishRTSP(ctx, &player{clip: clip}, url)
}

// PublishWHIP pushes a clip to a WHIP endpoint (RFC 9725) until the connection or
// ctx ends. Its error is never nil and never holds the key.
func PublishWHIP(ctx context.Context, clip *Clip, url, bearer string) error {
	return publishWHIP(ctx, &player{clip: clip}, url, bearer, slog.Default())
}
