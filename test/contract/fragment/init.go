package fragment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// Track is one track of an init segment.
type Track struct {
	ID            uint32
	Timescale     uint32
	Video         bool
	Entry         string // kind of the sample entry: avc1, hvc1, av01, mp4a, Opus …
	Codec         string // RFC 6381
	Width, Height int    // video
	lengthSize    int    // bytes of the length before a NAL unit; 0: no NAL units
}

// Init is what an init segment says.
type Init struct {
	Tracks []Track
}

// Track returns the track with an id, or nil.
func (i *Init) Track(id uint32) *Track {
	for k := range i.Tracks {
		if i.Tracks[k].ID == id {
			return &i.Tracks[k]
		}
	}
	return nil
}

// ReadInit reads a media initialization section. It fails unless there are ftyp
// and moov, one trak at least, no samples, and an mvex with a trex for each track.
func ReadInit(data []byte) (*Init, error) {
	top, err := boxes(data)
	if err != nil {
		return nil, err
	}
	if len(top) == 0 || top[0].kind != "ftyp" {
		return nil, malformed("the init segment does not begin with ftyp")
	}
	moov, err := find(data, "moov")
	if err != nil {
		return nil, err
	}
	list, err := boxes(moov)
	if err != nil {
		return nil, err
	}
	out := &Init{}
	trex := map[uint32]bool{}
	for _, b := range list {
		switch b.kind {
		case "trak":
			t, err := readTrak(b.payload)
			if err != nil {
				return nil, err
			}
			if out.Track(t.ID) != nil {
				return nil, malformed("two tracks %d", t.ID)
			}
			out.Tracks = append(out.Tracks, t)
		case "mvex":
			inner, err := boxes(b.payload)
			if err != nil {
				return nil, err
			}
			for _, x := range inner {
				if x.kind == "trex" && len(x.payload) >= 8 {
					trex[binary.BigEndian.Uint32(x.payload[4:])] = true
				}
			}
		}
	}
	if len(out.Tracks) == 0 {
		return nil, malformed("no track")
	}
	for _, t := range out.Tracks {
		if !trex[t.ID] {
			return nil, malformed("track %d has no trex", t.ID)
		}
	}
	return out, nil
}

func readTrak(b []byte) (Track, error) {
	var t Track
	tkhd, err := find(b, "tkhd")
	if err != nil {
		return t, err
	}
	version, _, rest, err := full(tkhd, 20)
	if err != nil {
		return t, err
	}
	at := 8 // behind creation and modification
	if version == 1 {
		at = 16
	}
	t.ID = binary.BigEndian.Uint32(rest[at:])
	mdhd, err := find(b, "mdia", "mdhd")
	if err != nil {
		return t, err
	}
	if version, _, rest, err = full(mdhd, 20); err != nil {
		return t, err
	}
	at = 8
	if version == 1 {
		at = 16
	}
	if t.Timescale = binary.BigEndian.Uint32(rest[at:]); t.Timescale == 0 {
		return t, malformed("track %d has no timescale", t.ID)
	}
	stbl, err := find(b, "mdia", "minf", "stbl")
	if err != nil {
		return t, err
	}
	if stts, err := find(stbl, "stts"); err != nil || len(stts) >= 8 && binary.BigEndian.Uint32(stts[4:]) != 0 {
		return t, malformed("track %d has samples in its init segment, or no stts", t.ID)
	}
	stsd, err := find(stbl, "stsd")
	if err != nil {
		return t, err
	}
	if len(stsd) < 8 {
		return t, malformed("stsd of %d bytes", len(stsd))
	}
	entries, err := boxes(stsd[8:])
	if err != nil {
		return t, err
	}
	if len(entries) != 1 {
		return t, malformed("%d sample entries", len(entries))
	}
	return t, t.readEntry(entries[0])
}

