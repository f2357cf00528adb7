package ingest

import (
	"github.com/gatepost-video/gatepost/streaming/media"
)

// maxHeld bounds the bytes of parameter sets that wait for their picture.
const maxHeld = 64 << 10

// Video puts the access units of one video track into the form that media.Unit
// asks for, whatever the protocol made of them. The zero value with Codec set is
// ready. It is for one goroutine.
type Video struct {
	Codec media.Codec

	held      [][]byte // parameter sets that came without a picture
	heldBytes int
}

// Unit takes NAL units without start codes, or OBUs without size fields, drops
// what a decoder does not need (access unit and temporal delimiters, end of
// sequence, filler, empty units) and tells whether a decoder can begin here.
//
// Units that hold no picture, such as parameter sets sent on their own, are kept
// for the next picture; ok is then false. It may reuse au and keeps its elements.
func (v *Video) Unit(au [][]byte) (data [][]byte, key, ok bool) {
	data = au[:0]
	for _, n := range au {
		if len(n) == 0 {
			continue
		}
		switch kindOf(v.Codec, n[0]) {
		case kindUseless:
			continue
		case kindKey:
			key, ok = true, true
		case kindPicture:
			ok = true
		case kindSequence: // AV1: in a unit with a picture, it marks a key frame
			key = true
		}
		data = append(data, n)
	}
	if !ok {
		for _, n := range data {
			if v.heldBytes+len(n) <= maxHeld {
				v.held = append(v.held, n)
				v.heldBytes += len(n)
			}
		}
		return nil, false, false
	}
	if v.held != nil {
		if v.Codec == media.AV1 {
			for _, n := range v.held {
				key = key || kindOf(v.Codec, n[0]) == kindSequence
			}
		}
		data = append(v.held, data...)
		v.held, v.heldBytes = nil, 0
	}
	return data, key, true
}

// Reset forgets parameter sets that wait for a picture. It is called after a
// loss.
func (v *Video) Reset() { v.held, v.heldBytes = nil, 0 }

type kind int

const (
	kindOther    kind = iota // parameter sets, SEI, metadata
	kindPicture              // part of a picture
	kindKey                  // part of a random access point
	kindSequence             // AV1 sequence header
	kindUseless
)

// kindOf classifies a unit by its first byte.
func kindOf(codec media.Codec, b byte) kind {
	switch codec {
	case media.H264: // ITU-T H.264 table 7-1
		switch t := b & 0x1f; {
		case t == 5:
			return kindKey
		case t >= 1 && t <= 4:
			return kindPicture
		case t >= 9 && t <= 12: // delimiter, end of sequence, end of stream, filler
			return kindUseless
		}
	case media.H265: // ITU-T H.265 table 7-1
		switch t := b >> 1 & 0x3f; {
		case t >= 16 && t <= 21: // BLA, IDR, CRA
			return kindKey
		case t < 32:
			return kindPicture
		case t >= 35 && t <= 38: // delimiter, end of sequence, end of bitstream, filler
			return kindUseless
		}
	case media.AV1: // AV1 specification §6.2.2
		switch b >> 3 & 0xf {
		case 1:
			return kindSequence
		case 3, 4, 6: // frame header, tile group, frame
			return kindPicture
		case 2, 8, 15: // temporal delimiter, tile list, padding
			return kindUseless
		}
	}
	return kindOther
}

// StartsPicture tells whether a NAL unit (RTP payloads cut to it) is the first
// slice of a picture or something that comes before one. It is how a receiver
// finds its feet again after a loss. For AV1 it always reports true: there the
// RTP payload header says so.
func StartsPicture(codec media.Codec, nal []byte) bool {
	switch codec {
	case media.H264:
		if len(nal) < 2 {
			return false
		}
		switch t := nal[0] & 0x1f; {
		case t == 1, t == 2, t == 5:
			return nal[1]&0x80 != 0 // first_mb_in_slice is ue(v): a leading 1 is 0
		case t == 3, t == 4:
			return false
		}
	case media.H265:
		if len(nal) < 3 {
			return false
		}
		if t := nal[0] >> 1 & 0x3f; t < 32 {
			return nal[2]&0x80 != 0 // first_slice_segment_in_pic_flag
		}
	}
	return true
}
