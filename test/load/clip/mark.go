package clip

import (
	"bytes"
	"slices"
	"strconv"
	"time"
)

// uuid tells our marks from other user data. Like everything in a mark it is
// ASCII, which needs no emulation prevention (H.264 §7.4.1.1).
const uuid = "gatepost-send-at"

const (
	timeDigits   = 16 // hexadecimal, of nanoseconds since 1970
	numberDigits = 8
	markSize     = len(uuid) + timeDigits + numberDigits
)

// Mark is what a picture says of itself.
type Mark struct {
	At     time.Time // when it was sent
	Number uint32    // counted from the first picture of its publisher, in steps of one
}

// blank is an SEI NAL unit with a mark that is not filled in.
func blank() []byte {
	const userDataUnregistered = 5
	nalu := append([]byte{naluSEI, userDataUnregistered, byte(markSize)}, uuid...)
	nalu = append(nalu, bytes.Repeat([]byte{'0'}, timeDigits+numberDigits)...)
	return append(nalu, 0x80) // rbsp_trailing_bits
}

// put fills in the mark whose uuid begins at b[0].
func (m Mark) put(b []byte) {
	hexadecimal(b[len(uuid):][:timeDigits], uint64(m.At.UnixNano()))
	hexadecimal(b[len(uuid)+timeDigits:][:numberDigits], uint64(m.Number))
}

func hexadecimal(b []byte, v uint64) {
	for i := range slices.Backward(b) {
		b[i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
}

// NALU returns the mark as a NAL unit of its own.
func (m Mark) NALU() []byte {
	nalu := blank()
	m.put(nalu[bytes.Index(nalu, []byte(uuid)):])
	return nalu
}

// Scan calls found for every mark in b, in their order.
func Scan(b []byte, found func(Mark)) {
	for {
		i := bytes.Index(b, []byte(uuid))
		if i < 0 || len(b) < i+markSize {
			return
		}
		b = b[i:]
		ns, err := strconv.ParseUint(string(b[len(uuid):][:timeDigits]), 16, 63)
		n, err2 := strconv.ParseUint(string(b[len(uuid)+timeDigits:][:numberDigits]), 16, 32)
		if err == nil && err2 == nil {
			found(Mark{At: time.Unix(0, int64(ns)), Number: uint32(n)})
		}
		b = b[markSize:]
	}
}

// Marked returns the access unit with a mark before its first slice, where an SEI
// message may stand (H.264 §7.4.1.2.3).
func (u Unit) Marked(m Mark) [][]byte {
	i := slices.IndexFunc(u.NALUs, isSlice)
	return slices.Insert(slices.Clone(u.NALUs), i, m.NALU())
}
