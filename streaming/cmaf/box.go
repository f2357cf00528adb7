package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errBox says that bytes are not a well-formed box, or claim what cannot be.
var errBox = errors.New("malformed box")

// box is one box of ISO 14496-12 §4.2, payload without its header.
type box struct {
	kind    string
	payload []byte
}

// nextBox cuts the first box off b.
func nextBox(b []byte) (head box, rest []byte, err error) {
	size, header, kind, err := boxHeader(b)
	if err != nil {
		return box{}, nil, err
	}
	if size > int64(len(b)) {
		return box{}, nil, fmt.Errorf("%w: %s of %d bytes in %d", errBox, kind, size, len(b))
	}
	return box{kind: kind, payload: b[header:size]}, b[size:], nil
}

// boxHeader reads size and type. A size of zero (to the end of the file) is
// refused: nothing of ours has it, and unwritten disk blocks look like it.
func boxHeader(b []byte) (size int64, header int, kind string, err error) {
	if len(b) < 8 {
		return 0, 0, "", fmt.Errorf("%w: %d bytes", errBox, len(b))
	}
	size, header, kind = int64(binary.BigEndian.Uint32(b)), 8, string(b[4:8])
	if size == 1 {
		if len(b) < 16 {
			return 0, 0, "", fmt.Errorf("%w: %d bytes", errBox, len(b))
		}
		large := binary.BigEndian.Uint64(b[8:])
		if large > 1<<62 {
			return 0, 0, "", fmt.Errorf("%w: %q of %d bytes", errBox, kind, large)
		}
		size, header = int64(large), 16
	}
	if size < int64(header) {
		return 0, 0, "", fmt.Errorf("%w: %q of %d bytes", errBox, kind, size)
	}
	return size, header, kind, nil
}

// eachBox calls f for the boxes in b, one after the other.
func eachBox(b []byte, f func(box) error) error {
	for len(b) > 0 {
		head, rest, err := nextBox(b)
		if err != nil {
			return err
		}
		if err := f(head); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// fullBox splits the payload of a full box (§4.2.2), which must have at least
// least bytes behind version and flags.
func fullBox(b box, least int) (version byte, flags uint32, body []byte, err error) {
	if len(b.payload) < 4+least {
		return 0, 0, nil, fmt.Errorf("%w: short %s", errBox, b.kind)
	}
	return b.payload[0], binary.BigEndian.Uint32(b.payload) & 0xffffff, b.payload[4:], nil
}
