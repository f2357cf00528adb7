package playback

import (
	"bytes"
	"context"
	"os"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Assemble makes a clip in an empty file and says where each byte of it is
// from. Every object is read whole and compared with what was recorded of it at
// ingest. It fails with NotFound when nothing is recorded, with Archived when something must be restored first, with Conflict when
// the picture's format changes or an object is not what it was, with TooLarge and
// with Gone.
func (f *Function) Assemble(ctx context.Context, cameraID string, from, to time.Time, file *os.File) (gatepost.Clip, error) {
	stretches, err := f.stretches(ctx, cameraID, from, to)
	if err != nil {
		return gatepost.Clip{}, err
	}
	a := assembler{file: file, objects: f.opts.Objects, trace: true}
	if err := a.gather(ctx, stretches); err != nil {
		return gatepost.Clip{}, err
	}
	clip, err := a.join(stretches, to)
	if err != nil {
		return gatepost.Clip{}, err
	}
	out := gatepost.Clip{From: clip.From, To: clip.To, Bytes: clip.Bytes, Undo: a.undo}
	for i, s := range stretches {
		// The end of the window cuts off what lies behind it.
		if length := min(s.extent.end-s.extent.offset, clip.Bytes-a.starts[i]); length > 0 {
			out.Sources = append(out.Sources, gatepost.ClipSource{Recording: s.row, Offset: s.extent.offset, Length: length})
		}
	}
	return out, nil
}

// ClipSize returns about how many bytes Assemble would make. It reads no media
// and fails like Assemble, but for what only media show.
func (f *Function) ClipSize(ctx context.Context, cameraID string, from, to time.Time) (int64, error) {
	stretches, err := f.stretches(ctx, cameraID, from, to)
	if err != nil {
		return 0, err
	}
	size := stretches[0].row.InitLen
	for _, s := range stretches {
		size += s.extent.end - s.extent.offset
	}
	return size, nil
}

func (f *Function) stretches(ctx context.Context, cameraID string, from, to time.Time) ([]stretch, error) {
	rows, err := f.opts.Store.Recordings(ctx, cameraID, from, to, maxClipObjects+1)
	if err != nil {
		return nil, err
	}
	if err := readable(rows, f.opts.Now()); err != nil {
		return nil, err
	}
	return cut(rows, from, to)
}

// Spans returns a camera's timeline in a window that has ended: spans touch, in
// order, and cover it.
func (f *Function) Spans(ctx context.Context, c gatepost.Camera, from, to time.Time) ([]gatepost.Span, error) {
	h := history{camera: c, now: f.opts.Now(), from: from, to: to}
	if err := f.look(ctx, &h); err != nil {
		return nil, err
	}
	spans := h.spans()
	for i := range spans {
		spans[i].From, spans[i].To = spans[i].From.UTC().Truncate(time.Microsecond), spans[i].To.UTC().Truncate(time.Microsecond)
	}
	return spans, nil
}

// longestUndo keeps a change readable; a time has eight bytes.
const longestUndo = 16

// appendUndo adds the stretches in which was differs from is; both begin at an
// offset of the file and have the same length.
func appendUndo(undo []gatepost.Undo, offset int64, was, is []byte) []gatepost.Undo {
	for i := 0; i < len(was); i++ {
		if was[i] == is[i] {
			continue
		}
		end := i + 1
		for end < len(was) && was[end] != is[end] && end-i < longestUndo {
			end++
		}
		undo = append(undo, gatepost.Undo{Offset: offset + int64(i), Was: bytes.Clone(was[i:end])})
		i = end - 1
	}
	return undo
}
