package media

import "bytes"

// SplitAnnexB cuts a byte stream (ITU-T H.264 and H.265, Annex B) into its NAL
// units, without start codes and trailing zero bytes. The units point into b.
// Bytes before the first start code are not part of any unit.
func SplitAnnexB(b []byte) [][]byte {
	var units [][]byte
	begin := -1
	for pos := 0; ; {
		i := bytes.Index(b[pos:], []byte{0, 0, 1})
		end := len(b)
		if i >= 0 {
			end = pos + i
		}
		if begin >= 0 {
			if unit := bytes.TrimRight(b[begin:end], "\x00"); len(unit) > 0 {
				units = append(units, unit)
			}
		}
		if i < 0 {
			return units
		}
		begin = end + 3
		pos = begin
	}
}

// AppendAnnexB appends units to dst, each behind a four-byte start code.
func AppendAnnexB(dst []byte, units [][]byte) []byte {
	for _, u := range units {
		dst = append(dst, 0, 0, 0, 1)
		dst = append(dst, u...)
	}
	return dst
}
