package evidence

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// maxUndo is the most bytes in one line of restore.txt: a time has eight.
const maxUndo = 64

// EncodeRestore writes restore.txt: a line for each change, in order of its
// offset in the clip: the offset in decimal, a space, and in hex the bytes that
// were there.
func EncodeRestore(changes []gatepost.Undo) []byte {
	var b []byte
	for _, c := range changes {
		b = strconv.AppendInt(b, c.Offset, 10)
		b = append(b, ' ')
		b = hex.AppendEncode(b, c.Was)
		b = append(b, '\n')
	}
	return b
}

var errRestore = errors.New(RestoreFile + " is malformed")

// Restorer reads a clip as it was before it was joined. It fails when its
// changes are malformed, overlap or reach over the end.
type Restorer struct {
	clip    io.Reader
	changes *bufio.Reader
	next    gatepost.Undo // Was is nil when there are no more
	at      int64         // of clip
	primed  bool
}

// NewRestorer reads clip and, as far as it has come, the changes of a restore.txt.
func NewRestorer(clip, changes io.Reader) *Restorer {
	return &Restorer{clip: clip, changes: bufio.NewReaderSize(changes, 4096)}
}

// advance reads the next change.
func (r *Restorer) advance() error {
	after := r.next.Offset + int64(len(r.next.Was))
	line, err := r.changes.ReadSlice('\n')
	if err == io.EOF && len(line) == 0 {
		r.next = gatepost.Undo{}
		return nil
	}
	if err != nil {
		return errRestore
	}
	number, text, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	offset, err := strconv.ParseInt(number, 10, 62)
	if !ok || err != nil || strconv.FormatInt(offset, 10) != number || offset < after {
		return errRestore
	}
	was, err := hex.DecodeString(text)
	if err != nil || len(was) == 0 || len(was) > maxUndo || hex.EncodeToString(was) != text {
		return errRestore
	}
	r.next = gatepost.Undo{Offset: offset, Was: was}
	return nil
}

// Read implements io.Reader.
func (r *Restorer) Read(p []byte) (int, error) {
	if !r.primed {
		r.primed = true
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
	n, err := r.clip.Read(p)
	from, to := r.at, r.at+int64(n)
	r.at = to
	for r.next.Was != nil && r.next.Offset < to {
		end := r.next.Offset + int64(len(r.next.Was))
		skip := max(0, from-r.next.Offset)
		copy(p[max(0, r.next.Offset-from):n], r.next.Was[skip:])
		if end > to {
			break // the rest of it comes with the next bytes
		}
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
	if err == io.EOF && r.next.Was != nil {
		return n, fmt.Errorf("%w: it reaches over the clip's end", errRestore)
	}
	return n, err
}
