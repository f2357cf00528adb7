package sqlstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
)

// A recording's segment index is stored as unpadded base64url (RFC 4648 §5) of
//
//	version  one byte, 1
//	count    uvarint
//	count times, all uvarint:
//	  gap    bytes between the end of the segment before (0 at first) and its offset
//	  length bytes
//	  pause  µs between the end of the segment before (0 at first) and its start
//	  time   µs of its duration
//
// Segments are in order and do not overlap; gaps and pauses are zero in what a
// gateway records, so that a segment takes some eight bytes. Times are cut to
// whole microseconds, starts and ends alike, so that what touched still does.
const segmentVersion = 1

// Bounds of what is read back.
const (
	maxSegments    = 1 << 20
	maxSegmentText = 1 << 24
	maxSegmentSum  = 1 << 53 // bytes, or µs
)

var errSegments = errors.New("malformed segment index")

// encodeSegments makes the stored form. It fails for segments that are out of
// order.
func encodeSegments(segments []gatepost.Segment) (string, error) {
	b, err := segmentBytes(segments)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// segmentBytes makes the stored form without its base64.
func segmentBytes(segments []gatepost.Segment) ([]byte, error) {
	b := make([]byte, 0, 2+8*len(segments))
	b = append(b, segmentVersion)
	b = binary.AppendUvarint(b, uint64(len(segments)))
	var offset, at int64
	for i, s := range segments {
		start, end := s.Start.Microseconds(), (s.Start + s.Duration).Microseconds()
		if s.Offset < offset || s.Length < 0 || start < at || end < start {
			return nil, fmt.Errorf("%w: segment %d is out of order", errSegments, i)
		}
		b = binary.AppendUvarint(b, uint64(s.Offset-offset))
		b = binary.AppendUvarint(b, uint64(s.Length))
		b = binary.AppendUvarint(b, uint64(start-at))
		b = binary.AppendUvarint(b, uint64(end-start))
		offset, at = s.Offset+s.Length, end
	}
	return b, nil
}

// decodeSegments reads the stored form.
func decodeSegments(text string) ([]gatepost.Segment, error) {
	if len(text) > maxSegmentText {
		return nil, fmt.Errorf("%w: %d bytes", errSegments, len(text))
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSegments, err)
	}
	return parseSegments(b)
}

// parseSegments reads the stored form without its base64.
func parseSegments(b []byte) ([]gatepost.Segment, error) {
	if len(b) == 0 || b[0] != segmentVersion {
		return nil, fmt.Errorf("%w: unknown version", errSegments)
	}
	b = b[1:]
	var err error
	take := func() int64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > maxSegmentSum {
			err = errSegments
			return 0
		}
		b = b[n:]
		return int64(v)
	}
	count := take()
	if err != nil || count > maxSegments || count*4 > int64(len(b)) { // four bytes at least
		return nil, fmt.Errorf("%w: wrong number of segments", errSegments)
	}
	segments := make([]gatepost.Segment, count)
	var offset, at int64
	for i := range segments {
		gap, length, pause, duration := take(), take(), take(), take()
		if err != nil {
			return nil, fmt.Errorf("%w: segment %d is cut off or too large", errSegments, i)
		}
		offset += gap
		at += pause
		segments[i] = gatepost.Segment{
			Offset: offset, Length: length,
			Start: time.Duration(at) * time.Microsecond, Duration: time.Duration(duration) * time.Microsecond,
		}
		offset += length
		at += duration
		if offset > maxSegmentSum || at > maxSegmentSum {
			return nil, fmt.Errorf("%w: segment %d ends too late", errSegments, i)
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the end", errSegments, len(b))
	}
	return segments, nil
}
