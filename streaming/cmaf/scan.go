package cmaf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

const (
	maxInit = 1 << 20 // bytes of an init segment
	maxMoof = 1 << 20 // bytes of a moof
)

// Fragment is one part as it is found in a file.
type Fragment struct {
	Offset      int64         // of its first box from the file's first byte
	Length      int64         // of all its boxes
	Start       time.Duration // decode time of the leading track's first sample since the run began
	First       time.Duration // the earliest decode time of any track: audio may begin before Start
	Duration    time.Duration // of the leading track
	NTP         time.Time     // from its prft, UTC; zero without one
	Independent bool          // begins with a key frame (or the file has no video at all)
	Frames      int           // samples of the leading track; 0 for audio beside video
	Sequence    uint32
}

// Scan is what a file of parts holds.
type Scan struct {
	InitLen   int64
	Tracks    []TrackInfo
	Fragments []Fragment
	Whole     int64 // end of the last whole fragment, or of the init segment
	Torn      bool  // there are bytes behind Whole that are no whole fragment
}

// ScanFragments reads the structure of a file of one init segment and parts,
// as a Muxer makes them: of each part the boxes before mdat, never the media.
// A tail that is cut off or is not made of fragments is reported as Torn, with
// Whole as the length to cut the file to.
//
// It fails with ErrNoInit when there is no whole init segment, and with the
// errors of r.
func ScanFragments(r io.ReaderAt, size int64) (*Scan, error) {
	out := &Scan{}
	head := make([]byte, min(size, maxInit))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read init segment: %w", err)
	}
	for at := int64(0); out.Tracks == nil; {
		if at >= int64(len(head)) {
			return nil, ErrNoInit
		}
		b, rest, err := nextBox(head[at:])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoInit, err)
		}
		switch b.kind {
		case "moov":
			if out.Tracks, err = parseMoov(b.payload); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNoInit, err)
			}
		case "moof", "mdat":
			return nil, fmt.Errorf("%w: %s before moov", ErrNoInit, b.kind)
		}
		at = int64(len(head) - len(rest))
		out.InitLen, out.Whole = at, at
	}
	for out.Whole < size {
		f, err := out.fragment(r, out.Whole, size)
		if errors.Is(err, errBox) {
			out.Torn = true
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read fragment at %d: %w", out.Whole, err)
		}
		out.Fragments = append(out.Fragments, f)
		out.Whole = f.Offset + f.Length
	}
	return out, nil
}

// ReadFragment returns the bytes of the fragment that r begins with, and reads no further.
// It fails when there is none, and when it has more than most bytes.
func ReadFragment(r io.Reader, most int64) ([]byte, error) {
	var out bytes.Buffer
	for {
		at := out.Len()
		if _, err := io.CopyN(&out, r, 8); err != nil {
			return nil, fmt.Errorf("read fragment at %d: %w", at, err)
		}
		length, _, kind, err := boxHeader(out.Bytes()[at:])
		if err != nil {
			return nil, fmt.Errorf("read fragment at %d: %w", at, err)
		}
		if length > most-int64(at) {
			return nil, fmt.Errorf("read fragment at %d: %w: %s of %d bytes", at, errBox, kind, length)
		}
		if _, err := io.CopyN(&out, r, length-8); err != nil {
			return nil, fmt.Errorf("read %s at %d: %w", kind, at, err)
		}
		switch kind {
		case "mdat":
			return out.Bytes(), nil
		case "prft", "moof":
		default:
			return nil, fmt.Errorf("read fragment at %d: %w: %q", at, errBox, kind)
		}
	}
}

// fragment reads the fragment that begins at offset. Its error is errBox when
// there is none.
func (s *Scan) fragment(r io.ReaderAt, offset, size int64) (Fragment, error) {
	f := Fragment{Offset: offset}
	var moof *movieFragment
	var reference uint32
	for at := offset; ; {
		var header [16]byte
		n, err := r.ReadAt(header[:min(16, size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return f, err
		}
		length, headerLen, kind, err := boxHeader(header[:n])
		if err != nil {
			return f, err
		}
		if length > size-at {
			return f, fmt.Errorf("%w: %s is cut off", errBox, kind)
		}
		switch kind {
		case "moof", "prft":
			if length > maxMoof {
				return f, fmt.Errorf("%w: %s of %d bytes", errBox, kind, length)
			}
			payload := make([]byte, length-int64(headerLen))
			if _, err := r.ReadAt(payload, at+int64(headerLen)); err != nil && !errors.Is(err, io.EOF) {
				return f, err
			}
			if kind == "prft" {
				if reference, f.NTP, err = parsePrft(box{kind, payload}); err != nil {
					return f, err
				}
				break
			}
			m, err := parseMoof(payload, s.Tracks)
			if err != nil {
				return f, err
			}
			moof = &m
		case "mdat":
			if moof == nil {
				return f, fmt.Errorf("%w: mdat without moof", errBox)
			}
			f.Length = at + length - offset
			return f, s.describe(&f, moof, reference, uint64(length)-uint64(headerLen))
		case "ftyp", "moov":
			return f, fmt.Errorf("%w: a second %s", errBox, kind)
		}
		at += length
		if at >= size {
			return f, fmt.Errorf("%w: no mdat", errBox)
		}
	}
}

// parsePrft reads reference track and time (ISO 14496-12 §8.16.5).
func parsePrft(b box) (reference uint32, ntp time.Time, err error) {
	_, _, body, err := fullBox(b, 16)
	if err != nil {
		return 0, time.Time{}, err
	}
	return binary.BigEndian.Uint32(body), timeOfNTP(binary.BigEndian.Uint64(body[4:])), nil
}

// describe fills f from the moof, by the leading track: video if the fragment
// has any, else the reference track of prft, else the first.
func (s *Scan) describe(f *Fragment, moof *movieFragment, reference uint32, payload uint64) error {
	lead, leadScore := -1, -1
	var info TrackInfo
	var bytes uint64
	found := false
	for i, t := range moof.tracks {
		bytes += t.bytes
		for _, known := range s.Tracks {
			if known.ID != t.id {
				continue
			}
			if start := media.Duration(int64(t.decode), known.Timescale); !found || start < f.First {
				f.First, found = start, true
			}
			score := 0
			if known.ID == reference {
				score = 1
			}
			if known.Video {
				score = 2
			}
			if score > leadScore {
				lead, leadScore, info = i, score, known
			}
		}
	}
	if lead < 0 {
		return fmt.Errorf("%w: moof without a known track", errBox)
	}
	if bytes > payload {
		return fmt.Errorf("%w: samples of %d bytes in an mdat of %d", errBox, bytes, payload)
	}
	t := moof.tracks[lead]
	f.Sequence = moof.sequence
	f.Start = media.Duration(int64(t.decode), info.Timescale)
	f.Duration = media.Duration(int64(t.duration), info.Timescale)
	hasVideo := false
	for _, known := range s.Tracks {
		hasVideo = hasVideo || known.Video
	}
	if info.Video || !hasVideo {
		f.Frames = t.samples
		f.Independent = t.sync && t.samples > 0
	}
	return nil
}
