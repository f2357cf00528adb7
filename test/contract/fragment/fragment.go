package fragment

import (
	"encoding/binary"
	"time"
)

// Stretch is what one resource holds of one track: its samples from Start on,
// without a hole.
type Stretch struct {
	Track    *Track
	Start    int64 // decode time of the first sample, in the track's timescale
	Duration int64 // of all samples
	Samples  int
	Sync     bool // the first sample is a sync sample, by its flags and by its NAL units
	AnySync  bool // some sample is a random access point by its NAL units; where there are none, by its flags
}

// Time turns ticks of the stretch's track into a duration.
func (s *Stretch) Time(ticks int64) time.Duration {
	rate := int64(s.Track.Timescale)
	return time.Duration(ticks/rate)*time.Second + time.Duration(ticks%rate*int64(time.Second)/rate)
}

// End returns the decode time at which the last sample ends.
func (s *Stretch) End() int64 { return s.Start + s.Duration }

// Media is what a part or a segment holds, in the order of its fragments.
type Media struct {
	Stretches []Stretch
}

// Lead returns the first stretch of the leading track: video, else the first.
func (m *Media) Lead() *Stretch {
	for i := range m.Stretches {
		if m.Stretches[i].Track.Video {
			return &m.Stretches[i]
		}
	}
	if len(m.Stretches) > 0 {
		return &m.Stretches[0]
	}
	return nil
}

// Read reads a part or a segment: any number of fragments, moof and mdat, whose
// tracks init names. Other boxes between them are passed over.
func Read(data []byte, init *Init) (*Media, error) {
	top, err := boxes(data)
	if err != nil {
		return nil, err
	}
	out := &Media{}
	moof := -1
	for i, b := range top {
		switch b.kind {
		case "moov":
			return nil, malformed("moov in a media segment")
		case "moof":
			if moof >= 0 {
				return nil, malformed("two moof without mdat")
			}
			moof = i
		case "mdat":
			if moof < 0 {
				return nil, malformed("mdat without moof")
			}
			end := b.offset + 8 + len(b.payload)
			if err := out.readMoof(top[moof].payload, data[top[moof].offset:end], b.offset+8-top[moof].offset, init); err != nil {
				return nil, err
			}
			moof = -1
		}
	}
	if moof >= 0 {
		return nil, malformed("moof without mdat")
	}
	if len(out.Stretches) == 0 {
		return nil, malformed("no fragment")
	}
	return out, nil
}

// readMoof reads a moof. from holds the bytes from it to the end of its mdat,
// whose payload begins at payload.
func (m *Media) readMoof(moof, from []byte, payload int, init *Init) error {
	list, err := boxes(moof)
	if err != nil {
		return err
	}
	found := false
	for _, b := range list {
		if b.kind != "traf" {
			continue
		}
		found = true
		s, err := readTraf(b.payload, from, payload, init)
		if err != nil {
			return err
		}
		m.Stretches = append(m.Stretches, s)
	}
	if !found {
		return malformed("moof without traf")
	}
	return nil
}

// defaults of a track fragment (ISO 14496-12 §8.8.7).
type defaults struct {
	duration, size, flags uint32
}

func readTraf(traf, from []byte, payload int, init *Init) (Stretch, error) {
	var s Stretch
	tfhd, err := find(traf, "tfhd")
	if err != nil {
		return s, err
	}
	_, flags, b, err := full(tfhd, 4)
	if err != nil {
		return s, err
	}
	id := binary.BigEndian.Uint32(b)
	if s.Track = init.Track(id); s.Track == nil {
		return s, malformed("track %d is not in the init segment", id)
	}
	if flags&1 != 0 || flags&0x020000 == 0 { // RFC 8216 §3.3: movie-fragment relative addressing
		return s, malformed("track %d does not count its offsets from its moof", id)
	}
	var d defaults
	b = b[4:]
	for _, f := range []struct {
		flag  uint32
		value *uint32
	}{{0x2, new(uint32)}, {0x8, &d.duration}, {0x10, &d.size}, {0x20, &d.flags}} {
		if flags&f.flag == 0 {
			continue
		}
		if len(b) < 4 {
			return s, malformed("tfhd is cut off")
		}
		*f.value, b = binary.BigEndian.Uint32(b), b[4:]
	}
	tfdt, err := find(traf, "tfdt") // RFC 8216 §3.3: each has one
	if err != nil {
		return s, err
	}
	version, _, b, err := full(tfdt, 4)
	switch {
	case err != nil:
		return s, err
	case version == 0:
		s.Start = int64(binary.BigEndian.Uint32(b))
	case len(b) < 8 || b[0]&0x80 != 0:
		return s, malformed("tfdt")
	default:
		s.Start = int64(binary.BigEndian.Uint64(b))
	}
	list, err := boxes(traf)
	if err != nil {
		return s, err
	}
	for _, x := range list {
		if x.kind == "trun" {
			if err := s.readTrun(x.payload, from, payload, d); err != nil {
				return s, err
			}
		}
	}
	if s.Samples == 0 {
		return s, malformed("track %d has no samples", id)
	}
	return s, nil
}

