package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// Time limits of one attempt. An upload may be as slow as slowest, beside the
// fixed time.
const (
	controlTimeout = 15 * time.Second
	objectTimeout  = 30 * time.Second
	slowest        = 64 << 10 // bytes per second
	hangGrace      = 15 * time.Second
)

// work takes jobs until ctx is done, or another worker took its place because it
// hung.
func (a *Archive) work(ctx context.Context) {
	for {
		j, ok := a.jobs.take(ctx)
		if !ok {
			return
		}
		step, err := a.upload(ctx, j)
		mine := true
		switch {
		case err == nil || j.finished.Load(): // by this attempt, or by one that hung and came back
			mine = a.jobs.done(j)
		case ctx.Err() != nil:
			a.jobs.retry(j)
			return
		default:
			a.failed(j, step, err)
			mine = a.jobs.retry(j)
		}
		if !mine {
			a.replaced.Add(-1)
			return
		}
	}
}

// failed counts a failure, and logs the first of a job and some that follow.
func (a *Archive) failed(j *job, step string, err error) {
	a.mu.Lock()
	a.failures++
	a.mu.Unlock()
	a.o.Metrics.failures.WithLabelValues(step, kindOf(err)).Inc()
	if j.attempts%20 != 0 {
		return
	}
	a.o.Log.Warn("a recording stays in the spool; it will be tried again", "camera", j.camera, "step", step,
		"attempts", j.attempts+1, "err", err)
}

// upload brings one spool file all the way. step names where it failed.
func (a *Archive) upload(ctx context.Context, j *job) (step string, err error) {
	if j.lost != nil {
		return "row", a.again(ctx, *j.lost)
	}
	closed := j.closed.Load()
	if closed == nil {
		c, err := record.Recover(j.path, j.runEnd)
		if errors.Is(err, record.ErrEmpty) {
			return "", nil
		}
		if _, gone := os.Stat(j.path); errors.Is(gone, fs.ErrNotExist) {
			return "", nil // it was brought all the way meanwhile
		}
		if err != nil {
			return "recover", err
		}
		closed = &c
		j.closed.Store(closed)
	}
	r := recordingOf(*closed)
	if err := a.store(ctx, j, r); err != nil {
		return "object", err
	}
	if err := a.row(ctx, r); err != nil {
		return "row", err
	}
	if err := record.Remove(j.path); err != nil {
		return "remove", err
	}
	a.mu.Lock()
	a.uploaded++
	a.camera(j.camera).stored(&r)
	a.mu.Unlock()
	a.o.Metrics.uploads.Inc()
	a.o.Metrics.uploadedBytes.Add(float64(r.Bytes))
	a.o.Log.Debug("recording stored", "camera", r.CameraID, "recording", r.ID, "bytes", r.Bytes)
	return "", nil
}

// store puts the object. When that was done before, it looks whether the object
// is still there: while the control plane was away, somebody may have taken an
// object without a row for an orphan.
func (a *Archive) store(ctx context.Context, j *job, r gatepost.Recording) error {
	ctx, cancel := context.WithTimeout(ctx, objectTimeout+time.Duration(r.Bytes/slowest)*time.Second)
	defer cancel()
	if j.stored.Load() {
		info, err := a.o.Objects.Stat(ctx, r.Key)
		if err == nil && info.Size == r.Bytes {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := a.put(ctx, j.path, r); err != nil {
		return err
	}
	j.stored.Store(true)
	return nil
}

func (a *Archive) put(ctx context.Context, path string, r gatepost.Recording) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != r.Bytes {
		return fmt.Errorf("%s has %d bytes, its description says %d", path, info.Size(), r.Bytes)
	}
	if s, ok := a.o.Objects.(objstore.Adopter); ok {
		return s.Adopt(ctx, r.Key, path, r.Bytes)
	}
	return a.o.Objects.Put(ctx, r.Key, f, r.Bytes)
}

func (a *Archive) row(ctx context.Context, r gatepost.Recording) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return a.o.Control.RecordingClosed(ctx, r)
}

// kindOf sorts failures for the metric: "timeout", or the code of the error.
func kindOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return string(gatepost.CodeOf(err))
}

// recordingOf names a closed file in the words of the control plane.
func recordingOf(c record.Closed) gatepost.Recording {
	r := gatepost.Recording{
		ID:            recordingID(c),
		CameraID:      c.Camera,
		Run:           c.Run,
		Seq:           c.Seq,
		Key:           gatepost.RecordingKey(c.RetentionDays, c.Camera, c.Start, c.Run, c.Seq),
		Start:         c.Start,
		End:           c.End,
		Duration:      c.Duration,
		MediaTime:     c.MediaTime,
		Bytes:         c.Bytes,
		Frames:        c.Frames,
		SHA256:        c.SHA256,
		Codecs:        c.Codecs,
		Width:         c.Width,
		Height:        c.Height,
		InitLen:       c.InitLen,
		InitSHA256:    c.InitSHA256,
		PriorEnd:      gatepost.EndReason(c.PriorEnd),
		RunEnd:        gatepost.EndReason(c.RunEnd),
		RetentionDays: c.RetentionDays,
		Segments:      make([]gatepost.Segment, len(c.Segments)),
	}
	for i, s := range c.Segments {
		r.Segments[i] = gatepost.Segment(s)
	}
	return r
}

// recordingID is a UUIDv7 (RFC 9562 §5.7) whose time is the recording's start
// and whose other bits come from its camera, run and number: the same recording
// has the same id, whoever uploads it and however often.
func recordingID(c record.Closed) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "gatepost recording\n%s\n%s\n%d", c.Camera, c.Run, c.Seq))
	var id uuid.UUID
	copy(id[:], sum[:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(c.Start.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
