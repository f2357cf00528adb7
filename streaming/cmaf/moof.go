package cmaf

import (
	"encoding/binary"
	"fmt"
)

// maxSamples bounds the samples of one track run; one of ours has a dozen.
const maxSamples = 1 << 16

// movieFragment is what a moof says.
type movieFragment struct {
	sequence uint32
	tracks   []trackFragment
}

// trackFragment is what a traf says.
type trackFragment struct {
	id       uint32
	decode   uint64 // tfdt
	duration uint64 // of all its samples, ticks
	bytes    uint64 // of all its samples
	samples  int
	sync     bool // its first sample is a sync sample
}

func parseMoof(b []byte, tracks []TrackInfo) (movieFragment, error) {
	var out movieFragment
	err := eachBox(b, func(child box) error {
		switch child.kind {
		case "mfhd":
			_, _, body, err := fullBox(child, 4)
			if err != nil {
				return err
			}
			out.sequence = binary.BigEndian.Uint32(body)
		case "traf":
			if len(out.tracks) == maxTracks {
				return fmt.Errorf("%w: too many tracks", errBox)
			}
			t, err := parseTraf(child.payload, tracks)
			if err != nil {
				return err
			}
			out.tracks = append(out.tracks, t)
		}
		return nil
	})
	if err == nil && len(out.tracks) == 0 {
		err = fmt.Errorf("%w: moof without tracks", errBox)
	}
	return out, err
}

func parseTraf(b []byte, tracks []TrackInfo) (trackFragment, error) {
	var out trackFragment
	var set defaults
	hasHeader, hasTime := false, false
	err := eachBox(b, func(child box) error {
		switch child.kind {
		case "tfhd":
			hasHeader = true
			return parseTfhd(child, tracks, &out, &set)
		case "tfdt":
			version, _, body, err := fullBox(child, 4)
			if err != nil {
				return err
			}
			out.decode, hasTime = uint64(binary.BigEndian.Uint32(body)), true
			if version == 1 {
				if len(body) < 8 {
					return fmt.Errorf("%w: short tfdt", errBox)
				}
				out.decode = binary.BigEndian.Uint64(body)
			}
			if out.decode > 1<<62 {
				return fmt.Errorf("%w: decode time %d", errBox, out.decode)
			}
		case "trun":
			if !hasHeader {
				return fmt.Errorf("%w: trun before tfhd", errBox)
			}
			return parseTrun(child, set, &out)
		}
		return nil
	})
	if err == nil && (!hasHeader || !hasTime) {
		err = fmt.Errorf("%w: traf without tfhd or tfdt", errBox)
	}
	return out, err
}

func parseTfhd(b box, tracks []TrackInfo, out *trackFragment, set *defaults) error {
	_, flags, body, err := fullBox(b, 4)
	if err != nil {
		return err
	}
	out.id = binary.BigEndian.Uint32(body)
	for _, t := range tracks {
		if t.ID == out.id {
			*set = t.defaults
		}
	}
	body = body[4:]
	take := func(n int) uint32 {
		if len(body) < n {
			err = fmt.Errorf("%w: short tfhd", errBox)
			return 0
		}
		v := binary.BigEndian.Uint32(body[n-4:])
		body = body[n:]
		return v
	}
	if flags&tfhdBaseDataOffset != 0 {
		take(8)
	}
	if flags&tfhdDescription != 0 {
		take(4)
	}
	if flags&tfhdDefaultDuration != 0 {
		set.duration = take(4)
	}
	if flags&tfhdDefaultSize != 0 {
		set.size = take(4)
	}
	if flags&tfhdDefaultFlags != 0 {
		set.flags = take(4)
	}
	return err
}

func parseTrun(b box, set defaults, out *trackFragment) error {
	_, flags, body, err := fullBox(b, 4)
	if err != nil {
		return err
	}
	count := int(binary.BigEndian.Uint32(body))
	body = body[4:]
	if count < 0 || count > maxSamples || out.samples+count > maxSamples {
		return fmt.Errorf("%w: %d samples", errBox, count)
	}
	firstFlags := set.flags
	need := 0
	if flags&trunDataOffset != 0 {
		need += 4
	}
	if flags&trunFirstFlags != 0 {
		need += 4
	}
	row := 0
	for _, f := range []uint32{trunDuration, trunSize, trunFlags, trunComposition} {
		if flags&f != 0 {
			row += 4
		}
	}
	if len(body) < need+row*count {
		return fmt.Errorf("%w: short trun", errBox)
	}
	if flags&trunFirstFlags != 0 {
		firstFlags = binary.BigEndian.Uint32(body[need-4:])
	}
	body = body[need:]
	for i := range count {
		s := set
		r := body[i*row:]
		if flags&trunDuration != 0 {
			s.duration, r = binary.BigEndian.Uint32(r), r[4:]
		}
		if flags&trunSize != 0 {
			s.size, r = binary.BigEndian.Uint32(r), r[4:]
		}
		if flags&trunFlags != 0 {
			s.flags = binary.BigEndian.Uint32(r)
		} else if i == 0 {
			s.flags = firstFlags
		}
		if out.samples == 0 && i == 0 {
			out.sync = s.flags&0x10000 == 0 // sample_is_non_sync_sample
		}
		out.duration += uint64(s.duration)
		out.bytes += uint64(s.size)
	}
	out.samples += count
	return nil
}
