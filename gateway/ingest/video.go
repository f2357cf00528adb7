package ingest

import "github.com/gatepost-video/gatepost/streaming/media"

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
		switch nal[0] & 0x1f {
		case 1, 2, 5:
			return nal[1]&0x80 != 0 // first_mb_in_slice is ue(v): a leading 1 is 0
		case 3, 4:
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
