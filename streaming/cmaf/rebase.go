package cmaf

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

// Shift returns how many ticks of each track make d, for Rebase.
func Shift(tracks []TrackInfo, d time.Duration) map[uint32]int64 {
	out := make(map[uint32]int64, len(tracks))
	for _, t := range tracks {
		out[t.ID] = media.Ticks(d, t.Timescale)
	}
	return out
}

// Rebase rewrites whole fragments in place, so that those of several objects
// can be joined behind one init segment: it adds to the decode times (and the
// media times of prft) of each track the ticks that shift gives for its id, and
// numbers the fragments from sequence on. It returns the number that follows.
//
// To make a file begin at zero, shift by the First of its first fragment, and
// by the same amount for all tracks (Shift), so that they stay aligned.
//
// It fails, having changed nothing, when fragments are malformed, or when a
// time would be negative or too large for its field.
func Rebase(fragments []byte, sequence uint32, shift map[uint32]int64) (next uint32, err error) {
	for _, write := range []bool{false, true} {
		next = sequence
		err = eachBox(fragments, func(b box) error {
			switch b.kind {
			case "prft":
				return rebasePrft(b, shift, write)
			case "moof":
				next++
				return eachBox(b.payload, func(child box) error {
					return rebaseMoof(child, next-1, shift, write)
				})
			}
			return nil
		})
		if err != nil {
			return sequence, fmt.Errorf("rebase fragment: %w", err)
		}
	}
	return next, nil
}

func rebaseMoof(child box, sequence uint32, shift map[uint32]int64, write bool) error {
	switch child.kind {
	case "mfhd":
		_, _, body, err := fullBox(child, 4)
		if err == nil && write {
			binary.BigEndian.PutUint32(body, sequence)
		}
		return err
	case "traf":
		id := uint32(0)
		return eachBox(child.payload, func(b box) error {
			switch b.kind {
			case "tfhd":
				_, _, body, err := fullBox(b, 4)
				if err == nil {
					id = binary.BigEndian.Uint32(body)
				}
				return err
			case "tfdt":
				version, _, body, err := fullBox(b, 4)
				if err != nil {
					return err
				}
				return addTime(body, version, shift[id], write)
			}
			return nil
		})
	}
	return nil
}

func rebasePrft(b box, shift map[uint32]int64, write bool) error {
	version, _, body, err := fullBox(b, 16)
	if err != nil {
		return err
	}
	return addTime(body[12:], version, shift[binary.BigEndian.Uint32(body)], write)
}

// addTime adds delta to the time at the front of b: 64 bits in version 1, else 32.
func addTime(b []byte, version byte, delta int64, write bool) error {
	if version == 1 {
		if len(b) < 8 {
			return fmt.Errorf("%w: short time", errBox)
		}
		v := binary.BigEndian.Uint64(b)
		if v > 1<<62 || delta > 1<<62 || int64(v)+delta < 0 {
			return fmt.Errorf("%w: time %d moved by %d", errBox, v, delta)
		}
		if write {
			binary.BigEndian.PutUint64(b, uint64(int64(v)+delta))
		}
		return nil
	}
	v := int64(binary.BigEndian.Uint32(b))
	if delta > 1<<62 || v+delta < 0 || v+delta > math.MaxUint32 {
		return fmt.Errorf("%w: time %d moved by %d", errBox, v, delta)
	}
	if write {
		binary.BigEndian.PutUint32(b, uint32(v+delta))
	}
	return nil
}
