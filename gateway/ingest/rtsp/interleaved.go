package rtsp

import (
	"bytes"
	"encoding/binary"
	"net"
	"strconv"
	"time"

	"github.com/pion/rtp"
)

// interleaved is a connection that hands the RTP packets of claimed channels
// straight to their track, and everything else to the library: requests, RTCP,
// and the packets that nobody claimed. The library copies each packet into four
// objects of its own; a camera sends two hundred a second.
//
// It follows the framing of RFC 2326 §10.12 by the library's own rules, so that
// both always see the same messages. Its Read is for one goroutine, that of the
// library's reader, and takes are called there.
type interleaved struct {
	net.Conn

	buf  []byte // what was read from the connection
	r, w int    // buf[r:w] has not been looked at yet
	pass int    // of those, bytes that the library gets as they are
	text *text  // the request that is being passed on
	now  time.Time

	begun  bool // the first bytes were looked at
	tunnel bool // what comes is HTTP, and all of it the library's

	channel byte   // of the last frame that the library got
	frame   []byte // that frame's payload, valid until the next Read
	claims  map[byte]take

	patience time.Duration // of the read deadline; 0: none
	renewed  time.Time
}

// take is given an RTP packet, valid until it returns. What it does not take
// goes to the library.
type take func(packet []byte, now time.Time) bool

const (
	interleavedBuffer = 16 << 10 // a usual picture
	frameHeader       = 4
)

// interleavedListener makes every connection an interleaved one.
type interleavedListener struct{ net.Listener }

func (l interleavedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &interleaved{Conn: c}, nil
}

// claim takes over the channel of p, a packet that the library is just handing
// on. It does nothing when p is not what the last frame held: then the packet
// came by another way, or was encrypted.
func (c *interleaved) claim(p *rtp.Packet, t take) {
	if len(c.frame) < rtpHeader || len(c.frame) != p.MarshalSize() ||
		binary.BigEndian.Uint16(c.frame[2:]) != p.SequenceNumber ||
		binary.BigEndian.Uint32(c.frame[4:]) != p.Timestamp || binary.BigEndian.Uint32(c.frame[8:]) != p.SSRC {
		return
	}
	if c.claims == nil {
		c.claims = make(map[byte]take)
	}
	c.claims[c.channel] = t
}

// release gives all channels back to the library, before the session that claimed
// them is gone.
func (c *interleaved) release() { c.claims = nil }

// SetReadDeadline sets how long Read waits. Packets that the library does not
// see put it off, as those that it sees do.
func (c *interleaved) SetReadDeadline(t time.Time) error {
	c.patience = 0
	if !t.IsZero() {
		c.renewed = time.Now()
		c.patience = t.Sub(c.renewed)
	}
	return c.Conn.SetReadDeadline(t)
}

// Read gives the library what is its own, at most one message at a time.
func (c *interleaved) Read(p []byte) (int, error) {
	c.frame = nil
	for {
		if c.pass > 0 {
			n := copy(p, c.buf[c.r:c.r+c.pass])
			c.r += n
			c.pass -= n
			return n, nil
		}
		if need := c.next(); need > 0 {
			if err := c.fill(need); err != nil {
				if c.pass = c.w - c.r; c.pass > 0 { // the library knows what half a message means
					continue
				}
				return 0, err
			}
		}
	}
}

// next looks at what has been read: it hands claimed packets on and sets what
// the library gets. It returns how many bytes must be there to tell more, or 0.
func (c *interleaved) next() (need int) {
	for {
		b := c.buf[c.r:c.w]
		if !c.begun {
			if len(b) < frameHeader {
				return frameHeader
			}
			c.begun, c.tunnel = true, tunnels(b)
		}
		if c.tunnel {
			if len(b) == 0 {
				return 1
			}
			c.pass = len(b)
			return 0
		}
		if c.text != nil {
			if len(b) == 0 {
				return 1
			}
			n, done := c.text.end(b)
			if done {
				c.text = nil
			}
			c.pass = n
			return 0
		}
		if len(b) < 2 {
			return 2
		}
		if b[0] != '$' {
			if begins(b) {
				c.text = &text{}
				continue
			}
			c.pass = 1
			return 0
		}
		if len(b) < frameHeader {
			return frameHeader
		}
		size := frameHeader + int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < size {
			return size
		}
		packet := b[frameHeader:size:size]
		if t := c.claims[b[1]]; t != nil && t(packet, c.now) {
			c.r += size
			continue
		}
		c.channel, c.frame = b[1], packet
		c.pass = size
		return 0
	}
}

// fill reads on, so that at least need bytes can be there.
func (c *interleaved) fill(need int) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.buf == nil || c.r+need > len(c.buf) {
		into := c.buf
		if need > len(into) {
			into = make([]byte, max(need, interleavedBuffer))
		}
		c.w = copy(into, c.buf[c.r:c.w])
		c.buf, c.r = into, 0
	}
	if c.patience > 0 {
		// The time of the last read will not do: what was read then may have
		// waited for the recorder since.
		if now := time.Now(); now.Sub(c.renewed) > c.patience/8 {
			c.renewed = now
			if err := c.Conn.SetReadDeadline(now.Add(c.patience)); err != nil {
				return err
			}
		}
	}
	n, err := c.Conn.Read(c.buf[c.w:])
	c.now = time.Now()
	c.w += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// tunnels tells whether the library takes a connection that begins with b for
// RTSP within HTTP or a WebSocket: its bytes are in another form then, or masked.
func tunnels(b []byte) bool {
	return string(b[:4]) == "GET " || string(b[:4]) == "POST"
}

// begins tells whether the library reads b as the beginning of a request or a
// response; it skips other bytes.
func begins(b []byte) bool {
	switch string(b[:2]) {
	case "AN", "DE", "GE", "OP", "PA", "PL", "RE", "RT", "SE", "TE":
		return true
	}
	return false
}

// text finds the end of a request or response (RFC 2326 §6).
type text struct {
	line   []byte // the present line, cut at maxLine
	header bool   // the first line is over
	body   int    // bytes of it that are still to come
	inBody bool
}

const maxLine = 256 // longer than Content-Length can be

// end returns how many bytes of b belong to the message, and whether it ends
// with them.
func (t *text) end(b []byte) (n int, done bool) {
	for !t.inBody {
		i := bytes.IndexByte(b[n:], '\n')
		chunk := b[n:]
		if i >= 0 {
			chunk = b[n : n+i]
		}
		t.line = append(t.line, chunk[:min(len(chunk), maxLine-len(t.line))]...)
		n += len(chunk)
		if i < 0 {
			return n, false
		}
		n++
		line := bytes.TrimSuffix(t.line, []byte("\r"))
		t.inBody = t.header && len(line) == 0
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && t.header && bytes.EqualFold(name, []byte("Content-Length")) {
			// Where this is no number the library ends the connection.
			t.body, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		t.header = true
		t.line = t.line[:0]
	}
	take := min(max(0, t.body), len(b)-n)
	t.body -= take
	return n + take, t.body <= 0
}
