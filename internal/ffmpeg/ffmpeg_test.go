package ffmpeg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/ffmpeg"
)

// pgm is a picture in the simplest of formats: of one brightness.
func pgm(width, height int, y byte) []byte {
	return append(fmt.Appendf(nil, "P5\n%d %d\n255\n", width, height), bytes.Repeat([]byte{y}, width*height)...)
}

func TestPicture(t *testing.T) {
	raw := []string{"-pix_fmt", "gray", "-f", "rawvideo"}
	for _, c := range []struct {
		name, path string
		job        ffmpeg.Job
		bytes      int
		wrong      string
	}{
		{name: "a picture", job: ffmpeg.Job{In: pgm(64, 36, 99), Out: raw, Most: 64 * 36}, bytes: 64 * 36},
		{name: "the first of two", job: ffmpeg.Job{In: append(pgm(64, 36, 99), pgm(64, 36, 3)...), Out: raw, Most: 1 << 20}, bytes: 64 * 36},
		{name: "one byte too many", job: ffmpeg.Job{In: pgm(64, 36, 99), Out: raw, Most: 64*36 - 1}, wrong: "more than 2303 bytes"},
		{name: "noise", job: ffmpeg.Job{In: bytes.Repeat([]byte{1, 2, 3}, 999), Out: raw, Most: 1 << 20}, wrong: "ffmpeg"},
		{name: "nothing", job: ffmpeg.Job{Out: raw, Most: 1 << 20}, wrong: "ffmpeg"},
		{name: "said to be enormous", job: ffmpeg.Job{In: pgm(20000, 20000, 0)[:99], Out: raw, Most: 1 << 30}, wrong: "ffmpeg"},
		{name: "no such program", path: "/nowhere/ffmpeg", job: ffmpeg.Job{In: pgm(64, 36, 99), Out: raw, Most: 1 << 20}, wrong: "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.path == "" {
				c.path = program(t)
			}
			c.job.Format = "pgm_pipe"
			out, err := ffmpeg.Picture(t.Context(), c.path, c.job)
			switch {
			case c.wrong != "":
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("%d bytes, %v, want %q", len(out), err, c.wrong)
				}
			case err != nil || len(out) != c.bytes || out[0] < 97 || out[0] > 101:
				t.Errorf("%d bytes, %v", len(out), err)
			}
		})
	}
}

func TestJPEG(t *testing.T) {
	out, err := ffmpeg.Picture(t.Context(), program(t), ffmpeg.Job{Format: "pgm_pipe", In: pgm(64, 36, 99), Out: []string{"-f", "image2pipe", "-c:v", "mjpeg"}, Most: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(out)); err != nil || c.Width != 64 || c.Height != 36 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestEnd has ffmpeg work on something that never ends, and ends it.
func TestEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := ffmpeg.Picture(ctx, program(t), ffmpeg.Job{Format: "pgm_pipe", In: pgm(64, 36, 99), Out: []string{"-vf", "loop=loop=-1:size=1,select=0", "-f", "rawvideo"}, Most: 1 << 20})
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < 300*time.Millisecond || took > 20*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

// TestTooMuch: what is more than a pipe holds does not keep ffmpeg waiting for a reader.
func TestTooMuch(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := ffmpeg.Picture(ctx, program(t), ffmpeg.Job{Format: "pgm_pipe", In: pgm(1280, 720, 99), Out: []string{"-pix_fmt", "gray", "-f", "rawvideo"}, Most: 1000})
	if err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") || ctx.Err() != nil {
		t.Errorf("%d bytes, %v; deadline: %v", len(out), err, ctx.Err())
	}
}

// TestEnvironment: ffmpeg would write a report of itself where FFREPORT says.
func TestEnvironment(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report")
	t.Setenv("FFREPORT", "file="+report)
	if _, err := ffmpeg.Picture(t.Context(), program(t), ffmpeg.Job{Format: "pgm_pipe", In: pgm(64, 36, 99), Out: []string{"-f", "rawvideo"}, Most: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(report); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ffmpeg saw the environment: %v", err)
	}
}

func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is not installed: run make setup")
	}
	return path
}
