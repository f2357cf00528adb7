// Package fragment reads init segments and fragments of ISO BMFF (ISO 14496-12)
// as far as HLS has rules for them (RFC 8216 §3.3, draft-pantos-hls-rfc8216bis
// §3.1.2). It is written from those texts and shares nothing with what writes
// fragments here.
package fragment

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is the error of everything that cannot be read.
var ErrMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// box is one box without its header (§4.2).
type box struct {
	kind    string
	payload []byte
	offset  int // of the header, from the beginning of what was read
}

// boxes reads the boxes that fill b.
func boxes(b []byte) ([]box, error) {
	var out []box
	for at := 0; at < len(b); {
		rest := b[at:]
		if len(rest) < 8 {
			return nil, malformed("%d bytes where a box should be", len(rest))
		}
		size, head := uint64(binary.BigEndian.Uint32(rest)), 8
		if size == 1 {
			if len(rest) < 16 {
				return nil, malformed("a large box without its size")
			}
			size, head = binary.BigEndian.Uint64(rest[8:]), 16
		}
		if size < uint64(head) || size > uint64(len(rest)) {
			return nil, malformed("%q of %d bytes in %d", rest[4:8], size, len(rest))
		}
		out = append(out, box{kind: string(rest[4:8]), payload: rest[head:size], offset: at})
		at += int(size)
	}
	return out, nil
}

// find returns the first box of a kind, following a path of kinds.
func find(b []byte, path ...string) ([]byte, error) {
	for _, kind := range path {
		list, err := boxes(b)
		if err != nil {
			return nil, err
		}
		found := false
		for _, x := range list {
			if x.kind == kind {
				b, found = x.payload, true
				break
			}
		}
		if !found {
			return nil, malformed("no %s", kind)
		}
	}
	return b, nil
}

// full reads version and flags of a full box and returns the rest, which has at
// least n bytes.
func full(b []byte, n int) (version byte, flags uint32, rest []byte, err error) {
	if len(b) < 4+n {
		return 0, 0, nil, malformed("a full box of %d bytes", len(b))
	}
	v := binary.BigEndian.Uint32(b)
	return byte(v >> 24), v & 0xffffff, b[4:], nil
}
