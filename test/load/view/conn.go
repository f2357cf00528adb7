package view

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// answerTimeout bounds a request; a blocking one lasts three target durations at
// most.
const answerTimeout = 20 * time.Second

// conn is one HTTP/1.1 connection that is kept and opened again when the server
// has closed it. It asks with GET and reads bodies of known length and chunked
// ones, which is what servers of playlists and parts send.
type conn struct {
	address string // host:port
	nc      net.Conn
	unhook  func() bool
	r       *bufio.Reader
	request []byte
	body    []byte
}

// open connects. The connection breaks when ctx ends.
func (c *conn) open(ctx context.Context) error {
	nc, err := (&net.Dialer{Timeout: answerTimeout}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.nc, c.r = nc, bufio.NewReaderSize(nc, 16<<10)
	c.unhook = context.AfterFunc(ctx, func() { _ = nc.Close() })
	return nil
}

func (c *conn) close() {
	if c.nc != nil {
		c.unhook()
		_ = c.nc.Close() // nothing is written any more
		c.nc = nil
	}
}

// get returns the status and the body, which is good until the next call.
func (c *conn) get(ctx context.Context, u *url.URL) (int, []byte, error) {
	kept := c.nc != nil
	if !kept {
		if err := c.open(ctx); err != nil {
			return 0, nil, err
		}
	}
	status, body, err := c.exchange(u)
	if err != nil {
		c.close()
		if kept && ctx.Err() == nil {
			return c.get(ctx, u)
		}
	}
	return status, body, err
}

// ask sends a request.
func (c *conn) ask(u *url.URL) error {
	b := append(c.request[:0], "GET "...)
	b = append(b, u.EscapedPath()...)
	if u.RawQuery != "" {
		b = append(append(b, '?'), u.RawQuery...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.address...)
	c.request = append(b, "\r\nAccept: */*\r\n\r\n"...)
	_, err := c.nc.Write(c.request)
	return err
}

func (c *conn) exchange(u *url.URL) (int, []byte, error) {
	if err := c.nc.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, nil, err
	}
	if err := c.ask(u); err != nil {
		return 0, nil, err
	}
	status, length, last, err := c.head()
	if err != nil {
		return 0, nil, err
	}
	c.body = c.body[:0]
	if length < 0 {
		err = c.chunks()
	} else {
		err = c.read(length)
	}
	if err == nil && last {
		c.close()
	}
	return status, c.body, err
}

// head reads status line and fields (RFC 9112 §4, §5). A length of -1 is a chunked
// body.
func (c *conn) head() (status, length int, last bool, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, 0, false, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, 0, false, errors.New("a malformed status line")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, false, errors.New("a malformed status line")
	}
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, 0, false, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return status, length, last, nil
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, 0, false, errors.New("a malformed length")
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// chunks reads a chunked body (RFC 9112 §7.1) without trailers.
func (c *conn) chunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 28)
		if err != nil {
			return errors.New("a malformed chunk")
		}
		if err := c.read(int(size)); err != nil {
			return err
		}
		if _, err := c.r.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}

// read appends n bytes to the body.
func (c *conn) read(n int) error {
	at := len(c.body)
	if cap(c.body) < at+n {
		grown := make([]byte, at, (at+n)*3/2)
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:at+n]
	_, err := io.ReadFull(c.r, c.body[at:])
	return err
}