// readEntry reads a sample entry: ISO 14496-12 §12.1.3 and §12.2.3, with what
// ISO 14496-15, ISO 14496-14 and others put into it.
func (t *Track) readEntry(e box) error {
	t.Entry = e.kind
	switch e.kind {
	case "avc1", "avc3", "hvc1", "hev1", "av01", "vp09":
		if len(e.payload) < 78 {
			return malformed("%s of %d bytes", e.kind, len(e.payload))
		}
		t.Video = true
		t.Width = int(binary.BigEndian.Uint16(e.payload[24:]))
		t.Height = int(binary.BigEndian.Uint16(e.payload[26:]))
		return t.readVideo(e.payload[78:])
	case "mp4a", "Opus":
		if len(e.payload) < 28 {
			return malformed("%s of %d bytes", e.kind, len(e.payload))
		}
		if e.kind == "Opus" {
			t.Codec = "opus"
			return nil
		}
		esds, err := find(e.payload[28:], "esds")
		if err != nil {
			return err
		}
		object, err := audioObject(esds)
		t.Codec = fmt.Sprintf("mp4a.40.%d", object)
		return err
	}
	t.Codec = e.kind
	return nil
}

func (t *Track) readVideo(b []byte) error {
	switch t.Entry {
	case "avc1", "avc3":
		c, err := find(b, "avcC")
		if err != nil {
			return err
		}
		if len(c) < 7 {
			return malformed("avcC of %d bytes", len(c))
		}
		t.lengthSize = int(c[4]&3) + 1
		t.Codec = fmt.Sprintf("%s.%02x%02x%02x", t.Entry, c[1], c[2], c[3]) // RFC 6381 §3.3
	case "hvc1", "hev1":
		c, err := find(b, "hvcC")
		if err != nil {
			return err
		}
		if len(c) < 23 {
			return malformed("hvcC of %d bytes", len(c))
		}
		t.lengthSize = int(c[21]&3) + 1
		t.Codec = t.Entry + "." + hevcProfile(c)
	case "av01":
		c, err := find(b, "av1C")
		if err != nil {
			return err
		}
		if len(c) < 4 {
			return malformed("av1C of %d bytes", len(c))
		}
		tier, depth := "M", 8
		if c[2]&0x80 != 0 {
			tier = "H"
		}
		if c[2]&0x40 != 0 {
			depth = 10
			if c[2]&0x20 != 0 {
				depth = 12
			}
		}
		t.Codec = fmt.Sprintf("av01.%d.%02d%s.%02d", c[1]>>5, c[1]&31, tier, depth)
	}
	return nil
}

// hevcProfile writes profile, compatibility, tier, level and constraints of an
// hvcC (ISO 14496-15 annex E.3).
func hevcProfile(c []byte) string {
	tier := "L"
	if c[1]&0x20 != 0 {
		tier = "H"
	}
	s := fmt.Sprintf("%s%d.%X.%s%d", []string{"", "A", "B", "C"}[c[1]>>6], c[1]&31, bits.Reverse32(binary.BigEndian.Uint32(c[2:])), tier, c[12])
	var constraints strings.Builder
	kept := 0
	for _, x := range c[6:12] {
		fmt.Fprintf(&constraints, ".%X", x)
		if x != 0 {
			kept = constraints.Len()
		}
	}
	return s + constraints.String()[:kept]
}

// audioObject finds the audio object type of the AudioSpecificConfig in an esds
// (ISO 14496-1 §7.2.6, ISO 14496-3 §1.6.2.1).
func audioObject(esds []byte) (int, error) {
	if len(esds) < 4 {
		return 0, malformed("esds of %d bytes", len(esds))
	}
	b := esds[4:]
	for len(b) > 1 {
		tag := b[0]
		size, n := 0, 1
		for ; n < len(b) && n <= 4; n++ {
			size = size<<7 | int(b[n]&0x7f)
			if b[n]&0x80 == 0 {
				n++
				break
			}
		}
		if n > len(b) || size > len(b)-n {
			return 0, malformed("descriptor %d of %d bytes in %d", tag, size, len(b)-n)
		}
		body := b[n : n+size]
		switch tag {
		case 3: // ES_Descriptor: id, flags
			if len(body) < 3 {
				return 0, malformed("ES_Descriptor of %d bytes", len(body))
			}
			b = body[3:]
		case 4: // DecoderConfigDescriptor
			if len(body) < 13 {
				return 0, malformed("DecoderConfigDescriptor of %d bytes", len(body))
			}
			b = body[13:]
		case 5: // DecoderSpecificInfo
			if len(body) < 2 {
				return 0, malformed("DecoderSpecificInfo of %d bytes", len(body))
			}
			object := int(body[0] >> 3)
			if object == 31 {
				object = 32 + int(body[0]&7)<<3 + int(body[1]>>5)
			}
			return object, nil
		default:
			b = b[n+size:]
		}
	}
	return 0, malformed("no AudioSpecificConfig")
}
