package hls

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Cacheable is how long caches may keep what a Ring serves. It lies over the time
// that anybody asks for it.
const Cacheable = time.Minute

// Content is an init segment, a part or a segment. Its bytes are shared and
// immutable.
type Content struct {
	Type   string // MIME type
	Size   int64
	chunks [][]byte
	header [][]string // values of contentHeaders
}

// contentHeaders are in the server's spelling, so that values can be put into its
// map as they are. All answers with the same content share them.
var contentHeaders = [...]string{"Content-Type", "Content-Length", "Cache-Control"}

var cacheControl = []string{"public, max-age=" + strconv.Itoa(int(Cacheable/time.Second)) + ", immutable"}

func content(chunks ...[]byte) *Content {
	c := &Content{Type: "video/mp4", chunks: chunks}
	for _, b := range chunks {
		c.Size += int64(len(b))
	}
	c.header = [][]string{{c.Type}, {strconv.FormatInt(c.Size, 10)}, cacheControl}
	return c
}

// WriteTo implements io.WriterTo.
func (c *Content) WriteTo(w io.Writer) (int64, error) {
	var n int64
	for _, b := range c.chunks {
		k, err := w.Write(b)
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// ServeHTTP answers GET and HEAD with the content, to be cached by anybody.
func (c *Content) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	for i, name := range contentHeaders {
		h[name] = c.header[i]
	}
	w.WriteHeader(http.StatusOK)
	if req.Method != http.MethodHead {
		_, _ = c.WriteTo(w) // the viewer has gone; there is nobody to tell
	}
}

// Open returns what a name stands for, as playlists write it: the last element of
// the path, and EpochParameter's value, which may be empty. For the part that the
// playlist hints at, and it alone, it waits, three target durations at most.
//
// It fails with ErrNotFound, ErrClosed, ErrTimeout and the context's error.
func (r *Ring) Open(ctx context.Context, name, secret string) (*Content, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	k, number, ok := parseName(name)
	if !ok {
		return nil, ErrNotFound
	}
	if k == kindInit {
		return r.openInit(name, number) // there is no picture in it
	}
	e := r.epoch(secret)
	switch {
	case e == nil:
	case k == kindSegment:
		return r.openWhole(name, number, e)
	case k == kindPart && (e.until.IsZero() || number < e.next):
		return r.openPart(ctx, name, number, secret)
	}
	return nil, ErrNotFound
}

func (r *Ring) openInit(name string, number int64) (*Content, error) {
	if i := r.init; i != nil && i.number == number {
		return i.open(r, name)
	}
	for _, s := range r.segments {
		if s.init.number == number {
			return s.init.open(r, name)
		}
	}
	return nil, ErrNotFound
}

func (i *initSegment) open(r *Ring, name string) (*Content, error) {
	if !same(r.initName(i), name) {
		return nil, ErrNotFound
	}
	return content(i.Data), nil
}

// openWhole returns a closed segment.
func (r *Ring) openWhole(name string, msn int64, e *epoch) (*Content, error) {
	for _, s := range r.segments {
		if s.msn != msn || !s.closed || !same(r.segmentName(s), name) {
			continue
		}
		if !e.until.IsZero() && s.first+int64(len(s.parts)) > e.next {
			break
		}
		r.ask()
		chunks := make([][]byte, len(s.parts))
		for i, p := range s.parts {
			chunks[i] = p.Data
		}
		return content(chunks...), nil
	}
	return nil, ErrNotFound
}

func (r *Ring) openPart(ctx context.Context, name string, number int64, secret string) (*Content, error) {
	if number == r.next {
		if !same(r.hint(), name) {
			return nil, ErrNotFound
		}
		r.ask()
		// The hint stands in the playlist while the camera is away (RFC 8216bis
		// §6.2.6), and holds: the next run goes on with this number.
		if err := r.wait(ctx, nil, 3*TargetDuration, func() (bool, error) { return r.next > number, nil }); err != nil {
			return nil, err
		}
		if r.epoch(secret) == nil {
			return nil, ErrNotFound // withdrawn while it waited
		}
	}
	for _, s := range r.segments {
		if i := number - s.first; i >= 0 && i < int64(len(s.parts)) {
			if !same(r.partName(s, int(i)), name) {
				break
			}
			r.ask()
			p := &s.parts[i]
			if p.content == nil {
				p.content = content(p.Data)
			}
			return p.content, nil
		}
	}
	return nil, ErrNotFound
}
