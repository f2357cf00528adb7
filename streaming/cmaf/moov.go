package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrNoInit says that bytes do not begin with a whole init segment.
var ErrNoInit = errors.New("no init segment")

// maxTracks bounds the tracks that are read from an init segment.
const maxTracks = 16

// TrackInfo is what an init segment says of a track.
type TrackInfo struct {
	ID        uint32
	Timescale int // ticks per second
	Video     bool

	defaults defaults
}

// defaults are those of trex and tfhd.
type defaults struct{ duration, size, flags uint32 }

// ParseInit reads the tracks of an init segment (ftyp and moov). It fails with
// ErrNoInit when b does not begin with a whole one.
func ParseInit(b []byte) ([]TrackInfo, error) {
	for len(b) > 0 {
		head, rest, err := nextBox(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoInit, err)
		}
		if head.kind == "moov" {
			tracks, err := parseMoov(head.payload)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNoInit, err)
			}
			return tracks, nil
		}
		b = rest
	}
	return nil, ErrNoInit
}

func parseMoov(b []byte) ([]TrackInfo, error) {
	var tracks []TrackInfo
	extends := map[uint32]defaults{}
	err := eachBox(b, func(child box) error {
		switch child.kind {
		case "trak":
			var t TrackInfo
			if err := parseTrak(child.payload, &t); err != nil {
				return err
			}
			if len(tracks) == maxTracks || slices.ContainsFunc(tracks, func(o TrackInfo) bool { return o.ID == t.ID }) {
				return fmt.Errorf("%w: too many tracks, or one twice", errBox)
			}
			tracks = append(tracks, t)
		case "mvex":
			return eachBox(child.payload, func(trex box) error {
				if trex.kind != "trex" {
					return nil
				}
				_, _, body, err := fullBox(trex, 20)
				if err != nil {
					return err
				}
				if len(extends) < maxTracks {
					extends[binary.BigEndian.Uint32(body)] = defaults{
						duration: binary.BigEndian.Uint32(body[8:]),
						size:     binary.BigEndian.Uint32(body[12:]),
						flags:    binary.BigEndian.Uint32(body[16:]),
					}
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(tracks) == 0 {
		return nil, fmt.Errorf("%w: moov without tracks", errBox)
	}
	for i := range tracks {
		tracks[i].defaults = extends[tracks[i].ID]
	}
	return tracks, nil
}

func parseTrak(b []byte, t *TrackInfo) error {
	err := eachBox(b, func(child box) error {
		switch child.kind {
		case "tkhd":
			version, _, body, err := fullBox(child, 20)
			if err != nil {
				return err
			}
			at := 8
			if version == 1 {
				at = 16
			}
			t.ID = binary.BigEndian.Uint32(body[at:])
		case "mdia":
			return eachBox(child.payload, func(child box) error { return parseMdia(child, t) })
		}
		return nil
	})
	if err == nil && (t.ID == 0 || t.Timescale < 1) {
		return fmt.Errorf("%w: track without id or timescale", errBox)
	}
	return err
}

func parseMdia(child box, t *TrackInfo) error {
	switch child.kind {
	case "mdhd":
		version, _, body, err := fullBox(child, 20)
		if err != nil {
			return err
		}
		at := 8
		if version == 1 {
			at = 16
		}
		scale := binary.BigEndian.Uint32(body[at:])
		if scale > 1_000_000_000 {
			return fmt.Errorf("%w: timescale %d", errBox, scale)
		}
		t.Timescale = int(scale)
	case "hdlr":
		_, _, body, err := fullBox(child, 8)
		if err != nil {
			return err
		}
		t.Video = string(body[4:8]) == "vide"
	}
	return nil
}
