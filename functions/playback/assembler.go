package playback

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// seamMargin is laid between stretches that do not join: audio reaches over the
// end of its video by a frame at most.
const seamMargin = 100 * time.Millisecond

// assembler makes one file of several stretches of media. It first gathers their
// bytes, then reads where fragments lie, then moves their times in place, one
// fragment in memory at a time.
type assembler struct {
	file    *os.File
	objects Objects
	starts  []int64 // where each stretch begins in the file

	// For a clip that is traced back: objects are read whole and compared
	// with what they were at ingest, and what is changed is kept in undo.
	trace bool
	undo  []gatepost.Undo
}

// gather writes the init segment and the media of all stretches.
func (a *assembler) gather(ctx context.Context, stretches []stretch) error {
	first := stretches[0].row
	take := a.copy
	if a.trace {
		take = a.copyTraced
	}
	if err := take(ctx, first, 0, first.InitLen); err != nil {
		return err
	}
	at := first.InitLen
	for _, s := range stretches {
		a.starts = append(a.starts, at)
		if err := take(ctx, s.row, s.extent.offset, s.extent.end-s.extent.offset); err != nil {
			return err
		}
		at += s.extent.end - s.extent.offset
	}
	return nil
}

func (a *assembler) copy(ctx context.Context, r gatepost.Recording, offset, length int64) error {
	body, err := a.objects.Get(ctx, r.Key, offset, length)
	if errors.Is(err, fs.ErrNotExist) {
		return errDeleted(err)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key, err)
	}
	defer body.Close()
	n, err := io.Copy(a.file, body)
	if err == nil && n != length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("copy %d bytes of %s: %w", length, r.Key, err)
	}
	return nil
}

// copyTraced is copy, and fails with Conflict unless all of the object is as it
// was at ingest.
func (a *assembler) copyTraced(ctx context.Context, r gatepost.Recording, offset, length int64) error {
	body, err := a.objects.Get(ctx, r.Key, 0, -1)
	if errors.Is(err, fs.ErrNotExist) {
		return errDeleted(err)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key, err)
	}
	defer body.Close()
	sum := sha256.New()
	object := io.TeeReader(body, sum)
	for _, part := range []struct {
		to     io.Writer
		length int64
	}{{io.Discard, offset}, {a.file, length}, {io.Discard, r.Bytes - offset - length}} {
		if _, err := io.CopyN(part.to, object, part.length); err != nil {
			return fmt.Errorf("copy %d bytes of %s: %w", length, r.Key, err)
		}
	}
	if more, err := io.Copy(io.Discard, object); err != nil || more != 0 || hex.EncodeToString(sum.Sum(nil)) != r.SHA256 {
		return &gatepost.Error{Code: gatepost.Conflict, Message: "recording " + r.ID + " is not as it was at ingest; nothing is made of it", Err: err}
	}
	return nil
}

func errDeleted(err error) error {
	return &gatepost.Error{Code: gatepost.Gone, Message: "a part of this window has just been deleted; ask again", Err: err}
}

// join moves the times of all fragments so that the file begins at zero and has
// no gaps, and cuts off what begins at or after a time.
func (a *assembler) join(stretches []stretch, to time.Time) (Clip, error) {
	size, err := a.file.Seek(0, io.SeekEnd)
	if err != nil {
		return Clip{}, fmt.Errorf("measure clip: %w", err)
	}
	scan, err := cmaf.ScanFragments(a.file, size)
	if err != nil {
		return Clip{}, fmt.Errorf("scan clip: %w", err)
	}
	if scan.Torn || len(scan.Fragments) == 0 {
		return Clip{}, fmt.Errorf("the media of the clip are damaged at byte %d of %d", scan.Whole, size)
	}
	var (
		clip     = Clip{From: wall(&stretches[0].row, stretches[0].extent.start).UTC()}
		sequence = uint32(1)
		shift    time.Duration
		end      time.Duration // of the clip so far
		next     = 0           // stretch
	)
	for _, f := range scan.Fragments {
		if next < len(a.starts) && f.Offset >= a.starts[next] {
			switch {
			case next == 0:
				shift = -f.First
			case !stretches[next].joined:
				shift = end + seamMargin - f.First
			}
			next++
		}
		s := &stretches[next-1]
		from := wall(&s.row, f.Start-s.row.MediaTime)
		if !from.Before(to) && clip.Bytes > 0 {
			break
		}
		if sequence, err = a.rebase(f, sequence, cmaf.Shift(scan.Tracks, shift)); err != nil {
			return Clip{}, err
		}
		end = max(end, f.Start+f.Duration+shift)
		clip.Bytes = f.Offset + f.Length
		if until := wall(&s.row, f.Start+f.Duration-s.row.MediaTime).UTC(); until.After(clip.To) {
			clip.To = until
		}
	}
	clip.From, clip.To = clip.From.Truncate(time.Microsecond), clip.To.Truncate(time.Microsecond)
	if err := a.file.Truncate(clip.Bytes); err != nil {
		return Clip{}, fmt.Errorf("cut clip: %w", err)
	}
	return clip, nil
}

func (a *assembler) rebase(f cmaf.Fragment, sequence uint32, shift map[uint32]int64) (uint32, error) {
	b := make([]byte, f.Length)
	if _, err := a.file.ReadAt(b, f.Offset); err != nil {
		return sequence, fmt.Errorf("read fragment: %w", err)
	}
	var was []byte
	if a.trace {
		was = bytes.Clone(b)
	}
	next, err := cmaf.Rebase(b, sequence, shift)
	if err != nil {
		return sequence, err
	}
	if a.trace {
		a.undo = appendUndo(a.undo, f.Offset, was, b)
	}
	if _, err := a.file.WriteAt(b, f.Offset); err != nil {
		return sequence, fmt.Errorf("write fragment: %w", err)
	}
	return next, nil
}