// readTrun reads a trun (ISO 14496-12 §8.8.8) and looks at each sample.
func (s *Stretch) readTrun(trun, from []byte, payload int, d defaults) error {
	_, flags, b, err := full(trun, 4)
	if err != nil {
		return err
	}
	count := binary.BigEndian.Uint32(b)
	b = b[4:]
	word := func() uint32 {
		if len(b) < 4 {
			err = malformed("trun is cut off")
			return 0
		}
		v := binary.BigEndian.Uint32(b)
		b = b[4:]
		return v
	}
	at := uint64(payload)
	if flags&0x1 != 0 {
		at = uint64(word())
	}
	first := d.flags
	if flags&0x4 != 0 {
		first = word()
	}
	for i := uint32(0); i < count && err == nil; i++ {
		duration, size, sampleFlags := d.duration, d.size, d.flags
		if i == 0 {
			sampleFlags = first
		}
		if flags&0x100 != 0 {
			duration = word()
		}
		if flags&0x200 != 0 {
			size = word()
		}
		if flags&0x400 != 0 {
			sampleFlags = word()
		}
		if flags&0x800 != 0 {
			word()
		}
		if err != nil {
			break
		}
		if at < uint64(payload) || at+uint64(size) > uint64(len(from)) {
			return malformed("sample %d lies outside its mdat", i)
		}
		if size == 0 {
			return malformed("sample %d is empty", i)
		}
		if err := s.sample(from[at:at+uint64(size)], sampleFlags&0x010000 == 0); err != nil {
			return err
		}
		at += uint64(size)
		s.Duration += int64(duration)
	}
	return err
}

// sample looks at one sample; sync is what its flags say.
func (s *Stretch) sample(data []byte, sync bool) error {
	really := sync
	if s.Track.lengthSize > 0 {
		key, err := s.Track.randomAccess(data)
		if err != nil {
			return err
		}
		really = key
	}
	if s.Samples == 0 {
		s.Sync = sync && really
	}
	s.AnySync = s.AnySync || really
	s.Samples++
	return nil
}

// randomAccess tells whether a sample of NAL units is a random access point: an
// IDR picture of H.264, an IRAP picture of H.265 (ISO 14496-15). It fails when the
// units do not fill the sample, or are of the other codec.
func (t *Track) randomAccess(data []byte) (bool, error) {
	key, picture := false, false
	for len(data) > 0 {
		if len(data) <= t.lengthSize {
			return false, malformed("%d bytes where a NAL unit should be", len(data))
		}
		size := 0
		for _, c := range data[:t.lengthSize] {
			size = size<<8 | int(c)
		}
		data = data[t.lengthSize:]
		if size == 0 || size > len(data) {
			return false, malformed("a NAL unit of %d bytes in %d", size, len(data))
		}
		unit := data[:size]
		data = data[size:]
		if t.Entry == "avc1" || t.Entry == "avc3" {
			kind := unit[0] & 0x1f
			picture = picture || kind >= 1 && kind <= 5
			key = key || kind == 5
			if unit[0]&0x80 != 0 || kind == 0 || kind > 23 {
				return false, malformed("NAL unit type %d in H.264", kind)
			}
			continue
		}
		if size < 2 || unit[0]&0x80 != 0 || unit[1]&7 == 0 || unit[0]>>1 > 40 {
			return false, malformed("this is no NAL unit of H.265")
		}
		kind := unit[0] >> 1 & 0x3f
		picture = picture || kind < 32
		key = key || kind >= 16 && kind <= 21
	}
	if !picture {
		return false, malformed("a sample without a picture")
	}
	return key, nil
}
