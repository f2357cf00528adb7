package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gatepost-video/gatepost"
)

// A packed hour is
//
//	version  one byte, 1
//	count    uvarint
//	count recordings, by start, without their segments:
//	  its texts    each as what it has in common with the one before it at its front (uvarint), and the rest (uvarint, bytes)
//	  its numbers  each as the difference to the one before (varint); times in µs since 1970
//
// Its segments are as many times uvarint and so many bytes, which are as the index of a recording's segments without base64.
const hourVersion = 1

const maxHour = 1 << 16 // recordings

var errHour = errors.New("malformed packed hour")

// packedRecording is a recording as it is packed.
type packedRecording struct {
	texts   [10]string
	numbers [13]int64
}

func packed(r *gatepost.Recording) packedRecording {
	return packedRecording{
		[10]string{r.ID, r.Run, r.Key, r.SHA256, r.Codecs, r.InitSHA256, string(r.PriorEnd), string(r.RunEnd), r.OtherKey, string(r.Class)},
		[13]int64{int64(r.Seq), us(r.Start), us(r.End), r.Duration.Microseconds(), r.MediaTime.Microseconds(), r.Bytes, r.Frames,
			int64(r.Width), int64(r.Height), r.InitLen, int64(r.RetentionDays), us(r.OtherAt), us(r.RestoredUntil)},
	}
}

func (p *packedRecording) recording(cameraID string) gatepost.Recording {
	t, n := &p.texts, &p.numbers
	return gatepost.Recording{
		CameraID: cameraID, ID: t[0], Run: t[1], Key: t[2], SHA256: t[3], Codecs: t[4], InitSHA256: t[5],
		PriorEnd: gatepost.EndReason(t[6]), RunEnd: gatepost.EndReason(t[7]), OtherKey: t[8], Class: gatepost.StorageClass(t[9]),
		Seq: int(n[0]), Start: fromUS(n[1]), End: fromUS(n[2]), Duration: time.Duration(n[3]) * time.Microsecond, MediaTime: time.Duration(n[4]) * time.Microsecond,
		Bytes: n[5], Frames: n[6], Width: int(n[7]), Height: int(n[8]), InitLen: n[9], RetentionDays: int(n[10]),
		OtherAt: fromUS(n[11]), RestoredUntil: fromUS(n[12]),
	}
}

// encodeHour packs recordings without their segments.
func encodeHour(list []gatepost.Recording) []byte {
	b := binary.AppendUvarint([]byte{hourVersion}, uint64(len(list)))
	var last packedRecording
	for i := range list {
		p := packed(&list[i])
		for i, text := range p.texts {
			same := 0
			for same < len(text) && same < len(last.texts[i]) && text[same] == last.texts[i][same] {
				same++
			}
			b = binary.AppendUvarint(b, uint64(same))
			b = append(binary.AppendUvarint(b, uint64(len(text)-same)), text[same:]...)
		}
		for i, n := range p.numbers {
			b = binary.AppendVarint(b, n-last.numbers[i])
		}
		last = p
	}
	return b
}

// decodeHour is the inverse of encodeHour.
func decodeHour(cameraID string, b []byte) ([]gatepost.Recording, error) {
	if len(b) == 0 || b[0] != hourVersion {
		return nil, fmt.Errorf("%w: unknown version", errHour)
	}
	r := hourReader{rest: b[1:]}
	count := r.length(maxHour)
	list := make([]gatepost.Recording, 0, min(count, len(b)/10)) // each takes more
	var p packedRecording
	for range count {
		for i := range p.texts {
			same := r.length(len(p.texts[i]))
			p.texts[i] = p.texts[i][:same] + string(r.bytes())
		}
		for i := range p.numbers {
			p.numbers[i] += r.varint()
		}
		if r.bad {
			return nil, fmt.Errorf("%w: recording %d", errHour, len(list))
		}
		list = append(list, p.recording(cameraID))
	}
	if r.bad || len(r.rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the end", errHour, len(r.rest))
	}
	return list, nil
}

// encodeHourSegments packs the segments of recordings.
func encodeHourSegments(list []gatepost.Recording) ([]byte, error) {
	var b []byte
	for i := range list {
		segments, err := segmentBytes(list[i].Segments)
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", list[i].ID, err)
		}
		b = append(binary.AppendUvarint(b, uint64(len(segments))), segments...)
	}
	return b, nil
}

// decodeHourSegments gives the recordings of an hour their segments.
func decodeHourSegments(b []byte, list []gatepost.Recording) (err error) {
	r := hourReader{rest: b}
	for i := range list {
		if list[i].Segments, err = parseSegments(r.bytes()); err != nil {
			return fmt.Errorf("recording %s: %w", list[i].ID, err)
		}
	}
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("%w: segments are not those of %d recordings", errHour, len(list))
	}
	return nil
}

// hourReader reads what a packed hour is made of; bad when there is something else, and everything is zero from there.
type hourReader struct {
	rest []byte
	bad  bool
}

// length reads a number of at most some.
func (r *hourReader) length(most int) int {
	v, n := binary.Uvarint(r.rest)
	if r.bad = r.bad || n <= 0 || v > uint64(most); r.bad {
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *hourReader) bytes() []byte {
	n := r.length(math.MaxInt32)
	if r.bad = r.bad || n > len(r.rest); r.bad {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *hourReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if r.bad = r.bad || n <= 0; r.bad {
		return 0
	}
	r.rest = r.rest[n:]
	return v
}
