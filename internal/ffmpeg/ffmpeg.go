// Package ffmpeg has ffmpeg make one picture of some coded video.
//
// Video goes in by a pipe and the picture comes out by another: ffmpeg opens no file and
// no address, and sees nothing of the environment. It runs in one thread and is killed when
// the context of the caller ends.
package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"
)

const (
	// maxPixels are of the largest picture that is decoded: one of 8K. Whoever codes
	// says how large it is, and memory is taken for it.
	maxPixels = "40000000"

	maxMessage = 500 // bytes of what ffmpeg says that go into an error
)

// Job is one picture to be made.
type Job struct {
	Format string   // of In, as ffmpeg names it: h264, mp4 …
	In     []byte   // coded video; its first picture counts
	Out    []string // arguments that say what to make of it
	Most   int64    // bytes of what is made
	Nice   int      // how far it gives way to the media, 0 to 19
}

// Picture runs the ffmpeg at a path and returns what it made, never nothing. It fails when ffmpeg
// does, when more than Most bytes come, and with the context's error when that ended.
func Picture(ctx context.Context, path string, j Job) ([]byte, error) {
	args := []string{"-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe", "-threads", "1", "-max_pixels", maxPixels,
		"-f", j.Format, "-i", "pipe:0", "-frames:v", "1", "-an"}
	working, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(working, path, append(append(args, j.Out...), "pipe:1")...)
	cmd.Env = []string{}
	cmd.Stdin = bytes.NewReader(j.In)
	cmd.WaitDelay = time.Second
	var message bounded
	cmd.Stderr = &message
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lower(cmd.Process.Pid, j.Nice)
	out, err := io.ReadAll(io.LimitReader(pipe, j.Most+1))
	tooMuch := int64(len(out)) > j.Most
	if tooMuch {
		stop() // it waits for a reader
	}
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	switch {
	case tooMuch:
		return nil, fmt.Errorf("ffmpeg made more than %d bytes", j.Most)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ffmpeg: %w", ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, message.text)
	case len(out) == 0:
		return nil, fmt.Errorf("ffmpeg gave no picture: %s", message.text)
	}
	return out, nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ text []byte }

// Write implements io.Writer; it takes everything.
func (b *bounded) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), maxMessage-len(b.text))]...)
	return len(p), nil
}
